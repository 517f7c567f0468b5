"""Which new passwords are taken: long, and not what everybody tries first.

Length does the work; there are no composition rules and no expiry. A password is refused when
little is left of it after known words and runs are taken out.

Source
------
NIST SP 800-63B-4 §3.1.1.2: at least 15 characters where the password is the only factor, a
blocklist that includes context words, no composition rules.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable
from functools import cache

import attrs

from viewer.model.resources import resource_path
from viewer.session.errors import WeakPassword

SHORTEST_ALONE = 15
LONGEST = 256
_REST = 8
_ROWS = ("1234567890", "qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm")


@attrs.frozen
class Advice:
    """How strong a new password is: 0 (refused) to 4, and what would make it better."""

    score: int
    words: str

    @property
    def is_accepted(self) -> bool:
        """Whether it would be taken."""
        return self.score > 0


def advise(password: str, known_words: Iterable[str] = ()) -> Advice:
    """Rate a new password; `known_words` are the names of the practice and of the person."""
    plain = unicodedata.normalize("NFKC", password)
    if len(plain) < SHORTEST_ALONE:
        missing = SHORTEST_ALONE - len(plain)
        return Advice(0, f"{missing} more characters. Four or five unrelated words work well.")
    if len(plain) > LONGEST:
        return Advice(0, f"At most {LONGEST} characters.")
    typed = plain.casefold()
    if _is_repetition(typed) or _is_run(typed):
        return Advice(0, "It repeats itself or runs along the keyboard. Use unrelated words.")
    if _is_made_of(typed, _pieces(known_words)):
        return Advice(0, "It is made of names of this practice or person. Use unrelated words.")
    if _is_made_of(typed, _common()):
        return Advice(0, "It is made of what is guessed first. Use unrelated words.")
    score = 2 + (len(plain) >= 20) + (len(plain) >= 26)
    return Advice(score, ("Good.", "Strong.", "Very strong.")[score - 2])


def require_good_password(password: str, known_words: Iterable[str] = ()) -> None:
    """Return only if the password is taken.

    Raises
    ------
    WeakPassword
        It is not, with the reason.
    """
    advice = advise(password, known_words)
    if not advice.is_accepted:
        raise WeakPassword("This password is not taken.", advice.words)


def _pieces(words: Iterable[str]) -> frozenset[str]:
    split = (piece for word in words for piece in re.split(r"\W+", word.casefold()))
    return frozenset(piece for piece in split if len(piece) >= 4)


@cache
def _common() -> frozenset[str]:
    lines = resource_path("common_passwords.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def _is_made_of(typed: str, known: frozenset[str]) -> bool:
    """Whether one or two known words make up nearly all of it (three are a phrase)."""
    rest, found = typed, 0
    for word in sorted(known, key=len, reverse=True):
        if word in rest:
            rest, found = rest.replace(word, ""), found + 1
    return 0 < found <= 2 and len(rest) < _REST


def _is_repetition(typed: str) -> bool:
    return len(set(typed)) < 5 or any(
        typed == (typed[:size] * len(typed))[: len(typed)] for size in range(1, len(typed) // 2 + 1)
    )


def _is_run(typed: str) -> bool:
    steps = list(itertools.pairwise(typed))
    runs = sum(
        1 for one, two in steps if abs(ord(two) - ord(one)) <= 1 or _are_neighbours(one, two)
    )
    return runs >= 0.75 * len(steps)


def _are_neighbours(one: str, two: str) -> bool:
    return any(one + two in row or two + one in row for row in _ROWS)
