"""A security key as third share: what it answers is part of what an account's key is wrapped with.

The key makes a secret of its own for one account and keeps it (hmac-secret). To a challenge it
answers with a MAC of it, once it is touched; that answer is half of a key, so there is nothing to
bypass. On Linux and macOS keys are spoken to over USB; on Windows only the system may, so it asks.

What a key answers depends on whether it verified its user (a PIN, a finger) besides the touch. So
which of the two it was when it was added is part of the share's id, and an answer of the other kind
is refused with a message, before it passes for a wrong password.

Source
------
CTAP 2.1 §12.5 (hmac-secret): the answers with and without verification differ.
"""

from __future__ import annotations

import secrets
import sys
import threading
from typing import Protocol

import attrs

from viewer.crypto.secret import Secret
from viewer.session.errors import SecurityKeyFault

_PREFIX = "fido2"
_TOUCHED, _VERIFIED = "up", "uv"


class KeyTalk:
    """How a key's wishes reach a person. Called on the thread that asks the key.

    This one speaks to nobody and knows no PIN; a window and the command line make their own.
    """

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.is_cancelled = False

    def touch_wanted(self) -> None:
        """The key blinks and waits for a finger."""

    def pin_wanted(self) -> str:
        """Return the key's PIN; "" cancels."""
        return ""

    def cancel(self) -> None:
        """Stop waiting. Any thread."""
        self.is_cancelled = True
        self.stop.set()


@attrs.frozen
class Answer:
    """What a key answered: 32 bytes, and whether it had verified its user for them."""

    share: Secret
    is_verified: bool


class SecurityKeys(Protocol):
    """The security keys within reach of this workstation."""

    def make(self, user_handle: bytes, user_name: str, talk: KeyTalk) -> tuple[bytes, bool]:
        """Let a key make a secret; return the credential's id, and whether it verifies its user.

        Raises
        ------
        SecurityKeyFault
            There is none, several, or it did not.
        """

    def ask(
        self, credential: bytes, challenge: bytes, talk: KeyTalk, *, verify: bool, label: str
    ) -> Answer:
        """Return the answer of the key that holds a credential.

        Raises
        ------
        SecurityKeyFault
            It is not there, was not touched, or did not answer.
        """


class FidoShare:
    """One security key's share of one account (`ThirdShare`)."""

    def __init__(self, share_id: str, label: str, keys: SecurityKeys, talk: KeyTalk) -> None:
        self.id, self.label = share_id, label
        self._keys, self._talk = keys, talk

    def answer(self, challenge: bytes) -> Secret:
        """Ask the key: waits for the touch.

        Raises
        ------
        SecurityKeyFault
            With what is the matter, in plain words.
        """
        credential, verify = parsed(self.id)
        found = self._keys.ask(credential, challenge, self._talk, verify=verify, label=self.label)
        if found.is_verified != verify:
            found.share.wipe()
            raise SecurityKeyFault(
                "The settings of the security key were changed since it was added.",
                "Set them back, or type a recovery code and add the key again.",
            )
        return found.share


def is_security_key(share_id: str) -> bool:
    """Whether a share of this id is a security key."""
    return share_id.startswith(f"{_PREFIX}:")


def share_on(share_id: str, label: str, keys: SecurityKeys, talk: KeyTalk) -> FidoShare | None:
    """Return the share of an id that an account names; None where it is no security key's."""
    return FidoShare(share_id, label, keys, talk) if is_security_key(share_id) else None


def new_share(user_name: str, label: str, keys: SecurityKeys, talk: KeyTalk) -> FidoShare:
    """Let a security key make a secret, for `Practice.require_third_share`: waits for the touch.

    Raises
    ------
    SecurityKeyFault
        With what is the matter, in plain words.
    """
    credential, is_verified = keys.make(secrets.token_bytes(32), user_name, talk)
    kind = _VERIFIED if is_verified else _TOUCHED
    return FidoShare(f"{_PREFIX}:{kind}:{credential.hex()}", label, keys, talk)


def parsed(share_id: str) -> tuple[bytes, bool]:
    """Return the credential that a share's id names, and whether it verifies its user.

    Raises
    ------
    ValueError
        It is no share of a security key.
    """
    prefix, kind, credential = share_id.split(":")
    if prefix != _PREFIX or kind not in (_TOUCHED, _VERIFIED):
        raise ValueError("no share of a security key")
    return bytes.fromhex(credential), kind == _VERIFIED


def platform_keys(platform: str = sys.platform) -> SecurityKeys:
    """Return how security keys are reached on this platform."""
    from viewer.session.fido import UsbKeys, WindowsKeys  # a slow import that few logins need

    return WindowsKeys() if platform == "win32" else UsbKeys()
