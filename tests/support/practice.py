"""A real practice for tests: accounts, trail and vault in a private folder, and a few images."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from viewer.app.clinic import Clinic, Founding
from viewer.app.use_cases import accounts
from viewer.crypto.derive import SMALLEST_STRETCH
from viewer.dicom.write import ct_series, intraoral, panoramic, to_bytes
from viewer.model.ids import PatientId, StudyUid
from viewer.model.image import ImageKind, Window
from viewer.model.patient import Patient, Study
from viewer.model.tooth import Tooth
from viewer.session.idle import IdlePolicy
from viewer.session.keystore import KeyStore, MemoryKeyStore

OFFICER = "Olga Officer"
PASSWORD = "maple wagon teapot cliff"  # made up for tests
FIRST = "granite piano meadow four"
MARKER_FAMILY = "Zyxwvutmarker"
MARKER_CHART = "CHART-QJXZMARK"


class FakeClock:
    """Time that only a test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.start = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

    def boot_s(self) -> float:
        return self.seconds

    def wall(self) -> datetime:
        return self.start + timedelta(seconds=self.seconds)

    def pass_s(self, seconds: float) -> None:
        self.seconds += seconds


def found(folder: Path, keystore: KeyStore) -> None:
    """Found a practice whose owner is OFFICER."""
    founding = Founding("Test Practice", OFFICER, PASSWORD, stretch=SMALLEST_STRETCH)
    Clinic.found(folder, keystore, founding).wipe()


@contextmanager
def open_clinic(
    folder: Path,
    keystore: KeyStore | None = None,
    *,
    clock: FakeClock | None = None,
    policy: IdlePolicy | None = None,
) -> Iterator[Clinic]:
    """Open the practice of a folder, founded first where there is none; closed at the end."""
    keystore = keystore or MemoryKeyStore()
    if not Clinic.is_founded(folder):
        found(folder, keystore)
    clinic = Clinic(folder, keystore, clock=clock, policy=policy or IdlePolicy())
    try:
        yield clinic
    finally:
        clinic.close()


def add_person(clinic: Clinic, role_id: str) -> str:
    """Make an account of a role while somebody who may is logged in; return its name."""
    name = f"{role_id} person"
    add_somebody(clinic, name, name.title(), role_id)
    return name


def add_somebody(clinic: Clinic, name: str, display_name: str, role_id: str) -> None:
    """Make an account whose owner has changed the first password to PASSWORD."""
    request = accounts.AddUser(name, display_name, role_id, FIRST)
    user = accounts.add_user(clinic, request)
    clinic.practice.change_password(user.id, FIRST, PASSWORD, clinic.clock)


_SYLLABLES = {
    "0": "zu", "1": "be", "2": "ci", "3": "do", "4": "fa",
    "5": "gi", "6": "ho", "7": "ju", "8": "ke", "9": "la",
}  # fmt: skip


def a_patient(family: str = "", chart: str = "1001") -> Patient:
    """Return somebody made up: without a family name one that resembles no other chart's."""
    if not family:
        said = "".join(_SYLLABLES.get(digit, digit) for digit in chart).capitalize()
        family = "Example" if chart == "1001" else said
    return Patient(PatientId(""), chart, family, "Ada", date(1987, 4, 12), "F")


def noisy(shape: tuple[int, ...], seed: int = 7, high: int = 4000) -> np.ndarray:
    """Return pixels that no compressor and no accident repeats."""
    return np.random.default_rng(seed).integers(0, high, shape).astype(np.uint16)


def write_images(
    folder: Path, patient: Patient | None = None, *, cbct: bool = True, seed: int = 7
) -> Path:
    """Write a bitewing, a panoramic and a small CBCT of one patient as DICOM files."""
    folder.mkdir(parents=True, exist_ok=True)
    patient = patient or a_patient()
    uid = f"1.2.826.0.1.3680043.10.1234.{seed}"
    study = Study(StudyUid(uid), patient.id, date(2026, 11, 1), description="Recall")
    bitewing = intraoral(
        patient, study, noisy((120, 160), seed), kind=ImageKind.BITEWING,
        teeth=[Tooth(15), Tooth(16), Tooth(45), Tooth(46)], laterality="R",
        spacing_mm=(0.1, 0.1), patient_orientation=("P", "F"),
    )  # fmt: skip
    pano = panoramic(patient, study, noisy((130, 260), seed + 1), spacing_mm=(0.1, 0.1))
    files = {"bitewing.dcm": bitewing, "pano.dcm": pano}
    if cbct:
        voxels = (noisy((24, 40, 48), seed + 2).astype(np.int32) - 1000).astype(np.int16)
        affine = np.diag([0.4, 0.4, 0.4, 1.0])
        affine[:3, 3] = (-9.6, -8.0, -4.8)
        series = ct_series(patient, study, voxels, affine, windows=[Window(400, 2000)])
        files |= {f"ct{k:03d}.dcm": slice_ for k, slice_ in enumerate(series)}
    for name, dataset in files.items():
        (folder / name).write_bytes(to_bytes(dataset))
    return folder
