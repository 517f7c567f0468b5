"""The plan becomes finished DICOM files and previews, in memory.

Pure, any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from io import BytesIO

import attrs
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from viewer.imaging.thumbnail import thumbnail
from viewer.model.errors import Cancelled
from viewer.model.image import Picture
from viewer.redact.errors import PlanUnconfirmed, SourceUnreadable
from viewer.redact.mark import drawn_page
from viewer.redact.plan import preview_pixels
from viewer.redact.quiet import quiet_pydicom
from viewer.redact.records import CoverPlan, ImagePlan, RedactionPlan
from viewer.redact.rewrite import rewritten
from viewer.redact.source import ShareSubject, instances_of

PREVIEW_LONGEST = 1024
_COVER_ROWS, _COVER_COLUMNS = 512, 768
_COVER_COPIES = (
    "SpecificCharacterSet",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "DeidentificationMethodCodeSequence",
    "LongitudinalTemporalInformationModified",
)


@attrs.frozen
class SharedFile:
    """One finished file of a share: a neutral name and its bytes."""

    name: str
    content: bytes = attrs.field(repr=False)


def apply_plan(
    plan: RedactionPlan,
    subjects: Sequence[ShareSubject],
    *,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[SharedFile]:
    """Carry the plan out, one finished file after the other.

    Raises
    ------
    PlanUnconfirmed
        A person has not yet looked at every doubt.
    SourceUnreadable
        The subjects are not those that were planned.
    Cancelled
        `is_cancelled` said so.
    """
    if plan.open_doubts:
        raise PlanUnconfirmed(len(plan.open_doubts))
    if [image.record for image in plan.images] != [subject.record for subject in subjects]:
        raise SourceUnreadable("The images are not those that were planned.")
    for image, subject in zip(plan.images, subjects, strict=True):
        files = _files_of(image, subject)
        while (file := _next_of(files)) is not None:
            if is_cancelled():
                raise Cancelled
            yield file


def _next_of(files: Iterator[SharedFile]) -> SharedFile | None:
    with quiet_pydicom():
        return next(files, None)


def _files_of(image: ImagePlan, subject: ShareSubject) -> Iterator[SharedFile]:
    pixels = preview_pixels(subject, image)
    instances = instances_of(subject)
    if len(instances) != len(image.names):
        raise SourceUnreadable("The images are not those that were planned.")
    first: Dataset | None = None
    for name, actions, instance in zip(image.names, image.actions, instances, strict=True):
        fresh = rewritten(instance.header, actions)
        _put_pixels(fresh, instance.pixels_of(pixels))
        first = first or fresh
        yield SharedFile(name, file_bytes(fresh))
    if image.cover is not None and first is not None:
        yield SharedFile(image.cover.name, file_bytes(_cover(image.cover, first)))
    yield SharedFile(image.preview_name, _preview(subject, pixels))


def file_bytes(ds: Dataset) -> bytes:
    """Return a complete DICOM file: a preamble of zeros, a meta group of ours, the data set."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ds.SOPClassUID
    meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    meta.ImplementationVersionName = "BITEWING"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta = meta
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _put_pixels(ds: Dataset, pixels: NDArray[np.generic]) -> None:
    little = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("<"))
    raw = little.tobytes()
    ds.PixelData = raw + b"\0" * (len(raw) % 2)
    ds["PixelData"].VR = "OB" if pixels.dtype.itemsize == 1 else "OW"


def _cover(cover: CoverPlan, first: Dataset) -> Dataset:
    """Return the page that carries a volume's mark (PS3.3 A.8.1, C.8.6)."""
    ds = Dataset()
    for keyword in _COVER_COPIES:
        if keyword in first:
            ds[keyword] = first[keyword]
    ds.SOPClassUID, ds.SOPInstanceUID = SecondaryCaptureImageStorage, cover.sop_instance_uid
    ds.SeriesInstanceUID, ds.SeriesNumber, ds.InstanceNumber = cover.series_uid, 9999, 1
    ds.Modality, ds.ConversionType, ds.BurnedInAnnotation = "OT", "WSD", "NO"
    ds.PatientOrientation = ds.Laterality = ""
    ds.ImageType = ["DERIVED", "SECONDARY"]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = _COVER_ROWS, _COVER_COLUMNS
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    _put_pixels(ds, drawn_page(cover.text, _COVER_ROWS, _COVER_COLUMNS))
    return ds


def _preview(subject: ShareSubject, pixels: NDArray[np.generic]) -> bytes:
    record = attrs.evolve(subject.record, shape=tuple(pixels.shape))
    small = thumbnail(Picture(record, pixels), PREVIEW_LONGEST)
    buffer = BytesIO()
    Image.fromarray(small).save(buffer, "PNG")
    return buffer.getvalue()
