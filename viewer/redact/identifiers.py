"""The texts that name somebody or something that a share must not name.

Pure, any thread.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from pydicom.dataset import Dataset

from viewer.redact.profiles import Headers, Profile
from viewer.redact.tags import text_of

_NAMED = frozenset(
    {
        "PatientID",
        "OtherPatientIDs",
        "IssuerOfPatientID",
        "PatientAddress",
        "PatientTelephoneNumbers",
        "PatientTelecomInformation",
        "MedicalRecordLocator",
        "InsurancePlanIdentification",
        "AccessionNumber",
        "AdmissionID",
        "ServiceEpisodeID",
        "InstitutionName",
        "InstitutionAddress",
        "PersonAddress",
        "PersonTelephoneNumbers",
        "StationName",
        "DeviceSerialNumber",
        "NameToUse",
        "PatientBirthDate",
        "EthnicGroup",
        "PatientReligiousPreference",
        "MilitaryRank",
        "BranchOfService",
        "Occupation",
        "PerformedProcedureStepID",
        "RequestedProcedureID",
        "ScheduledProcedureStepID",
    }
)
_SHORTEST_NAME = 3
_SHORTEST_VALUE = 4
_WORD = re.compile(r"[^\W_]+")


def identifiers_in(datasets: Iterable[Dataset], profile: Profile) -> frozenset[str]:
    """Return the words (case folded) that name people, places or numbers and must not leave.

    Person names are taken apart into their words; those of a name that the profile keeps are not
    in the result, whoever else bears them.
    """
    if profile.headers is Headers.KEEP_ALL:
        return frozenset()
    removed: set[str] = set()
    kept: set[str] = set()
    for ds in datasets:
        for keyword, vr, text, is_top in _texts(ds, 0):
            stays = is_top and keyword in profile.keeps
            (kept if stays else removed).update(_words(vr, text))
    return frozenset(removed - kept)


def holder_of(identifiers: frozenset[str]) -> Callable[[str], bool]:
    """Return a test whether a text holds one of the identifiers as a whole word."""
    if not identifiers:
        return lambda _text: False
    longest_first = sorted(identifiers, key=len, reverse=True)
    pattern = re.compile(
        r"(?<![^\W_])(?:" + "|".join(re.escape(word) for word in longest_first) + r")(?![^\W_])"
    )
    return lambda text: pattern.search(text.casefold()) is not None


def _texts(ds: Dataset, depth: int) -> Iterator[tuple[str, str, str, bool]]:
    for element in ds:
        if element.VR == "SQ":
            for item in element.value or ():
                yield from _texts(item, depth + 1)
        elif element.VR == "PN" or element.keyword in _NAMED:
            yield element.keyword, element.VR, text_of(element), depth == 0


def _words(vr: str, text: str) -> Iterator[str]:
    folded = text.casefold().strip()
    if vr == "PN":
        yield from (word for word in _WORD.findall(folded) if len(word) >= _SHORTEST_NAME)
        return
    for value in folded.split("\\"):
        if len(value.strip()) >= _SHORTEST_VALUE:
            yield value.strip()
