"""Permissions, keys and second factors in plain words, in the groups that a person thinks in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from viewer.ui.accounts_ports import Grantable, RoleCard
from viewer.ui.wording import tr


@attrs.frozen
class RightWords:
    """A permission for people: the group it stands in, its name, and one sentence."""

    group: str
    title: str
    words: str


def right_words(permission: str) -> RightWords:
    """Return what a permission means; one that is newer than these words stands for itself."""
    known = _rights()
    if permission in known:
        return RightWords(*known[permission])
    return RightWords(tr("Other"), permission.capitalize(), "")


def _rights() -> dict[str, tuple[str, str, str]]:
    images, out, trail = tr("Images"), tr("What leaves"), tr("Trail")
    store, people = tr("Store"), tr("People and rules")
    return {
        "list patients": (images, tr("Find patients"), tr("Names, birth dates, visits")),
        "view images": (images, tr("Look at images"), tr("Open charts and radiographs")),
        "import images": (images, tr("Take in images"), tr("From sensors, folders, discs")),
        "correct charts": (images, tr("Correct charts"), tr("Whose image, which side")),
        "emergency access": (images, tr("Break the glass"), tr("30 minutes, reason, alarm")),
        "share images": (out, tr("Share sealed"), tr("Redacted, sealed and signed")),
        "export images": (out, tr("Export unsealed"), tr("As plain files")),
        "read trail": (trail, tr("Read the trail"), tr("Who did what, with names")),
        "verify trail": (trail, tr("Verify the trail"), tr("Whole and unchanged?")),
        "review trail": (trail, tr("Review and sign off"), tr("Reports, disclosures")),
        "check store": (store, tr("Check the store"), tr("Every object, every seal")),
        "back up": (store, tr("Back up"), tr("To media of the practice")),
        "manage keeping": (store, tr("Keep and clear out"), tr("Periods, holds, quota")),
        "manage keys": (store, tr("Renew keys"), tr("And prove the recovery sheet")),
        "erase patients": (store, tr("Erase patients"), tr("For good, with a certificate")),
        "manage accounts": (people, tr("Manage accounts"), tr("People and their roles")),
        "manage policies": (people, tr("Set policies"), tr("Lock times, second factors")),
    }


def in_groups(rights: Sequence[Grantable]) -> list[tuple[str, list[Grantable]]]:
    """Return rights by group, in the order of the words, unknown ones last."""
    order = list(_rights())
    ordered = sorted(rights, key=lambda each: order.index(each.id) if each.id in order else 99)
    groups: dict[str, list[Grantable]] = {}
    for each in ordered:
        groups.setdefault(right_words(each.id).group, []).append(each)
    return list(groups.items())


def key_words(key: str) -> str:
    """Return what a key of the practice does."""
    known = {
        "images": tr("opens the store of images"),
        "share": tr("signs what leaves"),
        "trail": tr("reads the trail"),
    }
    return known.get(key, key)


def keys_sentence(keys: Iterable[str]) -> str:
    """Return which keys somebody holds, in one sentence."""
    held = [key_words(key) for key in ("images", "share", "trail") if key in set(keys)]
    if not held:
        return tr("Holds no key of the practice.")
    joined = tr(", and the one that ").join(held)
    return tr("Holds the key that {keys}.").format(keys=joined)


def difference_words(before: RoleCard, after: RoleCard) -> list[tuple[str, str]]:
    """Return what changes with another role: (words, token), gains first."""

    def titles(ids: Iterable[str]) -> str:
        order = list(_rights())
        known = sorted(ids, key=lambda each: order.index(each) if each in order else 99)
        return ", ".join(right_words(each).title for each in known)

    lines = []
    if after.may - before.may:
        gains = titles(after.may - before.may)
        lines.append((tr("May then also: {rights}").format(rights=gains), "verified"))
    if before.may - after.may:
        losses = titles(before.may - after.may)
        lines.append((tr("No more: {rights}").format(rights=losses), "doubt"))
    if before.keys - after.keys:
        words = tr("Keys are taken off, so new keys become due for the practice.")
        lines.append((words, "doubt"))
    return lines


def factor_words(factors: Sequence[str]) -> str:
    """Return what a login takes besides the password, in words."""
    known = {"totp": tr("app code"), "security key": tr("security key")}
    return " + ".join(known.get(each, each) for each in factors)
