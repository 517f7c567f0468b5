"""Search a folder for what must never lie there in the clear, in every common disguise."""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Iterable, Iterator
from pathlib import Path

SHORTEST_MARKER = 6
_BLOCK_BYTES = 8 * 1024 * 1024


def assert_no_plaintext(
    root: Path, markers: Iterable[str], pixel_runs: Iterable[bytes] = ()
) -> None:
    """Fail if a marker or a run of pixels is in any file below a folder, or in a file's name.

    Parameters
    ----------
    root : Path
        Folder (or one file) to search; links are not followed.
    markers : Iterable[str]
        Texts that occur nowhere else, at least 6 characters each.
    pixel_runs : Iterable[bytes]
        Stored bytes of some neighbouring pixels, at least 16 bytes that vary.
    """
    found = find_plaintext(root, markers, pixel_runs)
    assert not found, "plaintext on disk:\n" + "\n".join(found)


def find_plaintext(
    root: Path, markers: Iterable[str], pixel_runs: Iterable[bytes] = ()
) -> list[str]:
    """Return one line for each disguise of a marker in each file: file, marker, encoding."""
    patterns = {
        **{pattern: name for marker in markers for pattern, name in _texts(marker)},
        **{pattern: name for run in pixel_runs for pattern, name in _pixels(run)},
    }
    if not patterns:
        raise ValueError("nothing to search for")
    found = []
    for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
        relative = path.relative_to(root) if root.is_dir() else Path(path.name)
        name = str(relative).encode("utf-8", "surrogateescape").lower()
        found += [
            f"{relative}: name holds {disguise}"
            for pattern, disguise in patterns.items()
            if pattern.lower() in name
        ]
        if path.is_file() and not path.is_symlink():
            found += [f"{relative}: {disguise}" for disguise in _in_file(path, patterns)]
    return found


def _in_file(path: Path, patterns: dict[bytes, str]) -> list[str]:
    """Search in blocks that overlap by the longest pattern."""
    overlap = max(map(len, patterns)) - 1
    found: dict[str, None] = {}
    with path.open("rb") as file:
        block = b""
        while more := file.read(_BLOCK_BYTES):
            block = block[-overlap:] + more
            found |= {name: None for pattern, name in patterns.items() if pattern in block}
    return list(found)


def _texts(marker: str) -> Iterator[tuple[bytes, str]]:
    if len(marker) < SHORTEST_MARKER:
        raise ValueError(f"a marker needs {SHORTEST_MARKER} characters to be found by no chance")
    for text in dict.fromkeys([marker, marker.upper(), marker.lower()]):
        for encoding in ("utf-8", "utf-16-le", "utf-16-be", "latin-1"):
            try:
                plain = text.encode(encoding)
            except UnicodeEncodeError:
                continue
            yield from _disguises(plain, f"{text!r} as {encoding}")
        yield json.dumps(text)[1:-1].encode("ascii"), f"{text!r} as JSON escapes"
        yield urllib.parse.quote(text).encode("ascii"), f"{text!r} as URL escapes"


def _pixels(run: bytes) -> Iterator[tuple[bytes, str]]:
    if len(run) < 16 or len(set(run)) < 4:
        raise ValueError("a run of pixels needs 16 bytes that vary")
    yield from _disguises(run, "pixels")
    if len(run) % 2 == 0:
        swapped = b"".join(run[i : i + 2][::-1] for i in range(0, len(run), 2))
        yield from _disguises(swapped, "pixels, bytes swapped")
        yield from _disguises(run[1::2], "pixels, high bytes only")
        yield from _disguises(run[0::2], "pixels, low bytes only")


def _disguises(plain: bytes, name: str) -> Iterator[tuple[bytes, str]]:
    """Yield a byte string as it is, as hex and as base64 at each of the three alignments."""
    if len(plain) < SHORTEST_MARKER or len(set(plain)) < 3:
        return  # would be found by chance
    yield plain, name
    yield plain.hex().encode("ascii"), f"{name}, hex"
    yield plain.hex().upper().encode("ascii"), f"{name}, hex"
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + plain)
        # Keep the characters that depend on the plain bytes alone.
        first = (0, 2, 3)[shift]
        last = len(encoded) - (0, 3, 2)[(shift + len(plain)) % 3]
        core = encoded[first:last]
        yield core, f"{name}, base64"
        yield core.translate(bytes.maketrans(b"+/", b"-_")), f"{name}, base64 for URLs"
