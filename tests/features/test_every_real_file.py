"""A table, made by a run: each real file read right, kept though not shown, or refused, and why.

Read right means: the same stored values as every independent reader that reads the file (pydicom
alone, dcmtk, SimpleITK, the bare codec), but for the differences that `tests.support.survey`
explains; and at least one of them reads it. The whole table goes to ``build/files.md``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

import data_store
import numpy as np
import pytest
import SimpleITK
from PIL import Image, ImageOps

from tests.support.dicom_twice import dicom_files
from tests.support.survey import EXPLAINED, Outcome, Verdict, verdict
from viewer.ingest.arrival import Arrival, KeptFile, Refusal
from viewer.ingest.importer import read
from viewer.redact.quiet import quiet_pydicom

PYDICOM = Path(str(files("pydicom"))) / "data"
PYDICOM_DATA = Path(data_store.__file__).parent / "data"
TABLE = Path(__file__).resolve().parents[2] / "build" / "files.md"
ROUNDING = 2
"""Levels of 255 by which decoders of photos may differ."""

REFUSED = {
    "JPEG2000-embedded-sequence-delimiter.dcm": "header and codestream differ in size: a test of "
    "finding fragments, whose picture no reader shows",
    "MR_truncated.dcm": "the pixels are cut off: no reader shows all of them",
    "meta_missing_tsyntax.dcm": "no transfer syntax and nothing that begins like a data set",
    "nested_priv_SQ.dcm": "private sequences to test a parser; no rows, no columns",
    "no_meta.dcm": "a data set that ends within an element",
    "rtplan_truncated.dcm": "a data set that ends within an element",
    "dwv-test_no-number-rows.dcm": "made without Rows: no reader shows it",
}
"""Every refusal, and why it is right. A refused file is sealed aside, not lost."""


def _write(title: str, lines: Iterable[str]) -> None:
    """Put a part of the table into its file."""
    TABLE.parent.mkdir(exist_ok=True)
    before = TABLE.read_text("utf-8") if TABLE.exists() else "# Every real file\n"
    parts = [part for part in before.split("\n## ") if not part.startswith(title)]
    TABLE.write_text("\n## ".join([*parts, f"{title}\n\n" + "\n".join(lines) + "\n"]), "utf-8")


def _row(folder: Path, found: Verdict) -> str:
    name = found.path.relative_to(folder).as_posix()
    why = found.reason or "; ".join(EXPLAINED.get((found.path.name, n), "") for n in found.differ)
    if found.outcome is Outcome.REFUSED:
        why = f"{why} ({REFUSED.get(found.path.name, 'no reason written')})"
    readers = ", ".join(found.agree) or ", ".join(found.peers_that_read) or "none"
    return f"| {name} | {found.outcome.value} | {readers} | {found.apart:g} | {why} |"


def _surveyed(title: str, folder: Path, paths: list[Path]) -> list[Verdict]:
    with quiet_pydicom():
        found = [verdict(path) for path in paths]
    counts = Counter(each.outcome.value for each in found)
    head = ["| file | here | the same in | apart | why |", "|---|---|---|---|---|"]
    told = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
    _write(title, [f"{told}.", "", *head, *(_row(folder, each) for each in found)])
    return found


def _require_right(found: list[Verdict]) -> None:
    wrong = {each.path.name: (each.differ, each.apart) for each in found if each.is_wrong}
    assert wrong == {}, "other readers see other pixels"
    alone = [each.path.name for each in found if each.outcome is Outcome.READ and not each.agree]
    assert alone == [], "nobody else reads these: nothing says that they are right"
    refused = {each.path.name for each in found if each.outcome is Outcome.REFUSED}
    assert refused <= set(REFUSED), "a refusal without a written reason"
    assert not [e for e in found if e.outcome is Outcome.REFUSED and e.peers_that_read]


@pytest.mark.parametrize(
    ("title", "folder", "least"),
    [("pydicom", PYDICOM, 90), ("pydicom-data", PYDICOM_DATA, 60)],
    ids=["pydicom", "pydicom-data"],
)
def test_what_pydicom_ships_is_read_as_others_read_it(title: str, folder: Path, least: int) -> None:
    found = _surveyed(title, folder, dicom_files(folder))
    _require_right(found)
    assert sum(each.outcome is Outcome.READ for each in found) >= least


def test_what_the_shared_folder_holds_is_read_as_others_read_it(shared_data: Path) -> None:
    found = _surveyed("shared, DICOM", shared_data, dicom_files(shared_data))
    _require_right(found)
    assert sum(each.outcome is Outcome.READ for each in found) >= 150


def test_other_files_of_the_shared_folder_are_read_kept_or_refused_with_a_reason(
    shared_data: Path,
) -> None:
    """Photos are looked at and asked about; here is what an import says that nobody is asked in."""
    dicom = set(dicom_files(shared_data))
    media = {"DICOMDIR", "DIRFILE"}
    rest = [
        path for path in sorted(shared_data.rglob("*"))
        if path.is_file() and path not in dicom and path.name.upper() not in media
    ]  # fmt: skip
    rows: dict[str, str] = {}
    for one in read(rest, progress=lambda *_: None, is_cancelled=lambda: False):
        if isinstance(one, Refusal):
            assert one.reason
            rows[_name(one.source, shared_data)] = f"refused | | {one.reason}"
            continue
        path = Path(one.sources[0].split("\0")[0])
        rows[_name(path, shared_data)] = _arrived(one, path)
    head = ["| file | here | the same in | why |", "|---|---|---|---|"]
    _write("shared, other files", [*head, *(f"| {n} | {row} |" for n, row in sorted(rows.items()))])
    missing = {_name(path, shared_data) for path in rest} - set(rows)
    assert {name for name in missing if not name.endswith((".zip", ".raw", ".gz"))} == set()
    assert len(rows) > 30


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _arrived(one: Arrival | KeptFile, path: Path) -> str:
    if isinstance(one, KeptFile):
        assert one.content.tobytes() == path.read_bytes()
        return f"kept | byte for byte | {one.record.reason}"
    if path.suffix in {".nhdr", ".nrrd", ".mha", ".nii"} or path.name.endswith(".nii.gz"):
        theirs = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))
        assert np.array_equal(np.sort(theirs, axis=None), np.sort(one.picture.pixels, axis=None))
        return "read | SimpleITK (values) | "
    if path.suffix.casefold() in {".png", ".jpg"}:
        with Image.open(path) as opened:
            upright = ImageOps.exif_transpose(opened)
            theirs = np.asarray(upright.convert("RGB" if one.picture.record.is_colour else "L"))
        apart = np.abs(theirs.astype(int) - one.picture.pixels.astype(int)).max()
        assert apart <= ROUNDING
        return f"read | Pillow, {apart:g} apart | "
    return "read | | its members are in the other tables"
