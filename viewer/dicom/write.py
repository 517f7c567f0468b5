"""Arrays into valid DICOM data sets: CT series, intra-oral, panoramic and lateral ceph, photos.

Pure functions, any thread. Every data set carries its `file_meta` and can be written with
`to_bytes` or `Dataset.save_as(path, enforce_file_format=True)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from io import BytesIO

import attrs
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

from viewer.dicom import codes
from viewer.dicom.codes import Code, sequence_of
from viewer.dicom.teeth import code_of_tooth
from viewer.model.image import ImageKind, Photometric, Window
from viewer.model.patient import Patient, Study
from viewer.model.tooth import Tooth

CT_IMAGE = UID("1.2.840.10008.5.1.4.1.1.2")
DX_PRESENTATION = UID("1.2.840.10008.5.1.4.1.1.1.1")
IO_PRESENTATION = UID("1.2.840.10008.5.1.4.1.1.1.3")
VL_PHOTOGRAPHIC = UID("1.2.840.10008.5.1.4.1.1.77.1.4")

_DEFAULT_DAY, _DEFAULT_TIME = date(2024, 1, 1), time(9)


@attrs.frozen
class Maker:
    """The equipment and software a picture says it comes from."""

    manufacturer: str = "Bitewing"
    model: str = "Synthetic"
    serial: str = "0"
    software: str = "1"


@attrs.frozen
class SeriesFacts:
    """What the pictures of one series share; uids are made where they are empty."""

    uid: str = attrs.field(factory=lambda: str(generate_uid()))
    number: int = 1
    description: str = ""
    acquired: datetime | None = None
    maker: Maker = Maker()


def ct_series(
    patient: Patient,
    study: Study,
    voxels_kji: NDArray[np.int16],
    affine_lps: NDArray[np.float64],
    *,
    series: SeriesFacts | None = None,
    slope: float = 1.0,
    intercept: float = 0.0,
    windows: Sequence[Window] = (),
    frame_of_reference_uid: str = "",
    patient_position: str = "HFS",
    unit: str = "",
) -> list[Dataset]:
    """Build one CT Image per plane.

    Parameters
    ----------
    voxels_kji : (planes, rows, columns) int16 or uint16
        Stored values.
    affine_lps : (4, 4) float64
        (i=column, j=row, k=plane) index, 0 at the first voxel's centre, to LPS in mm. Columns 0
        and 1 must be orthogonal.
    patient_position : str
        How the patient lies in the machine; the affine alone says where the voxels are.
    unit : str
        RescaleType, such as "HU"; empty for CBCT grey values, which have no unit.

    Source: PS3.3 A.3, C.7.6.2, C.8.2.1.
    """
    facts = series or SeriesFacts()
    frame_uid = frame_of_reference_uid or str(generate_uid())
    planes = []
    for k, plane in enumerate(voxels_kji):
        ds = _new(CT_IMAGE, "CT", patient, study, facts, k + 1)
        ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        ds.FrameOfReferenceUID, ds.PositionReferenceIndicator = frame_uid, ""
        ds.BodyPartExamined, ds.PatientPosition = "JAW", patient_position
        ds.KVP, ds.AcquisitionNumber = "90", 1
        _put_plane(ds, affine_lps, k)
        _put_grey(ds, plane, Photometric.MONOCHROME2, 16)
        ds.RescaleSlope, ds.RescaleIntercept = _ds(slope), _ds(intercept)
        if unit:
            ds.RescaleType = unit
        _put_windows(ds, windows)
        planes.append(ds)
    return planes


def intraoral(
    patient: Patient,
    study: Study,
    pixels: NDArray[np.uint8] | NDArray[np.uint16],
    *,
    kind: ImageKind,
    teeth: Sequence[Tooth],
    laterality: str,
    spacing_mm: tuple[float, float],
    patient_orientation: tuple[str, str],
    series: SeriesFacts | None = None,
    number: int = 1,
    photometric: Photometric = Photometric.MONOCHROME2,
    bits_stored: int = 12,
    windows: Sequence[Window] = (),
    burned_in: str = "NO",
) -> Dataset:
    """Build one Digital Intra-Oral X-Ray Image - For Presentation.

    Parameters
    ----------
    pixels : (rows, columns) uint8 or uint16
    kind : ImageKind
        BITEWING or PERIAPICAL: told in the region and in the series description.
    laterality : str
        "R", "L", "U" or "B": the side of the mouth in the picture.
    spacing_mm : (row_mm, column_mm)
        At the detector.
    patient_orientation : (str, str)
        Direction of the rows and of the columns, such as ("A", "F").

    Source: PS3.3 A.28, C.8.11; PS3.16 CID 4016, 4018, 4019.
    """
    facts = series or SeriesFacts(description=kind.value.capitalize())
    ds = _new(IO_PRESENTATION, "IO", patient, study, facts, number)
    _put_projection(ds, pixels, photometric, bits_stored, windows, burned_in)
    _put_detector(ds, spacing_mm, laterality, patient_orientation)
    ds.PositionerType = "NONE"
    ds.AnatomicRegionSequence = sequence_of(_jaw(kind, teeth))
    if teeth:
        ds.PrimaryAnatomicStructureSequence = sequence_of(*(code_of_tooth(t) for t in teeth))
    return ds


def panoramic(
    patient: Patient,
    study: Study,
    pixels: NDArray[np.uint8] | NDArray[np.uint16],
    *,
    spacing_mm: tuple[float, float],
    series: SeriesFacts | None = None,
    number: int = 1,
    photometric: Photometric = Photometric.MONOCHROME2,
    bits_stored: int = 12,
    windows: Sequence[Window] = (),
    burned_in: str = "NO",
) -> Dataset:
    """Build one panoramic as a DX image for presentation with modality PX, seen from the front.

    Source: PS3.3 A.26, C.7.3.1.1.1 (PX Panoramic X-Ray).
    """
    facts = series or SeriesFacts(description="Panoramic")
    ds = _new(DX_PRESENTATION, "PX", patient, study, facts, number)
    _put_projection(ds, pixels, photometric, bits_stored, windows, burned_in)
    _put_detector(ds, spacing_mm, "B", ("L", "F"))
    ds.AnatomicRegionSequence = sequence_of(codes.JAW_REGION)
    return ds


def cephalometric(
    patient: Patient,
    study: Study,
    pixels: NDArray[np.uint8] | NDArray[np.uint16],
    *,
    spacing_mm: tuple[float, float],
    source_to_detector_mm: float | None = None,
    source_to_patient_mm: float | None = None,
    patient_orientation: tuple[str, str] = ("A", "F"),
    series: SeriesFacts | None = None,
    number: int = 1,
    photometric: Photometric = Photometric.MONOCHROME2,
    bits_stored: int = 12,
    windows: Sequence[Window] = (),
    burned_in: str = "NO",
) -> Dataset:
    """Build one lateral cephalogram as a DX image for presentation.

    Both distances together give EstimatedRadiographicMagnificationFactor.

    Source: PS3.3 A.26, C.8.11.5.
    """
    facts = series or SeriesFacts(description="Lateral cephalogram")
    ds = _new(DX_PRESENTATION, "DX", patient, study, facts, number)
    _put_projection(ds, pixels, photometric, bits_stored, windows, burned_in)
    _put_detector(ds, spacing_mm, "U", patient_orientation)
    ds.AnatomicRegionSequence = sequence_of(codes.HEAD)
    ds.ViewCodeSequence = sequence_of(codes.LATERAL_PROJECTION)
    ds.ViewCodeSequence[0].ViewModifierCodeSequence = Items()
    ds.ViewPosition = "LL"
    ds.PositionerType = "CEPHALOSTAT"
    if source_to_detector_mm and source_to_patient_mm:
        ds.DistanceSourceToDetector = _ds(source_to_detector_mm)
        ds.DistanceSourceToPatient = _ds(source_to_patient_mm)
        factor = source_to_detector_mm / source_to_patient_mm
        ds.EstimatedRadiographicMagnificationFactor = _ds(factor)
    return ds


def photo(
    patient: Patient,
    study: Study,
    pixels: NDArray[np.uint8],
    *,
    series: SeriesFacts | None = None,
    number: int = 1,
    teeth: Sequence[Tooth] = (),
    patient_orientation: tuple[str, str] | None = None,
    burned_in: str = "NO",
) -> Dataset:
    """Build one VL Photographic Image from (rows, columns, 3) uint8 red, green, blue.

    Source: PS3.3 A.32.4, C.8.12.
    """
    facts = series or SeriesFacts(description="Photo")
    ds = _new(VL_PHOTOGRAPHIC, "XC", patient, study, facts, number)
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    ds.BodyPartExamined = "JAW"
    if patient_orientation is not None:
        ds.PatientOrientation = list(patient_orientation)
    ds.BurnedInAnnotation = burned_in
    ds.LossyImageCompression = "00"
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = (
        3,
        "RGB",
        0,
    )
    ds.Rows, ds.Columns = pixels.shape[:2]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    ds.AcquisitionContextSequence = Items()
    ds.AnatomicRegionSequence = sequence_of(codes.MOUTH)
    if teeth:
        ds.PrimaryAnatomicStructureSequence = sequence_of(*(code_of_tooth(t) for t in teeth))
    _put_native(ds, np.ascontiguousarray(pixels, dtype=np.uint8))
    return ds


def to_bytes(dataset: Dataset) -> bytes:
    """Return the data set as a complete DICOM file (preamble of zeros, meta group, body)."""
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _new(
    sop_class: UID,
    modality: str,
    patient: Patient,
    study: Study,
    facts: SeriesFacts,
    number: int,
) -> Dataset:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, generate_uid()
    ds.file_meta.MediaStorageSOPClassUID = sop_class
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    _put_patient(ds, patient)
    _put_study(ds, study)
    acquired = facts.acquired or _start_of(study)
    ds.Modality, ds.SeriesInstanceUID = modality, facts.uid
    ds.SeriesNumber, ds.InstanceNumber = facts.number, number
    ds.SeriesDescription = facts.description
    for what in ("Series", "Acquisition", "Content"):
        setattr(ds, f"{what}Date", acquired.strftime("%Y%m%d"))
        setattr(ds, f"{what}Time", acquired.strftime("%H%M%S"))
    ds.Manufacturer, ds.ManufacturerModelName = (
        facts.maker.manufacturer,
        facts.maker.model,
    )
    ds.DeviceSerialNumber, ds.SoftwareVersions = (
        facts.maker.serial,
        facts.maker.software,
    )
    ds.PatientOrientation = ""
    return ds


def _put_patient(ds: Dataset, patient: Patient) -> None:
    ds.PatientName = patient.raw_name or f"{patient.family_name}^{patient.given_name}"
    ds.PatientID = patient.chart_number
    ds.PatientBirthDate = _da(patient.birth_date)
    ds.PatientSex = patient.sex


def _put_study(ds: Dataset, study: Study) -> None:
    ds.StudyInstanceUID = study.uid
    ds.StudyDate = _da(study.date)
    ds.StudyTime = study.time.strftime("%H%M%S") if study.time else ""
    ds.StudyID, ds.AccessionNumber = "1", study.accession_number
    ds.StudyDescription = study.description
    ds.ReferringPhysicianName = ""


def _put_plane(ds: Dataset, affine_lps: NDArray[np.float64], k: int) -> None:
    column_mm, row_mm, plane_mm = (float(np.linalg.norm(affine_lps[:3, a])) for a in range(3))
    ds.PixelSpacing = [_ds(row_mm), _ds(column_mm)]
    axes = (*(affine_lps[:3, 0] / column_mm), *(affine_lps[:3, 1] / row_mm))
    ds.ImageOrientationPatient = [_ds(x) for x in axes]
    ds.ImagePositionPatient = [_ds(x) for x in affine_lps[:3, 3] + k * affine_lps[:3, 2]]
    ds.SliceThickness = _ds(plane_mm)


def _put_projection(
    ds: Dataset,
    pixels: NDArray[np.uint8] | NDArray[np.uint16],
    photometric: Photometric,
    bits_stored: int,
    windows: Sequence[Window],
    burned_in: str,
) -> None:
    ds.ImageType = ["ORIGINAL", "PRIMARY", ""]
    ds.PresentationIntentType = "FOR PRESENTATION"
    ds.BurnedInAnnotation = burned_in
    ds.LossyImageCompression = "00"
    bits = min(bits_stored, pixels.dtype.itemsize * 8)
    _put_grey(ds, pixels, photometric, bits)
    ds.PixelIntensityRelationship = "LOG"
    ds.PixelIntensityRelationshipSign = -1 if photometric is Photometric.MONOCHROME1 else 1
    ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = "1", "0", "US"
    inverse = photometric is Photometric.MONOCHROME1
    ds.PresentationLUTShape = "INVERSE" if inverse else "IDENTITY"
    full = Window(centre=2.0 ** (bits - 1), width=2.0**bits)
    _put_windows(ds, windows or (full,))
    ds.AcquisitionContextSequence = Items()


def _put_detector(
    ds: Dataset,
    spacing_mm: tuple[float, float],
    laterality: str,
    orientation: tuple[str, str],
) -> None:
    ds.DetectorType = "DIRECT"
    ds.ImagerPixelSpacing = [_ds(spacing_mm[0]), _ds(spacing_mm[1])]
    ds.ImageLaterality = laterality
    ds.PatientOrientation = list(orientation)


def _put_grey(
    ds: Dataset, pixels: NDArray[np.generic], photometric: Photometric, bits_stored: int
) -> None:
    signed = pixels.dtype.kind == "i"
    bits = pixels.dtype.itemsize * 8
    stored = min(bits_stored, bits)
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, photometric.value
    ds.Rows, ds.Columns = pixels.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = bits, stored, stored - 1
    ds.PixelRepresentation = int(signed)
    _put_native(ds, pixels)


def _put_native(ds: Dataset, pixels: NDArray[np.generic]) -> None:
    little = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("<"))
    raw = little.tobytes()
    ds.PixelData = raw + b"\0" * (len(raw) % 2)
    ds["PixelData"].VR = "OB" if pixels.dtype.itemsize == 1 else "OW"


def _put_windows(ds: Dataset, windows: Sequence[Window]) -> None:
    if not windows:
        return
    ds.WindowCenter = [_ds(w.centre) for w in windows]
    ds.WindowWidth = [_ds(w.width) for w in windows]
    if any(w.name for w in windows):
        ds.WindowCenterWidthExplanation = [w.name for w in windows]
    if windows[0].function != "LINEAR":
        ds.VOILUTFunction = windows[0].function


def _jaw(kind: ImageKind, teeth: Sequence[Tooth]) -> Code:
    if kind is ImageKind.BITEWING or not teeth:
        return codes.JAW_REGION
    upper = [tooth // 10 in (1, 2, 5, 6) for tooth in teeth]
    if all(upper):
        return codes.MAXILLA
    return codes.JAW_REGION if any(upper) else codes.MANDIBLE


def _start_of(study: Study) -> datetime:
    if study.date is None:
        return datetime.combine(_DEFAULT_DAY, _DEFAULT_TIME)
    return datetime.combine(study.date, study.time or _DEFAULT_TIME)


def _da(day: date | None) -> str:
    return day.strftime("%Y%m%d") if day else ""


def _ds(value: float) -> str:
    """Write a decimal string of at most 16 characters (PS3.5 6.2)."""
    number = float(value)
    if number == int(number) and abs(number) < 1e15:
        return str(int(number))
    for digits in range(15, 0, -1):
        text = f"{number:.{digits}g}"
        if len(text) <= 16:
            return text
    raise ValueError("a decimal string holds a finite number")
