"""How the 3D picture colours what it sees: presets as data, `resources/presets/*.toml`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.imaging.errors import BadPreset
from viewer.model.resources import resource_path

TABLE_SIZE = 2048


@attrs.frozen
class RampPoint:
    """At a modality value: opacity of one millimetre (0-1) and colour (0-1 each)."""

    value: float
    opacity: float
    colour: tuple[float, float, float]


@attrs.frozen
class Shading:
    """Strengths of the light (0-1) and sharpness of its highlight."""

    ambient: float = 0.3
    diffuse: float = 0.7
    specular: float = 0.2
    shininess: float = 20.0


@attrs.frozen
class VolumePreset:
    """A ramp over modality values, linear between its points, constant beyond its ends."""

    name: str
    title: str
    order: int
    points: tuple[RampPoint, ...]
    shading: Shading = Shading()

    @property
    def low(self) -> float:
        """The value below which nothing is seen."""
        return self.points[0].value

    @property
    def high(self) -> float:
        """The value above which nothing changes."""
        return self.points[-1].value

    def table(self, step_mm: float) -> NDArray[np.float32]:
        """Return red, green, blue (0-1) and the opacity of one step, from `low` to `high`.

        Shape (TABLE_SIZE, 4). Opacity is corrected for the length of a step, so that the picture
        does not change with it.
        """
        at = np.linspace(self.low, self.high, TABLE_SIZE)
        values = [point.value for point in self.points]
        table = np.empty((TABLE_SIZE, 4), np.float32)
        for channel in range(3):
            table[:, channel] = np.interp(at, values, [p.colour[channel] for p in self.points])
        per_mm = np.interp(at, values, [p.opacity for p in self.points])
        table[:, 3] = 1.0 - np.power(1.0 - np.clip(per_mm, 0.0, 0.9999), step_mm)
        return table


def presets(folder: Path | None = None) -> tuple[VolumePreset, ...]:
    """Return the presets of a folder (the program's own by default) in their order.

    Raises
    ------
    BadPreset
        A file is not a preset.
    """
    files = sorted((folder or resource_path("presets")).glob("*.toml"))
    return tuple(sorted((read_preset(file) for file in files), key=lambda preset: preset.order))


def read_preset(file: Path) -> VolumePreset:
    """Read one preset.

    Raises
    ------
    BadPreset
        The file is not a preset.
    """
    try:
        return _preset(tomllib.loads(file.read_text(encoding="utf-8")))
    except (KeyError, TypeError, ValueError) as fault:
        raise BadPreset(
            f"The 3D preset {file.stem} cannot be used.", "Correct or remove its file."
        ) from fault


def _preset(data: dict[str, Any]) -> VolumePreset:
    points = tuple(
        RampPoint(float(p["value"]), float(p["opacity"]), _colour(p["colour"]))
        for p in data["points"]
    )
    values = [point.value for point in points]
    if len(points) < 2 or values != sorted(set(values)):
        raise ValueError("values must grow from point to point")
    if any(not 0.0 <= point.opacity <= 1.0 for point in points) or points[0].opacity != 0.0:
        raise ValueError("opacity runs from 0 at the first point up to 1")
    shading = Shading(**{key: float(value) for key, value in data.get("shading", {}).items()})
    return VolumePreset(
        str(data["name"]), str(data["title"]), int(data.get("order", 99)), points, shading
    )


def _colour(text: str) -> tuple[float, float, float]:
    if len(text) != 7 or text[0] != "#":
        raise ValueError("a colour is #RRGGBB")
    red, green, blue = (int(text[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue
