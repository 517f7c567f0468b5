"""Planned tag actions carried out: an old data set becomes a new one, element by element."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.tag import Tag

from viewer.redact.actions import Fate, TagAction
from viewer.redact.errors import SourceUnreadable
from viewer.redact.tags import path_of, plain_text

_INTEGERS = frozenset({"SL", "SS", "UL", "US"})
_CODES = {"113100": "Basic Application Confidentiality Profile"}


def rewritten(ds: Dataset, actions: Sequence[TagAction]) -> Dataset:
    """Return a new data set in which every element went through its planned action.

    Raises
    ------
    SourceUnreadable
        The data set holds an element that was not planned: it is not the one the person saw.
    """
    by_path = {action.path: action for action in actions}
    fresh = _copied(ds, by_path, "")
    for action in actions:
        if action.fate is Fate.SET:
            fresh[Tag(action.path)] = stated(action)
    return fresh


def stated(action: TagAction) -> DataElement:
    """Return the element that a SET action states."""
    tag = Tag(action.path)
    vr = dictionary_VR(tag)
    if vr == "SQ":
        return DataElement(tag, vr, Items(_code(value) for value in _split(action.new)))
    values: list[object] = [int(v) if vr in _INTEGERS else v for v in _split(action.new)]
    return DataElement(tag, vr, values[0] if len(values) == 1 else values)


def _split(text: str) -> list[str]:
    return text.split("\\") if text else [""]


def _code(value: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", _CODES[value]
    return item


def _copied(ds: Dataset, by_path: Mapping[str, TagAction], prefix: str) -> Dataset:
    fresh = Dataset()
    for tag in sorted(ds.keys()):
        path = path_of(prefix, tag)
        action = by_path.get(path)
        if action is None:
            raise SourceUnreadable("A stored header is not the one that was planned.")
        element = _element(ds[tag], action, by_path, path)
        if element is not None:
            fresh[tag] = element
    return fresh


def _element(
    old: DataElement, action: TagAction, by_path: Mapping[str, TagAction], path: str
) -> DataElement | None:
    if action.fate in (Fate.REMOVE, Fate.SET):
        return None
    if action.rule == "copy":
        return old
    if old.VR == "SQ":
        return DataElement(old.tag, "SQ", _items(old, action, by_path, path))
    if action.fate is Fate.KEEP:
        return DataElement(old.tag, old.VR, plain_text(old.value))
    return DataElement(old.tag, old.VR, _replacement(old.VR, action))


def _items(
    old: DataElement, action: TagAction, by_path: Mapping[str, TagAction], path: str
) -> Items:
    if action.fate is Fate.EMPTY:
        return Items()
    if action.fate is Fate.DUMMY:
        return Items([_removed_code()])
    items = enumerate(old.value or ())
    return Items(_copied(item, by_path, f"{path}[{index}].") for index, item in items)


def _removed_code() -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "0", "99BITEWING", "REMOVED"
    return item


def _replacement(vr: str, action: TagAction) -> object:
    if action.fate is Fate.EMPTY:
        return None
    if vr in ("OB", "OW", "OF", "OD", "OL", "OV", "UN"):
        return b"\0\0"
    if vr in _INTEGERS or vr in ("FL", "FD", "SV", "UV"):
        return 0
    values = _split(action.new)
    return values[0] if len(values) == 1 else values
