"""Opening a bundle without an account: read-only, in memory, nothing kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from pathlib import Path

import attrs

from viewer.crypto import agefile
from viewer.crypto.derive import digest
from viewer.model.errors import UserError
from viewer.share import manifest as manifests
from viewer.share.container import MAX_BYTES, unpack
from viewer.share.errors import (
    BundleDamaged,
    BundleExpired,
    BundleNotRead,
    BundleTooLarge,
    BundleUnknown,
)
from viewer.share.manifest import Manifest
from viewer.share.words import tidied

_MAGIC = b"age-encryption.org/v1\n"
_IDENTITY = "AGE-SECRET-KEY-1"
_IMAGE, _PREVIEW = "IMAGES/", "PREVIEWS/"


class Signer(Enum):
    """What is known about the key that signed."""

    KNOWN = "known"
    UNKNOWN = "unknown"


@attrs.frozen
class OpenedImage:
    """One image of a bundle: complete DICOM files (one for each instance) and a PNG preview.

    The files come from outside: decode them where hostile files are decoded.
    """

    kind: str
    dicom_files: tuple[bytes, ...] = attrs.field(repr=False)
    preview_png: bytes = attrs.field(repr=False)


@attrs.frozen
class OpenedBundle:
    """A bundle whose seal, signature and every digest were checked.

    `signer_name` is the name this program has for a KNOWN key; the practice named in the manifest
    of an UNKNOWN key is only a claim: show `fingerprint`.
    """

    manifest: Manifest
    signer: Signer
    signer_name: str
    fingerprint: str
    images: tuple[OpenedImage, ...]


def open_bundle(
    path: Path,
    passphrase: str,
    *,
    today: date | None = None,
    known_keys: Mapping[bytes, str] | None = None,
) -> OpenedBundle:
    """Open, authenticate and check a bundle.

    Parameters
    ----------
    passphrase : str
        The words, however they are spaced, or an ``AGE-SECRET-KEY-1…``.
    today : date, optional
        The day to hold against the expiry date; by default the clock's.
    known_keys : mapping of bytes to str
        Ed25519 public keys (32 bytes) of senders and their names.

    Raises
    ------
    NotAuthentic
        Wrong passphrase, or a damaged file.
    BundleUnknown, BundleTooLarge, BundleDamaged, BundleForged, BundleExpired, BundleNotRead
        As they say.
    """
    return open_content(_read(path), passphrase, today=today, known_keys=known_keys)


def open_content(
    sealed: bytes,
    passphrase: str,
    *,
    today: date | None = None,
    known_keys: Mapping[bytes, str] | None = None,
) -> OpenedBundle:
    """Open a bundle's bytes; see `open_bundle`."""
    if not sealed.startswith(_MAGIC):
        raise BundleUnknown(
            "This file is not a sealed share.", "Choose the file that you were sent."
        )
    files = unpack(_unsealed(sealed, passphrase))
    content, signature = files.pop(manifests.NAME, b""), files.pop(manifests.SIGNATURE_NAME, b"")
    manifest = manifests.from_bytes(content)
    key = manifests.check(manifest, content, signature)
    _check_files(manifest, files)
    if manifest.expires is not None and (today or _today()) > manifest.expires:
        raise BundleExpired(manifest.expires.isoformat())
    name = (known_keys or {}).get(key)
    signer = Signer.UNKNOWN if name is None else Signer.KNOWN
    fingerprint = manifests.fingerprint_of(key)
    return OpenedBundle(manifest, signer, name or "", fingerprint, _images(manifest, files))


def _today() -> date:
    return datetime.now().astimezone().date()


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BundleTooLarge("This share is larger than can be opened here.")
        return path.read_bytes()
    except OSError as fault:
        raise BundleNotRead("The file could not be read.", "Check where it lies.") from fault


def _unsealed(sealed: bytes, passphrase: str) -> bytes:
    typed = passphrase.strip()
    if typed.upper().startswith(_IDENTITY):
        return agefile.open_with_identity(sealed, typed.upper())
    if not typed:
        raise UserError("No passphrase was given.", "Type the words that the sender told you.")
    return agefile.open_with_passphrase(sealed, tidied(typed))


def _check_files(manifest: Manifest, files: Mapping[str, bytes]) -> None:
    """Hold every file against its digest, and every name against those the manifest uses."""
    listed = {file.name: file for file in manifest.files}
    used = [name for image in manifest.images for name in (*image.files, image.preview)]
    places_fit = all(
        image.preview.startswith(_PREVIEW)
        and image.files
        and all(name.startswith(_IMAGE) for name in image.files)
        for image in manifest.images
    )
    if (
        not places_fit
        or len(listed) != len(manifest.files)
        or set(listed) != set(files)
        or sorted(used) != sorted(files)
    ):
        raise BundleDamaged
    for name, content in files.items():
        entry = listed[name]
        if len(content) != entry.size_bytes or digest(content).hex() != entry.sha256:
            raise BundleDamaged


def _images(manifest: Manifest, files: Mapping[str, bytes]) -> tuple[OpenedImage, ...]:
    return tuple(
        OpenedImage(image.kind, tuple(files[name] for name in image.files), files[image.preview])
        for image in manifest.images
    )
