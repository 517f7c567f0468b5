"""What somebody with the folder tries, and what a disk or a power cut does to it."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.plaintext import assert_no_plaintext
from tests.unit.vault.made_up import ROOT, new_keys, new_patient, new_picture, object_files
from viewer.model.ids import ImageId, UserId
from viewer.model.patient import Patient
from viewer.vault.errors import (
    DiskFull,
    ObjectDamaged,
    RolledBack,
    StoreDamaged,
    StoreFault,
    StoreInUse,
    WrongKey,
)
from viewer.vault.records import FindingKind, SettingScope, VaultHead
from viewer.vault.store import Vault
from viewer.vault.v1 import folder as folder_module

NAME = "Zwetschgenknödel"
CHART = "QX77-MARKER-1"


def new_objects(folder: Path, before: list[Path]) -> list[Path]:
    return sorted(set(object_files(folder)) - set(before), key=lambda path: path.stat().st_size)


# nothing plain on disk


def test_no_name_and_no_pixel_is_on_disk_while_open_nor_after(tmp_path: Path) -> None:
    folder, temp = tmp_path / "store", tmp_path / "temp"
    temp.mkdir()
    program = f"""
import numpy as np, os, signal, sys
from pathlib import Path
from tests.unit.vault.made_up import *
from viewer.vault.records import SettingScope
folder = Path(sys.argv[1])
Vault.create(folder, new_keys())
vault = Vault.open(folder, new_keys())
for n in range(400):
    person = new_patient("{NAME}", f"Marker{{n:04}}", "{CHART}")
    vault.add_patient(person)
pixels = np.random.default_rng(99).integers(0, 4000, (64, 200, 90), dtype=np.uint16)
kept = new_picture(person.id, pixels, study="1.2.77777.1").put(vault)
vault.check(deep=True)  # folds the log in: what is written after it is in the log
vault.save_draft("u" * 32, "desk", "{NAME}".encode() * 9)
vault.set_setting(SettingScope.WORKSTATION, "last", '"{NAME}"')
vault.patients("zwet"); vault.studies(person.id); vault.open_pixels(kept.id)
print("ready", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    environment = {**os.environ, "TMPDIR": str(temp), "SQLITE_TMPDIR": str(temp)}
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)],
        cwd=ROOT,
        env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert (folder / "catalog.db-wal").stat().st_size > 0
    pixels = np.random.default_rng(99).integers(0, 4000, (64, 200, 90), dtype=np.uint16)
    runs = [pixels[k, 100, :16].tobytes() for k in (0, 30, 63)]
    markers = [NAME, "Marker0042", CHART, "1.2.77777.1"]
    assert_no_plaintext(tmp_path, markers, runs)
    with Vault.open(folder, new_keys()) as vault:
        assert len(vault.patients("zwetschgen", limit=500)) == 400
        assert np.array_equal(
            vault.open_pixels(vault.images(vault.patients("Marker0399")[0].patient.id)[0].id),
            pixels,
        )
    assert_no_plaintext(tmp_path, markers, runs)


# swapping, transplanting, rolling back


def test_an_object_moved_to_another_patient_is_refused(
    vault: Vault, patient: Patient, folder: Path
) -> None:
    other = new_patient("Other")
    vault.add_patient(other)
    mine = new_picture(patient.id).put(vault)
    before = object_files(folder)
    theirs = new_picture(other.id).put(vault)
    for source, target in zip(
        sorted(before, key=lambda path: path.stat().st_size),
        new_objects(folder, before),
        strict=True,
    ):
        shutil.copy(source, target)
    with pytest.raises(ObjectDamaged):
        vault.open_pixels(theirs.id)
    assert vault.open_pixels(mine.id).shape == mine.shape


def test_an_object_transplanted_with_its_id_into_another_patients_row_is_refused(
    vault: Vault, patient: Patient
) -> None:
    other = new_patient("Other")
    vault.add_patient(other)
    mine, theirs = new_picture(patient.id).put(vault), new_picture(other.id).put(vault)
    with vault._catalog.write() as cursor:
        cursor.execute(
            "UPDATE objects SET role = 'old' WHERE role = 'pixels' AND image_id = ?", (mine.id,)
        )
        cursor.execute(
            "UPDATE objects SET image_id = ? WHERE role = 'pixels' AND image_id = ?",
            (mine.id, theirs.id),
        )
    with pytest.raises(ObjectDamaged):
        vault.open_pixels(mine.id)


def test_one_patients_wrapped_key_in_anothers_row_opens_nothing(
    vault: Vault, patient: Patient
) -> None:
    other = new_patient("Other")
    vault.add_patient(other)
    kept = new_picture(patient.id).put(vault)
    with vault._catalog.write() as cursor:
        cursor.execute(
            "UPDATE patient_keys SET wrapped = (SELECT wrapped FROM patient_keys"
            " WHERE patient_id = ?) WHERE patient_id = ?",
            (other.id, patient.id),
        )
    with pytest.raises(StoreDamaged):
        vault.open_pixels(kept.id)


def test_a_whole_folder_put_back_is_found_and_deletes_nothing(
    vault: Vault, patient: Patient, folder: Path, tmp_path: Path
) -> None:
    new_picture(patient.id).put(vault)
    vault.close()
    shutil.copytree(folder, tmp_path / "old")
    with Vault.open(folder, new_keys()) as newer:
        new_picture(patient.id, np.ones((2, 2), np.uint8)).put(newer)
        head = newer.head()
    shutil.copy(tmp_path / "old" / "catalog.db", folder / "catalog.db")
    (folder / "store.open").touch()
    with pytest.raises(RolledBack):
        Vault.open(folder, new_keys(), expected=head)
    with Vault.open(folder, new_keys()) as old:
        kinds = [finding.kind for finding in old.check().findings]
    assert kinds == [FindingKind.ORPHAN] * 3


def test_a_log_cut_off_after_a_kill_is_found_by_the_head(folder: Path) -> None:
    program = """
import os, signal, sys
from pathlib import Path
from tests.unit.vault.made_up import *
vault = Vault.open(Path(sys.argv[1]), new_keys())
vault.add_patient(new_patient())
print(vault.head().generation, vault.head().digest, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    generation, digest = done.stdout.split()
    head = VaultHead(int(generation), digest)
    log = folder / "catalog.db-wal"
    whole = log.read_bytes()
    log.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RolledBack):
        Vault.open(folder, new_keys(), expected=head)


def test_every_damaged_page_of_the_catalog_is_refused_or_named(
    vault: Vault, patient: Patient, folder: Path
) -> None:
    new_picture(patient.id).put(vault)
    vault.close()
    path = folder / "catalog.db"
    raw = path.read_bytes()
    quiet = []
    for page in range(len(raw) // 4096):
        changed = bytearray(raw)
        changed[page * 4096 + 2000] ^= 1
        path.write_bytes(changed)
        try:
            with Vault.open(folder, new_keys()) as opened:
                if opened.check().is_sound:
                    quiet.append(page)
        except (StoreDamaged, WrongKey):
            pass
    assert quiet == []


# full disks


def test_a_full_disk_keeps_nothing_of_the_picture_and_all_of_the_rest(
    vault: Vault, patient: Patient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = new_picture(patient.id).put(vault)
    before = object_files(folder)
    calls = []

    def full_at_the_third(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 5:  # file, folder, file, folder, file
            raise OSError(errno.ENOSPC, "made up")

    with monkeypatch.context() as patch:
        patch.setattr(folder_module.os, "fsync", full_at_the_third)
        with pytest.raises(DiskFull):
            new_picture(patient.id, np.ones((3, 3), np.uint8)).put(vault)
    assert object_files(folder) == before
    assert [one.id for one in vault.images(patient.id)] == [kept.id]
    new_picture(patient.id, np.ones((3, 3), np.uint8)).put(vault)
    assert vault.check(deep=True).findings == ()


def test_a_file_size_limit_reached_in_the_middle_is_a_full_disk(
    vault: Vault, patient: Patient, folder: Path
) -> None:
    kept = new_picture(patient.id).put(vault)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, hard))
    try:
        with pytest.raises(DiskFull):
            new_picture(patient.id, np.zeros((3, 1024, 1024), np.uint8)).put(vault)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(object_files(folder)) == 3
    assert vault.open_pixels(kept.id).shape == kept.shape
    assert vault.check(deep=True).findings == ()


def test_a_catalog_that_cannot_grow_refuses_and_loses_nothing(
    vault: Vault, patient: Patient, folder: Path
) -> None:
    kept = new_picture(patient.id).put(vault)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = (folder / "catalog.db-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 2000, hard))
    try:
        with pytest.raises(StoreFault):
            new_picture(patient.id, np.ones((3, 3), np.uint8)).put(vault)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    head = vault.head()
    vault.close()
    with Vault.open(folder, new_keys(), expected=head) as again:
        assert [one.id for one in again.images(patient.id)] == [kept.id]
        assert again.check(deep=True).findings == ()


# kills


_WRITER = """
import sys
from pathlib import Path
import numpy as np
from tests.unit.vault.made_up import *
vault = Vault.open(Path(sys.argv[1]), new_keys())
print("open", flush=True)
person = vault.patients()[0].patient
for n in range(10_000):
    pixels = np.full((600, 1024), n, np.uint16)
    kept = new_picture(person.id, pixels).put(vault)
    print(kept.id, n, flush=True)
    if n % 3 == 2:
        vault.delete_image(kept.id)
        print(kept.id, -1, flush=True)
"""


def run_and_kill(folder: Path, after_lines: int, delay: float) -> list[list[str]]:
    """Start a writer, kill it a moment after it acknowledged some, return what it acknowledged."""
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(after_lines + 1)]
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            process.kill()
        lines += process.stdout.readlines()
    assert lines[0] == "open\n"
    return [line.split() for line in lines[1:] if line.endswith("\n")]


def test_no_acknowledged_picture_is_lost_when_the_writer_is_killed(
    vault: Vault, patient: Patient, folder: Path
) -> None:
    vault.close()
    random = np.random.default_rng(7)
    acknowledged: dict[str, int] = {}
    for _ in range(24):
        told = run_and_kill(folder, int(random.integers(0, 6)), float(random.uniform(0, 0.03)))
        for image_id, value in told:
            if int(value) < 0:
                del acknowledged[image_id]
            else:
                acknowledged[image_id] = int(value)
        with Vault.open(folder, new_keys()) as again:
            head = again.head()
            (folder / "store.open").touch()
            listed = {image.id for image in again.images(patient.id)}
            missing = set(acknowledged) - listed
            # The last deletion may have been done without the time to say so.
            assert len(missing) <= 1
            for image_id in missing:
                del acknowledged[image_id]
            for image_id in listed:
                pixels = again.open_pixels(ImageId(image_id))
                assert (pixels == pixels[0, 0]).all()
            for image_id, value in acknowledged.items():
                assert again.open_pixels(ImageId(image_id))[5, 5] == value
        (folder / "store.open").touch()
        with Vault.open(folder, new_keys(), expected=head) as tidied:
            assert tidied.check().findings == ()
    assert acknowledged


def test_a_store_held_by_another_process_is_refused_and_free_after_its_kill(folder: Path) -> None:
    program = """
import sys, time
from pathlib import Path
from tests.unit.vault.made_up import *
vault = Vault.open(Path(sys.argv[1]), new_keys())
print("open", flush=True)
sys.stdin.read()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        with pytest.raises(StoreInUse):
            Vault.open(folder, new_keys())
        process.kill()
    Vault.open(folder, new_keys()).close()


def test_errors_and_findings_tell_no_name_path_or_key(vault: Vault, folder: Path) -> None:
    person = new_patient(NAME, "Marker", CHART)
    vault.add_patient(person)
    kept = new_picture(person.id).put(vault)
    vault.set_setting(SettingScope.USER, "x", "1", UserId("u" * 32))
    for path in object_files(folder):
        path.write_bytes(b"damage")
    told = [finding.words for finding in vault.check(deep=True).findings]
    with pytest.raises(StoreDamaged) as fault:
        vault.open_pixels(kept.id)
    told.append(str(fault.value))
    assert len(told) == 4
    for words in told:
        assert not any(part in words for part in (NAME, CHART, str(folder), "objects/"))
