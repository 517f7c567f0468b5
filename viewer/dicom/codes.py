"""Coded concepts: one code sequence item in, one out (PS3.3 8.8)."""

from __future__ import annotations

import attrs
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence


@attrs.frozen
class Code:
    """A coded concept: CodeValue, CodingSchemeDesignator, CodeMeaning."""

    value: str
    scheme: str
    meaning: str


JAW_REGION = Code("661005", "SCT", "Jaw region")
MAXILLA = Code("70925003", "SCT", "Maxilla")
MANDIBLE = Code("91609006", "SCT", "Mandible")
HEAD = Code("69536005", "SCT", "Head")
MOUTH = Code("123851003", "SCT", "Mouth region structure")
LATERAL_PROJECTION = Code("399067008", "SCT", "Lateral projection")


def item_of(code: Code) -> Dataset:
    """Return the code as a code sequence item."""
    item = Dataset()
    item.CodeValue = code.value
    item.CodingSchemeDesignator = code.scheme
    item.CodeMeaning = code.meaning
    return item


def sequence_of(*codes: Code) -> Sequence:
    """Return a code sequence with one item for each code."""
    return Sequence([item_of(code) for code in codes])


def code_of(item: Dataset) -> Code:
    """Read a code sequence item; missing parts become empty."""
    value = item.get("CodeValue") or item.get("LongCodeValue") or item.get("URNCodeValue") or ""
    return Code(
        str(value).strip(),
        str(item.get("CodingSchemeDesignator") or "").strip(),
        str(item.get("CodeMeaning") or "").strip(),
    )


def codes_in(dataset: Dataset, keyword: str) -> tuple[Code, ...]:
    """Read the code sequence `keyword`; empty where it is absent or is no sequence."""
    sequence = dataset.get(keyword)
    if not isinstance(sequence, Sequence):
        return ()
    return tuple(code_of(item) for item in sequence)
