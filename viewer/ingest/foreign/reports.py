"""Structured reports as text a person reads: names and codes in words, values with their units.

Source: PS3.3 C.17.3 (document content), C.18 (value types); PS3.16 TID 1500.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from viewer.dicom import attributes as read
from viewer.dicom.codes import codes_in
from viewer.dicom.parse import parse
from viewer.ingest.foreign.document_facts import MAX_DEPTH, MAX_LINES, MAX_TEXT, Line, Report
from viewer.ingest.foreign.refusals import PhotoRefused

_NO_REPORT = "This is no report that can be read."
_CUT = "… the report is longer than what is shown"
_DIMENSIONLESS = frozenset(("1", "{ratio}", "no units"))
_REFERENCES = {"IMAGE": "an image", "WAVEFORM": "a waveform", "COMPOSITE": "another object"}


def report_of(content: bytes) -> Report:
    """Read a report into lines.

    Raises
    ------
    PhotoRefused
        It has no content.
    """
    ds = parse(memoryview(content)).header
    if not isinstance(ds.get("ContentSequence"), Sequence):
        raise PhotoRefused(_NO_REPORT)
    lines: list[Line] = []
    size = 0
    for line in (*_head(ds), *_tree(ds, 0)):
        size += len(line.name) + len(line.value)
        if len(lines) >= MAX_LINES - 1 or size > MAX_TEXT - len(_CUT):
            lines.append(Line(0, _CUT))
            break
        lines.append(line)
    return Report(tuple(lines))


def _head(ds: Dataset) -> Iterator[Line]:
    title = _name(ds)
    if title:
        yield Line(0, title)
    for keyword, words in (("CompletionFlag", "Completion"), ("VerificationFlag", "Verification")):
        if value := _plain(read.text(ds, keyword)):
            yield Line(1, words, value.capitalize())


def _tree(ds: Dataset, depth: int) -> Iterator[Line]:
    items = ds.get("ContentSequence")
    if not isinstance(items, Sequence) or depth >= MAX_DEPTH:
        return
    for item in items:
        name, value = _name(item), _plain(_value(item))
        if name or value:
            yield Line(depth, name or "Entry", value)
        yield from _tree(item, depth + 1)


def _name(item: Dataset) -> str:
    codes = codes_in(item, "ConceptNameCodeSequence")
    return _plain(codes[0].meaning or codes[0].value) if codes else ""


def _value(item: Dataset) -> str:
    kind = read.text(item, "ValueType")
    if kind in _REFERENCES:
        return f"refers to {_REFERENCES[kind]}"
    found = _VALUES.get(kind)
    return found(item) if found else ""


def _number(item: Dataset) -> str:
    measured = item.get("MeasuredValueSequence")
    if not isinstance(measured, Sequence) or not measured:
        why = codes_in(item, "NumericValueQualifierCodeSequence")
        return why[0].meaning if why else "not measured"
    units = codes_in(measured[0], "MeasurementUnitsCodeSequence")
    unit = units[0].value if units and units[0].value not in _DIMENSIONLESS else ""
    return f"{read.text(measured[0], 'NumericValue')} {unit}".strip()


def _code(item: Dataset) -> str:
    codes = codes_in(item, "ConceptCodeSequence")
    return (codes[0].meaning or codes[0].value) if codes else ""


def _day(item: Dataset) -> str:
    day = read.parse_date(read.text(item, "Date"))
    return day.isoformat() if day else read.text(item, "Date")


def _shape(item: Dataset) -> str:
    points = item.get("GraphicData")
    count = len(points) // 2 if points is not None and not isinstance(points, (str, bytes)) else 0
    return f"{read.text(item, 'GraphicType').lower()} with {count} points"


_VALUES: dict[str, Callable[[Dataset], str]] = {
    "TEXT": lambda item: read.text(item, "TextValue"),
    "NUM": _number,
    "CODE": _code,
    "DATE": _day,
    "TIME": lambda item: read.text(item, "Time"),
    "DATETIME": lambda item: read.text(item, "DateTime"),
    "PNAME": lambda item: read.text(item, "PersonName").replace("^", " "),
    "UIDREF": lambda item: read.text(item, "UID"),
    "SCOORD": _shape,
    "SCOORD3D": lambda item: f"{read.text(item, 'GraphicType').lower()} in space",
}


def _plain(text: str) -> str:
    """Return text with lines of its own, and nothing else that is not printed."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join("".join(c if c.isprintable() else " " for c in line) for line in lines).strip()
