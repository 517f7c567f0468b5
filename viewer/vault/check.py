"""The check of a store: every object against the catalog, and the catalog against itself."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from viewer.model.errors import IntegrityError
from viewer.model.ids import ImageId
from viewer.vault.catalog import images, keeping, patients
from viewer.vault.catalog.connection import Catalog
from viewer.vault.catalog.images import Role, StoredObject
from viewer.vault.errors import NotInStore, ObjectMissing, StoreDamaged, StoreFault, StoreTooNew
from viewer.vault.pictures import pixel_digest
from viewer.vault.records import CheckReport, Finding, FindingKind, IsCancelled, Progress
from viewer.vault.sealed import SealedObjects
from viewer.vault.v1.container import ContainerReader
from viewer.vault.v1.folder import is_leftover, is_object
from viewer.vault.v1.order import Pause

_PARTS = {
    Role.PIXELS: "The picture",
    Role.HEADERS: "The original header data",
    Role.PREVIEW: "The thumbnail",
    Role.OVERVIEW: "The overview",
}


def check_store(
    catalog: Catalog,
    sealed: SealedObjects,
    *,
    deep: bool,
    progress: Progress,
    is_cancelled: IsCancelled,
) -> CheckReport:
    """Return what is missing, damaged or unknown; change nothing.

    Raises
    ------
    Cancelled, StoreClosed
        The check was stopped.
    """
    findings: list[Finding] = []
    pause = sealed.pause(is_cancelled)
    try:
        report = _look(catalog, sealed, findings, progress, pause, deep=deep)
    except (StoreDamaged, StoreFault):
        words = "The list of images could not be read to its end; what follows it is unchecked."
        findings.append(Finding(FindingKind.CATALOG, words))
        report = CheckReport(0, 0, deep)
    return attrs.evolve(report, findings=tuple(findings))


def _look(
    catalog: Catalog,
    sealed: SealedObjects,
    findings: list[Finding],
    progress: Progress,
    pause: Pause,
    *,
    deep: bool,
) -> CheckReport:
    findings += _catalog_findings(catalog)
    findings += _key_findings(catalog, sealed)
    with catalog.read() as cursor:
        listed = [part for part in images.all_objects(cursor) if part.is_here]
    findings += _findings_elsewhere(catalog)
    checked_bytes = 0
    for done, part in enumerate(listed):
        pause()
        progress(done, len(listed))
        finding, opened = _check_object(catalog, sealed, part, pause, deep=deep)
        checked_bytes += opened
        if finding is not None:
            findings.append(finding)
    progress(len(listed), len(listed))
    findings += _unknown_files(catalog, sealed)
    return CheckReport(len(listed), checked_bytes, deep)


def _catalog_findings(catalog: Catalog) -> Iterator[Finding]:
    faults = catalog.faults()
    if faults:
        yield Finding(FindingKind.CATALOG, f"The list of images has {len(faults)} faults.")
    with catalog.read() as cursor:
        incomplete = images.ids_without_parts(cursor)
    for image_id, patient_id in incomplete:
        words = f"Image {image_id} lacks a part in the list of images."
        yield Finding(FindingKind.MISSING, words, image_id, patient_id)


def _key_findings(catalog: Catalog, sealed: SealedObjects) -> Iterator[Finding]:
    with catalog.read() as cursor:
        everybody = patients.ids(cursor)
        numbered = patients.key_numbers(cursor)
    for patient_id, number in [*((each, None) for each in everybody), *numbered]:
        try:
            sealed.patient_key(patient_id, number).wipe()
        except (NotInStore, StoreDamaged):
            words = f"The key of patient {patient_id} is missing or damaged: no image opens."
            yield Finding(FindingKind.DAMAGED, words, None, patient_id)


def _findings_elsewhere(catalog: Catalog) -> Iterator[Finding]:
    with catalog.read() as cursor:
        elsewhere = keeping.objects_elsewhere(cursor)
    kept = sum(holders > 0 for _, holders in elsewhere)
    if kept:
        words = f"{kept} pictures are kept in an archive and not here, as they should be."
        yield Finding(FindingKind.KEPT_ELSEWHERE, words)
    for part, holders in elsewhere:
        if not holders:
            words = f"{_PARTS[part.role]} of image {part.image_id} is in no known archive any more."
            yield Finding(FindingKind.MISSING, words, part.image_id, part.patient_id)


def _check_object(
    catalog: Catalog, sealed: SealedObjects, part: StoredObject, pause: Pause, *, deep: bool
) -> tuple[Finding | None, int]:
    subject = f"{_PARTS[part.role]} of image {part.image_id}"
    try:
        reader = sealed.reader_of(part)
        if deep:
            _open_whole(catalog, reader, part, pause)
    except NotInStore:
        kind, words = FindingKind.DAMAGED, f"{subject} has no key."
    except ObjectMissing:
        kind, words = FindingKind.MISSING, f"{subject} is missing."
    except StoreTooNew:
        kind, words = FindingKind.DAMAGED, f"{subject} is in a format this version cannot read."
    except IntegrityError:
        kind, words = FindingKind.DAMAGED, f"{subject} is damaged."
    except StoreFault:
        kind, words = FindingKind.UNREADABLE, f"{subject} could not be read from the disk."
    else:
        return None, reader.header.plain_bytes if deep else 0
    return Finding(kind, words, part.image_id, part.patient_id), 0


def _open_whole(
    catalog: Catalog, reader: ContainerReader, part: StoredObject, pause: Pause
) -> None:
    plain = bytearray(reader.header.plain_bytes)
    reader.open_into(memoryview(plain), pause)
    if part.role is Role.PIXELS and pixel_digest(memoryview(plain)) != _digest_of(
        catalog, part.image_id
    ):
        raise StoreDamaged


def _digest_of(catalog: Catalog, image_id: ImageId) -> str:
    with catalog.read() as cursor:
        return images.get(cursor, image_id).pixel_sha256


def _unknown_files(catalog: Catalog, sealed: SealedObjects) -> Iterator[Finding]:
    # Names first, rows second: an object is written before its row, so what a writer adds while we
    # look is in the rows or in neither.
    try:
        names = list(sealed.folder.names())
    except StoreFault:
        yield Finding(FindingKind.UNREADABLE, "The folder of objects could not be listed.")
        return
    with catalog.read() as cursor:
        listed = {part.id for part in images.all_objects(cursor)}
    for name in names:
        if is_leftover(name):
            words = f"Object {name[:32]} was never finished."
            yield Finding(FindingKind.LEFTOVER, words)
        elif not is_object(name):
            yield Finding(FindingKind.STRAY, "A file that does not belong to the store lies in it.")
        elif name not in listed:
            yield Finding(FindingKind.ORPHAN, f"Object {name} belongs to no listed image.")
