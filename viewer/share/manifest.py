"""What a bundle holds, who made it for whom, and the signature over all of it."""

from __future__ import annotations

import json
from datetime import date, datetime

import attrs
import rfc8785

from viewer.crypto.derive import digest
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.people import check_signature, sign
from viewer.crypto.secret import Secret
from viewer.model.json import from_json, to_plain
from viewer.share.errors import BundleDamaged, BundleForged, BundleUnknown


@attrs.frozen
class ManifestFile:
    """One file: neutral name, size and SHA-256 (hex)."""

    name: str
    size_bytes: int
    sha256: str


@attrs.frozen
class ManifestImage:
    """One image: its kind in a dentist's words, and the names of its files."""

    kind: str
    files: tuple[str, ...]
    preview: str


@attrs.frozen
class Manifest:
    """What a bundle holds, and who made it for whom. `signing_key` is Ed25519, hex."""

    format: str
    version: int
    share_number: str
    profile: str
    purpose: str
    recipient: str
    practice: str
    reference: str
    made: datetime
    expires: date | None
    is_deidentified: bool
    mark: str
    signing_key: str
    images: tuple[ManifestImage, ...]
    files: tuple[ManifestFile, ...]


FORMAT = "bitewing-bundle"
VERSION = 1
NAME, SIGNATURE_NAME = "manifest.json", "manifest.sig"
MAX_BYTES = 32 << 20
_DOMAIN = b"bitewing-bundle manifest v1\n"


def to_bytes(manifest: Manifest) -> bytes:
    """Return the manifest as canonical JSON (RFC 8785)."""
    return rfc8785.dumps(to_plain(manifest))


def from_bytes(content: bytes) -> Manifest:
    """Read a manifest.

    Raises
    ------
    BundleDamaged
        It is not canonical JSON, or not a manifest.
    BundleUnknown
        It is of another format or a later version.
    """
    if len(content) > MAX_BYTES:
        raise BundleDamaged
    try:
        plain = json.loads(content)
        if not isinstance(plain, dict) or rfc8785.dumps(plain) != content:
            raise BundleDamaged
        _refuse_other_versions(plain)
        return from_json(content, Manifest)
    except (ValueError, RecursionError, rfc8785.CanonicalizationError) as fault:
        raise BundleDamaged from fault


def signed(private: Secret, content: bytes) -> bytes:
    """Return the signature over the manifest's bytes."""
    return sign(private, _DOMAIN + content)


def check(manifest: Manifest, content: bytes, signature: bytes) -> bytes:
    """Check the signature and return the key that made it (32 bytes).

    Raises
    ------
    BundleForged
        The signature is not by the key that the manifest names.
    """
    try:
        key = bytes.fromhex(manifest.signing_key)
        check_signature(key, _DOMAIN + content, signature)
    except (ValueError, NotAuthentic) as fault:
        raise BundleForged from fault
    return key


def fingerprint_of(key: bytes) -> str:
    """Return a key's fingerprint to read out: eight groups of four hex digits of its SHA-256."""
    text = digest(key).hex()[:32]
    return " ".join(text[n : n + 4] for n in range(0, 32, 4))


def _refuse_other_versions(plain: dict[str, object]) -> None:
    if plain.get("format") != FORMAT:
        raise BundleUnknown("This is not a share made by Bitewing.")
    if plain.get("version") != VERSION:
        raise BundleUnknown(
            "This share was made by a later version of the program.", "Update this program."
        )
