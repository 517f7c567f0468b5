"""From a folder of images to a protected picture and a sealed share, through the use cases."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK

from tests.support.practice import OFFICER, PASSWORD, FakeClock, open_clinic, write_images
from viewer.app.clinic import Clinic
from viewer.app.jobs import SilentControl
from viewer.app.use_cases import exporting, importing, library, sharing, store, trail
from viewer.model.errors import Cancelled, UserError
from viewer.model.image import ImageKind, ImageRecord
from viewer.session.audit.events import EventFilter, EventKind, Outcome
from viewer.session.errors import Locked, LoginRefused, NotLoggedIn
from viewer.session.idle import IdlePolicy
from viewer.session.keystore import MemoryKeyStore
from viewer.share.open import open_bundle


def bring(clinic: Clinic, folder: Path) -> importing.ImportReport:
    return importing.import_paths(clinic, importing.ImportPaths((folder,)))


def read_by_peer(path: Path) -> Any:
    return SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))[0]


def kinds(clinic: Clinic) -> list[tuple[EventKind, Outcome]]:
    reader = trail.open_trail(clinic, trail.OpenTrail())
    events = reader.page(EventFilter(), 0, 500)
    return [(event.entry.kind, event.entry.outcome) for event in reversed(events)]


def by_kind(report: importing.ImportReport) -> dict[ImageKind, ImageRecord]:
    return {each.record.kind: each.record for each in report.stored}


def test_images_come_back_from_the_store_as_an_independent_reader_reads_the_files(
    tmp_path: Path,
) -> None:
    folder = write_images(tmp_path / "in")
    with open_clinic(tmp_path / "store") as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        records = by_kind(bring(clinic, folder))
        bitewing = library.open_image(clinic, library.OpenImage(records[ImageKind.BITEWING].id))
        reference = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(folder / "bitewing.dcm")))[
            0
        ]
        np.testing.assert_array_equal(bitewing.pixels, reference)
        volume = library.open_image(clinic, library.OpenImage(records[ImageKind.CBCT].id))
        names = SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder))
        series = max(
            (
                SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder), uid)
                for uid in SimpleITK.ImageSeriesReader.GetGDCMSeriesIDs(str(folder))
            ),
            key=len,
        )
        assert names
        image = SimpleITK.ReadImage(series)
        np.testing.assert_array_equal(volume.pixels, SimpleITK.GetArrayFromImage(image))
        for index in ((0, 0, 0), (7, 11, 19), (47, 39, 23)):
            ours = volume.affine @ np.array([*index, 1.0])
            np.testing.assert_allclose(
                ours[:3], image.TransformIndexToPhysicalPoint(index), atol=1e-6
            )


def test_each_step_leaves_its_entry_and_the_trail_is_whole(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "in", cbct=False)
    with open_clinic(tmp_path / "store") as clinic:
        with pytest.raises(LoginRefused):
            clinic.log_in(OFFICER, "not the password at all")
        clinic.log_in(OFFICER, PASSWORD)
        record = bring(clinic, folder).stored[0].record
        library.open_image(clinic, library.OpenImage(record.id))
        planned = sharing.plan_share(clinic, sharing.PlanShare((record.id,), "referral"))
        order = sharing.SealShare(
            planned,
            "Dr. X",
            tmp_path / "out.age",
            frozenset(doubt.id for doubt in planned.plan.open_doubts),
        )
        sharing.seal_share(clinic, order)
        clinic.lock()
        clinic.log_in(OFFICER, PASSWORD)
        story = kinds(clinic)
        verdict = trail.verify(clinic, trail.VerifyTrail())
    assert verdict.is_whole
    for step in (
        (EventKind.LOGIN_FAILED, Outcome.REFUSED),
        (EventKind.LOGIN, Outcome.DONE),
        (EventKind.IMPORT, Outcome.INTENT),
        (EventKind.IMPORT, Outcome.DONE),
        (EventKind.VIEW, Outcome.DONE),
        (EventKind.SHARE, Outcome.INTENT),
        (EventKind.SHARE, Outcome.DONE),
        (EventKind.LOCK, Outcome.DONE),
        (EventKind.UNLOCK, Outcome.DONE),
        (EventKind.TRAIL_READ, Outcome.DONE),
    ):
        assert step in story, step
    assert story.index((EventKind.IMPORT, Outcome.INTENT)) < story.index(
        (EventKind.IMPORT, Outcome.DONE)
    )


def test_a_share_opens_with_its_passphrase_alone_and_holds_the_pixels(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "in", cbct=False)
    with open_clinic(tmp_path / "store") as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        records = by_kind(bring(clinic, folder))
        record = records[ImageKind.PANORAMIC]
        planned = sharing.plan_share(clinic, sharing.PlanShare((record.id,), "referral"))
        confirmed = frozenset(doubt.id for doubt in planned.plan.open_doubts)
        order = sharing.SealShare(planned, "Dr. X", tmp_path / "out.age", confirmed)
        sealed = sharing.seal_share(clinic, order)
        pixels = clinic.vault.open_pixels(record.id)
    assert sealed.receipt.passphrase is not None
    content = (tmp_path / "out.age").read_bytes()
    assert hashlib.sha256(content).hexdigest() == sealed.receipt.sha256
    assert content.startswith(b"age-encryption.org/v1")
    bundle = open_bundle(tmp_path / "out.age", sealed.receipt.passphrase)
    (tmp_path / "shared.dcm").write_bytes(bundle.images[0].dicom_files[0])
    shown = read_by_peer(tmp_path / "shared.dcm")
    np.testing.assert_array_equal(shown[: pixels.shape[0]], pixels)


def test_a_share_without_a_recipient_or_with_an_unseen_doubt_leaves_nothing(
    tmp_path: Path,
) -> None:
    folder = write_images(tmp_path / "in", cbct=False)
    with open_clinic(tmp_path / "store") as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        record = bring(clinic, folder).stored[0].record
        planned = sharing.plan_share(clinic, sharing.PlanShare((record.id,), "referral"))
        with pytest.raises(UserError):
            sharing.seal_share(clinic, sharing.SealShare(planned, " ", tmp_path / "out.age"))
    assert not (tmp_path / "out.age").exists()


def test_the_lock_closes_the_store_and_unlocking_opens_it_again(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "in", cbct=False)
    with open_clinic(tmp_path / "store") as clinic:
        session = clinic.log_in(OFFICER, PASSWORD)
        record = bring(clinic, folder).stored[0].record
        clinic.lock()
        assert not clinic.is_vault_open
        assert session.is_locked
        with pytest.raises(Locked):
            library.open_image(clinic, library.OpenImage(record.id))
        clinic.log_in(OFFICER, PASSWORD)
        assert library.open_image(clinic, library.OpenImage(record.id)).record.id == record.id


def test_the_idle_clock_locks_and_then_logs_off(tmp_path: Path) -> None:
    clock = FakeClock()
    policy = IdlePolicy(lock_after_s=600, log_off_after_s=3600)
    with open_clinic(tmp_path / "store", clock=clock, policy=policy) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        clock.pass_s(599)
        clinic.desk.poll()
        assert clinic.is_vault_open
        clock.pass_s(2)
        clinic.desk.poll()
        assert not clinic.is_vault_open
        clock.pass_s(3600)
        clinic.desk.poll()
        assert clinic.desk.session is None
        with pytest.raises(NotLoggedIn):
            _ = clinic.vault


def test_a_second_import_of_the_same_files_stores_nothing_twice(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "in")
    with open_clinic(tmp_path / "store") as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        assert len(bring(clinic, folder).new) == 3
        again = bring(clinic, folder)
        assert (len(again.new), len(again.stored)) == (0, 3)
        assert len(library.find_patients(clinic, library.FindPatients())) == 1


def test_a_bad_file_is_reported_and_the_rest_goes_on(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "in", cbct=False)
    good = (folder / "pano.dcm").read_bytes()
    (folder / "cut.dcm").write_bytes(good[: len(good) // 2])
    (folder / "notes.txt").write_text("not an image")
    with open_clinic(tmp_path / "store") as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        report = bring(clinic, folder)
    assert len(report.new) == 2
    assert [refusal.source.name for refusal in report.refusals] == ["notes.txt"]
    assert [aside.file_name for aside in report.set_aside] == ["cut.dcm"]
    assert all(each.reason for each in (*report.refusals, *report.set_aside))


def test_a_cancelled_import_is_an_entry_and_leaves_a_sound_store(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "in", cbct=False)
    control = SilentControl()
    control.cancel()
    with open_clinic(tmp_path / "store") as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        with pytest.raises(Cancelled):
            importing.import_paths(clinic, importing.ImportPaths((folder,)), control)
        assert store.check_store(clinic, store.CheckStore(deep=True)).is_sound
        assert (EventKind.IMPORT, Outcome.CANCELLED) in kinds(clinic)


def test_exported_pixels_are_the_stored_ones_and_never_replace_a_file_unasked(
    tmp_path: Path,
) -> None:
    folder = write_images(tmp_path / "in", cbct=False)
    with open_clinic(tmp_path / "store") as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        record = by_kind(bring(clinic, folder))[ImageKind.BITEWING]
        request = exporting.ExportPixels(record.id, tmp_path / "pixels.npy")
        exporting.export_pixels(clinic, request)
        reference = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(folder / "bitewing.dcm")))[
            0
        ]
        np.testing.assert_array_equal(np.load(tmp_path / "pixels.npy"), reference)
        with pytest.raises(UserError):
            exporting.export_pixels(clinic, request)
        assert (EventKind.EXPORT, Outcome.FAILED) in kinds(clinic)


def test_the_same_chart_number_with_another_birth_date_is_in_no_chart_before_a_person_decides(
    tmp_path: Path,
) -> None:
    from datetime import date

    import attrs

    from tests.support.practice import a_patient

    other = attrs.evolve(a_patient(), birth_date=date(1990, 1, 1))
    write_images(tmp_path / "in", cbct=False, seed=7)
    write_images(tmp_path / "in2", other, cbct=False, seed=70)
    with open_clinic(tmp_path / "store") as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        bring(clinic, tmp_path / "in")
        second = bring(clinic, tmp_path / "in2")
        assert len(library.find_patients(clinic, library.FindPatients())) == 1
        assert second.patient_ids == ()
        assert all(each.record.notes for each in second.stored)


def test_a_stolen_folder_does_not_open_with_the_right_password(tmp_path: Path) -> None:
    keystore = MemoryKeyStore()
    with open_clinic(tmp_path / "store", keystore) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
    thief = MemoryKeyStore()
    thief.create_device_secret()
    with pytest.raises(Exception, match=r"workstation|outside the program"):
        Clinic(tmp_path / "store", thief)
