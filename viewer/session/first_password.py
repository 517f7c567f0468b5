"""A first password to hand over: unrelated words, made here, good for one login and its change."""

from __future__ import annotations

import secrets
from functools import cache

from viewer.model.resources import resource_path

WORDS = 5
"""Of 7776 words each: 64 bits, which is more than its short life asks for."""


def first_password() -> str:
    """Return five words that nobody chose.

    >>> len(first_password().split())
    5
    """
    return " ".join(secrets.choice(_words()) for _ in range(WORDS))


@cache
def _words() -> tuple[str, ...]:
    lines = resource_path("words", "eff-large.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line.split()[-1] for line in lines if line and not line.startswith("#"))
