"""Headers for pictures that were never DICOM: photos as VL Photographic, other scans as SC.

Pure, any thread. Everything in them is the program's own or what a person said; nothing is taken
over from the photo's file.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID

from viewer.dicom.codes import HEAD, JAW_REGION, MOUTH, Code, sequence_of
from viewer.dicom.teeth import code_of_tooth
from viewer.model.image import ImageKind, ImageRecord, Photometric
from viewer.model.patient import Patient, Series, Study

VL_PHOTOGRAPHIC = UID("1.2.840.10008.5.1.4.1.1.77.1.4")
SECONDARY_CAPTURE = UID("1.2.840.10008.5.1.4.1.1.7")

_MODALITIES = {
    ImageKind.PHOTO: "XC",
    ImageKind.BITEWING: "IO",
    ImageKind.PERIAPICAL: "IO",
    ImageKind.PANORAMIC: "PX",
    ImageKind.CEPHALOMETRIC: "DX",
}
_REGIONS: dict[ImageKind, Code] = {
    ImageKind.PHOTO: MOUTH,
    ImageKind.BITEWING: JAW_REGION,
    ImageKind.PERIAPICAL: JAW_REGION,
    ImageKind.PANORAMIC: JAW_REGION,
    ImageKind.CEPHALOMETRIC: HEAD,
}
_LOSSY_METHODS = {"JPEG": "ISO_10918_1", "HEIC": "ISO_23008_2"}


def class_and_modality(kind: ImageKind) -> tuple[str, str]:
    """Return the SOP class and the modality that a picture of a kind gets.

    >>> class_and_modality(ImageKind.PANORAMIC)
    ('1.2.840.10008.5.1.4.1.1.7', 'PX')
    """
    sop_class = VL_PHOTOGRAPHIC if kind is ImageKind.PHOTO else SECONDARY_CAPTURE
    return str(sop_class), _MODALITIES.get(kind, "OT")


def header_of(
    record: ImageRecord,
    patient: Patient,
    study: Study,
    series: Series,
    *,
    written_as: str = "",
    ratio: float = 0.0,
) -> bytes:
    """Return a picture's data set without its pixels, Explicit VR Little Endian.

    Parameters
    ----------
    record : ImageRecord
        Of a flat picture, 8 or 16 bits grey or 8 bits red, green, blue.
    written_as, ratio
        "JPEG" or "HEIC" and how many times smaller the file was: its loss is told.

    Source: PS3.3 A.32.4 and C.8.12 (VL Photographic), A.8.1 and C.8.6 (Secondary Capture).
    """
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.SOPInstanceUID = record.sop_class_uid, record.sop_instance_uids[0]
    _put_patient(ds, patient)
    _put_study(ds, study)
    ds.Modality, ds.SeriesInstanceUID = record.modality, series.uid
    ds.SeriesNumber, ds.SeriesDescription = series.number, series.description
    ds.InstanceNumber = record.number
    ds.Manufacturer = ""
    ds.PatientOrientation = ""
    _put_times(ds, record.acquired)
    _put_class(ds, record.kind)
    _put_pixels(ds, record)
    _put_loss(ds, written_as, ratio)
    _put_anatomy(ds, record)
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = False, True
    write_dataset(buffer, ds)
    return bytes(buffer.getvalue())


def _put_patient(ds: Dataset, patient: Patient) -> None:
    name = f"{patient.family_name}^{patient.given_name}".strip("^")
    ds.PatientName, ds.PatientID = patient.raw_name or name, patient.chart_number
    ds.PatientBirthDate = patient.birth_date.strftime("%Y%m%d") if patient.birth_date else ""
    ds.PatientSex = patient.sex


def _put_study(ds: Dataset, study: Study) -> None:
    ds.StudyInstanceUID, ds.StudyDescription = study.uid, study.description
    ds.StudyDate = study.date.strftime("%Y%m%d") if study.date else ""
    ds.StudyTime = study.time.strftime("%H%M%S") if study.time else ""
    ds.StudyID, ds.AccessionNumber, ds.ReferringPhysicianName = "", "", ""


def _put_times(ds: Dataset, acquired: datetime | None) -> None:
    for what in ("Acquisition", "Content"):
        if acquired is not None:
            setattr(ds, f"{what}Date", acquired.strftime("%Y%m%d"))
            setattr(ds, f"{what}Time", acquired.strftime("%H%M%S"))


def _put_class(ds: Dataset, kind: ImageKind) -> None:
    if kind is ImageKind.PHOTO:
        ds.ImageType = ["ORIGINAL", "PRIMARY"]
        ds.AcquisitionContextSequence = Items()
    else:
        ds.ImageType = ["DERIVED", "SECONDARY"]
        ds.ConversionType = "SD" if kind is ImageKind.DOCUMENT else "WSD"


def _put_pixels(ds: Dataset, record: ImageRecord) -> None:
    bits = np.dtype(record.dtype).itemsize * 8
    ds.SamplesPerPixel = 3 if record.is_colour else 1
    ds.PhotometricInterpretation = record.grey.photometric.value
    if record.is_colour:
        ds.PlanarConfiguration = 0
    ds.Rows, ds.Columns = record.shape[:2]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = bits, bits, bits - 1
    ds.PixelRepresentation = 0
    if record.kind is not ImageKind.PHOTO and not record.is_colour:
        is_inverted = record.grey.photometric is Photometric.MONOCHROME1
        ds.PresentationLUTShape = "INVERSE" if is_inverted else "IDENTITY"
        if record.grey.windows:
            ds.WindowCenter = f"{record.grey.windows[0].centre:.10g}"
            ds.WindowWidth = f"{record.grey.windows[0].width:.10g}"


def _put_loss(ds: Dataset, written_as: str, ratio: float) -> None:
    method = _LOSSY_METHODS.get(written_as)
    ds.LossyImageCompression = "00" if method is None else "01"
    if method is not None:
        ds.LossyImageCompressionRatio = f"{max(ratio, 1.0):.6g}"
        ds.LossyImageCompressionMethod = method


def _put_anatomy(ds: Dataset, record: ImageRecord) -> None:
    if record.laterality:
        ds.ImageLaterality = record.laterality
    region = _REGIONS.get(record.kind)
    if region is not None:
        ds.AnatomicRegionSequence = sequence_of(region)
    if record.teeth:
        ds.PrimaryAnatomicStructureSequence = sequence_of(
            *(code_of_tooth(tooth) for tooth in record.teeth)
        )
