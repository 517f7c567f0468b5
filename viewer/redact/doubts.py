"""What this version cannot decide about a share, and what it therefore refuses.

Pure, any thread.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from viewer.model.image import ImageKind, ImageRecord
from viewer.redact.errors import PlanRefused
from viewer.redact.profiles import PixelRule, PixelRules, Profile
from viewer.redact.records import Doubt, DoubtLevel
from viewer.redact.source import Instance, ShareSubject

_Finding = tuple[str, PixelRule, str]


def doubts_about(
    subjects: Sequence[ShareSubject], sources: Sequence[Sequence[Instance]], profile: Profile
) -> tuple[Doubt, ...]:
    """Return what a person must know or look at; those to be confirmed come first.

    Raises
    ------
    PlanRefused
        The profile does not let one of the images leave.
    """
    found = [
        doubt
        for subject, instances in zip(subjects, sources, strict=True)
        for doubt in _of_image(subject.record, instances, profile)
    ]
    found.extend(
        Doubt(f"profile-{n}", words, DoubtLevel.NOTE) for n, words in enumerate(profile.missing, 1)
    )
    return tuple(sorted(found, key=lambda doubt: doubt.level is DoubtLevel.NOTE))


def _of_image(
    record: ImageRecord, instances: Sequence[Instance], profile: Profile
) -> Iterator[Doubt]:
    findings = [_text_finding(instances, profile.pixels), *_kind_findings(record, profile.pixels)]
    for name, rule, words in findings:
        if rule is PixelRule.REFUSE:
            raise PlanRefused(
                f"One of the images cannot leave as “{profile.title}”: {words}",
                "Leave it out, or choose another purpose.",
            )
        if rule is PixelRule.CONFIRM:
            yield Doubt(f"{name}-{record.id}", words, DoubtLevel.CONFIRM, record.id)
    if profile.keeps_name and len({_patient(one) for one in instances}) > 1:
        words = "Its files name different patients. Make sure that all of it is of this patient."
        yield Doubt(f"patient-{record.id}", words, DoubtLevel.CONFIRM, record.id)


def _text_finding(instances: Sequence[Instance], rules: PixelRules) -> _Finding:
    said = {str(one.header.get("BurnedInAnnotation") or "").strip().upper() for one in instances}
    if "YES" in said:
        return "text", rules.text_declared, "its file says that text is burned into the picture."
    if said == {"NO"}:
        words = "its file says that no text is burned in; the picture was not checked for text."
        return "text", rules.text_denied, words
    return "text", rules.text_unknown, "the picture was not checked for burned-in text."


def _kind_findings(record: ImageRecord, rules: PixelRules) -> Iterator[_Finding]:
    if record.kind is ImageKind.PHOTO or record.is_colour:
        yield "photo", rules.photos, "a photo may show a face; faces are not looked for."
    if record.is_volume or record.kind is ImageKind.CBCT:
        yield "volume", rules.volumes, "a face can be rebuilt from a volume; it is not removed."
    if record.kind is ImageKind.CEPHALOMETRIC:
        yield "ceph", rules.cephalograms, "a cephalogram shows the profile of the face."
    if record.kind is ImageKind.OTHER and not record.is_volume:
        yield "other", rules.others, "what the picture shows is not known."


def _patient(instance: Instance) -> tuple[str, str]:
    header = instance.header
    return str(header.get("PatientID") or ""), str(header.get("PatientName") or "")
