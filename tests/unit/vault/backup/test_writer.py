"""A snapshot of a store in use: whole, deduplicated, resumed, sealed."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from tests.support.plaintext import assert_no_plaintext
from tests.unit.vault.backup.made_up import PRACTICE, Desk, pixels_of, restored
from tests.unit.vault.made_up import new_keys, new_patient, new_picture, object_files
from viewer.model.errors import Cancelled
from viewer.model.ids import ObjectId
from viewer.vault.backup import medium as medium_module
from viewer.vault.backup.destinations import remembered
from viewer.vault.backup.errors import (
    BackupInUse,
    MediumFault,
    MediumFull,
    MediumGone,
    MediumReadOnly,
    OtherPractice,
)
from viewer.vault.backup.proving import prove
from viewer.vault.backup.repository import Repository
from viewer.vault.errors import ObjectMissing, StoreFault
from viewer.vault.store import Vault

NAME = "Zwetschgenknödel"
CHART = "QX77-MARKER-1"


def files_of(medium: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(medium)): path.read_bytes()
        for path in medium.rglob("*")
        if path.is_file()
    }


def test_a_backup_restores_every_picture_bit_for_bit(desk: Desk, tmp_path: Path) -> None:
    report = desk.back_up()
    assert report.copied_objects == 6
    back = restored(desk.medium, tmp_path / "new")
    assert (back.objects, back.lost) == (6, ())
    with Vault.open(tmp_path / "new", new_keys()) as vault:
        assert {image.id for image in vault.images(desk.patient.id)} == set(desk.stored)
        assert all((vault.open_pixels(each) == px).all() for each, px in desk.stored.items())
        assert vault.check(deep=True).is_sound
        assert vault.has_passed(report.manifest.head)


def test_objects_lie_byte_for_byte_as_in_the_store(desk: Desk) -> None:
    desk.back_up()
    theirs = {path.name: path.read_bytes() for path in object_files(desk.medium)}
    for path in object_files(desk.folder):
        assert theirs[path.name] == path.read_bytes()


def test_a_second_run_copies_only_what_is_new(desk: Desk) -> None:
    desk.back_up()
    before = files_of(desk.medium)
    desk.put(7)
    report = desk.back_up()
    assert (report.copied_objects, report.proved_again) == (3, 0)
    after = files_of(desk.medium)
    assert before.items() <= after.items()


def test_nothing_on_the_medium_tells_a_name_or_a_number(tmp_path: Path) -> None:
    desk = Desk.new(tmp_path / "store", tmp_path / "medium")
    person = new_patient(NAME, "Marker", CHART)
    desk.vault.add_patient(person)
    desk.put(3, person)
    (desk.folder / "accounts.json").write_text(f'{{"name": "{NAME}"}}')
    desk.back_up()
    runs = [pixels_of(3)[20, :16].tobytes()]
    assert_no_plaintext(desk.medium, [NAME, CHART, "Marker"], runs)
    desk.close()


def test_pictures_that_come_and_go_meanwhile_leave_a_consistent_snapshot(
    desk: Desk, tmp_path: Path
) -> None:
    goes = desk.put(20)
    steps = iter([1, 2])

    def in_between(done: int, total: int) -> None:
        step = next(steps, 0) if done else 0
        if step == 1:
            desk.vault.delete_image(goes)
        elif step == 2:
            desk.put(21)

    desk.back_up(progress=in_between)
    del desk.stored[goes]
    report = prove(desk.repository(), new_keys(), tmp_path)
    assert report.flaws == ()
    restored(desk.medium, tmp_path / "new")
    with Vault.open(tmp_path / "new", new_keys()) as vault:
        found = {image.id for image in vault.images(desk.patient.id)}
        assert goes not in found
        assert vault.check(deep=True).is_sound


def test_a_cancelled_run_leaves_no_snapshot_and_the_next_goes_on(desk: Desk) -> None:
    calls = []

    def at_the_fourth() -> bool:
        calls.append(1)
        return len(calls) > 12

    with pytest.raises(Cancelled):
        desk.back_up(at_the_fourth)
    repository = desk.repository()
    assert repository.snapshots() == []
    report = desk.back_up()
    assert report.copied_objects + report.proved_again == 6
    assert prove(desk.repository(), new_keys(), desk.folder).is_sound


def test_what_a_killed_run_left_half_written_is_not_believed(desk: Desk) -> None:
    desk.back_up()
    manifest = desk.repository().choose(new_keys())
    desk.repository().remove_snapshot(manifest.name)
    victim = object_files(desk.folder)[0]
    torn = desk.repository().medium.objects.path(ObjectId(victim.name))
    torn.write_bytes(victim.read_bytes()[:-1])
    (desk.medium / "objects" / "ff" / ("f" * 32 + ".part")).write_bytes(b"half")
    report = desk.back_up()
    assert (report.copied_objects, report.proved_again) == (1, 5)
    assert torn.read_bytes() == victim.read_bytes()
    assert not list(desk.medium.rglob("*.part"))


def test_an_object_that_was_damaged_in_the_store_is_told_and_the_rest_is_kept(
    desk: Desk, tmp_path: Path
) -> None:
    victim = object_files(desk.folder)[0]
    raw = bytearray(victim.read_bytes())
    raw[-1] ^= 1
    victim.write_bytes(raw)
    report = desk.back_up()
    assert report.manifest.damaged == (victim.name,)
    assert report.manifest.object_count == 5
    back = restored(desk.medium, tmp_path / "new")
    assert [part.id for part in back.lost] == [victim.name]


def test_rot_on_the_medium_is_mended_by_a_run_that_proves_everything(desk: Desk) -> None:
    desk.back_up()
    victim = desk.repository().medium.objects.path(ObjectId(object_files(desk.folder)[0].name))
    victim.write_bytes(victim.read_bytes()[:-1] + b"x")
    assert [
        flaw.kind.value for flaw in prove(desk.repository(), new_keys(), desk.folder).flaws
    ] == ["damaged"]
    report = desk.back_up(proves_all=True)
    assert report.copied_objects == 1
    assert prove(desk.repository(), new_keys(), desk.folder).is_sound


def test_another_practices_folder_is_refused(desk: Desk) -> None:
    desk.back_up()
    with pytest.raises(OtherPractice):
        Repository.open_or_make(desk.medium, "b" * 32)


def test_two_writers_exclude_each_other(desk: Desk) -> None:
    repository = desk.repository()
    with repository.lock(), pytest.raises(BackupInUse):
        desk.back_up()


def test_a_medium_without_locks_is_guarded_by_a_file(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(descriptor: int) -> None:
        raise OSError(errno.ENOLCK, "made up")

    monkeypatch.setattr(medium_module, "lock_now", no_locks)
    with desk.repository().lock(), pytest.raises(BackupInUse) as fault:
        desk.back_up()
    assert "backup.busy" in str(fault.value)
    desk.back_up()
    assert not (desk.medium / "backup.busy").exists()


def test_too_small_a_medium_is_told_before_anything_is_copied(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.repository()
    usage = shutil.disk_usage(desk.medium)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(MediumFull, match="MB are needed, 0 MB are free"):
        desk.back_up()
    assert object_files(desk.medium) == []


FAULTS = [
    (errno.ENOSPC, MediumFull),
    (errno.ENODEV, MediumGone),
    (errno.EROFS, MediumReadOnly),
    (errno.EIO, MediumFault),
]


@pytest.mark.parametrize(("code", "expected"), FAULTS)
@pytest.mark.parametrize("at", [1, 3, 6, 8, 11])
def test_a_medium_that_fails_at_any_write_is_named_and_no_snapshot_is_made(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    expected: type[MediumFault],
    at: int,
) -> None:
    repository = desk.repository()
    calls = []

    def failing(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == at:
            raise OSError(code, "made up")

    with monkeypatch.context() as patch:
        patch.setattr(medium_module, "sync_file", failing)
        with pytest.raises(expected):
            desk.back_up()
    assert repository.snapshots() == []
    desk.back_up()
    assert prove(repository, new_keys(), desk.folder).is_sound


def test_a_medium_that_vanishes_in_the_middle_is_gone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    desk.repository()
    calls = []
    real = medium_module.sync_file

    def unplugged(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 3:
            desk.medium.rename(tmp_path / "in a pocket")
        real(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(medium_module, "sync_file", unplugged)
        with pytest.raises(MediumGone):
            desk.back_up()
    assert not desk.medium.exists()
    (tmp_path / "in a pocket").rename(desk.medium)
    assert desk.repository().snapshots() == []
    assert desk.back_up().manifest.number == 1


def test_a_medium_that_cannot_sync_folders_serves_all_the_same(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(descriptor: int) -> None:
        raise OSError(errno.EINVAL, "made up")

    repository = desk.repository()
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", unsupported)
        medium_module.sync_names(desk.medium)
        with (desk.medium / "x").open("wb") as file:
            medium_module.sync_file(file.fileno())
    desk.back_up()
    assert prove(repository, new_keys(), desk.folder).is_sound


def test_a_medium_that_changes_what_it_is_given_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.repository()

    def bent(file: object, content: bytes) -> None:
        file.write(content[:-1] + bytes([content[-1] ^ 1]))  # type: ignore[attr-defined]

    monkeypatch.setattr(medium_module, "write_all", bent)
    with pytest.raises(MediumFault, match="something else than was written"):
        desk.back_up()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="mounts a small disk")
def test_a_full_disk_stops_and_a_larger_one_goes_on(tmp_path: Path) -> None:
    import subprocess

    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(small)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount")
    desk = Desk.new(tmp_path / "store", small / "backup")
    try:
        desk.vault.add_patient(desk.patient)
        for number in range(3):
            pixels = pixels_of(number, (700, 1000))
            desk.stored[new_picture(desk.patient.id, pixels).put(desk.vault).id] = pixels
        with pytest.raises(MediumFull):
            desk.back_up()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(medium_module.Medium, "require_room", lambda self, size: None)
            with pytest.raises(MediumFull):
                desk.back_up()
        assert desk.repository().snapshots() == []
        subprocess.run(["mount", "-o", "remount,size=40m", str(small)], check=True)
        desk.back_up()
        assert prove(desk.repository(), new_keys(), desk.folder).is_sound
    finally:
        desk.close()
        subprocess.run(["umount", str(small)], check=True)


def test_an_object_is_fetched_from_a_known_backup_and_from_no_other(
    desk: Desk, tmp_path: Path
) -> None:
    report = desk.back_up()
    repository, keys = desk.repository(), new_keys()
    known = remembered(repository, desk.medium, "USB 1", keys.current_epoch, report.manifest)
    desk.vault.backups.remember(known)
    (source,) = desk.vault.backups.sources(PRACTICE)
    file = object_files(desk.folder)[0]
    with source.fetch(ObjectId(file.name)) as sealed:
        assert sealed.read() == file.read_bytes()
    with pytest.raises(ObjectMissing):
        source.fetch(ObjectId("0" * 32))
    desk.medium.rename(tmp_path / "drawer")
    with pytest.raises(StoreFault, match="Connect it"):
        source.fetch(ObjectId(file.name))
    shutil.copytree(tmp_path / "drawer", desk.medium)
    marker = desk.medium / "bitewing-backup.json"
    marker.write_text(marker.read_text().replace(known.id, "1" * 32))
    with pytest.raises(StoreFault, match="Connect it"):
        source.fetch(ObjectId(file.name))


def test_windows_paths_that_are_long_lose_their_limit() -> None:
    deep = "C:\\" + "folder\\" * 40 + "x"
    assert medium_module.long_windows_path(deep) == "\\\\?\\" + deep
    share = "\\\\server\\share\\" + "folder\\" * 40 + "x"
    assert medium_module.long_windows_path(share) == "\\\\?\\UNC\\" + share[2:]
    assert medium_module.long_windows_path("\\\\?\\" + deep) == "\\\\?\\" + deep
    assert medium_module.long_windows_path("C:\\short") == "C:\\short"
