"""From the header to the grey scale of a picture: rescale, windows, tables, padding, extremes.

Source: PS3.3 C.11.1 (modality), C.11.2 (VOI), C.11.4, C.11.6 (presentation), C.7.5.1.1.2 (padding),
C.7.6.3.1 (pixels).
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence

from viewer.dicom.errors import Malformed, Unsupported
from viewer.dicom.functional import value_of
from viewer.dicom.layout import PixelLayout
from viewer.dicom.tables import Table, table_of
from viewer.model.image import GreyScale, Photometric, ValueTable, Window
from viewer.model.view import AUTOMATIC, first_window

_FUNCTIONS = frozenset(("LINEAR", "LINEAR_EXACT", "SIGMOID"))
_SAMPLES = 1 << 20
_LOW_PERCENT, _HIGH_PERCENT = 0.5, 99.5
_BLACK, _MOST_DROWNED, _FEW_DROWNED = 1 / 255, 0.985, 0.9
_MOST_TABLES = 8
_NO_SLOPE = "The header's rescale slope is zero; the grey values are shown without it."
_NO_WINDOW = "The header has no window; one was chosen from the grey values."
_ABSURD_WINDOW = "The header's window shows next to nothing; one was chosen from the grey values."


def grey_of(ds: Dataset, layout: PixelLayout, frame: int = 0) -> GreyScale:
    """Read the grey scale of one frame; the extremes are set later, from the pixels."""
    if layout.is_colour:
        return GreyScale(photometric=Photometric.RGB)
    slope, intercept = rescale_of(ds, frame)
    bits = layout.bits_stored
    if layout.modality_table is not None:
        slope, intercept, bits = 1.0, 0.0, layout.modality_table.bits
    padding = None if layout.modality_table is not None else _padding(ds, layout)
    tables = _voi_tables(ds, frame, is_signed=layout.is_signed or intercept < 0)
    return GreyScale(
        photometric=_photometric(ds, layout),
        slope=slope,
        intercept=intercept,
        bits_stored=bits,
        windows=_windows(ds, frame),
        padding_from=padding[0] if padding else None,
        padding_to=padding[1] if padding else None,
        unit=_unit(ds),
        tables=tables,
        presentation=_presentation(ds),
    )


def doubts_of(ds: Dataset) -> tuple[str, ...]:
    """Return a sentence for each thing about grey values that was not taken at its word."""
    slope = _number(value_of(ds, 0, "PixelValueTransformationSequence", "RescaleSlope"))
    return (_NO_SLOPE,) if slope == 0 else ()


def rescale_of(ds: Dataset, frame: int = 0) -> tuple[float, float]:
    """Return (slope, intercept); a slope of zero or none means no rescale."""
    slope = _number(value_of(ds, frame, "PixelValueTransformationSequence", "RescaleSlope"))
    intercept = _number(value_of(ds, frame, "PixelValueTransformationSequence", "RescaleIntercept"))
    if slope is None or slope == 0:
        return 1.0, intercept or 0.0
    return slope, intercept or 0.0


def with_extremes(grey: GreyScale, pixels: NDArray[np.generic]) -> GreyScale:
    """Set the stored extremes, and an automatic window where the header has none that shows it.

    Parameters
    ----------
    pixels : any shape, integer or floating
        Stored values; padding is left out.
    """
    if grey.photometric is Photometric.RGB:
        return grey
    low, high = _extremes(pixels, grey)
    full = attrs.evolve(grey, minimum=low, maximum=high)
    if not (full.windows or full.tables):
        return attrs.evolve(full, windows=(automatic_window(full, pixels),))
    if _shows(full, pixels):
        return full
    return attrs.evolve(full, windows=(automatic_window(full, pixels), *full.windows))


def window_note(grey: GreyScale) -> str:
    """Say why the window is one that was chosen here; empty where it is the header's."""
    if not grey.windows or grey.windows[0].name != AUTOMATIC:
        return ""
    return _ABSURD_WINDOW if len(grey.windows) > 1 or grey.tables else _NO_WINDOW


def automatic_window(grey: GreyScale, pixels: NDArray[np.generic]) -> Window:
    """Return a window over nearly all values, leaving out padding and the outermost 0.5 %."""
    sample = _sample(grey, pixels)
    if sample.size == 0:
        sample = np.zeros(1)
    ends = np.percentile(sample, (_LOW_PERCENT, _HIGH_PERCENT)) * grey.slope + grey.intercept
    low, high = float(ends.min()), float(ends.max())
    if low == high:
        ends = np.array([sample.min(), sample.max()]) * grey.slope + grey.intercept
        low, high = float(ends.min()), float(ends.max())
    least = 1.0 if pixels.dtype.kind in "iu" else max(abs(low), 1.0) * 1e-6
    return Window((low + high) / 2, max(high - low, least), "LINEAR_EXACT", AUTOMATIC)


def _sample(grey: GreyScale, pixels: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return some of the stored values, spread evenly, without padding."""
    flat = pixels.reshape(-1)
    sample = flat[:: max(1, flat.size // _SAMPLES)].astype(np.float64)
    return sample[_image_mask(sample, grey) & np.isfinite(sample)]


def _shows(grey: GreyScale, pixels: NDArray[np.generic]) -> bool:
    """Whether what the picture opens with is not all black or all white where it need not be."""
    sample = _sample(grey, pixels)
    if sample.size == 0 or sample.min() == sample.max():
        return True
    opening = first_window(grey)
    values = sample * grey.slope + grey.intercept
    if opening.table is None:
        light = (values - opening.low) / opening.width
    else:
        table = grey.tables[opening.table]
        index = np.clip(np.rint(values) - table.first, 0, len(table.entries) - 1)
        light = table.entries[index.astype(np.int64)] / float((1 << table.bits) - 1)
    if _drowned(light) < _MOST_DROWNED:
        return True
    plain = automatic_window(grey, pixels)
    return _drowned((values - plain.centre) / plain.width + 0.5) > _FEW_DROWNED


def _drowned(light: NDArray[np.float64]) -> float:
    """Return the greater of the shares that are black and that are white."""
    return float(max(np.mean(light <= _BLACK), np.mean(light >= 1 - _BLACK)))


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
        if kept.dtype.kind == "f":
            kept = kept[np.isfinite(kept)]
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


def _photometric(ds: Dataset, layout: PixelLayout) -> Photometric:
    """Return which end is bright: the presentation LUT shape says so where it is there."""
    shape = str(ds.get("PresentationLUTShape") or "").strip().upper()
    by_shape = {"IDENTITY": Photometric.MONOCHROME2, "INVERSE": Photometric.MONOCHROME1}
    return by_shape.get(shape) or Photometric(layout.photometric)


def _voi_tables(ds: Dataset, frame: int, *, is_signed: bool) -> tuple[ValueTable, ...]:
    """Read the VOI LUTs; one that cannot be read is left out, the windows are there besides."""
    sequence = value_of(ds, frame, "FrameVOILUTSequence", "VOILUTSequence")
    found = []
    for item in list(sequence)[:_MOST_TABLES] if isinstance(sequence, Sequence) else ():
        try:
            table = _packed(table_of(item, ds), item, is_signed=is_signed)
        except (Malformed, Unsupported):
            continue
        found.append(table)
    return tuple(found)


def _packed(table: Table, item: Dataset, *, is_signed: bool) -> ValueTable:
    entries = np.array(table.entries, np.uint16)
    first = table.first - 0x10000 if is_signed and table.first > 0x7FFF else table.first
    used = int(entries.max()).bit_length()
    # Entries far below what their bits hold are a writer's mistake: all would be black.
    bits = table.bits if used > table.bits - 2 else max(used, 1)
    return ValueTable.of(first, max(bits, used), entries, str(item.get("LUTExplanation") or ""))


def _presentation(ds: Dataset) -> ValueTable | None:
    sequence = ds.get("PresentationLUTSequence")
    if not sequence:
        return None
    try:
        return _packed(table_of(sequence[0], ds), sequence[0], is_signed=False)
    except (Malformed, Unsupported):
        return None


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
