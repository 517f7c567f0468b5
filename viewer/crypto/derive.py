"""Keys from passwords and keys from keys."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata

import attrs
from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from viewer.crypto.secret import KEY_BYTES, Secret


@attrs.frozen
class Stretch:
    """Argon2id cost: `memory_kib`, passes over it, lanes. RFC 9106 §4."""

    memory_kib: int = 128 * 1024
    passes: int = 3
    lanes: int = 1


DEFAULT_STRETCH = Stretch()
SMALLEST_STRETCH = Stretch(memory_kib=19 * 1024, passes=2, lanes=1)
"""Below this (OWASP's floor) no stored cost is accepted, so that nobody can lower it on disk."""
LARGEST_STRETCH = Stretch(memory_kib=4 * 1024 * 1024, passes=64, lanes=16)
"""Above this a stored cost is refused, so that nobody can make a login hang by editing it."""


def is_acceptable(cost: Stretch) -> bool:
    """Whether a cost read from disk lies between the floor and the ceiling."""
    floor, ceiling = SMALLEST_STRETCH, LARGEST_STRETCH
    return (
        floor.memory_kib <= cost.memory_kib <= ceiling.memory_kib
        and floor.passes <= cost.passes <= ceiling.passes
        and floor.lanes <= cost.lanes <= ceiling.lanes
    )


def stretch_password(password: str, salt: bytes, cost: Stretch = DEFAULT_STRETCH) -> Secret:
    """Return 32 bytes that cost an attacker as much per guess as they cost us.

    The password is normalised to NFKC, so that the same keys typed on another system match.

    Raises
    ------
    ValueError
        The salt is shorter than 16 bytes or the cost is out of bounds.

    Source
    ------
    RFC 9106 §4; NIST SP 800-63B-4 §3.1.1.2 (normalisation).
    """
    if len(salt) < 16:
        raise ValueError("a salt has at least 16 bytes")
    if not is_acceptable(cost):
        raise ValueError("the stretching cost is out of bounds")
    typed = unicodedata.normalize("NFKC", password).encode()
    stretched = hash_secret_raw(
        typed, salt, cost.passes, cost.memory_kib, cost.lanes, KEY_BYTES, Type.ID, version=0x13
    )
    return Secret.consuming(stretched)


def context(*parts: str | bytes | int) -> bytes:
    """Join context parts so that no two lists give the same bytes (each is length-prefixed).

    >>> context("a", "bc") != context("ab", "c")
    True
    """
    joined = bytearray()
    for part in parts:
        raw = str(part).encode() if isinstance(part, int) else part
        raw = raw.encode() if isinstance(raw, str) else raw
        joined += len(raw).to_bytes(4, "big") + raw
    return bytes(joined)


def derive(source: Secret | list[Secret], info: bytes, salt: bytes = b"") -> Secret:
    """Return a 32-byte key for the purpose named by `info` (HKDF-SHA256, RFC 5869).

    A list of secrets is joined in order with length prefixes: all of them are needed.
    """
    shares = source if isinstance(source, list) else [source]
    joined = bytearray(sum(4 + len(share) for share in shares))  # growing would leave copies
    at = 0
    for share in shares:
        joined[at : at + 4] = len(share).to_bytes(4, "big")
        joined[at + 4 : at + 4 + len(share)] = share.view()
        at += 4 + len(share)
    try:
        recipe = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt or None, info=info)
        key = bytearray(KEY_BYTES)
        recipe.derive_into(memoryview(joined), key)
        return Secret.taking(key)
    finally:
        joined[:] = bytes(len(joined))


def keyed_tag(key: Secret, message: bytes) -> bytes:
    """Return HMAC-SHA256 of the message: 32 bytes that only the key's holder can make."""
    return hmac.new(key.view(), message, hashlib.sha256).digest()


def is_same_tag(expected: bytes, found: bytes) -> bool:
    """Compare two tags in constant time."""
    return hmac.compare_digest(expected, found)


def digest(message: bytes | bytearray | memoryview) -> bytes:
    """Return SHA-256 of the message: 32 bytes."""
    return hashlib.sha256(message).digest()
