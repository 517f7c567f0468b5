"""Rules about what leaves: how often, how large, to whom."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from statistics import median

from viewer.app.review.findings import Finding, counted
from viewer.app.review.leaving import Leaving, leavings
from viewer.app.review.material import Material, plain
from viewer.app.review.robust import usual
from viewer.app.review.settings import Rule
from viewer.model.ids import PatientId, UserId
from viewer.session.audit.events import EventKind

_MB = 1_000_000
_FEW = 3


def sending(material: Material) -> Iterator[Finding]:
    """All rules about what leaves."""
    left = [each for each in leavings(material.seen) if each.left]
    yield from _often(material, left)
    yield from _large(material, left)
    yield from _to_whom(material, left)


def _finding(rule: Rule, weight: float, reason: str, left: list[Leaving]) -> Finding:
    patients: list[PatientId] = [each.patient_id for each in left if each.patient_id is not None]
    return Finding(
        rule,
        weight,
        reason,
        tuple(each.ref for each in left),
        left[0].when,
        left[-1].when,
        left[0].user_id,
        left[0].who,
        tuple(dict.fromkeys(patients)),
    )


def _often(material: Material, left: list[Leaving]) -> Iterator[Finding]:
    settings, rule = material.settings, Rule.LEAVING_OFTEN
    days: dict[tuple[UserId | None, date], list[Leaving]] = defaultdict(list)
    for each in left:
        days[each.user_id, each.when.date()].append(each)
    for (user, day), some in days.items():
        if len(some) < settings.number(rule, "least"):
            continue
        own = [len(other) for (who, when), other in days.items() if who == user and when < day]
        whose = "this person"
        if len(own) < settings.number(rule, "least_days"):
            own = [len(other) for (who, when), other in days.items() if when < day]
            whose = "the practice"
        if len(own) < _FEW:
            own, whose = [1.0], "a practice"  # type: ignore[list-item]
        is_usual = usual(own)
        spreads = is_usual.spreads_above(len(some))
        if spreads < settings.number(rule, "spread") and len(own) >= _FEW:
            continue
        weight = settings.number(rule) * min(2.0, 1 + math.log2(max(1.0, spreads / 3)) / 4)
        patients = len({each.patient_id for each in some})
        exports = sum(1 for each in some if each.kind is EventKind.EXPORT)
        reason = (
            f"Sent or exported {len(some)} times on {day:%A}, of "
            f"{counted(patients, 'patient', 'patients')}"
            f"{f', {exports} of them unsealed' if exports else ''}; {is_usual.median:.0f} on such "
            f"a day is usual for {whose}."
        )
        yield _finding(rule, weight, reason, some)


def _large(material: Material, left: list[Leaving]) -> Iterator[Finding]:
    settings, rule = material.settings, Rule.LEAVING_LARGE
    sizes: list[int] = []
    for each in left:
        size = each.size_bytes or 0
        middle = median(sizes) if sizes else 0
        is_large = size >= settings.number(rule, "least_mb") * _MB
        if is_large and len(sizes) >= _FEW and size >= settings.number(rule, "times") * middle:
            reason = (
                f"{size / _MB:.0f} MB left at once, {size / max(middle, 1):.0f} times as much as "
                f"is usual here ({middle / _MB:.1f} MB)."
            )
            yield _finding(rule, settings.number(rule), reason, [each])
        sizes.append(size)


def _to_whom(material: Material, left: list[Leaving]) -> Iterator[Finding]:
    """Recipients: what went to the same one on the same day is one finding."""
    settings, rule = material.settings, Rule.LEAVING_TO
    known: set[str] = set()
    before = 0
    doubts: dict[tuple[object, ...], list[Leaving]] = defaultdict(list)
    for each in left:
        who = plain(each.recipient)
        is_new = who not in known and before >= settings.number(rule, "least_before")
        doubt = _doubt(each, settings.words(rule, "private"), is_new=is_new)
        if doubt is None and (each.user_id, each.when.date(), who, "weight") in doubts:
            doubt = "weight"  # a second one to somebody new, on the same day
        if doubt is not None:
            doubts[each.user_id, each.when.date(), who, doubt].append(each)
        if who:
            known.add(who)
            before += 1
    for (_, _, _, kind), some in doubts.items():
        weight = settings.number(rule, str(kind))
        yield _finding(rule, weight, _words_to(str(kind), some), some)


def _doubt(each: Leaving, private: tuple[str, ...], *, is_new: bool) -> str | None:
    """Return the weight's name of what is odd about a recipient; None: nothing is."""
    mailbox = each.recipient.casefold().rpartition("@")[2] if "@" in each.recipient else ""
    if mailbox and any(mailbox.startswith(part) for part in private):
        return "private_weight"
    if not each.recipient and each.kind is EventKind.EXPORT:
        return "unnamed_weight"
    return "weight" if each.recipient and is_new else None


def _words_to(doubt: str, some: list[Leaving]) -> str:
    times = f" ({len(some)} times)" if len(some) > 1 else ""
    if doubt == "private_weight":
        return f"Went to what looks like a private mailbox, {some[0].recipient}{times}."
    if doubt == "unnamed_weight":
        return f"Exported unsealed, and nobody is named as recipient{times}."
    return f"Went to {some[0].recipient}, to whom nothing went before{times}."


def weekly(left: list[Leaving], since: datetime, until: datetime) -> list[tuple[date, int, int]]:
    """Return exports and shares by week: its Monday, exports, shares; weeks without any, too."""
    first = since.date() - timedelta(days=since.weekday())
    weeks: dict[date, list[int]] = {}
    while first <= until.date():
        weeks[first] = [0, 0]
        first += timedelta(days=7)
    for each in left:
        monday = each.when.date() - timedelta(days=each.when.weekday())
        if each.left and monday in weeks:
            weeks[monday][0 if each.kind is EventKind.EXPORT else 1] += 1
    return [(monday, *counts) for monday, counts in weeks.items()]  # type: ignore[misc]
