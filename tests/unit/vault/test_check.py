"""The check names each planted damage, and only that."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.vault.made_up import new_keys, new_picture, object_files
from viewer.model.errors import Cancelled
from viewer.model.ids import new_id
from viewer.model.patient import Patient
from viewer.vault.records import Finding, FindingKind
from viewer.vault.store import Vault


@pytest.fixture
def store(vault: Vault, patient: Patient) -> Vault:
    for value in range(3):
        new_picture(patient.id, np.full((64, 64), value, np.uint16)).put(vault)
    return vault


def largest(folder: Path) -> Path:
    return max(object_files(folder), key=lambda path: path.stat().st_size)


def flip(path: Path, offset: int) -> None:
    raw = bytearray(path.read_bytes())
    raw[offset] ^= 1
    path.write_bytes(raw)


def test_a_sound_store_has_no_findings(store: Vault) -> None:
    report = store.check(deep=True)
    assert report.findings == ()
    assert report.is_sound
    assert report.objects_checked == 9
    assert report.bytes_checked > 3 * 64 * 64 * 2


PLANTED: list[tuple[Callable[[Path], object], FindingKind, str, bool]] = [
    (lambda folder: largest(folder).unlink(), FindingKind.MISSING, "picture", False),
    (lambda folder: flip(largest(folder), 200), FindingKind.DAMAGED, "picture", True),
    (lambda folder: flip(largest(folder), 20), FindingKind.DAMAGED, "picture", False),
    (
        lambda folder: largest(folder).write_bytes(largest(folder).read_bytes()[:-1]),
        FindingKind.DAMAGED,
        "picture",
        False,
    ),
    (
        lambda folder: (folder / "objects/00" / ("00" * 16)).write_bytes(b""),
        FindingKind.ORPHAN,
        "no listed image",
        False,
    ),
    (
        lambda folder: (folder / "objects/00" / ("00" * 16 + ".part")).write_bytes(b""),
        FindingKind.LEFTOVER,
        "never finished",
        False,
    ),
    (
        lambda folder: (folder / "objects/00/Thumbs.db").write_bytes(b""),
        FindingKind.STRAY,
        "does not belong",
        False,
    ),
    (
        lambda folder: (folder / "objects/readme.txt").write_bytes(b""),
        FindingKind.STRAY,
        "does not belong",
        False,
    ),
]


@pytest.mark.parametrize(("plant", "kind", "words", "deep"), PLANTED)
def test_each_planted_damage_is_named(
    store: Vault,
    folder: Path,
    plant: Callable[[Path], object],
    kind: FindingKind,
    words: str,
    deep: bool,
) -> None:
    plant(folder)
    found = store.check(deep=deep).findings
    assert [finding.kind for finding in found] == [kind]
    assert words in found[0].words


def test_an_unreadable_object_is_named_and_the_rest_is_checked(
    store: Vault, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = largest(folder)

    def refuse(asked: Path, *rest: Any, **more: Any) -> Any:
        if asked == path:
            raise OSError(errno.EIO, "input/output error")
        return opened(asked, *rest, **more)

    opened = Path.open
    monkeypatch.setattr(Path, "open", refuse)
    report = store.check(deep=True)
    assert [finding.kind for finding in report.findings][:1] == [FindingKind.UNREADABLE]
    assert report.objects_checked == 9


def test_a_destroyed_patient_key_is_named(store: Vault, patient: Patient) -> None:
    with store._catalog.write() as cursor:
        cursor.execute("DROP TRIGGER key_stays_with_objects")
        cursor.execute("DELETE FROM patient_keys")
    found = store.check().findings
    assert found[0].patient_id == patient.id
    assert "key" in found[0].words
    assert not store.check().is_sound


def test_an_image_without_one_of_its_parts_is_named(store: Vault) -> None:
    with store._catalog.write() as cursor:
        cursor.execute("DELETE FROM objects WHERE role = 'headers'")
    kinds = [finding.kind for finding in store.check().findings]
    assert kinds == [FindingKind.MISSING] * 3 + [FindingKind.ORPHAN] * 3


def test_a_deep_check_notices_pixels_that_are_not_the_records(store: Vault) -> None:
    with store._catalog.write() as cursor:
        cursor.execute(
            "UPDATE images SET record = json_set(record, '$.pixel_sha256', 'x') WHERE number = 1"
        )
    assert store.check().findings == ()
    found = store.check(deep=True).findings
    assert [finding.kind for finding in found] == [FindingKind.DAMAGED]


def test_a_check_can_be_watched_and_cancelled(store: Vault) -> None:
    seen: list[tuple[int, int]] = []
    store.check(progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, 9)
    assert seen[-1] == (9, 9)
    with pytest.raises(Cancelled):
        store.check(is_cancelled=lambda: True)


def test_orphans_are_collected_after_a_forced_end_only_under_a_confirmed_head(
    store: Vault, folder: Path
) -> None:
    head = store.head()
    store.close()
    orphan = folder / "objects" / "ab" / ("ab" + new_id()[2:])
    orphan.write_bytes(b"never acknowledged")
    leftover = orphan.with_name(orphan.name + ".part")
    leftover.write_bytes(b"half")
    (folder / "store.open").touch()
    Vault.open(folder, new_keys()).close()
    assert orphan.exists()
    assert not leftover.exists()
    (folder / "store.open").touch()
    with Vault.open(folder, new_keys(), expected=head) as again:
        assert not orphan.exists()
        assert again.check(deep=True).findings == ()


def test_a_finding_without_image_or_patient_is_about_the_store() -> None:
    assert Finding(FindingKind.STRAY, "x").image_id is None
