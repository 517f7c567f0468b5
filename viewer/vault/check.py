"""The check of a store: every part of it against what it should be. Nothing is changed.

Each part is looked at on its own, so that damage in one never hides the rest; the catalog is walked
in small bites, so that memory does not grow with the store.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import attrs

from viewer.model.errors import Cancelled, IntegrityError
from viewer.vault.catalog import images, keeping
from viewer.vault.catalog.connection import Catalog
from viewer.vault.catalog.images import Role, StoredObject
from viewer.vault.catalog.walking import (
    ListedImage,
    count_objects,
    kept_orphans,
    listed_images,
    listed_keys,
    unlisted,
)
from viewer.vault.errors import (
    NotInStore,
    ObjectMissing,
    StoreClosed,
    StoreDamaged,
    StoreFault,
    StoreMissing,
    StoreTooNew,
)
from viewer.vault.layout import Layout
from viewer.vault.records import CheckReport, Finding, FindingKind, IsCancelled, Progress
from viewer.vault.sealed import SealedObjects
from viewer.vault.spare import Spare
from viewer.vault.v1.container import ContainerReader
from viewer.vault.v1.folder import FAN_OUT, is_leftover, is_object
from viewer.vault.v1.order import Pause

PARTS = {
    Role.PIXELS: "The picture",
    Role.HEADERS: "The original header data",
    Role.PREVIEW: "The thumbnail",
    Role.OVERVIEW: "The overview",
    Role.ORIGINAL: "The file as it came",
    Role.OVERLAYS: "What is drawn over the picture",
}

TellDamaged = Callable[[StoredObject], None]
"""Told each listed object that is missing, damaged or unreadable."""


def tell_nobody(part: StoredObject) -> None:
    """Tell nobody."""


@attrs.frozen(eq=False)
class Store:
    """The parts of an open store that are checked."""

    layout: Layout
    catalog: Catalog
    sealed: SealedObjects
    spare: Spare


def check_store(
    store: Store,
    *,
    deep: bool,
    progress: Progress,
    is_cancelled: IsCancelled,
    tell_damaged: TellDamaged = tell_nobody,
) -> CheckReport:
    """Return what is missing, damaged or unknown; change nothing.

    Raises
    ------
    Cancelled, StoreClosed
        The check was stopped.
    """
    look = _Look(store, progress, store.sealed.pause(is_cancelled), tell_damaged, deep=deep)
    for phase in (
        look.at_marker,
        look.at_copy,
        look.at_catalog,
        look.at_times,
        look.at_keys,
        look.at_what_is_elsewhere,
        look.at_objects,
        look.at_unknown_files,
    ):
        look.through(phase)
    return CheckReport(look.count, look.size_bytes, deep, tuple(dict.fromkeys(look.findings)))


class _Look:
    """One check under way."""

    def __init__(
        self, store: Store, progress: Progress, pause: Pause, tell: TellDamaged, *, deep: bool
    ) -> None:
        self._store = store
        self._catalog, self._sealed = store.catalog, store.sealed
        self._deep, self._progress, self._pause, self._tell = deep, progress, pause, tell
        self.findings: list[Finding] = []
        self.count = self.size_bytes = 0

    def through(self, phase: Callable[[], Iterator[Finding]]) -> None:
        """Take one part after the other; what ends one of them early is a finding of its own."""
        self._pause()
        try:
            for finding in phase():
                self.findings.append(finding)
        except (Cancelled, StoreClosed):
            raise
        except (StoreDamaged, StoreFault):
            words = "The list of images could not be read to its end; what follows it is unchecked."
            self.findings.append(Finding(FindingKind.CATALOG, words))

    def at_marker(self) -> Iterator[Finding]:
        try:
            self._store.layout.check_marker()
        except StoreFault:
            words = "The file that marks the store could not be read from the disk."
            yield Finding(FindingKind.UNREADABLE, words)
        except (StoreMissing, StoreTooNew):
            words = "The file that marks the store is missing or damaged."
            yield Finding(FindingKind.MARKER, words)

    def at_copy(self) -> Iterator[Finding]:
        if not self._store.spare.is_wanted():
            return
        try:
            faults = self._store.spare.faults()
        except StoreFault:
            words = "The copy of the list of images could not be read from the disk."
            yield Finding(FindingKind.COPY, words)
            return
        if faults is None:
            words = "The copy of the list of images is missing or does not open."
            yield Finding(FindingKind.COPY, words)
        elif faults:
            yield Finding(FindingKind.COPY, "The copy of the list of images is damaged.")

    def at_catalog(self) -> Iterator[Finding]:
        faults = self._catalog.faults()
        if faults:
            words = f"The list of images has {len(faults)} faults."
            yield Finding(FindingKind.CATALOG, words)

    def at_times(self) -> Iterator[Finding]:
        older = list(self._catalog.put_back(self._pause))
        if older:
            words = (
                "Part of the list of images is older than the rest: a piece of its file was put"
                f" back. It is about {len(older)} patients or tables."
            )
            yield Finding(FindingKind.CATALOG, words)

    def at_keys(self) -> Iterator[Finding]:
        for patient_id, number in listed_keys(self._catalog):
            self._pause()
            try:
                self._sealed.patient_key(patient_id, number).wipe()
            except (NotInStore, StoreDamaged):
                words = f"The key of patient {patient_id} is missing or damaged: no image opens."
                yield Finding(FindingKind.DAMAGED, words, None, patient_id)

    def at_what_is_elsewhere(self) -> Iterator[Finding]:
        with self._catalog.read() as cursor:
            elsewhere = keeping.objects_elsewhere(cursor)
        kept = sum(holders > 0 for _, holders in elsewhere)
        if kept:
            words = f"{kept} pictures are kept in an archive and not here, as they should be."
            yield Finding(FindingKind.KEPT_ELSEWHERE, words)
        for part, holders in elsewhere:
            if not holders:
                words = f"{PARTS[part.role]} of image {part.image_id} is in no known archive any"
                yield Finding(FindingKind.MISSING, f"{words} more.", part.image_id, part.patient_id)

    def at_objects(self) -> Iterator[Finding]:
        with self._catalog.read() as cursor:
            total = count_objects(cursor)
        for image in listed_images(self._catalog):
            if not {part.role for part in image.objects} >= images.REQUIRED:
                words = f"Image {image.id} lacks a part in the list of images."
                yield Finding(FindingKind.MISSING, words, image.id, image.patient_id)
            for part in image.objects:
                if part.is_here:
                    self._pause()
                    self._progress(min(self.count, total), total)
                    yield from self._at_object(image, part)
                    self.count += 1
        self._progress(total, total)

    def _at_object(self, image: ListedImage, part: StoredObject) -> Iterator[Finding]:
        subject = f"{PARTS[part.role]} of image {part.image_id}"
        try:
            reader = self._sealed.reader_of(part)
            if self._deep:
                self._open_whole(image, reader, part)
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
            self.size_bytes += reader.header.plain_bytes if self._deep else 0
            return
        if self._is_still_listed(part):
            self._tell(part)
            yield Finding(kind, words, part.image_id, part.patient_id)

    def _open_whole(self, image: ListedImage, reader: ContainerReader, part: StoredObject) -> None:
        found = hashlib.sha256()
        for chunk in reader.chunks(self._pause):
            found.update(chunk)
        if part.role is Role.PIXELS and found.hexdigest() != self._digest_of(image):
            raise StoreDamaged

    def _digest_of(self, image: ListedImage) -> str:
        # The record's, not the row's: it is what whoever opens the picture is told.
        try:
            with self._catalog.read() as cursor:
                return images.get(cursor, image.id).pixel_sha256
        except ValueError:
            return ""

    def _is_still_listed(self, part: StoredObject) -> bool:
        """Whether the object was not deleted or sealed anew while we looked."""
        try:
            with self._catalog.read() as cursor:
                return images.stored_object(cursor, part.image_id, part.role).id == part.id
        except (NotInStore, ObjectMissing):
            return False

    def at_unknown_files(self) -> Iterator[Finding]:
        try:
            strays = self._sealed.folder.strays()
        except StoreFault:
            yield Finding(FindingKind.UNREADABLE, "The folder of objects could not be listed.")
            return
        yield from (_stray() for _ in strays)
        with self._catalog.read() as cursor:
            kept = kept_orphans(cursor)
        for bucket in FAN_OUT:
            self._pause()
            yield from self._unknown_in(bucket, kept)

    def _unknown_in(self, bucket: str, kept: set[str]) -> Iterator[Finding]:
        # Names first, rows second: an object is written before its row, so what a writer adds while
        # we look is in the rows or in neither.
        try:
            names = self._sealed.folder.names_in(bucket)
        except StoreFault:
            words = f"One of the folders of objects ({bucket}) is missing or could not be listed."
            yield Finding(FindingKind.UNREADABLE, words)
            return
        for name in names:
            if is_leftover(name):
                words = f"Object {name[:32]} was never finished."
                yield Finding(FindingKind.LEFTOVER, words)
            elif not is_object(name):
                yield _stray()
        with self._catalog.read() as cursor:
            unknown = unlisted(cursor, bucket, [name for name in names if is_object(name)])
        for name in unknown:
            if name in kept:
                words = f"Object {name} is not listed since a repair, and is kept."
                yield Finding(FindingKind.KEPT, words)
            else:
                words = f"Object {name} belongs to no listed image."
                yield Finding(FindingKind.ORPHAN, words)


def _stray() -> Finding:
    return Finding(FindingKind.STRAY, "A file that does not belong to the store lies in it.")
