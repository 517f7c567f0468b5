"""The trail leaves, and goes into archives, on the command line; each of it is an event."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.features.test_commands import Office, fails
from tests.support.practice import (
    OFFICER,
    PASSWORD,
    FakeClock,
    add_person,
    found,
    open_clinic,
    write_images,
)
from viewer.app.clinic import Clinic
from viewer.app.errors import DestinationFault, DestinationRefused
from viewer.app.jobs import JobControl, Progress
from viewer.app.use_cases import trail, trail_keeping
from viewer.model.errors import Cancelled
from viewer.session.audit.errors import ArchiveRefused
from viewer.session.audit.events import Event, EventFilter, EventKind, Outcome
from viewer.session.errors import NotPermitted
from viewer.session.keystore import FileKeyStore


@pytest.fixture
def office(tmp_path: Path) -> Office:
    found(tmp_path / "store", FileKeyStore(tmp_path / "keys.json"))
    images = write_images(tmp_path / "in", cbct=False)
    office = Office(tmp_path, images, {})
    assert office.bitewing("import", str(images)).status == 0
    return office


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def clinic(tmp_path: Path, clock: FakeClock) -> Iterator[Clinic]:
    with open_clinic(tmp_path / "store", clock=clock) as made:
        made.log_in(OFFICER, PASSWORD)
        yield made


def _events(clinic: Clinic, kind: EventKind) -> list[Event]:
    """Entries of a kind, oldest first."""
    reader = trail.open_trail(clinic, trail.OpenTrail())
    return list(reader.scan(EventFilter(kinds=frozenset({kind}))))


@pytest.mark.parametrize("kind", trail.FORMATS)
def test_an_export_is_an_event_with_count_and_digest_of_what_was_written(
    clinic: Clinic, tmp_path: Path, kind: str
) -> None:
    out = tmp_path / "out"
    request = trail.ExportTrail(kind, destination=out, purpose="audit", recipient="Inspector")
    done = trail.export_trail(clinic, request)
    assert hashlib.sha256(out.read_bytes()).hexdigest() == done.digest
    intent, ended = _events(clinic, EventKind.TRAIL_EXPORTED)
    assert (intent.entry.outcome, ended.entry.outcome) == (Outcome.INTENT, Outcome.DONE)
    assert (ended.entry.digests, ended.entry.size_bytes) == ((done.digest,), out.stat().st_size)
    assert ended.entry.why.endswith(f": {done.entries}")
    assert (ended.entry.purpose, ended.entry.recipient) == ("audit", "Inspector")
    assert intent.seq < ended.seq


def test_an_export_holds_itself_as_begun(clinic: Clinic, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    trail.export_trail(clinic, trail.ExportTrail("jsonl", destination=out))
    last = json.loads(out.read_text().splitlines()[-1])
    assert (last["kind"], last["outcome"]) == ("trail exported", "intent")


def test_a_cancelled_export_leaves_no_file_and_an_entry(clinic: Clinic, tmp_path: Path) -> None:
    control = JobControl(lambda progress: _cancel_at_writing(control, progress))
    with pytest.raises(Cancelled):
        trail.export_trail(
            clinic, trail.ExportTrail("csv", destination=tmp_path / "out.csv"), control
        )
    assert list(tmp_path.glob("out*")) == []
    assert _events(clinic, EventKind.TRAIL_EXPORTED)[-1].entry.outcome is Outcome.CANCELLED


def _cancel_at_writing(control: JobControl, progress: Progress) -> None:
    if progress.what == "Writing entries":
        control.cancel()


def test_a_failed_export_leaves_no_file_and_an_entry(
    clinic: Clinic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("viewer.app.use_cases.trail.os.fsync", _only_for_out(refuse))
        with pytest.raises(DestinationFault):
            trail.export_trail(clinic, trail.ExportTrail("fhir", destination=tmp_path / "out"))
    assert list(tmp_path.glob("out*")) == []
    assert _events(clinic, EventKind.TRAIL_EXPORTED)[-1].entry.outcome is Outcome.FAILED


def _only_for_out(refuse: Any) -> Any:
    import os

    real = os.fsync

    def fsync(handle: int) -> None:
        name = Path(f"/proc/self/fd/{handle}").readlink().name
        (refuse if name.startswith("out") else real)(handle)

    return fsync


def test_a_file_that_is_there_is_kept(clinic: Clinic, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("mine")
    with pytest.raises(DestinationRefused):
        trail.export_trail(clinic, trail.ExportTrail("csv", destination=out))
    assert out.read_text() == "mine"


def test_filters_of_the_command_line_narrow_lists_and_exports(office: Office) -> None:
    listed = office.bitewing("audit", "list", "--kind", "import", "--json").facts
    assert {each["kind"] for each in listed} == {"import"}
    assert office.bitewing("audit", "list", "--who", OFFICER, "--json").facts
    patient = next(each["patient_id"] for each in _lines(office) if each["patient_id"])
    mine = _lines(office, "--patient", patient)
    assert {each["patient_id"] for each in mine} == {patient}
    assert _lines(office, "--since", "2099-01-01") == []
    assert _lines(office, "--until", "2020-01-01") == []
    assert "no such kind" in fails(office.bitewing("audit", "list", "--kind", "nonsense"))
    assert "this name" in fails(office.bitewing("audit", "list", "--who", "Nobody"))
    assert "--since" in fails(office.bitewing("audit", "list", "--since", "yesterday"))


def _lines(office: Office, *more: str) -> list[dict[str, Any]]:
    out = office.bitewing("audit", "export", "jsonl", *more).out
    return [json.loads(line) for line in out.splitlines()]


def test_an_export_to_a_file_says_how_much_and_its_digest(office: Office, tmp_path: Path) -> None:
    out = tmp_path / "trail.csv"
    said = office.bitewing("audit", "export", "csv", "--out", str(out), "--json").facts
    assert said["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    with out.open(newline="") as file:
        assert len(list(csv.DictReader(file))) == said["entries"]
    fails(office.bitewing("audit", "export", "csv", "--out", str(out)))


# --- verification on the command line ----------------------------------------------------------


def test_the_command_names_entry_part_and_kind_and_offline_takes_a_head(
    office: Office, tmp_path: Path
) -> None:
    said = office.bitewing("audit", "verify")
    assert said.status == 0
    head = office.bitewing("audit", "verify", "--json").facts["head_to_keep"]
    folder = office.root / "store" / "trail"
    key, kept = tmp_path / "public.key", tmp_path / "kept"
    key.write_bytes((folder / "public.key").read_bytes())
    kept.mkdir()
    _copy(folder, kept / "trail")
    office.bitewing("audit", "list")
    offline = ("audit", "verify", "--public-key", str(key), "--trail", str(folder))
    assert office.bitewing(*offline, "--head", head).status == 0
    alone = office.bitewing(*offline)
    assert (alone.status, "cut off" in alone.out) == (0, True)
    newer = office.bitewing("audit", "verify", "--json").facts["head_to_keep"]
    back = ("audit", "verify", "--public-key", str(key), "--trail", str(kept))
    assert office.bitewing(*back).status == 0
    rolled = office.bitewing(*back, "--head", newer, "--json")
    assert rolled.status == 3
    assert rolled.facts["damage"] in {"rolled back", "cut"}
    assert "is not one" in fails(office.bitewing(*back, "--head", "nonsense"))
    path = kept / "trail" / "0001.trail"
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    hurt = office.bitewing(*back)
    assert hurt.status == 3
    assert "The trail is damaged: entry" in hurt.out
    assert "edited" in hurt.out


def _copy(folder: Path, to: Path) -> None:
    to.mkdir()
    for path in folder.iterdir():
        if path.is_file():
            (to / path.name).write_bytes(path.read_bytes())


# --- archives ----------------------------------------------------------------------------------


def test_parts_are_archived_listed_read_and_verified_on_the_command_line(
    office: Office, tmp_path: Path
) -> None:
    attic = tmp_path / "attic"
    assert "closed yet" in fails(office.bitewing("audit", "archive", str(attic)))
    said = office.bitewing("audit", "archive", str(attic), "--close", "--json")
    assert [each["part"] for each in said.facts] == [1]
    assert office.bitewing("audit", "verify", "--json").facts["archived"] == [1]
    listed = office.bitewing("audit", "archives", str(attic), "--json").facts
    assert [each["sound"] for each in listed] == [True]
    assert "Sound." in office.bitewing("audit", "archives", str(attic)).out
    here = office.bitewing("audit", "list", "--last", "999", "--json").facts
    mounted = office.bitewing("audit", "list", "--last", "999", "--archive", str(attic), "--json")
    assert {each["segment"] for each in here} == {2}
    assert {each["segment"] for each in mounted.facts} == {1, 2}
    whole = office.bitewing("audit", "verify", "--archive", str(attic), "--json").facts
    assert (whole["whole"], whole["archived"]) == (True, [])
    key = str(attic / "trail" / "public.key")
    alone = ("audit", "verify", "--public-key", key, "--trail", str(attic), "--parts")
    assert office.bitewing(*alone).status == 0
    assert "kept until" in fails(office.bitewing("audit", "purge", "1", str(attic)))
    (attic / "trail" / "0001.trail").write_bytes(b"gone bad")
    assert office.bitewing("audit", "archives", str(attic)).status == 3
    assert "as it was archived" in fails(office.bitewing("audit", "list", "--archive", str(attic)))


def test_archiving_and_purging_are_events_and_a_refusal_is_one(
    clinic: Clinic, clock: FakeClock, tmp_path: Path
) -> None:
    attic = tmp_path / "attic"
    trail_keeping.archive_trail(clinic, trail_keeping.ArchiveTrail(attic, keep_years=6, close=True))
    purge = trail_keeping.PurgeTrailArchive(1, attic)
    with pytest.raises(ArchiveRefused):
        trail_keeping.purge_trail_archive(clinic, purge)
    clock.start += timedelta(days=6 * 365 + 3)
    trail_keeping.purge_trail_archive(clinic, purge)
    said = [
        (event.entry.outcome, event.entry.why)
        for event in _events(clinic, EventKind.TRAIL_ARCHIVED)
    ]
    assert said[0] == (Outcome.DONE, "archive, kept 6 years: parts 1"), "its intent went along"
    assert said[2][0] is Outcome.FAILED
    assert said[4][0] is Outcome.DONE
    assert said[4][1].startswith("purge part 1: ")
    assert clinic.trail.verify().is_whole


def test_a_damaged_trail_is_not_archived(clinic: Clinic, tmp_path: Path) -> None:
    clinic.trail.close_segment()
    path = clinic.folder / "trail" / "0001.trail"
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    with pytest.raises(ArchiveRefused, match="evidence"):
        trail_keeping.archive_trail(clinic, trail_keeping.ArchiveTrail(tmp_path / "attic"))
    assert path.exists()


def test_an_auditor_reads_and_exports_and_archives_nothing(clinic: Clinic, tmp_path: Path) -> None:
    name = add_person(clinic, "auditor")
    clinic.log_off()
    clinic.log_in(name, PASSWORD)
    assert trail.export_trail(clinic, trail.ExportTrail("jsonl")).entries > 0
    with pytest.raises(NotPermitted):
        trail_keeping.archive_trail(
            clinic, trail_keeping.ArchiveTrail(tmp_path / "attic", close=True)
        )
    assert not (tmp_path / "attic").exists()
