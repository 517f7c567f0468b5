"""The store as the rest of the house sees it: one `Vault` object, opened with keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.model.ids import ImageId, ObjectId, PatientId, SopUid, StudyUid, UserId
from viewer.model.image import ImageRecord, ImageState, Picture
from viewer.model.patient import Patient, Series, Study
from viewer.vault import pictures
from viewer.vault.backup.destinations import Backups
from viewer.vault.catalog import aside, finding, images, patients, settings
from viewer.vault.catalog.connection import Catalog
from viewer.vault.catalog.images import Role, StoredObject
from viewer.vault.catalog.legal import require_no_hold
from viewer.vault.check import Store, check_store
from viewer.vault.errors import (
    NotInStore,
    ObjectDamaged,
    RolledBack,
    StoreDamaged,
    StoreExists,
    StoreFault,
    StoreTooNew,
    store_fault,
)
from viewer.vault.filing import Filing
from viewer.vault.hidden import Hidden
from viewer.vault.keeping.backups import connected
from viewer.vault.keeping.keeping import Keeping
from viewer.vault.layout import Layout
from viewer.vault.lock import StoreLock
from viewer.vault.mending import MakeThumbnail, Mending
from viewer.vault.moving import Moving
from viewer.vault.overview import Overviews, pack_overview
from viewer.vault.planes import Arrived, GrowingPlanes
from viewer.vault.records import (
    CheckReport,
    Erased,
    IsCancelled,
    PatientSummary,
    Progress,
    SettingScope,
    StudySummary,
    VaultHead,
    VaultKeys,
    never,
    no_progress,
)
from viewer.vault.rekeying import Rekeying
from viewer.vault.repair import Mended, mend_store, remember_orphans
from viewer.vault.reseal import BeforeRemoval, Resealed, nothing_first
from viewer.vault.rotation import Rotated
from viewer.vault.sealed import SealedObjects
from viewer.vault.sealing import MakeOverview, Sealing
from viewer.vault.spare import Spare, saying_if_copied
from viewer.vault.v1.container import ContainerReader
from viewer.vault.v1.folder import ObjectFolder

_MOST_ALIKE = 400
"""Of each kind of likeness; more are not compared."""


class Vault:
    """An open store. Any thread may call any method; writes wait for each other.

    Every method raises `StoreClosed` after `close`, `StoreFault` (`DiskFull`) where the disk
    fails, and `StoreDamaged` where what is stored is not what was written.
    """

    def __init__(self, layout: Layout, lock: StoreLock, catalog: Catalog, keys: VaultKeys) -> None:
        """Take over open parts; use `Vault.open`."""
        self._layout = layout
        self._lock = lock
        self._catalog = catalog
        self._sealed = SealedObjects(ObjectFolder(layout.objects), catalog, keys)
        self.spare = Spare(layout, catalog, self._sealed)
        self.keys = Rekeying(layout, catalog, self._sealed, self.spare)
        self.backups = Backups(layout.folder, catalog, self._sealed)
        self.keeping = Keeping(
            layout.folder,
            catalog,
            self._sealed,
            self.keys.erase_patient,
            lambda: connected(self.backups.known()),
        )
        self.overviews = Overviews(catalog, self._sealed)
        self.filing = Filing(catalog, self._sealed, self._list)
        self.hidden = Hidden(catalog, self._sealed, self._open_any)
        self.moving = Moving(catalog, self._sealed, self.spare, self.keeping.bring_in)

    @classmethod
    def create(cls, folder: Path, keys: VaultKeys) -> None:
        """Make an empty store in a folder, which may hold other things but no store.

        Raises
        ------
        StoreExists
            There is a store already.
        """
        layout = Layout(folder)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as fault:
            raise store_fault(fault) from fault
        lock = StoreLock(layout.lock)
        try:
            if layout.exists():
                raise StoreExists
            layout.make(keys)
        finally:
            lock.release()

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
        CatalogDamaged
            The catalog is damaged or gone, and `repair` can put its copy in its place.
        RolledBack
            The store is older than, or another branch of, the expected head.
        """
        layout = Layout(folder)
        with saying_if_copied(layout, keys):
            layout.check_marker()
        lock = StoreLock(layout.lock)
        try:
            with saying_if_copied(layout, keys):
                catalog = layout.open_catalog(keys)
            try:
                _require_head(catalog, expected)
                vault = cls(layout, lock, catalog, keys.copy())
                vault._tidy(is_newest=expected is not None)
            except BaseException:
                catalog.close()
                raise
        except BaseException:
            lock.release()
            raise
        return vault

    def close(self) -> None:
        """Wipe the keys and close; reads and writes under way stop with `StoreClosed`.

        Safe to call twice.
        """
        is_tidy = self._sealed.close()
        self.keeping.before_close()
        try:
            self._catalog.close()
            self.spare.settle()
            if is_tidy:
                self._layout.mark_closed()
        finally:
            self._lock.release()

    def _tidy(self, *, is_newest: bool) -> None:
        if self._layout.mark_open():
            self._sealed.folder.remove_leftovers()
            self._layout.remove_backup_copies()
            if is_newest:
                self._sealed.collect_orphans()
                self.keeping.finish_evictions()
        if is_newest:
            self.keys.finish_if_quick()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # keys: more in `rekeying.Rekeying`

    def rotate(
        self,
        keys: VaultKeys,
        progress: Progress = no_progress,
        is_cancelled: IsCancelled = never,
    ) -> Rotated:
        """Bring the store to the current epoch of `keys`, which are copied."""
        return self.keys.rotate(keys, progress, is_cancelled)

    def reseal(
        self,
        progress: Progress = no_progress,
        is_cancelled: IsCancelled = never,
        before_removal: BeforeRemoval = nothing_first,
    ) -> Resealed:
        """Seal everything anew under fresh patient keys, or go on with it."""
        return self.keys.reseal(progress, is_cancelled, before_removal)

    def erase_patient(self, patient_id: PatientId) -> Erased:
        """Erase a patient with all keys and objects."""
        return self.keys.erase_patient(patient_id)

    # patients

    def add_patient(self, patient: Patient, issuer: str = "") -> None:
        """Add a patient with a fresh key; `issuer` is DICOM IssuerOfPatientID (0010,0021).

        Raises
        ------
        ValueError
            A patient with this id is there already.
        """
        with self._catalog.write() as cursor:
            patients.add(cursor, patient, issuer)
            epoch, wrapped = self._sealed.new_patient_key(patient.id)
            patients.put_key(cursor, patient.id, 1, epoch, wrapped)

    def update_patient(self, patient: Patient, issuer: str | None = None) -> None:
        """Replace what is known about a patient; None keeps the issuer.

        Raises
        ------
        NotInStore
            There is no such patient.
        """
        with self._catalog.write() as cursor:
            patients.update(cursor, patient, issuer)

    def patient(self, patient_id: PatientId) -> Patient:
        """Return a patient who has a chart: `hidden` has the others.

        Raises
        ------
        NotInStore
            There is no such patient.
        """
        with self._catalog.read() as cursor:
            self._catalog.prove(patient_id, is_new=False)
            patients.require_chart(cursor, patient_id)
            return patients.get(cursor, patient_id)

    def find_patient(self, chart_number: str, issuer: str = "") -> list[Patient]:
        """Return the patients with exactly this chart number and issuer; more than one may be."""
        with self._catalog.read() as cursor:
            return patients.find(cursor, chart_number, issuer)

    def patients_named(self, id_or_chart_number: str) -> list[Patient]:
        """Return the patients with this id or chart number, whoever issued it."""
        with self._catalog.read() as cursor:
            return patients.named(cursor, id_or_chart_number)

    def resembling(self, patient: Patient, phrases: Sequence[str]) -> list[tuple[Patient, str]]:
        """Return charts, each with the issuer of its number, that may be a patient's.

        Those with the same chart number, and those whose words (names, number, birth date, folded)
        hold one of the phrases, which are FTS5 queries.
        """
        with self._catalog.read() as cursor:
            return aside.resembling(cursor, patient.chart_number, phrases, _MOST_ALIKE)

    def patients(self, search: str = "", limit: int = 200) -> list[PatientSummary]:
        """Return the patients that match each word's beginning, by name.

        Names, chart number and birth date (ISO) are searched; case and accents do not matter. An
        empty search matches everybody.
        """
        with self._catalog.read() as cursor:
            return finding.search(cursor, search, limit)

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
        *,
        overview: MakeOverview | None = None,
        extras: Mapping[Role, memoryview] = MappingProxyType({}),
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
        overview : callable, optional
            Makes the overview of a volume, on another thread, while the pixels are being sealed.
        extras : mapping, optional
            `Role.ORIGINAL` (files as they came) and `Role.OVERLAYS`, where there are such parts.

        Raises
        ------
        NotInStore
            The patient is not in the store.
        Cancelled
            Nothing was kept.
        ValueError
            Pixels, record, study and series contradict each other.
        """
        pictures.check_picture(study, series, record, pixels)
        plain = pictures.stored_bytes(pixels)
        thumb = memoryview(pictures.pack_thumbnail(thumbnail))

        def small() -> dict[Role, memoryview]:
            made = {Role.HEADERS: memoryview(headers), Role.PREVIEW: thumb, **extras}
            return made if overview is None else made | pack_overview(record, overview())

        with self._sealed.writing(), Sealing(self._sealed, record, plain) as sealing:
            with self._catalog.read() as cursor:
                is_known = bool(images.find_by_sop(cursor, record.sop_instance_uids))
            if is_known or not record.sop_instance_uids:
                twin = self._twin(pictures.with_digest(record, sealing.digest()))
                if twin is not None:
                    return twin
            made = sealing.seal(small, self._sealed.pause(is_cancelled))
            return self._list(study, series, record, made, sealing.digest())

    def _twin(self, record: ImageRecord) -> ImageRecord | None:
        with self._catalog.read() as cursor:
            return images.find_twin(cursor, record)

    def _list(
        self,
        study: Study,
        series: Series,
        record: ImageRecord,
        made: Sequence[StoredObject],
        digest: str,
    ) -> ImageRecord:
        try:
            record = pictures.with_digest(record, digest)
            with self._catalog.write() as cursor:
                twin = images.find_twin(cursor, record)
                if twin is None:
                    patients.get_key(cursor, record.patient_id)
                    images.put_study(cursor, study, series)
                    images.add(cursor, record, made)
        except BaseException:
            self._sealed.discard_unlisted(made)
            raise
        if twin is not None:
            self._sealed.discard(part.id for part in made)
        return twin or record

    def find_by_sop(self, uids: Sequence[SopUid]) -> list[ImageRecord]:
        """Return every image, of any chart, that holds one of these SOP instance UIDs."""
        with self._catalog.read() as cursor:
            found = images.find_by_sop(cursor, uids)
            return [each for each in found if patients.has_chart(cursor, each.patient_id)]

    def studies(self, patient_id: PatientId) -> list[StudySummary]:
        """Return a patient's studies with series and images, newest study first.

        Nobody's where there is no such patient or none with a chart.
        """
        with self._catalog.read() as cursor:
            self._catalog.prove(patient_id)
            if not patients.has_chart(cursor, patient_id):
                return []
            return images.studies(cursor, patient_id)

    def study_images(self, patient_id: PatientId, study_uid: StudyUid) -> list[ImageRecord]:
        """Return the images of one study, in the order of `studies`."""
        with self._catalog.read() as cursor:
            self._catalog.prove(patient_id, is_new=False)
            if not patients.has_chart(cursor, patient_id):
                return []
            return list(images.of_study(cursor, patient_id, study_uid))

    def those_of(self, patient_id: PatientId, image_ids: Sequence[ImageId]) -> list[ImageId]:
        """Return which of these images are the patient's, in their order."""
        with self._catalog.read() as cursor:
            if not patients.has_chart(cursor, patient_id):
                return []
            return images.those_of(cursor, patient_id, image_ids)

    def images(self, patient_id: PatientId) -> list[ImageRecord]:
        """Return all images of a patient, in the order of `studies`."""
        return [image for study in self.studies(patient_id) for image in study.images]

    def record(self, image_id: ImageId) -> ImageRecord:
        """Return what is known about an image of a chart: `hidden` has the others.

        Raises
        ------
        NotInStore
            There is no such image in any chart.
        """
        record = self.hidden.record(image_id)
        with self._catalog.read() as cursor:
            patients.require_chart(cursor, record.patient_id)
        return record

    def update_record(self, record: ImageRecord) -> None:
        """Replace what is known about an image (teeth, kind, spacing…), never its pixels.

        Raises
        ------
        NotInStore
            There is no such image.
        ValueError
            Patient, study, series, SOP instance UIDs, shape, dtype or pixel digest would change.
        """
        with self._catalog.write() as cursor:
            if not pictures.is_same_picture(images.get(cursor, record.id), record):
                raise ValueError("a stored picture cannot become another")
            images.update(cursor, record)

    def set_state(self, image_id: ImageId, state: ImageState, reason: str = "") -> None:
        """Say whether an image is shown, kept or quarantined, and why."""
        with self._catalog.write() as cursor:
            record = images.get(cursor, image_id)
            images.update(cursor, attrs.evolve(record, state=state, reason=reason))

    def delete_image(self, image_id: ImageId) -> None:
        """Remove an image: its row first, then its objects.

        Raises
        ------
        UnderLegalHold
            The patient is under legal hold.
        """
        with self._sealed.writing():
            with self._catalog.write() as cursor:
                patient_id = images.get(cursor, image_id).patient_id
                self._catalog.prove(patient_id, is_new=False)
                require_no_hold(cursor, patient_id)
                gone = images.remove(cursor, image_id)
            self._sealed.discard(gone)

    def thumbnail(self, image_id: ImageId) -> NDArray[np.uint8]:
        """Return an image's thumbnail: (rows, columns) or (rows, columns, 3), uint8."""
        self._require_shown(image_id)
        return pictures.unpack_thumbnail(self._sealed.read(image_id, Role.PREVIEW))

    def thumbnails(self, image_ids: Sequence[ImageId]) -> Mapping[ImageId, NDArray[np.uint8]]:
        """Return the thumbnails that can be read; a damaged one is left out, the rest goes on."""
        found = {}
        for image_id in image_ids:
            with suppress(NotInStore, StoreDamaged, StoreTooNew, StoreFault):
                found[image_id] = self.thumbnail(image_id)
        return found

    def open_pixels(
        self, image_id: ImageId, is_cancelled: IsCancelled = never
    ) -> NDArray[np.generic]:
        """Return an image's stored values: a fresh C-ordered array of the record's shape, dtype.

        Raises
        ------
        NotInStore, ObjectMissing, ObjectDamaged, Cancelled
            Nothing of the picture is returned.
        """
        self._require_shown(image_id)
        return self._open_any(image_id, is_cancelled)

    def _open_any(self, image_id: ImageId, is_cancelled: IsCancelled) -> NDArray[np.generic]:
        reader, pixels = self._reader_and_array(image_id, is_cancelled)
        reader.open_into(pixels.data.cast("B"), self._sealed.pause(is_cancelled))
        return pixels

    def _require_shown(self, image_id: ImageId) -> None:
        with self._catalog.read() as cursor:
            patients.require_chart(cursor, images.get(cursor, image_id).patient_id)

    def open_outwards(
        self,
        image_id: ImageId,
        first_plane: int,
        arrived: Arrived,
        is_cancelled: IsCancelled = never,
    ) -> NDArray[np.generic]:
        """Open a picture as `open_pixels` does, from `first_plane` (axis 0) outwards.

        Parameters
        ----------
        arrived : callable (pixels, planes)
            Told, on whichever thread, that these planes of the array, a range around the first
            one, are authentic and in place. Told again as the range grows; at last of all.

        Raises
        ------
        NotInStore, ObjectMissing, ObjectDamaged, Cancelled
            The array was overwritten with zeros, also the planes that were told of.
        """
        self._require_shown(image_id)
        reader, pixels = self._reader_and_array(image_id, is_cancelled)
        growing = GrowingPlanes(pixels, first_plane, arrived)
        chunk = growing.first_byte // reader.header.chunk_bytes
        pause = self._sealed.pause(is_cancelled)
        reader.open_outwards(chunk, pixels.data.cast("B"), pause, growing.opened)
        return pixels

    def headers(self, image_id: ImageId) -> bytes:
        """Return the `headers` that were put with the picture."""
        self._require_shown(image_id)
        return bytes(self._sealed.read(image_id, Role.HEADERS))

    def part_of(self, image_id: ImageId, role: Role) -> bytearray | None:
        """Return the original files or the overlays of an image; None where it has none.

        Raises
        ------
        NotInStore, StoreDamaged
        """
        with self._catalog.read() as cursor:
            patients.require_chart(cursor, images.get(cursor, image_id).patient_id)
            if role not in images.roles_of(cursor, image_id):
                return None
        return self._sealed.read(image_id, role)

    def _reader_and_array(
        self, image_id: ImageId, is_cancelled: IsCancelled
    ) -> tuple[ContainerReader, NDArray[np.generic]]:
        record = self.hidden.record(image_id)
        self.keeping.bring_in(image_id, is_cancelled)
        reader = self._sealed.reader(image_id, Role.PIXELS)
        if reader.header.plain_bytes != record.size_bytes:
            raise ObjectDamaged
        return reader, pictures.empty_pixels(record)

    # settings and drafts

    def setting(self, scope: SettingScope, key: str, user: UserId | None = None) -> str | None:
        """Return a setting's JSON text, or None; `user` is needed for the scope USER."""
        owner = settings.owner_of(scope, user)
        with self._catalog.read() as cursor:
            return settings.get(cursor, scope, owner, key)

    def set_setting(
        self, scope: SettingScope, key: str, value: str | None, user: UserId | None = None
    ) -> None:
        """Keep a setting's JSON text; None removes it."""
        owner = settings.owner_of(scope, user)
        with self._catalog.write() as cursor:
            settings.put(cursor, scope, owner, key, value)

    def draft(self, user: UserId, name: str) -> bytes | None:
        """Return a user's unfinished work, or None; nobody else's is ever returned."""
        with self._catalog.read() as cursor:
            return settings.get_draft(cursor, user, name)

    def save_draft(self, user: UserId, name: str, blob: bytes | None) -> None:
        """Keep a user's unfinished work; None removes it."""
        with self._catalog.write() as cursor:
            settings.put_draft(cursor, user, name, blob)

    # keeping: `vault.keeping` has the rest

    def mark_held(self, archive_id: str, object_ids: Iterable[ObjectId]) -> int:
        """Note that an archive was just seen to hold these objects whole: `Keeping.mark_held`."""
        return self.keeping.mark_held(archive_id, object_ids)

    def forget_held(self, archive_id: str) -> None:
        """Take an archive off the list: `Keeping.forget_held`."""
        self.keeping.forget_held(archive_id)

    # backup: `vault.backups` has the rest

    def go_on_from_here(self) -> VaultHead:
        """Begin a generation that was never seen before, and return its head: a fork ends at it.

        Objects that the catalog does not list may be newer pictures: they are kept for good.
        """
        remember_orphans(self._layout, self._catalog)
        return self.head()

    # the store itself

    def head(self) -> VaultHead:
        """Return where the catalog's history stands, to be kept outside the store."""
        return self._catalog.head()

    def has_passed(self, head: VaultHead) -> bool:
        """Whether the history of this store goes through the given head."""
        return self._catalog.has_passed(head)

    def check(
        self,
        *,
        deep: bool = False,
        progress: Progress = no_progress,
        is_cancelled: IsCancelled = never,
    ) -> CheckReport:
        """Look for missing, damaged and unknown objects; `deep` also opens each to its last byte.

        Changes nothing; one damaged object never hides the rest.
        """
        return check_store(self._parts(), deep=deep, progress=progress, is_cancelled=is_cancelled)

    def mend(
        self,
        make_thumbnail: MakeThumbnail,
        *,
        deep: bool = False,
        progress: Progress = no_progress,
        is_cancelled: IsCancelled = never,
    ) -> tuple[CheckReport, Mended]:
        """Check, and repair what there is a second place for: `mending.Mending`.

        Connected archives are asked (`keeping.connect`). The catalog itself is repaired closed:
        `Vault.repair`.
        """

        def open_picture(image_id: ImageId) -> Picture:
            return Picture(self.hidden.record(image_id), self._open_any(image_id, is_cancelled))

        bring = self.keeping.bring_back
        mending = Mending(self._parts(), bring, open_picture, make_thumbnail, is_cancelled)
        return mending.run(progress, deep=deep)

    @staticmethod
    def repair(
        folder: Path,
        keys: VaultKeys,
        expected: VaultHead | None = None,
        is_cancelled: IsCancelled = never,
    ) -> Mended:
        """Repair what keeps a closed store from opening: `repair.mend_store`."""
        return mend_store(folder, keys, expected, is_cancelled)

    def _parts(self) -> Store:
        return Store(self._layout, self._catalog, self._sealed, self.spare)


def _require_head(catalog: Catalog, expected: VaultHead | None) -> None:
    if expected is not None and not catalog.has_passed(expected):
        raise RolledBack
