"""An image of the store as the DICOM files it came as, with what a person changed since."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import attrs
import numpy as np

from viewer.app.errors import NotExported
from viewer.dicom.amending import amended, changes_of
from viewer.dicom.errors import DicomRefused
from viewer.dicom.headers import unpack_headers
from viewer.dicom.rebuild import data_set_with, describes, file_of, unpack_originals
from viewer.model.image import ImageRecord, ImageState
from viewer.model.patient import Patient
from viewer.redact.errors import SourceUnreadable
from viewer.redact.source import ShareSubject, instances_of
from viewer.vault.catalog.images import Role
from viewer.vault.records import IsCancelled
from viewer.vault.store import Vault

_MAGIC = slice(128, 132)
_SUFFIXES = (
    (b"%PDF", "PDF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPG"),
    (b"ply", "PLY"),
    (b"solid", "STL"),
    (b"NRRD", "NRD"),
    (b"\x1f\x8b", "GZ"),
    (b"PK\3\4", "ZIP"),
)
_NOT_SO_KEPT = "It was stored by an older version, which kept no original: share it instead."


@attrs.frozen(eq=False)
class LeavingFile:
    """One file as it leaves: DICOM, or something else with a suffix after what it is."""

    content: memoryview = attrs.field(repr=False)
    is_dicom: bool
    suffix: str = ""


def files_of(
    vault: Vault, record: ImageRecord, patient: Patient, now: datetime, is_cancelled: IsCancelled
) -> Iterator[LeavingFile]:
    """Yield the files of one image, one at a time.

    Raises
    ------
    NotExported
        The image is set aside, or its files cannot be put together again.
    StoreFault, StoreDamaged, Cancelled
    """
    try:
        yield from _files(vault, record, patient, now, is_cancelled)
    except (DicomRefused, SourceUnreadable) as refused:
        raise NotExported(refused.what) from refused


def _files(
    vault: Vault, record: ImageRecord, patient: Patient, now: datetime, is_cancelled: IsCancelled
) -> Iterator[LeavingFile]:
    if record.state is ImageState.QUARANTINED:
        raise NotExported("A file that was set aside does not leave.")
    if record.is_file:
        content = memoryview(vault.open_pixels(record.id, is_cancelled).data).cast("B")
        if bytes(content[_MAGIC]) != b"DICM":
            yield LeavingFile(content, False, _suffix(content))
            return
        sources: Iterator[memoryview] = iter((content,))
    elif (original := vault.part_of(record.id, Role.ORIGINAL)) is not None:
        sources = iter(unpack_originals(original))
        if not any(unpack_headers(vault.headers(record.id))):  # a volume of another program
            yield from (LeavingFile(one, False, _suffix(one)) for one in sources)
            return
    else:
        sources = _rebuilt(vault, record, is_cancelled)
    changes, is_first = None, True
    for content in sources:
        if is_first:
            changes, is_first = changes_of(content, patient, record, now), False
        yield LeavingFile(memoryview(amended(content, changes)), True)


def _rebuilt(vault: Vault, record: ImageRecord, is_cancelled: IsCancelled) -> Iterator[memoryview]:
    """Put header and pixels of each instance together again."""
    pixels = vault.open_pixels(record.id, is_cancelled)
    headers = vault.headers(record.id)
    instances = instances_of(ShareSubject(record, pixels, headers))
    for instance, data_set in zip(instances, unpack_headers(headers), strict=True):
        mine = np.ascontiguousarray(instance.pixels_of(pixels))
        if not describes(instance.header, mine):
            raise NotExported(_NOT_SO_KEPT)
        bits = mine.dtype.itemsize * 8
        whole = data_set_with(data_set, memoryview(mine.data).cast("B"), bits)
        yield memoryview(file_of(whole))


def _suffix(content: memoryview) -> str:
    start = bytes(content[:8])
    return next((suffix for magic, suffix in _SUFFIXES if start.startswith(magic)), "BIN")
