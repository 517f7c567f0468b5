"""Pages of an earlier time, put back one by one and many at once, are noticed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import attrs
import numpy as np
import pytest

from tests.unit.vault.made_up import new_keys, new_patient, new_picture
from viewer.crypto.secret import Secret
from viewer.model.errors import BitewingError
from viewer.model.ids import UserId
from viewer.model.patient import Patient
from viewer.vault.catalog import keeping, legal, patients
from viewer.vault.catalog.connection import Catalog
from viewer.vault.errors import PutBack
from viewer.vault.keeping.records import HoldRequest
from viewer.vault.keys import catalog_key
from viewer.vault.records import SettingScope
from viewer.vault.store import Vault

_PAGE = 4096
KEY = Secret(b"c" * 32)
STEPS_BEFORE = 7
"""How many steps there were before the sums."""


def pages_of(path: Path) -> list[bytes]:
    content = path.read_bytes()
    return [content[at : at + _PAGE] for at in range(0, len(content), _PAGE)]


def filled(folder: Path, people: int = 3) -> list[Patient]:
    """Make a store of some patients with some pictures each."""
    Vault.create(folder, new_keys())
    made = [new_patient(f"Muster{n}", chart=f"BW-{n}") for n in range(people)]
    with Vault.open(folder, new_keys()) as vault:
        for person in made:
            vault.add_patient(person)
            for value in range(3):
                new_picture(person.id, np.full((4, 4), value, np.uint8)).put(vault)
    return made


def state_of(vault: Vault, people: list[Patient]) -> list[object]:
    """Return what somebody would see of these people, who are opened one by one."""
    with vault._catalog.read() as cursor:
        holds = [hold.number for hold in legal.holds(cursor, None, standing=True)]
    return [
        [(vault.patient(person.id), vault.studies(person.id)) for person in people],
        holds,
        vault.keeping.archives(),
        vault.setting(SettingScope.WORKSTATION, "monitor"),
    ]


def edit(vault: Vault, people: list[Patient]) -> None:
    picture = vault.images(people[0].id)[0]
    vault.update_record(attrs.evolve(picture, description="16 distal, deep"))


def delete(vault: Vault, people: list[Patient]) -> None:
    vault.delete_image(vault.images(people[1].id)[0].id)


def rename(vault: Vault, people: list[Patient]) -> None:
    vault.update_patient(attrs.evolve(people[2], family_name="Anders"))


def hold(vault: Vault, people: list[Patient]) -> None:
    with vault._catalog.write() as cursor:
        request = HoldRequest(people[0].id, "court", UserId("u" * 32))
        legal.put_hold(cursor, request, datetime(2024, 2, 29, tzinfo=UTC))


def lose_archive(vault: Vault, people: list[Patient]) -> None:
    with vault._catalog.write() as cursor:
        keeping.put_archive(cursor, "a" * 32, "USB 1")
        assert people


def set_up(vault: Vault, people: list[Patient]) -> None:
    vault.set_setting(SettingScope.WORKSTATION, "monitor", f'"{len(people)} lux"')


DEEDS: tuple[Callable[[Vault, list[Patient]], None], ...] = (
    edit,
    delete,
    rename,
    hold,
    lose_archive,
    set_up,
)


def is_noticed(folder: Path, people: list[Patient], truth: list[object]) -> bool:
    """Whether opening, looking at each patient or a check tells of it; else all is as it was."""
    try:
        with Vault.open(folder, new_keys()) as vault:
            seen = state_of(vault, people)
            if not vault.check().is_sound:
                return True
    except BitewingError:
        return True
    assert seen == truth
    return False


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
def test_no_deed_is_undone_unnoticed_by_any_one_page(
    tmp_path: Path, deed: Callable[[Vault, list[Patient]], None]
) -> None:
    folder = tmp_path / "store"
    people = filled(folder)
    earlier = pages_of(folder / "catalog.db")
    with Vault.open(folder, new_keys()) as vault:
        deed(vault, people)
        truth = state_of(vault, people)
    now = pages_of(folder / "catalog.db")
    noticed = 0
    for page, (old, new) in enumerate(zip(earlier, now, strict=False)):
        if old != new:
            replayed = [*now[:page], old, *now[page + 1 :]]
            (folder / "catalog.db").write_bytes(b"".join(replayed))
            noticed += is_noticed(folder, people, truth)
    assert noticed >= 3


def test_no_choice_of_earlier_pages_undoes_anything_unnoticed(tmp_path: Path) -> None:
    folder, dice = tmp_path / "store", np.random.default_rng(7)
    people = filled(folder)
    times = [pages_of(folder / "catalog.db")]
    for deed in DEEDS[:4]:
        with Vault.open(folder, new_keys()) as vault:
            deed(vault, people)
        times.append(pages_of(folder / "catalog.db"))
    with Vault.open(folder, new_keys()) as vault:
        head, truth = vault.head(), state_of(vault, people)
    now, refused = times[-1], 0
    for _ in range(60):
        share = dice.random()
        mixed = [
            times[dice.integers(len(times))][at : at + 1] if dice.random() < share else [page]
            for at, page in enumerate(now)
        ]
        (folder / "catalog.db").write_bytes(
            b"".join((some or [now[at]])[0] for at, some in enumerate(mixed))
        )
        try:
            with Vault.open(folder, new_keys(), expected=head) as vault:
                seen = state_of(vault, people)
        except BitewingError:
            refused += 1
        else:
            assert seen == truth
    assert refused > 20


def test_what_was_put_back_is_named_by_a_check_and_put_right_by_a_repair(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    people = filled(folder)
    earlier = pages_of(folder / "catalog.db")
    with Vault.open(folder, new_keys()) as vault:
        edit(vault, people)
        vault.spare.refresh()
        truth = state_of(vault, people)
    now = pages_of(folder / "catalog.db")
    stale = None
    for page, (old, new) in enumerate(zip(earlier, now, strict=False)):
        if old == new:
            continue
        (folder / "catalog.db").write_bytes(b"".join([*now[:page], old, *now[page + 1 :]]))
        try:
            with Vault.open(folder, new_keys()) as vault:
                picture = vault._catalog
                with picture.read() as cursor:
                    sql = "SELECT count(*) FROM images WHERE record LIKE '%16 distal, deep%'"
                    if cursor.execute(sql).fetchone() == (0,):
                        stale = [each.words for each in vault.check().findings]
                        with pytest.raises(PutBack):
                            vault.studies(people[0].id)
                        assert len(vault.studies(people[1].id)) == 1  # the rest is not hidden
                        break
        except BitewingError:
            continue
    assert stale is not None
    assert any("put back" in words for words in stale)
    mended = Vault.repair(folder, new_keys())
    assert mended.fork is not None
    with Vault.open(folder, new_keys()) as vault:
        assert state_of(vault, people) == truth
        assert vault.check().is_sound


def test_a_hold_that_was_put_back_away_does_not_let_a_patient_be_erased(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    people = filled(folder)
    earlier = pages_of(folder / "catalog.db")
    with Vault.open(folder, new_keys()) as vault:
        hold(vault, people)
    now, tried = pages_of(folder / "catalog.db"), 0
    for page, (old, new) in enumerate(zip(earlier, now, strict=False)):
        if old == new:
            continue
        shutil.copytree(folder, tmp_path / f"try {page}")
        there = tmp_path / f"try {page}"
        (there / "catalog.db").write_bytes(b"".join([*now[:page], old, *now[page + 1 :]]))
        tried += 1
        with pytest.raises(BitewingError), Vault.open(there, new_keys()) as vault:
            vault.keys.erase_patient(people[0].id)
    assert tried >= 3


def test_every_way_to_change_a_row_is_counted(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    people = filled(folder, people=2)
    with Vault.open(folder, new_keys()) as vault:
        for deed in (edit, rename_first, hold, lose_archive, set_up, set_up):
            deed(vault, people)
        vault.keeping.pin(people[1].id, vault.keeping.today)
        vault.save_draft(UserId("u" * 32), "work", b"\x00draft")
        vault.save_draft(UserId("u" * 32), "work", None)
        vault.delete_image(vault.images(people[1].id)[1].id)
        vault.reseal()
        vault.rotate(new_keys(epochs=2))
        vault.keys.erase_patient(people[1].id)
        with pytest.raises(ValueError, match="in the store already"):
            vault.add_patient(people[0])
        assert list(vault._catalog.put_back(lambda: None)) == []
        with vault._catalog.read() as cursor:
            sql = "SELECT count(*) FROM sums WHERE name = ?"
            assert cursor.execute(sql, (people[1].id,)).fetchone() == (0,)
    with Vault.open(folder, new_keys(epochs=2)) as vault:
        assert vault.check(deep=True).is_sound


def rename_first(vault: Vault, people: list[Patient]) -> None:
    vault.update_patient(attrs.evolve(people[0], family_name="Zuletzt"))


def change_and_end_early(catalog: Catalog, person: Patient) -> None:
    with catalog.write() as cursor:
        patients.update(cursor, attrs.evolve(person, family_name="Anders"), "")
        raise RuntimeError("given up")


def test_a_transaction_that_is_given_up_counts_nothing(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.db", KEY)
    person = new_patient()
    with catalog.write() as cursor:
        patients.add(cursor, person, "")
    with pytest.raises(RuntimeError, match="given up"):
        change_and_end_early(catalog, person)
    with catalog.write() as cursor:
        patients.update(cursor, attrs.evolve(person, given_name="Eva Maria"), "")
    assert list(catalog.put_back(lambda: None)) == []
    catalog.prove(person.id)
    catalog.close()


def test_a_catalog_of_before_the_sums_is_counted_when_it_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "store"
    people = filled(folder)
    with (
        catalog_key(new_keys(), 1) as key,
        monkeypatch.context() as before,
    ):
        catalog = Catalog(folder / "catalog.db", key)
        truth = catalog.head()
        for statement in (
            "DROP TABLE sums",
            "DROP TABLE sums_head",
            "DROP INDEX holds_of_patient",
            "ALTER TABLE patient_keys DROP COLUMN born",
            "DROP INDEX patients_without_chart",
            "ALTER TABLE patients DROP COLUMN standing",
            "ALTER TABLE patients DROP COLUMN about",
        ):
            with catalog.read() as cursor:
                cursor.execute(statement)
        with catalog.read() as cursor:
            cursor.execute(f"PRAGMA user_version = {STEPS_BEFORE}")
        before.setattr(catalog, "_sums", None)
        catalog.close()
    with Vault.open(folder, new_keys(), expected=truth) as vault:
        edit(vault, people)
        assert list(vault._catalog.put_back(lambda: None)) == []
