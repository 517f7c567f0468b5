"""Every use case as every role, compared with the tables in `resources/`.

`resources/roles.toml` says what each role may, `resources/role_use_cases.txt` what follows from
it, use case by use case; here both are compared with what happens.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.support.photo_files import PICTURE, marked_png
from tests.support.practice import (
    OFFICER,
    PASSWORD,
    add_person,
    add_somebody,
    open_clinic,
    write_images,
)
from viewer.app import use_cases
from viewer.app.clinic import Clinic
from viewer.app.gate import registered
from viewer.app.review.findings import Finding
from viewer.app.review.material import Ref
from viewer.app.review.settings import Rule, shipped_settings
from viewer.app.review_list import Keep
from viewer.app.role_table import (
    REGENERATE,
    REGENERATE_MARKDOWN,
    markdown,
    use_case_marks,
    use_case_table,
)
from viewer.ingest.chosen import Chosen, Looked
from viewer.ingest.foreign.facts import Photo, PhotoPage
from viewer.ingest.photographs import Label
from viewer.ingest.sniff import FileKind
from viewer.ingest.source import Source
from viewer.model.errors import BitewingError
from viewer.model.ids import PatientId, new_id
from viewer.model.image import ImageKind
from viewer.model.resources import resource_path
from viewer.model.tooth import Tooth
from viewer.session.audit.events import EventFilter, EventKind
from viewer.session.custom_roles import RoleDraft
from viewer.session.errors import Locked, NotLoggedIn, NotPermitted
from viewer.session.fido import UsbKeys
from viewer.session.permissions import GRANTABLE, OWNER, Permission, roles
from viewer.session.security_keys import KeyTalk
from viewer.session.totp import Enrolment

use_cases.import_all()
cases: Any = use_cases
NURSE = RoleDraft(
    "Implant nurse",
    "Looks, and checks the trail",
    frozenset({Permission.LIST_PATIENTS, Permission.VIEW_IMAGES, Permission.VERIFY_TRAIL}),
)
FOR_ALL = {Permission.OPEN_TO_ALL, Permission.LOGGED_IN}
TABLE = resource_path("role_use_cases.txt").read_text(encoding="utf-8")


def a_finding() -> Finding:
    """Something unusual that nobody of the practice did."""
    now = datetime(2026, 11, 22, 21, tzinfo=UTC)
    return Finding(Rule.CLOCK, 4.0, "The clock went back.", (Ref(1, 1),), now, now)


def _photos(folder: Path) -> tuple[Chosen, ...]:
    """A photo as somebody chose it."""
    path = folder / "photo.png"
    path.write_bytes(marked_png())
    label = Label(ImageKind.PHOTO)
    page = Photo("PNG", (PhotoPage(*PICTURE.shape, 1),))
    return (Chosen(Looked(Source(path), FileKind.PHOTO, page), label),)


def requests(clinic: Clinic, tmp_path: Path, image_id: Any, patient_id: Any) -> dict[str, Any]:
    """A request for each use case that would do something if it were let through."""
    nobody = PatientId("f" * 32)
    return {
        "find_patients": cases.library.FindPatients("Exa"),
        "open_chart": cases.library.OpenChart(patient_id),
        "show_thumbnails": cases.library.ShowThumbnails(patient_id, (image_id,)),
        "open_image": cases.library.OpenImage(image_id),
        "look_at_document": cases.documents.LookAtDocument(image_id),
        "list_store": cases.library.ListStore(),
        "import_paths": cases.importing.ImportPaths((tmp_path / "in",)),
        "list_watched": cases.watching.ListWatched(),
        "watch_folder": cases.watching.WatchFolder(tmp_path / "nowhere", "Sensor 1"),
        "stop_watching": cases.watching.StopWatching("f" * 16),
        "take_in": cases.watching.TakeIn("f" * 16, ()),
        "import_photos": cases.photos.ImportPhotos(patient_id, _photos(tmp_path)),
        "go_on_importing": cases.importing.GoOn("f" * 32),
        "list_interrupted": cases.importing.ListInterrupted(),
        "forget_interrupted": cases.importing.ForgetInterrupted("f" * 32),
        "list_quarantine": cases.quarantine.ListQuarantine(),
        "retry_quarantined": cases.quarantine.RetryQuarantined("f" * 32),
        "discard_quarantined": cases.quarantine.DiscardQuarantined("f" * 32, "0" * 8),
        "limit_quarantine": cases.quarantine.LimitQuarantine(1 << 30),
        "export_pixels": cases.exporting.ExportPixels(image_id, tmp_path / "x.npy", replace=True),
        "export_dicom": cases.dicom_out.ExportDicom(
            tmp_path / f"out-{new_id()}", "referral", "Dr. X", (image_id,), leaves_unsealed=True
        ),
        "check_store": cases.store.CheckStore(),
        "repair_store": cases.store.RepairStore(),
        "list_accounts": cases.accounts.ListAccounts(),
        "add_user": cases.accounts.AddUser("somebody", "Somebody", "assistant", PASSWORD),
        "set_enabled": cases.accounts.SetEnabled("assistant person", enabled=True),
        "change_role": cases.accounts.ChangeRole("assistant person", "assistant"),
        "rename_user": cases.accounts.RenameUser("lea leaver", "lea leaver", "Lea Leaver"),
        "mark_left": cases.accounts.MarkLeft("lea leaver"),
        "bring_back": cases.accounts.BringBack("lea leaver"),
        "list_roles": cases.roles.ListRoles(),
        "add_role": cases.roles.AddRole(RoleDraft("Spare", "", NURSE.may)),
        "redefine_role": cases.roles.RedefineRole("Implant nurse", NURSE),
        "drop_role": cases.roles.DropRole("Spare"),
        "reset_password": cases.accounts.ResetPassword("auditor person", PASSWORD),
        "change_password": cases.accounts.ChangePassword(PASSWORD, PASSWORD + " anew"),
        "confirm_totp": cases.factors.ConfirmTotp(
            PASSWORD, Enrolment.new("Test Practice", "somebody"), "not the code"
        ),
        "drop_totp": cases.factors.DropTotp(PASSWORD, ""),
        "renew_codes": cases.factors.RenewCodes(PASSWORD),
        "add_security_key": cases.factors.AddSecurityKey(
            PASSWORD, "blue key", UsbKeys(lambda: ()), KeyTalk()
        ),
        "drop_security_key": cases.factors.DropSecurityKey(PASSWORD),
        "reset_factors": cases.factors.ResetFactors("lea leaver", "short"),
        "set_quick_pin": cases.quick.SetQuickPin("402917"),
        "set_quick_tap": cases.quick.SetQuickTap("f" * 32),
        "drop_quick": cases.quick.DropQuick(),
        "look_at_draft": cases.drafts.LookAtDraft(),
        "bring_draft_back": cases.drafts.BringDraftBack(),
        "throw_draft_away": cases.drafts.ThrowDraftAway(),
        "set_relay": cases.relay.SetRelay(""),
        "show_relay": cases.relay.ShowRelay(),
        "send_now": cases.relay.SendNow(),
        "open_trail": cases.trail.OpenTrail(),
        "verify": cases.trail.VerifyTrail(),
        "export_trail": cases.trail.ExportTrail("csv"),
        "archive_trail": cases.trail_keeping.ArchiveTrail(tmp_path / "archive"),
        "list_trail_archives": cases.trail_keeping.ListTrailArchives(),
        "purge_trail_archive": cases.trail_keeping.PurgeTrailArchive(1, tmp_path),
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
        "review_trail": cases.review.ReviewTrail(date(2026, 11, 1), date(2026, 11, 30)),
        "sign_off": cases.review.SignOff(a_finding(), "asked, all well"),
        "find_reviewed": cases.review.FindReviewed("1001"),
        "who_saw": cases.review.WhoSaw(patient_id),
        "names_beside": cases.review.NamesBeside((patient_id,)),
        "set_hours": cases.review.SetHours(shipped_settings().hours),
        "show_disclosures": cases.reports.ShowDisclosures(patient_id, date(2026, 11, 22)),
        "account_disclosures": cases.reports.AccountDisclosures(
            patient_id, date(2026, 11, 22), tmp_path / "accounting.pdf", replace=True
        ),
        "write_report": cases.reports.WriteReport(
            date(2026, 11, 1), date(2026, 11, 30), tmp_path / "review.pdf", replace=True
        ),
        "begin_emergency": cases.emergency.BeginEmergency("Patient in the chair"),
        "make_emergency_code": cases.emergency.MakeEmergencyCode(),
        "destroy_emergency_code": cases.emergency.DestroyEmergencyCode(),
        "list_emergencies": cases.emergency.ListEmergencies(),
        "count_waiting": cases.waiting.CountWaiting(),
        "list_waiting": cases.waiting.ListWaiting(),
        "assign_waiting": cases.waiting.AssignWaiting(nobody, patient_id, "same person"),
        "chart_waiting": cases.waiting.ChartWaiting(nobody, "new here"),
        "reject_waiting": cases.waiting.RejectWaiting(nobody, "not ours"),
        "settle_conflict": cases.waiting.SettleConflict(image_id, Keep.BOTH, "both wanted"),
        "compare_conflict": cases.waiting.CompareConflict(image_id),
        "move_images": cases.charts.MoveImages((image_id,), nobody, "wrong chart"),
        "merge_charts": cases.charts.MergeCharts(nobody, patient_id, "same person"),
        "unmerge_charts": cases.charts.UnmergeCharts(nobody, "two persons"),
        "set_teeth": cases.charts.SetTeeth((image_id,), (Tooth(36),)),
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
        nurse = cases.roles.add_role(clinic, cases.roles.AddRole(NURSE))
        add_somebody(clinic, "Implant nurse person", "Implant Nurse Person", nurse.id)
        only = attrs.evolve(NURSE, title="Only this")
        role = cases.roles.add_role(clinic, cases.roles.AddRole(only))
        add_somebody(clinic, "only this person", "Only This Person", role.id)
        add_somebody(clinic, "lea leaver", "Lea Leaver", "assistant")
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


def test_the_table_of_use_cases_says_what_the_code_says() -> None:
    table = use_case_table(roles().values())
    print(table)  # noqa: T201 - to be read with `pytest -s`
    assert table + "\n" == TABLE, f"role_use_cases.txt is old: {REGENERATE}"


def test_the_page_about_roles_says_what_the_code_says() -> None:
    page = resource_path("roles.md").read_text(encoding="utf-8")
    assert markdown() + "\n" == page, f"roles.md is old: {REGENERATE_MARKDOWN}"


@pytest.mark.parametrize("name", [*(each for each in roles() if each != OWNER), NURSE.title])
def test_each_role_may_do_what_its_row_says_and_nothing_else(clinic: Any, name: str) -> None:
    practice, everything = clinic
    practice.log_in(f"{name} person", PASSWORD)
    role = practice.practice.role(name)
    if role.is_custom:
        may = {each: case.permission in NURSE.may for each, case in registered().items()}
        may |= {each: True for each, case in registered().items() if case.permission in FOR_ALL}
    else:
        may = use_case_marks(TABLE)[role.title]
    for each, case in emergencies_last():
        if each in {"change_password", "reset_password"} and role.allows(case.permission):
            continue  # would change the passwords that the next roles need; tested in session
        assert was_let_in(practice, each, everything[each]) == may[each], f"{name}: {each}"


@pytest.mark.parametrize(
    "permission", sorted(GRANTABLE, key=lambda each: each.value), ids=lambda each: each.value
)
def test_a_role_with_one_permission_may_do_all_that_it_stands_for_and_nothing_else(
    clinic: Any, permission: Permission
) -> None:
    """So the keys that follow from a permission are enough for it, too."""
    practice, everything = clinic
    practice.log_in(OFFICER, PASSWORD)
    only = attrs.evolve(NURSE, title="Only this", may=frozenset({permission}))
    cases.roles.redefine_role(practice, cases.roles.RedefineRole("Only this", only))
    practice.log_in("only this person", PASSWORD)
    for name, case in emergencies_last():
        if name in {"change_password", "reset_password"}:
            continue
        allowed = case.permission in {permission, *FOR_ALL}
        assert was_let_in(practice, name, everything[name]) == allowed, f"{permission}: {name}"


def emergencies_last() -> list[tuple[str, Any]]:
    """Every use case; break-glass at the end, since it lets the others through for a while."""
    return sorted(registered().items(), key=lambda each: each[1].event is EventKind.EMERGENCY)


def was_let_in(practice: Clinic, name: str, request: Any) -> bool:
    try:
        registered()[name](practice, request)
    except NotPermitted:
        return False
    except (Locked, NotLoggedIn):
        raise
    except BitewingError:
        return True
    finally:
        practice.desk.break_glass.end()  # each use case by the role alone
    return True


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
