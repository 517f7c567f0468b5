"""What is measured against: the same plain files read by libraries that everybody uses.

Each is given the files in their order, which it would otherwise have to find out.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Protocol

import numpy as np
import pydicom
from numpy.typing import NDArray

from viewer.bench.errors import PeerMissing


class Peer(Protocol):
    """Reads plain DICOM files."""

    @property
    def name(self) -> str:
        """What people call it."""

    def read_plane(self, path: Path) -> NDArray[np.generic]:
        """Return the (rows, columns) values of one file."""

    def read_series(self, paths: Sequence[Path]) -> NDArray[np.generic]:
        """Return the (planes, rows, columns) values of files in order."""


class Pydicom:
    """pydicom, its planes stacked by numpy."""

    name = "pydicom"

    def read_plane(self, path: Path) -> NDArray[np.generic]:
        """Return the (rows, columns) values of one file."""
        return pydicom.dcmread(path).pixel_array

    def read_series(self, paths: Sequence[Path]) -> NDArray[np.generic]:
        """Return the (planes, rows, columns) values of files in order."""
        return np.stack([self.read_plane(path) for path in paths])

    def decode(self, content: bytes) -> NDArray[np.generic]:
        """Return the (rows, columns) values of a file that is in memory already."""
        return pydicom.dcmread(BytesIO(content)).pixel_array


class _Memory:
    """The memory of an image, and the image itself: SimpleITK's own views don't keep it alive."""

    def __init__(self, image: object, view: NDArray[np.generic]) -> None:
        self.image = image
        self.__array_interface__ = view.__array_interface__


class SimpleItk:
    """SimpleITK's reader of image series.

    Raises
    ------
    PeerMissing
        It is not installed.
    """

    name = "SimpleITK"

    def __init__(self) -> None:
        if find_spec("SimpleITK") is None:
            raise PeerMissing(self.name)
        import SimpleITK

        self._itk = SimpleITK

    def read_plane(self, path: Path) -> NDArray[np.generic]:
        """Return the (rows, columns) values of one file."""
        image = self._itk.ReadImage(str(path))
        plane: NDArray[np.generic] = self._itk.GetArrayViewFromImage(image)[0].copy()
        return plane

    def read_series(self, paths: Sequence[Path]) -> NDArray[np.generic]:
        """Return the (planes, rows, columns) values of files in order: a view, nothing copied."""
        reader = self._itk.ImageSeriesReader()
        reader.SetFileNames([str(path) for path in paths])
        image = reader.Execute()
        return np.asarray(_Memory(image, self._itk.GetArrayViewFromImage(image)))


class FindingSimpleItk(SimpleItk):
    """SimpleITK that lets GDCM find out the series' files and their order, as people use it."""

    name = "SimpleITK, GDCM finding the order"

    def read_series(self, paths: Sequence[Path]) -> NDArray[np.generic]:
        """Return the (planes, rows, columns) values of the files in the folder of the first."""
        names = self._itk.ImageSeriesReader.GetGDCMSeriesFileNames(str(paths[0].parent))
        return super().read_series([Path(name) for name in names])


def peer(name: str) -> Peer:
    """Return a peer by its name.

    Raises
    ------
    PeerMissing
        It is not installed.
    KeyError
        There is none of this name.
    """
    makers: dict[str, type[Pydicom] | type[SimpleItk]] = {
        "pydicom": Pydicom,
        "SimpleITK": SimpleItk,
    }
    return makers[name]()
