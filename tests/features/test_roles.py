"""Every use case as every role, compared with the table in `resources/roles.toml`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.practice import OFFICER, PASSWORD, add_person, open_clinic, write_images
from viewer.app import use_cases
from viewer.app.clinic import Clinic
from viewer.app.gate import registered
from viewer.model.errors import BitewingError
from viewer.session.audit.events import EventFilter, EventKind
from viewer.session.errors import Locked, NotLoggedIn, NotPermitted
from viewer.session.permissions import OWNER, roles

use_cases.import_all()
cases: Any = use_cases


def requests(clinic: Clinic, tmp_path: Path, image_id: Any, patient_id: Any) -> dict[str, Any]:
    """A request for each use case that would do something if it were let through."""
    return {
        "find_patients": cases.library.FindPatients("Exa"),
        "open_chart": cases.library.OpenChart(patient_id),
        "show_thumbnails": cases.library.ShowThumbnails(patient_id, (image_id,)),
        "open_image": cases.library.OpenImage(image_id),
        "list_store": cases.library.ListStore(),
        "import_paths": cases.importing.ImportPaths((tmp_path / "in",)),
        "export_pixels": cases.exporting.ExportPixels(image_id, tmp_path / "x.npy", replace=True),
        "check_store": cases.store.CheckStore(),
        "repair_store": cases.store.RepairStore(),
        "list_accounts": cases.accounts.ListAccounts(),
        "add_user": cases.accounts.AddUser("somebody", "Somebody", "assistant", PASSWORD),
        "set_enabled": cases.accounts.SetEnabled("assistant person", enabled=True),
        "change_role": cases.accounts.ChangeRole("assistant person", "assistant"),
        "reset_password": cases.accounts.ResetPassword("auditor person", PASSWORD),
        "change_password": cases.accounts.ChangePassword(PASSWORD, PASSWORD + " anew"),
        "set_quick_pin": cases.quick.SetQuickPin("402917"),
        "set_quick_tap": cases.quick.SetQuickTap("f" * 32),
        "drop_quick": cases.quick.DropQuick(),
        "look_at_draft": cases.drafts.LookAtDraft(),
        "bring_draft_back": cases.drafts.BringDraftBack(),
        "throw_draft_away": cases.drafts.ThrowDraftAway(),
        "open_trail": cases.trail.OpenTrail(),
        "verify": cases.trail.VerifyTrail(),
        "plan_share": cases.sharing.PlanShare((image_id,), "referral"),
        "seal_share": None,
        "rotate_keys": cases.keys.RotateKeys(),
        "seal_anew": cases.keys.SealAnew(),
        "back_up": cases.backups.BackUp(tmp_path / "medium", "USB 1"),
        "verify_backup": cases.backups.VerifyBackup(tmp_path / "medium"),
        "list_backups": cases.backups.ListBackups(),
        "prune_backup": cases.backups.PruneBackup(tmp_path / "medium", 2),
        "lose_backup": cases.backups.LoseBackup("f" * 32),
        "show_keys": cases.outlook.ShowKeys(),
        "find_by_number": cases.outlook.FindByNumber("1001"),
        "name_patients": cases.outlook.NamePatients((patient_id,)),
        "plan_eviction": cases.outlook.PlanEviction(1),
        "plan_erasure": cases.outlook.PlanErasure(patient_id),
        "prove_recovery": cases.recovery.ProveRecovery("no key"),
        "replace_recovery": cases.recovery.ReplaceRecovery(),
        "erase_patient": cases.keys.ErasePatient("f" * 32, "asked to"),
        "measure_store": cases.keeping.MeasureStore(),
        "set_quota": cases.keeping.SetQuota(),
        "evict_images": cases.keeping.EvictImages(1),
        "pin_patients": cases.keeping.PinPatients((patient_id,)),
        "put_hold": cases.keeping.PutHold(patient_id, "letter of the court"),
        "release_hold": cases.keeping.ReleaseHold(1, "settled"),
        "list_holds": cases.keeping.ListHolds(),
        "set_retention": cases.keeping.SetRetention({"cbct": 15}),
        "show_retention": cases.keeping.ShowRetention(),
        "list_due": cases.keeping.ListDue(),
        "purge_images": cases.keeping.PurgeImages(patient_id, "period ended", "00000000"),
        "confirm_clock": cases.keeping.ConfirmClock(),
        "show_policies": cases.policies.ShowPolicies(),
        "set_policies": cases.policies.SetPolicies(),
    }


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("roles")
    write_images(folder / "in", cbct=False)
    with open_clinic(folder / "store") as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        for role_id in roles():
            add_person(clinic, role_id)
        report = cases.importing.import_paths(clinic, cases.importing.ImportPaths((folder / "in",)))
        record = report.stored[0].record
        planned = cases.sharing.plan_share(
            clinic, cases.sharing.PlanShare((record.id,), "referral")
        )
        everything = requests(clinic, folder, record.id, record.patient_id)
        everything["seal_share"] = cases.sharing.SealShare(
            planned,
            "Dr. X",
            folder / "x.age",
            frozenset(doubt.id for doubt in planned.plan.open_doubts),
            replace=True,
        )
        yield clinic, everything


def test_the_list_of_requests_covers_every_use_case(clinic: Any) -> None:
    assert set(clinic[1]) == set(registered())


@pytest.mark.parametrize("role_id", [role_id for role_id in roles() if role_id != OWNER])
def test_each_role_may_do_what_its_row_says_and_nothing_else(clinic: Any, role_id: str) -> None:
    practice, everything = clinic
    practice.log_in(f"{role_id} person", PASSWORD)
    role = roles()[role_id]
    for name, case in registered().items():
        if name in {"change_password", "reset_password"} and role.allows(case.permission):
            continue  # would change the passwords that the next roles need; tested in session
        try:
            case(practice, everything[name])
            was_let_in = True
        except NotPermitted:
            was_let_in = False
        except (Locked, NotLoggedIn):
            raise
        except BitewingError:
            was_let_in = True
        assert was_let_in == role.allows(case.permission), f"{role_id}: {name}"


@pytest.mark.parametrize("state", ["nobody", "locked"])
def test_without_an_open_session_nothing_is_done(clinic: Any, state: str) -> None:
    practice, everything = clinic
    practice.log_in(OFFICER, PASSWORD)
    practice.lock() if state == "locked" else practice.log_off()
    for name, case in registered().items():
        with pytest.raises((NotLoggedIn, Locked)):
            case(practice, everything[name])


def test_a_refusal_by_role_is_in_the_trail(clinic: Any) -> None:
    practice, everything = clinic
    practice.log_in("consultant person", PASSWORD)
    with pytest.raises(NotPermitted):
        cases.exporting.export_pixels(practice, everything["export_pixels"])
    practice.log_in(OFFICER, PASSWORD)
    reader = cases.trail.open_trail(practice, cases.trail.OpenTrail())
    newest = reader.page(EventFilter(kinds=frozenset({EventKind.REFUSED})), 0, 1)[0]
    assert (newest.entry.actor.name, newest.entry.why) == ("Consultant Person", "export pixels")
