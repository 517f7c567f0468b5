"""DICOM files compared element by element: the bytes of every value, at every depth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

import attrs
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from viewer.ingest.arrival import Arrival, KeptFile
from viewer.model.ids import ImageId
from viewer.model.image import ImageRecord
from viewer.vault.catalog.images import Role

_DIRECTORY = b"1.2.840.10008.1.3.10"


class Held:
    """What arrived, with the questions that an export asks of the store."""

    def __init__(self, arrival: Arrival | KeptFile) -> None:
        self._arrival = arrival

    @property
    def record(self) -> ImageRecord:
        one = self._arrival
        return one.record if isinstance(one, KeptFile) else one.picture.record

    def open_pixels(self, _id: ImageId, _is_cancelled: object = None) -> NDArray[np.generic]:
        one = self._arrival
        return one.content if isinstance(one, KeptFile) else one.picture.pixels

    def headers(self, _id: ImageId) -> bytes:
        return self._arrival.headers

    def part_of(self, _id: ImageId, role: Role) -> bytearray | None:
        original = getattr(self._arrival, "original", None)
        return bytearray(original) if role is Role.ORIGINAL and original is not None else None


@attrs.frozen
class Apart:
    """One element that is not the same: where, and the beginnings of both values."""

    path: str
    before: str
    after: str


def apart(before: bytes, after: bytes) -> list[Apart]:
    """Return every element of the data sets whose bytes differ; of the meta group nothing."""
    return list(_apart(_read(before), _read(after), ""))


def _read(content: bytes) -> Dataset:
    return pydicom.dcmread(BytesIO(content), force=True)


def _apart(before: Dataset, after: Dataset, prefix: str) -> Iterator[Apart]:
    for tag in sorted({*before.keys(), *after.keys()}):
        path = f"{prefix}{tag}"
        if tag not in before or tag not in after:
            yield Apart(path, str(tag in before), str(tag in after))
            continue
        yield from _element(before, after, tag, path)


def _element(before: Dataset, after: Dataset, tag: BaseTag, path: str) -> Iterator[Apart]:
    old, new = _raw(before, tag), _raw(after, tag)
    if old == new:
        return
    if before[tag].VR == "SQ" and after[tag].VR == "SQ":
        items: Sequence[Dataset] = before[tag].value
        others: Sequence[Dataset] = after[tag].value
        if len(items) != len(others):
            yield Apart(path, f"{len(items)} items", f"{len(others)} items")
        for n, (one, other) in enumerate(zip(items, others, strict=False)):
            yield from _apart(one, other, f"{path}[{n}].")
        return
    yield Apart(path, repr(old)[:40], repr(new)[:40])


def _raw(ds: Dataset, tag: BaseTag) -> object:
    value = ds.get_item(tag).value
    return b"" if value is None or value == "" else value


def dicom_files(*folders: Path) -> list[Path]:
    """Return the files that are DICOM by their first bytes, or say so by their name."""
    found = []
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            found += [path] if path.is_file() and _is_picture_or_report(path) else []
    return found


def _is_picture_or_report(path: Path) -> bool:
    """Whether it is DICOM, and no table of contents: that is made anew, its files are compared."""
    start = path.read_bytes()[:400]
    return (path.suffix == ".dcm" or start[128:132] == b"DICM") and _DIRECTORY not in start


def batches(paths: Sequence[Path]) -> list[list[Path]]:
    """Return the files in as few lists as it takes for no picture to be in one twice."""
    made: list[tuple[set[str], list[Path]]] = []
    for path in paths:
        uid = _uid(path)
        if all(uid in seen for seen, _ in made):
            made.append((set(), []))
        seen, batch = next(each for each in made if uid not in each[0])
        seen.add(uid)
        batch.append(path)
    return [batch for _, batch in made]


def _uid(path: Path) -> str:
    try:
        ds = pydicom.dcmread(
            path, force=True, stop_before_pixels=True, specific_tags=["SOPInstanceUID"]
        )
        return str(ds.get("SOPInstanceUID") or path)
    except Exception:  # noqa: BLE001 - a file made to hurt; what reads it is tested elsewhere
        return str(path)
