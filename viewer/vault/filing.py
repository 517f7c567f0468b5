"""Files that are kept whole: sealed as they come in, in the memory of one chunk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from viewer.model.ids import ObjectId, new_id
from viewer.model.image import ImageRecord
from viewer.model.patient import Series, Study
from viewer.vault import pictures
from viewer.vault.catalog import images
from viewer.vault.catalog.connection import Catalog
from viewer.vault.catalog.images import Role, StoredObject
from viewer.vault.errors import ContentChanged
from viewer.vault.records import IsCancelled, never
from viewer.vault.sealed import SealedObjects
from viewer.vault.v1.container import fill_container, object_cipher
from viewer.vault.v1.header import CHUNK_BYTES, Header
from viewer.vault.v1.order import Pause

ListImage = Callable[[Study, Series, ImageRecord, Sequence[StoredObject], str], ImageRecord]


class FileContent(Protocol):
    """The bytes of a file, read more than once."""

    @property
    def size_bytes(self) -> int:
        """How many there are."""

    def read_into(self, target: memoryview, offset: int) -> int:
        """Read from an offset; return how many bytes were read, 0 at the end.

        Raises
        ------
        OSError
        """


class Filing:
    """Puts files into the store. Any thread."""

    def __init__(self, catalog: Catalog, sealed: SealedObjects, list_image: ListImage) -> None:
        self._catalog, self._sealed, self._list_image = catalog, sealed, list_image

    def put(
        self,
        study: Study,
        series: Series,
        record: ImageRecord,
        content: FileContent,
        headers: bytes,
        thumbnail: NDArray[np.uint8],
        is_cancelled: IsCancelled = never,
    ) -> ImageRecord:
        """Seal a file and list it; as `Vault.put_picture`, but that the whole of it is never here.

        The file is read twice: for its digest, by which it is known if it is here already, and to
        seal it.

        Raises
        ------
        ContentChanged
            It was not the same both times, or could not be read; nothing was kept.
        NotInStore, Cancelled
            Nothing was kept.
        ValueError
            Record, study and series contradict each other.
        """
        pictures.check_file(study, series, record, content.size_bytes)
        pause = self._sealed.pause(is_cancelled)
        with self._sealed.writing():
            digest = digest_of(content, pause)
            record = pictures.with_digest(record, digest)
            with self._catalog.read() as cursor:
                twin = images.find_twin(cursor, record)
            if twin is not None:
                return twin
            small = {
                Role.HEADERS: memoryview(headers),
                Role.PREVIEW: memoryview(pictures.pack_thumbnail(thumbnail)),
            }
            made = self._sealed.seal(record.id, record.patient_id, small, pause)
            try:
                made.append(self._seal(record, content, pause))
            except BaseException:
                self._sealed.discard(part.id for part in made)
                raise
            return self._list_image(study, series, record, made, digest)

    def pause(self, is_cancelled: IsCancelled) -> Pause:
        """Return what is called between pieces: it raises once the store is closed or cancelled."""
        return self._sealed.pause(is_cancelled)

    def _seal(self, record: ImageRecord, content: FileContent, pause: Pause) -> StoredObject:
        """Write the file as the image's pixels, whole and durable; what fails is not kept."""
        sealed, patient_id = self._sealed, record.patient_id
        object_id, size = ObjectId(new_id()), content.size_bytes
        number = sealed.number_to_seal(patient_id)
        header = Header.fresh(object_id, sealed.current_epoch, size)
        with sealed.patient_key(patient_id, number) as key:
            cipher = object_cipher(key, header)
        chunks = _proved(content, record.pixel_sha256, pause)
        try:
            sealed.folder.write(
                object_id, lambda file: fill_container(file, header, cipher, chunks)
            )
        except BaseException:  # it may stand there whole: the folder's fsync comes last
            sealed.discard([object_id])
            raise
        return StoredObject(object_id, record.id, patient_id, Role.PIXELS, size, number)


def digest_of(content: FileContent, pause: Pause) -> str:
    """Return SHA-256 of a file in hex.

    Raises
    ------
    ContentChanged
        It could not be read to its end.
    """
    found = hashlib.sha256()
    for chunk in _chunks(content):
        pause()
        found.update(chunk)
    return found.hexdigest()


def _proved(content: FileContent, digest: str, pause: Pause) -> Iterator[memoryview]:
    """Yield a file's bytes; what does not add up to the digest in the end counts for nothing."""
    found = hashlib.sha256()
    for chunk in _chunks(content):
        pause()
        found.update(chunk)
        yield chunk
    if found.hexdigest() != digest:
        raise ContentChanged


def _chunks(content: FileContent) -> Iterator[memoryview]:
    """Yield exactly the promised bytes, in one buffer that is used again and zeroed at the end."""
    size = content.size_bytes
    buffer = memoryview(bytearray(min(CHUNK_BYTES, size)))
    try:
        for start in range(0, size, CHUNK_BYTES):
            chunk = buffer[: min(CHUNK_BYTES, size - start)]
            _fill(chunk, content, start)
            yield chunk
    finally:
        buffer[:] = bytes(buffer.nbytes)


def _fill(chunk: memoryview, content: FileContent, start: int) -> None:
    filled = 0
    while filled < chunk.nbytes:
        try:
            count = content.read_into(chunk[filled:], start + filled)
        except OSError as fault:
            raise ContentChanged from fault
        if count <= 0:
            raise ContentChanged
        filled += count
