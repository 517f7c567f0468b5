"""A folder as a medium of DICOM images has it, written whole or not at all.

``DICOMDIR``, ``IMAGES/00000001`` and so on for DICOM, ``OTHER/00000001.PDF`` for what is none, and
``SHA256.TXT`` with the digest of each, as ``sha256sum`` prints them. No name comes from inside a
file. It is written under a hidden name beside the destination, which it gets when all is there.
"""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import attrs

from viewer.app.dicom_files import LeavingFile
from viewer.app.errors import DestinationFault, DestinationRefused
from viewer.crypto.derive import digest
from viewer.dicom.errors import DicomRefused
from viewer.dicom.media import Listed, directory, listed

_IMAGES, _OTHER, _DIGESTS = "IMAGES", "OTHER", "SHA256.TXT"


@attrs.frozen
class WrittenFolder:
    """What was written: how much, and the digest of the list of digests."""

    files: int
    size_bytes: int
    sha256: str


def refuse_folder(destination: Path) -> None:
    """Raise `DestinationRefused` where a folder cannot or should not be written."""
    if not destination.parent.is_dir():
        raise DestinationRefused("The folder above does not exist.", "Choose an existing folder.")
    if destination.exists() or destination.is_symlink():
        raise DestinationRefused("There is something of this name already.", "Choose another name.")


class FolderWriter:
    """Writes one folder; a context manager. What is not published is removed."""

    def __init__(self, destination: Path) -> None:
        refuse_folder(destination)
        self._destination = destination
        self._part = destination.parent / f".{secrets.token_hex(8)}.part"
        self._listed: list[Listed] = []
        self._lines: list[str] = []
        self._size_bytes = 0
        self._others = 0

    def __enter__(self) -> Self:
        try:
            self._part.mkdir(mode=0o700)
        except OSError as fault:
            raise DestinationFault from fault
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(FileNotFoundError):
            shutil.rmtree(self._part)

    @property
    def files(self) -> int:
        """How many were written so far."""
        return len(self._lines)

    def add(self, file: LeavingFile) -> None:
        """Write one file.

        Raises
        ------
        DestinationFault
            The disk failed.
        """
        if not file.is_dicom:
            self._others += 1
            self._write((_OTHER, f"{self._others:08d}.{file.suffix}"), file.content)
            return
        place = (_IMAGES, f"{len(self._listed) + 1:08d}")
        self._write(place, file.content)
        self._listed.append(_listed(place, file.content))

    def publish(self) -> WrittenFolder:
        """Add what lists the files, and give the folder its name.

        Raises
        ------
        DestinationRefused
            There is something of this name now.
        DestinationFault
            The disk failed; nothing is left.
        """
        if self._listed:
            self._write(("DICOMDIR",), memoryview(directory(self._listed)))
        files = len(self._lines)
        lines = "".join(self._lines).encode("ascii")
        self._write((_DIGESTS,), memoryview(lines))
        refuse_folder(self._destination)
        try:
            _sync_folders(self._part)
            self._part.rename(self._destination)
            _sync(self._destination.parent)
        except OSError as fault:
            raise DestinationFault from fault
        return WrittenFolder(files, self._size_bytes, digest(lines).hex())

    def _write(self, place: tuple[str, ...], content: memoryview) -> None:
        path = self._part.joinpath(*place)
        try:
            path.parent.mkdir(exist_ok=True)
            with path.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except OSError as fault:
            raise DestinationFault from fault
        self._size_bytes += content.nbytes
        self._lines.append(f"{digest(content).hex()}  {'/'.join(place)}\n")


def _listed(place: tuple[str, ...], content: memoryview) -> Listed:
    try:
        return listed(place, content)
    except DicomRefused:
        return attrs.evolve(_NAMELESS, file_id=place)


_NAMELESS = Listed(("",), ("",) * 4, ("",) * 5, ("",) * 4, "", "", "", "")


def _sync_folders(top: Path) -> None:
    for folder, _, _ in os.walk(top):
        _sync(Path(folder))


def _sync(folder: Path) -> None:
    if os.name == "posix":
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
