"""Finding words in finished files, in every encoding they could hide in.

Pure, any thread. Part of the verifier: shares nothing with the redactor.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence

import attrs
import numpy as np

SHORTEST = 4
SHORTEST_CODED = 5
SHORTEST_IN_PIXELS = 8
"""Shorter words turn up in grey values by chance: in 16-bit noise, four letters as UTF-16 would."""


@attrs.frozen
class Pattern:
    """One word in one encoding. A whole word must not have letters or digits around it."""

    word: int
    raw: bytes
    is_whole_word: bool


def patterns_of(words: Sequence[str], *, shortest: int = SHORTEST) -> tuple[Pattern, ...]:
    """Return every way in which the words could be written: UTF-8, Latin-1, UTF-16, hex, base64."""
    found: dict[bytes, Pattern] = {}
    for index, word in enumerate(words):
        if len(word) < shortest:
            continue
        for spelling in {word, word.lower(), word.upper(), word.title()}:
            for raw, is_whole in _writings(spelling):
                if len(raw) >= SHORTEST:
                    found.setdefault(raw, Pattern(index, raw, is_whole))
    return tuple(found.values())


def found_in(content: bytes | memoryview, patterns: Sequence[Pattern]) -> frozenset[int]:
    """Return the indices of the words that occur in the bytes."""
    if not patterns or len(content) < SHORTEST:
        return frozenset()
    by_start: dict[bytes, list[Pattern]] = {}
    for pattern in patterns:
        by_start.setdefault(pattern.raw[:4], []).append(pattern)
    view = memoryview(content)
    hits: set[int] = set()
    for offset in _candidates(view, by_start):
        for pattern in by_start.get(bytes(view[offset : offset + 4]), ()):
            if pattern.word not in hits and _is_there(view, offset, pattern):
                hits.add(pattern.word)
    return frozenset(hits)


def _candidates(view: memoryview, starts: Iterable[bytes]) -> Iterable[int]:
    """Return offsets at which four bytes look like the start of a pattern."""
    first, second = np.zeros(1 << 16, bool), np.zeros(1 << 16, bool)
    for start in starts:
        first[int.from_bytes(start[:2], "little")] = True
        second[int.from_bytes(start[2:4], "little")] = True
    for parity in (0, 1):
        pairs = np.frombuffer(view, "<u2", count=(len(view) - parity) // 2, offset=parity)
        places = np.flatnonzero(first[pairs[:-1]])
        places = places[second[pairs[places + 1]]]
        yield from (places * 2 + parity).tolist()


def _is_there(view: memoryview, offset: int, pattern: Pattern) -> bool:
    end = offset + len(pattern.raw)
    if view[offset:end] != pattern.raw:
        return False
    if not pattern.is_whole_word:
        return True
    before = bytes(view[offset - 1 : offset]) if offset else b""
    return not (before.isalnum() or bytes(view[end : end + 1]).isalnum())


def _writings(spelling: str) -> Iterable[tuple[bytes, bool]]:
    plain = spelling.encode()
    yield plain, True
    if not spelling.isascii():
        yield spelling.encode("latin-1", "ignore"), True
    yield spelling.encode("utf-16-le"), False
    yield spelling.encode("utf-16-be"), False
    if len(spelling) >= SHORTEST_CODED:
        yield plain.hex().encode(), False
        yield plain.hex().upper().encode(), False
        for shift in range(3):
            yield _base64_core(plain, shift), False


def _base64_core(plain: bytes, shift: int) -> bytes:
    """Return the base64 letters that depend on nothing but the word, at one of three alignments."""
    coded = base64.b64encode(b"\0" * shift + plain).rstrip(b"=")
    start = (0, 2, 3)[shift]
    whole = (len(plain) + shift) % 3 == 0
    return coded[start : None if whole else -1]
