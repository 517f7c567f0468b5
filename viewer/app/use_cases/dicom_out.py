"""Images out as the DICOM files they came as: a folder as a medium has it, not sealed."""

from __future__ import annotations

from pathlib import Path

import attrs

from viewer.app.clinic import Clinic
from viewer.app.dicom_files import files_of
from viewer.app.dicom_folder import FolderWriter, WrittenFolder, refuse_folder
from viewer.app.errors import NotConfirmed, NotExported, NothingChosen
from viewer.app.gate import Act, Subject, use_case
from viewer.model.errors import UserError
from viewer.model.ids import ImageId, PatientId, StudyUid
from viewer.model.image import ImageRecord
from viewer.model.patient import Patient
from viewer.redact.quiet import quiet_pydicom
from viewer.session.audit.events import EventKind
from viewer.session.permissions import Permission

_WORDS = "Writing DICOM files"


@attrs.frozen
class ExportDicom:
    """What leaves (images, a visit of a patient, or all of a patient), where to, for what and whom.

    `patient` is an id or a chart number that only one patient has.
    `leaves_unsealed`: a person was told that everybody who gets hold of the folder reads it.
    """

    destination: Path = attrs.field(repr=False)
    purpose: str = ""
    recipient: str = attrs.field(default="", repr=False)
    image_ids: tuple[ImageId, ...] = ()
    patient: str = attrs.field(default="", repr=False)
    study_uid: StudyUid | None = None
    leaves_unsealed: bool = False


@attrs.frozen
class ExportedDicom:
    """What left, what could not and why (image by image), and the number of its entry."""

    written: WrittenFolder
    left_out: tuple[tuple[ImageId, str], ...]
    trail_number: int


def _records(clinic: Clinic, request: ExportDicom) -> list[ImageRecord]:
    vault = clinic.vault
    if request.image_ids:
        records = [vault.record(image_id) for image_id in dict.fromkeys(request.image_ids)]
    elif request.patient:
        patient_id = _only(vault.patients_named(request.patient))
        study = request.study_uid
        records = vault.study_images(patient_id, study) if study else vault.images(patient_id)
    else:
        records = []
    if not records:
        raise NothingChosen("No images are selected.", "Select the images to export.")
    if len({record.patient_id for record in records}) > 1:
        raise UserError("These are images of several patients.", "Export one patient at a time.")
    return records


def _only(named: list[Patient]) -> PatientId:
    if len(named) != 1:
        raise NothingChosen(
            "No single patient has this id or chart number.", "Give the patient's id."
        )
    return named[0].id


def _subject(clinic: Clinic, request: ExportDicom) -> Subject:
    records = _records(clinic, request)
    return Subject(
        records[0].patient_id,
        tuple(record.id for record in records),
        "DICOM files, not sealed",
        purpose=request.purpose.strip(),
        recipient=request.recipient.strip(),
    )


@use_case(permission=Permission.EXPORT_IMAGES, event=EventKind.EXPORT, subject=_subject)
def export_dicom(clinic: Clinic, request: ExportDicom, act: Act) -> ExportedDicom:
    """Write a folder of DICOM files, each element as it came but for what a person changed.

    An image whose files cannot be put together is left out and named; the rest leaves.

    Raises
    ------
    NotConfirmed, UserError
        Nobody was told that it leaves unsealed; no purpose, no recipient.
    DestinationRefused, DestinationFault, Cancelled
        Nothing is left at the destination.
    NotExported
        None of the images can leave.
    """
    if not request.leaves_unsealed:
        raise NotConfirmed
    if not request.purpose.strip() or not request.recipient.strip():
        raise UserError("Purpose or recipient is missing.", "Say what for, and who gets the files.")
    refuse_folder(request.destination)
    records = _records(clinic, request)
    patient = clinic.vault.patient(records[0].patient_id)
    left_out: list[tuple[ImageId, str]] = []
    with FolderWriter(request.destination) as folder, quiet_pydicom():  # remarks hold values
        for done, record in enumerate(records):
            act.still_here()
            act.control.progress(done, len(records), _WORDS)
            files = files_of(
                clinic.vault, record, patient, clinic.clock.wall(), act.control.is_cancelled
            )
            before = folder.files
            try:
                for file in files:
                    act.still_here()
                    folder.add(file)
            except NotExported as why:
                if folder.files > before:
                    raise  # half of an image is none
                left_out.append((record.id, why.what))
        if len(left_out) == len(records):
            raise NotExported(left_out[0][1])
        act.still_here()
        written = folder.publish()
    act.outcome = _outcome(act.outcome, written, left_out)
    return ExportedDicom(written, tuple(left_out), act.number)


def _outcome(
    subject: Subject, written: WrittenFolder, left_out: list[tuple[ImageId, str]]
) -> Subject:
    missing = {image_id for image_id, _ in left_out}
    note = f", {len(missing)} could not" if missing else ""
    return attrs.evolve(
        subject,
        objects=tuple(each for each in subject.objects if each not in missing),
        why=f"{written.files} DICOM files, not sealed{note}",
        digests=(written.sha256,),
        size_bytes=written.size_bytes,
    )
