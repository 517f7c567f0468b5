"""Recovery codes: ten on paper, each lets in once where phone or security key is lost.

A code is 80 random bits in the alphabet of the recovery key. What is kept is a digest of it, sealed
to the user's own key, so that it opens only after the right password. Where the account requires a
third share, the user's key is wrapped once more for each code, with the digest in its place: half
of a key cannot be waved through at a gate.

::

    digest  = HKDF(code, info = code|practice|user)
    wrapped = AES-GCM(user key) under HKDF(Argon2id(password) ‖ device secret ‖ digest)

Source
------
NIST SP 800-63B-4 §3.1.2 (look-up secrets: at least 20 bits, single use).
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence

import attrs

from viewer.crypto.aead import unwrap, wrap
from viewer.crypto.derive import context, derive, stretch_password
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.people import seal_to, unseal_from
from viewer.crypto.secret import Secret
from viewer.session.book import CodeRow, Shares, UserRow
from viewer.session.recovery import FROM_PAPER, READ_AS, TO_PAPER

HOW_MANY = 10
CODE_BYTES = 10
_CHARACTERS = 16


def new_codes() -> tuple[str, ...]:
    """Return ten fresh codes as they are printed: four groups of four.

    None begins with six digits, so that it is never taken for a code of an app while it is typed
    (a thousandth of all; it costs nothing of the 80 bits that counts).
    """
    found: list[str] = []
    while len(found) < HOW_MANY:
        plain = base64.b32encode(secrets.token_bytes(CODE_BYTES)).translate(TO_PAPER).decode()
        if not plain[:6].isdigit():
            found.append(_grouped(plain))
    return tuple(found)


def _grouped(plain: str) -> str:
    return "-".join(plain[at : at + 4] for at in range(0, len(plain), 4))


def is_code_shaped(text: str) -> bool:
    """Whether somebody typed a recovery code; case, spaces and dashes do not matter."""
    return _raw(text) is not None


def _raw(text: str) -> bytes | None:
    typed = "".join(text.split()).replace("-", "").replace("–", "").upper()
    if len(typed) != _CHARACTERS or not typed.isascii() or not set(typed.encode()) <= READ_AS:
        return None
    return base64.b32decode(typed.encode().translate(FROM_PAPER))


def digest_of(place: tuple[str, str], user_id: str, text: str) -> Secret:
    """Return the 32 bytes that stand for a typed code of one account.

    `place` is (practice, device).

    Raises
    ------
    NotAuthentic
        It is not shaped like one.
    """
    raw = _raw(text)
    if raw is None:
        raise NotAuthentic
    with Secret.consuming(raw) as code:
        return derive(code, context("bitewing recovery code v1", place[0], user_id))


def with_codes(
    row: UserRow, private: Secret, password: str, shares: Shares, digests: Sequence[Secret]
) -> UserRow:
    """Return the row with these codes and no others. Slow where a third share is required."""
    if not row.third or not digests:
        codes = tuple(CodeRow(_sealed(row, shares, digest)) for digest in digests)
        return attrs.evolve(row, codes=codes)
    salt = bytes.fromhex(row.salt)
    with stretch_password(password, salt, row.stretch) as stretched:
        codes = tuple(
            CodeRow(_sealed(row, shares, digest), _wrapped(row, private, stretched, shares, digest))
            for digest in digests
        )
    return attrs.evolve(row, codes=codes)


def open_digests(row: UserRow, private: Secret, place: tuple[str, str]) -> list[Secret]:
    """Return the digests of the codes that are left; the caller wipes them.

    Raises
    ------
    NotAuthentic
        One was sealed to another key or account.
    """
    bound = _seal_context(row, place)
    return [unseal_from(private, bytes.fromhex(code.sealed), bound) for code in row.codes]


def matching_code(
    row: UserRow, private: Secret, place: tuple[str, str], typed: Secret
) -> CodeRow | None:
    """Return the code that was typed, of those that are left."""
    found = None
    for code, digest in zip(row.codes, open_digests(row, private, place), strict=True):
        with digest:
            if digest.equals(typed):
                found = code
    return found


def unwrap_by_code(
    row: UserRow, password: str, shares: Shares, typed: Secret
) -> tuple[Secret, CodeRow]:
    """Return the user's key, opened by a code in place of the third share, and which code it was.

    Raises
    ------
    NotAuthentic
        The password or the code is wrong; nothing tells which.
    """
    try:
        salt = bytes.fromhex(row.salt)
        stretched = stretch_password(password, salt, row.stretch)
    except ValueError:
        raise NotAuthentic from None
    with stretched, _kek(row, stretched, shares, typed) as kek:
        for code in row.codes:
            try:
                private = unwrap(kek, bytes.fromhex(code.wrapped), _wrap_context(row, shares.place))
            except (NotAuthentic, ValueError):
                continue
            return private, code
    raise NotAuthentic


def _sealed(row: UserRow, shares: Shares, digest: Secret) -> str:
    public = bytes.fromhex(row.public)
    return seal_to(public, digest, _seal_context(row, shares.place)).hex()


def _wrapped(
    row: UserRow, private: Secret, stretched: Secret, shares: Shares, digest: Secret
) -> str:
    with _kek(row, stretched, shares, digest) as kek:
        return wrap(kek, private, _wrap_context(row, shares.place)).hex()


def _kek(row: UserRow, stretched: Secret, shares: Shares, digest: Secret) -> Secret:
    info = context("bitewing user key by code v1", *shares.place, row.id, row.third)
    return derive([stretched, shares.device, digest], info)


def _wrap_context(row: UserRow, place: tuple[str, str]) -> bytes:
    name = "bitewing user key by code v1"
    return context(name, *place, row.id, row.version, row.public, row.third)


def _seal_context(row: UserRow, place: tuple[str, str]) -> bytes:
    return context("bitewing recovery code digest v1", place[0], row.id, row.public)
