"""What differs between two packed headers, in words a person can compare."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import attrs
from pydicom.datadict import dictionary_description
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.tag import Tag

from viewer.dicom.headers import unpack_headers

_LONGEST = 80
_ABSENT = "—"


@attrs.frozen
class Difference:
    """One element that is not the same on both sides; a dash where one side lacks it."""

    name: str
    stored: str = attrs.field(repr=False)
    arriving: str = attrs.field(repr=False)


def differences(stored: bytes, arriving: bytes, most: int = 60) -> tuple[Difference, ...]:
    """Compare two packed headers, element by element, on the outermost level.

    Of several instances the number and the first one are compared. Values are cut to 80
    characters; at most `most` differences are returned. Pure, any thread.

    Raises
    ------
    IntegrityError
        One of the two is damaged.
    """
    first, second = unpack_headers(stored), unpack_headers(arriving)
    found = list[Difference]()
    if len(first) != len(second):
        found.append(Difference("Number of slices or files", str(len(first)), str(len(second))))
    if first and second:
        found += _of_data_sets(_read(first[0]), _read(second[0]))
    return tuple(found[:most])


def _read(raw: bytes) -> Dataset:
    return read_dataset(BytesIO(raw), is_implicit_VR=False, is_little_endian=True)


def _of_data_sets(stored: Dataset, arriving: Dataset) -> Iterator[Difference]:
    for tag in sorted({*stored.keys(), *arriving.keys()}):
        if _raw(stored, tag) != _raw(arriving, tag):
            yield Difference(_name(tag), _words(stored, tag), _words(arriving, tag))


def _raw(data: Dataset, tag: int) -> tuple[object, ...]:
    if tag not in data:
        return ()
    element = data.get_item(tag)
    return element.VR, element.value


def _name(tag: int) -> str:
    try:
        return str(dictionary_description(tag))
    except KeyError:
        return f"Element {Tag(tag)}"


def _words(data: Dataset, tag: int) -> str:
    if tag not in data:
        return _ABSENT
    try:
        element = data[tag]
        if element.VR == "SQ":
            return f"{len(element.value)} items"
        value = element.value
    except (ValueError, TypeError, KeyError, NotImplementedError, AttributeError):
        return "cannot be read"
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
