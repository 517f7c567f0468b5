"""Objects on disk: whole or not there."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

import pytest

from viewer.model.ids import ObjectId
from viewer.vault.errors import DiskFull, StoreFault
from viewer.vault.v1 import folder as folder_module
from viewer.vault.v1.folder import ObjectFolder, is_leftover, is_object

ID = ObjectId("0f" * 16)


@pytest.fixture
def objects(tmp_path: Path) -> ObjectFolder:
    made = ObjectFolder(tmp_path / "objects")
    made.create()
    return made


def fill(file: BinaryIO) -> None:
    file.write(b"sealed")


def test_a_written_object_lies_in_the_folder_of_its_first_digits(objects: ObjectFolder) -> None:
    objects.write(ID, fill)
    assert objects.path(ID).read_bytes() == b"sealed"
    assert objects.path(ID).parent.name == "0f"


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "0F" * 16, "0f" * 15, "0f" * 16 + "\n"])
def test_only_an_object_id_becomes_a_path(objects: ObjectFolder, name: str) -> None:
    with pytest.raises(ValueError, match="object id"):
        objects.path(ObjectId(name))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EFBIG, errno.EIO])
def test_a_failed_write_leaves_no_file(objects: ObjectFolder, tmp_path: Path, code: int) -> None:
    def fail(file: BinaryIO) -> None:
        file.write(b"half")
        raise OSError(code, "made up")

    with pytest.raises(StoreFault) as told:
        objects.write(ID, fail)
    assert isinstance(told.value, DiskFull) == (code != errno.EIO)
    assert list(objects.names()) == []


def test_folders_that_cannot_be_made_are_a_fault_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "made up")

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(DiskFull):
        ObjectFolder(tmp_path / "objects").create()


def test_the_file_and_its_folder_are_synced_in_that_order_about_the_rename(
    objects: ObjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, rename = os.fsync, Path.replace

    def record_sync(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        steps.append("sync folder" if is_folder else "sync file")
        fsync(descriptor)

    def record_rename(self: Path, target: Path) -> Path:
        steps.append("rename")
        return rename(self, target)

    monkeypatch.setattr(folder_module.os, "fsync", record_sync)
    monkeypatch.setattr(Path, "replace", record_rename)
    objects.write(ID, fill)
    assert steps == ["sync file", "rename", "sync folder"]


def test_windows_is_tried_again_while_a_scanner_holds_the_file(
    objects: ObjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename, tries, waits = Path.replace, [], []

    def busy_twice(self: Path, target: Path) -> Path:
        tries.append(1)
        if len(tries) < 3:
            raise PermissionError(errno.EACCES, "sharing violation")
        return rename(self, target)

    monkeypatch.setattr(folder_module, "_IS_WINDOWS", True)
    monkeypatch.setattr(folder_module.time, "sleep", waits.append)
    monkeypatch.setattr(Path, "replace", busy_twice)
    objects.write(ID, fill)
    assert objects.path(ID).exists()
    assert len(waits) == 2


def test_leftovers_are_removed_and_whole_objects_stay(objects: ObjectFolder) -> None:
    objects.write(ID, fill)
    objects.path(ID).with_name(ID + ".part").write_bytes(b"half")
    assert objects.remove_leftovers() == 1
    assert list(objects.names()) == [ID]


def test_names_tell_objects_leftovers_and_strangers_apart() -> None:
    assert is_object(ID)
    assert is_leftover(ID + ".part")
    assert not any(map(is_object, ["Thumbs.db", ID + ".part", f"aa/{ID}"]))
    assert not is_leftover("x.part")
