"""Made-up keys, people and pictures for the tests of the store."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.crypto.secret import Secret
from viewer.model.ids import ImageId, PatientId, SeriesUid, SopUid, StudyUid, new_id
from viewer.model.image import GreyScale, ImageKind, ImageRecord, Photometric
from viewer.model.patient import Patient, Series, Study
from viewer.vault.records import VaultKeys
from viewer.vault.store import Vault

ROOT = Path(__file__).resolve().parents[3]


def new_keys(practice_id: str = "a" * 32, seed: int = 1, epochs: int = 1) -> VaultKeys:
    """Return the same keys for the same arguments."""
    made = {epoch: Secret(bytes([seed, epoch]) * 16) for epoch in range(1, epochs + 1)}
    return VaultKeys(practice_id, made, epochs)


def new_patient(family: str = "Muster", given: str = "Eva", chart: str = "BW-0012") -> Patient:
    """Return a patient with a fresh id."""
    return Patient(PatientId(new_id()), chart, family, given, date(1980, 5, 17))


@attrs.frozen(eq=False)
class MadePicture:
    """All that `Vault.put_picture` takes."""

    study: Study
    series: Series
    record: ImageRecord
    pixels: NDArray[np.generic]
    headers: bytes
    thumbnail: NDArray[np.uint8]

    def put(self, vault: Vault) -> ImageRecord:
        """Put it into a store."""
        return vault.put_picture(
            self.study, self.series, self.record, self.pixels, self.headers, self.thumbnail
        )


def new_picture(
    patient_id: PatientId,
    pixels: NDArray[np.generic] | None = None,
    *,
    study: str = "1.2.3",
    sop: str = "",
    day: date | None = date(2024, 2, 29),
    number: int | None = 1,
) -> MadePicture:
    """Return a picture with a fresh id; its SOP instance UID is fresh too unless given."""
    if pixels is None:
        pixels = np.arange(20 * 30, dtype=np.uint16).reshape(20, 30)
    is_colour = pixels.ndim == 3 and pixels.shape[-1] == 3
    uid, image_id = StudyUid(study), ImageId(new_id())
    record = ImageRecord(
        image_id,
        patient_id,
        uid,
        SeriesUid(study + ".1"),
        (SopUid(sop or f"2.25.{int(image_id, 16)}"),),
        "1.2.840.10008.5.1.4.1.1.1.3",
        "IO",
        ImageKind.PERIAPICAL,
        pixels.shape,
        pixels.dtype.name,
        GreyScale(Photometric.RGB) if is_colour else GreyScale(bits_stored=12),
        number=number,
    )
    return MadePicture(
        Study(uid, patient_id, day),
        Series(record.series_uid, uid, "IO"),
        record,
        pixels,
        b"zlib'd data sets",
        np.arange(16 * 12, dtype=np.uint8).reshape(16, 12),
    )


def object_files(folder: Path) -> list[Path]:
    """Return every file below a store's objects folder."""
    return sorted(path for path in (folder / "objects").rglob("*") if path.is_file())
