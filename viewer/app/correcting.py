"""What every correction of a chart has in common: a reason, the move itself, what is kept after."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import attrs

from viewer.app.charting import SAME_IDENTIFIER
from viewer.app.clinic import Clinic
from viewer.app.errors import NothingChosen
from viewer.app.gate import Act
from viewer.app.matching import Doubt
from viewer.model.ids import ImageId, PatientId
from viewer.model.image import ImageRecord
from viewer.model.patient import Patient

_DOUBTS = frozenset({SAME_IDENTIFIER, *(doubt.value for doubt in Doubt)})


def require_reason(reason: str) -> None:
    """Return only if a reason is given.

    Raises
    ------
    NothingChosen
        It is empty.
    """
    if not reason.strip():
        raise NothingChosen("A correction needs a reason.", "Say why.")


def put_in_chart(
    clinic: Clinic, act: Act, image_ids: Sequence[ImageId], into: PatientId
) -> list[ImageRecord]:
    """Move images into a chart; each keeps who its file says it is of, where that is another."""
    vault = clinic.vault
    target = vault.patient(into)
    sources = {each: vault.hidden.record(each).patient_id for each in image_ids}
    people = {each: vault.hidden.patient(each) for each in set(sources.values())}

    def change(record: ImageRecord) -> ImageRecord:
        said = record.arrived_as or people[sources[record.id]]
        is_said_again = attrs.evolve(said, id=target.id) == target
        return decided(attrs.evolve(record, arrived_as=None if is_said_again else said))

    return vault.moving.move(
        image_ids,
        into,
        change,
        is_cancelled=act.control.is_cancelled,
        before_removal=partial(clinic.keep_catalog_head, vault),
    )


def decided(record: ImageRecord) -> ImageRecord:
    """Return a record without the doubts for which it waited: a person decided."""
    notes = tuple(note for note in record.notes if note not in _DOUBTS)
    return attrs.evolve(record, notes=notes)


def keep_afterwards(clinic: Clinic, act: Act) -> None:
    """Keep the catalog's head outside and its spare copy, after something was corrected."""
    clinic.keep_catalog_head(clinic.vault)
    clinic.keep_spare_copy(act.control.is_cancelled)


def described_as(record: ImageRecord, patient: Patient) -> ImageRecord:
    """Return a record that says who its file says it is of."""
    return attrs.evolve(record, arrived_as=record.arrived_as or patient)
