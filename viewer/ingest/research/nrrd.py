"""NRRD headers, attached and detached.

Source: teem.sourceforge.net/nrrd/format.html.
"""

from __future__ import annotations

import re

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.ingest.research.facts import MAX_HEADER_BYTES, Packing, VolumeFacts, axes_mm, bare
from viewer.ingest.research.text import damaged, numbers, whole, wholes
from viewer.model.image import Affine

_TYPES = {
    "i1": "signed char,int8,int8_t",
    "u1": "uchar,unsigned char,uint8,uint8_t",
    "i2": "short,short int,signed short,signed short int,int16,int16_t",
    "u2": "ushort,unsigned short,unsigned short int,uint16,uint16_t",
    "i4": "int,signed int,int32,int32_t",
    "u4": "uint,unsigned int,uint32,uint32_t",
    "i8": "longlong,long long,long long int,signed long long,signed long long int,int64,int64_t",
    "u8": "ulonglong,unsigned long long,unsigned long long int,uint64,uint64_t",
    "f4": "float",
    "f8": "double",
}
_DTYPES = {name: dtype for dtype, names in _TYPES.items() for name in names.split(",")}
_PACKINGS = {
    "raw": Packing.RAW,
    "txt": Packing.TEXT,
    "text": Packing.TEXT,
    "ascii": Packing.TEXT,
    "hex": Packing.HEX,
    "gz": Packing.ZLIB,
    "gzip": Packing.ZLIB,
    "bz2": Packing.BZIP2,
    "bzip2": Packing.BZIP2,
}
# Signs that turn a space's axes to left, posterior, superior.
_SPACES = {
    "left-posterior-superior": (1, 1, 1),
    "lps": (1, 1, 1),
    "right-anterior-superior": (-1, -1, 1),
    "ras": (-1, -1, 1),
    "left-anterior-superior": (1, -1, 1),
    "las": (1, -1, 1),
}
_TIMED = "-time"
_PLACED_KINDS = frozenset(("", "domain", "space", "???", "none"))
_VECTOR = re.compile(r"none|\([^()]*\)", re.IGNORECASE)
_MOST_AXES = 5
_SEVERAL_VALUES = "Volumes with several values in each voxel are not shown yet."
_SIDE_UNKNOWN = (
    "The file does not say which way it lies in the patient: left and right, front and back, head"
    " and feet may be exchanged. Compare with another picture before you rely on a side."
)
_SIZE_UNKNOWN = "The file does not say how large its voxels are: they were taken as 1 mm."
_FIRST = "The file holds {count} volumes; this is the first."


@attrs.frozen
class _Axis:
    """One axis: how many samples, and where a step along it leads if it is one in space."""

    size: int
    kind: str
    direction: tuple[float, ...] | None
    spacing: float | None

    @property
    def is_placed(self) -> bool:
        return self.kind in _PLACED_KINDS


def read(start: bytes) -> VolumeFacts:
    """Read a header.

    Raises
    ------
    Malformed
    """
    fields, end = _fields(start)
    axes = _axes(fields)
    placed = [n for n, axis in enumerate(axes) if axis.is_placed]
    rest = [n for n in range(len(axes)) if n not in placed]
    if len(placed) > 3:  # axes that say nothing of themselves: those beyond the third are no space
        placed, rest = placed[:3], [*rest, *placed[3:]]
    why_not, notes, cautions = "", [], []
    if len(placed) != 3 or any(axes[n].size > 1 and n < placed[-1] for n in rest):
        why_not = _SEVERAL_VALUES if len(placed) == 3 else "It is no volume of three axes."
    elif (count := int(np.prod([axes[n].size for n in rest]))) > 1:
        notes.append(_FIRST.format(count=count))
        cautions.append(f"First of {count} volumes")
    sizes = ([axes[n].size for n in placed] + [1, 1, 1])[:3]
    affine, said, short = _place(fields, [axes[n] for n in placed])
    dtype, packing = _values(fields)
    beside = bare(fields.get("data file", fields.get("datafile", "")))
    return VolumeFacts(
        "NRRD",
        (sizes[2], sizes[1], sizes[0]),
        dtype,
        affine,
        packing,
        start=_start(fields, 0 if beside else end),
        skip_lines=whole(fields.get("line skip", fields.get("lineskip", "0")), 0, 1 << 20),
        beside=beside,
        notes=(*said, *notes),
        cautions=(*short, *cautions),
        why_not=why_not or _why_not_there(fields, beside, packing),
    )


def _why_not_there(fields: dict[str, str], beside: str, packing: Packing) -> str:
    """Say why values are not read from where the header says they are; empty if they are."""
    if beside.split()[:1] == ["LIST"] or "%" in beside:
        return "Volumes that are spread over several files are not shown yet."
    lines = fields.get("line skip", fields.get("lineskip", "0"))
    skip = fields.get("byte skip", fields.get("byteskip", "0"))
    if (lines != "0" and not beside) or (skip != "0" and packing is not Packing.RAW):
        return "The place of the values in this file is given in a way that is not read yet."
    return ""


def _fields(start: bytes) -> tuple[dict[str, str], int]:
    """Return the fields by name, and where the values begin."""
    fields: dict[str, str] = {}
    at = 0
    for number in range(10_000):
        stop = start.find(b"\n", at)
        if stop < 0:
            if len(start) >= MAX_HEADER_BYTES or number == 0:
                raise damaged()
            stop = len(start)  # a detached header may end with its last line
        line = start[at:stop].decode("utf-8", "replace").rstrip("\r")
        at = stop + 1
        if (number and not line) or at > len(start):
            _take(fields, line)
            return fields, min(at, len(start))
        if number:
            _take(fields, line)
    raise damaged()


def _take(fields: dict[str, str], line: str) -> None:
    if line.startswith("#") or ":=" in line or ": " not in line:
        return
    name, _, value = line.partition(": ")
    fields.setdefault(name.strip().lower(), value.strip())


def _axes(fields: dict[str, str]) -> list[_Axis]:
    count = whole(fields.get("dimension", ""), 1, _MOST_AXES)
    sizes = wholes(fields.get("sizes", ""), count, 1 << 31)
    kinds = fields.get("kinds", "").split() or [""] * count
    if len(kinds) != count:
        raise damaged()
    directions = _directions(fields, count)
    spacings = _spacings(fields, count)
    if directions is not None:
        # An axis without a direction is none in space, whatever its kind says.
        kinds = ["list" if d is None else "space" for d in directions]
    placed = directions or [None] * count
    return [
        _Axis(size, kind.lower(), direction, spacing)
        for size, kind, direction, spacing in zip(sizes, kinds, placed, spacings, strict=True)
    ]


def _directions(fields: dict[str, str], count: int) -> list[tuple[float, ...] | None] | None:
    text = fields.get("space directions", "")
    if not text:
        return None
    found = _VECTOR.findall(text)
    if len(found) != count:
        raise damaged()
    return [None if v.lower() == "none" else _vector(v) for v in found]


def _vector(text: str) -> tuple[float, ...]:
    x, y, z = numbers(text.strip("() ").replace(",", " "), 3)
    return x, y, z


def _spacings(fields: dict[str, str], count: int) -> list[float | None]:
    words = fields.get("spacings", "").split()
    if not words:
        return [None] * count
    if len(words) != count:
        raise damaged()
    found = [float("nan") if w.lower() == "nan" else numbers(w, 1)[0] for w in words]
    return [x if x == x and x > 0 else None for x in found]


def _place(fields: dict[str, str], axes: list[_Axis]) -> tuple[Affine, list[str], list[str]]:
    """Return the affine, and doubts about it in a sentence and in a few words each."""
    space = fields.get("space", "").lower().removesuffix(_TIMED)
    signs = _SPACES.get(space)
    origin = _vector(fields["space origin"]) if "space origin" in fields else (0.0, 0.0, 0.0)
    if len(axes) == 3 and all(axis.direction is not None for axis in axes):
        steps: NDArray[np.float64] = np.array([axis.direction for axis in axes]).T
        if signs is not None:
            return axes_mm(steps, np.array(origin), signs), [], []
        return axes_mm(steps, np.array(origin), (1, 1, 1)), [_SIDE_UNKNOWN], ["Side not certain"]
    sizes = ([axis.spacing for axis in axes] + [None] * 3)[:3]
    said, short = [_SIDE_UNKNOWN], ["Side not certain"]
    if any(size is None for size in sizes):
        said.append(_SIZE_UNKNOWN)
        short.append("Size not certain")
    steps = np.diag([1.0 if size is None else size for size in sizes])
    return axes_mm(steps, np.zeros(3), (1, 1, 1)), said, short


def _values(fields: dict[str, str]) -> tuple[str, Packing]:
    kind = _DTYPES.get(" ".join(fields.get("type", "").lower().split()))
    packing = _PACKINGS.get(fields.get("encoding", "").lower())
    if kind is None or packing is None:
        raise damaged()
    order = fields.get("endian", "little" if kind[1] == "1" or packing is Packing.TEXT else "")
    if order.lower() not in ("little", "big"):
        raise damaged()
    return ("<" if order.lower() == "little" else ">") + kind, packing


def _start(fields: dict[str, str], end: int) -> int:
    skip = whole(fields.get("byte skip", fields.get("byteskip", "0")), -1, 1 << 40)
    return -1 if skip < 0 else end + skip
