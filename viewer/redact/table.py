"""PS3.15 2026d Table E.1-1 and its compound codes resolved for the dental SOP classes.

Pure, any thread; the tables are data in ``resources/redaction/ps3.15-2026d``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache

import attrs

from viewer.model.resources import resource_path

TYPE_1_DESPITE_THE_TABLE = frozenset({0x00700082, 0x00700083})
"""Presentation Creation Date and Time: X in the table, Type 1 in the presentation state IODs."""

OPTIONS = frozenset(
    {
        "retain_longitudinal_full_dates",
        "retain_patient_characteristics",
        "retain_device_identity",
        "retain_institution_identity",
    }
)
"""Option columns that profiles may apply: those that say K, not those that ask for cleaning."""


@attrs.frozen
class Row:
    """One row: the basic profile's code, such as ``X/Z/D``, and options that keep it."""

    basic: str
    kept_by: frozenset[str]


def row_of(tag: int) -> Row | None:
    """Return the table's row for a tag; None where the table is silent.

    Repeating groups (curves 50xx, overlays 60xx) are handled by `is_removed_group`.
    """
    return _rows().get(tag)


def is_removed_group(tag: int) -> bool:
    """Whether the tag belongs to a group that leaves as a whole.

    Private groups and curves by the table; all of an overlay, since its plane is removed by the
    table and the rest of the group means nothing without it.
    """
    group = tag >> 16
    return bool(group % 2) or (group & 0xFF00) in (0x5000, 0x6000)


def code_for(tag: int, row: Row, sop_class_uid: str, *, is_nested: bool) -> str:
    """Return the one action code that applies: X, Z, D or U.

    A compound code is decided by the attribute's Type in the IOD. Inside a sequence, and for SOP
    classes that are not tabulated, the Type is not known: the last code of the row keeps the data
    set valid under every Type and holds nothing of the original.

    Source
    ------
    PS3.15 2026d E.1.1 and E.3.
    """
    if tag in TYPE_1_DESPITE_THE_TABLE:
        return "D"
    if "/" not in row.basic:
        return row.basic
    if not is_nested:
        resolved = _resolved().get(sop_class_uid, {}).get(tag)
        if resolved is not None:
            return resolved
    return row.basic.split("/")[-1].rstrip("*")


@cache
def _rows() -> Mapping[int, Row]:
    table = json.loads(_read("table-e1-1.json"))
    return {
        int(rule["tag"], 16): Row(
            rule["basic"], frozenset(k for k, code in rule["options"].items() if code == "K")
        )
        for rule in table["rules"]
        if "x" not in rule["tag"] and rule["tag"] != "PRIVATE"
    }


@cache
def _resolved() -> Mapping[str, Mapping[int, str]]:
    classes = json.loads(_read("resolved-dental-sop-classes.json"))["sop_classes"]
    return {
        uid: {int(tag, 16): found["resolved"] for tag, found in entry["attributes"].items()}
        for uid, entry in classes.items()
    }


def _read(name: str) -> str:
    return resource_path("redaction", "ps3.15-2026d", name).read_text("utf-8")
