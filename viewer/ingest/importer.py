"""Reads files and folders into arrivals and refusals; one bad file never stops the rest.

Two phases: the headers of all files, then the pixels of one picture after the other. One worker
thread at a time; the decoding children live as long as the iteration.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

from viewer.ingest.arrival import Arrival, Refusal
from viewer.ingest.assemble import SourceRefused, assemble
from viewer.ingest.crew import Crew
from viewer.ingest.decoder import Budget
from viewer.ingest.errors import FileRefused
from viewer.ingest.files import find
from viewer.ingest.grouping import SourceFile, plan

Progress = Callable[[int, int, str], None]

_HEADERS = "Reading headers"
_PICTURES = "Reading pictures"
_TWICE = "A picture with the same identity was already read from another file."


def read(
    paths: Sequence[Path],
    *,
    progress: Progress,
    is_cancelled: Callable[[], bool],
    command: Sequence[str] | None = None,
    budget: Budget | None = None,
) -> Generator[Arrival | Refusal, None, None]:
    """Read files and folders. Close it where the iteration is left early: that ends the child.

    Parameters
    ----------
    progress : callable (done, total, what)
        Files done of all, each counted once for its header and once for its picture.
    command, budget
        As for `Decoder`.

    Raises
    ------
    Cancelled
        As soon as `is_cancelled` says yes; what was yielded before stays good.
    ChildUnavailable
        The decoding process does not start.
    """
    found = list(find(paths))
    files = [path for path in found if isinstance(path, Path)]
    yield from (refusal for refusal in found if isinstance(refusal, Refusal))
    steps = _Steps(progress, 2 * len(files))
    with Crew(command=command, budget=budget, is_cancelled=is_cancelled) as crew:
        sources: list[SourceFile] = []
        for source in _headers(files, crew, steps):
            if isinstance(source, SourceFile):
                sources.append(source)
            else:
                yield source
        yield from _pictures(sources, crew, steps)
    steps.finish()


class _Steps:
    """Counts and reports progress; never beyond the total, however often a file is decoded."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def step(self, what: str, count: int = 1) -> None:
        self._done = min(self._done + count, self._total)
        self._progress(self._done, self._total, what)

    def finish(self) -> None:
        if self._total:
            self._progress(self._total, self._total, _PICTURES)


def _headers(files: Sequence[Path], crew: Crew, steps: _Steps) -> Iterator[SourceFile | Refusal]:
    seen: set[str] = set()
    for path, header in zip(files, crew.headers(files), strict=True):
        if isinstance(header, FileRefused):
            steps.step(_HEADERS, 2)
            yield Refusal(path, str(header), header.is_damage)
            continue
        is_again = bool(header.sop_uid) and header.sop_uid in seen
        seen.add(header.sop_uid)
        steps.step(_HEADERS, 2 if is_again else 1)
        yield Refusal(path, _TWICE) if is_again else SourceFile(path, header)


def _pictures(
    sources: Sequence[SourceFile], crew: Crew, steps: _Steps
) -> Iterator[Arrival | Refusal]:
    plans = deque(plan(sources))
    while plans:
        current = plans.popleft()
        try:
            yield assemble(current, crew, lambda _: steps.step(_PICTURES))
        except SourceRefused as refused:
            yield Refusal(refused.file.path, refused.reason, refused.is_damage)
            rest = [file for file in current.files if file is not refused.file]
            plans.extendleft(reversed(plan(rest)))
