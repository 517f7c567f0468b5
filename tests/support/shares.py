"""Images as the store holds them, of people who never were, for tests of redaction and sharing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import generate_uid

from viewer.dicom import write
from viewer.dicom.headers import pack_headers
from viewer.model.ids import ImageId, PatientId, SeriesUid, SopUid, StudyUid, new_id
from viewer.model.image import GreyScale, ImageKind, ImageRecord, Photometric, to_affine
from viewer.model.patient import Patient, Study
from viewer.model.tooth import Tooth
from viewer.redact.plan import RedactionPlan, ShareFacts, ShareSubject, make_plan
from viewer.redact.profiles import profile_named

FACTS = ShareFacts(
    number="S-2026-0042",
    purpose="Wisdom teeth",
    recipient="Dr. Ines Weiß",
    practice="Lindenplatz Dental",
    made=datetime(2026, 11, 22, 9, 30, tzinfo=UTC),
    expires=date(2027, 2, 20),
)


def somebody(family: str = "Quastenflosser", number: str = "CH-471188") -> Patient:
    """Return an obviously fictional patient."""
    return Patient(PatientId(new_id()), number, family, "Wilhelmina", date(1984, 3, 9), "F")


def visit(patient: Patient) -> Study:
    """Return a study of the patient."""
    uid = StudyUid(generate_uid())
    return Study(uid, patient.id, date(2026, 1, 2), description="Recall visit")


def header_bytes(ds: Dataset) -> bytes:
    """Return a data set without pixels as the store keeps it."""
    bare = Dataset({element.tag: element for element in ds if element.keyword != "PixelData"})
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_dataset(buffer, bare)
    return bytes(buffer.getvalue())


def subject_of(
    patient: Patient,
    datasets: Sequence[Dataset],
    pixels: NDArray[Any],
    kind: ImageKind,
    **facts: Any,
) -> ShareSubject:
    """Return an image as the store has it."""
    first = datasets[0]
    grey = GreyScale(
        photometric=Photometric(first.PhotometricInterpretation),
        bits_stored=first.BitsStored,
        slope=float(first.get("RescaleSlope", 1)),
        intercept=float(first.get("RescaleIntercept", 0)),
        minimum=int(pixels.min()),
        maximum=int(pixels.max()),
    )
    record = ImageRecord(
        id=ImageId(new_id()),
        patient_id=patient.id,
        study_uid=StudyUid(first.StudyInstanceUID),
        series_uid=SeriesUid(first.SeriesInstanceUID),
        sop_instance_uids=tuple(SopUid(ds.SOPInstanceUID) for ds in datasets),
        sop_class_uid=first.SOPClassUID,
        modality=first.Modality,
        kind=kind,
        shape=pixels.shape,
        dtype=pixels.dtype.name,
        grey=grey,
        **facts,
    )
    return ShareSubject(record, pixels, pack_headers(header_bytes(ds) for ds in datasets))


def panoramic_set(patient: Patient, **changes: object) -> tuple[Dataset, NDArray[np.uint16]]:
    """Return a panoramic data set with some changed attributes, and its pixels."""
    pixels = np.random.default_rng(7).integers(40, 4000, (90, 240), dtype=np.uint16)
    ds = write.panoramic(patient, visit(patient), pixels, spacing_mm=(0.1, 0.1))
    for keyword, value in changes.items():
        setattr(ds, keyword, value)
    return ds, pixels


def a_panoramic(patient: Patient | None = None, **changes: object) -> ShareSubject:
    """Return a small panoramic with some changed attributes."""
    person = patient or somebody()
    ds, pixels = panoramic_set(person, **changes)
    return subject_of(person, [ds], pixels, ImageKind.PANORAMIC)


def a_bitewing(patient: Patient | None = None) -> ShareSubject:
    """Return a small inverted bitewing, 8 bit."""
    person = patient or somebody()
    pixels = np.random.default_rng(8).integers(0, 256, (80, 101), dtype=np.uint8)
    ds = write.intraoral(
        person,
        visit(person),
        pixels,
        kind=ImageKind.BITEWING,
        teeth=[Tooth(16), Tooth(46)],
        laterality="R",
        spacing_mm=(0.03, 0.03),
        patient_orientation=("A", "F"),
        photometric=Photometric.MONOCHROME1,
        bits_stored=8,
    )
    return subject_of(person, [ds], pixels, ImageKind.BITEWING)


def a_photo(patient: Patient | None = None) -> ShareSubject:
    """Return a small colour photo."""
    person = patient or somebody()
    pixels = np.random.default_rng(9).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    ds = write.photo(person, visit(person), pixels)
    return subject_of(person, [ds], pixels, ImageKind.PHOTO)


def a_volume(patient: Patient | None = None, planes: int = 5) -> ShareSubject:
    """Return a small CBCT, signed, with a rescale."""
    person = patient or somebody()
    voxels = np.random.default_rng(10).integers(-500, 3000, (planes, 20, 24), dtype=np.int16)
    affine = np.diag([0.3, 0.3, 0.4, 1.0])
    affine[:3, 3] = (-3.0, -4.0, 12.5)
    datasets = write.ct_series(person, visit(person), voxels, affine, slope=2.0, intercept=-1000.0)
    return subject_of(person, datasets, voxels, ImageKind.CBCT, affine_lps=to_affine(affine))


def a_plan(profile: str, *subjects: ShareSubject, facts: ShareFacts = FACTS) -> RedactionPlan:
    """Return a plan that a person has confirmed."""
    plan = make_plan(subjects, profile_named(profile), facts)
    return plan.confirmed({doubt.id for doubt in plan.doubts})
