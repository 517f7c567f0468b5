"""A role is enforced by keys: each test takes the gate away, and still nothing is shown or leaves.

The attacker runs his own code inside the program, with his own password. What he lacks is sealed
to others.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.support.practice import (
    MARKER_FAMILY,
    OFFICER,
    PASSWORD,
    a_patient,
    add_person,
    add_somebody,
    open_clinic,
    write_images,
)
from viewer.app.clinic import Clinic
from viewer.app.gate import UseCase
from viewer.app.use_cases import accounts, exporting, importing, library, roles, sharing, trail
from viewer.crypto.errors import NotAuthentic
from viewer.model.errors import BitewingError
from viewer.model.ids import ImageId
from viewer.session import session as session_room
from viewer.session.accounts import KeyRing
from viewer.session.audit.events import EventFilter, EventKind
from viewer.session.book import open_epoch, unwrap_user_key
from viewer.session.custom_roles import RoleDraft
from viewer.session.device import require_device_secret
from viewer.session.errors import AccountRefused, Locked, NotLoggedIn, NotPermitted
from viewer.session.keystore import MemoryKeyStore
from viewer.session.permissions import KeyName, Permission, Role
from viewer.session.permissions import roles as program_roles
from viewer.session.session import Session, Ticket
from viewer.vault.records import VaultKeys
from viewer.vault.store import Vault


@attrs.frozen
class Attacked:
    """A practice with an image, and a share that the officer planned."""

    clinic: Clinic
    image_id: ImageId
    planned: sharing.PlannedShare
    folder: Path


@attrs.frozen
class Template:
    """A practice on disk, to be copied for each attack."""

    folder: Path
    keystore: MemoryKeyStore
    image_id: ImageId
    planned: sharing.PlannedShare


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    folder, keystore = tmp_path_factory.mktemp("practice"), MemoryKeyStore()
    write_images(folder / "in", a_patient(MARKER_FAMILY), cbct=False)
    with open_clinic(folder / "store", keystore) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        for role_id in ("auditor", "assistant", "consultant"):
            add_person(clinic, role_id)
        report = importing.import_paths(clinic, importing.ImportPaths((folder / "in",)))
        image_id = report.stored[0].record.id
        planned = sharing.plan_share(clinic, sharing.PlanShare((image_id,), "referral"))
    return Template(folder / "store", keystore, image_id, planned)


@pytest.fixture
def attacked(template: Template, tmp_path: Path) -> Iterator[Attacked]:
    shutil.copytree(template.folder, tmp_path / "store")
    keystore = MemoryKeyStore()
    keystore._texts.update(template.keystore._texts)
    with open_clinic(tmp_path / "store", keystore) as clinic:
        yield Attacked(clinic, template.image_id, template.planned, tmp_path)


def without_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patch the running program: every role allows everything, and nothing needs a key."""
    monkeypatch.setattr(Role, "allows", lambda self, permission: True)
    monkeypatch.setattr(session_room, "keys_for", lambda may: frozenset())
    monkeypatch.setattr(Session, "require", lambda self, permission: Ticket(self._ticket))
    monkeypatch.setattr(UseCase, "_admit", lambda self, clinic: clinic.desk.session)


def as_owner(clinic: Clinic) -> None:
    """Patch the open session: its user is the owner now, as far as the program can tell."""
    session = clinic.desk.session
    assert session is not None
    session._user = attrs.evolve(session.user, role=program_roles()["owner"])


def seal(attacked: Attacked) -> Path:
    destination = attacked.folder / "out.age"
    planned = attacked.planned
    doubts = frozenset(doubt.id for doubt in planned.plan.open_doubts)
    order = sharing.SealShare(planned, "Dr. X", destination, doubts)
    with pytest.raises(NotPermitted, match="key for share"):
        sharing.seal_share(attacked.clinic, order)
    return destination


def test_an_auditor_who_patches_the_gate_away_sees_no_image(
    attacked: Attacked, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic = attacked.clinic
    session = clinic.log_in("auditor person", PASSWORD)
    without_gate(monkeypatch)
    as_owner(clinic)
    for case, request in (
        (library.open_image, library.OpenImage(attacked.image_id)),
        (library.find_patients, library.FindPatients(MARKER_FAMILY)),
        (exporting.export_pixels, exporting.ExportPixels(attacked.image_id, Path("x.npy"))),
    ):
        with pytest.raises(NotLoggedIn):  # no store was opened, since no key opens it
            case(clinic, request)  # type: ignore[operator]
    with pytest.raises(NotPermitted, match="key for images"):
        session.epochs(KeyName.IMAGES)
    with pytest.raises(NotPermitted):
        clinic._open_vault(session)


def test_the_same_patch_in_the_hands_of_a_consultant_shows_the_image(
    attacked: Attacked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The patch is what it says: whoever holds the key gets through."""
    attacked.clinic.log_in("consultant person", PASSWORD)
    without_gate(monkeypatch)
    target = attacked.folder / "x.npy"
    exporting.export_pixels(attacked.clinic, exporting.ExportPixels(attacked.image_id, target))
    assert target.exists()


def test_an_auditor_finds_no_seal_of_the_image_key_that_opens_with_his_own(
    attacked: Attacked,
) -> None:
    """With the device secret, the file, his password and every function of the program."""
    practice = attacked.clinic.practice
    row = practice._row("auditor person")
    with require_device_secret(practice.keystore) as device:
        private = unwrap_user_key(row, PASSWORD, practice._shares(device, None))
    with private:
        images = [each for each in practice._book.epochs if each.key == KeyName.IMAGES.value]
        holders = {holder for epoch in images for holder in epoch.sealed}
        assert row.id not in holders
        for epoch in images:
            for holder in holders:
                for bound in ("", "owner", "auditor"):
                    with pytest.raises(NotAuthentic):
                        open_epoch(practice.id, epoch, private, holder, bound)


def test_the_store_does_not_open_with_the_trails_key(attacked: Attacked) -> None:
    clinic = attacked.clinic
    session = clinic.log_in("auditor person", PASSWORD)
    epochs = session.epochs(KeyName.TRAIL)
    wrong = VaultKeys(clinic.practice.id, epochs, max(epochs))
    with pytest.raises(BitewingError):
        Vault.open(clinic.folder, wrong)


@pytest.mark.parametrize("who", ["assistant person", "consultant person"])
def test_who_holds_no_key_to_sign_with_shares_nothing_without_a_gate(
    attacked: Attacked, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    attacked.clinic.log_in(who, PASSWORD)
    without_gate(monkeypatch)
    as_owner(attacked.clinic)
    assert not seal(attacked).exists()


def test_a_role_of_the_practices_own_is_enforced_by_keys_as_well(
    attacked: Attacked, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic = attacked.clinic
    clinic.log_in(OFFICER, PASSWORD)
    may = frozenset({Permission.LIST_PATIENTS, Permission.VIEW_IMAGES})
    role = roles.add_role(clinic, roles.AddRole(RoleDraft("Looker", "", may)))
    add_somebody(clinic, "lou", "Lou Looker", role.id)
    clinic.log_in("lou", PASSWORD)
    without_gate(monkeypatch)
    as_owner(clinic)
    assert not seal(attacked).exists()


def test_nobody_makes_himself_an_officer_without_a_gate(
    attacked: Attacked, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic = attacked.clinic
    clinic.log_in("assistant person", PASSWORD)
    without_gate(monkeypatch)
    as_owner(clinic)
    before = (clinic.folder / "accounts.json").read_bytes()
    change = accounts.ChangeRole("consultant person", "owner")
    make = accounts.AddUser("eve", "Eve Adams", "dentist", PASSWORD)
    everything = frozenset({Permission.MANAGE_ACCOUNTS})
    define = roles.AddRole(RoleDraft("Friend", "", everything))
    attempts: list[tuple[Any, Any]] = [
        (accounts.change_role, change),
        (accounts.add_user, make),
        (roles.add_role, define),
    ]
    for case, request in attempts:
        with pytest.raises(AccountRefused, match="do not hold"):
            case(clinic, request)
    assert (clinic.folder / "accounts.json").read_bytes() == before


def test_keys_that_an_assistant_makes_up_are_not_taken_for_the_practices(
    attacked: Attacked,
) -> None:
    """He seals a key of his own to the others: they notice that it does not follow."""
    clinic = attacked.clinic
    session = clinic.log_in("assistant person", PASSWORD)
    with session.lent_keys() as ring:
        forged = KeyRing({**ring.keys, KeyName.SHARE: ring.keys[KeyName.IMAGES]})
        user = clinic.practice.user("consultant person")
        clinic.practice.change_role(forged, user.id, "dentist")
    with pytest.raises(BitewingError):
        clinic.log_in("consultant person", PASSWORD)


@pytest.mark.parametrize(
    "case", [accounts.SetEnabled(OFFICER, enabled=False), accounts.MarkLeft(OFFICER),
             accounts.ChangeRole(OFFICER, "security_officer"), accounts.ResetPassword(OFFICER, "x")]
)  # fmt: skip
def test_nobody_does_to_himself_what_only_another_may(attacked: Attacked, case: Any) -> None:
    attacked.clinic.log_in(OFFICER, PASSWORD)
    use_case = {
        accounts.SetEnabled: accounts.set_enabled,
        accounts.MarkLeft: accounts.mark_left,
        accounts.ChangeRole: accounts.change_role,
        accounts.ResetPassword: accounts.reset_password,
    }[type(case)]
    with pytest.raises(AccountRefused, match="account he is using"):
        use_case(attacked.clinic, case)


def test_nobody_changes_the_role_that_he_has(attacked: Attacked) -> None:
    clinic = attacked.clinic
    clinic.log_in(OFFICER, PASSWORD)
    draft = RoleDraft("Deputy", "", frozenset({Permission.MANAGE_ACCOUNTS}))
    role = roles.add_role(clinic, roles.AddRole(draft))
    add_somebody(clinic, "dora", "Dora Deputy", role.id)
    clinic.log_in("dora", PASSWORD)
    more = attrs.evolve(draft, may=draft.may | {Permission.VIEW_IMAGES})
    with pytest.raises(AccountRefused, match="he himself has"):
        roles.redefine_role(clinic, roles.RedefineRole("Deputy", more))


def test_each_change_of_a_role_is_in_the_trail_in_words(attacked: Attacked) -> None:
    clinic = attacked.clinic
    clinic.log_in(OFFICER, PASSWORD)
    draft = RoleDraft("Looker", "", frozenset({Permission.VIEW_IMAGES}))
    roles.add_role(clinic, roles.AddRole(draft))
    after = RoleDraft("Looker", "", frozenset({Permission.LIST_PATIENTS}))
    roles.redefine_role(clinic, roles.RedefineRole("looker", after))
    roles.drop_role(clinic, roles.DropRole("looker"))
    reader = trail.open_trail(clinic, trail.OpenTrail())
    found = reader.page(EventFilter(kinds=frozenset({EventKind.ROLE_DEFINED})), 0, 9)
    assert [each.entry.why for each in reversed(found) if each.entry.outcome.value == "done"] == [
        "make the role “Looker”: view images",
        "change the role “Looker”; may: list patients; no more: view images",
        "delete the role “looker”",
    ]


def test_a_role_that_rules_over_others_is_called_so_in_the_trail(attacked: Attacked) -> None:
    clinic = attacked.clinic
    clinic.log_in(OFFICER, PASSWORD)
    draft = RoleDraft("Friend", "", frozenset({Permission.MANAGE_ACCOUNTS}))
    role = roles.add_role(clinic, roles.AddRole(draft))
    accounts.change_role(clinic, accounts.ChangeRole("assistant person", role.id))
    reader = trail.open_trail(clinic, trail.OpenTrail())
    newest = reader.page(EventFilter(kinds=frozenset({EventKind.ACCOUNT_CHANGED})), 0, 1)[0]
    assert newest.entry.why == "role Assistant to Friend (may manage accounts)"


def test_a_lock_leaves_nothing_to_patch(
    attacked: Attacked, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = attacked.clinic.log_in("consultant person", PASSWORD)
    attacked.clinic.lock()
    without_gate(monkeypatch)
    with pytest.raises(Locked):
        library.open_image(attacked.clinic, library.OpenImage(attacked.image_id))
    with pytest.raises(Locked):
        session.epochs(KeyName.IMAGES)
