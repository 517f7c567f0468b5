"""The certificate that a patient was erased: canonical JSON, signed with the practice's key.

::

    file      = RFC 8785 JSON {"certificate": {…}, "signature": hex}
    signature = Ed25519(share key, ctx("bitewing certificate of destruction v1", RFC 8785 of {…}))

It names nobody: the patient's opaque id, counts, digests, epochs. What is still pending is in it.
"""

from __future__ import annotations

import json
from datetime import datetime

import attrs
import rfc8785

from viewer.crypto.derive import context, digest
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.people import check_signature, sign
from viewer.crypto.secret import Secret
from viewer.model.json import from_json, to_plain

_FORMAT = "bitewing certificate of destruction v1"
_LARGEST_BYTES = 1 << 20


@attrs.frozen
class Certificate:
    """What was destroyed, when, by whom and why.

    `epochs_destroyed` are the keys' epochs that nobody can open any more; an epoch in which the
    patient's keys were wrapped and which is not among them still opens the `backups_pending`.
    """

    practice_id: str
    patient_id: str
    image_count: int
    object_count: int
    objects_sha256: str
    last_epoch: int
    epochs_destroyed: tuple[int, ...]
    destroyed_at: datetime
    by_user_id: str
    by_name: str
    reason: str
    backups_done: tuple[str, ...] = ()
    backups_pending: tuple[str, ...] = ()
    format: str = _FORMAT

    @property
    def is_final(self) -> bool:
        """Whether nothing anywhere that the practice knows of can be opened any more."""
        return not self.backups_pending and self.last_epoch in self.epochs_destroyed


def sign_certificate(certificate: Certificate, private: Secret) -> bytes:
    """Return the file: certificate and signature."""
    plain = to_plain(certificate)
    signature = sign(private, _signed(rfc8785.dumps(plain)))
    return rfc8785.dumps({"certificate": plain, "signature": signature.hex()})


def verify_certificate(raw: bytes, *publics: bytes) -> Certificate:
    """Return what a certificate says, if one of the practice's public keys signed just that.

    Raises
    ------
    NotAuthentic
        It is no certificate, not this practice's, or was changed.
    """
    try:
        canonical, signature = _parts(raw)
    except (ValueError, KeyError, TypeError, RecursionError, rfc8785.CanonicalizationError):
        raise _refused() from None
    if not any(_is_signed(public, canonical, signature) for public in publics):
        raise _refused()
    try:
        certificate = from_json(canonical.decode(), Certificate)
    except (ValueError, TypeError):
        raise _refused() from None
    if certificate.format != _FORMAT:
        raise _refused()
    return certificate


def _parts(raw: bytes) -> tuple[bytes, bytes]:
    """Return canonical certificate and signature; there is one spelling, so that digests match."""
    if len(raw) > _LARGEST_BYTES:
        raise ValueError
    found = json.loads(raw)
    plain, signature = found["certificate"], bytes.fromhex(found["signature"])
    if rfc8785.dumps({"certificate": plain, "signature": signature.hex()}) != raw:
        raise ValueError
    return rfc8785.dumps(plain), signature


def digest_of_certificate(raw: bytes) -> str:
    """Return the digest that the trail keeps: SHA-256 of the file in hex."""
    return digest(raw).hex()


def _signed(canonical: bytes) -> bytes:
    return context(_FORMAT, canonical)


def _is_signed(public: bytes, canonical: bytes, signature: bytes) -> bool:
    try:
        check_signature(public, _signed(canonical), signature)
    except NotAuthentic:
        return False
    return True


def _refused() -> NotAuthentic:
    return NotAuthentic(
        "This is no genuine certificate of this practice.", "Ask for the original file."
    )
