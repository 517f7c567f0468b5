"""Reads files and folders into arrivals and refusals; one bad file never stops the rest.

Two phases: the facts of all files, archives and discs opened on the way; then what each is: DICOM
pictures are joined, everything else arrives by itself. One worker thread at a time; the decoding
children live as long as the iteration.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from pathlib import Path

from viewer.ingest.arrival import Arrival, KeptFile, Refusal
from viewer.ingest.assemble import SourceRefused, assemble, same_pixels
from viewer.ingest.crew import Crew
from viewer.ingest.decoder import Budget
from viewer.ingest.errors import FileRefused
from viewer.ingest.families import FAMILIES, keep_whole
from viewer.ingest.files import find
from viewer.ingest.gathering import Gathered, IsDone, gather, nothing_done
from viewer.ingest.grouping import SourceFile, plan
from viewer.ingest.held import HeldHeaders
from viewer.ingest.protocol import Header, Kept
from viewer.ingest.reading import Reading
from viewer.ingest.source import Source
from viewer.ingest.steps import Steps

Progress = Callable[[int, int, str], None]

_PICTURES = "Reading pictures"


def read(
    paths: Sequence[Path],
    *,
    progress: Progress,
    is_cancelled: Callable[[], bool],
    command: Sequence[str] | None = None,
    budget: Budget | None = None,
    is_done: IsDone = nothing_done,
    held: Sequence[Source] = (),
) -> Generator[Arrival | KeptFile | Refusal, None, None]:
    """Read files and folders. Close it where the iteration is left early: that ends the child.

    Parameters
    ----------
    progress : callable (done, total, what)
        Files done of all, each counted once for its header and once for its picture. The total
        grows where an archive or a disc's table of contents leads to more.
    command, budget
        As for `Decoder`.
    is_done : callable (token)
        Whether an earlier import dealt with a file (`Source.token`): then it is left out, unread.
    held : sequence of Source
        Files that are read besides, which lie in no folder (`viewer.ingest.again`).

    Raises
    ------
    Cancelled
        As soon as `is_cancelled` says yes; what was yielded before stays good.
    ChildUnavailable
        The decoding process does not start.
    """
    found = list(find(paths))
    files: list[Path | Source] = [path for path in found if isinstance(path, Path)]
    files += held
    yield from (refusal for refusal in found if isinstance(refusal, Refusal))
    steps = Steps(progress, len(files))
    with Crew(command=command, budget=budget, is_cancelled=is_cancelled) as crew:
        reading = Reading(crew)
        headers = HeldHeaders(crew)
        pictures: list[SourceFile] = []
        others: list[Gathered] = []
        for one in gather(files, crew, reading, steps, is_done):
            if isinstance(one, Refusal):
                yield one
            elif isinstance(one.facts, Header):
                pictures.append(headers.take(one.source, one.facts))
            else:
                others.append(one)
        yield from _pictures(pictures, crew, reading, steps, headers.whole)
        yield from _others(others, reading, steps)
    steps.finish(_PICTURES)


def _pictures(
    sources: Sequence[SourceFile],
    crew: Crew,
    reading: Reading,
    steps: Steps,
    whole: Callable[[SourceFile], Header],
) -> Iterator[Arrival | KeptFile | Refusal]:
    are_same = partial(same_pixels, crew)
    plans = deque(plan(sources, are_same))
    while plans:
        current = plans.popleft()
        try:
            yield assemble(current, crew, lambda _: steps.step(_PICTURES), whole)
        except SourceRefused as refused:
            yield _without_picture(refused, reading)
            rest = [file for file in current.files if file is not refused.file]
            plans = deque(one for one in plans if refused.file not in one.files)
            plans.extendleft(reversed(plan(rest, are_same)))


def _without_picture(refused: SourceRefused, reading: Reading) -> Arrival | KeptFile | Refusal:
    """Refuse a damaged file; one that is sound but not shown is kept whole."""
    source = refused.file.source
    if refused.is_damage:
        return reading.refusal(source, refused.reason, is_damage=True)
    try:
        kept = reading.kept(source, refused.reason)
        return keep_whole(source, kept, reading)[0]
    except FileRefused as why:
        return reading.refusal(source, str(why), is_damage=why.is_damage)


def _others(
    others: Sequence[Gathered], reading: Reading, steps: Steps
) -> Iterator[Arrival | KeptFile | Refusal]:
    for one in others:
        try:
            if isinstance(one.facts, Kept):
                yield from keep_whole(one.source, one.facts, reading)
            elif finish := FAMILIES[one.kind].finish:
                yield from finish(one.source, one.facts, reading)
        except FileRefused as refused:
            yield reading.refusal(one.source, str(refused), is_damage=refused.is_damage)
        steps.step(_PICTURES)
