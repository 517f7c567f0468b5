"""The trail in other people's formats: read back by their own readers, safe in a spreadsheet."""

from __future__ import annotations

import csv
import io
import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from hypothesis import given, settings
from hypothesis import strategies as st

from viewer.app.trail_out.fhir import audit_event, fhir_pieces
from viewer.app.trail_out.table import COLUMNS, csv_pieces, facts_of, jsonl_pieces
from viewer.model.ids import PatientId, UserId
from viewer.session.audit.events import PROGRAM, Actor, Entry, Event, EventKind, Outcome

SITE = "ab" * 16
NOW = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)
PATIENT = PatientId("cd" * 16)
ADA = Actor(UserId("a1" * 16), "Dr. Ada Molar", "Dentist")
FORMULAS = (
    "=1+1",
    "+1",
    "-2",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    "\u00a0=1",
    "'=1",
    "=HYPERLINK(0)",
)


def _event(entry: Entry, seq: int = 7) -> Event:
    return Event(seq, "OPERATORY-1", NOW + timedelta(seconds=seq), 1234.5, entry, 2)


def _all_kinds() -> list[Event]:
    """Every kind with every outcome, with and without a patient."""
    made = itertools.product(EventKind, Outcome, (None, PATIENT), (ADA, PROGRAM))
    return [
        _event(
            Entry(
                kind, actor, outcome, patient, ("ef" * 16,) if patient else (), "why",
                ("12" * 32,), 44, refers_to=3, purpose="treatment", recipient="Dr. X",
            ),
            seq,
        )
        for seq, (kind, outcome, patient, actor) in enumerate(made)
    ]  # fmt: skip


def _rows(events: list[Event]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO("".join(csv_pieces(events)), newline="")))


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_begins_as_a_formula_and_the_text_comes_back(text: str) -> None:
    entry = Entry(EventKind.SHARE, Actor(None, text, text), why=text, purpose=text, recipient=text)
    (row,) = _rows([_event(entry)])
    for name in ("who", "role", "why", "purpose", "recipient"):
        assert row[name].startswith("'")
        assert row[name][1:] == text


@settings(max_examples=200)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_text_survives_the_table_and_the_lines(text: str) -> None:
    event = _event(Entry(EventKind.VIEW, ADA, why=text))
    (row,) = _rows([event])
    assert row["why"].removeprefix("'") == text.removeprefix("'") or row["why"][1:] == text
    assert row["why"].lstrip()[:1] not in set("=+-@")
    (line,) = jsonl_pieces([event])
    assert json.loads(line)["why"] == text
    assert line.count("\n") == 1


def test_a_table_and_lines_hold_every_event_with_all_it_says() -> None:
    events = _all_kinds()
    rows = _rows(events)
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == len(events)
    lines = [json.loads(line) for line in jsonl_pieces(events)]
    assert lines == [json.loads(json.dumps(facts_of(event))) for event in events]
    for row, line in zip(rows, lines, strict=True):
        assert row["number"] == str(line["number"])
        assert row["recipient"] == line["recipient"] == "Dr. X"


def test_no_events_are_a_table_with_a_head_alone() -> None:
    assert "".join(csv_pieces([])) == ",".join(COLUMNS) + "\r\n"
    assert list(jsonl_pieces([])) == []
    assert Bundle.model_validate_json("".join(fhir_pieces([], SITE, NOW))).entry in (None, [])


# --- FHIR --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bundle() -> Any:
    """Every kind, as an independent reader of FHIR R4 understands it."""
    return Bundle.model_validate_json("".join(fhir_pieces(_all_kinds(), SITE, NOW)))


def test_an_independent_reader_takes_every_kind_of_event(bundle: Any) -> None:
    assert bundle.type == "collection"
    assert len(bundle.entry) == len(_all_kinds())
    urls = {entry.fullUrl for entry in bundle.entry}
    assert len(urls) == len(bundle.entry)


def test_each_says_who_where_when_what_whose_and_how_it_ended(bundle: Any) -> None:
    for event, entry in zip(_all_kinds(), bundle.entry, strict=True):
        made, said = event.entry, entry.resource
        assert said.recorded == event.wall
        assert said.type.system == "http://dicom.nema.org/resources/ontology/DCM"
        assert said.type.code.startswith("1101")
        assert said.subtype[-1].display == made.kind.value
        assert said.action in "CRUDE"
        assert said.outcome == {"failed": "4", "cancelled": "4", "refused": "8"}.get(
            made.outcome.value, "0"
        )
        assert said.agent[0].requestor is True
        assert said.agent[0].who.display == made.actor.name
        assert sum(agent.requestor for agent in said.agent) == 1
        assert said.agent[0].network.address == said.source.observer.display == "OPERATORY-1"
        assert said.purposeOfEvent[0].text == "treatment"
        if made.actor is ADA:
            assert said.agent[0].who.identifier.value == ADA.user_id
            assert said.agent[0].role[0].text == "Dentist"
        people = [each for each in said.entity if each.type.code == "1"]
        assert [each.what.identifier.value for each in people] == (
            [PATIENT] if made.patient_id else []
        )


@pytest.mark.parametrize(
    ("kind", "code", "subtype"),
    [
        (EventKind.PROGRAM_STARTED, "110100", "110120"),
        (EventKind.LOGIN, "110114", "110122"),
        (EventKind.LOGOFF, "110114", "110123"),
        (EventKind.VIEW, "110103", None),
        (EventKind.EXPORT, "110106", None),
        (EventKind.SHARE, "110106", None),
        (EventKind.IMPORT, "110107", None),
        (EventKind.EMERGENCY, "110113", "110127"),
        (EventKind.TRAIL_READ, "110101", None),
        (EventKind.TRAIL_EXPORTED, "110101", None),
    ],
)
def test_the_codes_are_those_of_the_standard(
    kind: EventKind, code: str, subtype: str | None
) -> None:
    said = audit_event(_event(Entry(kind, ADA)), SITE)
    assert said["type"]["code"] == code
    assert (said["subtype"][0]["code"] if len(said["subtype"]) > 1 else None) == subtype


def test_patients_go_by_opaque_ids_and_a_profile_says_so() -> None:
    said = audit_event(_event(Entry(EventKind.VIEW, ADA, patient_id=PATIENT)), SITE)
    assert said["meta"]["profile"][0].endswith("IHE.BasicAudit.PatientRead")
    assert "reference" not in json.dumps(said)
    assert "meta" not in audit_event(_event(Entry(EventKind.LOGIN, ADA)), SITE)


def test_empty_names_are_no_empty_strings_which_fhir_refuses() -> None:
    event = Event(1, "", NOW, 0.0, Entry(EventKind.LOGIN_FAILED, Actor(None, " ", "")), 1)
    made = "".join(fhir_pieces([event], SITE, NOW))
    Bundle.model_validate_json(made)
    assert '""' not in made


def test_the_same_event_is_the_same_resource_in_every_export() -> None:
    first, again = (audit_event(_event(Entry(EventKind.VIEW)), SITE)["id"] for _ in range(2))
    other = audit_event(_event(Entry(EventKind.VIEW)), "ba" * 16)["id"]
    assert first == again != other
