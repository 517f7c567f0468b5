"""Looking at a store whose disk can only be read: for an emergency, and for nothing else.

The list of images, which is encrypted, is copied to where something can be written (in memory, on
most systems); the images stay where they are and are only read. What is noted in the copy is
thrown away with it, and its head is never kept, so that the store itself goes on as it was.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from viewer.app import forking
from viewer.session.keystore import KeyStore
from viewer.vault.errors import StoreFault
from viewer.vault.layout import Layout
from viewer.vault.lock import StoreLock
from viewer.vault.records import VaultKeys
from viewer.vault.store import Vault

_PREFIX = "bitewing-emergency-"
_STALE_S = 3600
_COPIED = ("vault.json", "catalog.db", "catalog.db-wal")


class Shadow:
    """An open copy of the list of images beside the store's own images; `close` removes it.

    Raises
    ------
    StoreFault
        Nothing can be written anywhere.
    StoreDamaged, WrongKey, RolledBack
        The store itself cannot be opened.
    """

    def __init__(
        self, folder: Path, keystore: KeyStore, keys: VaultKeys, places: Sequence[Path]
    ) -> None:
        self._place = _copied(folder, places)
        try:
            expected = forking.outside_head(keystore, keys.practice_id)
            self.vault = Vault.open(self._place, keys, expected)
        except BaseException:
            self._remove()
            raise

    def close(self) -> None:
        """Forget it."""
        try:
            self.vault.close()
        finally:
            self._remove()

    def _remove(self) -> None:
        (self._place / "objects").unlink(missing_ok=True)  # the link, never what it leads to
        shutil.rmtree(self._place, ignore_errors=True)


def require_free(folder: Path) -> None:
    """Return only if no other program has the store open; a disk that is only read has none.

    Raises
    ------
    StoreInUse
        One has.
    """
    with suppress(StoreFault):
        StoreLock(Layout(folder).lock).release()


def remove_leftovers(places: Sequence[Path]) -> None:
    """Remove what a killed program left, once no other's half hour can use it any more."""
    for place in _usable(places):
        for left in place.glob(f"{_PREFIX}*"):
            with suppress(OSError):
                if time.time() - left.stat().st_mtime > _STALE_S:
                    (left / "objects").unlink(missing_ok=True)
                    shutil.rmtree(left, ignore_errors=True)


def _copied(folder: Path, places: Sequence[Path]) -> Path:
    for place in _usable(places):
        try:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            copy = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
        except OSError:
            continue
        try:
            for name in _COPIED:
                if (folder / name).exists():
                    shutil.copyfile(folder / name, copy / name)
            there = (folder / "objects").absolute()
            (copy / "objects").symlink_to(there, target_is_directory=True)
        except OSError:
            shutil.rmtree(copy, ignore_errors=True)
            continue
        return copy
    raise StoreFault


def _usable(places: Sequence[Path]) -> list[Path]:
    """The last place first: it is in memory on most systems."""
    try:
        return [*reversed(places), Path(tempfile.gettempdir())]
    except FileNotFoundError:
        return list(reversed(places))
