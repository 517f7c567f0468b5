"""Looks at a watched folder: which files are whole by now, and whether it can be reached.

A file is taken once its size and time did not change between two looks that lie some seconds
apart, nobody has it open for writing (where the system can say so), and everything beside it came
to rest as well, so that a series is not taken in two halves. No thread, no clock of its own: who
looks says when. Nothing is opened but to ask whether it is being written.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path

import attrs

from viewer.app.watching.folders import WatchedFolder
from viewer.ingest.files import is_link
from viewer.ingest.hosts.in_use import is_being_written

SETTLED_S = 4.0
"""For so long a file must not change."""

PATIENCE_S = 120.0
"""For so long a file that is whole waits for others beside it that still change."""

MOST_ENTRIES = 20_000
_DEEPEST = 12
_UNFINISHED = (".part", ".tmp", ".temp", ".crdownload", ".partial", ".filepart", ".lock")
_HIDDEN = (".", "~$", "Thumbs.db", "desktop.ini")


Stamp = tuple[int, int, int]
"""Size in bytes, time of change in ns, number."""


class Reach(Enum):
    """How a watched folder stands."""

    WATCHED = "watched"
    AWAY = "cannot be reached"
    LINK = "was replaced by a link to another place"
    TOO_FULL = "holds too many files to be watched"


@attrs.frozen
class Whole:
    """A file that is ready; `token` tells it from every other one at any time."""

    path: Path
    token: str


@attrs.frozen
class Look:
    """What one look found. `waiting` counts files that are not whole yet."""

    reach: Reach
    ready: tuple[Whole, ...] = ()
    waiting: int = 0
    present: frozenset[str] = frozenset()
    """The digests of all files that are there."""


@attrs.define
class _File:
    stamp: Stamp
    since: float
    whole_since: float | None = None


class TooMany(Exception):
    """A folder holds more than is watched."""


class FolderLooks:
    """Remembers, from look to look, what a folder held. One thread at a time."""

    def __init__(
        self,
        folder: WatchedFolder,
        is_written: Callable[[Path], bool] = is_being_written,
    ) -> None:
        self.folder = folder
        self._is_written = is_written
        self._files: dict[Path, _File] = {}

    def look(self, now: float, seen: frozenset[str]) -> Look:
        """Look once.

        Parameters
        ----------
        now : float
            Seconds, on a clock that does not go back.
        seen : frozenset of str
            Digests of files that were dealt with.
        """
        root = self.folder.folder
        try:
            if is_link(root):
                return self._nothing(Reach.LINK)
            found = dict(_walk(root))
        except TooMany:
            return self._nothing(Reach.TOO_FULL)
        except OSError:
            return self._nothing(Reach.AWAY)
        tokens = {path: _token(path, stamp) for path, stamp in found.items()}
        digests = {path: self.folder.digest_of(token) for path, token in tokens.items()}
        fresh = {path: found[path] for path in found if digests[path] not in seen}
        self._note(fresh, now)
        ready = [path for group in self._groups() for path in self._ready_in(group, now)]
        return Look(
            Reach.WATCHED,
            tuple(Whole(path, tokens[path]) for path in ready),
            len(fresh) - len(ready),
            frozenset(digests.values()),
        )

    def _nothing(self, reach: Reach) -> Look:
        """Forget what was known: a folder that comes back is looked at from the beginning."""
        self._files.clear()
        return Look(reach)

    def _note(self, fresh: dict[Path, Stamp], now: float) -> None:
        for path in [path for path in self._files if path not in fresh]:
            del self._files[path]
        for path, stamp in fresh.items():
            known = self._files.get(path)
            if known is None or known.stamp != stamp:
                self._files[path] = _File(stamp, now)

    def _groups(self) -> list[list[Path]]:
        """Return the files that lie together: loose ones, and each folder with all below it."""
        groups: dict[str, list[Path]] = {}
        for path in sorted(self._files):
            parts = path.relative_to(self.folder.folder).parts
            groups.setdefault(parts[0] if len(parts) > 1 else "", []).append(path)
        return list(groups.values())

    def _ready_in(self, group: list[Path], now: float) -> list[Path]:
        whole = [path for path in group if self._is_whole(path, now)]
        if len(whole) == len(group):
            return whole
        return [path for path in whole if now - (self._files[path].whole_since or now) > PATIENCE_S]

    def _is_whole(self, path: Path, now: float) -> bool:
        file = self._files[path]
        is_settled = now - file.since >= SETTLED_S and file.stamp[0] > 0
        if not is_settled or self._is_written(path):
            file.whole_since = None
            return False
        if file.whole_since is None:
            file.whole_since = now
        return True


def _token(path: Path, stamp: Stamp) -> str:
    """Return the same as `Source.token` of a file on disk."""
    return "\0".join(map(str, (path, stamp[0], stamp[1])))


def _walk(root: Path) -> Iterator[tuple[Path, Stamp]]:
    """Yield plain files with size, time of change and number; links are passed by.

    Raises
    ------
    OSError
        The folder itself cannot be read.
    TooMany
    """
    folders = [(root, 0)]
    count = 0
    while folders:
        folder, depth = folders.pop()
        for entry in _entries(folder, root):
            count += 1
            if count > MOST_ENTRIES:
                raise TooMany
            stamp = _stamp_of(entry)
            if stamp is not None:
                yield Path(entry.path), stamp
            elif depth < _DEEPEST and _is_folder(entry):
                folders.append((Path(entry.path), depth + 1))


def _entries(folder: Path, root: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            entries = [entry for entry in found if not _is_passed_by(entry.name)]
    except OSError:
        if folder == root:
            raise
        return []
    return sorted(entries, key=lambda entry: entry.name)


def _is_passed_by(name: str) -> bool:
    return name.startswith(_HIDDEN) or name.lower().endswith(_UNFINISHED)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return not is_link(entry) and entry.is_dir(follow_symlinks=False)


def _stamp_of(entry: os.DirEntry[str]) -> Stamp | None:
    """Return what tells whether a plain file changes; None for anything else."""
    try:
        if is_link(entry) or not entry.is_file(follow_symlinks=False):
            return None
        about = entry.stat(follow_symlinks=False)
    except OSError:
        return None  # it went away
    return about.st_size, about.st_mtime_ns, about.st_ino
