"""Opening a bundle without an account: read-only, in memory, nothing kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import Enum
from pathlib import Path

import attrs

from viewer.share.manifest import Manifest


class Signer(Enum):
    """What is known about the key that signed."""

    KNOWN = "known"
    UNKNOWN = "unknown"


@attrs.frozen
class OpenedImage:
    """One image of a bundle: complete DICOM files (one for each instance) and a PNG preview."""

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
    known_keys : mapping of bytes to str
        Ed25519 public keys (32 bytes) of senders and their names.

    Raises
    ------
    NotAuthentic
        Wrong passphrase, or a damaged file.
    BundleUnknown, BundleTooLarge, BundleDamaged, BundleForged, BundleExpired
        As they say.
    """
    raise NotImplementedError
