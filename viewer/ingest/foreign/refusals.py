"""Why a photo is not taken. In the decoding child."""

from __future__ import annotations

from viewer.model.errors import UserError


class PhotoRefused(UserError):
    """This photo is not read; the message is the plain reason."""


def too_large() -> PhotoRefused:
    """Refuse a picture whose header asks for more room than any real one."""
    return PhotoRefused("The picture is larger than any real one.")


def damaged() -> PhotoRefused:
    """Refuse a file that contradicts itself."""
    return PhotoRefused("The file is damaged and cannot be read.")
