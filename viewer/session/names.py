"""Names of accounts and roles: one person each, not to be mistaken for another's.

A trail convicts only if its names do. So a name may not be what several people would share
("Reception", "Operatory 1"), nor look like a name that somebody has or had here, nor hold
characters that cannot be seen.

Source
------
45 CFR 164.312(a)(2)(i), unique user identification. Unicode TR39 §4 (skeletons, a short list of
its pairs) and §5 (one script a name).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

import attrs

from viewer.model.resources import resource_path
from viewer.session.errors import AccountRefused

LONGEST = 80
_ALIKE = str.maketrans(
    # Cyrillic, then Greek, then digits, then what stands for two Latin letters or none.
    "аеорсухіјѕԁԛԝһвкмнтьАВЕКМНОРСТУХІЈЅαβγεζηικμνορτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ01ı|!",
    "aeopcyxijsdqwhbkmhtbabekmhopctyxijsabyeznikuvoptuxabezhikmnoptyxolill",
)
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK")


@attrs.frozen
class NameAdvice:
    """What is to be said of a name: `refused` means it is not taken; "" words: nothing."""

    words: str = ""
    refused: bool = False


def skeleton(name: str) -> str:
    """Return what a name looks like: two names of one skeleton are easily mistaken.

    >>> skeleton("Аnn Веrg") == skeleton("ann.berg") == skeleton("ANN  BERG")
    True
    >>> skeleton("Ann Borg") == skeleton("Ann Berg")
    False
    """
    plain = unicodedata.normalize("NFKC", name)
    folded = plain.translate(_ALIKE).casefold().translate(_ALIKE)
    seen = "".join(char for char in unicodedata.normalize("NFD", folded) if _is_seen(char))
    # A capital I looks like a small l, and names are typed in either case.
    return seen.replace("i", "l").replace("rn", "m").replace("vv", "w").replace("cl", "d")


def _is_seen(char: str) -> bool:
    return unicodedata.category(char)[0] in {"L", "N", "M"}


def advise_name(name: str) -> NameAdvice:
    """Say whether a name belongs to one person.

    >>> advise_name("Operatory 1").refused, advise_name("Reception Anna").refused
    (True, False)
    """
    shared_words, harmless = _lists()
    words = [word for word in re.split(r"[\W_\d]+", _folded(name)) if word]
    shared = [word for word in words if word in shared_words | harmless]
    if words and len(shared) == len(words):
        return NameAdvice(
            "This is the name of a place or a job. An account belongs to one person: give the "
            "person's own name.",
            refused=True,
        )
    if not words:
        return NameAdvice("A name needs letters.", refused=True)
    doubtful = [word for word in shared if word not in harmless]
    if doubtful:
        return NameAdvice(
            f"“{doubtful[0]}” sounds as if several people used it. Is this one person's account?"
        )
    return NameAdvice()


def require_readable(name: str) -> str:
    """Return a name without spaces around it, if everybody reads the same.

    Raises
    ------
    AccountRefused
        It is empty or too long, or holds characters that cannot be seen or mixed scripts.
    """
    name = unicodedata.normalize("NFC", name).strip()
    if not name or len(name) > LONGEST:
        raise AccountRefused(f"A name has 1 to {LONGEST} characters.", "Change it.")
    if any(unicodedata.category(char)[0] == "C" or char in "\u2028\u2029" for char in name):
        raise AccountRefused("This name holds characters that cannot be seen.", "Type it by hand.")
    names = [unicodedata.name(char, "") for char in name if char.isalpha()]
    scripts = {script for script in _SCRIPTS for each in names if each.startswith(script)}
    if len(scripts) > 1:
        raise AccountRefused("This name mixes letters of two scripts.", "Type it in one.")
    return name


def require_personal(name: str) -> str:
    """Return a name as `require_readable`, if one person may have it.

    Raises
    ------
    AccountRefused
        It cannot be read alike by all, or it is a shared one.
    """
    name = require_readable(name)
    advice = advise_name(name)
    if advice.refused:
        raise AccountRefused("This name is not taken.", advice.words)
    return name


def require_unlike(name: str, others: Iterable[str]) -> None:
    """Return only if a name looks like none of the others.

    Raises
    ------
    AccountRefused
        It does: the message does not say whose, which may be somebody who left.
    """
    looks = skeleton(name)
    for other in others:
        if skeleton(other) == looks:
            raise AccountRefused(
                f"“{name}” looks like the name of an account that there is, or was.",
                "Add a middle name, so that the trail tells the two apart.",
            )


@cache
def _lists() -> tuple[frozenset[str], frozenset[str]]:
    """Return words that are shared names, and those that are so only without another word."""
    text = resource_path("shared_names.txt").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    shared, _, harmless = "\n".join(lines).partition("[harmless]")
    return frozenset(shared.split()), frozenset(harmless.split())


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()
