"""A signed fork: the one way in which a history may go on from another place than it stood.

The head kept outside convicts a store that was put back. Where a person with the right to do so
wants it put back (a restore, a repair from an older copy, a disk image), a statement says so: from
which head to which, when, who, why. It is signed with a key that is derived from the device secret.
The same secret guards the outside head, so nobody who could forge a statement would need to, and
whoever holds the folder alone can not; a key that many users hold would let each of them fork. The
statement's digest is in the trail before the outside head is replaced.

A statement holds for one step: `from` must be the head that is kept outside *now*. The step ends
at a head that was made for it and is kept outside next, so no history ever returns to `from`, and
an old statement never holds again.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs
import rfc8785

from viewer.crypto.derive import context, digest
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.people import check_signature, sign, signing_public
from viewer.session.device import device_id, device_key, require_device_secret
from viewer.session.errors import TrailUnwritable
from viewer.session.files import write_atomically
from viewer.session.keystore import Head, KeyStore

CATALOG = "catalog"
TRAIL = "trail"
_PURPOSE = "fork signing"


@attrs.frozen
class Fork:
    """The statement. `who` is a user's id; `why` names no patient."""

    practice_id: str
    workstation_id: str
    history: str
    from_size: int
    from_digest: str
    to_size: int
    to_digest: str
    when: str
    who: str
    why: str

    @property
    def start(self) -> Head:
        """The head that was kept outside."""
        return Head(self.from_size, self.from_digest)

    @property
    def end(self) -> Head:
        """The head from which the history goes on."""
        return Head(self.to_size, self.to_digest)


@attrs.frozen
class SignedFork:
    """A statement as it lies in the store's folder, and its digest for the trail."""

    fork: Fork
    raw: bytes = attrs.field(repr=False)

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the file."""
        return digest(self.raw).hex()

    @property
    def words(self) -> str:
        """What the trail says of it."""
        fork = self.fork
        steps = f"{fork.history} from {fork.from_size} to {fork.to_size}"
        return f"{steps}: {fork.why}"


def forks_folder(store_folder: Path) -> Path:
    """Return where a store keeps its statements."""
    return store_folder / "forks"


def sign_fork(
    keystore: KeyStore,
    practice_id: str,
    history: str,
    steps: tuple[Head, Head],
    when: datetime,
    who: str,
    why: str,
) -> SignedFork:
    """Make and sign a statement; `steps` are the heads that it leads from and to.

    Raises
    ------
    DeviceSecretMissing, NoKeyStore
        This workstation cannot sign.
    """
    start, end = steps
    with require_device_secret(keystore) as secret:
        fork = Fork(
            practice_id,
            device_id(secret),
            history,
            start.size,
            start.digest,
            end.size,
            end.digest,
            when.isoformat(),
            who,
            why,
        )
        with device_key(secret, _PURPOSE, practice_id) as private:
            signature = sign(private, _message(fork))
    return SignedFork(fork, _file_of(fork, signature))


def keep_fork(store_folder: Path, signed: SignedFork) -> None:
    """Write a statement into the store's folder; the same one twice is one.

    Raises
    ------
    TrailUnwritable
        It cannot be written, so the step may not be taken.
    """
    folder = forks_folder(store_folder)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        write_atomically(folder / f"{signed.digest[:32]}.json", signed.raw)
    except OSError:
        raise TrailUnwritable from None


def find_fork(
    store_folder: Path, keystore: KeyStore, practice_id: str, history: str, outside: Head
) -> SignedFork | None:
    """Return a genuine statement that leads on from the head kept outside, if there is one.

    Raises
    ------
    DeviceSecretMissing, NoKeyStore
        It cannot be told.
    """
    for signed in kept_forks(store_folder, keystore, practice_id):
        if signed.fork.history == history and signed.fork.start == outside:
            return signed
    return None


def kept_forks(store_folder: Path, keystore: KeyStore, practice_id: str) -> list[SignedFork]:
    """Return the genuine statements of this workstation and practice, oldest first.

    What anybody else put there is passed over.

    Raises
    ------
    DeviceSecretMissing, NoKeyStore
        It cannot be told.
    """
    folder = forks_folder(store_folder)
    paths = sorted(folder.glob("*.json")) if folder.is_dir() else []
    with require_device_secret(keystore) as secret:
        place = practice_id, device_id(secret)
        with device_key(secret, _PURPOSE, practice_id) as private:
            public = signing_public(private)
    found = (_genuine(path, public, place) for path in paths)
    return sorted((each for each in found if each is not None), key=lambda each: each.fork.when)


def _genuine(path: Path, public: bytes, place: tuple[str, str]) -> SignedFork | None:
    try:
        raw = path.read_bytes()
        body = json.loads(raw)
        fork = Fork(**body["statement"])
        signature = bytes.fromhex(body["signature"])
        check_signature(public, _message(fork), signature)
        is_ours = (fork.practice_id, fork.workstation_id) == place
        # One spelling alone, so that the digest in the trail stands for one file.
        return SignedFork(fork, raw) if is_ours and raw == _file_of(fork, signature) else None
    except (OSError, ValueError, KeyError, TypeError, NotAuthentic, RecursionError):
        return None


def _file_of(fork: Fork, signature: bytes) -> bytes:
    body: dict[str, Any] = {"statement": attrs.asdict(fork), "signature": signature.hex()}
    return rfc8785.dumps(body | {"format": 1})


def _message(fork: Fork) -> bytes:
    return context("bitewing fork v1", rfc8785.dumps(attrs.asdict(fork)))
