"""Signed checkpoints: a C2SP tlog-checkpoint in a C2SP signed note, with Ed25519.

::

    bitewing/<practice>/<workstation>/<segment>     origin, also the key's name
    <number of records>
    <base64 of the Merkle root>
    (empty line)
    — <origin> <base64 of key id ‖ signature>

Source
------
https://c2sp.org/signed-note, https://c2sp.org/tlog-checkpoint
"""

from __future__ import annotations

import base64
import binascii

import attrs

from viewer.crypto.derive import digest
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.people import check_signature, sign
from viewer.crypto.secret import Secret

_ED25519 = b"\x01"
_KEY_ID_BYTES = 4
_HASH_BYTES = 32
_NOT_OURS = "A checkpoint is not signed by this workstation."


@attrs.frozen
class PublicKey:
    """Who signs a segment of a trail: its origin and an Ed25519 public key."""

    origin: str
    key: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        return digest(self.origin.encode() + b"\n" + _ED25519 + self.key)[:_KEY_ID_BYTES]

    @property
    def line(self) -> str:
        """The verifier key as one line of text (C2SP vkey)."""
        encoded = base64.b64encode(_ED25519 + self.key).decode()
        return f"{self.origin}+{self.key_id.hex()}+{encoded}"

    @classmethod
    def from_line(cls, line: str) -> PublicKey:
        """Read a verifier key.

        Raises
        ------
        ValueError
            The line is not one, or its key id is not that of its key.
        """
        origin, _, rest = line.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        try:
            raw = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise ValueError("not a public key line") from None
        public = cls(origin, raw[1:])
        if raw[:1] != _ED25519 or len(raw) != 33 or public.key_id.hex() != key_id or not origin:
            raise ValueError("not a public key line")
        return public


@attrs.frozen
class Checkpoint:
    """So many records, and the Merkle root over them (32 bytes)."""

    size: int
    root: bytes


def sign_text(text: str, signer: PublicKey, private: Secret) -> str:
    """Return a text (its first line is the signer's origin) as a signed note."""
    return _joined(text, signer, signer.key_id + sign(private, text.encode()))


def open_text(note: str, signer: PublicKey) -> list[str]:
    """Return the lines of a note, if this signer signed it.

    Raises
    ------
    NotAuthentic
        Signed by somebody else, changed, or not such a note.
    """
    text, _, signature_line = note.partition("\n\n")
    text += "\n"
    lines = text.splitlines()
    head = f"— {signer.origin} "
    if not lines or lines[0] != signer.origin or not signature_line.startswith(head):
        raise NotAuthentic(_NOT_OURS)
    try:
        blob = base64.b64decode(signature_line.removeprefix(head).rstrip("\n"), validate=True)
    except ValueError:
        raise NotAuthentic(_NOT_OURS) from None
    if blob[:_KEY_ID_BYTES] != signer.key_id:
        raise NotAuthentic(_NOT_OURS)
    check_signature(signer.key, text.encode(), blob[_KEY_ID_BYTES:])
    if note != _joined(text, signer, blob):  # base 64 has spare bits: only one spelling is taken
        raise NotAuthentic(_NOT_OURS)
    return lines


def sign_checkpoint(checkpoint: Checkpoint, signer: PublicKey, private: Secret) -> str:
    """Return the signed note."""
    root = base64.b64encode(checkpoint.root).decode()
    return sign_text(f"{signer.origin}\n{checkpoint.size}\n{root}\n", signer, private)


def open_checkpoint(note: str, signer: PublicKey) -> Checkpoint:
    """Return what a note says, if this signer signed it.

    Raises
    ------
    NotAuthentic
        Signed by somebody else, changed, or not such a note.
    """
    lines = open_text(note, signer)
    try:
        _, size, encoded = lines
        checkpoint = Checkpoint(int(size), base64.b64decode(encoded, validate=True))
    except ValueError:
        raise NotAuthentic(_NOT_OURS) from None
    if len(checkpoint.root) != _HASH_BYTES:
        raise NotAuthentic(_NOT_OURS)
    return checkpoint


def _joined(text: str, signer: PublicKey, blob: bytes) -> str:
    return f"{text}\n— {signer.origin} {base64.b64encode(blob).decode()}\n"
