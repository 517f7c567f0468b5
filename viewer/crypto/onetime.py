"""Codes that count: HOTP, which authenticator apps turn into a new code every thirty seconds."""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

from viewer.crypto.secret import Secret


def code_at(secret: Secret, counter: int, digits: int = 6) -> str:
    """Return the code for one count, with leading zeros.

    SHA-1 is what authenticator apps speak; HMAC does not need it to resist collisions.

    Raises
    ------
    ValueError
        The secret is shorter than 16 bytes, or the digits are not 6 to 8.

    Source
    ------
    RFC 4226 §5.3.
    """
    return HOTP(secret.view(), digits, SHA1()).generate(counter).decode()  # noqa: S303
