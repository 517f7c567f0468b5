"""The day of a practice's keeper: usage, quota, eviction, holds and periods through the gate."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO

import attrs
import pytest

from tests.features.test_commands import Office, Said, fails
from tests.support.practice import (
    OFFICER,
    PASSWORD,
    FakeClock,
    add_person,
    found,
    open_clinic,
    write_images,
)
from viewer.app import use_cases
from viewer.app.clinic import Clinic
from viewer.app.errors import NothingChosen
from viewer.app.staleness import stale_words
from viewer.model.ids import ObjectId, PatientId
from viewer.session.audit.events import Event, EventFilter, EventKind, Outcome
from viewer.session.errors import NotPermitted, TrailUnwritable
from viewer.session.keystore import FileKeyStore, MemoryKeyStore
from viewer.vault.catalog.images import Role, stored_object
from viewer.vault.errors import ClockDoubtful, KeptElsewhere, UnderLegalHold
from viewer.vault.keeping.rules import Quota

use_cases.import_all()
cases: Any = use_cases
EVERYTHING = 1 << 50


@attrs.define
class Usb:
    """A backup in memory."""

    archive_id: str = "usb"
    files: dict[ObjectId, bytes] = attrs.Factory(dict)

    def fetch(self, object_id: ObjectId) -> BinaryIO:
        return io.BytesIO(self.files[object_id])


def back_up(clinic: Clinic, usb: Usb) -> None:
    vault = clinic.vault
    vault.keeping.know_archive(usb.archive_id, "USB 1")
    for row in vault.patients():
        for record in vault.images(row.patient.id):
            with vault._catalog.read() as cursor:
                object_id = stored_object(cursor, record.id, Role.PIXELS).id
            usb.files[object_id] = vault._sealed.folder.path(object_id).read_bytes()
    vault.mark_held(usb.archive_id, usb.files)


def entries(clinic: Clinic, kind: EventKind) -> list[Event]:
    """Entries of a kind, oldest first."""
    reader = cases.trail.open_trail(clinic, cases.trail.OpenTrail())
    return list(reversed(reader.page(EventFilter(kinds=frozenset({kind})), 0, 50)))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def clinic(tmp_path: Path, clock: FakeClock) -> Iterator[Clinic]:
    """A practice with a bitewing and a panoramic, the owner logged in anew after the import."""
    images = write_images(tmp_path / "in", cbct=False)
    with open_clinic(tmp_path / "store", MemoryKeyStore(), clock=clock) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        cases.importing.import_paths(clinic, cases.importing.ImportPaths((images,)))
        clinic.log_off()
        clinic.log_in(OFFICER, PASSWORD)
        yield clinic


def patient_of(clinic: Clinic) -> PatientId:
    return clinic.vault.patients()[0].patient.id


def test_an_eviction_is_in_the_trail_before_it_happens_with_objects_and_digests(
    clinic: Clinic,
) -> None:
    usb = Usb()
    back_up(clinic, usb)
    gone = cases.keeping.evict_images(clinic, cases.keeping.EvictImages(EVERYTHING))
    assert len(gone.image_ids) == 2
    intent, leaving, done = entries(clinic, EventKind.EVICTED)
    assert [each.entry.outcome for each in (intent, leaving, done)] == [
        Outcome.INTENT, Outcome.INTENT, Outcome.DONE,
    ]  # fmt: skip
    assert set(leaving.entry.objects) == set(usb.files)
    assert leaving.entry.patient_id == patient_of(clinic)
    digests = {clinic.vault.record(each).pixel_sha256 for each in gone.image_ids}
    assert set(leaving.entry.digests) == digests
    assert leaving.entry.refers_to == done.entry.refers_to == intent.seq
    assert done.entry.size_bytes == gone.size_bytes
    assert clinic.vault.check().is_sound


def test_nothing_leaves_if_the_trail_can_take_the_intent_but_not_what_leaves(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(clinic, Usb())
    append = clinic.trail.append

    def full(entry: Any) -> Event:
        if entry.kind is EventKind.EVICTED and entry.objects:
            raise TrailUnwritable
        return append(entry)

    monkeypatch.setattr(clinic.trail, "append", full)
    with pytest.raises(TrailUnwritable):
        cases.keeping.evict_images(clinic, cases.keeping.EvictImages(EVERYTHING))
    assert clinic.vault.keeping.usage().free_bytes > 0
    for record in clinic.vault.images(patient_of(clinic)):
        assert clinic.vault.open_pixels(record.id).shape == record.shape


def test_an_evicted_image_says_where_it_is_and_comes_back_when_that_is_connected(
    clinic: Clinic,
) -> None:
    usb = Usb()
    back_up(clinic, usb)
    gone = cases.keeping.evict_images(clinic, cases.keeping.EvictImages(EVERYTHING))
    wanted = cases.library.OpenImage(gone.image_ids[0])
    with pytest.raises(KeptElsewhere, match="USB 1"):
        cases.library.open_image(clinic, wanted)
    chart = cases.library.open_chart(clinic, cases.library.OpenChart(patient_of(clinic)))
    assert len(chart.studies[0].images) == 2
    clinic.vault.keeping.connect(usb)
    assert cases.library.open_image(clinic, wanted).record.id == gone.image_ids[0]


def test_what_a_real_backup_proved_may_leave_and_comes_back_while_it_is_connected(
    clinic: Clinic, tmp_path: Path
) -> None:
    medium = tmp_path / "medium"
    cases.backups.back_up(clinic, cases.backups.BackUp(medium, "USB 1"))
    gone = cases.keeping.evict_images(clinic, cases.keeping.EvictImages(EVERYTHING))
    assert len(gone.image_ids) == 2
    assert cases.store.check_store(clinic, cases.store.CheckStore(deep=True)).is_sound
    medium.rename(tmp_path / "drawer")
    with pytest.raises(KeptElsewhere, match="USB 1"):
        cases.library.open_image(clinic, cases.library.OpenImage(gone.image_ids[0]))
    (tmp_path / "drawer").rename(medium)
    for image_id in gone.image_ids:
        picture = cases.library.open_image(clinic, cases.library.OpenImage(image_id))
        assert picture.record.id == image_id
        assert clinic.vault.keeping.is_here(image_id)


def test_what_a_check_of_the_backup_misses_no_longer_counts_as_held(
    clinic: Clinic, tmp_path: Path
) -> None:
    medium = tmp_path / "medium"
    cases.backups.back_up(clinic, cases.backups.BackUp(medium, "USB 1"))
    for path in (medium / "objects").glob("*/*"):
        path.unlink()
    cases.backups.verify_backup(clinic, cases.backups.VerifyBackup(medium))
    gone = cases.keeping.evict_images(clinic, cases.keeping.EvictImages(EVERYTHING))
    assert gone.image_ids == ()


def test_down_to_the_quota_needs_one(clinic: Clinic) -> None:
    back_up(clinic, Usb())
    with pytest.raises(NothingChosen):
        cases.keeping.evict_images(clinic, cases.keeping.EvictImages())
    here = cases.keeping.measure_store(clinic, cases.keeping.MeasureStore()).usage.here_bytes
    cases.keeping.set_quota(clinic, cases.keeping.SetQuota(Quota(size_bytes=here - 1)))
    gone = cases.keeping.evict_images(clinic, cases.keeping.EvictImages())
    assert len(gone.image_ids) == 1
    changed = entries(clinic, EventKind.KEEPING_CHANGED)
    assert changed[0].entry.why.startswith("quota ")


def test_a_hold_stops_deletion_eviction_erasure_and_purge_until_it_is_released(
    clinic: Clinic, clock: FakeClock
) -> None:
    back_up(clinic, Usb())
    patient_id = patient_of(clinic)
    hold = cases.keeping.put_hold(clinic, cases.keeping.PutHold("1001", "Letter of the court"))
    assert hold.patient_id == patient_id
    gone = cases.keeping.evict_images(clinic, cases.keeping.EvictImages(EVERYTHING))
    assert gone.image_ids == ()
    with pytest.raises(UnderLegalHold):
        cases.keys.erase_patient(clinic, cases.keys.ErasePatient("1001", "asked to"))
    with pytest.raises(UnderLegalHold):
        cases.keeping.purge_images(clinic, cases.keeping.PurgeImages("1001", "over", "0" * 8))
    for record in clinic.vault.images(patient_id):
        with pytest.raises(UnderLegalHold):
            clinic.vault.delete_image(record.id)
    assert len(clinic.vault.images(patient_id)) == 2
    cases.keeping.release_hold(clinic, cases.keeping.ReleaseHold(hold.number, "Settled"))
    cases.keys.erase_patient(clinic, cases.keys.ErasePatient("1001", "asked to"))
    assert clinic.vault.patients() == []


def test_a_rotation_and_a_resealing_go_on_under_a_hold_and_keep_everything(clinic: Clinic) -> None:
    cases.keeping.put_hold(clinic, cases.keeping.PutHold("1001", "Letter of the court"))
    cases.keys.rotate_keys(clinic, cases.keys.RotateKeys())
    cases.keys.seal_anew(clinic, cases.keys.SealAnew())
    for record in clinic.vault.images(patient_of(clinic)):
        assert clinic.vault.open_pixels(record.id).shape == record.shape
    assert clinic.vault.keeping.is_held(patient_of(clinic))


def test_what_was_sealed_anew_is_no_longer_held_by_the_old_backup(clinic: Clinic) -> None:
    back_up(clinic, Usb())
    cases.keys.seal_anew(clinic, cases.keys.SealAnew())
    gone = cases.keeping.evict_images(clinic, cases.keeping.EvictImages(EVERYTHING))
    assert gone.image_ids == ()


def in_thirty_years(clinic: Clinic, clock: FakeClock) -> None:
    """Jump, log in anew, and say that the date is right."""
    clock.start += timedelta(days=365 * 30)
    clinic.log_off()
    clinic.log_in(OFFICER, PASSWORD)
    cases.keeping.confirm_clock(clinic, cases.keeping.ConfirmClock())


def test_a_purge_leaves_one_intent_and_one_outcome_for_the_patient(
    clinic: Clinic, clock: FakeClock
) -> None:
    patient_id = patient_of(clinic)
    digests = {record.pixel_sha256 for record in clinic.vault.images(patient_id)}
    in_thirty_years(clinic, clock)
    [due] = cases.keeping.list_due(clinic, cases.keeping.ListDue())
    request = cases.keeping.PurgeImages("1001", "period ended", due.code)
    assert cases.keeping.purge_images(clinic, request) == due
    assert clinic.vault.patients() == []
    intent, done = entries(clinic, EventKind.PURGED)
    assert (intent.entry.outcome, done.entry.outcome) == (Outcome.INTENT, Outcome.DONE)
    assert intent.entry.patient_id == patient_id
    assert set(intent.entry.objects) == set(due.image_ids)
    assert set(intent.entry.digests) == digests
    assert intent.entry.why == "period ended"


def test_a_clock_that_jumped_purges_and_evicts_nothing_until_somebody_confirms_it(
    clinic: Clinic, clock: FakeClock
) -> None:
    clock.start += timedelta(days=365 * 30)
    [due] = cases.keeping.list_due(clinic, cases.keeping.ListDue())
    with pytest.raises(ClockDoubtful):
        cases.keeping.purge_images(clinic, cases.keeping.PurgeImages("1001", "over", due.code))
    with pytest.raises(ClockDoubtful):
        cases.keeping.evict_images(clinic, cases.keeping.EvictImages(1))
    assert len(clinic.vault.images(due.patient_id)) == 2


def test_a_purge_needs_a_reason_and_the_code_of_the_list(clinic: Clinic, clock: FakeClock) -> None:
    in_thirty_years(clinic, clock)
    [due] = cases.keeping.list_due(clinic, cases.keeping.ListDue())
    with pytest.raises(NothingChosen):
        cases.keeping.purge_images(clinic, cases.keeping.PurgeImages("1001", " ", due.code))
    with pytest.raises(Exception, match="not what was confirmed"):
        cases.keeping.purge_images(clinic, cases.keeping.PurgeImages("1001", "over", "0" * 8))
    assert len(clinic.vault.images(due.patient_id)) == 2


def test_who_may_only_look_changes_nothing(clinic: Clinic) -> None:
    name = add_person(clinic, "dentist")
    clinic.log_in(name, PASSWORD)
    with pytest.raises(NotPermitted):
        cases.keeping.put_hold(clinic, cases.keeping.PutHold("1001", "Letter"))


# the command line


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    root = tmp_path_factory.mktemp("keeper")
    found(root / "store", FileKeyStore(root / "keys.json"))
    images = write_images(root / "in", cbct=False)
    office = Office(root, images, {})
    assert office.bitewing("import", str(images)).status == 0
    return office


def keep(office: Office, *words: str) -> Said:
    return office.bitewing("keep", *words)


def test_usage_is_told_by_kind(office: Office) -> None:
    facts = keep(office, "usage", "--json").facts
    assert {each["kind"]: each["images"] for each in facts["kinds"]} == {
        "bitewing": 1, "panoramic": 1,
    }  # fmt: skip
    assert facts["free_bytes"] == 0
    assert facts["verified_days"] == 30
    assert "could be freed" in keep(office, "usage").out


@pytest.mark.parametrize(
    ("size", "facts"),
    [("200G", (200 * 2**30, None)), ("80%", (None, 80)), ("none", (None, None))],
)
def test_a_quota_is_a_size_a_share_or_none(office: Office, size: str, facts: Any) -> None:
    said = keep(office, "quota", size, "--verified-days", "14", "--json").facts
    assert (said["quota_bytes"], said["quota_percent"], said["verified_days"]) == (*facts, 14)


def test_a_quota_that_is_none_of_these_is_refused_in_one_line(office: Office) -> None:
    assert "no size" in fails(keep(office, "quota", "much"))


def test_an_eviction_that_frees_nothing_says_why_and_fails(office: Office) -> None:
    said = keep(office, "evict", "--free", "1M", "--json")
    assert said.status == 1
    assert said.facts["images"] == []
    assert "verified backup" in said.complaints[0]


def test_holds_are_put_listed_and_released(office: Office) -> None:
    put = keep(office, "hold", "1001", "--reason", "Letter of the court", "--json").facts
    assert "Letter" not in keep(office, "holds").out
    assert [each["number"] for each in keep(office, "holds", "--json").facts] == [put["number"]]
    assert keep(office, "release", str(put["number"]), "--reason", "Settled").status == 0
    assert keep(office, "holds", "--json").facts == []
    [kept] = keep(office, "holds", "--all", "--json").facts
    assert (kept["reason"], kept["release_reason"]) == ("Letter of the court", "Settled")
    assert "No hold" in fails(keep(office, "release", "99", "--reason", "x"))
    assert "no such patient" in fails(keep(office, "hold", "nobody", "--reason", "x"))


def test_periods_are_shown_with_their_sources_and_changed_above_the_floor(office: Office) -> None:
    facts = keep(office, "retention", "--json").facts
    assert facts["years"]["cbct"] == 10
    assert any("StrlSchG" in each["rule"] for each in facts["sources"])
    assert "not legal advice" in keep(office, "retention", "--set", "cbct=15").out
    assert keep(office, "retention", "--json").facts["years"]["cbct"] == 15
    assert "at least 6" in fails(keep(office, "retention", "--set", "cbct=3"))


def test_due_looks_ahead_and_a_purge_before_the_time_is_refused(office: Office) -> None:
    assert keep(office, "due", "--json").facts == []
    [due] = keep(office, "due", "--by", "2090-01-01", "--json").facts
    assert due["whole_patient"]
    line = fails(keep(office, "purge", "1001", "--reason", "over", "--confirm", due["confirm"]))
    assert "No period" in line


def test_the_days_patients_are_pinned(office: Office) -> None:
    assert len(keep(office, "pin", "1001", "--json").facts["patient_ids"]) == 1
    assert "a year ahead" in fails(keep(office, "pin", "1001", "--day", "2001-01-01"))


@pytest.mark.parametrize(
    "action",
    ["usage", "quota", "evict", "hold", "release", "holds", "retention", "due", "purge", "pin",
     "clock"],
)  # fmt: skip
def test_every_action_explains_itself(
    office: Office, action: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert keep(office, action, "--help").status == 0
    assert f"keep {action}" in capsys.readouterr().out


def test_a_date_is_confirmed(office: Office) -> None:
    assert "right" in keep(office, "clock").out


def test_a_backup_that_nobody_looked_at_lately_is_named_where_room_is_planned(
    clinic: Clinic, clock: FakeClock
) -> None:
    clinic.log_in(OFFICER, PASSWORD)
    back_up(clinic, Usb())
    cases.keeping.set_quota(clinic, cases.keeping.SetQuota(None, 3))
    plan = cases.outlook.plan_eviction(clinic, cases.outlook.PlanEviction(EVERYTHING))
    assert (plan.images, plan.stale_since) == (2, None)
    looked = clinic.vault.keeping.last_verified()
    assert looked is not None
    clinic.log_off()
    clock.pass_s(timedelta(days=4).total_seconds())
    clinic.log_in(OFFICER, PASSWORD)
    plan = cases.outlook.plan_eviction(clinic, cases.outlook.PlanEviction(EVERYTHING))
    assert (plan.images, plan.stale_since) == (0, looked)
    measured = cases.keeping.measure_store(clinic, cases.keeping.MeasureStore())
    assert measured.stale_since == looked
    words = stale_words(looked, measured.rules.verified_days)
    assert "counts for 3 days" in words
    assert "--verify" in words
