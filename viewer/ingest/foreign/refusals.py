"""Why a photo is not taken. In the decoding child."""

from __future__ import annotations

from viewer.model.errors import UserError


class PhotoRefused(UserError):
    """This photo is not read; the message is the plain reason.

    `is_damage` says that the file contradicts itself or asks for more than any real one.
    """

    def __init__(self, what: str, now: str = "", *, is_damage: bool = False) -> None:
        super().__init__(what, now)
        self.is_damage = is_damage


def too_large() -> PhotoRefused:
    """Refuse a picture whose header asks for more room than any real one."""
    return PhotoRefused("The picture is larger than any real one.", is_damage=True)


def damaged() -> PhotoRefused:
    """Refuse a file that contradicts itself."""
    return PhotoRefused("The file is damaged and cannot be read.", is_damage=True)
