"""Which folders this workstation watches: kept sealed, in the encrypted catalog."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from pathlib import Path

import attrs

from viewer.ingest.files import is_link
from viewer.model.errors import UserError
from viewer.model.image import ImageKind
from viewer.model.json import from_json, to_json
from viewer.vault.records import SettingScope
from viewer.vault.store import Vault

_SETTING = "watched folders"
_SEEN = "watched folder, seen: "
_DIGEST_BYTES = 12
MOST_FOLDERS = 32
REMOVING = (
    "Each file is removed once it is sealed and was read back. Deleting takes a name away and no "
    "more: what lay on that disk may be found until it is written over."
)
_MOST_LETTERS = 60


class FolderRefused(UserError):
    """A folder cannot be watched."""


class Afterwards(Enum):
    """What becomes of a file in a watched folder once it is sealed."""

    LEAVE = "left where they are"
    REMOVE = "removed once they are sealed and read back"


@attrs.frozen
class WatchedFolder:
    """One folder, and the device that writes into it.

    `kind` is what its pictures are where they do not say it themselves. Digests of files that
    were dealt with are made under `salt`. `since`: when it was set up.
    """

    id: str
    device: str
    path: str = attrs.field(repr=False)
    after: Afterwards = Afterwards.LEAVE
    kind: ImageKind | None = None
    since: datetime | None = None
    salt: str = attrs.field(default="", repr=False)

    @property
    def folder(self) -> Path:
        """Where it is."""
        return Path(self.path)

    def digest_of(self, token: str) -> str:
        """Return a file's identity so that it tells nothing: neither a name nor a folder."""
        keyed = hashlib.blake2b(token.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES)
        keyed.update(bytes.fromhex(self.salt))
        return keyed.hexdigest()


@attrs.frozen
class _Kept:
    folders: tuple[WatchedFolder, ...] = ()


@attrs.frozen
class _Seen:
    digests: tuple[str, ...] = ()


def watched_folders(vault: Vault) -> tuple[WatchedFolder, ...]:
    """Return all, in the order in which they were set up."""
    text = vault.setting(SettingScope.WORKSTATION, _SETTING)
    try:
        return from_json(text, _Kept).folders if text else ()
    except ValueError:
        return ()


def watched_folder(vault: Vault, folder_id: str) -> WatchedFolder:
    """Return one.

    Raises
    ------
    FolderRefused
        It is not watched (any more).
    """
    found = next((each for each in watched_folders(vault) if each.id == folder_id), None)
    if found is None:
        raise FolderRefused("This folder is not watched any more.")
    return found


def add_folder(
    vault: Vault,
    path: Path,
    device: str,
    after: Afterwards,
    kind: ImageKind | None,
    now: datetime,
) -> WatchedFolder:
    """Watch one more folder.

    Raises
    ------
    FolderRefused
        It is no folder of its own, is watched already, or holds or lies in one that is.
    """
    device = " ".join(device.split())
    if not device or len(device) > _MOST_LETTERS or not device.isprintable():
        raise FolderRefused("The device needs a name.", "Use up to 60 letters.")
    folder = require_folder(path)
    known = watched_folders(vault)
    if len(known) >= MOST_FOLDERS:
        raise FolderRefused("There are too many watched folders.", "Stop watching another first.")
    for each in known:
        if _overlap(each.folder, folder):
            raise FolderRefused(
                "This folder is watched already, lies in one that is, or holds one.",
                "Choose a folder that one device alone writes into.",
            )
    made = WatchedFolder(
        secrets.token_hex(8), device, str(folder), after, kind, now, secrets.token_hex(16)
    )
    _keep(vault, (*known, made))
    return made


def remove_folder(vault: Vault, folder_id: str) -> WatchedFolder:
    """Watch one no more; what it brought stays.

    Raises
    ------
    FolderRefused
        It is not watched.
    """
    gone = watched_folder(vault, folder_id)
    _keep(vault, tuple(each for each in watched_folders(vault) if each.id != folder_id))
    vault.set_setting(SettingScope.WORKSTATION, _SEEN + folder_id, None)
    return gone


def seen_in(vault: Vault, folder: WatchedFolder) -> frozenset[str]:
    """Return digests of the files that were dealt with and were still there then."""
    text = vault.setting(SettingScope.WORKSTATION, _SEEN + folder.id)
    try:
        return frozenset(from_json(text, _Seen).digests) if text else frozenset()
    except ValueError:
        return frozenset()


def keep_seen(vault: Vault, folder: WatchedFolder, digests: Iterable[str]) -> None:
    """Keep which files were dealt with."""
    text = to_json(_Seen(tuple(sorted(digests))))
    vault.set_setting(SettingScope.WORKSTATION, _SEEN + folder.id, text)


def require_folder(path: Path) -> Path:
    """Return a folder's full place.

    Raises
    ------
    FolderRefused
        It is none, a link, or as wide as a disk or somebody's home.
    """
    folder = Path(path).absolute()
    try:
        is_stand_in = is_link(folder)
        is_folder = folder.is_dir()
    except OSError:
        is_stand_in, is_folder = False, False
    if is_stand_in:
        raise FolderRefused("This is a link to another place.", "Choose the folder itself.")
    if not is_folder:
        raise FolderRefused("This folder cannot be reached.", "Connect it, then try again.")
    if folder == Path(folder.anchor) or folder == Path.home():
        raise FolderRefused(
            "This is a whole disk or home folder.", "Choose the folder that the device writes into."
        )
    return folder


def _overlap(one: Path, other: Path) -> bool:
    return one == other or one in other.parents or other in one.parents


def _keep(vault: Vault, folders: tuple[WatchedFolder, ...]) -> None:
    vault.set_setting(SettingScope.WORKSTATION, _SETTING, to_json(_Kept(folders)))
