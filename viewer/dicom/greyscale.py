"""From the header to the grey scale of a picture: rescale, windows, padding, extremes.

Source: PS3.3 C.11.1 (modality), C.11.2 (VOI), C.7.5.1.1.2 (padding), C.7.6.3.1 (pixels).
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from viewer.dicom.functional import value_of
from viewer.dicom.layout import PixelLayout
from viewer.model.image import GreyScale, Photometric, Window

_FUNCTIONS = frozenset(("LINEAR", "LINEAR_EXACT", "SIGMOID"))
_SAMPLES = 1 << 20
_LOW_PERCENT, _HIGH_PERCENT = 0.5, 99.5


def grey_of(ds: Dataset, layout: PixelLayout, frame: int = 0) -> GreyScale:
    """Read the grey scale of one frame; the extremes are set later, from the pixels."""
    if layout.is_colour:
        return GreyScale(photometric=Photometric.RGB)
    slope, intercept = rescale_of(ds, frame)
    bits = layout.bits_stored
    if layout.modality_table is not None:
        slope, intercept, bits = 1.0, 0.0, layout.modality_table.bits
    padding = None if layout.modality_table is not None else _padding(ds, layout)
    return GreyScale(
        photometric=Photometric(layout.photometric),
        slope=slope,
        intercept=intercept,
        bits_stored=bits,
        windows=_windows(ds, frame),
        padding_from=padding[0] if padding else None,
        padding_to=padding[1] if padding else None,
        unit=_unit(ds),
    )


def rescale_of(ds: Dataset, frame: int = 0) -> tuple[float, float]:
    """Return (slope, intercept); a slope of zero or none means no rescale."""
    slope = _number(value_of(ds, frame, "PixelValueTransformationSequence", "RescaleSlope"))
    intercept = _number(value_of(ds, frame, "PixelValueTransformationSequence", "RescaleIntercept"))
    if slope is None or slope == 0:
        return 1.0, intercept or 0.0
    return slope, intercept or 0.0


def with_extremes(grey: GreyScale, pixels: NDArray[np.generic]) -> GreyScale:
    """Set the stored extremes, and an automatic window where the header has none.

    Parameters
    ----------
    pixels : any shape, integer or floating
        Stored values; padding is left out.
    """
    if grey.photometric is Photometric.RGB:
        return grey
    low, high = _extremes(pixels, grey)
    full = attrs.evolve(grey, minimum=low, maximum=high)
    if full.windows:
        return full
    return attrs.evolve(full, windows=(automatic_window(full, pixels),))


def automatic_window(grey: GreyScale, pixels: NDArray[np.generic]) -> Window:
    """Return a window over nearly all values, leaving out padding and the outermost 0.5 %."""
    flat = pixels.reshape(-1)
    sample = flat[:: max(1, flat.size // _SAMPLES)].astype(np.float64)
    sample = sample[_image_mask(sample, grey)]
    if sample.size == 0:
        sample = np.zeros(1)
    ends = np.percentile(sample, (_LOW_PERCENT, _HIGH_PERCENT)) * grey.slope + grey.intercept
    low, high = float(ends.min()), float(ends.max())
    return Window((low + high) / 2, max(high - low, 1.0), name="automatic")


def _image_mask(values: NDArray[np.generic], grey: GreyScale) -> NDArray[np.bool_]:
    if grey.padding_from is None or grey.padding_to is None:
        return np.ones(values.shape, bool)
    mask: NDArray[np.bool_] = np.less(values, grey.padding_from)
    mask |= np.greater(values, grey.padding_to)
    return mask


def _extremes(pixels: NDArray[np.generic], grey: GreyScale) -> tuple[int, int]:
    planes: Iterable[NDArray[np.generic]] = pixels if pixels.ndim == 3 else (pixels,)
    lows, highs = [], []
    for plane in planes:
        kept = plane
        if grey.padding_from is not None:
            kept = plane[_image_mask(plane, grey)]
        if kept.size:
            lows.append(float(kept.min()))
            highs.append(float(kept.max()))
    if not lows:
        return 0, 0
    return int(np.floor(min(lows))), int(np.ceil(max(highs)))


def _windows(ds: Dataset, frame: int) -> tuple[Window, ...]:
    group = "FrameVOILUTSequence"
    centres = _numbers(value_of(ds, frame, group, "WindowCenter"))
    widths = _numbers(value_of(ds, frame, group, "WindowWidth"))
    names = _texts(value_of(ds, frame, group, "WindowCenterWidthExplanation"))
    function = str(value_of(ds, frame, group, "VOILUTFunction") or "LINEAR").strip().upper()
    if function not in _FUNCTIONS:
        function = "LINEAR"
    least = 1.0 if function == "LINEAR" else 0.0
    return tuple(
        Window(centre, width, function, names[n] if n < len(names) else "")
        for n, (centre, width) in enumerate(zip(centres, widths, strict=False))
        if width >= least and width > 0
    )


def _padding(ds: Dataset, layout: PixelLayout) -> tuple[int, int] | None:
    value = _number(_plain(ds.get("PixelPaddingValue")))
    if value is None:
        return None
    limit = _number(_plain(ds.get("PixelPaddingRangeLimit")))
    ends = sorted(_as_stored(x, layout) for x in (value, value if limit is None else limit))
    return ends[0], ends[1]


def _as_stored(value: float, layout: PixelLayout) -> int:
    """Read a padding value by the sign of the pixels: writers often give the other VR."""
    bits = layout.bits_allocated
    whole = int(value) & ((1 << bits) - 1)
    if layout.is_signed and whole >= 1 << (bits - 1):
        whole -= 1 << bits
    return whole


def _unit(ds: Dataset) -> str:
    """Name the unit; CBCT grey values are uncalibrated whatever the header says."""
    return "GV" if str(ds.get("Modality") or "") == "CT" else ""


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return int.from_bytes(value[:2], "little") if len(value) >= 2 else None
    return value


def _number(value: object) -> float | None:
    numbers = _numbers(value)
    return numbers[0] if numbers else None


def _numbers(value: object) -> list[float]:
    if value is None or value == "":
        return []
    several = value if isinstance(value, (MultiValue, list)) else [value]
    try:
        numbers = [float(str(x)) for x in several]
    except (TypeError, ValueError):
        return []
    return [x for x in numbers if np.isfinite(x)]


def _texts(value: object) -> list[str]:
    if not value:
        return []
    return [str(x) for x in (value if isinstance(value, (MultiValue, list)) else [value])]
