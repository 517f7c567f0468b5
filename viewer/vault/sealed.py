"""Objects and keys together: sealing an image's parts, opening them, and removing them."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event, RLock
from typing import BinaryIO
from weakref import WeakSet

import attrs

from viewer.crypto.secret import Secret
from viewer.model.errors import BitewingError, Cancelled
from viewer.model.ids import ImageId, ObjectId, PatientId, new_id
from viewer.vault.catalog import images, patients
from viewer.vault.catalog.connection import Catalog, Cursor
from viewer.vault.catalog.images import Role, StoredObject
from viewer.vault.catalog.walking import kept_orphans, unlisted
from viewer.vault.errors import (
    NotInStore,
    ObjectDamaged,
    ObjectMissing,
    StoreClosed,
    StoreDamaged,
    StoreFault,
)
from viewer.vault.keys import unwrap_patient_key, wrap_patient_key
from viewer.vault.records import IsCancelled, VaultKeys, never
from viewer.vault.v1.container import (
    ContainerReader,
    copy_container,
    object_cipher,
    write_container,
)
from viewer.vault.v1.folder import FAN_OUT, ObjectFolder, is_object
from viewer.vault.v1.header import SALT_BYTES, Header
from viewer.vault.v1.order import Pause


class SealedObjects:
    """The objects of an open store and the keys to them. Any thread."""

    def __init__(self, folder: ObjectFolder, catalog: Catalog, keys: VaultKeys) -> None:
        self.folder = folder
        self._catalog = catalog
        self._keys = keys
        self._gate = RLock()
        self._closed = Event()
        self._writers: set[object] = set()
        self._readers: WeakSet[ContainerReader] = WeakSet()
        self._has_leftovers = False

    def close(self) -> bool:
        """Wipe the keys and stop what is under way; return whether no leftover can remain."""
        with self._gate:
            self._closed.set()
            self._keys.wipe()
            return not self._writers and not self._has_leftovers

    @property
    def current_epoch(self) -> int:
        """The epoch under which new keys are wrapped."""
        return self._keys.current_epoch

    def take_keys(self, keys: VaultKeys) -> None:
        """Use these keys from now on, which are taken over; those before are wiped."""
        with self._gate:
            self.pause()()
            before, self._keys = self._keys, keys
            before.wipe()

    def forget_older_epochs(self) -> None:
        """Wipe all but the current epoch's key: nothing in the store is under an older one."""
        with self._gate:
            self.pause()()
            keys = self._keys
            kept = {keys.current_epoch: keys.epochs[keys.current_epoch].copy()}
            self.take_keys(VaultKeys(keys.practice_id, kept, keys.current_epoch))

    @contextmanager
    def lent_keys(self) -> Iterator[VaultKeys]:
        """Lend a copy of the keys; wiped at the end."""
        with self._gate:
            self.pause()()
            keys = self._keys.copy()
        try:
            yield keys
        finally:
            keys.wipe()

    def pause(self, is_cancelled: IsCancelled = never) -> Pause:
        """Return what is called between chunks: it raises once closed or cancelled."""

        def look() -> None:
            if self._closed.is_set():
                raise StoreClosed
            if is_cancelled():
                raise Cancelled

        return look

    def new_patient_key(self, patient_id: PatientId, number: int = 1) -> tuple[int, bytes]:
        """Return (epoch, wrapped key) of a fresh patient key of a number.

        Called inside the transaction that keeps it: a rotation waits for that, and so misses none.
        """
        with self._gate, Secret.random() as key:
            self.pause()()
            epoch = self._keys.current_epoch
            return epoch, wrap_patient_key(self._keys, patient_id, number, key)

    def patient_key(self, patient_id: PatientId, number: int | None = None) -> Secret:
        """Return a patient's key, the newest or that of a number; the caller wipes it.

        Raises
        ------
        NotInStore, StoreDamaged
            There is no such patient, or the key does not open.
        """
        return self._numbered_key(patient_id, number)[1]

    def _numbered_key(self, patient_id: PatientId, number: int | None = None) -> tuple[int, Secret]:
        row = self._key_row(patient_id, number)
        while True:
            found, epoch, wrapped = row
            try:
                with self._gate:
                    self.pause()()
                    return found, unwrap_patient_key(self._keys, patient_id, found, epoch, wrapped)
            except StoreDamaged:
                row = self._key_row(patient_id, number)
                if row == (found, epoch, wrapped):
                    raise  # not just wrapped anew since it was read

    def _key_row(self, patient_id: PatientId, number: int | None) -> tuple[int, int, bytes]:
        with self._catalog.read() as cursor:
            return patients.get_key(cursor, patient_id, number)

    def seal(
        self,
        image_id: ImageId,
        patient_id: PatientId,
        parts: Mapping[Role, memoryview],
        pause: Pause,
    ) -> list[StoredObject]:
        """Write an image's parts, each whole and durable; if one fails none is kept."""
        made: list[StoredObject] = []
        self._leave_kept_key(patient_id)
        number, key = self._numbered_key(patient_id)
        with key:
            try:
                for role, plain in parts.items():
                    object_id = ObjectId(new_id())
                    part = StoredObject(object_id, image_id, patient_id, role, plain.nbytes, number)
                    made.append(part)
                    self._seal_one(object_id, key, plain, pause)
            except BaseException:
                self.discard(part.id for part in made)
                raise
        return made

    def number_to_seal(self, patient_id: PatientId) -> int:
        """Return the number of the key under which a patient's next object is to be sealed."""
        self._leave_kept_key(patient_id)
        return self._key_row(patient_id, None)[0]

    def _leave_kept_key(self, patient_id: PatientId) -> None:
        """Begin a patient's next key if somebody who left may have kept the newest."""
        with self._catalog.read() as cursor:
            if not self._is_kept(cursor, patient_id):
                return
        with self._catalog.write() as cursor:
            if self._is_kept(cursor, patient_id):  # nobody else did it meanwhile
                number = patients.get_key(cursor, patient_id)[0] + 1
                epoch, wrapped = self.new_patient_key(patient_id, number)
                patients.put_key(cursor, patient_id, number, epoch, wrapped)

    def _is_kept(self, cursor: Cursor, patient_id: PatientId) -> bool:
        number = patients.get_key(cursor, patient_id)[0]
        return patients.is_kept_key(cursor, patient_id, number, self.current_epoch)

    def _seal_one(self, object_id: ObjectId, key: Secret, plain: memoryview, pause: Pause) -> None:
        header = Header.fresh(object_id, self._keys.current_epoch, plain.nbytes)
        cipher = object_cipher(key, header)
        self.folder.write(
            object_id, lambda file: write_container(file, header, cipher, plain, pause)
        )

    def copy(self, old: StoredObject, into: PatientId, number: int, pause: Pause) -> StoredObject:
        """Seal what an object holds as a new one under a patient's key of a number; durable.

        Raises
        ------
        StoreDamaged, NotInStore, StoreFault, DiskFull, Cancelled, StoreClosed
            There is no new object.
        """
        reader = self.reader_of(old)
        new = attrs.evolve(
            old, id=ObjectId(new_id()), patient_id=into, key_number=number, is_here=True
        )
        header = attrs.evolve(
            reader.header,
            object_id=new.id,
            epoch=self.current_epoch,
            salt=secrets.token_bytes(SALT_BYTES),
        )
        with self.patient_key(into, number) as key:
            cipher = object_cipher(key, header)

        def fill(file: BinaryIO) -> None:
            copy_container(reader, file, header, cipher, pause)

        try:
            self.folder.write(new.id, fill)
        except BaseException:  # it may stand there whole: the folder's fsync comes last
            self.discard([new.id])
            raise
        return new

    def discard(self, object_ids: Iterable[ObjectId]) -> None:
        """Remove objects that no row lists (any more); what resists is collected at an open."""
        for object_id in object_ids:
            try:
                self.folder.delete(object_id)
            except StoreFault:
                self._has_leftovers = True

    def leave_to_collect(self) -> None:
        """Note that objects without a row stay behind: the next open collects them."""
        self._has_leftovers = True

    def discard_unlisted(self, made: Iterable[StoredObject]) -> None:
        """Remove objects whose row could not be written.

        A failed commit may lie whole in the log and come back after a power cut. Only once a later
        commit has taken its place is it sure that no row will ever ask for them.
        """
        try:
            with self._catalog.write():
                pass
        except BitewingError:
            self._has_leftovers = True
        else:
            self.discard(part.id for part in made)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Count a write as under way: a close meanwhile leaves the sign to tidy up."""
        token = object()
        with self._gate:
            self.pause()()
            self._writers.add(token)
        try:
            yield
        finally:
            with self._gate:
                self._writers.discard(token)

    def writers(self) -> frozenset[object]:
        """Return a token for each write under way: what it seals may be under an older key."""
        with self._gate:
            return frozenset(self._writers)

    def is_being_read(self, object_id: ObjectId) -> bool:
        """Whether somebody holds a reader of an object: removing it now could fail the reader."""
        with self._gate:
            return any(reader.header.object_id == object_id for reader in self._readers)

    def reader(self, image_id: ImageId, role: Role) -> ContainerReader:
        """Return a reader of one part of an image, its header checked against the catalog.

        Raises
        ------
        NotInStore, ObjectMissing, ObjectDamaged, StoreFault
            It cannot be opened.
        """
        part = self._part(image_id, role)
        while True:
            try:
                return self.reader_of(part)
            except (ObjectMissing, NotInStore):
                before, part = part, self._part(image_id, role)
                if part == before:
                    raise  # not just sealed anew since the row was read

    def _part(self, image_id: ImageId, role: Role) -> StoredObject:
        with self._catalog.read() as cursor:
            return images.stored_object(cursor, image_id, role)

    def reader_of(self, part: StoredObject) -> ContainerReader:
        """Return a reader of an object, its header checked against the catalog's row."""
        with self.patient_key(part.patient_id, part.key_number) as key:
            reader = ContainerReader(self.folder.path(part.id), part.id, key)
        if reader.header.plain_bytes != part.plain_bytes:
            raise ObjectDamaged
        with self._gate:
            self._readers.add(reader)
        return reader

    def read(self, image_id: ImageId, role: Role) -> bytearray:
        """Return one part of an image, opened."""
        reader = self.reader(image_id, role)
        plain = bytearray(reader.header.plain_bytes)
        reader.open_into(memoryview(plain), self.pause())
        return plain

    def collect_orphans(self) -> int:
        """Remove whole objects that no row lists; return how many.

        Only while nobody writes, and only once the catalog is known to be the newest.
        """
        count = 0
        with self._catalog.read() as cursor:
            kept = kept_orphans(cursor)
        for bucket in FAN_OUT:
            names = [name for name in self.folder.names_in(bucket) if is_object(name)]
            with self._catalog.read() as cursor:
                orphans = [ObjectId(name) for name in unlisted(cursor, bucket, names)]
            self.discard(orphan for orphan in orphans if orphan not in kept)
            count += len(orphans)
        return count
