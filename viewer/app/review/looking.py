"""Rules about looking: when, how many, and at whom."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from viewer.app.review.findings import Finding, counted, found
from viewer.app.review.material import (
    LEAVES,
    LOOKS,
    Material,
    Person,
    Seen,
    is_person,
    plain,
    shares_surname,
)
from viewer.app.review.robust import usual
from viewer.app.review.settings import Rule
from viewer.model.ids import PatientId, UserId
from viewer.session.audit.events import EventKind

_AT_WORK = LOOKS | {EventKind.LOGIN, EventKind.UNLOCK, EventKind.LIST}
_SATURDAY = 5
Days = dict[tuple[UserId, date], list[Seen]]


def days_of(seen: Sequence[Seen], kinds: frozenset[EventKind]) -> Days:
    """Return what each person did on each day, of some kinds and as it began."""
    days: Days = defaultdict(list)
    for each in seen:
        if each.user is not None and each.kind in kinds and each.is_begun:
            days[each.user, each.day].append(each)
    return days


def patients_in(seen: Sequence[Seen]) -> list[PatientId]:
    """Return whose images these were, each once."""
    return list(dict.fromkeys(e.entry.patient_id for e in seen if e.entry.patient_id is not None))


def after_hours(material: Material) -> Iterator[Finding]:
    """Somebody at work while the practice is closed."""
    settings, rule = material.settings, Rule.AFTER_HOURS
    grace = timedelta(minutes=settings.number(rule, "grace_minutes"))
    for days in days_of(material.seen, frozenset(_AT_WORK)).values():
        late = [each for each in days if not settings.hours.is_open(each.local, grace)]
        if not any(each.kind in LOOKS | {EventKind.LOGIN} for each in late):
            continue
        patients = patients_in(late)
        left = sum(1 for each in late if each.kind in LEAVES)
        weight = settings.number(rule) + settings.number(rule, "per_patient") * len(patients)
        weight = min(weight + left, settings.number(rule, "most"))
        did = [f"opened {counted(len(patients), 'patient', 'patients')}"] if patients else []
        did += [f"sent or exported {left} times"] if left else []
        words = " and ".join(did) or "logged in"
        yield found(rule, weight, f"{words.capitalize()} {_when(late)}.", late, patients)


def _when(late: Sequence[Seen]) -> str:
    first, last = late[0].local, late[-1].local
    day = f"{first:%A}"
    if first.weekday() >= _SATURDAY:
        day = f"a {day}"
    span = f"at {first:%H:%M}" if f"{first:%H:%M}" == f"{last:%H:%M}" else (
        f"between {first:%H:%M} and {last:%H:%M}"
    )  # fmt: skip
    return f"{span} on {day}, when the practice is closed"


def volume(material: Material) -> Iterator[Finding]:
    """A day with many more patients than this person's own past."""
    settings, rule = material.settings, Rule.VOLUME
    least, spread = settings.number(rule, "least_patients"), settings.number(rule, "spread")
    days = days_of(material.seen, LOOKS)
    numbers = {key: len(patients_in(seen)) for key, seen in days.items()}
    for (user, day), number in numbers.items():
        if number < least:
            continue
        past, whose = _past(material, numbers, user, day)
        if past is None:
            continue
        is_usual = usual(past)
        spreads = is_usual.spreads_above(number)
        if spreads < spread:
            continue
        weight = settings.number(rule) * min(2.0, 1 + math.log2(spreads / spread) / 4)
        reason = (
            f"Opened {number} patients on {day:%A}; {is_usual.median:.0f} a day are usual for "
            f"{whose} ({spreads:g} spreads above)."
        )
        seen = days[user, day]
        yield found(rule, weight, reason, seen, patients_in(seen))


def _past(
    material: Material, numbers: dict[tuple[UserId, date], int], user: UserId, day: date
) -> tuple[list[int] | None, str]:
    least_days = material.settings.number(Rule.VOLUME, "least_days")
    own = [n for (who, when), n in numbers.items() if who == user and when < day]
    if len(own) >= least_days:
        return own, "this person"
    role = _role(material, user)
    alike = [n for (who, when), n in numbers.items() if when < day and _role(material, who) == role]
    if len(alike) >= least_days:
        return alike, f"the role {role}, this person being new"
    return None, ""


def _role(material: Material, user: UserId) -> str:
    return material.people.get(user, Person("")).role


def at_whom(material: Material) -> Iterator[Finding]:
    """One's own chart, a co-worker's, somebody's of the same surname, or a marked patient's."""
    yield from _marked(material)
    if material.patients is None:
        return
    families = Counter(
        word for named in material.patients.values() for word in plain(named.family).split()
    )
    for (user, _), seen in days_of(material.seen, LOOKS).items():
        by_patient: dict[PatientId, list[Seen]] = defaultdict(list)
        for each in seen:
            patient_id = each.entry.patient_id
            if patient_id is not None and patient_id in material.patients:
                by_patient[patient_id].append(each)
        for patient_id, looks in by_patient.items():
            finding = _kin(material, user, patient_id, looks, families)
            if finding is not None:
                yield finding


def _kin(
    material: Material,
    user: UserId,
    patient_id: PatientId,
    looks: Sequence[Seen],
    families: Counter[str],
) -> Finding | None:
    patient = (material.patients or {})[patient_id]
    person = material.people.get(user)
    name = person.name if person is not None else looks[0].entry.actor.name
    did = _deeds(looks)
    if is_person(patient, name):
        reason = f"{did} a chart that bears this person's own name."
        return found(Rule.OWN_CHART, _weight(material, Rule.OWN_CHART), reason, looks, [patient_id])
    others = [p.name for who, p in material.people.items() if who != user]
    co_worker = next((other for other in others if is_person(patient, other)), None)
    if co_worker is not None:
        reason = f"{did} a chart that bears the name of a co-worker, {co_worker}."
        weight = _weight(material, Rule.CO_WORKER)
        return found(Rule.CO_WORKER, weight, reason, looks, [patient_id])
    if not shares_surname(patient, name):
        return None
    many = max((families[word] for word in plain(patient.family).split()), default=1)
    weight = _weight(material, Rule.SAME_SURNAME) / (1 + math.log10(max(many, 1)))
    reason = f"{did} a chart with this person's surname"
    reason += f"; {many} patients bear it." if many > 1 else "."
    return found(Rule.SAME_SURNAME, weight, reason, looks, [patient_id])


def _marked(material: Material) -> Iterator[Finding]:
    for seen in days_of(material.seen, LOOKS).values() if material.marked else ():
        looks = [each for each in seen if each.entry.patient_id in (material.marked or ())]
        if looks:
            weight = _weight(material, Rule.MARKED_PATIENT)
            reason = f"{_deeds(looks)} the chart of a patient who is marked for care."
            yield found(Rule.MARKED_PATIENT, weight, reason, looks, patients_in(looks))


def _deeds(looks: Sequence[Seen]) -> str:
    kinds = {each.kind for each in looks}
    if kinds & LEAVES:
        return "Sent or exported from"
    return "Opened" if EventKind.VIEW in kinds else "Imported into"


def _weight(material: Material, rule: Rule) -> float:
    return material.settings.number(rule)
