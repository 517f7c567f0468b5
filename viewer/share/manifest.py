"""What a bundle holds, who made it for whom, and the signature over all of it."""

from __future__ import annotations

from datetime import date, datetime

import attrs


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
