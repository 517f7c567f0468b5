"""HEIC files made of one real coded picture: rotated, mirrored, with EXIF, or lying."""

from __future__ import annotations

import struct
from pathlib import Path

_SOURCE = Path(__file__).parents[1] / "vectors/photos/RGB_8__128x128.heif"


def heic(
    *,
    turns: int = 0,
    mirror: int | None = None,
    exif: bytes = b"",
    grid: tuple[int, int, int, int] | None = None,
) -> bytes:
    """Return a HEIC file around the picture of 128 x 128.

    Parameters
    ----------
    turns : int
        Quarter turns anticlockwise ("irot").
    mirror : int or None
        "imir": 0 exchanges top and bottom, 1 left and right.
    exif : bytes
        A TIFF block, kept as the item "Exif".
    grid : (rows, columns, height, width) or None
        The main picture is a grid of so many times the coded one, and says it has this size.
    """
    config, coded = _parts()
    items = [(1, b"hvc1", coded)]
    if exif:
        items.append((2, b"Exif", struct.pack(">I", 0) + exif))
    if grid is not None:
        down, along, height, width = grid
        layout = struct.pack(">BBBBII", 0, 1, down - 1, along - 1, width, height)
        items += [(n, b"hvc1", coded) for n in range(4, 4 + down * along)]
        items.append((3, b"grid", layout))
    main = 3 if grid else 1
    properties = [_box(b"hvcC", config), _full(b"ispe", struct.pack(">II", 128, 128))]
    if grid is not None:
        properties.append(_full(b"ispe", struct.pack(">II", grid[3], grid[2])))
    first = len(properties) + 1
    if turns:
        properties.append(_box(b"irot", bytes([turns])))
    if mirror is not None:
        properties.append(_box(b"imir", bytes([mirror])))
    of_main = list(range(first, len(properties) + 1))
    owned = [(1, [1, 2, *([] if grid else of_main)])]
    owned += [(n, [1, 2]) for n, _, _ in items if n > 3]
    owned += [(3, [3, *of_main])] if grid else []
    references = b""
    if exif:
        references += _box(b"cdsc", struct.pack(">HHH", 2, 1, main))
    if grid is not None:
        tiles = grid[0] * grid[1]
        numbers = range(4, 4 + tiles)
        references += _box(b"dimg", struct.pack(f">HH{tiles}H", 3, tiles, *numbers))
    return _file(items, main, properties, owned, references)


def _file(
    items: list[tuple[int, bytes, bytes]],
    main: int,
    properties: list[bytes],
    owned: list[tuple[int, list[int]]],
    references: bytes,
) -> bytes:
    brand = _box(b"ftyp", b"heic\0\0\0\0mif1heic")
    start = len(brand) + len(_meta(items, main, properties, owned, references, 0)) + 8
    meta = _meta(items, main, properties, owned, references, start)
    return brand + meta + _box(b"mdat", b"".join(content for _, _, content in items))


def _meta(
    items: list[tuple[int, bytes, bytes]],
    main: int,
    properties: list[bytes],
    owned: list[tuple[int, list[int]]],
    references: bytes,
    start: int,
) -> bytes:
    named = b"".join(
        _full(b"infe", struct.pack(">HH", n, 0) + kind + b"\0", 2) for n, kind, _ in items
    )
    places = b""
    for number, _, content in items:
        places += struct.pack(">HHHII", number, 0, 1, start, len(content))
        start += len(content)
    has = b"".join(
        struct.pack(">HB", n, len(which)) + bytes(0x80 | p if p != 2 else p for p in which)
        for n, which in owned
    )
    parts = [
        _full(b"hdlr", b"\0\0\0\0pict" + b"\0" * 13),
        _full(b"pitm", struct.pack(">H", main)),
        _full(b"iinf", struct.pack(">H", len(items)) + named),
        _full(b"iloc", struct.pack(">BBH", 0x44, 0, len(items)) + places),
        _box(
            b"iprp",
            _box(b"ipco", b"".join(properties))
            + _full(b"ipma", struct.pack(">I", len(owned)) + has),
        ),
    ]
    if references:
        parts.append(_full(b"iref", references))
    return _full(b"meta", b"".join(parts))


def _parts() -> tuple[bytes, bytes]:
    """Return the decoder's configuration and the coded picture of the source."""
    content = _SOURCE.read_bytes()
    at = content.index(b"hvcC")
    size = int.from_bytes(content[at - 4 : at], "big")
    mdat = content.index(b"mdat")
    end = mdat - 4 + int.from_bytes(content[mdat - 4 : mdat], "big")
    return content[at + 4 : at - 4 + size], content[mdat + 4 : end]


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + name + content


def _full(name: bytes, content: bytes, version: int = 0) -> bytes:
    return _box(name, bytes([version, 0, 0, 0]) + content)
