"""The trail's head outside the store: it convicts who cuts the trail or sets it back."""

from __future__ import annotations

from pathlib import Path

from viewer.session.audit.segment import segment_path, split_head
from viewer.session.errors import NoKeyStore, TrailDamaged
from viewer.session.keystore import Head, KeyStore

HEAD_NAME = "trail"


class OutsideHead:
    """The head of one practice's trail in the key store."""

    def __init__(self, folder: Path, keystore: KeyStore, practice_id: str) -> None:
        self._folder = folder
        self._keystore = keystore
        self._practice_id = practice_id
        self.is_behind = False
        """Whether the last checkpoint could not be kept yet."""

    def read(self) -> Head | None:
        """Return it.

        Raises
        ------
        NoKeyStore
            It cannot be asked.
        """
        return self._keystore.read_head(self._practice_id, HEAD_NAME)

    def compare(self, here: Head) -> None:
        """Compare it with where the trail's file stands.

        Raises
        ------
        TrailDamaged
            The trail was cut, set back or replaced.
        """
        outside = self.read()
        if outside is None or outside.size > here.size:
            raise TrailDamaged("The trail was cut or set back to an earlier state.")
        if outside.size == here.size and outside.digest != here.digest:
            raise TrailDamaged("The trail was replaced by another one.")

    def keep(self, here: Head) -> None:
        """Keep the head; one that is larger already, another process's, stays.

        Raises
        ------
        TrailDamaged
            It covers a segment that is not there any more.
        """
        try:
            outside = self.read()
            if outside is None or outside.size <= here.size:
                self._keystore.write_head(self._practice_id, HEAD_NAME, here)
            elif not segment_path(self._folder, split_head(outside)[0]).exists():
                raise TrailDamaged("The trail was set back while the program ran.")
        except NoKeyStore:
            self.is_behind = True
        else:
            self.is_behind = False
