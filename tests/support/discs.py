"""Discs with a table of contents as pydicom writes them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.fileset import FileSet

from tests.support import dicom_files


def write_disc(folder: Path, datasets: Sequence[Dataset]) -> Path:
    """Write a disc with these instances below a folder; return its own folder."""
    files = FileSet()
    for path in dicom_files.save(folder, list(datasets)):
        files.add(path)
    with warnings.catch_warnings():
        # pydicom lets go of its temporary folders without ending them.
        warnings.simplefilter("ignore", ResourceWarning)
        files.write(folder / "disc")
        files._stage["t"].cleanup()
    return folder / "disc"
