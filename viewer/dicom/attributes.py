"""Header attributes into records: who, when, what kind of picture, which teeth, which side.

Tolerant of what writers leave out or get wrong: a date that is none becomes None.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date, datetime, time
from functools import lru_cache

import attrs
from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag
from pydicom.valuerep import PersonName

from viewer.dicom.charset import Reading, Repertoire
from viewer.dicom.codes import codes_in
from viewer.dicom.functional import value_of
from viewer.dicom.teeth import teeth_of_codes
from viewer.model.ids import PatientId, SeriesUid, SopUid, StudyUid
from viewer.model.image import ImageKind, PixelSpacing, SpacingSource
from viewer.model.patient import Patient, Series, Study, name_groups
from viewer.model.tooth import Tooth

_PLAIN_KINDS = {
    "PX": ImageKind.PANORAMIC,
    "XC": ImageKind.PHOTO,
    "ES": ImageKind.PHOTO,
    "GM": ImageKind.PHOTO,
}
_WORDS = (
    (("bitewing", "bite wing", "bite-wing", "bissfl", "btw"), ImageKind.BITEWING),
    (("periapical", "peri-apical", "zahnfilm"), ImageKind.PERIAPICAL),
    (("panoram", "orthopan", "opg", "opt "), ImageKind.PANORAMIC),
    (("ceph", "fernröntgen", "teleradio"), ImageKind.CEPHALOMETRIC),
    (("photo", "intraoral camera"), ImageKind.PHOTO),
)
_DIRECTION = re.compile("[APRLHF]{1,3}")
_SIDES = {
    **{side: side for side in "RLUB"},
    "RIGHT": "R",
    "LEFT": "L",
    "UNPAIRED": "U",
    "BOTH": "B",
    "BILATERAL": "B",
}
_SIDE_CODES = {
    "24028007": "R", "G-A100": "R",
    "7771000": "L", "G-A101": "L",
    "51440002": "B", "G-A102": "B",
    "66459002": "U", "G-A103": "U",
}  # fmt: skip
_PROJECTIONS = frozenset(("IO", "DX", "CR", "RG", "OT", "SC"))
_MASTER_PROJECTIONS = frozenset(("IO", "DX", "PX", "CR", "RG", "MG", "RF", "XA"))
_LATERAL_VIEWS = frozenset(("399067008", "399173006", "399198007"))
_HEAD_REGIONS = frozenset(("69536005", "89546000", "T-D1100", "T-11100"))
LETTERS = frozenset(("LO", "LT", "PN", "SH", "ST", "UC", "UT"))
"""VRs whose letters are of the file's character set."""
_TURNING = (0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_NO_LETTERS = dict.fromkeys((*range(0x09), 0x0B, *range(0x0E, 0x20), 0x7F, *_TURNING), "")
"""What is no letter but would change how the words around it look: left out of what is shown."""
_SHOWN_TEXTS = (
    "PatientID",
    "StudyDescription",
    "SeriesDescription",
    "ImageComments",
    "ProtocolName",
)


def patient_of(ds: Dataset) -> Patient:
    """Read the patient; the id is left empty, for the chart decides who it is."""
    name = reading_of(ds, "PatientName")
    groups = name_groups(name.text)
    first = next((group for group in groups if group.words), groups[0])
    return Patient(
        id=PatientId(""),
        chart_number=text(ds, "PatientID"),
        family_name=first.family,
        given_name=" ".join(filter(None, (first.given, first.middle))),
        birth_date=parse_date(text(ds, "PatientBirthDate")),
        sex=text(ds, "PatientSex"),
        raw_name=name.text.rstrip("= "),
        name_doubt=name.words("The name"),
    )


def text_doubts(ds: Dataset) -> tuple[str, ...]:
    """Return a sentence for each way in which letters of the header had to be guessed."""
    name = reading_of(ds, "PatientName").words("The patient's name")
    others = (reading_of(ds, keyword).words("Text in the header") for keyword in _SHOWN_TEXTS)
    return tuple(dict.fromkeys(filter(None, (name, *others))))


def reading_of(ds: Dataset, keyword: str | BaseTag) -> Reading:
    """Read a text or a person name by the file's character set, from its bytes where possible."""
    value: object = ds.get_item(keyword).value if keyword in ds else None
    if value is None:
        return Reading("")
    if isinstance(value, PersonName):
        came: object = value.original_string  # bytes of a file, or nothing
        value = came if isinstance(came, bytes) else str(value)
    if not isinstance(value, bytes):
        several = value if isinstance(value, (MultiValue, list)) else [value]
        text = "\\".join(str(part) for part in several)
        return Reading(text.translate(_NO_LETTERS).strip())
    repertoire = _repertoire(ds)
    is_name = dictionary_VR(keyword) == "PN"
    reading = repertoire.read_name(value) if is_name else repertoire.read_text(value)
    return attrs.evolve(reading, text=reading.text.translate(_NO_LETTERS).strip())


def _repertoire(ds: Dataset) -> Repertoire:
    keyword = "SpecificCharacterSet"
    value: object = ds.get_item(keyword).value if keyword in ds else None
    if isinstance(value, bytes):
        return _repertoire_of(tuple(value.decode("latin-1").split("\\")))
    several = value if isinstance(value, (MultiValue, list)) else [value or ""]
    return _repertoire_of(tuple(str(part) for part in several))


@lru_cache(maxsize=64)
def _repertoire_of(declared: tuple[str, ...]) -> Repertoire:
    return Repertoire.of(declared)


def study_of(ds: Dataset) -> Study:
    """Read the study."""
    return Study(
        uid=StudyUid(text(ds, "StudyInstanceUID") or _made_uid(ds, "PatientID", "StudyDate")),
        patient_id=PatientId(""),
        date=parse_date(text(ds, "StudyDate")),
        time=parse_time(text(ds, "StudyTime")),
        description=text(ds, "StudyDescription"),
        accession_number=text(ds, "AccessionNumber"),
    )


def series_of(ds: Dataset) -> Series:
    """Read the series."""
    made = _made_uid(ds, "StudyInstanceUID", "PatientID", "StudyDate", "SeriesNumber")
    return Series(
        uid=SeriesUid(text(ds, "SeriesInstanceUID") or made),
        study_uid=study_of(ds).uid,
        modality=text(ds, "Modality"),
        number=number_of(ds, "SeriesNumber"),
        description=text(ds, "SeriesDescription"),
        frame_of_reference_uid=text(ds, "FrameOfReferenceUID"),
    )


def sop_uid_of(ds: Dataset) -> SopUid:
    """Return the SOP Instance UID; empty where the header has none."""
    return SopUid(text(ds, "SOPInstanceUID"))


def kind_of(ds: Dataset) -> ImageKind:
    """Tell what sort of flat picture it is: modality, view and region, then words."""
    modality = text(ds, "Modality")
    if modality in _PLAIN_KINDS:
        return _PLAIN_KINDS[modality]
    said = _kind_in_words(ds)
    if modality == "IO":
        return said if said in (ImageKind.BITEWING, ImageKind.PERIAPICAL) else _intraoral_kind(ds)
    if modality not in _PROJECTIONS:
        return ImageKind.OTHER
    return said or _extraoral_kind(ds)


def teeth_of(ds: Dataset) -> tuple[Tooth, ...]:
    """Return the teeth that the header names (Primary Anatomic Structure Sequence)."""
    regions = [*codes_in(ds, "PrimaryAnatomicStructureSequence")]
    for item in ds.get("AnatomicRegionSequence") or ():
        regions += codes_in(item, "AnatomicRegionModifierSequence")
    return teeth_of_codes(regions)


def laterality_of(ds: Dataset) -> str:
    """Return R, L, U, B or nothing: of the anatomy, never of how the picture is mounted.

    Where no attribute says it, the modifiers of region and structure may (PS3.16 CID 244).
    """
    frame = value_of(ds, 0, "FrameAnatomySequence", "FrameLaterality")
    for said in (text(ds, "ImageLaterality"), str(frame or ""), text(ds, "Laterality")):
        if found := _SIDES.get(said.strip().upper(), ""):
            return found
    return _side_in_codes(ds)


def _side_in_codes(ds: Dataset) -> str:
    sides = set()
    for name in ("AnatomicRegion", "PrimaryAnatomicStructure"):
        for item in ds.get(f"{name}Sequence") or ():
            modifiers = codes_in(item, f"{name}ModifierSequence")
            sides |= {_SIDE_CODES[code.value] for code in modifiers if code.value in _SIDE_CODES}
    return sides.pop() if len(sides) == 1 else ""


def orientation_of(ds: Dataset) -> tuple[str, str] | None:
    """Return the direction of the rows and of the columns, such as ("L", "F")."""
    value = ds.get("PatientOrientation")
    if isinstance(value, (MultiValue, list)) and len(value) == 2 and all(value):
        rows, columns = (str(each).strip().upper() for each in value)
        if _DIRECTION.fullmatch(rows) and _DIRECTION.fullmatch(columns):
            return rows, columns
    return None


def pixel_aspect_of(ds: Dataset) -> float:
    """Read the height of a pixel over its width (PS3.3 C.7.6.3.1.7); 1 where it makes no sense."""
    value = ds.get("PixelAspectRatio")
    if not isinstance(value, (MultiValue, list)) or len(value) != 2:
        return 1.0
    try:
        height, width = (float(str(part)) for part in value)
    except ValueError:
        return 1.0
    is_sane = height > 0 and width > 0 and 0.05 <= height / width <= 20
    return height / width if is_sane else 1.0


def spacing_of(ds: Dataset) -> PixelSpacing | None:
    """Return the pixel spacing of a flat picture and where it comes from (PS3.3 10.7.1.3)."""
    detector = _pair(ds, "ImagerPixelSpacing") or _pair(ds, "NominalScannedPixelSpacing")
    given = _pair(ds, "PixelSpacing")
    if text(ds, "Modality") not in _MASTER_PROJECTIONS:
        if given is not None:
            return PixelSpacing(*given, SpacingSource.PATIENT)
        return PixelSpacing(*detector, SpacingSource.DETECTOR) if detector else None
    if given is not None and _is_calibrated(ds, given, detector):
        return PixelSpacing(*given, SpacingSource.CALIBRATED)
    base = detector or given
    if base is None:
        return None
    factor = _float(ds.get("EstimatedRadiographicMagnificationFactor"))
    if detector is not None and factor is not None and factor >= 1:
        return PixelSpacing(base[0] / factor, base[1] / factor, SpacingSource.MAGNIFICATION)
    return PixelSpacing(*base, SpacingSource.DETECTOR)


def acquired_of(ds: Dataset) -> datetime | None:
    """Return when the picture was taken, as near as the header tells; local time."""
    whole = text(ds, "AcquisitionDateTime")
    pairs = [(whole[:8], whole[8:])] if whole else []
    pairs += [(text(ds, f"{w}Date"), text(ds, f"{w}Time")) for w in ("Acquisition", "Content")]
    pairs += [(text(ds, f"{w}Date"), text(ds, f"{w}Time")) for w in ("Series", "Study")]
    for day_text, time_text in pairs:
        day = parse_date(day_text)
        if day is not None:
            return datetime.combine(day, parse_time(time_text) or time())
    return None


def burned_in_of(ds: Dataset) -> str:
    """Return YES, NO or nothing where the header does not say."""
    value = text(ds, "BurnedInAnnotation").upper()
    return value if value in ("YES", "NO") else ""


def description_of(ds: Dataset) -> str:
    """Return the nearest description of the picture."""
    for keyword in ("SeriesDescription", "ImageComments", "ProtocolName", "StudyDescription"):
        if found := text(ds, keyword):
            return found
    return ""


def number_of(ds: Dataset, keyword: str) -> int | None:
    """Return an integer attribute, or None."""
    value = ds.get(keyword)
    if isinstance(value, MultiValue):
        value = value[0] if value else None
    try:
        return None if value is None or value == "" else int(value)
    except (ValueError, TypeError, OverflowError):
        return None


def text(ds: Dataset, keyword: str) -> str:
    """Return an attribute as stripped text; several values are joined as DICOM joins them."""
    if dictionary_VR(keyword) in LETTERS:
        return "\\".join(part.strip() for part in reading_of(ds, keyword).text.split("\\"))
    value = ds.get(keyword)
    if value is None or isinstance(value, (Dataset, bytes)):
        return ""
    if isinstance(value, (MultiValue, list)):
        return "\\".join(str(part).strip() for part in value)
    return str(value).strip("\0 ")


def parse_date(written: str) -> date | None:
    """Read a date as DICOM writes it, or with the separators of ACR-NEMA and of people.

    >>> parse_date("1980.02.03")
    datetime.date(1980, 2, 3)
    """
    digits = "".join(c for c in written if c.isascii() and c.isdigit())
    if len(digits) != 8:
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def parse_time(written: str) -> time | None:
    """Read a time: HH, HHMM, HHMMSS with or without a fraction or colons."""
    whole = written.replace(":", "").split(".")[0].split("+")[0].split("-")[0].strip()
    if not whole.isascii() or not whole.isdigit() or len(whole) not in (2, 4, 6):
        return None
    hour, minute, second = (int(whole[n : n + 2] or "0") for n in (0, 2, 4))
    try:
        return time(hour, minute, min(second, 59))
    except ValueError:
        return None


def _kind_in_words(ds: Dataset) -> ImageKind | None:
    keywords = ("SeriesDescription", "ImageComments", "ProtocolName", "StudyDescription")
    said = " ".join(text(ds, keyword) for keyword in keywords).casefold()
    return next((kind for words, kind in _WORDS if any(w in said for w in words)), None)


def _intraoral_kind(ds: Dataset) -> ImageKind:
    """A picture of teeth in both jaws is a bitewing; of one jaw, or unknown, a periapical."""
    jaws = {(tooth // 10 - 1) % 4 < 2 for tooth in teeth_of(ds)}
    return ImageKind.BITEWING if len(jaws) == 2 else ImageKind.PERIAPICAL


def _extraoral_kind(ds: Dataset) -> ImageKind:
    views = {code.value for code in codes_in(ds, "ViewCodeSequence")}
    regions = {code.value for code in codes_in(ds, "AnatomicRegionSequence")}
    is_lateral = bool(views & _LATERAL_VIEWS) or text(ds, "ViewPosition") in ("LL", "RL")
    is_head = bool(regions & _HEAD_REGIONS) or text(ds, "BodyPartExamined") in ("HEAD", "SKULL")
    if text(ds, "PositionerType") == "CEPHALOSTAT" or (is_lateral and is_head):
        return ImageKind.CEPHALOMETRIC
    return ImageKind.OTHER


def _is_calibrated(
    ds: Dataset, given: tuple[float, float], detector: tuple[float, float] | None
) -> bool:
    if text(ds, "PixelSpacingCalibrationType"):
        return True
    return detector is not None and given != detector


def _pair(ds: Dataset, keyword: str) -> tuple[float, float] | None:
    value = ds.get(keyword)
    if not isinstance(value, (MultiValue, list)) or len(value) != 2:
        return None
    first, second = _float(value[0]), _float(value[1])
    if first is None or second is None or first <= 0 or second <= 0:
        return None
    return first, second


def _float(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if abs(number) < 1e9 else None


def _made_uid(ds: Dataset, *keywords: str) -> str:
    """Make a UID from what else tells pictures apart, the same each time (PS3.5 B.2)."""
    basis = "\0".join(text(ds, keyword) for keyword in keywords)
    return f"2.25.{int.from_bytes(hashlib.sha256(basis.encode()).digest()[:16], 'big')}"
