"""The 3D picture in a pane: what the ray caster made, the letters of where it looks, on top."""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.imaging import kernels
from viewer.imaging.planes import letters
from viewer.imaging.raycast import directions
from viewer.imaging.sampling import taps
from viewer.model.view import VolumeView
from viewer.render.corners import caution_mark, corner, edge_marks
from viewer.render.overlays.records import Overlay
from viewer.render.scene import Scene
from viewer.render.style import PaneStyle, Side


class VolumeScene(Scene):
    """Shows the latest 3D picture, fitted to the pane. Main thread only."""

    def __init__(self, style: PaneStyle | None = None) -> None:
        super().__init__(style)
        self.message = ""
        self.identity: tuple[str, ...] = ()
        self._caution: tuple[str, ...] = ()
        self._view: VolumeView | None = None
        self._cast = np.zeros((1, 1, 3), np.uint8)
        self._is_fresh = False

    def look(self, view: VolumeView | None) -> None:
        """Say where the picture to come looks from, for the letters; None: show nothing."""
        self._view = view

    @property
    def is_empty(self) -> bool:
        """Whether there is neither a picture nor a word about one to come."""
        return self._view is None and not self.message

    def show_nothing(self, identity: tuple[str, ...] = (), caution: tuple[str, ...] = ()) -> None:
        """Forget the picture, and say whose the next one will be and what to beware of in it."""
        self._forget()
        self.identity, self._caution = identity, caution

    def show(self, picture: NDArray[np.uint8]) -> None:
        """Take a picture (rows, columns, 3), uint8, of any size; smaller ones are enlarged."""
        self._cast.fill(0)
        self._cast, self._is_fresh = picture, False

    def _resized(self) -> None:
        self._is_fresh = False

    def _paint(self) -> None:
        if self._picture.shape != (self.height, self.width, 3):
            self._picture = np.zeros((self.height, self.width, 3), np.uint8)
            self._is_fresh = False
        if self._is_fresh:
            return
        if self._cast.shape == self._picture.shape:
            self._picture[:] = self._cast
        else:
            self._enlarge()
        self._is_fresh = True

    def _enlarge(self) -> None:
        rows, columns = self._cast.shape[:2]
        step = max(rows / self.height, columns / self.width)
        across = taps(columns, self.width, (columns - self.width * step + step - 1) / 2, step)
        down = taps(rows, self.height, (rows - self.height * step + step - 1) / 2, step)
        values = np.empty((self.height, self.width), np.float32)
        for channel in range(3):
            plane = np.ascontiguousarray(self._cast[..., channel])
            kernels.resample(plane, across, down, values)
            np.rint(np.nan_to_num(values), out=values)
            self._picture[..., channel] = values.astype(np.uint8)

    def _overlays(self) -> tuple[Overlay, ...]:
        size, scale, style = (self.width, self.height), self.scale, self.style
        drawn: list[Overlay] = []
        if self._view is not None:
            right, up, _ = directions(self._view)
            ends = {"left": -right, "right": right, "top": up, "bottom": -up}
            named = {edge: letters((v[0], v[1], v[2]), least=0.38)[:2] for edge, v in ends.items()}
            drawn += [
                attrs.evolve(m, is_lively=True) for m in edge_marks(named, size, scale, style)
            ]
        if self.identity:
            drawn.append(
                corner(Side.END, Side.START, self.identity, size, scale, style, is_small=True)
            )
        if self._view is not None:
            drawn += caution_mark(self._caution, size, scale, style, 1 if self.message else 0)
        if self.message:
            drawn.append(
                corner(Side.START, Side.END, (self.message,), size, scale, style, is_lively=True)
            )
        return tuple(drawn)

    def _forget(self) -> None:
        self._cast.fill(0)
        self._cast = np.zeros((1, 1, 3), np.uint8)
        self._view, self.message, self.identity, self._is_fresh = None, "", (), False
        self._caution = ()
