"""An accounting of disclosures of one patient's images.

Source
------
45 CFR 164.528: for six years before the request, the date, the name of who received it and the
address if known, briefly what was disclosed, and the purpose. Excluded from it, among others, are
disclosures for treatment, payment and operations ((a)(1)(i)) and to the individual ((a)(1)(ii)).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import attrs

from viewer.app.review.leaving import NOT_RECORDED, Leaving
from viewer.session.audit.events import EventKind, Outcome

YEARS = 6
_EXCLUDED = ("exempt", "none")
_ALWAYS = "must be listed: nothing recorded excludes it"
_UNENDED = "It is not recorded how this ended; it may have left."


@attrs.frozen
class Disclosure:
    """One line. `is_required`: the rule asks for it; `rule` says why, or why not."""

    when: datetime
    recipient: str = attrs.field(repr=False)
    address: str = attrs.field(repr=False)
    what: str
    purpose: str
    is_required: bool
    rule: str
    by: str
    number: str
    note: str = ""


@attrs.frozen
class Accounting:
    """All that the rule asks for, and whose it is. `name` is empty where it may not be known."""

    practice: str
    patient_id: str
    name: str = attrs.field(repr=False)
    chart_number: str = attrs.field(repr=False)
    birth_date: date | None = attrs.field(repr=False)
    since: date
    until: date
    made: datetime
    by: str
    trail_from: datetime | None
    lines: Sequence[Disclosure] = attrs.field(repr=False)

    @property
    def required(self) -> list[Disclosure]:
        """What the rule asks for."""
        return [line for line in self.lines if line.is_required]

    @property
    def is_short(self) -> bool:
        """Whether the trail begins later than the six years do."""
        return self.trail_from is None or self.trail_from.date() > self.since


def six_years_before(day: date) -> date:
    """Return the first day that an accounting asked for on a day covers.

    >>> six_years_before(date(2028, 2, 29))
    datetime.date(2022, 2, 28)
    """
    try:
        return day.replace(year=day.year - YEARS)
    except ValueError:
        return day.replace(year=day.year - YEARS, day=28)


def accounting(left: Sequence[Leaving], rules: Mapping[str, str]) -> list[Disclosure]:
    """Return every disclosure of one patient, oldest first; none is left out.

    `rules` say by purpose what the profile says of the accounting ("exempt: …", "none: …").
    """
    return [_disclosure(each, rules) for each in left]


def _disclosure(left: Leaving, rules: Mapping[str, str]) -> Disclosure:
    rule = rules.get(left.purpose, _ALWAYS)
    is_excluded = bool(left.purpose) and rule.partition(":")[0] in _EXCLUDED
    notes = [] if left.ended is Outcome.DONE else [_UNENDED]
    if left.is_of_several:
        notes.append("Images of other patients left with it.")
    return Disclosure(
        left.when,
        left.recipient or NOT_RECORDED,
        NOT_RECORDED,
        _what(left),
        left.purpose or NOT_RECORDED,
        not is_excluded,
        rule if left.purpose else _ALWAYS,
        left.who,
        left.number or str(left.ref),
        " ".join(notes),
    )


def _what(left: Leaving) -> str:
    if left.is_of_several or not left.objects:
        images = "Images"
    else:
        count = len(left.objects)
        images = "1 image or volume" if count == 1 else f"{count} images or volumes"
    how = "sealed" if left.kind is EventKind.SHARE else "as a plain file"
    return f"{images}, {how}"
