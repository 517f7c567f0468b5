"""The first phase of reading: the facts of every file, and of those that archives lead to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import attrs

from viewer.ingest.arrival import Refusal
from viewer.ingest.crew import Crew
from viewer.ingest.decoder import Decoder
from viewer.ingest.errors import FileRefused
from viewer.ingest.families import FAMILIES, REASONS
from viewer.ingest.leading import Missing, led_to
from viewer.ingest.protocol import Contents, Directory, Header, Kept
from viewer.ingest.reading import Reading
from viewer.ingest.sniff import FileKind
from viewer.ingest.source import Opened, Source
from viewer.ingest.steps import Steps

_HEADERS = "Reading headers"
_TWICE = "A picture with the same identity was already read from another file."


IsDone = Callable[[str], bool]
"""Asked with a file's token: whether an earlier import dealt with it."""


def nothing_done(_: str) -> bool:
    """Nothing was dealt with before."""
    return False


@attrs.frozen(eq=False)
class Gathered:
    """A file and what the child read of it: `Header`, `Kept`, or what its family returns."""

    source: Source
    kind: FileKind
    facts: object


def gather(
    files: Sequence[Path | Source],
    crew: Crew,
    reading: Reading,
    steps: Steps,
    is_done: IsDone = nothing_done,
) -> Iterator[Gathered | Refusal]:
    """Read the facts of files; archives and discs are opened, and their files come after them.

    A file that is of no kind is told last: another one may have claimed it as its companion.
    """
    seen: set[str] = set()
    strangers: list[tuple[Source, FileRefused]] = []
    companions: set[tuple[object, ...]] = set()
    missing: list[Missing] = []
    batch = [each if isinstance(each, Source) else Source(each) for each in files]
    reading.add(batch)
    while batch:
        batch = _still_to_do(batch, is_done, steps)
        more: list[Source] = []
        damaged: list[tuple[Source, FileRefused]] = []
        for source, said in zip(batch, crew.facts(batch, _ask, _take), strict=True):
            if isinstance(said, FileRefused):
                steps.step(_HEADERS, 2)
                if isinstance(said, _Stranger):
                    strangers.append((source, said))
                else:
                    damaged.append((source, said))
                continue
            kind, facts = said
            if isinstance(facts, (Contents, Directory)):
                led = led_to(source, facts, reading)
                reading.add(led.sources)
                more += led.sources
                steps.add(len(led.sources))
                steps.step(_HEADERS, 2)
                missing += led.missing
                yield from led.refusals
                continue
            yield _one(source, kind, facts, seen, steps)
            names = list(getattr(facts, "companions", ()))
            if suffix := getattr(facts, "beside_suffix", ""):
                names.append(source.name[: source.name.rfind(".")] + suffix)
            companions |= {(*source.place[:-1], name.casefold()) for name in names}
        for source, said in damaged:
            yield reading.refusal(source, str(said), is_damage=said.is_damage)
        batch = more
    yield from (each.refusal for each in missing if each.sop_uid not in seen)
    for source, refused in strangers:
        if source.place not in companions:
            yield reading.refusal(source, str(refused), is_damage=refused.is_damage)


def _still_to_do(batch: Sequence[Source], is_done: IsDone, steps: Steps) -> list[Source]:
    left = [source for source in batch if not is_done(source.token)]
    if len(left) < len(batch):
        steps.step(_HEADERS, 2 * (len(batch) - len(left)))
    return left


class _Stranger(FileRefused):
    """A file of a kind that is not read; nothing is wrong with it."""


def _ask(decoder: Decoder, opened: Opened) -> None:
    family = FAMILIES.get(opened.kind)
    if family is None:
        raise _Stranger(REASONS[opened.kind])
    decoder.ask({"do": family.job}, opened.file, opened.within)


def _take(decoder: Decoder, opened: Opened) -> tuple[FileKind, object]:
    family = FAMILIES[opened.kind]
    return opened.kind, decoder.answer(lambda answer: family.facts(decoder, answer))


def _one(
    source: Source, kind: FileKind, facts: object, seen: set[str], steps: Steps
) -> Gathered | Refusal:
    """Take one file, unless another one with the same identity came before."""
    uid = facts.sop_uid if isinstance(facts, (Header, Kept)) else ""
    is_again = bool(uid) and uid in seen
    if uid:
        seen.add(uid)
    steps.step(_HEADERS, 2 if is_again else 1)
    if is_again:
        return Refusal(source.shown, _TWICE, token=source.token)
    return Gathered(source, kind, facts)
