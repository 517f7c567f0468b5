"""Search the memory of a running process for what it should have forgotten."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path

_BLOCK_BYTES = 16 * 1024 * 1024


def occurrences(pid: int, patterns: Mapping[str, bytes]) -> dict[str, int]:
    """Return how often each pattern lies in the writable memory of a process; Linux only."""
    counts = dict.fromkeys(patterns, 0)
    overlap = max(map(len, patterns.values())) - 1
    for block in _blocks(pid, overlap):
        for name, pattern in patterns.items():
            counts[name] += block.count(pattern)
    return counts


def text_patterns(name: str, text: str) -> dict[str, bytes]:
    """Return a text as Python keeps it and as Qt keeps it."""
    return {f"{name} (Python)": text.encode(), f"{name} (Qt)": text.encode("utf-16-le")}


def base64_patterns(name: str, text: str) -> dict[str, bytes]:
    """Return a text as it stands within something longer that is written in base64."""
    return {
        f"{name} (base64, {shift})": base64.b64encode(bytes(shift) + text.encode())[4:-4]
        for shift in range(3)
    }


def _blocks(pid: int, overlap: int) -> Iterator[bytes]:
    maps = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines()
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            if not rights.startswith("rw") or line.endswith(("[vvar]", "[vsyscall]")):
                continue
            start, end = (int(part, 16) for part in span.split("-"))
            for place in range(start, end, _BLOCK_BYTES):
                first = max(start, place - overlap)
                try:
                    memory.seek(first)
                    yield memory.read(min(end, place + _BLOCK_BYTES) - first)
                except OSError:  # a page that cannot be read, such as a device's
                    continue
