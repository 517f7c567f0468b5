"""A restore does not undo what the law asked for since, and can be cut off anywhere."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.features.test_backup import (
    NEW,
    Office,
    entries,
    erase,
    founded,
    office,
    pixels,
)
from tests.support.practice import OFFICER
from viewer.app import restoring
from viewer.app.commands.backups import words_of
from viewer.app.use_cases import keeping
from viewer.model.ids import PatientId
from viewer.session.audit.events import EventKind
from viewer.session.keystore import KeyStore, MemoryKeyStore
from viewer.vault.backup.restorer import Restoration

__all__ = ["founded", "office"]


def away(office: Office) -> None:
    """Take the medium out of reach: an erasing does not get there."""
    office.medium.rename(office.root / "drawer")


def restored(
    office: Office, source: str = "drawer", store: Path | None = None, **more: Any
) -> restoring.RestoreReport:
    keystore: KeyStore = MemoryKeyStore() if store else office.keystore
    request = restoring.RestoreRequest(
        office.root / source, store or office.store, OFFICER, NEW, replaces=store is None, **more
    )
    return restoring.restore(keystore, request, office.recovery)


def there(office: Office) -> set[PatientId]:
    """Return who is in the restored store, which is sound."""
    clinic = office.open()
    try:
        clinic.log_in(OFFICER, NEW)
        assert clinic.vault.check(deep=True).findings == ()
        return {each.patient.id for each in clinic.vault.patients()}
    finally:
        clinic.close()


def test_a_restore_in_place_does_not_bring_back_who_was_erased_since(office: Office) -> None:
    other = office.bring(9, chart="2002")[0].patient_id
    office.back_up()
    away(office)
    erase(office, other)
    report = restored(office)
    assert (report.again.is_known, report.again.erased) == (True, (other,))
    assert "1 patients were erased and are again" in words_of(report)
    left = there(office)
    assert left
    assert other not in left
    clinic = office.open()
    clinic.log_in(OFFICER, NEW)
    assert clinic.vault.keys.erased() == [other]  # so a backup that still has him forgets him
    assert "1 patients erased again" in entries(clinic, EventKind.RESTORED)[0].entry.why
    held = {path.name for path in (office.store / "objects").rglob("*") if path.is_file()}
    with clinic.vault._catalog.read() as cursor:
        listed = {row[0] for row in cursor.execute("SELECT id FROM objects").fetchall()}
    assert held == listed
    clinic.close()


def test_the_trail_tells_where_the_list_of_the_store_that_was_here_does_not_open(
    office: Office,
) -> None:
    other = office.bring(9, chart="2002")[0].patient_id
    office.back_up()
    away(office)
    erase(office, other)
    for path in office.store.glob("catalog.*"):
        path.write_bytes(b"\0" * path.stat().st_size)
    report = restored(office)
    assert (report.again.is_known, report.again.erased) == (True, (other,))
    assert other not in there(office)


def test_a_hold_that_was_put_since_stands_after_a_restore_in_place(office: Office) -> None:
    person = next(iter(office.work(pixels)))
    patient = office.work(lambda clinic: clinic.vault.record(person).patient_id)
    office.back_up()
    office.work(lambda clinic: keeping.put_hold(clinic, keeping.PutHold(patient, "court")))
    report = restored(office, "medium")
    assert (report.again.erased, report.again.holds) == ((), 1)
    clinic = office.open()
    clinic.log_in(OFFICER, NEW)
    assert [hold.reason for hold in clinic.vault.keeping.holds(patient)] == ["court"]
    clinic.close()
    assert restored(office, "medium").again.holds == 1  # again in place: still one, no second
    clinic = office.open()
    clinic.log_in(OFFICER, NEW)
    assert len(clinic.vault.keeping.holds(patient)) == 1
    clinic.close()


def test_an_empty_machine_says_that_it_cannot_know(office: Office) -> None:
    other = office.bring(9, chart="2002")[0].patient_id
    office.back_up()
    away(office)
    erase(office, other)
    report = restored(office, store=office.root / "new")
    assert (report.again.is_known, report.again.erased) == (False, ())
    assert "not known here" in words_of(report)


@pytest.mark.parametrize("moves", range(6))
def test_setting_a_store_aside_that_was_cut_off_is_ended_by_the_next_restore(
    office: Office, monkeypatch: pytest.MonkeyPatch, moves: int
) -> None:
    other = office.bring(9, chart="2002")[0].patient_id
    office.back_up()
    away(office)
    erase(office, other)
    before = {path.name for path in office.store.iterdir()}
    rename, done = Path.rename, [0]

    def moved(self: Path, target: Path) -> Path:
        if "set-aside" in str(target):
            if done[0] == moves:
                raise KeyboardInterrupt
            done[0] += 1
        return rename(self, target)

    with monkeypatch.context() as dying:
        dying.setattr(Path, "rename", moved)
        try:
            Restoration(office.store, replaces=True).close()
        except KeyboardInterrupt:
            assert done[0] == moves
    report = restored(office)
    assert report.again.erased == (other,)  # catalog and accounts lie together
    asides = sorted(path.name for path in office.store.glob("set-aside-*"))
    assert asides == ["set-aside-1"]
    aside = {path.name for path in (office.store / "set-aside-1").iterdir()}
    assert {"catalog.db", "accounts.json", "vault.json", "objects"} <= aside <= before
    assert other not in there(office)


def test_an_object_that_a_killed_restore_was_writing_does_not_stop_the_next(
    office: Office,
) -> None:
    office.back_up()
    target, keystore = office.root / "new", MemoryKeyStore()
    Restoration(target).close()
    for source in (office.medium / "objects").rglob("*"):
        if source.is_file():
            torn = target / "objects" / source.parent.name / f"{source.name}.part"
            torn.parent.mkdir(parents=True, exist_ok=True)
            torn.write_bytes(source.read_bytes()[:100])
    assert office.restore(target, keystore).is_whole
    assert not list(target.rglob("*.part"))


def test_an_unfinished_restore_of_another_snapshot_leaves_nothing_behind(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.back_up()
    office.bring(9, chart="2002")
    office.back_up()
    target, keystore = office.root / "new", MemoryKeyStore()

    def dies(self: Restoration) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(Restoration, "install", dies)
        with pytest.raises(KeyboardInterrupt):
            office.restore(target, keystore, snapshot=2)
    office.restore(target, keystore, snapshot=1)
    clinic = office.open(target, keystore)
    clinic.log_in(OFFICER, NEW)
    assert clinic.vault.check(deep=True).findings == ()
    clinic.close()
    shutil.rmtree(target)
