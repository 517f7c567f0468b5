"""A third share of a user's key, besides password and device secret: in a token, or on a server.

The port and an implementation in memory. A FIDO2 key (hmac-secret, PRF) and a server on the
practice's network satisfy it later: both keep a secret and answer a challenge with a MAC of it.

Source
------
CTAP 2.1 §12.5 (hmac-secret): 32 bytes of salt in, 32 bytes out.
"""

from __future__ import annotations

from typing import Protocol

from viewer.crypto.derive import context, digest, keyed_tag
from viewer.crypto.secret import Secret
from viewer.model.ids import UserId, new_id
from viewer.session.errors import ThirdShareMissing


class ThirdShare(Protocol):
    """Something that answers the same challenge with the same 32 secret bytes, and no other does.

    It may wait for a touch or for the network, so ask it off the main thread.
    """

    @property
    def id(self) -> str:
        """Opaque and lasting: the account names it, and its key is bound to it."""

    @property
    def label(self) -> str:
        """What a person calls it ("blue security key"); stands in the accounts in clear."""

    def answer(self, challenge: bytes) -> Secret:
        """Return the share: 32 bytes for this 32-byte challenge; the caller wipes it.

        Raises
        ------
        ThirdShareMissing
            It is not plugged in, not touched, or does not answer.
        """


class MemoryThirdShare:
    """A share that ends with the program, for tests."""

    def __init__(self, label: str = "share in memory") -> None:
        self.id = new_id()
        self.label = label
        self._secret = Secret.random()

    def answer(self, challenge: bytes) -> Secret:
        """Return HMAC-SHA256 of the challenge, as a security key does."""
        return Secret.consuming(keyed_tag(self._secret, challenge))


class AnsweredShare:
    """A share that was asked once, before the password was tried: it answers that challenge again.

    So a key that is missing or not touched costs no try, and one touch is enough.
    """

    def __init__(self, share: ThirdShare, challenge: bytes) -> None:
        self.id, self.label = share.id, share.label
        self._challenge = challenge
        self._answer = share.answer(challenge)

    def answer(self, challenge: bytes) -> Secret:
        """Return a copy of the answer.

        Raises
        ------
        ThirdShareMissing
            It is another challenge: the account was changed meanwhile.
        """
        if challenge != self._challenge:
            raise ThirdShareMissing(self.label)
        return self._answer.copy()

    def wipe(self) -> None:
        """Forget the answer."""
        self._answer.wipe()

    def __enter__(self) -> AnsweredShare:
        return self

    def __exit__(self, *_: object) -> None:
        self.wipe()


def challenge_of(practice_id: str, user_id: UserId, salt: bytes) -> bytes:
    """Return the challenge of one wrapped user key: new with every salt."""
    return digest(context("bitewing third share v1", practice_id, user_id, salt))
