"""How the verifier reads files: every element with its place, and what the standard's table says.

Pure, any thread. Part of the verifier: shares nothing with the redactor.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from io import BytesIO

import attrs
from pydicom.dataset import Dataset
from pydicom.filereader import dcmread, read_dataset

from viewer.dicom.headers import unpack_headers
from viewer.model.resources import resource_path

PIXEL_DATA = 0x7FE00010


@attrs.frozen
class Found:
    """One element: its place, tag, VR, and values as texts (empty for a sequence)."""

    path: str
    tag: int
    vr: str
    values: tuple[str, ...]

    @property
    def is_top(self) -> bool:
        """Whether it is not nested."""
        return "[" not in self.path


def elements(ds: Dataset, prefix: str = "", depth: int = 0) -> Iterator[Found]:
    """Read every element but the pixels, at any depth.

    Raises
    ------
    ValueError
        Sequences are nested beyond 40 levels.
    """
    if depth > 40:
        raise ValueError("nested too deeply")
    for element in ds:
        tag = int(element.tag)
        if tag == PIXEL_DATA and not prefix:
            continue
        path = f"{prefix}{tag:08X}"
        if element.VR == "SQ":
            yield Found(path, tag, "SQ", ())
            for n, item in enumerate(element.value or ()):
                yield from elements(item, f"{path}[{n}].", depth + 1)
            continue
        yield Found(path, tag, element.VR, _values(element.value))


def _values(value: object) -> tuple[str, ...]:
    if value is None or value == "":
        return ()
    if isinstance(value, bytes):
        return (value.hex(),) if value else ()
    if isinstance(value, (str, int, float)) or not hasattr(value, "__iter__"):
        return (str(value),)
    if hasattr(value, "components"):
        return (str(value),) if str(value) else ()
    return tuple(str(one) for one in value)


def read_finished(content: bytes) -> Dataset:
    """Read one finished DICOM file."""
    return dcmread(BytesIO(content))


def read_sources(packed: bytes) -> list[Dataset]:
    """Read the original headers of one image."""
    return [
        read_dataset(BytesIO(raw), is_implicit_VR=False, is_little_endian=True)
        for raw in unpack_headers(packed)
    ]


@cache
def removing_rows() -> dict[int, frozenset[str]]:
    """Return every tag whose row asks to remove, empty, replace or remap, and what keeps it."""
    path = resource_path("redaction", "ps3.15-2026d", "table-e1-1.json")
    rules = json.loads(path.read_text("utf-8"))["rules"]
    return {
        int(rule["tag"], 16): frozenset(k for k, code in rule["options"].items() if code == "K")
        for rule in rules
        if len(rule["tag"]) == 8 and "x" not in rule["tag"]
    }
