"""The store as the rest of the house sees it: one `Vault` object, opened with keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from viewer.model.ids import ImageId, PatientId, SopUid, StudyUid, UserId
from viewer.model.image import ImageRecord, ImageState
from viewer.model.patient import Patient, Series, Study
from viewer.vault.records import (
    CheckReport,
    IsCancelled,
    PatientSummary,
    PixelPart,
    Progress,
    SettingScope,
    StudySummary,
    VaultHead,
    VaultKeys,
    never,
    no_progress,
)


class Vault:
    """An open store. Any thread may call any method; writes wait for each other.

    Every method raises `StoreClosed` after `close`, `StoreFault` (`DiskFull`) where the disk
    fails, and `StoreDamaged` where what is stored is not what was written.
    """

    @classmethod
    def create(cls, folder: Path, keys: VaultKeys) -> None:
        """Make an empty store in a folder, which may hold other things but no store.

        Raises
        ------
        StoreExists
            There is a store already.
        """
        raise NotImplementedError

    @classmethod
    def open(cls, folder: Path, keys: VaultKeys, expected: VaultHead | None = None) -> Vault:
        """Open a store and tidy up after an earlier end by force.

        The keys are copied; the caller keeps and wipes its own. `expected` is the head that was
        last seen (kept outside the store). Objects that no row knows are deleted only if it is
        given and holds, so that putting back an old catalog never deletes newer pictures.

        Raises
        ------
        StoreMissing, StoreInUse, StoreTooNew
            The store cannot be opened here and now.
        WrongKey
            The keys are another store's, or the catalog's beginning is damaged.
        RolledBack
            The store is older than, or another branch of, the expected head.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Wipe the keys and close; reads and writes under way stop with `StoreClosed`.

        Safe to call twice.
        """
        raise NotImplementedError

    def __enter__(self) -> Vault:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # patients

    def add_patient(self, patient: Patient, issuer: str = "") -> None:
        """Add a patient with a fresh key; `issuer` is DICOM IssuerOfPatientID (0010,0021).

        Raises
        ------
        ValueError
            A patient with this id is there already.
        """
        raise NotImplementedError

    def update_patient(self, patient: Patient, issuer: str | None = None) -> None:
        """Replace what is known about a patient; None keeps the issuer.

        Raises
        ------
        NotInStore
            There is no such patient.
        """
        raise NotImplementedError

    def patient(self, patient_id: PatientId) -> Patient:
        """Return a patient.

        Raises
        ------
        NotInStore
            There is no such patient.
        """
        raise NotImplementedError

    def find_patient(self, chart_number: str, issuer: str = "") -> list[Patient]:
        """Return the patients with exactly this chart number and issuer; more than one may be."""
        raise NotImplementedError

    def patients(self, search: str = "", limit: int = 200) -> list[PatientSummary]:
        """Return the patients that match each word's beginning, by name.

        Names, chart number and birth date (ISO) are searched; case and accents do not matter. An
        empty search matches everybody.
        """
        raise NotImplementedError

    # pictures

    def put_picture(
        self,
        study: Study,
        series: Series,
        record: ImageRecord,
        pixels: NDArray[np.generic],
        headers: bytes,
        thumbnail: NDArray[np.uint8],
        is_cancelled: IsCancelled = never,
    ) -> ImageRecord:
        """Seal a picture and list it; once this returns it survives a pulled plug.

        Study and series are added or updated. The stored record is returned: it has
        `pixel_sha256` filled in. If the patient already has a picture with one of its SOP
        instance UIDs and the same pixels, nothing is written and that one's record is returned
        (its id differs).

        Parameters
        ----------
        pixels : ndarray
            Stored values with the record's shape and dtype; volumes are [k, j, i].
        headers : bytes
            The original data sets without pixels, kept as they are.
        thumbnail : ndarray, uint8
            (rows, columns) or (rows, columns, 3), as it should look on screen.

        Raises
        ------
        NotInStore
            The patient is not in the store.
        Cancelled
            Nothing was kept.
        ValueError
            Pixels, record, study and series contradict each other.
        """
        raise NotImplementedError

    def find_by_sop(self, uids: Sequence[SopUid]) -> list[ImageRecord]:
        """Return every image, of any patient, that holds one of these SOP instance UIDs."""
        raise NotImplementedError

    def studies(self, patient_id: PatientId) -> list[StudySummary]:
        """Return a patient's studies with series and images, newest study first."""
        raise NotImplementedError

    def study_images(self, patient_id: PatientId, study_uid: StudyUid) -> list[ImageRecord]:
        """Return the images of one study, in the order of `studies`."""
        raise NotImplementedError

    def images(self, patient_id: PatientId) -> list[ImageRecord]:
        """Return all images of a patient, in the order of `studies`."""
        raise NotImplementedError

    def record(self, image_id: ImageId) -> ImageRecord:
        """Return what is known about an image.

        Raises
        ------
        NotInStore
            There is no such image.
        """
        raise NotImplementedError

    def update_record(self, record: ImageRecord) -> None:
        """Replace what is known about an image (teeth, kind, spacing…), never its pixels.

        Raises
        ------
        NotInStore
            There is no such image.
        ValueError
            Patient, study, series, SOP instance UIDs, shape, dtype or pixel digest would change.
        """
        raise NotImplementedError

    def set_state(self, image_id: ImageId, state: ImageState, reason: str = "") -> None:
        """Say whether an image is shown, kept or quarantined, and why."""
        raise NotImplementedError

    def delete_image(self, image_id: ImageId) -> None:
        """Remove an image: its row first, then its objects."""
        raise NotImplementedError

    def thumbnail(self, image_id: ImageId) -> NDArray[np.uint8]:
        """Return an image's thumbnail: (rows, columns) or (rows, columns, 3), uint8."""
        raise NotImplementedError

    def thumbnails(self, image_ids: Sequence[ImageId]) -> Mapping[ImageId, NDArray[np.uint8]]:
        """Return the thumbnails that can be read; a damaged one is left out, the rest goes on."""
        raise NotImplementedError

    def open_pixels(
        self, image_id: ImageId, is_cancelled: IsCancelled = never
    ) -> NDArray[np.generic]:
        """Return an image's stored values: a fresh C-ordered array of the record's shape, dtype.

        Raises
        ------
        NotInStore, ObjectMissing, ObjectDamaged, Cancelled
            Nothing of the picture is returned.
        """
        raise NotImplementedError

    def stream_pixels(
        self, image_id: ImageId, first_plane: int = 0, is_cancelled: IsCancelled = never
    ) -> Iterator[PixelPart]:
        """Open a picture part by part, from `first_plane` (axis 0) outwards in both directions.

        Each part has been authenticated when it is yielded. If an error is raised later, drop the
        array: the picture is damaged.
        """
        raise NotImplementedError

    def headers(self, image_id: ImageId) -> bytes:
        """Return the `headers` that were put with the picture."""
        raise NotImplementedError

    # settings and drafts

    def setting(self, scope: SettingScope, key: str, user: UserId | None = None) -> str | None:
        """Return a setting's JSON text, or None; `user` is needed for the scope USER."""
        raise NotImplementedError

    def set_setting(
        self, scope: SettingScope, key: str, value: str | None, user: UserId | None = None
    ) -> None:
        """Keep a setting's JSON text; None removes it."""
        raise NotImplementedError

    def draft(self, user: UserId, name: str) -> bytes | None:
        """Return a user's unfinished work, or None; nobody else's is ever returned."""
        raise NotImplementedError

    def save_draft(self, user: UserId, name: str, blob: bytes | None) -> None:
        """Keep a user's unfinished work; None removes it."""
        raise NotImplementedError

    # the store itself

    def head(self) -> VaultHead:
        """Return where the catalog's history stands, to be kept outside the store."""
        raise NotImplementedError

    def has_passed(self, head: VaultHead) -> bool:
        """Whether the history of this store goes through the given head."""
        raise NotImplementedError

    def check(
        self,
        deep: bool = False,
        progress: Progress = no_progress,
        is_cancelled: IsCancelled = never,
    ) -> CheckReport:
        """Look for missing, damaged and unknown objects; `deep` also opens each to its last byte.

        Changes nothing; one damaged object never hides the rest.
        """
        raise NotImplementedError
