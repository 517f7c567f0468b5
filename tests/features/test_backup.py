"""Backup, restore and the state that a store may go on from, as a practice meets them."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.support.practice import OFFICER, PASSWORD, a_patient, write_images
from viewer.app import restoring
from viewer.app.clinic import Clinic, Founding
from viewer.app.commands.console import Console
from viewer.app.commands.main import run
from viewer.app.use_cases import accounts, backups, importing, keys, trail
from viewer.crypto.derive import SMALLEST_STRETCH
from viewer.crypto.errors import NotAuthentic
from viewer.model.ids import UserId
from viewer.session.audit.events import Event, EventFilter, EventKind
from viewer.session.audit.verify import verify_trail
from viewer.session.errors import AccountsTampered, NotPermitted, TrailDamaged
from viewer.session.fork import forks_folder
from viewer.session.keystore import FileKeyStore, KeyStore, MemoryKeyStore
from viewer.session.permissions import KeyName
from viewer.session.recovery import RecoveryKey
from viewer.vault.backup.destinations import begun
from viewer.vault.backup.errors import (
    BackupFoundAgain,
    DestinationUnfit,
    MediumGone,
    RestoreUnfinished,
)
from viewer.vault.backup.repository import Repository
from viewer.vault.backup.restorer import Restoration
from viewer.vault.errors import RolledBack, StoreExists
from viewer.vault.store import Vault

NEW = "copper lantern meadow bicycle"  # made up for tests


@attrs.define(eq=False)
class Office:
    """A practice, its recovery sheet and a medium."""

    root: Path
    keystore: KeyStore
    sheet: str

    @property
    def store(self) -> Path:
        return self.root / "store"

    @property
    def medium(self) -> Path:
        return self.root / "medium"

    @property
    def recovery(self) -> RecoveryKey:
        return RecoveryKey.from_text(self.sheet)

    def open(self, store: Path | None = None, keystore: KeyStore | None = None) -> Clinic:
        return Clinic(store or self.store, keystore or self.keystore)

    def work(self, deed: Callable[[Clinic], Any], password: str = PASSWORD) -> Any:
        """Log in, do it, and leave."""
        clinic = self.open()
        try:
            clinic.log_in(OFFICER, password)
            return deed(clinic)
        finally:
            clinic.close()

    def bring(self, seed: int, chart: str = "1001") -> list[Any]:
        """Import two pictures; return their records."""
        folder = write_images(
            self.root / f"in{seed}", a_patient(chart=chart), cbct=False, seed=seed
        )
        request = importing.ImportPaths((folder,))
        report = self.work(lambda clinic: importing.import_paths(clinic, request))
        return [each.record for each in report.new]

    def back_up(self, medium: Path | None = None, **more: Any) -> backups.BackedUp:
        request = backups.BackUp(medium or self.medium, **more)
        done = self.work(lambda clinic: backups.back_up(clinic, request))
        assert isinstance(done, backups.BackedUp)
        return done

    def restore(self, store: Path, keystore: KeyStore, **more: Any) -> restoring.RestoreReport:
        request = restoring.RestoreRequest(self.medium, store, OFFICER, NEW, **more)
        return restoring.restore(keystore, request, self.recovery)


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """A practice with two pictures, made once; each test works on a copy of its own."""
    root, keystore = tmp_path_factory.mktemp("founded"), MemoryKeyStore()
    founding = Founding("Test Practice", OFFICER, PASSWORD, stretch=SMALLEST_STRETCH)
    recovery = Clinic.found(root / "store", keystore, founding)
    office = Office(root, keystore, recovery.text)
    recovery.wipe()
    office.bring(7)
    return office


@pytest.fixture
def office(founded: Office, tmp_path: Path) -> Office:
    shutil.copytree(founded.root, tmp_path, dirs_exist_ok=True)
    keystore = MemoryKeyStore()
    assert isinstance(founded.keystore, MemoryKeyStore)
    keystore._texts.update(founded.keystore._texts)
    return Office(tmp_path, keystore, founded.sheet)


def pixels(clinic: Clinic) -> dict[str, Any]:
    vault = clinic.vault
    found: dict[str, Any] = {}
    for summary in vault.patients(limit=1000):
        for record in vault.images(summary.patient.id):
            found[record.id] = vault.open_pixels(record.id)
    return found


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all((one[each] == other[each]).all() for each in one)


def entries(clinic: Clinic, kind: EventKind) -> list[Event]:
    reader = trail.open_trail(clinic, trail.OpenTrail())
    return list(reader.page(EventFilter(kinds=frozenset({kind})), 0, 50))


# an empty machine


def test_everything_comes_back_on_an_empty_machine_with_the_sheet_alone(office: Office) -> None:
    before = office.work(pixels)
    office.back_up()
    shutil.rmtree(office.store)
    keystore = MemoryKeyStore()
    report = office.restore(office.root / "new", keystore)
    assert report.is_whole
    clinic = office.open(office.root / "new", keystore)
    clinic.log_in(OFFICER, NEW)
    assert same(pixels(clinic), before)
    assert clinic.vault.check(deep=True).is_sound
    restored = entries(clinic, EventKind.RESTORED)[0]
    assert (restored.segment, restored.entry.actor.name) == (2, OFFICER)
    assert entries(clinic, EventKind.IMPORT)[0].segment == 1
    clinic.close()
    lines = (office.root / "new" / "trail" / "public.key").read_text()
    assert verify_trail(office.root / "new", lines).is_whole


def test_another_practices_sheet_opens_nothing(office: Office) -> None:
    office.back_up()
    other = RecoveryKey.new()
    request = restoring.RestoreRequest(office.medium, office.root / "new", OFFICER, NEW)
    with pytest.raises(NotAuthentic):
        restoring.restore(MemoryKeyStore(), request, other)
    assert not (office.root / "new").exists()


def test_a_damaged_object_is_told_and_the_rest_comes_back(office: Office) -> None:
    before = office.work(pixels)
    office.back_up()
    repository = Repository.open(office.medium)
    clinic = office.open()
    clinic.log_in(OFFICER, PASSWORD)
    image_id = next(iter(before))
    with clinic.vault._catalog.read() as cursor:
        sql = "SELECT id FROM objects WHERE image_id = ? AND role = 'pixels'"
        row = cursor.execute(sql, (image_id,)).fetchone()
    assert row is not None
    victim = row[0]
    clinic.close()
    path = repository.medium.objects.path(victim)
    raw = bytearray(path.read_bytes())
    raw[100] ^= 1
    path.write_bytes(raw)
    keystore = MemoryKeyStore()
    report = office.restore(office.root / "new", keystore)
    assert [part.id for part in report.lost] == [victim]
    back = office.open(office.root / "new", keystore)
    back.log_in(OFFICER, NEW)
    assert entries(back, EventKind.RESTORED)[0].entry.objects == (victim,)
    whole = {each: px for each, px in before.items() if each != image_id}
    assert all((back.vault.open_pixels(each) == px).all() for each, px in whole.items())
    back.close()


def test_an_older_snapshot_is_chosen_by_its_number(office: Office) -> None:
    before = office.work(pixels)
    office.back_up()
    office.bring(9)
    office.back_up()
    found = restoring.list_snapshots(office.medium, office.recovery)
    assert [each.number for each in found] == [1, 2]
    keystore = MemoryKeyStore()
    office.restore(office.root / "new", keystore, snapshot=1)
    clinic = office.open(office.root / "new", keystore)
    clinic.log_in(OFFICER, NEW)
    assert same(pixels(clinic), before)
    clinic.close()


@pytest.mark.parametrize("at", ["objects", "trail", "accounts", "install", "head"])
def test_a_restore_that_was_cut_off_is_refused_as_a_store_and_goes_on(
    office: Office, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    before = office.work(pixels)
    office.back_up()
    keystore, new = MemoryKeyStore(), office.root / "new"
    places: dict[str, tuple[Any, str]] = {
        "objects": (Restoration, "fetch"),
        "trail": (restoring, "_practice"),
        "accounts": (restoring, "_trail"),
        "install": (Restoration, "install"),
        "head": (Restoration, "finish"),
    }

    def cut(*_: object, **__: object) -> None:
        raise MediumGone

    with monkeypatch.context() as patch:
        patch.setattr(*places[at], cut)
        with pytest.raises(MediumGone):
            office.restore(new, keystore)
    with pytest.raises(RestoreUnfinished):
        office.open(new, keystore)
    assert office.restore(new, keystore).is_whole
    clinic = office.open(new, keystore)
    clinic.log_in(OFFICER, NEW)
    assert same(pixels(clinic), before)
    assert clinic.trail.verify().is_whole
    clinic.close()


def test_a_restore_that_was_cut_off_before_a_rotation_goes_on_after_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = office.work(pixels)
    office.back_up()
    keystore, new = MemoryKeyStore(), office.root / "new"

    def cut(*_: object, **__: object) -> None:
        raise MediumGone

    with monkeypatch.context() as patch:
        patch.setattr(restoring, "_finish", cut)
        with pytest.raises(MediumGone):
            office.restore(new, keystore)
    office.work(lambda clinic: keys.rotate_keys(clinic, keys.RotateKeys()))
    office.back_up()
    assert office.restore(new, keystore).is_whole
    clinic = office.open(new, keystore)
    clinic.log_in(OFFICER, NEW)
    assert same(pixels(clinic), before)
    clinic.close()


def test_a_backup_of_the_restored_store_goes_on_in_the_same_folder(office: Office) -> None:
    office.back_up()
    shutil.rmtree(office.store)
    keystore = MemoryKeyStore()
    office.restore(office.store, keystore)
    office.keystore = keystore
    request = backups.BackUp(office.medium)
    done = office.work(lambda clinic: backups.back_up(clinic, request), NEW)
    assert done.report.manifest.number == 2
    assert done.report.copied_objects == 0


# the same machine: an authorised fork


def test_a_store_is_not_overwritten_unless_it_is_said(office: Office) -> None:
    office.back_up()
    with pytest.raises(StoreExists):
        office.restore(office.store, office.keystore)
    assert office.work(pixels)


def test_restoring_an_older_state_here_is_a_fork_in_the_trail_and_the_newer_is_set_aside(
    office: Office,
) -> None:
    before = office.work(pixels)
    office.back_up()
    office.bring(9)
    office.restore(office.store, office.keystore, replaces=True, why="wrong import")
    clinic = office.open()
    clinic.log_in(OFFICER, NEW)
    assert same(pixels(clinic), before)
    fork = entries(clinic, EventKind.HISTORY_FORKED)[0].entry
    assert "wrong import" in fork.why
    assert fork.actor.name == OFFICER
    assert len(entries(clinic, EventKind.IMPORT)) == 4  # the trail never goes back
    assert clinic.trail.verify().is_whole
    clinic.close()
    aside = office.store / "set-aside-1"
    assert (aside / "catalog.db").exists()
    assert len([path for path in (aside / "objects").rglob("*") if path.is_file()]) > 6
    office.work(pixels, NEW)


# setting back, as an attack


PARTS = ["accounts.json", "trail", "catalog", "everything"]


def copy_part(part: str, source: Path, target: Path) -> None:
    if part == "everything":
        shutil.rmtree(target)
        shutil.copytree(source, target)
    elif part == "trail":
        shutil.rmtree(target / "trail")
        shutil.copytree(source / "trail", target / "trail")
    elif part == "catalog":
        for path in target.glob("catalog.db*"):
            path.unlink()
        shutil.copy(source / "catalog.db", target / "catalog.db")
    else:
        shutil.copy(source / part, target / part)


@pytest.fixture
def old_copy(office: Office) -> Path:
    """The folder as it was before the newest pictures and a change of the accounts."""
    shutil.copytree(office.store, office.root / "old")
    office.bring(9)
    change = accounts.ChangePassword(PASSWORD, PASSWORD + " anew")
    office.work(lambda clinic: accounts.change_password(clinic, change))
    return office.root / "old"


@pytest.mark.parametrize(
    ("part", "refusal"),
    list(
        zip(
            PARTS,
            [AccountsTampered, TrailDamaged, RolledBack, (AccountsTampered, TrailDamaged)],
            strict=True,
        )
    ),
)
def test_a_part_or_the_whole_put_back_is_refused_with_what_to_do_now(
    office: Office, old_copy: Path, part: str, refusal: Any
) -> None:
    copy_part(part, old_copy, office.store)
    with pytest.raises(refusal) as fault:
        office.work(pixels, PASSWORD + " anew")
    assert "security officer" in str(fault.value)


@pytest.mark.parametrize("part", ["accounts.json", "catalog"])
def test_an_alarm_is_in_the_trail_where_it_can_be_written(
    office: Office, old_copy: Path, part: str
) -> None:
    newest = office.root / "newest"
    shutil.copytree(office.store, newest)
    copy_part(part, old_copy, office.store)
    with pytest.raises((AccountsTampered, RolledBack)):
        office.work(pixels, PASSWORD + " anew")
    copy_part(part, newest, office.store)
    clinic = office.open()
    clinic.log_in(OFFICER, PASSWORD + " anew")
    alarm = entries(clinic, EventKind.SET_BACK)[0]
    assert alarm.entry.outcome.value == "refused"
    clinic.close()


def test_newer_pictures_survive_while_an_old_catalog_is_refused(
    office: Office, old_copy: Path
) -> None:
    newest = office.root / "newest"
    shutil.copytree(office.store, newest)
    objects = {path.name for path in (office.store / "objects").rglob("*") if path.is_file()}
    copy_part("catalog", old_copy, office.store)
    (office.store / "store.open").touch()
    with pytest.raises(RolledBack):
        office.work(pixels, PASSWORD + " anew")
    assert objects == {p.name for p in (office.store / "objects").rglob("*") if p.is_file()}


def test_a_person_who_manages_keys_may_accept_an_old_catalog_and_nothing_is_deleted(
    office: Office, old_copy: Path
) -> None:
    objects = {path.name for path in (office.store / "objects").rglob("*") if path.is_file()}
    copy_part("catalog", old_copy, office.store)
    clinic = office.open()
    signed = clinic.accept_fork(OFFICER, PASSWORD + " anew", "disk was replaced")
    assert signed is not None
    clinic.log_in(OFFICER, PASSWORD + " anew")
    fork = entries(clinic, EventKind.HISTORY_FORKED)[0].entry
    assert fork.digests == (signed.digest,)
    clinic.close()
    (office.store / "store.open").touch()
    office.work(pixels, PASSWORD + " anew")
    assert objects <= {p.name for p in (office.store / "objects").rglob("*") if p.is_file()}


def test_a_dentist_may_not_accept_an_old_catalog(office: Office) -> None:
    from tests.support.practice import add_person

    name = office.work(lambda clinic: add_person(clinic, "dentist"))
    shutil.copytree(office.store, office.root / "old")
    office.bring(9)
    copy_part("catalog", office.root / "old", office.store)
    clinic = office.open()
    with pytest.raises(NotPermitted):
        clinic.accept_fork(name, PASSWORD, "because")
    with pytest.raises(RolledBack):
        clinic.log_in(OFFICER, PASSWORD)
    clinic.close()


def test_an_accepted_statement_does_not_hold_a_second_time(office: Office, old_copy: Path) -> None:
    copy_part("catalog", old_copy, office.store)
    clinic = office.open()
    clinic.accept_fork(OFFICER, PASSWORD + " anew", "once")
    clinic.close()
    accepted = office.root / "accepted"
    shutil.copytree(office.store, accepted)
    office.work(
        lambda clinic: clinic.vault.save_draft(UserId("u" * 32), "x", b"x"), PASSWORD + " anew"
    )
    assert list(forks_folder(office.store).glob("*.json"))
    for source in (old_copy, accepted):  # replayed: the catalogs of before and after the fork
        copy_part("catalog", source, office.store)
        with pytest.raises(RolledBack):
            office.work(pixels, PASSWORD + " anew")


@pytest.mark.parametrize("edit", ["when", "to", "signature", "practice", "spelling"])
def test_a_forged_or_edited_statement_opens_nothing(
    office: Office, old_copy: Path, edit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from viewer.app import forking

    newest = office.root / "newest"
    shutil.copytree(office.store, newest)
    copy_part("catalog", old_copy, office.store)
    clinic = office.open()
    with monkeypatch.context() as patch:  # the machine goes down before the head is replaced
        patch.setattr(forking, "settle", lambda *_: None)
        clinic.accept_fork(OFFICER, PASSWORD + " anew", "power cut")
    clinic.close()
    path = next(forks_folder(office.store).glob("*.json"))
    body = json.loads(path.read_bytes())
    statement = body["statement"]
    match edit:
        case "when":
            statement["when"] = "2020-01-01T00:00:00+00:00"
        case "to":
            statement["to_size"] -= 1
        case "signature":
            body["signature"] = "00" * 64
        case "practice":
            statement["practice_id"] = "b" * 32
        case _:
            pass
    path.write_text(json.dumps(body, indent=1) if edit == "spelling" else json.dumps(body))
    with pytest.raises(RolledBack):
        office.work(pixels, PASSWORD + " anew")


def test_a_fork_that_was_signed_before_the_power_went_holds_after_it(
    office: Office, old_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from viewer.app import forking

    copy_part("catalog", old_copy, office.store)
    clinic = office.open()
    with monkeypatch.context() as patch:
        patch.setattr(forking, "settle", lambda *_: None)
        clinic.accept_fork(OFFICER, PASSWORD + " anew", "power cut")
    clinic.close()
    office.work(pixels, PASSWORD + " anew")
    office.work(pixels, PASSWORD + " anew")


def test_a_whole_folder_put_back_is_accepted_by_the_sheet_alone(
    office: Office, old_copy: Path
) -> None:
    copy_part("everything", old_copy, office.store)
    with pytest.raises((AccountsTampered, TrailDamaged)):
        office.open()
    done = restoring.accept_folder(
        office.store, office.keystore, office.recovery, OFFICER, NEW, "disk image"
    )
    assert done.histories == ("trail", "catalog")
    clinic = office.open()
    clinic.log_in(OFFICER, NEW)
    words = [each.entry.why for each in entries(clinic, EventKind.HISTORY_FORKED)]
    assert [word.split()[0] for word in words] == ["catalog", "trail"]
    clinic.close()


# rotation and erasing


def test_after_a_rotation_backups_go_on_and_older_snapshots_open(office: Office) -> None:
    before = office.work(pixels)
    office.back_up()
    office.work(lambda clinic: keys.rotate_keys(clinic, keys.RotateKeys()))
    office.bring(9)
    done = office.back_up()
    assert done.report.manifest.epoch == 2
    keystore = MemoryKeyStore()
    office.restore(office.root / "new", keystore, snapshot=1)
    clinic = office.open(office.root / "new", keystore)
    clinic.log_in(OFFICER, NEW)
    assert same(pixels(clinic), before)
    clinic.close()


def erase(office: Office, patient_id: str) -> keys.PatientErased:
    request = keys.ErasePatient(patient_id, "asked to")
    done = office.work(lambda clinic: keys.erase_patient(clinic, request))
    assert isinstance(done, keys.PatientErased)
    return done


def test_erasing_a_patient_reaches_a_connected_backup_by_key(office: Office) -> None:
    other = office.bring(9, chart="2002")[0]
    office.back_up()
    old_medium = office.root / "thief"
    shutil.copytree(office.medium, old_medium)
    done = erase(office, other.patient_id)
    assert done.certificate.is_final
    found = restoring.list_snapshots(office.medium, office.recovery)
    assert [each.epoch for each in found] == [2]
    report = office.work(
        lambda clinic: backups.verify_backup(clinic, backups.VerifyBackup(office.medium))
    )
    assert (report.is_sound, report.spare) == (True, 0)
    keystore = MemoryKeyStore()
    office.restore(office.root / "new", keystore)
    clinic = office.open(office.root / "new", keystore)
    clinic.log_in(OFFICER, NEW)
    assert len(pixels(clinic)) == 2
    clinic.close()


def test_a_backup_that_was_not_connected_stays_pending_and_is_caught_up_later(
    office: Office,
) -> None:
    other = office.bring(9, chart="2002")[0]
    office.back_up(label="USB 1")
    office.medium.rename(office.root / "drawer")
    done = erase(office, other.patient_id)
    assert done.keys.pending == ("USB 1",)
    live = office.work(lambda clinic: clinic.practice.live_epochs(KeyName.IMAGES))
    assert live == {1, 2}
    (office.root / "drawer").rename(office.medium)
    caught = office.back_up()
    assert (caught.retired, caught.pending) == ((1,), ())
    found = restoring.list_snapshots(office.medium, office.recovery)
    assert {each.epoch for each in found} == {2}
    keystore = MemoryKeyStore()
    office.restore(office.root / "new", keystore, snapshot=1)
    clinic = office.open(office.root / "new", keystore)
    clinic.log_in(OFFICER, NEW)
    assert len(pixels(clinic)) == 2
    clinic.close()


def test_a_lost_backup_is_given_up_and_the_old_epoch_goes(office: Office) -> None:
    other = office.bring(9, chart="2002")[0]
    made = office.back_up(label="USB 1")
    shutil.rmtree(office.medium)
    assert erase(office, other.patient_id).keys.pending == ("USB 1",)
    request = backups.LoseBackup(made.report.manifest.repository_id, "stolen")
    pending = office.work(lambda clinic: backups.lose_backup(clinic, request))
    assert pending == ()
    live = office.work(lambda clinic: clinic.practice.live_epochs(KeyName.IMAGES))
    assert live == {2}


def test_a_lost_backup_that_turns_up_is_used_again_only_if_somebody_says_so(
    office: Office,
) -> None:
    made = office.back_up(label="USB 1")
    request = backups.LoseBackup(made.report.manifest.repository_id, "lost on the train")
    office.work(lambda clinic: backups.lose_backup(clinic, request))
    before = {path: path.read_bytes() for path in office.medium.rglob("*") if path.is_file()}
    office.bring(9)
    with pytest.raises(BackupFoundAgain, match="declared lost"):
        office.back_up()
    after = {path: path.read_bytes() for path in office.medium.rglob("*") if path.is_file()}
    assert after == before
    assert office.work(lambda clinic: [each.is_lost for each in clinic.vault.backups.known()])[0]
    office.back_up(takes_back=True)
    assert office.work(lambda clinic: [each.is_lost for each in clinic.vault.backups.known()]) == [
        False
    ]
    said = office.work(lambda clinic: [e.entry.why for e in entries(clinic, EventKind.BACKUP)])
    assert any("take back a lost backup" in why for why in said)


def test_a_destination_without_a_snapshot_has_no_date(office: Office) -> None:
    made = begun(Repository.open_or_make(office.medium, "a" * 32), office.medium, "USB 1", 1)
    assert not made.is_finished
    assert attrs.evolve(made, snapshot_number=1).is_finished


# destinations


def test_a_medium_that_was_set_back_is_told(office: Office) -> None:
    office.back_up()
    shutil.copytree(office.medium, office.root / "older")
    office.back_up()
    shutil.rmtree(office.medium)
    (office.root / "older").rename(office.medium)
    assert office.back_up().was_set_back


@pytest.mark.parametrize("place", ["store/backup", ".", "nowhere/backup"])
def test_a_folder_that_cannot_serve_is_refused(office: Office, place: str) -> None:
    with pytest.raises(DestinationUnfit):
        office.back_up(office.root / place)


def test_old_snapshots_are_pruned_and_what_only_they_held_goes(office: Office) -> None:
    office.back_up()
    gone = office.bring(9)
    office.back_up()

    def delete(clinic: Clinic) -> None:
        for each in gone:
            clinic.vault.delete_image(each.id)

    office.work(delete)
    done = office.back_up(keep=1)
    assert done.pruned is not None
    assert done.pruned.removed == (1, 2)
    report = office.work(
        lambda clinic: backups.verify_backup(clinic, backups.VerifyBackup(office.medium))
    )
    assert (report.snapshots, report.spare, report.is_sound) == (1, 0, True)


# the command line


@pytest.fixture
def command(office: Office) -> Callable[..., tuple[int, str, str]]:
    def bitewing(
        *words: str, source: str = f"{PASSWORD}\n", machine: str = "keys"
    ) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        place = ("--keystore", f"file:{office.root / machine}.json", "--password-file", "-")
        status = run((*place, *words), Console(out, err, io.StringIO(source)))
        return status, out.getvalue(), err.getvalue()

    return bitewing


def test_backup_list_verify_and_restore_on_the_command_line(
    office: Office, command: Callable[..., tuple[int, str, str]]
) -> None:
    store, medium = str(office.root / "cli"), str(office.root / "usb")
    founding = Founding("Test Practice", OFFICER, PASSWORD, stretch=SMALLEST_STRETCH)
    keystore = FileKeyStore(office.root / "keys.json")
    sheet = Clinic.found(Path(store), keystore, founding)
    (office.root / "sheet").write_text(sheet.text + "\n")
    here = ("--store", store, "--user", OFFICER)
    assert command(*here, "import", str(office.root / "in7"))[0] == 0
    status, out, _ = command(*here, "--json", "backup", medium)
    assert (status, json.loads(out)["objects"]) == (0, 6)
    status, out, _ = command(*here, "backup", "--list", medium)
    assert (status, out.splitlines()[0].split()[0]) == (0, "1")
    status, out, _ = command(*here, "--json", "backup", "--verify", medium)
    assert (status, json.loads(out)["sound"]) == (0, True)
    new = str(office.root / "elsewhere")
    status, out, err = command(
        "--store", new, "restore", medium, "--officer", OFFICER,
        "--recovery-file", str(office.root / "sheet"), source=f"{NEW}\n", machine="other",
    )  # fmt: skip
    assert (status, out.splitlines()[0]) == (0, "Restored: 6 objects of snapshot 1."), err
    there = ("--store", new, "--user", OFFICER)
    assert command(*there, "check", source=f"{NEW}\n", machine="other")[0] == 0
    assert command(*there, "audit", "verify", source=f"{NEW}\n", machine="other")[0] == 0
    status, _, err = command(*here, "backup", str(office.root / "in7" / "bitewing.dcm"))
    assert status == 1
    assert len([line for line in err.splitlines() if not line.startswith("Warning")]) == 1


def test_a_vault_of_before_opens_and_knows_no_backup(office: Office) -> None:
    assert office.work(lambda clinic: clinic.vault.backups.known()) == []
    assert isinstance(office.work(lambda clinic: clinic.vault), Vault)
