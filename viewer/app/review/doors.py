"""Rules about doors: who tried to come in, who was refused, whose rights and factors changed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from viewer.app.review.findings import Finding, counted, found
from viewer.app.review.material import Material, Seen
from viewer.app.review.settings import Rule
from viewer.model.ids import UserId
from viewer.session.audit.events import EventKind, Outcome

_FAILS = frozenset({EventKind.LOGIN_FAILED, EventKind.UNLOCK_FAILED})
_INS = frozenset({EventKind.LOGIN, EventKind.UNLOCK})
_CODES = frozenset({EventKind.QUICK_PIN, EventKind.EMERGENCY_CODE})
_BAD = frozenset({Outcome.REFUSED, Outcome.FAILED})
_DISABLED = "account disabled"
_GONE = frozenset({"disable", "left the practice"})
_BACK = frozenset({"enable", "back in the practice"})
_DROPPED = re.compile(r"\b(drop|dropped|remove|removed|off|reset|without)\b", re.IGNORECASE)
_RAISED = re.compile(r"\b(owner|security.officer|manage accounts|review trail)\b", re.IGNORECASE)


def failed_logins(material: Material) -> Iterator[Finding]:
    """Many wrong passwords, PINs or codes for one account, or some that ended in a login."""
    settings, rule = material.settings, Rule.FAILED_LOGINS
    days: dict[tuple[UserId | None, date], list[Seen]] = defaultdict(list)
    ins: dict[UserId | None, list[Seen]] = defaultdict(list)
    for each in material.seen:
        is_pin = each.kind in _CODES and each.entry.outcome in _BAD
        if (each.kind in _FAILS or is_pin) and each.entry.why != _DISABLED:
            days[each.user, each.day].append(each)
        elif each.kind in _INS and each.is_done:
            ins[each.user].append(each)
    for (user, _), fails in days.items():
        guessed = _guess(material, fails, ins[user]) if user is not None else None
        if guessed is not None:
            tries, entered = guessed
            minutes = max(1, round((entered.local - tries[0].local).total_seconds() / 60))
            reason = (
                f"{len(tries)} failed tries within {counted(minutes, 'minute', 'minutes')}, and "
                f"then a login at {entered.local:%H:%M}: perhaps the password was guessed."
            )
            yield found(rule, settings.number(rule, "guessed_weight"), reason, [*fails, entered])
        elif len(fails) >= settings.number(rule, "least"):
            whose = "this account" if user is not None else "names that there are not"
            reason = f"{len(fails)} failed tries for {whose} on {fails[0].local:%A}."
            yield found(rule, settings.number(rule), reason, fails)


def _guess(
    material: Material, fails: Sequence[Seen], ins: Sequence[Seen]
) -> tuple[list[Seen], Seen] | None:
    settings, rule = material.settings, Rule.FAILED_LOGINS
    within = timedelta(minutes=settings.number(rule, "guessed_minutes"))
    for entered in ins:
        tries = [f for f in fails if timedelta() <= entered.local - f.local <= within]
        if len(tries) >= settings.number(rule, "guessed_least"):
            return tries, entered
    return None


def disabled_accounts(material: Material) -> Iterator[Finding]:
    """Somebody used an account after it was disabled."""
    weight = material.settings.number(Rule.DISABLED_ACCOUNT)
    disabled: dict[str, Seen] = {}
    used: dict[tuple[UserId, date], list[Seen]] = defaultdict(list)
    for each in material.seen:
        entry = each.entry
        if entry.kind is EventKind.ACCOUNT_CHANGED and each.is_done and entry.objects:
            if entry.why in _GONE:
                disabled[entry.objects[0]] = each
            elif entry.why in _BACK:
                disabled.pop(entry.objects[0], None)
        elif each.user is not None and (each.entry.why == _DISABLED or _is_use(each, disabled)):
            used[each.user, each.day].append(each)
    for some in used.values():
        refused = all(each.entry.outcome in _BAD for each in some)
        reason = f"{counted(len(some), 'try', 'tries')} with an account that was disabled"
        reason += ", all refused; the password was right." if _right(some) else "."
        yield found(Rule.DISABLED_ACCOUNT, weight * (1 if refused else 1.5), reason, some)


def _is_use(each: Seen, disabled: Mapping[str, Seen]) -> bool:
    return each.user in disabled and each.kind in _FAILS | _INS


def _right(some: Sequence[Seen]) -> bool:
    """Whether the password was right: only then is somebody told that the account is disabled."""
    return all(each.entry.why == _DISABLED for each in some)


def refusals(material: Material) -> Iterator[Finding]:
    """What somebody tried that the role does not allow."""
    settings, rule = material.settings, Rule.REFUSED
    days: dict[tuple[UserId, date], list[Seen]] = defaultdict(list)
    for each in material.seen:
        if each.kind is EventKind.REFUSED and each.user is not None:
            days[each.user, each.day].append(each)
    for some in days.values():
        is_many = len(some) >= settings.number(rule, "many")
        tried = ", ".join(dict.fromkeys(each.entry.why for each in some if each.entry.why))
        reason = f"Tried what the role {some[0].entry.actor.role} may not: {tried}"
        reason += f" ({len(some)} times)." if len(some) > 1 else "."
        weight = settings.number(rule, "many_weight" if is_many else "weight")
        yield found(rule, weight, reason, some, [each.entry.patient_id for each in some])


def rights(material: Material) -> Iterator[Finding]:
    """A role that was changed or made, an account added or disabled, a policy changed."""
    settings, rule = material.settings, Rule.RIGHTS
    for each in material.seen:
        if not each.is_done:
            continue
        words = _right_words(material, each)
        if not words:
            continue
        about = each.entry.objects[0] if each.entry.objects else ""
        weight = settings.number(rule)
        if each.user is not None and about == each.user and "role" in each.entry.why:
            weight, words = settings.number(rule, "own_weight"), f"{words} It is their own account."
        elif _RAISED.search(each.entry.why.rpartition(" to ")[2]) and "role" in each.entry.why:
            weight = settings.number(rule, "raised_weight")
        yield found(rule, weight, words, [each])


def _right_words(material: Material, each: Seen) -> str:
    entry = each.entry
    about = UserId(entry.objects[0]) if entry.objects else None
    whose = material.people[about].name if about and about in material.people else "an account"
    if entry.kind is EventKind.ACCOUNT_CHANGED:
        return f"Changed the account of {whose}: {entry.why}."
    if entry.kind is EventKind.ROLE_DEFINED:
        return f"Changed what a role may do: {entry.why}."
    if entry.kind is EventKind.POLICY_CHANGED:
        return f"Changed a policy: {entry.why}."
    if entry.kind is EventKind.EMERGENCY_CODE and entry.why.startswith(("made", "destroyed")):
        return f"The sealed emergency code: {entry.why}."
    if entry.kind is EventKind.PASSWORD_CHANGED and entry.why == "reset":
        return f"Set a new password for {whose}."
    return ""


def second_factors(material: Material) -> Iterator[Finding]:
    """A second factor that somebody dropped."""
    rule = Rule.SECOND_FACTOR
    for each in material.seen:
        if each.kind is not EventKind.FACTOR_CHANGED or not each.is_done:
            continue
        if _DROPPED.search(each.entry.why):
            about = UserId(each.entry.objects[0]) if each.entry.objects else each.user
            known = about is not None and about in material.people
            whose = material.people[about].name if about and known else "an account"
            reason = f"Logging in as {whose} takes less than before: {each.entry.why}."
            yield found(rule, material.settings.number(rule), reason, [each])
