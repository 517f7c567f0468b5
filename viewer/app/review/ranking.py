"""All rules together, ranked: what is grave, rare for that person, and comes with other things.

A simple flag that fires for somebody every week says little about this week. Like a word that
stands in every document (TF-IDF), it weighs less the more of a person's days it fired on.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date

import attrs

from viewer.app.review import breaking, doors, looking, machine, sending
from viewer.app.review.findings import Finding, SignedOff
from viewer.app.review.material import Material, Ref
from viewer.app.review.settings import Rule, Settings
from viewer.model.ids import UserId

RULES: tuple[Callable[[Material], Iterable[Finding]], ...] = (
    looking.after_hours,
    looking.volume,
    looking.at_whom,
    sending.sending,
    doors.failed_logins,
    doors.disabled_accounts,
    doors.refusals,
    doors.rights,
    doors.second_factors,
    breaking.emergencies,
    machine.trail_gaps,
    machine.unclean_ends,
    machine.clock_jumps,
    machine.key_store,
    machine.verifications,
    machine.alarms,
)
_LASTING = frozenset({Rule.EMERGENCY, Rule.TRAIL_GAP})
"""What is shown as long as it is open, however old it is."""

_Whose = UserId | None
_ALONE = frozenset({Rule.UNCLEAN_END, Rule.KEY_STORE, Rule.CLOCK, Rule.RIGHTS})
"""Rules that say nothing about what else the same person did that day."""


def _say_nothing(done: int, of: int) -> None:
    del done, of


def all_findings(
    material: Material, on_rule: Callable[[int, int], None] = _say_nothing
) -> list[Finding]:
    """Return what the rules find in all that was gathered, the past included, not ranked."""
    findings: list[Finding] = []
    for number, rule in enumerate(RULES):
        on_rule(number, len(RULES))
        findings += rule(material)
    return findings


def ranked(material: Material, on_rule: Callable[[int, int], None] = _say_nothing) -> list[Finding]:
    """Return the findings of the period, gravest first, with their sign-offs."""
    findings = all_findings(material, on_rule)
    by_ref, by_finding = breaking.sign_offs(material.seen)
    rarity = _rarities(material, findings)
    together = _together(findings)
    shown = [
        _scored(material.settings, each, rarity, together)
        for each in findings
        if material.is_looked_at(each.last)
        or (each.rule in _LASTING and not _signed(each, by_ref, by_finding))
    ]
    shown = [attrs.evolve(f, signed=_signed(f, by_ref, by_finding)) for f in shown]
    return sorted(shown, key=lambda f: (not f.is_open, -f.score, -f.last.timestamp(), f.id))


def _signed(
    finding: Finding, by_ref: Mapping[Ref, SignedOff], by_finding: Mapping[str, SignedOff]
) -> SignedOff | None:
    signed = by_finding.get(finding.id)
    if signed is None and finding.rule is Rule.EMERGENCY:
        return by_ref.get(finding.refs[0])
    return signed


def _rarities(
    material: Material, findings: Sequence[Finding]
) -> Mapping[tuple[Rule, _Whose], float]:
    """Return how rare each rule is for each person: 1 for the first time, near 0 for every day."""
    worked: dict[_Whose, set[date]] = defaultdict(set)
    for seen in material.seen:
        worked[seen.user].add(seen.day)
    fired: dict[tuple[Rule, _Whose], set[date]] = defaultdict(set)
    for finding in findings:
        fired[finding.rule, finding.user_id].add(finding.last.date())
    return {key: rarity(len(days), len(worked[key[1]])) for key, days in fired.items()}


def rarity(fired_days: int, worked_days: int) -> float:
    """Return how much a rule that fired on some of a person's days says, from 0 to 1.

    >>> rarity(1, 60)
    1.0
    >>> rarity(60, 60)
    0.0
    >>> rarity(1, 2)
    1.0
    """
    if fired_days <= 1 or worked_days <= 1:
        return 1.0
    share = math.log(max(1.0, worked_days / fired_days)) / math.log(worked_days)
    return round(min(1.0, share), 3)


def _together(findings: Iterable[Finding]) -> Mapping[tuple[_Whose, date], Counter[Rule]]:
    days: dict[tuple[_Whose, date], Counter[Rule]] = defaultdict(Counter)
    for finding in findings:
        if finding.user_id is not None and finding.rule not in _ALONE:
            days[finding.user_id, finding.last.date()][finding.rule] += 1
    return days


def _scored(
    settings: Settings,
    finding: Finding,
    rarities: Mapping[tuple[Rule, _Whose], float],
    together: Mapping[tuple[_Whose, date], Counter[Rule]],
) -> Finding:
    rare = 1.0
    if not settings.is_always_grave(finding.rule):
        rare = max(settings.number("rarity", "floor"), rarities[finding.rule, finding.user_id])
    also: tuple[Rule, ...] = ()
    if finding.rule not in _ALONE:
        also = tuple(_others(finding, together))
    extra = min(
        settings.number("rarity", "together_most"),
        settings.number("rarity", "together") * len(also),
    )
    return attrs.evolve(finding, score=round(finding.weight * rare * (1 + extra), 3), also=also)


def _others(
    finding: Finding, together: Mapping[tuple[_Whose, date], Counter[Rule]]
) -> Iterator[Rule]:
    for rule in together.get((finding.user_id, finding.last.date()), ()):
        if rule is not finding.rule:
            yield rule
