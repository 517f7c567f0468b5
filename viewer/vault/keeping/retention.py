"""Until when an image is kept, and whose time is over. Pure, any thread."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import attrs

from viewer.model.ids import ImageId, PatientId
from viewer.vault.keeping.records import Due
from viewer.vault.keeping.rules import Retention


@attrs.frozen
class KeptImage:
    """What the period of an image depends on. `made` is None where nobody knows the day."""

    image_id: ImageId
    kind: str
    made: date | None


@attrs.frozen
class KeptPatient:
    """A patient's images and days; `pinned` are days on which a visit was planned."""

    patient_id: PatientId
    chart_number: str = attrs.field(repr=False)
    birth_date: date | None = attrs.field(repr=False)
    images: tuple[KeptImage, ...]
    pinned: tuple[date, ...] = ()
    is_held: bool = False

    def last_visit(self) -> date | None:
        """Return the last day the patient is known to have been here."""
        days = [image.made for image in self.images if image.made is not None]
        return max([*days, *self.pinned], default=None)


def years_later(day: date, years: int) -> date:
    """Return the same day some years later; 29 February becomes 1 March.

    >>> years_later(date(2024, 2, 29), 1)
    datetime.date(2025, 3, 1)
    """
    if day.year + years > date.max.year:
        return date.max
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def kept_until(rules: Retention, patient: KeptPatient, image: KeptImage) -> date | None:
    """Return the last day an image must be kept; None where no day is known: for ever.

    A patient without a birth date counts as born on the day of the last visit, so that a child
    is never taken for an adult.
    """
    last = patient.last_visit()
    if image.made is None or last is None:
        return None
    until = years_later(last, rules.years[image.kind])
    born = patient.birth_date or last
    if image.made < years_later(born, rules.minor_age):
        until = max(until, years_later(born, rules.minor_age + rules.minor_extra_years))
    return until


def due_of(rules: Retention, patient: KeptPatient, today: date) -> Due | None:
    """Return the patient's images whose period ended before `today`, or None."""
    ended = [
        (image.image_id, until)
        for image in patient.images
        if (until := kept_until(rules, patient, image)) is not None and until < today
    ]
    last = patient.last_visit()
    if not ended or last is None:
        return None
    return Due(
        patient.patient_id,
        patient.chart_number,
        tuple(image_id for image_id, _ in ended),
        max(until for _, until in ended),
        last,
        is_whole=len(ended) == len(patient.images),
        is_held=patient.is_held,
    )


def could_be_due(rules: Retention, last_visit: date, today: date) -> bool:
    """Whether anything of a patient can be due at all, from the last visit alone."""
    return years_later(last_visit, rules.shortest_years) < today


def days_of(texts: Iterable[str]) -> tuple[date, ...]:
    """Return the days among ISO dates or date-times; what is none is left out.

    >>> days_of(["2024-02-29T10:00:00", "", "19"])
    (datetime.date(2024, 2, 29),)
    """
    found = []
    for text in texts:
        try:
            found.append(date.fromisoformat(text[:10]))
        except ValueError:
            continue
    return tuple(found)
