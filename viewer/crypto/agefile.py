"""age v1 files (C2SP age), the outer seal of what is shared."""

from __future__ import annotations

import pyrage

from viewer.crypto.errors import NotAuthentic
from viewer.model.errors import UserError


def seal_with_passphrase(plain: bytes, passphrase: str) -> bytes:
    """Return an age file that the passphrase opens (scrypt recipient)."""
    return bytes(pyrage.passphrase.encrypt(plain, passphrase))


def open_with_passphrase(sealed: bytes, passphrase: str) -> bytes:
    """Return the content of an age file; nothing is returned before all of it authenticated.

    Raises
    ------
    NotAuthentic
        A wrong passphrase, or a damaged file.
    """
    try:
        return bytes(pyrage.passphrase.decrypt(sealed, passphrase))
    except pyrage.DecryptError:
        raise NotAuthentic(
            "The file could not be opened: the passphrase is wrong or the file is damaged.",
            "Check the passphrase, or ask the sender for the file again.",
        ) from None


def seal_to_recipients(plain: bytes, recipients: list[str]) -> bytes:
    """Return an age file for X25519 recipients (``age1…``).

    Raises
    ------
    UserError
        A recipient's key is not an age key.
    """
    try:
        keys = [pyrage.x25519.Recipient.from_str(text) for text in recipients]
    except pyrage.RecipientError:
        raise UserError("That is not an age public key.", "It begins with “age1”.") from None
    return bytes(pyrage.encrypt(plain, keys))


def open_with_identity(sealed: bytes, identity: str) -> bytes:
    """Return the content of an age file sealed to this ``AGE-SECRET-KEY-1…``.

    Raises
    ------
    UserError
        The key is not an age key.
    NotAuthentic
        The file is not for this key, or is damaged.
    """
    try:
        key = pyrage.x25519.Identity.from_str(identity)
    except pyrage.IdentityError:
        raise UserError("That is not an age secret key.") from None
    try:
        return bytes(pyrage.decrypt(sealed, [key]))
    except pyrage.DecryptError:
        raise NotAuthentic(
            "The file could not be opened: it is for another key or is damaged."
        ) from None


def new_identity() -> tuple[str, str]:
    """Return a fresh X25519 pair in age's spelling: ``AGE-SECRET-KEY-1…`` and ``age1…``."""
    key = pyrage.x25519.Identity.generate()
    return str(key), str(key.to_public())
