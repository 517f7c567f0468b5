"""Teeth as DICOM codes them, and ISO 3950 numbers as the program has them.

Source: PS3.16 CID 4018 "Permanent Dentition" and CID 4019 "Deciduous Dentition": SNOMED CT codes,
and the retired SRT codes that older files carry.
"""

from __future__ import annotations

from collections.abc import Iterable

from viewer.dicom.codes import Code
from viewer.model.errors import UserError
from viewer.model.tooth import Tooth, parse_tooth

_TEETH: dict[int, tuple[str, str, str]] = {
    11: ("422653006", "T-54282", "Permanent maxillary right central incisor tooth"),
    12: ("424877001", "T-54272", "Permanent maxillary right lateral incisor tooth"),
    13: ("860767006", "T-54260", "Permanent maxillary right canine tooth"),
    14: ("57826002", "T-54250", "Permanent maxillary right first premolar tooth"),
    15: ("36492000", "T-54240", "Permanent maxillary right second premolar tooth"),
    16: ("865995000", "T-54230", "Permanent maxillary right first molar tooth"),
    17: ("863902006", "T-54220", "Permanent maxillary right second molar tooth"),
    18: ("68085002", "T-54210", "Permanent maxillary right third molar tooth"),
    21: ("424399000", "T-54292", "Permanent maxillary left central incisor tooth"),
    22: ("423185002", "T-54302", "Permanent maxillary left lateral incisor tooth"),
    23: ("860780009", "T-54310", "Permanent maxillary left canine tooth"),
    24: ("61897005", "T-54320", "Permanent maxillary left first premolar tooth"),
    25: ("23226009", "T-54330", "Permanent maxillary left second premolar tooth"),
    26: ("865988009", "T-54340", "Permanent maxillary left first molar tooth"),
    27: ("863901004", "T-54350", "Permanent maxillary left second molar tooth"),
    28: ("87704003", "T-54360", "Permanent maxillary left third molar tooth"),
    31: ("425106001", "T-54442", "Mandibular left central incisor tooth"),
    32: ("423331005", "T-54432", "Mandibular left lateral tooth"),
    33: ("860782001", "T-54420", "Mandibular left canine tooth"),
    34: ("2400006", "T-54410", "Mandibular left first premolar tooth"),
    35: ("24573005", "T-54400", "Mandibular left second premolar tooth"),
    36: ("866006002", "T-54390", "Mandibular left first molar tooth"),
    37: ("863898000", "T-54380", "Mandibular left second molar tooth"),
    38: ("74344005", "T-54370", "Mandibular left third molar tooth"),
    41: ("424575004", "T-54452", "Mandibular right central incisor tooth"),
    42: ("423937004", "T-54462", "Mandibular right lateral incisor tooth"),
    43: ("860785004", "T-54470", "Mandibular right canine tooth"),
    44: ("80140008", "T-54480", "Mandibular right first premolar tooth"),
    45: ("8873007", "T-54490", "Mandibular right second premolar tooth"),
    46: ("866005003", "T-54500", "Mandibular right first molar tooth"),
    47: ("863899008", "T-54510", "Mandibular right second molar tooth"),
    48: ("38994002", "T-54520", "Mandibular right third molar tooth"),
    51: ("88824007", "T-54610", "Deciduous maxillary right central incisor tooth"),
    52: ("65624003", "T-54620", "Deciduous maxillary right lateral incisor tooth"),
    53: ("30618001", "T-54630", "Deciduous maxillary right canine tooth"),
    54: ("17505006", "T-54640", "Deciduous maxillary right first molar tooth"),
    55: ("27855007", "T-54650", "Deciduous maxillary right second molar tooth"),
    61: ("51678005", "T-54660", "Deciduous maxillary left central incisor tooth"),
    62: ("43622005", "T-54670", "Deciduous maxillary left lateral incisor tooth"),
    63: ("73937000", "T-54680", "Deciduous maxillary left canine tooth"),
    64: ("45234009", "T-54690", "Deciduous maxillary left first molar tooth"),
    65: ("51943008", "T-54700", "Deciduous maxillary left second molar tooth"),
    71: ("89552004", "T-54760", "Deciduous mandibular left central incisor tooth"),
    72: ("14770005", "T-54770", "Deciduous mandibular left lateral incisor tooth"),
    73: ("43281008", "T-54780", "Deciduous mandibular left canine tooth"),
    74: ("38896004", "T-54790", "Deciduous mandibular left first molar tooth"),
    75: ("49330006", "T-54800", "Deciduous mandibular left second molar tooth"),
    81: ("67834006", "T-54710", "Deciduous mandibular right central incisor tooth"),
    82: ("22445006", "T-54720", "Deciduous mandibular right lateral incisor tooth"),
    83: ("6062009", "T-54730", "Deciduous mandibular right canine tooth"),
    84: ("58646007", "T-54740", "Deciduous mandibular right first molar tooth"),
    85: ("61868007", "T-54750", "Deciduous mandibular right second molar tooth"),
}
_BY_CODE = {code: Tooth(number) for number, (sct, srt, _) in _TEETH.items() for code in (sct, srt)}


def code_of_tooth(tooth: Tooth) -> Code:
    """Return the SNOMED CT code of a tooth.

    >>> code_of_tooth(Tooth(36)).meaning
    'Mandibular left first molar tooth'
    """
    sct, _, meaning = _TEETH[parse_tooth(tooth)]
    return Code(sct, "SCT", meaning)


def tooth_of_code(code: Code) -> Tooth | None:
    """Return the tooth that a code designates, or None where it designates none.

    SCT and SRT codes are known by value; codes of any ISO 3950 scheme are the number itself.
    """
    if "3950" in code.scheme or code.scheme.upper() == "FDI":
        try:
            return parse_tooth(int(code.value))
        except (ValueError, UserError):
            return None
    return _BY_CODE.get(code.value)


def teeth_of_codes(codes: Iterable[Code]) -> tuple[Tooth, ...]:
    """Return the teeth among some codes, in order, each once."""
    found = (tooth_of_code(code) for code in codes)
    return tuple(dict.fromkeys(tooth for tooth in found if tooth is not None))
