"""Header bytes into text, by the character sets of PS3.5 6.1, and a doubt where a file breaks them.

A file that declares nothing, or something else than it uses, is read as what its bytes can be, and
the reading says so: nobody is to take a guessed name for a written one.

Source: PS3.5 6.1.2 (repertoires, code extensions, resets), PS3.3 C.12.1.1.2 (the defined terms).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from enum import Enum

import attrs

_ESC = 0x1B
_PERSON_ENDS = frozenset(b"\\^=")
_TEXT_ENDS = frozenset(b"\\\r\n\f\t")

_SINGLE = {
    "6": "ascii",
    "13": "shift_jis",
    "100": "iso8859_1",
    "101": "iso8859_2",
    "109": "iso8859_3",
    "110": "iso8859_4",
    "126": "iso8859_7",
    "127": "iso8859_6",
    "138": "iso8859_8",
    "144": "iso8859_5",
    "148": "iso8859_9",
    "166": "iso8859_11",
    "203": "iso8859_15",
}
"""Sets of single bytes, by their ISO registration; the codec knows both halves."""
_WHOLE = {"ISO_IR 192": "utf_8", "GB18030": "gb18030", "GBK": "gbk"}
"""Sets that take no code extensions."""
_DOUBLE = {"87": "euc_jp", "159": "euc_jp", "149": "euc_kr", "58": "gb2312"}
"""Sets of two bytes, which are only reached by an escape sequence."""
_WORDS = {
    "utf_8": "UTF-8",
    "gb18030": "GB 18030",
    "gbk": "GBK",
    "shift_jis": "Shift JIS",
    "euc_jp": "EUC Japanese",
    "euc_kr": "EUC Korean",
    "gb2312": "GB 2312",
    "ascii": "plain letters",
    "cp1252": "Windows Western European",
    "iso8859_11": "Thai (TIS 620)",
}
_ALIASES = {
    "UTF8": "ISO_IR 192",
    "UNICODE": "ISO_IR 192",
    "UNICODEUTF8": "ISO_IR 192",
    "GB18030": "GB18030",
    "GBK": "GBK",
    "CP936": "GBK",
    "GB2312": "GB18030",
    "SHIFTJIS": "sjis",
    "SJIS": "sjis",
    "WINDOWS31J": "sjis",
    "ASCII": "ISO_IR 6",
    "USASCII": "ISO_IR 6",
    "LATIN1": "ISO_IR 100",
    "LATIN2": "ISO_IR 101",
    "LATIN9": "ISO_IR 203",
    "WINDOWS1252": "ISO_IR 100",
    "CP1252": "ISO_IR 100",
    "TIS620": "ISO_IR 166",
}
_OF_8859 = {
    1: "100", 2: "101", 3: "109", 4: "110", 5: "144", 6: "127", 7: "126", 8: "138", 9: "148",
    11: "166", 15: "203",
}  # fmt: skip
_TO_RIGHT = {
    b"-A": "100", b"-B": "101", b"-C": "109", b"-D": "110", b"-F": "126", b"-G": "127",
    b"-H": "138", b"-L": "144", b"-M": "148", b"-T": "166", b"-b": "203", b")I": "13",
    b"$)A": "58", b"$)C": "149",
}  # fmt: skip
_TO_LEFT = {b"(B": "6", b"(J": "6", b"$B": "87", b"$@": "87", b"$(B": "87", b"$(D": "159"}
_SWITCHED = "the sets that it switches to"
_PROPER = re.compile(r"(ISO_IR|ISO 2022 IR) (\d+)")
_NEARLY = re.compile(r"ISO2022IR(\d+)|ISOIR(\d+)|IR(\d+)")
_LIKE_8859 = re.compile(r"ISO8859(\d+)")


class Doubt(Enum):
    """Why a reading is not sure, in words that end with what it was read as."""

    NONE = ""
    UNDECLARED = "is written in a character set that the file does not declare; read as {}"
    MISDECLARED = "is not written in the character set that the file declares; read as {}"
    MISSPELLED = "is written in a character set that the file misspells; read as {}"
    UNREADABLE = "is written in no known character set; what could be read of it is shown"


@attrs.frozen
class Reading:
    """A text, and how it had to be read if the file does not say it rightly."""

    text: str
    doubt: Doubt = Doubt.NONE
    read_as: str = ""

    def words(self, what: str) -> str:
        """Return the doubt as a sentence about `what`; nothing where there is none.

        >>> Reading("Müller", Doubt.UNDECLARED, "UTF-8").words("The name")
        'The name is written in a character set that the file does not declare; read as UTF-8.'
        """
        return f"{what} {self.doubt.value.format(self.read_as)}." if self.doubt.value else ""


@attrs.frozen
class Repertoire:
    """What a file declares: the set each value begins in, and those it may switch to."""

    first: str = "6"
    others: tuple[str, ...] = ()
    whole: str = ""
    is_declared: bool = False
    is_misspelled: bool = False

    @classmethod
    def of(cls, declared: Iterable[str]) -> Repertoire:
        """Understand the values of SpecificCharacterSet (0008,0005).

        >>> Repertoire.of(["", "ISO 2022 IR 87"])
        Repertoire(first='6', others=('87',), whole='', is_declared=True, is_misspelled=False)
        """
        said = [value.strip("\0 ") for value in declared]
        terms = [_term_of(value) for value in said if value]
        known = [term for term in terms if term]
        is_misspelled = any(
            term != value for term, value in zip(terms, filter(None, said), strict=True)
        )
        if known and known[0] in (*_WHOLE, "sjis"):
            codec = _WHOLE.get(known[0], "shift_jis")
            return cls(whole=codec, is_declared=True, is_misspelled=is_misspelled)
        known = [term for term in known if term not in (*_WHOLE, "sjis")]
        numbers = [term.rpartition(" ")[2] for term in known]
        begins_plain = not (said and said[0]) or (numbers[:1] and numbers[0] in _DOUBLE)
        first = "6" if begins_plain or not numbers else numbers[0]
        switched = [
            n for n, term in zip(numbers, known, strict=False) if n != first or "2022" in term
        ]
        return cls(first, tuple(dict.fromkeys(switched)), "", bool(known), is_misspelled)

    def read_name(self, raw: bytes) -> Reading:
        """Read a person name (PN); `^`, `=` and a backslash end what was switched to."""
        return self._read(raw, _PERSON_ENDS)

    def read_text(self, raw: bytes) -> Reading:
        """Read any other text; a backslash, line ends and tabs end what was switched to."""
        return self._read(raw, _TEXT_ENDS)

    def _read(self, raw: bytes, ends: frozenset[int]) -> Reading:
        content = raw.rstrip(b"\0 ")
        if content.isascii() and _ESC not in content:
            return Reading(content.decode("ascii"))
        found = self._as_declared(content, ends)
        if found is None or _is_plainly_utf_8(content, self.first, self.whole):
            return self._guessed(content, ends)
        if self.is_misspelled:
            return Reading(found, Doubt.MISSPELLED, self._own_words())
        return Reading(found)

    def _as_declared(self, content: bytes, ends: frozenset[int]) -> str | None:
        """Decode by the book, or return None where the bytes are not what the file declares."""
        if self.whole:
            return _decoded(content, self.whole)
        if _ESC not in content:
            if self.first == "13" and any(0x80 <= b < 0xA1 or b > 0xDF for b in content):
                return None  # the codec would take them for the two bytes of a kanji
            return _decoded(content, _SINGLE[self.first])
        sets = frozenset((self.first, *self.others, "6"))
        return _switched(content, self.first, ends, sets) if self.others else None

    def _guessed(self, content: bytes, ends: frozenset[int]) -> Reading:
        doubt = Doubt.MISDECLARED if self.is_declared else Doubt.UNDECLARED
        if _ESC in content:
            for until in (ends, frozenset[int]()):  # some writers switch once for a whole name
                found = _switched(content, self.first, until, _ALL_SETS)
                if found is not None:
                    return Reading(found, doubt, _SWITCHED)
        for codec in (*_hints(self), "utf_8"):
            found = _decoded(content, codec)
            if found is not None:
                return Reading(found, doubt, _words_of(codec))
        if _is_shift_jis(content):
            return Reading(content.decode("shift_jis"), doubt, _words_of("shift_jis"))
        for codec in ("iso8859_1", "cp1252"):
            found = _decoded(content, codec)
            if found is not None:
                return Reading(found, doubt, _words_of(codec))
        return Reading(_printable(content.decode("ascii", "replace")), Doubt.UNREADABLE)

    def _own_words(self) -> str:
        return _words_of(self.whole or _SINGLE[self.first])


def _term_of(value: str) -> str:
    """Return the defined term that a declared value is, or seems to mean; empty for none."""
    exact = _PROPER.fullmatch(value)
    if value in _WHOLE or (exact and (exact[2] in _SINGLE or exact[2] in _DOUBLE)):
        return value
    bare = re.sub(r"[^A-Z0-9]", "", value.upper())
    if bare in _ALIASES:
        return _ALIASES[bare]
    if nearly := _NEARLY.fullmatch(bare):
        number = next(filter(None, nearly.groups()))
        if number == "192":
            return "ISO_IR 192"
        return f"ISO 2022 IR {number}" if number in _SINGLE or number in _DOUBLE else ""
    if like := _LIKE_8859.fullmatch(bare):
        number = _OF_8859.get(int(like[1][:3]), "")
        return f"ISO_IR {number}" if number else ""
    return ""


def _words_of(codec: str) -> str:
    return _WORDS.get(codec, f"ISO 8859-{codec.removeprefix('iso8859_')}")


def _decoded(content: bytes, codec: str) -> str | None:
    """Decode strictly; control characters are no text in any set."""
    try:
        found = content.decode(codec)
    except UnicodeDecodeError:
        return None
    return None if any("\x7f" <= char <= "\x9f" or char == "\x1b" for char in found) else found


def _switched(
    content: bytes, first: str, ends: frozenset[int], allowed: frozenset[str]
) -> str | None:
    return _Switching(content, first, ends, allowed).run()


class _Switching:
    """ISO 2022 as DICOM uses it: a left and a right half, each with a set; resets at delimiters."""

    def __init__(
        self, content: bytes, first: str, ends: frozenset[int], allowed: frozenset[str]
    ) -> None:
        self._content = content
        self._first = first
        self._ends = ends
        self._allowed = allowed
        self._left, self._right = "6", first

    def run(self) -> str | None:
        """Return the text, or None where it switches to what is not allowed or is damaged."""
        parts: list[str] = []
        at = 0
        while at < len(self._content):
            byte = self._content[at]
            if byte == _ESC:
                size = self._switch(at + 1)
                if size == 0:
                    return None
                at += 1 + size
                continue
            if byte < 0x20:
                self._reset()
            number = self._left if byte < 0x80 else self._right
            size = 2 if number in _DOUBLE and byte > 0x20 else 1
            found = _one(self._content[at : at + size], number)
            if found is None:
                return None
            parts.append(found)
            if size == 1 and byte in self._ends:
                self._reset()
            at += size
        return "".join(parts)

    def _reset(self) -> None:
        self._left, self._right = "6", self._first

    def _switch(self, at: int) -> int:
        for size in (3, 2):
            code = self._content[at : at + size]
            if len(code) != size:
                continue
            if (number := _TO_LEFT.get(code)) is not None and self._is_allowed(number):
                self._left = number
                return size
            if (number := _TO_RIGHT.get(code)) is not None and self._is_allowed(number):
                self._right = number
                return size
        return 0

    def _is_allowed(self, number: str) -> bool:
        return number in self._allowed


def _one(code: bytes, number: str) -> str | None:
    """Decode one character of a set; None where there is none of this code."""
    if number in _DOUBLE and code[0] > 0x20:
        lifted = bytes(byte | 0x80 for byte in code)
        code = b"\x8f" + lifted if number == "159" else lifted
        codec = _DOUBLE[number]
    else:
        codec = _SINGLE.get(number, "ascii")
    try:
        return code.decode(codec)
    except UnicodeDecodeError:
        return None


_ALL_SETS = frozenset((*_SINGLE, *_DOUBLE))
_CODEC_OF_HINT: dict[str, Callable[[], tuple[str, ...]]] = {
    "87": lambda: ("euc_jp",),
    "149": lambda: ("euc_kr",),
    "58": lambda: ("gb2312", "gb18030"),
}


def _hints(repertoire: Repertoire) -> tuple[str, ...]:
    """Return the codecs of a declared set that was used without switching to it.

    UTF-8 comes first: its bytes are hardly ever anything else.
    """
    if any(n in ("87", "13", "159") for n in (repertoire.first, *repertoire.others)):
        return ("utf_8", "shift_jis", "euc_jp")
    found = [c for n in repertoire.others for c in _CODEC_OF_HINT.get(n, tuple)()]
    return ("utf_8", *found) if found else ()


def _is_plainly_utf_8(content: bytes, first: str, whole: str) -> bool:
    """Whether bytes that are declared Western European are UTF-8: each "Ã¼" is a pair of it."""
    if whole or first not in ("100", "148") or _ESC in content:
        return False
    return _decoded(content, "utf_8") is not None


def _is_shift_jis(content: bytes) -> bool:
    """Whether bytes are Japanese: each part of the name is of kana and kanji alone."""
    found = _decoded(content, "shift_jis")
    if found is None:
        return False
    parts = [part for part in re.split(r"[\^=\\ \r\n\t]", found) if not part.isascii()]
    return all(all(_is_japanese(char) for char in part) for part in parts)


def _is_japanese(char: str) -> bool:
    return any(
        low <= char <= high for low, high in (("぀", "ヿ"), ("一", "鿿"), ("ｦ", "ﾟ"), ("　", "〿"))
    )


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "\ufffd" for char in text)
