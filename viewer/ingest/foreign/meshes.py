"""Surfaces (STL, PLY, OBJ) into vertices and triangles, within bounds. In the decoding child.

Counts are checked against the file's size before anything is made; materials and other files that
a file names are never opened.

Source: the 3D Systems STL description of 1989; Turk's PLY of 1994; Wavefront's OBJ appendix B1.
"""

from __future__ import annotations

import re

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.ingest.foreign.encapsulated import inner_of
from viewer.ingest.foreign.refusals import PhotoRefused, damaged, too_large

MAX_BYTES = 400 << 20
MAX_TRIANGLES = 8_000_000
_STL = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
_NUMBER = rb"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_VERTEX = re.compile(rb"vertex\s+(" + _NUMBER + rb")\s+(" + _NUMBER + rb")\s+(" + _NUMBER + rb")")
_SCALARS = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "i2", "int16": "i2",
    "ushort": "u2", "uint16": "u2", "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4",
    "float": "f4", "float32": "f4", "double": "f8", "float64": "f8",
}  # fmt: skip
_MOST_HEADER = 64 << 10
_MOST_CORNERS = 64
_NOTHING = "The file holds no surface."


@attrs.frozen(eq=False)
class Surface:
    """A surface in its file's own unit.

    `vertices` is (n, 3) float64, `triangles` (m, 3) int64 indices into it. Vertices of an STL are
    not joined: each triangle has three of its own.
    """

    written_as: str
    vertices: NDArray[np.float64]
    triangles: NDArray[np.int64]


def open_mesh(content: bytes) -> Surface:
    """Read a surface; more than three corners become a fan of triangles.

    Raises
    ------
    PhotoRefused
    """
    if len(content) > MAX_BYTES:
        raise too_large()
    surface = _open(inner_of(content))
    if surface.triangles.size == 0:
        raise PhotoRefused(_NOTHING)
    low, high = int(surface.triangles.min()), int(surface.triangles.max())
    if low < 0 or high >= len(surface.vertices) or not np.isfinite(surface.vertices).all():
        raise damaged()
    if np.abs(surface.vertices).max() > 1e9:
        raise damaged()
    return surface


def _open(content: bytes) -> Surface:
    if content[:4] in (b"ply\n", b"ply\r"):
        return _ply(content)
    if is_binary_stl(content):
        return _binary_stl(content)
    if content[:256].lstrip()[:5].lower() == b"solid":
        return _ascii_stl(content)
    return _obj(content)


def is_binary_stl(content: bytes) -> bool:
    """Whether the size is what the count of triangles asks for, whatever its first word says."""
    return len(content) >= 84 and len(content) == 84 + 50 * int.from_bytes(content[80:84], "little")


def _binary_stl(content: bytes) -> Surface:
    count = int.from_bytes(content[80:84], "little")
    _check_count(count)
    corners = np.frombuffer(content, _STL, count=count, offset=84)["corners"]
    return _of_corners(corners.astype(np.float64).reshape(-1, 3))


def _ascii_stl(content: bytes) -> Surface:
    _check_count(content.count(b"vertex") // 3)
    found = [match.groups() for match in _VERTEX.finditer(content)]
    if len(found) % 3 or len(found) != content.count(b"vertex"):
        raise damaged()
    return _of_corners(np.array(found, dtype="S32").astype(np.float64).reshape(-1, 3))


def _of_corners(corners: NDArray[np.float64]) -> Surface:
    return Surface("STL", corners, np.arange(len(corners), dtype=np.int64).reshape(-1, 3))


def _check_count(triangles: int) -> None:
    if triangles > MAX_TRIANGLES:
        raise too_large()


# --- PLY ------------------------------------------------------------------------------------------


@attrs.frozen
class _Element:
    """One kind of record of a PLY: how many, and its properties (name, type, count's type)."""

    name: str
    count: int
    properties: tuple[tuple[str, str, str], ...]

    @property
    def has_lists(self) -> bool:
        return any(counted for _, _, counted in self.properties)


def _ply(content: bytes) -> Surface:
    end = content.find(b"end_header", 0, _MOST_HEADER)
    if end < 0:
        raise damaged()
    start = content.find(b"\n", end) + 1 or len(content)
    order, elements = _ply_header(content[:end].decode("ascii", "replace"))
    for element in elements:
        if element.count > len(content):  # each takes a byte at least
            raise damaged()
    body = memoryview(content)[start:]
    made = _ply_text(bytes(body), elements) if order == "" else _ply_bytes(body, elements, order)
    vertices, faces = made
    return Surface("PLY", vertices, faces)


def _ply_header(text: str) -> tuple[str, list[_Element]]:
    order, elements = None, []
    for words in (each.split() for each in text.splitlines()[1:]):
        if words[:1] == ["format"] and len(words) == 3:
            orders = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}
            order = orders.get(words[1])
        elif words[:1] == ["element"] and len(words) == 3 and words[2].isdecimal():
            elements.append(_Element(words[1], int(words[2]), ()))
        elif words[:1] == ["property"] and elements:
            old = elements[-1]
            elements[-1] = attrs.evolve(old, properties=(*old.properties, _property(words)))
    if order is None:
        raise damaged()
    return order, elements


def _property(words: list[str]) -> tuple[str, str, str]:
    try:
        if words[1] == "list":
            return words[4], _SCALARS[words[3]], _SCALARS[words[2]]
        return words[2], _SCALARS[words[1]], ""
    except (KeyError, IndexError) as fault:
        raise damaged() from fault


def _ply_bytes(
    body: memoryview, elements: list[_Element], order: str
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    vertices, faces, at = np.zeros((0, 3)), np.zeros((0, 3), np.int64), 0
    for element in elements:
        if not element.has_lists:
            dtype = np.dtype(
                [(f"{n}", order + kind) for n, (_, kind, _) in enumerate(element.properties)]
            )
            rows = np.frombuffer(
                body, dtype, count=_fitting(element, dtype, len(body) - at), offset=at
            )
            at += rows.nbytes
            if element.name == "vertex":
                places = _xyz(element)
                vertices = np.stack([rows[str(n)].astype(np.float64) for n in places], axis=1)
            continue
        corners, at = _lists(body, at, element, order)
        if element.name == "face":
            faces = corners
    return vertices, faces


def _fitting(element: _Element, dtype: np.dtype[np.void], room: int) -> int:
    if element.count * dtype.itemsize > room:
        raise damaged()
    return element.count


def _xyz(element: _Element) -> list[int]:
    names = [name for name, _, _ in element.properties]
    if not {"x", "y", "z"} <= set(names):
        raise damaged()
    return [names.index(axis) for axis in "xyz"]


def _lists(
    body: memoryview, at: int, element: _Element, order: str
) -> tuple[NDArray[np.int64], int]:
    """Read records with lists: all triangles at once where they are, else one by one."""
    _check_count(element.count)
    alike = _alike_triangles(body, at, element, order)
    if alike is not None:
        return alike
    fan: list[tuple[int, int, int]] = []
    for _ in range(element.count):
        for name, kind, counted in element.properties:
            many = 1
            if counted:
                many, at = int(_one(body, at, order + counted)), at + np.dtype(counted).itemsize
            dtype = np.dtype(order + kind)
            if not 0 <= many <= _MOST_CORNERS or at + many * dtype.itemsize > len(body):
                raise damaged()
            if name in ("vertex_indices", "vertex_index"):
                fan += _fan([int(n) for n in np.frombuffer(body, dtype, many, at)])
                _check_count(len(fan))
            at += many * dtype.itemsize
    return np.array(fan, np.int64).reshape(-1, 3), at


def _alike_triangles(
    body: memoryview, at: int, element: _Element, order: str
) -> tuple[NDArray[np.int64], int] | None:
    if len(element.properties) != 1:
        return None
    _, kind, counted = element.properties[0]
    dtype = np.dtype([("n", order + counted), ("corners", order + kind, 3)])
    if at + element.count * dtype.itemsize > len(body):
        return None
    rows = np.frombuffer(body, dtype, element.count, at)
    if not (rows["n"] == 3).all():
        return None
    return rows["corners"].astype(np.int64), at + rows.nbytes


def _one(body: memoryview, at: int, kind: str) -> int:
    dtype = np.dtype(kind)
    if at + dtype.itemsize > len(body):
        raise damaged()
    return int(np.frombuffer(body, dtype, 1, at)[0])


def _ply_text(
    body: bytes, elements: list[_Element]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    words = iter(body.split(b"\n"))
    vertices: list[list[float]] = []
    fan: list[tuple[int, int, int]] = []
    for element in elements:
        places = _xyz(element) if element.name == "vertex" else []
        for _ in range(element.count):
            values = next(words, b"").split()
            if element.name == "vertex":
                vertices.append([_float(values, n) for n in places])
            elif element.name == "face" and element.properties[0][2]:
                corners = [int(n) for n in values[1 : 1 + int(_float(values, 0))]]
                fan += _fan(corners)
    return np.array(vertices, np.float64).reshape(-1, 3), np.array(fan, np.int64).reshape(-1, 3)


def _float(values: list[bytes], place: int) -> float:
    try:
        return float(values[place])
    except (IndexError, ValueError) as fault:
        raise damaged() from fault


def _fan(corners: list[int]) -> list[tuple[int, int, int]]:
    return [(corners[0], corners[n], corners[n + 1]) for n in range(1, len(corners) - 1)]


# --- OBJ ------------------------------------------------------------------------------------------


def _obj(content: bytes) -> Surface:
    vertices: list[tuple[bytes, bytes, bytes]] = []
    fan: list[tuple[int, int, int]] = []
    if b"\0" in content[:1024]:  # a binary STL whose size is not what it says
        raise damaged()
    for line in content.split(b"\n"):
        words = line.split()
        if not words:
            continue
        if words[0] == b"v":
            if len(words) < 4:
                raise damaged()
            vertices.append((words[1], words[2], words[3]))
        elif words[0] == b"f":
            if len(words) > _MOST_CORNERS:
                raise damaged()
            fan += _fan([_index(word, len(vertices)) for word in words[1:]])
            _check_count(len(fan))
    try:
        places = np.array(vertices, dtype="S40").astype(np.float64).reshape(-1, 3)
    except ValueError as fault:
        raise damaged() from fault
    return Surface("OBJ", places, np.array(fan, np.int64).reshape(-1, 3))


def _index(word: bytes, known: int) -> int:
    """Return an index from 0; OBJ counts from 1, and negative ones from the newest back."""
    try:
        number = int(word.partition(b"/")[0])
    except ValueError as fault:
        raise damaged() from fault
    return number - 1 if number > 0 else known + number
