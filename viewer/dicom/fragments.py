"""Which fragments of compressed pixels make which frame.

Source: PS3.5 A.4 (fragments, offset table), PS3.3 C.7.6.3.1.8 (extended offset table).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from viewer.dicom.errors import Malformed

_ITEM, _SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
_STARTS = (b"\xff\xd8", b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP  ")
_OTHER = "The picture's compressed data does not say where its frames begin."
_FEWER = "The file ends before the picture does."


@attrs.frozen
class Fragment:
    """One item: its place after the offset table (to the item's tag), and what it holds."""

    at: int
    content: memoryview


def encoded_frames(
    value: memoryview, count: int, extended: Sequence[int] = ()
) -> Iterator[bytes | memoryview]:
    """Yield the bytes of each of `count` frames.

    Parameters
    ----------
    value : memoryview
        From the item of the offset table on.
    extended : sequence of int
        The offsets of the extended offset table, where the header has one.

    Raises
    ------
    Malformed
        The items are damaged, too few, or nothing tells which belong together.
    """
    table, fragments = _items(value)
    if len(fragments) < count:
        raise Malformed(_FEWER)
    if len(fragments) == count:
        yield from (fragment.content for fragment in fragments)
        return
    for group in _grouped(fragments, count, extended or table):
        yield group[0].content if len(group) == 1 else b"".join(x.content for x in group)


def first_bytes(value: memoryview) -> memoryview:
    """Return the first fragment that holds anything; nothing where there is none."""
    _, fragments = _items(value)
    return next((x.content for x in fragments if len(x.content)), value[:0])


def _items(value: memoryview) -> tuple[tuple[int, ...], list[Fragment]]:
    table: tuple[int, ...] = ()
    fragments: list[Fragment] = []
    at, base, is_first = 0, 0, True
    while at + 8 <= len(value):
        tag, size = bytes(value[at : at + 4]), int.from_bytes(value[at + 4 : at + 8], "little")
        if tag == _SEQUENCE_END:
            break
        if tag != _ITEM:
            raise Malformed("The picture's compressed data is damaged.")
        content = value[at + 8 : at + 8 + size]
        if is_first:
            whole = len(content) // 4 * 4  # what is there: the size may promise gigabytes
            table = tuple(int.from_bytes(content[n : n + 4], "little") for n in range(0, whole, 4))
            is_first, base = False, at + 8 + size
        else:
            fragments.append(Fragment(at - base, content))
        at += 8 + size
    # An item of nothing at the end is padding of some writers, never a frame.
    while len(fragments) > 1 and not len(fragments[-1].content):
        fragments.pop()
    return table, fragments


def _grouped(fragments: list[Fragment], count: int, offsets: Sequence[int]) -> list[list[Fragment]]:
    """Group by the offsets where they are true, else by how each codec's frames begin."""
    if count == 1:
        return [_first_of_one(fragments)]
    places = {fragment.at for fragment in fragments}
    is_true = len(offsets) == count and offsets[0] == 0 and set(offsets) <= places
    if is_true and list(offsets) == sorted(set(offsets)):
        starts = set(offsets)
        return _cut(fragments, [fragment.at in starts for fragment in fragments])
    begins = [bytes(x.content[:12]).startswith(_STARTS) for x in fragments]
    if begins[0] and sum(begins) >= count:
        return _cut(fragments, begins)[:count]
    raise Malformed(_OTHER)


def _first_of_one(fragments: list[Fragment]) -> list[Fragment]:
    """Return all fragments of the only frame; what begins another frame is none of it."""
    kept = fragments[:1]
    for fragment in fragments[1:]:
        if bytes(fragment.content[:12]).startswith(_STARTS):
            break
        kept.append(fragment)
    return kept


def _cut(fragments: list[Fragment], begins: list[bool]) -> list[list[Fragment]]:
    groups: list[list[Fragment]] = []
    for fragment, is_start in zip(fragments, begins, strict=True):
        if is_start or not groups:
            groups.append([])
        groups[-1].append(fragment)
    return groups
