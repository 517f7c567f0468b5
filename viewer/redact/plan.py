"""Planning a share: what would leave of each image, what is doubtful, what is refused.

Pure, any thread. Nothing is changed and nothing is written.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from viewer.redact.actions import Fate, TagAction
from viewer.redact.doubts import doubts_about
from viewer.redact.errors import PlanRefused
from viewer.redact.identifiers import holder_of, identifiers_in
from viewer.redact.mark import band_rows, with_band
from viewer.redact.profiles import Headers, Mark, Profile
from viewer.redact.quiet import quiet_pydicom
from viewer.redact.records import (
    CoverPlan,
    Doubt,
    DoubtLevel,
    ImagePlan,
    MarkPlan,
    RedactionPlan,
    ShareFacts,
)
from viewer.redact.source import Instance, ShareSubject, instances_of
from viewer.redact.statements import (
    BASIC_PROFILE,
    METHOD,
    pixel_statements,
    stale_keywords,
    with_statements,
    without,
)
from viewer.redact.tags import UidMap, plan_tags

__all__ = [
    "CoverPlan",
    "Doubt",
    "DoubtLevel",
    "Fate",
    "ImagePlan",
    "MarkPlan",
    "RedactionPlan",
    "ShareFacts",
    "ShareSubject",
    "TagAction",
    "make_plan",
    "preview_pixels",
]

_SHOWN_IDENTITY = {
    "PatientName": "Name",
    "PatientBirthDate": "Born",
    "PatientSex": "Sex",
    "PatientID": "Patient id",
}
_CLAIMS = ("PatientIdentityRemoved", "DeidentificationMethod", "DeidentificationMethodCodeSequence")
_PATIENT_WORDS = ("PatientName", "PatientID", "OtherPatientNames", "OtherPatientIDs")


def make_plan(
    subjects: Sequence[ShareSubject],
    profile: Profile,
    facts: ShareFacts,
    *,
    fresh_uid: Callable[[], str] | None = None,
) -> RedactionPlan:
    """Work out what would leave; nothing is changed and nothing is written.

    Parameters
    ----------
    fresh_uid : callable, optional
        Where new UIDs come from; random ones (``2.25.…``) by default. Within one plan the same
        old UID always becomes the same new one; no two plans share any.

    Raises
    ------
    PlanRefused
        The profile cannot let one of these images leave safely, or the images are of more than
        one patient under a profile that keeps the identity.
    SourceUnreadable
        A stored header does not belong to its picture.
    """
    if not subjects:
        raise PlanRefused("No image is selected.", "Select at least one image.")
    _refuse_mixed_patients(subjects, profile)
    with quiet_pydicom():
        return _planned(subjects, profile, facts, fresh_uid or _random_uid)


def _planned(
    subjects: Sequence[ShareSubject],
    profile: Profile,
    facts: ShareFacts,
    fresh_uid: Callable[[], str],
) -> RedactionPlan:
    sources = [instances_of(subject) for subject in subjects]
    headers = [one.header for instances in sources for one in instances]
    _refuse_incomplete(headers)
    _refuse_naming_the_patient(headers, profile, facts)
    planner = _Planner(profile, facts, subjects, headers, fresh_uid)
    images = tuple(map(planner.image, subjects, sources))
    doubts = doubts_about(subjects, sources, profile)
    return RedactionPlan(profile, facts, images, doubts, _identity(headers[0], images[0]))


def preview_pixels(subject: ShareSubject, image: ImagePlan) -> NDArray[np.generic]:
    """Return the pixels exactly as they will leave, band included (stored values)."""
    if image.mark is None:
        return subject.pixels
    return with_band(subject.pixels, subject.record, image.mark.text)


class _Planner:
    """Numbers the files and maps the UIDs of one plan."""

    def __init__(
        self,
        profile: Profile,
        facts: ShareFacts,
        subjects: Sequence[ShareSubject],
        headers: Sequence[Dataset],
        fresh_uid: Callable[[], str],
    ) -> None:
        self._profile, self._facts = profile, facts
        self._uids, self._fresh_uid = UidMap(fresh_uid), fresh_uid
        self._names = holder_of(identifiers_in(headers, profile))
        patients = dict.fromkeys(subject.record.patient_id for subject in subjects)
        self._aliases = {one: f"ANON-{n}" for n, one in enumerate(patients, 1)}
        self._files = self._previews = 0

    def image(self, subject: ShareSubject, instances: Sequence[Instance]) -> ImagePlan:
        """Plan one image."""
        record = subject.record
        names = tuple(self._file_name() for _ in instances)
        mark, cover = self._marks(subject)
        actions = tuple(self._actions(subject, one, mark, cover) for one in instances)
        self._previews += 1
        return ImagePlan(record, names, f"PREVIEWS/PV{self._previews:06}.PNG", actions, mark, cover)

    def _marks(self, subject: ShareSubject) -> tuple[MarkPlan | None, CoverPlan | None]:
        if self._profile.mark is Mark.NONE:
            return None, None
        record, text = subject.record, self._facts.mark_text
        if record.is_volume:
            cover = CoverPlan(self._file_name(), text, self._fresh_uid(), self._fresh_uid())
            return None, cover
        columns = record.shape[-2] if record.is_colour else record.shape[-1]
        return MarkPlan(text, band_rows(text, columns)), None

    def _file_name(self) -> str:
        self._files += 1
        return f"IMAGES/IM{self._files:06}"

    def _actions(
        self,
        subject: ShareSubject,
        instance: Instance,
        mark: MarkPlan | None,
        cover: CoverPlan | None,
    ) -> tuple[TagAction, ...]:
        header, record = instance.header, subject.record
        actions = plan_tags(header, self._profile, self._uids, self._names)
        actions = without(actions, stale_keywords(record, header), "pixels")
        stated = pixel_statements(record, header, mark.rows if mark else 0)
        actions = with_statements(actions, header, stated, "pixels")
        if self._profile.headers is Headers.KEEP_ALL:
            return actions
        if mark is not None:
            actions = with_statements(actions, header, _derived(header), "mark")
        if cover is not None:
            comment = {"ImageComments": cover.text}
            actions = with_statements(actions, header, comment, "mark")
        actions = without(actions, _CLAIMS, "claim")
        return with_statements(actions, header, self._claims(subject), "claim")

    def _claims(self, subject: ShareSubject) -> dict[str, str]:
        claims = {"SpecificCharacterSet": "ISO_IR 192", "PatientIdentityRemoved": "NO"}
        if not self._profile.is_deidentified:
            return claims
        alias = self._aliases[subject.record.patient_id]
        return claims | {
            "PatientIdentityRemoved": "YES",
            "DeidentificationMethod": METHOD,
            "DeidentificationMethodCodeSequence": BASIC_PROFILE,
            "LongitudinalTemporalInformationModified": "REMOVED",
            "PatientName": alias,
            "PatientID": alias,
        }


def _derived(header: Dataset) -> dict[str, str]:
    """Say that the picture has a band now: it is derived from the original."""
    kind = [str(part) for part in header.get("ImageType") or ("ORIGINAL", "PRIMARY")]
    return {
        "ImageType": "\\".join(("DERIVED", *kind[1:])),
        "DerivationDescription": "Band of text appended below the picture; lossless",
    }


def _refuse_mixed_patients(subjects: Sequence[ShareSubject], profile: Profile) -> None:
    patients = {subject.record.patient_id for subject in subjects}
    if len(patients) > 1 and not profile.is_deidentified:
        raise PlanRefused(
            "The selected images are of more than one patient.", "Share one patient at a time."
        )


def _refuse_incomplete(headers: Sequence[Dataset]) -> None:
    needed = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
    if not all(header.get(keyword) for header in headers for keyword in needed):
        raise PlanRefused(
            "One of the images came without the marks that make a whole DICOM file.",
            "Leave it out.",
        )


def _refuse_naming_the_patient(
    headers: Sequence[Dataset], profile: Profile, facts: ShareFacts
) -> None:
    """De-identified images must not be named again by the words that travel with them."""
    if not profile.is_deidentified:
        return
    patients = []
    for header in headers:
        only = Dataset()
        only.update({header[word].tag: header[word] for word in _PATIENT_WORDS if word in header})
        patients.append(only)
    words = f"{facts.purpose} {facts.recipient} {facts.reference} {facts.number}"
    if holder_of(identifiers_in(patients, profile))(words):
        raise PlanRefused(
            "The purpose or the recipient names the patient.",
            "Choose words that name no patient.",
        )


def _identity(header: Dataset, image: ImagePlan) -> tuple[tuple[str, str], ...]:
    kept = {action.path for action in image.actions[0] if action.fate is Fate.KEEP}
    return tuple(
        (label, str(header[keyword].value or ""))
        for keyword, label in _SHOWN_IDENTITY.items()
        if keyword in header and f"{header[keyword].tag:08X}" in kept
    )


def _random_uid() -> str:
    return f"2.25.{uuid.uuid4().int}"
