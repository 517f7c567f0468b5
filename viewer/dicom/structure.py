"""A walk over a data set's bytes that decodes no value: bounds, depth, counts, place of pixels.

Source: PS3.5 7.1 (elements), 7.5 (sequences), A.4 (encapsulated pixels).
"""

from __future__ import annotations

import attrs

from viewer.dicom.errors import Malformed

_UNDEFINED = 0xFFFFFFFF
_LONG_VRS = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN"))
_LONG_VRS |= frozenset((b"UR", b"UT", b"UV"))
_PIXELS = frozenset((0x7FE00008, 0x7FE00009, 0x7FE00010))
_DOCUMENT = 0x00420011
"""An encapsulated PDF or surface: as large as the file is, and no part of what is told of it."""
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD


@attrs.frozen
class Limits:
    """What a header may hold."""

    depth: int = 32
    elements: int = 400_000
    header_bytes: int = 32 << 20


LIMITS = Limits()


@attrs.frozen
class PixelPlace:
    """Where the pixels are in the body.

    For fragments, `start` is the first item (the offset table) and `length` reaches to the
    sequence delimiter or the end of the file.
    """

    tag: int
    vr: str
    start: int
    length: int
    is_encapsulated: bool


@attrs.frozen
class Outline:
    """What the walk found: the header is `[:header_end]` plus `[trailer_start:]`.

    `tops` are the starts of the elements of the outermost level, the pixels included.
    """

    is_implicit: bool
    header_end: int
    trailer_start: int
    pixels: PixelPlace | None
    elements: int
    tops: tuple[int, ...]


@attrs.define
class _Level:
    """An open sequence or item: where it ends (None: at its delimiter) and how it is coded."""

    is_items: bool
    end: int | None
    is_implicit: bool


class _Walker:
    """The state of one walk."""

    def __init__(self, body: memoryview, *, is_implicit: bool, big: bool, limits: Limits) -> None:
        self.body = body
        self.big = big
        self.limits = limits
        self.at = 0
        self.elements = 0
        self.header_bytes = 0
        self.pixels: PixelPlace | None = None
        self.header_end = len(body)
        self.trailer_start = len(body)
        self.tops: list[int] = []
        self.levels = [_Level(False, len(body), is_implicit)]

    def run(self) -> Outline:
        """Walk to the end of the body."""
        self.levels[0].is_implicit = self._sniff(declared=self.levels[0].is_implicit)
        while self._close_finished():
            if self.at + 8 > len(self.body):
                # Trailing bytes too few for an element: padding, which peers ignore as well.
                break
            if self.levels[-1].is_items:
                self._item()
            else:
                self._element()
        if len(self.levels) > 1:
            raise Malformed("The file ends in the middle of a sequence.")
        return Outline(
            self.levels[0].is_implicit,
            self.header_end,
            self.trailer_start,
            self.pixels,
            self.elements,
            tuple(self.tops),
        )

    def _close_finished(self) -> bool:
        while len(self.levels) > 1:
            end = self.levels[-1].end
            if end is None or self.at < end:
                break
            if self.at > end:
                raise Malformed("A sequence in the header is longer than it says.")
            self.levels.pop()
        return self.at < len(self.body)

    def _sniff(self, *, declared: bool) -> bool:
        """Tell implicit from explicit by what is there: some writers declare the other."""
        if self.at + 6 > len(self.body):
            return declared
        vr = bytes(self.body[self.at + 4 : self.at + 6])
        return not (vr.isalpha() and vr.isupper())

    def _number(self, at: int, size: int) -> int:
        if at + size > len(self.body):
            raise Malformed("The file ends in the middle of an element.")
        return int.from_bytes(self.body[at : at + size], "big" if self.big else "little")

    def _tag(self) -> int:
        return self._number(self.at, 2) << 16 | self._number(self.at + 2, 2)

    def _count(self) -> None:
        self.elements += 1
        if self.elements > self.limits.elements:
            raise Malformed("The header holds more elements than any real picture.")

    def _push(self, level: _Level) -> None:
        if len(self.levels) > 2 * self.limits.depth:
            raise Malformed("The header is nested deeper than any real picture's.")
        self.levels.append(level)

    def _item(self) -> None:
        tag, length = self._tag(), self._number(self.at + 4, 4)
        self.at += 8
        self._count()
        if tag == _SEQUENCE_END:
            self.levels.pop()
            return
        if tag != _ITEM:
            raise Malformed("A sequence in the header holds something that is no item.")
        end = None if length == _UNDEFINED else self._checked_end(length)
        implicit = self.levels[-1].is_implicit
        if length:
            implicit = self._sniff_item(declared=implicit)
        self._push(_Level(False, end, implicit))

    def _sniff_item(self, *, declared: bool) -> bool:
        if self.at + 8 > len(self.body) or self._tag() >> 16 == 0xFFFE:
            return declared
        return self._sniff(declared=declared)

    def _element(self) -> None:
        tag = self._tag()
        if tag in (_ITEM_END, _SEQUENCE_END):
            self._end_item(tag)
            return
        self._count()
        start = self.at
        if len(self.levels) == 1:
            self.tops.append(start)
        vr, length, value = self._lengths()
        if tag in _PIXELS and len(self.levels) == 1 and self.pixels is None:
            self._pixels(tag, vr, start, value, length)
            return
        implicit = self.levels[-1].is_implicit
        self.at = value
        if vr == b"SQ" or length == _UNDEFINED:
            end = None if length == _UNDEFINED else self._checked_end(length)
            self._push(_Level(True, end, implicit or vr == b"UN"))
            return
        self.at = self._checked_end(length)
        if tag != _DOCUMENT:
            self.header_bytes += length
        if self.header_bytes > self.limits.header_bytes:
            raise Malformed("The header is larger than any real picture's.")

    def _end_item(self, tag: int) -> None:
        self.at += 8
        if tag == _ITEM_END and len(self.levels) > 1 and self.levels[-1].end is None:
            self.levels.pop()
        elif len(self.levels) > 1:
            raise Malformed("A sequence in the header ends where it should not.")

    def _lengths(self) -> tuple[bytes, int, int]:
        if self.levels[-1].is_implicit:
            return b"", self._number(self.at + 4, 4), self.at + 8
        vr = bytes(self.body[self.at + 4 : self.at + 6])
        if vr in _LONG_VRS:
            return vr, self._number(self.at + 8, 4), self.at + 12
        if not vr.isalpha():
            raise Malformed("The header holds an element of no known kind.")
        return vr, self._number(self.at + 6, 2), self.at + 8

    def _checked_end(self, length: int) -> int:
        end = self.at + length
        limit = next((x.end for x in reversed(self.levels) if x.end is not None), len(self.body))
        if end > limit:
            raise Malformed("The file ends in the middle of an element.")
        return end

    def _pixels(self, tag: int, vr: bytes, start: int, value: int, length: int) -> None:
        self.header_end = start
        if length == _UNDEFINED:
            end = self._end_of_fragments(value)
        else:
            # A short native value is told apart later, where the expected size is known.
            end = min(value + length, len(self.body))
        name = (vr or b"OW").decode("ascii", "replace")
        self.pixels = PixelPlace(tag, name, value, end - value, length == _UNDEFINED)
        self.at = end + 8 if length == _UNDEFINED else end
        self.at = min(self.at, len(self.body))
        self.trailer_start = self.at

    def _end_of_fragments(self, at: int) -> int:
        while at + 8 <= len(self.body):
            tag = self._number(at, 2) << 16 | self._number(at + 2, 2)
            length = self._number(at + 4, 4)
            if tag == _SEQUENCE_END:
                return at
            if tag != _ITEM or length == _UNDEFINED:
                raise Malformed("The picture's compressed data is damaged.")
            self._count()
            at += 8 + length
        # No delimiter: the file was cut, or the writer forgot it. Decoding tells which.
        return len(self.body)


def walk(body: memoryview, *, is_implicit: bool, big: bool, limits: Limits) -> Outline:
    """Walk over a data set.

    Raises
    ------
    Malformed
        The bytes contradict themselves or go beyond a limit.
    """
    return _Walker(body, is_implicit=is_implicit, big=big, limits=limits).run()
