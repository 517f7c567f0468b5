"""Codes from an authenticator app: one every thirty seconds, and each lets in once.

A code is a gate and not a key: whoever holds the password, the device secret and a program of his
own needs none. A security key (`fido.py`) is part of the key itself.

Source
------
RFC 6238 (TOTP: HMAC-SHA1, 30 s, 6 digits); the URI is the one that authenticator apps read.
"""

from __future__ import annotations

import base64
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, urlencode

from viewer.crypto.derive import is_same_tag
from viewer.crypto.onetime import code_at
from viewer.crypto.secret import Secret
from viewer.model.ids import UserId
from viewer.session.errors import AccountsTampered
from viewer.session.files import accounts_lock
from viewer.session.keystore import KeyStore
from viewer.session.tagged import TaggedFile

SECRET_BYTES = 20
"""RFC 4226 §4: as long as the MAC."""
STEP_S = 30
DRIFT = 1
"""Steps that a phone's clock may be off, either way."""
DIGITS = 6


class Enrolment:
    """A secret on its way into an app, until one right code shows that it got there.

    In memory alone. `uri` is what the picture for the phone's camera says, `text` is the same
    secret for typing.
    """

    def __init__(self, secret: Secret, practice: str, account: str) -> None:
        self.secret = secret
        self._practice, self._account = practice, account

    @classmethod
    def new(cls, practice: str, account: str) -> Enrolment:
        """Make a fresh secret for an account of a practice."""
        return cls(Secret.random(SECRET_BYTES), practice, account)

    @property
    def text(self) -> str:
        """The secret in base 32, in groups of four."""
        plain = self._base32()
        return " ".join(plain[at : at + 4] for at in range(0, len(plain), 4))

    @property
    def uri(self) -> str:
        """The secret as ``otpauth://`` URI."""
        issuer = self._practice.replace(":", " ")
        label = quote(f"{issuer}:{self._account.replace(':', ' ')}", safe=":")
        fields = {
            "secret": self._base32(),
            "issuer": issuer,
            "algorithm": "SHA1",
            "digits": DIGITS,
            "period": STEP_S,
        }
        return f"otpauth://totp/{label}?{urlencode(fields, quote_via=quote)}"

    def wipe(self) -> None:
        """Forget the secret."""
        self.secret.wipe()

    def _base32(self) -> str:
        return base64.b32encode(self.secret.view()).decode()

    def __repr__(self) -> str:
        return "Enrolment(…)"


def step_at(when: datetime) -> int:
    """Return the number of the thirty seconds that a time lies in.

    >>> from datetime import UTC
    >>> step_at(datetime(1970, 1, 1, 0, 0, 59, tzinfo=UTC))
    1
    """
    return int(when.timestamp()) // STEP_S


def is_totp_shaped(code: str) -> bool:
    """Whether it is six digits, as an app shows them; spaces between do not matter."""
    plain = _digits(code)
    return plain.isascii() and plain.isdigit() and len(plain) == DIGITS


def matching_steps(secret: Secret, code: str, when: datetime) -> tuple[int, ...]:
    """Return the steps around a time whose code this is; hardly ever more than one, oldest first.

    The work is the same whichever matches.
    """
    typed, now = _digits(code).encode(), step_at(when)
    around = range(max(0, now - DRIFT), now + DRIFT + 1)
    right = [(step, is_same_tag(code_at(secret, step).encode(), typed)) for step in around]
    return tuple(step for step, is_right in right if is_right)


def _digits(code: str) -> str:
    return "".join(code.split()).replace("-", "")


class LastSteps:
    """The last step that each account's code was accepted for: none of it or before counts again.

    On disk before anybody is admitted, and one at a time, so that a code works once, whichever
    program and window it is typed into, and whatever the clock is set to.
    """

    def __init__(self, folder: Path, keystore: KeyStore, practice_id: str) -> None:
        self._file = TaggedFile(folder / "steps.json", keystore, practice_id, "steps")
        self._lock_path = folder / "steps.lock"

    def start_over(self) -> None:
        """Begin with nothing accepted, at founding or by right of the recovery key."""
        with accounts_lock(self._lock_path):
            self._file.replace({})

    def accept(self, account: UserId, steps: tuple[int, ...]) -> bool:
        """Keep the first of these that is later than the last one, or return False.

        Raises
        ------
        AccountsTampered
            The file was removed or set back.
        AccountsUnwritable, DeviceSecretMissing, NoKeyStore
            It cannot be kept: nobody may be admitted.
        """
        with accounts_lock(self._lock_path):
            rows = {} if self._file.is_new else self._file.read()
            last = rows.get(account, -1)
            if not isinstance(last, int):
                raise AccountsTampered
            later = [step for step in steps if step > last]
            if not later:
                return False
            self._file.write(rows | {account: later[0]})
            return True
