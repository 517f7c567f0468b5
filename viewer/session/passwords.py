"""Which new passwords are taken: long, and not what somebody who guesses tries first.

Length does the work; there are no composition rules and no expiry. Nothing is said about strength
but how many guesses the best way to guess it takes, as zxcvbn counts them with its lists of names,
words and leaked passwords, and with the names of the practice and the person.

Source
------
NIST SP 800-63B-4 §3.1.1.2: at least 15 characters where the password is the only factor, 8 with
another one, a blocklist that includes context words, no composition rules.
Wheeler, zxcvbn: Low-Budget Password Strength Estimation, USENIX Security 2016.
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
SHORTEST_WITH_FACTOR = 8
LONGEST = 256
LOOKED_AT = 40
"""Characters that are weighed: zxcvbn takes seconds for seventy hostile ones. Whatever the first
forty are worth, all of it is worth about that at least."""
_MOST_LOOKALIKES = 3
_REST = 8
_ROWS = ("1234567890", "qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm")
_LOOKALIKES = {"4": "a", "@": "a", "8": "b", "(": "c", "{": "c", "[": "c", "<": "c", "3": "e"}
_LOOKALIKES |= {"6": "g", "9": "g", "1": "i", "!": "i", "|": "i", "7": "l", "0": "o", "$": "s"}
_LOOKALIKES |= {"5": "s", "+": "t", "%": "x", "2": "z"}
_ALONE, _WITH_FACTOR, _STRONG, _VERY_STRONG = 11.0, 7.0, 13.0, 17.0
"""Powers of ten: how many guesses a password must take to be taken, and to be called so."""


@attrs.frozen
class Advice:
    """How strong a new password is: 0 (refused) to 4, and what would make it better."""

    score: int
    words: str

    @property
    def is_accepted(self) -> bool:
        """Whether it would be taken."""
        return self.score > 0


def advise(
    password: str, known_words: Iterable[str] = (), *, has_second_factor: bool = False
) -> Advice:
    """Rate a new password; `known_words` are the names of the practice and of the person.

    With a second factor a shorter one will do: guessing it then lets nobody in alone.
    """
    plain = unicodedata.normalize("NFKC", password)
    shortest = SHORTEST_WITH_FACTOR if has_second_factor else SHORTEST_ALONE
    known = tuple(known_words)
    if len(plain) < shortest:
        missing = shortest - len(plain)
        more = "1 more character" if missing == 1 else f"{missing} more characters"
        return Advice(0, f"{more}. Four or five unrelated words work well.")
    if len(plain) > LONGEST:
        return Advice(0, f"At most {LONGEST} characters.")
    typed = plain.casefold()
    if _is_repetition(typed) or _is_run(typed):
        return Advice(0, "It repeats itself or runs along the keyboard. Use unrelated words.")
    if _is_made_of(typed, _pieces(known)):
        return Advice(0, "It is made of names of this practice or person. Use unrelated words.")
    if _is_made_of(typed, _common()):
        return Advice(0, "It is made of what is guessed first. Use unrelated words.")
    return _weighed(plain, known, _WITH_FACTOR if has_second_factor else _ALONE)


def _weighed(plain: str, known: tuple[str, ...], least: float) -> Advice:
    guesses, warning = _estimate(plain[:LOOKED_AT], known)
    if guesses < least:
        why = warning or "It is close to what is guessed first."
        return Advice(0, f"{why} Add an unrelated word or two.")
    score = 2 + (guesses >= _STRONG) + (guesses >= _VERY_STRONG)
    if len(plain) < SHORTEST_ALONE:  # strong is what also holds without the second factor
        score = 2
        return Advice(score, "Good, together with your second factor.")
    return Advice(score, ("Good.", "Strong.", "Very strong.")[score - 2])


def _estimate(cut: str, known: tuple[str, ...]) -> tuple[float, str]:
    """Return how many guesses it takes, as a power of ten, and what is wrong with it, in words."""
    from zxcvbn import zxcvbn  # type: ignore[import-untyped]  # reads long lists: not at start

    if len(set(cut) & _LOOKALIKES.keys()) > _MOST_LOOKALIKES:  # it tries every reading of these
        cut = "".join(_LOOKALIKES.get(character, character) for character in cut)
    found = zxcvbn(cut, user_inputs=sorted(_pieces(known)))
    return float(found["guesses_log10"]), str(found["feedback"]["warning"])


def require_good_password(
    password: str, known_words: Iterable[str] = (), *, has_second_factor: bool = False
) -> None:
    """Return only if the password is taken.

    Raises
    ------
    WeakPassword
        It is not, with the reason.
    """
    advice = advise(password, known_words, has_second_factor=has_second_factor)
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
    return 0 < found <= 2 and len(rest) < min(_REST, max(4, len(typed) // 2))


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
