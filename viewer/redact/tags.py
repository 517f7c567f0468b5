"""What happens to each attribute of a data set: one `TagAction` for every element, at any depth.

Pure, any thread. Nothing is passed through unread: an element that no rule knows is removed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache

import attrs
from pydicom._uid_dict import UID_dictionary
from pydicom.datadict import dictionary_has_tag, keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag
from pydicom.valuerep import PersonName

from viewer.model.resources import resource_path
from viewer.redact import table
from viewer.redact.actions import Fate, TagAction
from viewer.redact.errors import SourceUnreadable
from viewer.redact.profiles import Headers, Profile

_TRAILING_PADDING = 0xFFFCFFFC
_LONGEST_SHOWN = 80
_DEEPEST = 32
_TEXT_VRS = frozenset({"AE", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
_TIME_VRS = frozenset({"AS", "DA", "DT", "TM"})
_BYTE_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_NUMBER_VRS = frozenset(
    {"AT", "CS", "DS", "FD", "FL", "IS", "SL", "SS", "SV", "UL", "US", "UV", "US or SS"}
)
_DEFINED_TERM = re.compile(r"[A-Z0-9_ ]{0,16}")
_CLASS_UIDS = frozenset({"SOPClassUID", "ReferencedSOPClassUID"})
_FATES = {"X": Fate.REMOVE, "Z": Fate.EMPTY, "D": Fate.DUMMY, "U": Fate.NEW_UID}
_DUMMIES = {
    **dict.fromkeys(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT"), "REMOVED"),
    "AS": "000Y",
    "DA": "19000101",
    "DT": "19000101000000",
    "TM": "000000",
    "DS": "0",
    "IS": "0",
    "UR": "about:blank",
}


class UidMap:
    """Old UIDs to fresh ones: the same within one plan, never shared between two."""

    def __init__(self, fresh: Callable[[], str]) -> None:
        self._fresh = fresh
        self._known: dict[str, str] = {}

    def new(self, old: str) -> str:
        """Return the new UID; those registered in PS3.6 Annex A name nobody and stay."""
        if old in UID_dictionary:
            return old
        if old not in self._known:
            self._known[old] = self._fresh()
        return self._known[old]


@attrs.frozen
class _Rule:
    fate: Fate
    name: str


def plan_tags(
    ds: Dataset, profile: Profile, uids: UidMap, holds_identifier: Callable[[str], bool]
) -> tuple[TagAction, ...]:
    """Return what happens to each element of a data set, nested ones after their sequence.

    `holds_identifier` says whether a text that would stay names somebody who does not.

    Raises
    ------
    SourceUnreadable
        An element cannot be read, or sequences are nested beyond 32 levels.

    Source
    ------
    PS3.15 2026d E.1.1, E.2, Table E.1-1.
    """
    if profile.headers is Headers.KEEP_ALL:
        return tuple(_kept(element) for element in _elements(ds))
    return tuple(_walk(ds, _Walk(profile, uids, holds_identifier, _sop_class(ds)), ""))


def path_of(prefix: str, tag: BaseTag) -> str:
    """Return an element's place: ``00081140[0].00081155``."""
    return f"{prefix}{tag:08X}"


def text_of(element: DataElement) -> str:
    """Return an element's value as one text; several values are joined by a backslash."""
    value = element.value
    if value is None:
        return ""
    if element.VR == "SQ":
        return f"{len(value)} item{'s' if len(value) != 1 else ''}"
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, (MultiValue, list)):
        return "\\".join(str(one) for one in value)
    return str(value)


@attrs.frozen
class _Walk:
    profile: Profile
    uids: UidMap
    holds_identifier: Callable[[str], bool]
    sop_class_uid: str


def _walk(ds: Dataset, walk: _Walk, prefix: str) -> Iterator[TagAction]:
    if prefix.count("[") > _DEEPEST:
        raise SourceUnreadable("A stored header is nested too deeply.")
    for element in _elements(ds):
        rule = _rule(element, walk, is_nested=bool(prefix))
        path = path_of(prefix, element.tag)
        yield _action(element, rule, path, walk.uids)
        if element.VR == "SQ" and rule.fate in (Fate.KEEP, Fate.NEW_UID):
            for index, item in enumerate(element.value or ()):
                yield from _walk(item, walk, f"{path}[{index}].")


def _elements(ds: Dataset) -> Iterator[DataElement]:
    for tag in sorted(ds.keys()):
        try:
            yield ds[tag]
        except (ValueError, TypeError, AttributeError, KeyError, NotImplementedError) as fault:
            raise SourceUnreadable("A stored header holds a value that cannot be read.") from fault


def _kept(element: DataElement) -> TagAction:
    shown = text_of(element)[:_LONGEST_SHOWN]
    if int(element.tag) & 0xFFFF == 0 or int(element.tag) == _TRAILING_PADDING:
        path = path_of("", element.tag)
        return TagAction(path, _name(element), Fate.REMOVE, shown, "", "structure")
    return TagAction(path_of("", element.tag), _name(element), Fate.KEEP, shown, shown, "copy")


def _rule(element: DataElement, walk: _Walk, *, is_nested: bool) -> _Rule:
    tag, keyword = int(element.tag), keyword_for_tag(element.tag)
    if tag & 0xFFFF == 0 or (keyword == "SpecificCharacterSet" and is_nested):
        return _Rule(Fate.REMOVE, "structure")
    if table.is_removed_group(tag):
        return _Rule(Fate.REMOVE, "private" if (tag >> 16) % 2 else "overlay")
    if not is_nested and keyword in walk.profile.keeps:
        return _Rule(Fate.KEEP, "profile")
    row = table.row_of(tag)
    rule = (
        _by_table(element, row, walk, is_nested=is_nested) if row else _beyond_table(element, walk)
    )
    if rule.fate is Fate.KEEP and element.VR in _TEXT_VRS | {"CS", "UN"}:
        return _unless_it_names(element, rule, walk)
    return rule


def _by_table(element: DataElement, row: table.Row, walk: _Walk, *, is_nested: bool) -> _Rule:
    if row.kept_by.intersection(walk.profile.options):
        return _Rule(Fate.KEEP, "option")
    code = table.code_for(int(element.tag), row, walk.sop_class_uid, is_nested=is_nested)
    fate = _FATES[code]
    if fate is Fate.NEW_UID and element.VR not in ("UI", "SQ"):
        return _Rule(Fate.REMOVE, "table")
    return _Rule(fate, "table")


def _beyond_table(element: DataElement, walk: _Walk) -> _Rule:
    keyword, vr = keyword_for_tag(element.tag), element.VR
    if not dictionary_has_tag(element.tag):
        return _Rule(Fate.REMOVE, "unknown")
    if vr == "UI":
        return _Rule(Fate.KEEP if keyword in _CLASS_UIDS else Fate.NEW_UID, "uid")
    if walk.profile.is_deidentified and keyword not in _kept_names("deidentified"):
        return _Rule(Fate.REMOVE, "not listed")
    if vr == "SQ":
        return _Rule(Fate.KEEP, "structure")
    if vr in _TEXT_VRS:
        stays = keyword in _kept_names("text")
        return _Rule(Fate.KEEP, "listed") if stays else _Rule(Fate.REMOVE, "free text")
    if vr in _BYTE_VRS:
        stays = keyword in _kept_names("bytes")
        return _Rule(Fate.KEEP, "listed") if stays else _Rule(Fate.REMOVE, "unread bytes")
    if vr in _TIME_VRS:
        return _Rule(Fate.REMOVE, "date")
    if vr in _NUMBER_VRS and _is_well_formed(element):
        return _Rule(Fate.KEEP, "value")
    return _Rule(Fate.REMOVE, "unreadable")


def _unless_it_names(element: DataElement, rule: _Rule, walk: _Walk) -> _Rule:
    if not walk.holds_identifier(text_of(element)):
        return rule
    return _Rule(Fate.DUMMY if element.VR in _DUMMIES else Fate.REMOVE, "names somebody")


def _is_well_formed(element: DataElement) -> bool:
    if element.VR != "CS":
        return True
    return all(_DEFINED_TERM.fullmatch(part) for part in text_of(element).split("\\"))


def _action(element: DataElement, rule: _Rule, path: str, uids: UidMap) -> TagAction:
    old = text_of(element)[:_LONGEST_SHOWN]
    return TagAction(path, _name(element), rule.fate, old, _new(element, rule, uids), rule.name)


def _new(element: DataElement, rule: _Rule, uids: UidMap) -> str:
    if rule.fate in (Fate.REMOVE, Fate.EMPTY):
        return ""
    if rule.fate is Fate.DUMMY:
        return uids.new(text_of(element)) if element.VR == "UI" else _DUMMIES.get(element.VR, "")
    if rule.fate is Fate.NEW_UID and element.VR == "UI":
        return "\\".join(uids.new(old) for old in text_of(element).split("\\") if old)
    return text_of(element)[:_LONGEST_SHOWN]


def _name(element: DataElement) -> str:
    return keyword_for_tag(element.tag) or "(private or unknown)"


def _sop_class(ds: Dataset) -> str:
    return str(ds.get("SOPClassUID", "") or "")


@cache
def _kept_names(group: str) -> frozenset[str]:
    raw = resource_path("redaction", "attributes", "kept.json").read_text("utf-8")
    return frozenset(json.loads(raw)[group])


def plain_text(value: object) -> object:
    """Return a value with person names as plain text, so that it is written in the new encoding."""
    if isinstance(value, PersonName):
        return str(value)
    if isinstance(value, (MultiValue, list)):
        return [plain_text(one) for one in value]
    return value
