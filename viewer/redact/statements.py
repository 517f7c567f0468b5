"""What a share itself states in a header: how the pixels now lie, the mark, de-identification.

Pure, any thread.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs
import numpy as np
from pydicom.datadict import keyword_for_tag, tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from viewer.model.image import ImageRecord
from viewer.redact.actions import Fate, TagAction
from viewer.redact.tags import text_of

_PALETTE = frozenset({*range(0x00281100, 0x00281300)})
_AFTER_TABLE = ("ModalityLUTSequence", "PixelPaddingValue", "PixelPaddingRangeLimit")
_EXTREMES = ("SmallestImagePixelValue", "LargestImagePixelValue")
METHOD = "DICOM PS3.15 2026d Basic Profile\\unlisted attributes removed"
BASIC_PROFILE = "113100"


def with_statements(
    actions: Sequence[TagAction], header: Dataset, stated: Mapping[str, str], rule: str
) -> tuple[TagAction, ...]:
    """Add SET actions for keywords whose value is not already so; they replace other actions."""
    added = dict(_differing(header, actions, stated, rule))
    return (*(a for a in actions if a.path not in added), *added.values())


def without(
    actions: Sequence[TagAction], keywords: Sequence[str], rule: str
) -> tuple[TagAction, ...]:
    """Turn the actions of some top-level keywords into removals, with all that is nested there."""
    paths = {f"{_tag(keyword):08X}" for keyword in keywords}
    return tuple(
        attrs.evolve(a, fate=Fate.REMOVE, new="", rule=rule) if a.path in paths else a
        for a in actions
        if "[" not in a.path or a.path.split("[")[0] not in paths
    )


def pixel_statements(record: ImageRecord, header: Dataset, rows_added: int) -> dict[str, str]:
    """Return how the pixels lie: C.7.6.3 in the words of the record."""
    sides = record.shape[-3:-1] if record.is_colour else record.shape[-2:]
    bits = np.dtype(record.dtype).itemsize * 8
    stored = record.grey.bits_stored if 0 < record.grey.bits_stored <= bits else bits
    stated = {
        "SamplesPerPixel": "3" if record.is_colour else "1",
        "PhotometricInterpretation": record.grey.photometric.value,
        "Rows": str(sides[0] + rows_added),
        "Columns": str(sides[1]),
        "BitsAllocated": str(bits),
        "BitsStored": str(stored),
        "HighBit": str(stored - 1),
        "PixelRepresentation": str(int(np.dtype(record.dtype).kind == "i")),
    }
    if record.is_colour:
        stated["PlanarConfiguration"] = "0"
    return stated | _rescale(record, header)


def stale_keywords(record: ImageRecord, header: Dataset) -> tuple[str, ...]:
    """Return attributes that described the pixels as they were, and no longer do."""
    tags = [int(element.tag) for element in header]
    palette = [tag for tag in tags if record.is_colour and tag in _PALETTE]
    stale = [keyword_for_tag(tag) for tag in palette]
    if "ModalityLUTSequence" in header:
        stale.extend(_AFTER_TABLE)
    is_signed = int(np.dtype(record.dtype).kind == "i")
    if _rescale(record, header) or header.get("PixelRepresentation", is_signed) != is_signed:
        stale.extend((*_EXTREMES, *_AFTER_TABLE))
    stale.extend(keyword_for_tag(tag) for tag in tags if tag >> 16 == 0x7FE0)
    return tuple(dict.fromkeys(name for name in stale if name))


def _rescale(record: ImageRecord, header: Dataset) -> dict[str, str]:
    """Return the record's rescale where the header tells another for these values."""
    if record.is_colour or "PerFrameFunctionalGroupsSequence" in header:
        return {}
    has_table = "ModalityLUTSequence" in header
    found = tuple(
        _number(header.get(k), d) for k, d in (("RescaleSlope", 1), ("RescaleIntercept", 0))
    )
    expected = (record.grey.slope, record.grey.intercept)
    if not has_table and np.allclose(found, expected, rtol=1e-9, atol=0):
        return {}
    kind = text_of(header["RescaleType"]) if "RescaleType" in header else "US"
    slope, intercept = (f"{value:.10g}" for value in expected)
    return {"RescaleSlope": slope, "RescaleIntercept": intercept, "RescaleType": kind}


def _number(value: object, default: float) -> float:
    try:
        return default if value is None else float(str(value))
    except ValueError:
        return default


def _differing(
    header: Dataset, actions: Sequence[TagAction], stated: Mapping[str, str], rule: str
) -> Iterator[tuple[str, TagAction]]:
    fates = {action.path: action.fate for action in actions}
    for keyword, value in stated.items():
        tag = _tag(keyword)
        path = f"{tag:08X}"
        old = text_of(header[tag]) if tag in header else ""
        if old != value or fates.get(path) is not Fate.KEEP:
            yield path, TagAction(path, keyword, Fate.SET, old[:80], value, rule)


def _tag(keyword: str) -> int:
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise ValueError("no such attribute")
    return int(Tag(tag))
