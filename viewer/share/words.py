"""Passphrases that a person can read out: words from the EFF large list.

Each word is worth log2(7776) = 12.925 bits; six are 77.5 bits, on top of which age's scrypt makes
each guess cost about a second.
"""

from __future__ import annotations

import re
import secrets
from functools import cache

from viewer.model.resources import resource_path

FEWEST_WORDS = 6


def new_passphrase(count: int = FEWEST_WORDS) -> str:
    """Return words drawn at random, joined by single spaces.

    Raises
    ------
    ValueError
        Fewer than six words.
    """
    if count < FEWEST_WORDS:
        raise ValueError("a passphrase has at least six words")
    words = _words()
    return " ".join(secrets.choice(words) for _ in range(count))


def tidied(typed: str) -> str:
    """Forgive typing: case, line breaks, commas and dots between words; other texts stay as typed.

    >>> tidied("  Abacus,abdomen  ")
    'abacus abdomen'
    """
    parts = [part for part in re.split(r"[\s,.;]+", typed.casefold()) if part]
    known = set(_words())
    return " ".join(parts) if parts and all(part in known for part in parts) else typed.strip()


def is_strong(passphrase: str) -> bool:
    """Whether it is made of at least six words of the list."""
    parts = tidied(passphrase).split(" ")
    return len(parts) >= FEWEST_WORDS and set(parts) <= set(_words())


@cache
def _words() -> tuple[str, ...]:
    return tuple(resource_path("words", "eff-large.txt").read_text("ascii").split())
