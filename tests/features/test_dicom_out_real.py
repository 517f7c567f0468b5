"""Every real file that comes in goes out again, element by element as it was.

Files that bear the same identity are imported one after the other: together, one would be a
duplicate. What does not come in has its reason elsewhere (`test_every_real_file`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import data_store
import pytest

from tests.support.dicom_twice import Held, apart, batches, dicom_files
from viewer.app.dicom_files import files_of
from viewer.ingest.arrival import Arrival, KeptFile
from viewer.ingest.importer import read
from viewer.redact.quiet import quiet_pydicom

PYDICOM = Path(str(files("pydicom"))) / "data"
PYDICOM_DATA = Path(data_store.__file__).parent / "data"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SHARED = ("dicom", "dental", "ct-geometry/philips_phantom_5mm")


def _leaving(paths: list[Path]) -> dict[Path, bytes]:
    """Import some files and let them out again; what leaves, by the file that it came of."""
    out: dict[Path, bytes] = {}
    for one in read(paths, progress=lambda *_: None, is_cancelled=lambda: False):
        if isinstance(one, (Arrival, KeptFile)):
            held = Held(one)
            left = files_of(held, held.record, one.patient, NOW, lambda: False)  # type: ignore[arg-type]
            for token, file in zip(one.sources, left, strict=True):
                out[Path(token.split("\0")[0])] = bytes(file.content)
    return out


def _differing(paths: list[Path]) -> tuple[int, dict[str, object]]:
    wrong: dict[str, object] = {}
    count = 0
    for batch in batches(paths):
        left = _leaving(batch)
        count += len(left)
        for path, content in left.items():
            if differences := apart(path.read_bytes(), content):
                wrong[path.name] = differences[:3]
    return count, wrong


@pytest.mark.parametrize("folder", [PYDICOM, PYDICOM_DATA], ids=["pydicom", "pydicom-data"])
def test_what_pydicom_ships_leaves_as_it_came(folder: Path) -> None:
    with quiet_pydicom():
        count, wrong = _differing(dicom_files(folder))
    assert wrong == {}
    assert count > 60


def test_what_the_shared_folder_holds_leaves_as_it_came(shared_data: Path) -> None:
    with quiet_pydicom():
        count, wrong = _differing(dicom_files(*(shared_data / each for each in SHARED)))
    assert wrong == {}
    assert count > 150
