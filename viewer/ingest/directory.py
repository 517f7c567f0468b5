"""A disc's table of contents (DICOMDIR): read in the decoding child, resolved in the parent.

The child reads all directory records in the order in which they lie in the file and follows none
of their offsets, so that loops among them lead nowhere. Source: PS3.3 F.3, PS3.10 8.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import attrs
from pydicom.dataset import Dataset
from pydicom.filereader import dcmread
from pydicom.multival import MultiValue

from viewer.dicom.errors import Malformed
from viewer.dicom.parse import parse
from viewer.ingest.files import is_link
from viewer.ingest.hosts.port import Handed
from viewer.ingest.protocol import Directory, NamedFile
from viewer.model.json import to_json

MAX_FILES = 200_000
"""A table of contents may name so many files."""

_BESIDE = "Import the whole disc: the files on it are read all the same."
_MOST_PARTS = 32
_MOST_LETTERS = 255
_OUTSIDE = re.compile(r'[\0-\x1f\x7f/\\:*?"<>|]')
_VERSION = re.compile(r";\d{1,5}$")

Names = tuple[str, ...]


def read_directory(_job: dict[str, Any], handed: Handed) -> dict[str, Any]:
    """Say which files a table of contents names (a job of the child).

    Raises
    ------
    Malformed
        It names none: nothing is left of it, or nothing was in it.
    """
    files = {}
    for record in _records(_header(handed.whole())):
        if names := _names_of(record):
            uid = record.get("ReferencedSOPInstanceUIDInFile") or record.get("SOPInstanceUID")
            files[names] = NamedFile(names, str(uid or ""))
    if not files:
        raise Malformed("This disc's table of contents names no file.", _BESIDE)
    return {"directory": to_json(Directory(tuple(files.values())))}


def _header(content: memoryview) -> Dataset:
    """Parse it; a table that was cut or changed is read as far as it goes."""
    try:
        return parse(content).header
    except Malformed:
        return dcmread(BytesIO(content), force=True)


def _records(header: Dataset) -> list[Dataset]:
    records = header.get("DirectoryRecordSequence")
    if records is None:
        return []
    if len(records) > MAX_FILES:
        raise Malformed("The disc's table of contents is longer than any real one.")
    return list(records)


def _names_of(record: Dataset) -> Names:
    """Return the parts of a file's place; nothing where a record has none or is out of use."""
    if record.get("RecordInUseFlag") == 0:
        return ()
    value = record.get("ReferencedFileID")
    parts = value if isinstance(value, (MultiValue, list)) else [value or ""]
    # Some writers put a whole path with slashes into one part.
    names = [name for part in parts for name in re.split(r"[/\\]", str(part).strip())]
    return tuple(names) if any(names) else ()


def is_within(names: Names) -> bool:
    """Whether the parts can only name something below the folder they are resolved in.

    >>> is_within(("..", "secret"))
    False
    """
    return 0 < len(names) <= _MOST_PARTS and all(_is_plain(name) for name in names)


def _is_plain(name: str) -> bool:
    if not name or len(name) > _MOST_LETTERS or _OUTSIDE.search(name):
        return False
    return bool(name.strip(". "))


def plain_name(name: str) -> str:
    """Return a name as all discs agree on it: no case, no version, no trailing dot (ISO 9660).

    >>> plain_name("IM000001.;1")
    'im000001'
    """
    return _VERSION.sub("", name).rstrip(".").casefold()


@attrs.frozen(eq=False)
class _Folder:
    """What a folder lists, without links: by its names, and by what discs agree on."""

    exact: dict[str, os.DirEntry[str]]
    plain: dict[str, os.DirEntry[str]]


class Disc:
    """A folder in which the places that a table of contents names are looked up.

    Names are matched with what the folders list, so that no path is ever made of a name that
    came from a file; links are as if they were not there.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[Path, _Folder] = {}

    def find(self, names: Names) -> Path | None:
        """Return the file of this place, or None where there is no plain one."""
        folder = self._root
        for name in names[:-1]:
            entry = self._entry(folder, name)
            if entry is None or not entry.is_dir(follow_symlinks=False):
                return None
            folder = Path(entry.path)
        entry = self._entry(folder, names[-1])
        if entry is None or not entry.is_file(follow_symlinks=False):
            return None
        return Path(entry.path)

    def beside(self, path: Path) -> Iterator[Path]:
        """Yield the plain files in the same folder; of the disc's own folder, none."""
        if path.parent != self._root:
            for _, entry in sorted(self._folder(path.parent).exact.items()):
                if entry.is_file(follow_symlinks=False):
                    yield Path(entry.path)

    def _entry(self, folder: Path, name: str) -> os.DirEntry[str] | None:
        listed = self._folder(folder)
        return listed.exact.get(name) or listed.plain.get(plain_name(name))

    def _folder(self, path: Path) -> _Folder:
        known = self._known.get(path)
        if known is None:
            known = self._known[path] = _listed(path)
        return known


def _listed(path: Path) -> _Folder:
    try:
        with os.scandir(path) as entries:
            exact = {entry.name: entry for entry in entries if not is_link(entry)}
    except OSError:
        exact = {}
    return _Folder(exact, {plain_name(name): exact[name] for name in sorted(exact, reverse=True)})
