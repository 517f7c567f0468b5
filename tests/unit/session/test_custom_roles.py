"""Roles of the practice's own: keys follow from permissions, for everybody who has them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.session.conftest import FIRST, OTHER, Clinic
from viewer.session.accounts import KeyRing, Practice
from viewer.session.book import Book, RoleRow
from viewer.session.custom_roles import RoleDraft
from viewer.session.errors import AccountRefused, AccountsTampered, NotPermitted
from viewer.session.holders import roles_in
from viewer.session.ledger import unproved_book
from viewer.session.permissions import (
    CUSTOM,
    GRANTABLE,
    KEY_NEEDED,
    KeyName,
    Permission,
    keys_for,
    roles,
)

LOOK = frozenset({Permission.LIST_PATIENTS, Permission.VIEW_IMAGES})
NURSE = RoleDraft("Implant nurse", "Looks, and sends referrals", LOOK | {Permission.SHARE_IMAGES})


def make(clinic: Clinic, draft: RoleDraft = NURSE) -> str:
    with clinic.ring() as ring:
        return clinic.practice.add_role(ring, draft).id


def change(clinic: Clinic, role_id: str, **to: Any) -> None:
    with clinic.ring() as ring:
        clinic.practice.change_role_to(ring, role_id, attrs.evolve(NURSE, **to))


def keys_of(clinic: Clinic, name: str) -> set[KeyName]:
    with clinic.practice.open_keys(clinic.practice.user(name).id, OTHER) as ring:
        return set(ring.keys)


def sealed_to(clinic: Clinic, name: str) -> set[str]:
    """What the file holds for somebody, whatever the program says."""
    content = json.loads((clinic.folder / "accounts.json").read_bytes())["body"]["content"]
    user_id = clinic.practice.user(name).id
    return {row["key"] for row in content["epochs"] if user_id in row["sealed"]}


# --- making ------------------------------------------------------------------------------------


def test_somebody_with_a_role_of_the_practices_own_may_what_it_says_and_no_more(
    clinic: Clinic,
) -> None:
    role_id = make(clinic)
    clinic.add("Hal", role_id)
    clinic.restart()
    session = clinic.desk.log_in("Hal", OTHER)
    for permission in GRANTABLE:
        if permission in NURSE.may:
            session.require(permission)
        else:
            with pytest.raises(NotPermitted, match="Implant nurse"):
                session.require(permission)
    assert sealed_to(clinic, "Hal") == {"images", "share"}


@settings(max_examples=60, deadline=None)
@given(st.sets(st.sampled_from(sorted(GRANTABLE, key=lambda each: each.value)), min_size=1))
def test_a_role_holds_the_keys_that_its_permissions_need_and_no_others(
    may: set[Permission],
) -> None:
    row = RoleRow(f"{CUSTOM}x", "X", "", tuple(each.value for each in may))
    book = unproved_book(json.dumps({"body": {"content": _book([row])}}).encode())
    role = roles_in(book)[row.id]
    assert {KEY_NEEDED[each] for each in may if each in KEY_NEEDED} <= role.holds
    assert role.holds == keys_for(may)
    if not may & {Permission.MANAGE_ACCOUNTS, Permission.MANAGE_KEYS}:
        alone = frozenset().union(*(keys_for({each}) for each in may))
        assert role.holds == alone
    assert (Permission.MANAGE_ACCOUNTS not in may) or role.holds == set(KeyName)


_A_BOOK: dict[str, Any] = {}


@pytest.fixture(autouse=True, scope="module")
def a_book(tmp_path_factory: pytest.TempPathFactory) -> None:
    from viewer.crypto.derive import SMALLEST_STRETCH
    from viewer.session.keystore import MemoryKeyStore

    folder = tmp_path_factory.mktemp("book")
    Practice.create(folder, MemoryKeyStore(), "Elm", "Ann Example", OTHER, stretch=SMALLEST_STRETCH)
    _A_BOOK.update(json.loads((folder / "accounts.json").read_bytes())["body"]["content"])


def _book(rows: list[RoleRow], **more: Any) -> dict[str, Any]:
    return _A_BOOK | {"roles": [attrs.asdict(row) for row in rows]} | more


def test_accounts_from_before_there_were_such_roles_load(clinic: Clinic) -> None:
    old = {key: value for key, value in _A_BOOK.items() if key != "roles"}
    old["users"] = [
        {k: v for k, v in row.items() if k not in {"must_change", "formerly", "left_at"}}
        for row in old["users"]
    ]
    book: Book = unproved_book(json.dumps({"body": {"content": old}}).encode())
    assert roles_in(book) == roles()


@pytest.mark.parametrize(
    "draft",
    [
        attrs.evolve(NURSE, may=frozenset()),
        attrs.evolve(NURSE, may=frozenset({Permission.LOGGED_IN})),
        attrs.evolve(NURSE, title=""),
        attrs.evolve(NURSE, title="Dentist"),
        attrs.evolve(NURSE, title="dentist "),
        attrs.evolve(NURSE, title="Dеntist"),  # a Cyrillic е
        attrs.evolve(NURSE, title="Den\u200btist"),
        attrs.evolve(NURSE, words="x" * 201),
    ],
)
def test_a_role_that_makes_no_sense_or_looks_like_another_is_refused(
    clinic: Clinic, draft: RoleDraft
) -> None:
    before = (clinic.folder / "accounts.json").read_bytes()
    with pytest.raises(AccountRefused):
        make(clinic, draft)
    assert (clinic.folder / "accounts.json").read_bytes() == before


def test_ids_of_own_roles_cannot_be_those_of_the_program(clinic: Clinic) -> None:
    role_id = make(clinic)
    assert role_id.startswith(CUSTOM)
    assert not any(CUSTOM[-1] in each for each in roles())
    for shadow in ("owner", "dentist"):
        rows = [RoleRow(shadow, "Another", "", ("manage accounts",))]
        with pytest.raises(AccountsTampered):
            unproved_book(json.dumps({"body": {"content": _book(rows)}}).encode())


# --- who may grant what ------------------------------------------------------------------------


@pytest.mark.parametrize("lacking", list(KeyName))
def test_nobody_grants_a_key_that_he_does_not_hold(clinic: Clinic, lacking: KeyName) -> None:
    needs = next(each for each in GRANTABLE if KEY_NEEDED.get(each) is lacking)
    with clinic.ring() as ring:
        part = KeyRing({name: keys for name, keys in ring.keys.items() if name is not lacking})
        with pytest.raises(AccountRefused, match="do not hold"):
            clinic.practice.add_role(part, attrs.evolve(NURSE, may=frozenset({needs})))


@pytest.mark.parametrize("lacking", list(KeyName))
def test_managing_accounts_is_granted_only_by_who_holds_every_key(
    clinic: Clinic, lacking: KeyName
) -> None:
    manage = frozenset({Permission.MANAGE_ACCOUNTS})
    with clinic.ring() as ring:
        part = KeyRing({name: keys for name, keys in ring.keys.items() if name is not lacking})
        with pytest.raises(AccountRefused, match="do not hold"):
            clinic.practice.add_role(part, attrs.evolve(NURSE, may=manage))
    assert clinic.practice.role(make(clinic, attrs.evolve(NURSE, may=manage))).holds == set(KeyName)


def test_a_ring_from_before_a_rotation_grants_nothing(clinic: Clinic) -> None:
    with clinic.ring() as old:
        with clinic.ring() as ring:
            clinic.practice.begin_epoch(ring).wipe()
        with pytest.raises(AccountRefused, match="do not hold"):
            clinic.practice.add_role(old, NURSE)


# --- changing ----------------------------------------------------------------------------------


def test_a_changed_role_seals_new_keys_to_all_who_have_it(clinic: Clinic) -> None:
    role_id = make(clinic)
    clinic.add("Hal", role_id)
    clinic.add("Ida", role_id)
    change(clinic, role_id, may=NURSE.may | {Permission.READ_TRAIL})
    for name in ("Hal", "Ida"):
        assert keys_of(clinic, name) == set(KeyName)
    assert clinic.practice.rotation_due == frozenset()


def test_a_changed_role_takes_keys_off_all_who_have_it_and_their_rotation_is_due(
    clinic: Clinic,
) -> None:
    role_id = make(clinic)
    clinic.add("Hal", role_id)
    clinic.add("Ida", role_id)
    clinic.switch("Ida", enabled=False)
    clinic.begin(KeyName.IMAGES, KeyName.SHARE)  # what Ida's leaving made due
    change(clinic, role_id, may=LOOK)
    assert keys_of(clinic, "Hal") == {KeyName.IMAGES}
    assert sealed_to(clinic, "Hal") == {"images"}
    assert sealed_to(clinic, "Ida") == set()
    assert clinic.practice.rotation_due == {KeyName.SHARE}


def test_a_title_changes_without_a_rotation(clinic: Clinic) -> None:
    role_id = make(clinic)
    clinic.add("Hal", role_id)
    change(clinic, role_id, title="Surgery nurse")
    assert clinic.desk.log_in("Hal", OTHER).role.title == "Surgery nurse"
    assert clinic.practice.rotation_due == frozenset()


def test_an_open_session_goes_on_with_what_both_the_old_and_the_new_role_allow(
    clinic: Clinic,
) -> None:
    role_id = make(clinic)
    clinic.add("Hal", role_id)
    session = clinic.desk.log_in("Hal", OTHER)
    change(clinic, role_id, may=frozenset({Permission.VIEW_IMAGES, Permission.EXPORT_IMAGES}))
    session.require(Permission.VIEW_IMAGES)
    for gone_or_new in (Permission.SHARE_IMAGES, Permission.EXPORT_IMAGES):
        with pytest.raises(NotPermitted):
            session.require(gone_or_new)
    clinic.desk.poll()
    assert session.is_locked  # the key that signs is gone
    clinic.desk.unlock(OTHER).require(Permission.EXPORT_IMAGES)


def test_the_last_role_that_manages_accounts_keeps_it(clinic: Clinic) -> None:
    role_id = make(clinic, attrs.evolve(NURSE, may=frozenset({Permission.MANAGE_ACCOUNTS})))
    user = clinic.add("Hal", role_id)
    with clinic.practice.open_keys(user.id, OTHER) as ring:
        clinic.practice.set_enabled(ring, clinic.officer.id, enabled=False)
        with pytest.raises(AccountRefused, match="must be left"):
            clinic.practice.change_role_to(ring, role_id, NURSE)


@pytest.mark.parametrize("act", ["change", "drop"])
def test_the_programs_roles_stay_as_they_are(clinic: Clinic, act: str) -> None:
    with pytest.raises(AccountRefused, match="comes with the program"):
        change(clinic, "dentist") if act == "change" else clinic.practice.drop_role("dentist")


def test_a_role_that_somebody_has_is_not_deleted_and_the_message_says_who(clinic: Clinic) -> None:
    role_id = make(clinic)
    user = clinic.add("Hal", role_id)
    with pytest.raises(AccountRefused, match="the role of Hal"):
        clinic.practice.drop_role(role_id)
    with clinic.ring() as ring:
        clinic.practice.mark_left(ring, user.id)
    with pytest.raises(AccountRefused, match="the role of Hal"):
        clinic.practice.drop_role(role_id)  # the book says what he was
    with clinic.ring() as ring:
        clinic.practice.change_role(ring, user.id, "assistant")
    clinic.practice.drop_role(role_id)
    clinic.restart()
    assert clinic.practice.roles() == roles()


def test_a_rotation_reaches_who_has_such_a_role(clinic: Clinic) -> None:
    clinic.add("Hal", make(clinic))
    clinic.begin(*KeyName)
    clinic.restart()
    assert keys_of(clinic, "Hal") == {KeyName.IMAGES, KeyName.SHARE}


def test_such_roles_come_back_with_the_recovery_sheet(clinic: Clinic) -> None:
    role_id = make(clinic)
    clinic.add("Hal", role_id)
    copy = clinic.practice.copy_for_backup()
    back = Practice.restored(
        clinic.folder.parent / "new", clinic.keystore, copy, clinic.recovery, "Ann Example", OTHER
    )
    assert back.role("implant nurse").may == NURSE.may
    with back.open_keys(back.user("Ann Example").id, OTHER) as ring:
        back.reset_password(ring, back.user("Hal").id, FIRST)
    with back.open_keys(back.user("Hal").id, FIRST) as ring:
        assert set(ring.keys) == {KeyName.IMAGES, KeyName.SHARE}


# --- attacks on the file -----------------------------------------------------------------------

Edit = Callable[[dict[str, Any]], None]


def may_more(content: dict[str, Any]) -> None:
    content["roles"][0]["may"].append("export images")  # the same key, one permission more


def may_all(content: dict[str, Any]) -> None:
    content["roles"][0]["may"] = [each.value for each in GRANTABLE]


def another_id(content: dict[str, Any]) -> None:
    content["roles"][0]["id"] = content["users"][-1]["role"] = f"{CUSTOM}other"


def built_in_role(content: dict[str, Any]) -> None:
    content["users"][-1]["role"] = "dentist"


@pytest.mark.parametrize("edit", [may_more, may_all, another_id, built_in_role])
def test_a_role_edited_by_somebody_with_the_device_secret_opens_no_key(
    clinic: Clinic, edit: Edit
) -> None:
    clinic.add("Hal", make(clinic))
    content = json.loads((clinic.folder / "accounts.json").read_bytes())["body"]["content"]
    edit(content)
    clinic.practice._file.write(content)  # tagged and counted as the program would
    clinic.restart()
    with pytest.raises(AccountsTampered):
        clinic.desk.log_in("Hal", OTHER)


def test_a_role_edited_without_the_device_secret_is_noticed_at_once(clinic: Clinic) -> None:
    clinic.add("Hal", make(clinic))
    path = clinic.folder / "accounts.json"
    path.write_bytes(path.read_bytes().replace(b'"share images"', b'"export images"'))
    with pytest.raises(AccountsTampered):
        Practice.load(clinic.folder, clinic.keystore)
