"""Events as rows: CSV that no spreadsheet takes for formulas, and JSON lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from viewer.session.audit.events import Event

COLUMNS = (
    "number", "when", "workstation", "who", "role", "kind", "outcome", "patient_id", "objects",
    "why", "digests", "size_bytes", "refers_to", "refers_in", "segment", "purpose", "recipient",
    "user_id",
)  # fmt: skip
_FORMULA = frozenset("=+-@\t\r\n")


def facts_of(event: Event) -> dict[str, Any]:
    """Return an event as plain facts, one a column."""
    entry = event.entry
    values = (
        event.seq, event.wall.isoformat(), event.workstation, entry.actor.name, entry.actor.role,
        entry.kind.value, entry.outcome.value, entry.patient_id, list(entry.objects), entry.why,
        list(entry.digests), entry.size_bytes, entry.refers_to, entry.refers_in,
        event.segment, entry.purpose, entry.recipient, entry.actor.user_id,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def csv_pieces(events: Iterable[Event]) -> Iterator[str]:
    """Yield a CSV table (RFC 4180), header first.

    A text that a spreadsheet could take for a formula begins with an apostrophe, and so does one
    that begins with an apostrophe: taking one away from the front gives the text.
    """
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
    table.writeheader()
    for event in events:
        table.writerow({name: _cell(value) for name, value in facts_of(event).items()})
        yield text.getvalue()
        text.seek(0)
        text.truncate()
    yield text.getvalue()


def jsonl_pieces(events: Iterable[Event]) -> Iterator[str]:
    """Yield one JSON object a line."""
    for event in events:
        yield json.dumps(facts_of(event), ensure_ascii=False) + "\n"


def _cell(value: object) -> object:
    if isinstance(value, list):
        value = " ".join(str(each) for each in value)
    if isinstance(value, str) and _could_be_a_formula(value):
        return "'" + value
    return value


def _could_be_a_formula(text: str) -> bool:
    """Whether the first sign, or the first behind blanks, begins a formula somewhere."""
    first = text.lstrip(" \u00a0\u200b\ufeff")[:1]
    return text[:1] in _FORMULA or first in _FORMULA or text[:1] == "'"
