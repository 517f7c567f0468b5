"""MetaImage headers: MHA, and MHD with its values beside it.

Source: itk.org/Wiki/ITK/MetaIO/Documentation; the world of a MetaImage is LPS, as ITK writes it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from viewer.ingest.research.facts import Packing, VolumeFacts, axes_mm, bare
from viewer.ingest.research.text import damaged, numbers, whole, wholes
from viewer.model.image import Affine

_DTYPES = {
    "MET_CHAR": "i1", "MET_UCHAR": "u1", "MET_SHORT": "i2", "MET_USHORT": "u2",
    "MET_INT": "i4", "MET_UINT": "u4", "MET_LONG": "i4", "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8", "MET_ULONG_LONG": "u8", "MET_FLOAT": "f4", "MET_DOUBLE": "f8",
}  # fmt: skip
_TURNS = ("transformmatrix", "rotation", "orientation")
_PLACES = ("offset", "origin", "position")
_ORDERS = ("elementbyteordermsb", "binarydatabyteordermsb")
# The letter says where an axis comes from: R runs from right to left.
_FROM = {
    "R": (1, 0, 0),
    "L": (-1, 0, 0),
    "A": (0, 1, 0),
    "P": (0, -1, 0),
    "I": (0, 0, 1),
    "S": (0, 0, -1),
}
_SIDE_UNKNOWN = (
    "The file does not say which way it lies in the patient: left and right, front and back, head"
    " and feet may be exchanged. Compare with another picture before you rely on a side."
)
_CONTRADICTS = (
    "The file says in two ways how it lies in the patient, and they differ; left and right may be"
    " exchanged. Compare with another picture before you rely on a side."
)
_SIZE_UNKNOWN = "The file does not say how large its voxels are: they were taken as 1 mm."
_FIRST = "The file holds {count} volumes; this is the first."
_END = "elementdatafile"


def read(start: bytes) -> VolumeFacts:
    """Read a header.

    Raises
    ------
    Malformed
    """
    fields, end = _fields(start)
    axes = whole(fields.get("ndims", ""), 1, 4)
    sizes = wholes(fields.get("dimsize", ""), axes, 1 << 31)
    affine, notes, cautions = _place(fields, axes)
    count = sizes[3] if axes == 4 else 1
    if count > 1:
        notes.append(_FIRST.format(count=count))
        cautions.append(f"First of {count} volumes")
    sizes = [*sizes, 1, 1][:3]
    beside = "" if fields[_END].upper() == "LOCAL" else bare(fields[_END])
    dtype, packing = _values(fields)
    return VolumeFacts(
        "MetaImage",
        (sizes[2], sizes[1], sizes[0]),
        dtype,
        affine,
        packing,
        start=_start(fields, 0 if beside else end),
        beside=beside,
        notes=tuple(notes),
        cautions=tuple(cautions),
        why_not=_why_not(fields, beside, axes),
    )


def _why_not(fields: dict[str, str], beside: str, axes: int) -> str:
    if fields.get("elementnumberofchannels", "1") != "1":
        return "Volumes with several values in each voxel are not shown yet."
    if beside.split()[:1] == ["LIST"] or "%" in beside:
        return "Volumes that are spread over several files are not shown yet."
    return "" if axes >= 3 else "It is no volume of three axes."


def _fields(start: bytes) -> tuple[dict[str, str], int]:
    fields: dict[str, str] = {}
    at = 0
    for _ in range(1000):
        stop = start.find(b"\n", at)
        stop = len(start) if stop < 0 else stop
        name, sign, value = start[at:stop].decode("utf-8", "replace").partition("=")
        at = stop + 1
        if not sign or at > len(start) + 1:
            raise damaged()
        fields[name.strip().lower()] = value.strip()
        if name.strip().lower() == _END:
            return fields, min(at, len(start))
    raise damaged()


def _place(fields: dict[str, str], axes: int) -> tuple[Affine, list[str], list[str]]:
    notes: list[str] = []
    cautions: list[str] = []
    sizes = fields.get("elementspacing", fields.get("elementsize", ""))
    spacing = np.abs(numbers(sizes, axes)) if sizes else np.ones(axes)
    if not sizes:
        notes.append(_SIZE_UNKNOWN)
        cautions.append("Size not certain")
    places = next((fields[name] for name in _PLACES if name in fields), "")
    origin = np.array(numbers(places, axes)) if places else np.zeros(axes)
    turns = _turns(fields, axes)
    said = _said(fields.get("anatomicalorientation", ""))
    if turns is None:
        turns = said if said is not None else np.eye(3)
        if said is None:
            notes.append(_SIDE_UNKNOWN)
            cautions.append("Side not certain")
    elif said is not None and not _agree(turns, said):
        notes.append(_CONTRADICTS)
        cautions.append("Side not certain")
    steps = turns * np.append(spacing, np.ones(3))[:3]
    return axes_mm(steps, np.append(origin, np.zeros(3))[:3], (1, 1, 1)), notes, cautions


def _turns(fields: dict[str, str], axes: int) -> NDArray[np.float64] | None:
    """Return unit steps along the axes as columns; the file has them one after the other."""
    text = next((fields[name] for name in _TURNS if name in fields), "")
    if not text:
        return None
    found = np.array(numbers(text, axes * axes)).reshape(axes, axes)
    turned = np.eye(3)
    kept = min(axes, 3)
    turned[:kept, :kept] = found[:kept, :kept].T
    return turned


def _said(letters: str) -> NDArray[np.float64] | None:
    """Return the directions that three letters name; None where they name none."""
    if len(letters) != 3 or any(letter not in _FROM for letter in letters.upper()):
        return None
    found = np.array([_FROM[letter] for letter in letters.upper()], dtype=np.float64).T
    return found if abs(np.linalg.det(found)) > 0.5 else None


def _agree(turns: NDArray[np.float64], said: NDArray[np.float64]) -> bool:
    """Whether each axis runs mostly to where its letter says."""
    return bool(
        (np.argmax(np.abs(turns), axis=0) == np.argmax(np.abs(said), axis=0)).all()
    ) and bool(((turns * said).sum(axis=0) > 0).all())


def _values(fields: dict[str, str]) -> tuple[str, Packing]:
    kind = _DTYPES.get(fields.get("elementtype", "").upper())
    if kind is None:
        raise damaged()
    is_big = any(_is_true(fields.get(name, "")) for name in _ORDERS)
    if fields.get("binarydata", "True").lower() == "false":
        return "<" + kind, Packing.TEXT
    packing = Packing.ZLIB if _is_true(fields.get("compresseddata", "")) else Packing.RAW
    return (">" if is_big else "<") + kind, packing


def _is_true(text: str) -> bool:
    return text.lower() in ("true", "1")


def _start(fields: dict[str, str], end: int) -> int:
    skip = whole(fields.get("headersize", "0"), -1, 1 << 40)
    return -1 if skip < 0 else end + skip
