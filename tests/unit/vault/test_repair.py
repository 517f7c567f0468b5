"""Damage to each part of a store: found, named, repaired where there is a second place, or told."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from threading import Event
from typing import BinaryIO

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.vault.made_up import new_keys, new_patient, new_picture, object_files
from viewer.model.ids import ImageId, ObjectId
from viewer.model.image import ImageRecord, Picture
from viewer.model.patient import Patient
from viewer.vault.catalog.images import Role, stored_object
from viewer.vault.errors import (
    CatalogDamaged,
    ObjectMissing,
    RolledBack,
    StoreClosed,
    StoreDamaged,
    StoreMissing,
)
from viewer.vault.layout import Layout
from viewer.vault.records import FindingKind, VaultHead
from viewer.vault.store import Vault
from viewer.vault.v1.folder import ObjectFolder

PAGE = 4096
Damage = Callable[[Path], object]


def drawn(picture: Picture) -> NDArray[np.uint8]:
    return np.full((9, 7), int(picture.pixels.flat[0]) % 251, np.uint8)


class Images:
    """Three pictures put before the copy, as they must come back."""

    def __init__(self, vault: Vault, patient: Patient) -> None:
        self.patient = patient
        self.pixels = {
            new_picture(patient.id, made, number=n).put(vault).id: made
            for n, made in enumerate(np.full((48, 64), v, np.uint16) for v in (11, 22, 33))
        }

    def are_all_here(self, vault: Vault, but: ImageId | None = None) -> bool:
        return all(
            bool((vault.open_pixels(image_id) == pixels).all())
            for image_id, pixels in self.pixels.items()
            if image_id != but
        )


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Images]:
    folder = tmp_path_factory.mktemp("template") / "store"
    Vault.create(folder, new_keys())
    with Vault.open(folder, new_keys()) as vault:
        patient = new_patient()
        vault.add_patient(patient)
        made = Images(vault, patient)
        vault.spare.refresh()
    return folder, made


@pytest.fixture
def folder(template: tuple[Path, Images], tmp_path: Path) -> Path:
    return Path(shutil.copytree(template[0], tmp_path / "store"))


@pytest.fixture
def images(template: tuple[Path, Images]) -> Images:
    return template[1]


def flip_bit(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[int(np.random.default_rng(7).integers(len(raw)))] ^= 4
    path.write_bytes(raw)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size * 2 // 3)


def zero_page(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    at = len(raw) // 2 // PAGE * PAGE
    raw[at : at + PAGE] = bytes(len(raw[at : at + PAGE]))
    path.write_bytes(raw)


def swap_pages(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[PAGE : 2 * PAGE], raw[2 * PAGE : 3 * PAGE] = raw[2 * PAGE : 3 * PAGE], raw[PAGE : 2 * PAGE]
    path.write_bytes(raw)


def overwrite_start(path: Path) -> None:
    path.write_bytes(b"\xff" * 64 + path.read_bytes()[64:])


def remove(path: Path) -> None:
    path.unlink()


DAMAGES: list[Damage] = [flip_bit, cut, zero_page, swap_pages, overwrite_start, remove]


# the catalog


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_catalog_is_put_back_from_its_copy(
    vault: Vault, folder: Path, images: Images, damage: Damage
) -> None:
    head = vault.head()
    vault.close()
    damage(Layout(folder).catalog)
    before = {path: path.read_bytes() for path in object_files(folder)}
    mended = Vault.repair(folder, new_keys(), expected=head)
    assert mended.fork is not None
    assert "put back from its copy" in mended.done[-1]
    assert {path: path.read_bytes() for path in object_files(folder)} == before
    with Vault.open(folder, new_keys(), expected=mended.fork.now) as again:
        assert images.are_all_here(again)
        assert again.check(deep=True).is_sound


@pytest.mark.parametrize("damage", [overwrite_start, remove])
def test_a_store_whose_catalog_is_gone_says_what_to_do(
    vault: Vault, folder: Path, images: Images, damage: Damage
) -> None:
    vault.close()
    damage(Layout(folder).catalog)
    with pytest.raises(CatalogDamaged, match="--repair"):
        Vault.open(folder, new_keys())


def test_without_a_copy_the_damage_is_told_and_nothing_is_touched(
    vault: Vault, folder: Path
) -> None:
    vault.close()
    Layout(folder).copy.unlink()
    overwrite_start(Layout(folder).catalog)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(StoreDamaged, match="no copy"):
        Vault.repair(folder, new_keys())
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert after == before


def test_a_damaged_catalog_is_kept_aside_encrypted_each_time(
    vault: Vault, folder: Path, images: Images
) -> None:
    vault.close()
    for number in (1, 2):
        overwrite_start(Layout(folder).catalog)
        damaged = Layout(folder).catalog.read_bytes()
        Vault.repair(folder, new_keys())
        assert (folder / f"catalog.damaged-{number}").read_bytes() == damaged


def test_what_is_newer_than_the_copy_is_taken_over_where_it_can_be_read(
    vault: Vault, folder: Path, images: Images
) -> None:
    person = new_patient("Neumann", chart="BW-0099")
    vault.add_patient(person)
    newer = new_picture(person.id, np.full((8, 9), 5, np.uint16), study="1.2.9").put(vault)
    with vault._catalog.read() as cursor:
        page = cursor.execute("SELECT rootpage FROM sqlite_master WHERE name = 'drafts'").fetchone()
    assert page is not None
    head = vault.head()
    vault.close()
    with Layout(folder).catalog.open("r+b") as file:
        file.seek((page[0] - 1) * PAGE + 100)
        file.write(b"x" * 20)
    mended = Vault.repair(folder, new_keys(), expected=head)
    assert any("1 newer patients and 1 newer images" in words for words in mended.done)
    with Vault.open(folder, new_keys()) as again:
        assert again.patients("neumann")[0].image_count == 1
        assert (again.open_pixels(newer.id) == 5).all()
        assert images.are_all_here(again)
        assert again.check(deep=True).is_sound


def test_images_that_the_copy_does_not_know_are_kept_for_ever_and_told(
    vault: Vault, folder: Path, images: Images
) -> None:
    new_picture(images.patient.id, np.full((8, 9), 5, np.uint16), study="1.2.9").put(vault)
    head = vault.head()
    vault.close()
    overwrite_start(Layout(folder).catalog)
    mended = Vault.repair(folder, new_keys(), expected=head)
    assert mended.fork is not None
    assert mended.fork.written == head.generation - mended.fork.copied.generation
    assert any("3 objects" in words for words in mended.lost)
    objects = object_files(folder)
    (folder / "store.open").touch()
    with Vault.open(folder, new_keys(), expected=mended.fork.now) as again:
        found = again.check().findings
        assert [finding.kind for finding in found] == [FindingKind.KEPT] * 3
        assert again.check().is_sound
    assert object_files(folder) == objects


def test_the_history_goes_on_from_the_copy_as_a_fork_that_shows(
    vault: Vault, folder: Path, images: Images
) -> None:
    copied = vault.spare.head()
    vault.add_patient(new_patient("Spater"))
    head = vault.head()
    vault.close()
    overwrite_start(Layout(folder).catalog)
    mended = Vault.repair(folder, new_keys(), expected=head)
    assert mended.fork is not None
    assert (mended.fork.left, mended.fork.copied) == (head, copied)
    with pytest.raises(RolledBack):
        Vault.open(folder, new_keys(), expected=head)


def test_a_store_that_was_rolled_back_is_not_repaired(
    vault: Vault, folder: Path, images: Images
) -> None:
    vault.close()
    with pytest.raises(RolledBack):
        Vault.repair(folder, new_keys(), expected=VaultHead(10**6, "00" * 32))
    assert not (folder / "catalog.damaged-1").exists()


def test_wrong_keys_repair_nothing(vault: Vault, folder: Path, images: Images) -> None:
    vault.close()
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(StoreDamaged):
        Vault.repair(folder, new_keys(seed=9))
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_sound_store_is_left_alone_and_an_empty_folder_is_no_store(
    vault: Vault, folder: Path, images: Images, tmp_path: Path
) -> None:
    vault.close()
    mended = Vault.repair(folder, new_keys())
    assert (mended.done, mended.lost, mended.fork) == ((), (), None)
    with pytest.raises(StoreMissing):
        Vault.repair(tmp_path, new_keys())


def test_a_damaged_catalog_and_a_damaged_copy_are_told_together(
    vault: Vault, folder: Path, images: Images
) -> None:
    vault.close()
    overwrite_start(Layout(folder).catalog)
    zero_page(Layout(folder).copy)
    with pytest.raises(StoreDamaged, match="copy"):
        Vault.repair(folder, new_keys())


# the copy


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_copy_is_found_and_made_anew(
    vault: Vault, folder: Path, images: Images, damage: Damage
) -> None:
    damage(Layout(folder).copy)
    found = vault.check().findings
    assert [finding.kind for finding in found] == [FindingKind.COPY]
    _, mended = vault.mend(drawn)
    assert len(mended.done) == 1
    assert vault.spare.head() == vault.head()
    assert vault.check().is_sound


def test_a_copy_is_due_until_it_holds_the_last_change(vault: Vault, images: Images) -> None:
    vault.spare.refresh()
    assert not vault.spare.refresh_if_due()
    new_picture(images.patient.id, study="1.2.9").put(vault)
    assert vault.spare.is_due()
    assert vault.spare.refresh_if_due()


def test_an_interrupted_copy_leaves_the_one_before(
    vault: Vault, folder: Path, images: Images
) -> None:
    before = Layout(folder).copy.read_bytes()
    new_picture(images.patient.id, study="1.2.9").put(vault)
    with pytest.raises(Exception, match="Cancelled"):
        vault.spare.refresh(is_cancelled=lambda: True)
    assert Layout(folder).copy.read_bytes() == before
    assert not list(folder.glob("catalog.copy.new*"))


def test_an_erased_patient_is_in_no_copy(vault: Vault, folder: Path, images: Images) -> None:
    vault.keys.erase_patient(images.patient.id)
    assert not Layout(folder).copy.exists()
    vault.spare.refresh()
    vault.close()
    overwrite_start(Layout(folder).catalog)
    Vault.repair(folder, new_keys())
    with Vault.open(folder, new_keys()) as again:
        assert again.patients() == []


def test_nobody_who_was_erased_comes_back_through_an_old_damaged_catalog(
    vault: Vault, folder: Path, tmp_path: Path, images: Images
) -> None:
    guest = new_patient("Zwetschge", chart="C-9")
    vault.add_patient(guest)
    vault.close()
    old = shutil.copyfile(folder / "catalog.db", tmp_path / "old")
    with Vault.open(folder, new_keys()) as again:
        again.erase_patient(guest.id)
        again.spare.refresh()
    with old.open("ab") as file:
        file.write(bytes(PAGE))  # damaged, and all of it can still be read
    shutil.copyfile(old, folder / "catalog.db")
    mended = Vault.repair(folder, new_keys())
    assert mended.fork is not None
    with Vault.open(folder, new_keys()) as mended_vault:
        assert guest.id not in {each.patient.id for each in mended_vault.patients()}
        assert images.are_all_here(mended_vault)


def test_a_rotation_leaves_no_copy_under_the_older_epoch(
    vault: Vault, folder: Path, images: Images
) -> None:
    vault.keys.rotate(new_keys(epochs=2))
    assert not Layout(folder).copy.exists()
    vault.spare.refresh()
    vault.close()
    overwrite_start(Layout(folder).catalog)
    Vault.repair(folder, new_keys(epochs=2))
    with Vault.open(folder, new_keys(epochs=2)) as again:
        assert images.are_all_here(again)


def test_a_copy_under_way_elsewhere_has_ended_once_the_store_is_closed(
    vault: Vault, folder: Path, images: Images
) -> None:
    begun, ended = Event(), Event()

    def look() -> bool:
        begun.set()
        return False

    def copy() -> None:
        with suppress(StoreClosed):
            while not ended.is_set():
                vault.spare.refresh(look)

    with ThreadPoolExecutor(1) as other:
        copying = other.submit(copy)
        assert begun.wait(20)
        vault.close()
        ended.set()
        copying.result()
    with Vault.open(folder, new_keys()) as again:
        assert images.are_all_here(again)
        assert again.spare.head() is not None


# the marker


@pytest.mark.parametrize("damage", [flip_bit, remove, lambda path: path.write_bytes(b"")])
def test_a_damaged_marker_is_found_and_written_anew(
    vault: Vault, folder: Path, images: Images, damage: Damage
) -> None:
    damage(Layout(folder).marker)
    assert [finding.kind for finding in vault.check().findings] == [FindingKind.MARKER]
    vault.mend(drawn)
    assert vault.check().findings == ()
    damage(Layout(folder).marker)
    vault.close()
    Vault.repair(folder, new_keys())
    with Vault.open(folder, new_keys()) as again:
        assert images.are_all_here(again)


# objects


def path_of(vault: Vault, folder: Path, image_id: ImageId, role: Role) -> Path:
    with vault._catalog.read() as cursor:
        return ObjectFolder(folder / "objects").path(stored_object(cursor, image_id, role).id)


class FolderSource:
    """An archive: a folder with the sealed files as they were."""

    archive_id = "ab" * 16

    def __init__(self, objects: Path) -> None:
        self._objects = objects

    def fetch(self, object_id: ObjectId) -> BinaryIO:
        path = ObjectFolder(self._objects).path(object_id)
        if not path.exists():
            raise ObjectMissing
        return BytesIO(path.read_bytes())


OBJECT_DAMAGES: list[Damage] = [
    flip_bit,
    cut,
    overwrite_start,
    remove,
    lambda p: p.write_bytes(b""),
]


@pytest.mark.parametrize("damage", OBJECT_DAMAGES)
def test_a_damaged_thumbnail_is_drawn_anew(
    vault: Vault, folder: Path, images: Images, damage: Damage
) -> None:
    image_id = next(iter(images.pixels))
    damage(path_of(vault, folder, image_id, Role.PREVIEW))
    report, mended = vault.mend(drawn, deep=True)
    assert [finding.image_id for finding in report.findings] == [image_id]
    assert "drawn anew" in mended.done[0]
    assert mended.lost == ()
    assert (vault.thumbnail(image_id) == 11).all()
    assert vault.check(deep=True).findings == ()


@pytest.mark.parametrize(
    ("role", "damage"),
    [
        (Role.PIXELS, flip_bit),
        (Role.PIXELS, cut),
        (Role.PIXELS, remove),
        (Role.HEADERS, flip_bit),
        (Role.HEADERS, remove),
    ],
)
def test_a_damaged_picture_comes_back_from_an_archive(
    vault: Vault, folder: Path, images: Images, tmp_path: Path, role: Role, damage: Damage
) -> None:
    shutil.copytree(folder / "objects", tmp_path / "archive")
    source = FolderSource(tmp_path / "archive")
    vault.keeping.know_archive(source.archive_id, "USB disk")
    vault.mark_held(source.archive_id, [ObjectId(path.name) for path in object_files(folder)])
    vault.keeping.connect(source)
    image_id = next(iter(images.pixels))
    damage(path_of(vault, folder, image_id, role))
    assert images.are_all_here(vault, but=image_id)
    _, mended = vault.mend(drawn, deep=True)
    assert "brought back" in mended.done[0]
    assert images.are_all_here(vault)
    assert vault.check(deep=True).is_sound


def test_a_picture_without_a_second_place_is_told_as_lost_and_the_rest_opens(
    vault: Vault, folder: Path, images: Images
) -> None:
    image_id = next(iter(images.pixels))
    flip_bit(path_of(vault, folder, image_id, Role.PIXELS))
    _, mended = vault.mend(drawn, deep=True)
    assert len(mended.lost) == 1
    assert image_id in mended.lost[0]
    assert images.are_all_here(vault, but=image_id)


def test_swapped_and_duplicated_objects_are_named(
    vault: Vault, folder: Path, images: Images
) -> None:
    one, two, three = images.pixels
    first, second = (path_of(vault, folder, each, Role.PIXELS) for each in (one, two))
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(kept)
    shutil.copy(first, path_of(vault, folder, three, Role.HEADERS))
    found = vault.check().findings
    assert {finding.image_id for finding in found} == {one, two, three}
    assert {finding.kind for finding in found} == {FindingKind.DAMAGED}
    assert (vault.open_pixels(three) == images.pixels[three]).all()


def test_a_disk_that_cannot_read_one_folder_does_not_hide_the_others(
    vault: Vault, folder: Path, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = next(iter(images.pixels))
    bad = path_of(vault, folder, image_id, Role.PIXELS).parent
    stray = folder / "objects" / ("00" if bad.name != "00" else "01") / "note.txt"
    stray.write_bytes(b"")
    real = Path.iterdir

    def fails(self: Path):  # type: ignore[no-untyped-def]
        if self == bad:
            raise OSError(errno.EIO, "input/output error")
        return real(self)

    monkeypatch.setattr(Path, "iterdir", fails)
    kinds = sorted(finding.kind.value for finding in vault.check().findings)
    assert kinds == ["stray", "unreadable"]


def test_a_missing_folder_of_objects_is_named_and_made_again(
    vault: Vault, folder: Path, images: Images
) -> None:
    image_id = next(iter(images.pixels))
    bad = path_of(vault, folder, image_id, Role.PIXELS).parent
    shutil.rmtree(bad)
    kinds = {finding.kind for finding in vault.check().findings}
    assert kinds >= {FindingKind.UNREADABLE, FindingKind.MISSING}
    vault.close()
    assert "made again" in Vault.repair(folder, new_keys()).done[0]
    with Vault.open(folder, new_keys()) as again:
        patient = new_patient("Neu")
        again.add_patient(patient)
        record: ImageRecord = new_picture(patient.id, study="1.2.9").put(again)
        assert again.record(record.id) == record


def test_every_finding_that_matters_says_what_to_do_now(vault: Vault, images: Images) -> None:
    overwrite_start(vault._layout.copy)
    vault._layout.marker.unlink()
    assert all(finding.now.endswith(".") for finding in vault.check().findings)


def test_an_end_by_force_before_the_first_copy_is_whole_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "store"
    Vault.create(folder, new_keys())

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with Vault.open(folder, new_keys()) as vault:
        vault.add_patient(new_patient())
        with monkeypatch.context() as dying:
            dying.setattr("viewer.vault.spare._put", dies)
            with pytest.raises(KeyboardInterrupt):
                vault.spare.refresh()
        assert vault.check().is_sound
        vault.spare.refresh()
        assert vault.check().is_sound
        assert vault.spare.head() == vault.head()
        (folder / "catalog.copy").unlink()
        assert not vault.check().is_sound
