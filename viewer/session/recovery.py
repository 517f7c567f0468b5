"""The recovery key on paper: opens the practice after a lost key store."""

from __future__ import annotations

import base64

from viewer.crypto.derive import digest
from viewer.crypto.people import KeyPair, new_sealing_pair, sealing_public
from viewer.crypto.secret import KEY_BYTES, Secret
from viewer.session.errors import RecoveryKeyMistyped

_PLAIN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_CROCKFORD = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
TO_PAPER = bytes.maketrans(_PLAIN, _CROCKFORD)
FROM_PAPER = bytes.maketrans(_CROCKFORD + b"OIL", _PLAIN + b"ABB")
READ_AS = frozenset(_CROCKFORD + b"OIL")
"""Characters that are read; `FROM_PAPER` turns them into plain base 32."""
_GROUP = 4
_SUM_BYTES = 3


class RecoveryKey:
    """An X25519 private key as 14 groups of 4 characters: 256 bits and a 24-bit checksum.

    The alphabet has no letters that look alike (Crockford's base 32); O, I and L are read as 0, 1
    and 1.
    """

    def __init__(self, private: Secret) -> None:
        self.private = private

    @property
    def public(self) -> bytes:
        """What keys are sealed to so that this key opens them: 32 bytes."""
        return sealing_public(self.private)

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups as they are printed."""
        with Secret(bytes(KEY_BYTES + _SUM_BYTES)) as whole:
            whole.view()[:KEY_BYTES] = self.private.view()
            whole.view()[KEY_BYTES:] = _checksum(self.private)
            text = base64.b32encode(whole.view()).translate(TO_PAPER).decode()
        return tuple(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))

    @property
    def text(self) -> str:
        """All groups on one line."""
        return "-".join(self.groups)

    @classmethod
    def from_text(cls, text: str) -> RecoveryKey:
        """Read a typed key; spaces, dashes and case do not matter.

        Raises
        ------
        RecoveryKeyMistyped
            A character is wrong, missing or too many.
        """
        typed = "".join(text.split()).replace("-", "").replace("–", "").upper()
        if not typed.isascii() or not set(typed.encode()) <= READ_AS:
            raise RecoveryKeyMistyped
        try:
            raw = base64.b32decode(typed.encode().translate(FROM_PAPER))
        except ValueError:
            raise RecoveryKeyMistyped from None
        if len(raw) != KEY_BYTES + _SUM_BYTES:
            raise RecoveryKeyMistyped
        with Secret.consuming(raw) as whole:
            private, found = Secret.taking(whole.view()[:KEY_BYTES]), whole.view()[KEY_BYTES:]
        if found != _checksum(private):
            private.wipe()
            raise RecoveryKeyMistyped
        return cls(private)

    @classmethod
    def new(cls) -> RecoveryKey:
        """Make a fresh one."""
        return cls.of_pair(new_sealing_pair())

    @classmethod
    def of_pair(cls, pair: KeyPair) -> RecoveryKey:
        """Wrap a fresh pair."""
        return cls(pair.private)

    def wipe(self) -> None:
        """Forget it."""
        self.private.wipe()

    def __repr__(self) -> str:
        return "RecoveryKey(…)"


def _checksum(private: Secret) -> bytes:
    with Secret.taking(bytearray(b"bitewing recovery key v1") + private.view()) as counted:
        return digest(counted.view())[:_SUM_BYTES]
