"""Files that could not be read safely: sealed away with their reason, hidden from every chart.

A file set aside is an image of state QUARANTINED under the store's one patient for such files
(`vault.hidden.set_aside`): its pixels are the file's bytes, its description the file's bare name,
its notes where it came from, who imported it, and whether the bytes are all there. So the check,
the backup and the keys treat it as any other; nothing of it is in clear, and no path is kept.
"""

from __future__ import annotations

import json
from datetime import datetime
from enum import Enum

import attrs
import numpy as np

from viewer.app.clinic import Clinic
from viewer.app.incoming.contents import ArrayContent, content_of
from viewer.app.incoming.report import SetAside
from viewer.dicom.headers import pack_headers
from viewer.ingest.arrival import Refusal
from viewer.ingest.errors import FileRefused
from viewer.model.errors import BitewingError
from viewer.model.ids import ImageId, PatientId, SeriesUid, StudyUid, UserId, new_id
from viewer.model.image import ImageKind, ImageRecord, ImageState
from viewer.model.patient import Series, Study
from viewer.session.audit.events import Entry, EventKind
from viewer.session.session import Session
from viewer.vault.errors import ContentChanged, NotInStore
from viewer.vault.filing import FileContent, digest_of
from viewer.vault.records import IsCancelled, SettingScope
from viewer.vault.store import Vault

MOST_BYTES = 1 << 30
"""Of a larger file only reason, size and digest are kept, unless the practice says otherwise."""

_SETTING = "largest file set aside"
_UID = "set aside"
_NO_PICTURE = np.zeros((1, 1), np.uint8)
_IN_IT = "A file in this archive: {}"


class Origin(Enum):
    """What kind of place an import reads from. The value is what a person reads."""

    FOLDER = "files or a folder"
    ARCHIVE = "an archive"
    WATCHED = "a watched folder"


@attrs.frozen
class Quarantined:
    """One file that is set aside, as a person sees it."""

    image_id: ImageId
    file_name: str = attrs.field(repr=False)
    reason: str
    when: datetime | None
    by: UserId | None
    origin: str
    size_bytes: int
    sha256: str
    is_whole: bool


def set_aside(
    clinic: Clinic, refusal: Refusal, session: Session, origin: Origin, is_cancelled: IsCancelled
) -> SetAside | None:
    """Seal a damaged file away, and say so in the trail; None where there is nothing to keep.

    Raises
    ------
    StoreFault, Cancelled
        Nothing of it was kept.
    """
    refusal = _with_archive(refusal)
    try:
        with content_of(refusal.source, refusal.content) as content:
            if content.size_bytes == 0:
                return None
            found = _seal(clinic, refusal, content, session, origin, is_cancelled)
    except (FileRefused, ContentChanged):
        return None  # it is gone, or still being written: the refusal says why it was not taken
    if not found.was_there:
        clinic.trail.append(entry_of(session, found.image_id, refusal.reason, found))
    return found


def _with_archive(refusal: Refusal) -> Refusal:
    """Of what does not come out of its archive, speak of the archive: that is what is kept."""
    if refusal.content is not None or refusal.source.exists():
        return refusal
    for place in refusal.source.parents:
        if place.is_file():
            return attrs.evolve(refusal, source=place, reason=_IN_IT.format(refusal.reason))
    return refusal


def entry_of(session: Session, image_id: ImageId, why: str, about: SetAside) -> Entry:
    """Return what the trail says of a file that is set aside."""
    return Entry(
        EventKind.SET_ASIDE,
        session.actor,
        objects=(image_id,),
        why=why,
        digests=(about.sha256,),
        size_bytes=about.size_bytes,
    )


def _seal(
    clinic: Clinic,
    refusal: Refusal,
    content: FileContent,
    session: Session,
    origin: Origin,
    is_cancelled: IsCancelled,
) -> SetAside:
    vault, now = clinic.vault, clinic.clock.wall()
    size = content.size_bytes
    is_whole = size <= most_bytes(vault)
    digest = ""
    if not is_whole:
        digest = digest_of(content, vault.filing.pause(is_cancelled))
        content = _stub(size, digest)
    notes = (_origin(refusal, origin).value, session.user.id, *(() if is_whole else ("stub",)))
    record = _record(vault.hidden.set_aside(now).id, content.size_bytes)
    record = attrs.evolve(
        record,
        acquired=now,
        description=refusal.name_hint,
        reason=refusal.reason,
        notes=notes,
    )
    study = Study(record.study_uid, record.patient_id)
    series = Series(record.series_uid, record.study_uid, "")
    kept = vault.filing.put(
        study, series, record, content, pack_headers([]), _NO_PICTURE, is_cancelled
    )
    return SetAside(
        kept.id,
        refusal.name_hint,
        refusal.reason,
        size,
        digest or kept.pixel_sha256,
        is_whole,
        kept.id != record.id,
    )


def _record(patient_id: PatientId, size_bytes: int) -> ImageRecord:
    return ImageRecord(
        id=ImageId(new_id()),
        patient_id=patient_id,
        study_uid=StudyUid(_UID),
        series_uid=SeriesUid(_UID),
        sop_instance_uids=(),
        sop_class_uid="",
        modality="",
        kind=ImageKind.OTHER,
        shape=(size_bytes,),
        dtype="uint8",
        state=ImageState.QUARANTINED,
    )


def _stub(size_bytes: int, digest: str) -> FileContent:
    told = json.dumps({"bytes": size_bytes, "sha256": digest}).encode()
    return ArrayContent(np.frombuffer(told, np.uint8))


def _origin(refusal: Refusal, origin: Origin) -> Origin:
    is_member = refusal.content is not None and origin is Origin.FOLDER
    return Origin.ARCHIVE if is_member else origin


def quarantined(vault: Vault) -> list[Quarantined]:
    """Return every file that is set aside, newest first."""
    records = [image for study in vault.hidden.set_aside_studies() for image in study.images]
    found = [_of(vault, record) for record in records]
    return sorted(found, key=lambda each: each.when.isoformat() if each.when else "", reverse=True)


def one_quarantined(vault: Vault, image_id: ImageId) -> Quarantined:
    """Return one file that is set aside.

    Raises
    ------
    NotInStore
        There is none of this id (any more).
    """
    return _of(vault, require_quarantined(vault, image_id))


def require_quarantined(vault: Vault, image_id: ImageId) -> ImageRecord:
    """Return the record of a file that is set aside.

    Raises
    ------
    NotInStore
        There is none of this id (any more).
    """
    record = vault.hidden.record(image_id)
    if record.state is not ImageState.QUARANTINED:
        raise NotInStore
    return record


def _of(vault: Vault, record: ImageRecord) -> Quarantined:
    origin, by, *rest = (*record.notes, "", "")
    size, digest, is_whole = record.size_bytes, record.pixel_sha256, "stub" not in rest
    if not is_whole:
        size, digest = _told(vault, record)
    return Quarantined(
        record.id, record.description, record.reason, record.acquired,
        UserId(by) if by else None, origin, size, digest, is_whole,
    )  # fmt: skip


def _told(vault: Vault, record: ImageRecord) -> tuple[int, str]:
    """Read what was kept of a file that was too large."""
    try:
        told = json.loads(vault.hidden.open_pixels(record.id).tobytes())
        return int(told["bytes"]), str(told["sha256"])
    except (BitewingError, ValueError, KeyError, TypeError):
        return 0, ""


def most_bytes(vault: Vault) -> int:
    """Return how large a file may be that is set aside whole."""
    text = vault.setting(SettingScope.WORKSTATION, _SETTING)
    return int(text) if text else MOST_BYTES


def set_most_bytes(vault: Vault, size_bytes: int | None) -> None:
    """Say how large a file may be that is set aside whole; None goes back to the usual."""
    vault.set_setting(
        SettingScope.WORKSTATION, _SETTING, None if size_bytes is None else str(size_bytes)
    )
