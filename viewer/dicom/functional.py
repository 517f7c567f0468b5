"""Values that a multi-frame header keeps in functional groups (PS3.3 C.7.6.16)."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence


def value_of(ds: Dataset, frame: int, group: str, keyword: str) -> object:
    """Return an attribute for one frame: its own group, the shared group, or the data set's."""
    for holder in (_item(ds.get("PerFrameFunctionalGroupsSequence"), frame), _shared(ds)):
        item = _item(holder.get(group), 0) if holder is not None else None
        if item is not None and item.get(keyword) is not None:
            found: object = item.get(keyword)
            return found
    top: object = ds.get(keyword)
    return top


def _shared(ds: Dataset) -> Dataset | None:
    return _item(ds.get("SharedFunctionalGroupsSequence"), 0)


def _item(sequence: object, index: int) -> Dataset | None:
    if isinstance(sequence, Sequence) and index < len(sequence):
        item: Dataset = sequence[index]
        return item
    return None
