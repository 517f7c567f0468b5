"""Repair of what is damaged in an open store, from what else there is of it.

Thumbnails come from the pixels; an overview is dropped, since whoever needs it makes it anew;
pixels and headers come from an archive that is connected; the copy of the catalog and the marker
are written anew. What has no second place is named as lost and left as it is.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from viewer.model.errors import BitewingError, Cancelled
from viewer.model.ids import ImageId
from viewer.model.image import Picture
from viewer.vault import pictures
from viewer.vault.catalog.images import Role, StoredObject
from viewer.vault.catalog.walking import forget_object, replace_object
from viewer.vault.check import PARTS, Store, check_store
from viewer.vault.errors import StoreClosed, store_fault
from viewer.vault.records import CheckReport, FindingKind, IsCancelled, Progress
from viewer.vault.repair import Mended
from viewer.vault.v1.order import Pause

MakeThumbnail = Callable[[Picture], NDArray[np.uint8]]
"""Draws a picture small, as it looks when it is opened first."""

OpenPicture = Callable[[ImageId], Picture]
Bring = Callable[[StoredObject, Pause], None]
"""Brings an object back from an archive: `Keeping.bring_back`."""


class Mending:
    """One repair of an open store. Any thread; the store stays in use."""

    def __init__(
        self,
        store: Store,
        bring: Bring,
        open_picture: OpenPicture,
        make_thumbnail: MakeThumbnail,
        is_cancelled: IsCancelled,
    ) -> None:
        self._store, self._sealed = store, store.sealed
        self._bring_back = bring
        self._open_picture, self._make_thumbnail = open_picture, make_thumbnail
        self._is_cancelled = is_cancelled
        self._done: list[str] = []
        self._lost: list[str] = []

    def run(self, progress: Progress, *, deep: bool) -> tuple[CheckReport, Mended]:
        """Check, and repair each part that is damaged.

        Raises
        ------
        Cancelled, StoreClosed
            What was repaired until then stays so.
        """
        damaged: list[StoredObject] = []
        report = check_store(
            self._store,
            deep=deep,
            progress=progress,
            is_cancelled=self._is_cancelled,
            tell_damaged=damaged.append,
        )
        kinds = {finding.kind for finding in report.findings}
        if FindingKind.MARKER in kinds:
            self._store.layout.write_marker()
            self._done.append("The file that marks the store was written anew.")
        # Pixels first: thumbnails are made from them.
        for part in sorted(damaged, key=lambda part: part.role is not Role.PIXELS):
            self._sealed.pause(self._is_cancelled)()
            self._mend(part)
        if FindingKind.COPY in kinds and FindingKind.CATALOG not in kinds:
            self._store.spare.refresh(self._is_cancelled)
            self._done.append("A new copy of the list of images was made.")
        return report, Mended(tuple(self._done), tuple(self._lost))

    def _mend(self, part: StoredObject) -> None:
        subject = f"{PARTS[part.role]} of image {part.image_id}"
        try:
            words = self._mended(part)
        except (Cancelled, StoreClosed):
            raise
        except BitewingError as fault:
            self._lost.append(f"{subject} could not be repaired: {fault.what}")
        else:
            self._done.append(f"{subject} {words}")

    def _mended(self, part: StoredObject) -> str:
        try:
            self._bring(part)
        except (Cancelled, StoreClosed):
            raise
        except BitewingError:
            if part.role is Role.PREVIEW:
                self._draw(part)
                return "was drawn anew from the picture."
            if part.role is Role.OVERVIEW:
                self._drop(part)
                return "was dropped; it is made anew when it is needed."
            raise
        return "was brought back from an archive."

    def _bring(self, part: StoredObject) -> None:
        path = self._sealed.folder.path(part.id)
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
        except OSError as fault:
            raise store_fault(fault) from fault
        pause = self._sealed.pause(self._is_cancelled)
        self._bring_back(part, pause)

    def _draw(self, part: StoredObject) -> None:
        picture = self._open_picture(part.image_id)
        plain = memoryview(pictures.pack_thumbnail(self._make_thumbnail(picture)))
        with self._sealed.writing():
            pause = self._sealed.pause(self._is_cancelled)
            parts = {Role.PREVIEW: plain}
            (made,) = self._sealed.seal(part.image_id, part.patient_id, parts, pause)
            try:
                with self._store.catalog.write() as cursor:
                    is_listed = replace_object(cursor, part, made)
            except BaseException:
                self._sealed.discard_unlisted([made])
                raise
            self._sealed.discard([part.id if is_listed else made.id])

    def _drop(self, part: StoredObject) -> None:
        with self._sealed.writing():
            with self._store.catalog.write() as cursor:
                forget_object(cursor, part)
            self._sealed.discard([part.id])
