"""Where a file to be read comes from: a folder, or an archive that is unpacked as it is read."""

from __future__ import annotations

import os
from pathlib import Path

import attrs

from viewer.ingest.errors import FileRefused
from viewer.ingest.files import open_plain
from viewer.ingest.hosts.open_file import start_of
from viewer.ingest.protocol import Entry
from viewer.ingest.sniff import START_BYTES, FileKind, sniff

_CHANGED = "The file was changed while it was read."


@attrs.define(eq=False)
class Opened:
    """A file of ours that is open, and which entry of it is meant where it is an archive."""

    file: int
    within: tuple[Entry, ...] = ()
    kind: FileKind = FileKind.OTHER
    size_bytes: int = 0

    def close(self) -> None:
        """Close it; more than once is no harm."""
        if self.file >= 0:
            os.close(self.file)
            self.file = -1


def _stamp_of(path: Path) -> tuple[int, ...]:
    try:
        about = path.lstat()
    except OSError:
        return (0, 0, -1, 0)  # opening it will tell
    return (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns)


@attrs.define(eq=False)
class Source:
    """One file to be read.

    `path` is on disk; `within` leads through archives to an entry, the outermost first. What is
    inside an archive has a name for the eyes alone: no path is ever made of it.
    """

    path: Path
    within: tuple[Entry, ...] = ()
    _stamp: tuple[int, ...] = ()
    _known_kind: FileKind | None = attrs.field(default=None, init=False)

    @property
    def name(self) -> str:
        """The bare name, for the eyes and as a hint where the content does not tell."""
        return self.within[-1].bare_name if self.within else self.path.name

    @property
    def shown(self) -> Path:
        """What a person is told of where it lay; never opened."""
        return self.path.joinpath(*(entry.bare_name for entry in self.within))

    @property
    def place(self) -> tuple[object, ...]:
        """Where it lies, its own name last and without case: to find files beside each other."""
        if not self.within:
            return (str(self.path.parent), self.name.casefold())
        *folders, name = self.within[-1].names or ("?",)
        outer = tuple(entry.start for entry in self.within[:-1])
        return (str(self.path), outer, tuple(folders), name.casefold())

    @property
    def identity(self) -> tuple[object, ...]:
        """What tells it from every other file of one import."""
        return (str(self.path), tuple(entry.start for entry in self.within))

    @property
    def token(self) -> str:
        """What tells this file, as it is now, from every other one at any time.

        It holds the file's name: only a digest of it may be kept.
        """
        _, _, size, modified = self._stamp or _stamp_of(self.path)
        starts = (entry.start for entry in self.within)
        return "\0".join(map(str, (self.path, size, modified, *starts)))

    @property
    def archive(self) -> tuple[object, ...]:
        """What tells the archive that it lies in from every other one."""
        return (str(self.path), tuple(entry.start for entry in self.within[:-1]))

    def inner(self, entry: Entry) -> Source:
        """Return a file in this archive; it counts as changed if the archive does."""
        return Source(self.path, (*self.within, entry), self._stamp)

    def open(self) -> Opened:
        """Open it; the caller closes it.

        Raises
        ------
        FileRefused
            It is no plain file, cannot be opened, or is not the file that it was before.
        """
        opened = Opened(open_plain(self.path), self.within)
        try:
            self._check_same(opened.file)
            opened.kind = self._kind(opened.file)
            opened.size_bytes = self.within[-1].size_bytes if self.within else self._stamp[2]
        except BaseException:
            opened.close()
            raise
        return opened

    def _check_same(self, file: int) -> None:
        about = os.fstat(file)
        stamp = (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns)
        if self._stamp and stamp != self._stamp:
            raise FileRefused(_CHANGED)
        self._stamp = stamp

    def _kind(self, file: int) -> FileKind:
        if self.within:
            return self.within[-1].kind
        if self._known_kind is None:  # it is the same file each time, or it is refused
            self._known_kind = sniff(start_of(file, START_BYTES), self.name, self._stamp[2])
        return self._known_kind
