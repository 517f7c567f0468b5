"""Rules about the trail itself and the machine: gaps, ends, clocks, alarms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from viewer.app.review.findings import Finding, counted, found
from viewer.app.review.material import Material, Seen
from viewer.app.review.settings import Rule
from viewer.session.audit.events import EventKind, Outcome

_ALARMS = {
    EventKind.SET_BACK: "A part of the store was older than it had been",
    EventKind.HISTORY_FORKED: "An older state of the store was authorised",
    EventKind.TRAIL_REPAIRED: "An unfinished end of the trail was set aside",
    EventKind.PRACTICE_RECOVERED: "The practice was recovered with its recovery sheet",
}


def trail_gaps(material: Material) -> Iterator[Finding]:
    """Entries that are there and cannot be read."""
    if not material.unreadable or not material.seen:
        return
    rule = Rule.TRAIL_GAP
    first, last = material.unreadable[0], material.unreadable[-1]
    count = counted(len(material.unreadable), "entry", "entries")
    reason = (
        f"{count} of the trail cannot be read, from {first.seq} to {last.seq} (part "
        f"{first.segment}): verify the trail."
    )
    before = [each for each in material.seen if each.ref < first]
    near = before[-1] if before else material.seen[0]
    newest = material.seen[-1].local
    refs = tuple(material.unreadable)
    weight = material.settings.number(rule)
    yield Finding(rule, weight, reason, refs, near.local, newest, None, "The program")


def unclean_ends(material: Material) -> Iterator[Finding]:
    """The machine was started again, and the program had not said before that it ended.

    Several of them may run at once, so starts and ends are counted from start to start of the
    machine: who ends by force is told after that.
    """
    rule = Rule.UNCLEAN_END
    running: dict[str, list[Seen]] = defaultdict(list)
    latest: dict[str, Seen] = {}
    for each in material.seen:
        place = each.event.workstation
        before = latest.get(place)
        latest[place] = each
        if before is not None and each.event.boot_s < before.event.boot_s:
            if running[place]:
                reason = (
                    f"The program at {place} did not end by itself: its last entry is of "
                    f"{before.local:%d %B, %H:%M}; the machine was started again afterwards."
                )
                evidence = [running[place][-1], before]
                yield found(rule, material.settings.number(rule), reason, evidence)
            running[place].clear()
        if each.kind is EventKind.PROGRAM_STARTED:
            running[place].append(each)
        elif each.kind is EventKind.PROGRAM_ENDED and running[place]:
            running[place].pop(0)


def clock_jumps(material: Material) -> Iterator[Finding]:
    """The wall clock was set: it went another way than the seconds since the machine started.

    After a restart those seconds begin anew, so only a wall clock that went back shows then, or
    one that began before the last entry.
    """
    settings, rule = material.settings, Rule.CLOCK
    slack = settings.number(rule, "minutes") * 60
    latest: dict[str, Seen] = {}
    for each in material.seen:
        before = latest.get(each.event.workstation)
        latest[each.event.workstation] = each
        if before is None:
            continue
        off_s = _off_s(before, each, slack)
        if abs(off_s) <= slack:
            continue
        minutes = abs(off_s) / 60
        is_large = minutes >= settings.number(rule, "large_minutes")
        way = "forward" if off_s > 0 else "back"
        reason = f"The clock of {each.event.workstation} went {way} by {_span(minutes)}."
        weight = settings.number(rule, "large_weight" if is_large else "weight")
        yield found(rule, weight, reason, [before, each])


def _off_s(before: Seen, after: Seen, slack: float) -> float:
    """Return by how many seconds the wall clock was set between two entries; 0 for a restart."""
    wall_s = (after.event.wall - before.event.wall).total_seconds()
    boot_s = after.event.boot_s - before.event.boot_s
    if boot_s < 0:  # restarted
        return wall_s if wall_s < -slack else 0.0
    off_s = wall_s - boot_s
    return 0.0 if off_s > 0 and _is_restart(before, after, slack) else off_s


def _is_restart(before: Seen, after: Seen, slack: float) -> bool:
    """Whether the machine can have started between the two: after the first of them."""
    started = after.event.wall.timestamp() - after.event.boot_s
    return started >= before.event.wall.timestamp() - slack


def _span(minutes: float) -> str:
    if minutes < 120:
        return counted(round(minutes), "minute", "minutes")
    if minutes < 48 * 60:
        return counted(round(minutes / 60), "hour", "hours")
    return counted(round(minutes / 1440), "day", "days")


def key_store(material: Material) -> Iterator[Finding]:
    """The key store does not protect a copied disk; once a day is often enough."""
    rule = Rule.KEY_STORE
    days: dict[object, list[Seen]] = defaultdict(list)
    for each in material.seen:
        if each.kind is EventKind.KEYSTORE_NOTICE:
            days[each.day].append(each)
    for some in days.values():
        reason = f"This workstation's key is not in the system's key store: {some[0].entry.why}."
        # The first of a day stands for it: each start says it again, and that is nothing new.
        yield found(rule, material.settings.number(rule), reason, some[:1])


def verifications(material: Material) -> Iterator[Finding]:
    """The trail or the store was checked, and was not whole."""
    rule = Rule.VERIFICATION
    for each in material.seen:
        entry, words = each.entry, each.entry.why.casefold()
        if entry.outcome is not Outcome.DONE:
            continue
        if entry.kind is EventKind.TRAIL_VERIFIED and not words.endswith("whole"):
            reason = f"The trail was verified and is not whole: {entry.why}."
        elif entry.kind is EventKind.STORE_CHECKED and "damage" in words:
            reason = f"The store was checked and is damaged: {entry.why}."
        else:
            continue
        yield found(rule, material.settings.number(rule), reason, [each])


def alarms(material: Material) -> Iterator[Finding]:
    """What the program itself was alarmed by."""
    rule = Rule.SET_BACK
    for each in material.seen:
        if each.kind in _ALARMS and each.entry.outcome is not Outcome.INTENT:
            why = f": {each.entry.why}" if each.entry.why else ""
            half = 0.5 if each.kind is not EventKind.SET_BACK else 1.0
            reason = f"{_ALARMS[each.kind]}{why}."
            yield found(rule, material.settings.number(rule) * half, reason, [each])
