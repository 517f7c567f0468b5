"""Images whose period has ended: listed by anybody who asks, removed only when somebody says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from viewer.model.ids import ObjectId, PatientId
from viewer.vault.catalog import images, keeping, legal
from viewer.vault.catalog.connection import Catalog, Cursor
from viewer.vault.catalog.images import Role
from viewer.vault.errors import KeepingRefused, NotInStore
from viewer.vault.keeping import clock
from viewer.vault.keeping.eviction import RULES
from viewer.vault.keeping.records import Due, Leaving, Witness
from viewer.vault.keeping.retention import could_be_due, days_of, due_of
from viewer.vault.keeping.rules import rules_from
from viewer.vault.records import Progress
from viewer.vault.sealed import SealedObjects
from viewer.vault.v1.order import Pause

MayErase = Callable[[Cursor, PatientId], None]
"""Raises, inside the transaction that removes, if it must not."""
Erase = Callable[[PatientId, MayErase], object]
"""Erases a patient with all keys, unless the second says no: `Rekeying.erase_patient`."""


class Purge:
    """Lists what is due in a store, and removes it patient by patient. Any thread."""

    def __init__(self, catalog: Catalog, sealed: SealedObjects, erase: Erase) -> None:
        self._catalog = catalog
        self._sealed = sealed
        self._erase = erase

    def due(self, today: date, progress: Progress, pause: Pause) -> list[Due]:
        """Return everybody's images whose period ended before a day."""
        found: list[Due] = []
        number = 0
        while True:
            with self._catalog.read() as cursor:
                rules = rules_from(keeping.rule(cursor, RULES)).retention
                rows = keeping.last_visits(cursor, number)
            if not rows:
                return found
            for number, patient_id, text in rows:  # noqa: B007 - the last one is gone on from
                visit = next(iter(days_of((text,))), None)
                if visit is not None and not could_be_due(rules, visit, today):
                    continue
                pause()
                found += self._due_of(patient_id, today)
            progress(number, 0)

    def _due_of(self, patient_id: PatientId, today: date) -> list[Due]:
        try:
            with self._catalog.read() as cursor:
                due = due_now(cursor, patient_id, today)
        except NotInStore:  # erased meanwhile
            return []
        return [] if due is None else [due]

    def purge(
        self, patient_id: PatientId, code: str, now: datetime, today: date, witness: Witness
    ) -> Due:
        """Remove what is due of a patient: one transaction, written down in it before.

        Where that is all there is of the patient, the patient is erased with all keys.
        """
        with self._catalog.read() as cursor:
            first_look = due_now(cursor, patient_id, today)
        seen: list[Due] = []

        def ask(cursor: Cursor, _: PatientId) -> None:
            legal.require_no_hold(cursor, patient_id)
            clock.require_sound(cursor, now)
            due = _confirmed(due_now(cursor, patient_id, today), first_look, code)
            witness(_leaving(cursor, due))
            seen.append(due)

        if first_look is not None and first_look.is_whole:
            self._erase(patient_id, ask)
        else:
            self._remove_images(patient_id, ask, seen)
        return seen[0]

    def _remove_images(self, patient_id: PatientId, ask: MayErase, seen: list[Due]) -> None:
        with self._sealed.writing():
            with self._catalog.write() as cursor:
                ask(cursor, patient_id)
                gone: list[ObjectId] = []
                for image_id in seen[0].image_ids:
                    gone += images.remove(cursor, image_id)
            self._sealed.discard(gone)


def _confirmed(due: Due | None, first_look: Due | None, code: str) -> Due:
    if due is None:
        raise KeepingRefused("No period of this patient's images has ended.", "They stay.")
    if due != first_look or due.code != code.strip().lower():
        raise KeepingRefused(
            "What is due is not what was confirmed.", "Look at the list again and confirm that."
        )
    return due


def due_now(cursor: Cursor, patient_id: PatientId, today: date) -> Due | None:
    """Return what is due of a patient on a day, or None."""
    rules = rules_from(keeping.rule(cursor, RULES)).retention
    return due_of(rules, keeping.kept_patient(cursor, patient_id), today)


def _leaving(cursor: Cursor, due: Due) -> Leaving:
    parts = [images.stored_object(cursor, each, Role.PIXELS) for each in due.image_ids]
    return Leaving(
        due.patient_id,
        due.image_ids,
        tuple(part.id for part in parts),
        tuple(images.get(cursor, each).pixel_sha256 for each in due.image_ids),
        sum(part.plain_bytes for part in parts),
    )
