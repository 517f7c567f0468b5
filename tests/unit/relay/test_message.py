"""Audit messages: every kind of event against the schema, and what must not be in them."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.tools import require_tool
from viewer.model.ids import PatientId, UserId
from viewer.relay.message import MOST_OBJECTS, audit_message
from viewer.relay.syslog import AUDIT, Mark, octet_counted, read_received, syslog_line
from viewer.session.audit.events import Actor, Entry, Event, EventKind, Outcome

SCHEMA = Path(__file__).with_name("audit_message.rng")
SITE = "5" * 32
WHO = Actor(UserId("a" * 32), "Ann Example", "Dentist")
WHEN = datetime(2026, 11, 22, 9, 30, 15, 250_000, tzinfo=UTC)
MARK = Mark("bitewing/5/6/1", 1, 42, "f" * 64)


def parsed(message: bytes) -> ET.Element:
    return ET.fromstring(message)  # noqa: S314 - written just now by what is tested


def event_of(entry: Entry) -> Event:
    return Event(42, "operatory-1", WHEN, 100.0, entry)


def full_entry(kind: EventKind, outcome: Outcome = Outcome.DONE) -> Entry:
    return Entry(
        kind,
        WHO,
        outcome,
        PatientId("b" * 32),
        tuple(f"{n:032x}" for n in range(3)),
        "bitewings & <photos>",
        ("c" * 64,),
        1234,
        purpose="treatment",
        recipient="Dr. Miller",
    )


def faults_of(folder: Path, messages: dict[str, bytes]) -> str:
    """What xmllint says of files against the schema, in one run."""
    paths = []
    for name, message in messages.items():
        paths.append(folder / f"{name}.xml")
        paths[-1].write_bytes(message)
    tool = require_tool("xmllint")
    done = subprocess.run(
        [tool, "--noout", "--relaxng", str(SCHEMA), *map(str, paths)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    said = done.stderr.splitlines()
    valid = sum(line.endswith("validates") for line in said)
    assert valid == len(messages) or done.returncode != 0
    return "\n".join(line for line in said if not line.endswith("validates"))


def test_every_kind_of_event_and_outcome_is_valid_against_the_standards_schema(
    tmp_path: Path,
) -> None:
    messages = {
        f"{kind.name}-{outcome.name}": audit_message(event_of(full_entry(kind, outcome)), SITE)
        for kind in EventKind
        for outcome in Outcome
    }
    messages |= {
        f"bare-{kind.name}": audit_message(event_of(Entry(kind)), SITE) for kind in EventKind
    }
    assert faults_of(tmp_path, messages) == ""


def test_the_schema_refuses_a_message_that_is_not_one(tmp_path: Path) -> None:
    good = audit_message(event_of(full_entry(EventKind.VIEW)), SITE)
    bad = good.replace(b'EventActionCode="R"', b'EventActionCode="X"')
    assert faults_of(tmp_path, {"bad": bad}) != ""


@pytest.mark.parametrize(
    ("kind", "code", "type_code"),
    [
        (EventKind.LOGIN, "110114", "110122"),
        (EventKind.LOGOFF, "110114", "110123"),
        (EventKind.VIEW, "110103", None),
        (EventKind.SHARE, "110106", None),
        (EventKind.IMPORT, "110107", None),
        (EventKind.TRAIL_READ, "110101", None),
        (EventKind.EMERGENCY, "110113", "110127"),
        (EventKind.ACCOUNT_CHANGED, "110113", "110137"),
        (EventKind.PROGRAM_STARTED, "110100", "110120"),
    ],
)
def test_codes_are_those_of_the_standard(kind: EventKind, code: str, type_code: str | None) -> None:
    root = parsed(audit_message(event_of(full_entry(kind)), SITE))
    event = root.find("EventIdentification/EventID")
    types = [each.get("csd-code") for each in root.findall("EventIdentification/EventTypeCode")]
    assert event is not None
    assert event.get("csd-code") == code
    assert types[0] == (type_code or kind.name)


def test_a_patient_goes_by_an_opaque_id_and_a_recipient_by_name() -> None:
    root = parsed(audit_message(event_of(full_entry(EventKind.SHARE)), SITE))
    patient = root.find("ParticipantObjectIdentification[@ParticipantObjectTypeCodeRole='1']")
    assert patient is not None
    assert patient.get("ParticipantObjectID") == "b" * 32
    assert patient.findtext("ParticipantObjectName") == "patient"
    people = [each.get("UserID") for each in root.findall("ActiveParticipant")]
    assert people == ["a" * 32, "Bitewing", "Dr. Miller"]


def test_the_end_of_an_emergency_is_told_from_its_beginning() -> None:
    ended = Entry(EventKind.EMERGENCY, WHO, refers_to=7, refers_in=1)
    root = parsed(audit_message(event_of(ended), SITE))
    first = root.find("EventIdentification/EventTypeCode")
    assert first is not None
    assert first.get("csd-code") == "110138"


def test_a_message_stays_within_what_every_receiver_takes() -> None:
    many = Entry(
        EventKind.VIEW,
        WHO,
        objects=tuple(f"{n:032x}" for n in range(5000)),
        why="w" * 5000,
        digests=("d" * 64,) * 5000,
    )
    message = audit_message(event_of(many), SITE)
    line = octet_counted(syslog_line(MARK, AUDIT, message.decode(), WHEN, "operatory-1"))
    assert len(line) < 16_384
    root = parsed(message)
    assert len(root.findall("ParticipantObjectIdentification")) == MOST_OBJECTS + 1


@given(st.text(max_size=300))
def test_any_words_make_well_formed_xml_and_one_line(words: str) -> None:
    entry = Entry(EventKind.VIEW, Actor(None, words, words), why=words, recipient=words)
    event = Event(1, words, WHEN, 1.0, entry)
    message = audit_message(event, SITE)
    parsed(message)
    line = syslog_line(MARK, AUDIT, message.decode(), WHEN, words)
    assert b"\n" not in line
    assert line.split(b" ")[2].isascii()
    read = read_received(line.decode())
    assert read is not None
    assert read.mark == MARK
    assert read.words == message.decode()


def test_priority_time_and_name_are_as_the_standard_asks() -> None:
    line = syslog_line(MARK, AUDIT, "<AuditMessage/>", WHEN, "operatory 1")
    assert line.startswith(
        b"<85>1 2026-11-22T09:30:15.250Z operatory-1 bitewing - DICOM+RFC3881 [bitewing@32473 "
    )
    assert line.endswith(b"\xef\xbb\xbf<AuditMessage/>")
    assert octet_counted(b"abc") == b"3 abc"


@pytest.mark.parametrize("line", ["", "<85>1 - - - - - - hello", '[bitewing@32473 seq="x"]'])
def test_lines_of_others_are_none_of_ours(line: str) -> None:
    assert read_received(line) is None
