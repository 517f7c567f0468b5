"""What an archive or a disc's table of contents leads to: more files, and refusals."""

from __future__ import annotations

import attrs

from viewer.ingest.arrival import Refusal
from viewer.ingest.protocol import Contents, Directory
from viewer.ingest.reading import Reading
from viewer.ingest.sniff import FileKind
from viewer.ingest.source import Source

_TOO_DEEP = "An archive within an archive within an archive is not opened."
_DEEPEST = 2


@attrs.frozen(eq=False)
class Led:
    """Files to read besides, and what is told of those that are not."""

    sources: list[Source]
    refusals: list[Refusal]


def led_to(source: Source, facts: Contents | Directory, _reading: Reading) -> Led:
    """Return what one file leads to; files that are known already are left out."""
    if isinstance(facts, Contents):
        return _unpacked(source, facts)
    return Led([], [])


def _unpacked(source: Source, contents: Contents) -> Led:
    sources: list[Source] = []
    refusals = [Refusal(source.shown / name, reason) for name, reason in contents.refused]
    for entry in contents.entries:
        inner = source.inner(entry)
        if entry.kind is FileKind.ZIP and len(inner.within) >= _DEEPEST:
            refusals.append(Refusal(inner.shown, _TOO_DEEP))
        else:
            sources.append(inner)
    return Led(sources, refusals)
