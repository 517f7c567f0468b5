"""What no list shows: arrivals that wait for a decision, files set aside, charts merged away.

`Vault` itself refuses to show any of it (`NotInStore`), so that no list, search, view, share or
export can; the review list and the quarantine come here. All of it is sealed under keys of its
own, and erased, backed up, rotated, sealed anew and checked like everything else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from viewer.model.ids import ImageId, PatientId, SopUid, new_id
from viewer.model.image import ImageRecord
from viewer.model.patient import Patient
from viewer.vault import pictures
from viewer.vault.catalog import aside, images, patients
from viewer.vault.catalog.connection import Catalog, Cursor
from viewer.vault.catalog.images import Role
from viewer.vault.errors import NotInStore, StoreDamaged, StoreFault, StoreTooNew
from viewer.vault.pictures import Opening
from viewer.vault.records import Aside, IsCancelled, Standing, StudySummary, never
from viewer.vault.sealed import SealedObjects


class Hidden:
    """The hidden part of an open store. Any thread."""

    def __init__(self, catalog: Catalog, sealed: SealedObjects, open_pixels: Opening) -> None:
        self._catalog = catalog
        self._sealed = sealed
        self._open_pixels = open_pixels

    # who

    def add_waiting(self, patient: Patient, issuer: str, now: datetime) -> None:
        """Add somebody who waits for a decision, with a fresh key of his own.

        Raises
        ------
        ValueError
            A patient with this id is there already.
        """
        with self._catalog.write() as cursor:
            self._add(cursor, patient, issuer, Standing.WAITING, now)

    def waiting(self) -> list[Aside]:
        """Return who waits for a decision, oldest first."""
        with self._catalog.read() as cursor:
            return aside.aside(cursor, Standing.WAITING)

    def count_waiting(self) -> int:
        """Return how many wait for a decision."""
        with self._catalog.read() as cursor:
            return aside.count(cursor, Standing.WAITING)

    def one_waiting(self, patient_id: PatientId) -> Aside:
        """Return one who waits.

        Raises
        ------
        NotInStore
            Nobody of this id waits (any more).
        """
        with self._catalog.read() as cursor:
            self._catalog.prove(patient_id, is_new=False)
            return aside.aside_of(cursor, patient_id, Standing.WAITING)

    def make_chart(self, patient_id: PatientId) -> Patient:
        """Give somebody who waits a chart of his own; nothing is sealed anew.

        Raises
        ------
        NotInStore
            Nobody of this id waits (any more).
        """
        with self._catalog.write() as cursor:
            patient = aside.aside_of(cursor, patient_id, Standing.WAITING).patient
            patients.set_standing(cursor, patient_id, Standing.CHART, "")
            return patient

    def merged(self) -> list[Aside]:
        """Return the charts that were merged into others."""
        with self._catalog.read() as cursor:
            return aside.aside(cursor, Standing.MERGED)

    def set_aside(self, now: datetime) -> Patient:
        """Return the one under whose keys files that could not be read lie; made at first use."""
        with self._catalog.write() as cursor:
            there = aside.aside(cursor, Standing.SET_ASIDE)
            if there:
                return there[0].patient
            nobody = Patient(PatientId(new_id()), "", "", "")
            self._add(cursor, nobody, "", Standing.SET_ASIDE, now)
            return nobody

    def set_aside_studies(self) -> list[StudySummary]:
        """Return the files set aside, by study, newest first; none where there never were any."""
        with self._catalog.read() as cursor:
            there = aside.aside(cursor, Standing.SET_ASIDE)
            return [study for each in there for study in images.studies(cursor, each.patient.id)]

    def _add(
        self, cursor: Cursor, patient: Patient, issuer: str, standing: Standing, now: datetime
    ) -> None:
        patients.add(cursor, patient, issuer, standing, aside.about_waiting(now))
        epoch, wrapped = self._sealed.new_patient_key(patient.id)
        patients.put_key(cursor, patient.id, 1, epoch, wrapped)

    def patient(self, patient_id: PatientId) -> Patient:
        """Return somebody, with a chart or without.

        Raises
        ------
        NotInStore
            There is nobody of this id.
        """
        with self._catalog.read() as cursor:
            self._catalog.prove(patient_id, is_new=False)
            return patients.get(cursor, patient_id)

    # what

    def studies(self, patient_id: PatientId) -> list[StudySummary]:
        """Return what somebody has, with a chart or without, newest study first."""
        with self._catalog.read() as cursor:
            self._catalog.prove(patient_id)
            return images.studies(cursor, patient_id)

    def images(self, patient_id: PatientId) -> list[ImageRecord]:
        """Return all images of somebody, in the order of `studies`."""
        return [image for study in self.studies(patient_id) for image in study.images]

    def record(self, image_id: ImageId) -> ImageRecord:
        """Return what is known about an image, whoever has it.

        Raises
        ------
        NotInStore
            There is no such image.
        """
        with self._catalog.read() as cursor:
            record = images.get(cursor, image_id)
            self._catalog.prove(record.patient_id, is_new=False)
            return record

    def standing(self, patient_id: PatientId) -> Standing:
        """Return whether somebody has a chart.

        Raises
        ------
        NotInStore
            There is nobody of this id.
        """
        with self._catalog.read() as cursor:
            patients.get(cursor, patient_id)
            return next(each for each in Standing if aside.is_of(cursor, patient_id, each))

    def find_by_sop(self, uids: Sequence[SopUid]) -> list[ImageRecord]:
        """Return every image, of anybody, that holds one of these SOP instance UIDs."""
        with self._catalog.read() as cursor:
            return images.find_by_sop(cursor, uids)

    def thumbnails(self, image_ids: Sequence[ImageId]) -> Mapping[ImageId, NDArray[np.uint8]]:
        """Return the thumbnails that can be read; a damaged one is left out."""
        found = {}
        for image_id in image_ids:
            with suppress(NotInStore, StoreDamaged, StoreTooNew, StoreFault):
                packed = self._sealed.read(image_id, Role.PREVIEW)
                found[image_id] = pictures.unpack_thumbnail(packed)
        return found

    def headers(self, image_id: ImageId) -> bytes:
        """Return the packed headers of an image."""
        return bytes(self._sealed.read(image_id, Role.HEADERS))

    def open_pixels(
        self, image_id: ImageId, is_cancelled: IsCancelled = never
    ) -> NDArray[np.generic]:
        """Return an image's stored values, or the bytes of a file that is kept whole."""
        return self._open_pixels(image_id, is_cancelled)
