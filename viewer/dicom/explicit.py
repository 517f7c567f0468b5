"""Implicit VR into Explicit VR, both little endian, without touching the bytes of any value.

Every element gets the VR that the dictionary names; what it does not know (private elements) is UN,
whose value stays as it was. Only lengths of sequences that are counted grow.

Source: PS3.5 7.1.2, 7.5, A.1, A.2; 6.2.2 for UN.
"""

from __future__ import annotations

import struct

from pydicom.datadict import dictionary_has_tag, dictionary_VR, repeater_has_tag

from viewer.dicom.errors import Malformed

_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_REPRESENTATION = 0x00280103
_LONG = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"))
_MOST_SHORT = 0xFFFF


def explicit_of(body: memoryview) -> bytes:
    """Return a data set in Explicit VR Little Endian that came in Implicit VR Little Endian.

    Raises
    ------
    Malformed
        The bytes are no such data set.
    """
    try:
        return _Rewriter(body).elements(0, len(body), until_end=False)[0]
    except struct.error:
        raise Malformed("The file ends in the middle of an element.") from None


class _Rewriter:
    def __init__(self, body: memoryview) -> None:
        self._body = body
        self._is_signed = False

    def elements(self, at: int, end: int, *, until_end: bool) -> tuple[bytes, int]:
        """Rewrite elements up to `end`, or to the item's delimiter; return them and the end."""
        parts: list[bytes] = []
        while at + 8 <= end:
            group, element, length = struct.unpack_from("<HHI", self._body, at)
            tag = group << 16 | element
            if tag == _ITEM_END and until_end:
                return b"".join(parts), at + 8
            at += 8
            vr = _vr_of(tag, is_signed=self._is_signed)
            if vr == "SQ" or length == _UNDEFINED:
                stop = end if length == _UNDEFINED else at + length
                items, at = self._items(at, stop, is_counted=length != _UNDEFINED)
                size = len(items) if length != _UNDEFINED else _UNDEFINED
                parts.append(struct.pack("<HH2sHI", group, element, b"SQ", 0, size) + items)
                continue
            value = bytes(self._body[at : at + length])
            at += length
            if tag == _REPRESENTATION and len(value) == 2:
                self._is_signed = value == b"\1\0"
            parts.append(_head(group, element, vr, length) + value)
        if until_end:
            raise Malformed("The file ends in the middle of a sequence.")
        return b"".join(parts), end

    def _items(self, at: int, end: int, *, is_counted: bool) -> tuple[bytes, int]:
        parts: list[bytes] = []
        while at + 8 <= end:
            group, element, length = struct.unpack_from("<HHI", self._body, at)
            tag = group << 16 | element
            at += 8
            if tag == _SEQUENCE_END:
                parts.append(struct.pack("<HHI", group, element, 0))
                return b"".join(parts), at
            if tag != _ITEM:
                raise Malformed("A sequence in the header holds something that is no item.")
            content, at = self._item(at, end, length)
            size = _UNDEFINED if length == _UNDEFINED else len(content)
            parts.append(struct.pack("<HHI", group, element, size) + content)
        if not is_counted:
            raise Malformed("The file ends in the middle of a sequence.")
        return b"".join(parts), end

    def _item(self, at: int, end: int, length: int) -> tuple[bytes, int]:
        if length == _UNDEFINED:
            content, stop = self.elements(at, end, until_end=True)
            return content + struct.pack("<HHI", 0xFFFE, 0xE00D, 0), stop
        vr = bytes(self._body[at + 4 : at + 6])
        if length and vr.isalpha() and vr.isupper():
            return bytes(self._body[at : at + length]), at + length  # explicit already
        content, _ = self.elements(at, at + length, until_end=False)
        return content, at + length


def _head(group: int, element: int, vr: str, length: int) -> bytes:
    if vr not in _LONG and length > _MOST_SHORT:
        vr = "UN"
    code = vr.encode("ascii")
    if vr in _LONG:
        return struct.pack("<HH2sHI", group, element, code, 0, length)
    return struct.pack("<HH2sH", group, element, code, length)


def _vr_of(tag: int, *, is_signed: bool) -> str:
    if tag >> 16 & 1:
        return "LO" if 0x10 <= tag & 0xFFFF <= 0xFF else "UN"
    if tag & 0xFFFF == 0:
        return "UL"
    if not dictionary_has_tag(tag) and not repeater_has_tag(tag):
        return "UN"
    vr = dictionary_VR(tag)
    if " or " not in vr:
        return vr if len(vr) == 2 else "UN"
    if "OW" in vr:
        return "OW"
    return "SS" if is_signed else "US"
