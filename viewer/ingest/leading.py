"""What an archive or a disc's table of contents leads to: more files, and refusals."""

from __future__ import annotations

from pathlib import Path

import attrs

from viewer.ingest.arrival import Refusal
from viewer.ingest.directory import Disc, is_within, plain_name
from viewer.ingest.protocol import Contents, Directory, NamedFile, bare_name
from viewer.ingest.reading import Reading
from viewer.ingest.sniff import FileKind
from viewer.ingest.source import Source
from viewer.ingest.zip_reader import BOMBS

_TOO_DEEP = "An archive within an archive within an archive is not opened."
_DEEPEST = 2
_MISSING = "The disc's table of contents names this file, but it is not there."
_OUTSIDE = "The disc's table of contents names a place outside of the disc; it was not looked at."


@attrs.frozen
class Missing:
    """A file that is not where a table of contents says; no loss if the same was read elsewhere."""

    refusal: Refusal
    sop_uid: str


@attrs.frozen(eq=False)
class Led:
    """Files to read besides, and what is told of those that are not."""

    sources: list[Source]
    refusals: list[Refusal]
    missing: list[Missing] = attrs.Factory(list)


def led_to(source: Source, facts: Contents | Directory, reading: Reading) -> Led:
    """Return what one file leads to; files that are known already are left out."""
    if isinstance(facts, Contents):
        return _unpacked(source, facts)
    return (
        _in_archive(source, facts, reading) if source.within else _on_disc(source, facts, reading)
    )


def _on_disc(source: Source, directory: Directory, reading: Reading) -> Led:
    """Find what a disc's table of contents names, and what lies beside that in its folders.

    Where the whole disc is read all of it is known already, and only what is missing is told.
    """
    disc = Disc(source.path.parent)
    found: dict[Path, None] = {}
    missing: list[Missing] = []
    for named in directory.files:
        path = disc.find(named.names) if is_within(named.names) else None
        if path is None:
            missing.append(_not_found(source, named))
        else:
            found[path] = None
    one_of_each = {path.parent: path for path in found}.values()
    beside = (near for path in one_of_each for near in disc.beside(path))
    sources = [Source(path) for path in dict.fromkeys((*found, *beside))]
    return Led([one for one in sources if not reading.knows(one)], [], missing)


def _in_archive(source: Source, directory: Directory, reading: Reading) -> Led:
    """Tell what is missing; all that the archive holds is read anyway."""
    known = {_plain(names) for names in reading.names_around(source)}
    missing = [
        _not_found(source, named)
        for named in directory.files
        if not is_within(named.names) or _plain(named.names) not in known
    ]
    return Led([], [], missing)


def _plain(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(plain_name(name) for name in names)


def _not_found(source: Source, named: NamedFile) -> Missing:
    if not is_within(named.names):
        return Missing(Refusal(source.shown, _OUTSIDE), "")
    return Missing(
        Refusal(source.shown.parent.joinpath(*map(bare_name, named.names)), _MISSING), named.sop_uid
    )


def _unpacked(source: Source, contents: Contents) -> Led:
    sources: list[Source] = []
    refusals = [
        Refusal(source.shown / bare_name(name), reason, reason in BOMBS)
        for name, reason in contents.refused
    ]
    for entry in contents.entries:
        inner = source.inner(entry)
        if entry.kind is FileKind.ZIP and len(inner.within) >= _DEEPEST:
            refusals.append(Refusal(inner.shown, _TOO_DEEP))
        else:
            sources.append(inner)
    return Led(sources, refusals)
