"""Several decoding children that share the files of one import; answers come in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import attrs

from viewer.ingest.decoder import Budget, Decoder
from viewer.ingest.errors import FileRefused
from viewer.ingest.memory import SharedPixels
from viewer.ingest.process import CHILDREN
from viewer.ingest.protocol import Header
from viewer.ingest.source import Opened, Source
from viewer.model.errors import Cancelled

_AHEAD = 8
"""How many files each child is asked about ahead."""

_FEW = 24
"""Up to so many files a second child costs more than it brings."""

_ToDecode = tuple[Source, Header, tuple[int, ...]]
Item = TypeVar("Item")
Done = TypeVar("Done")


@attrs.frozen(eq=False)
class _Asked:
    """A file that a child was asked about, or why it was not."""

    decoder: Decoder
    opened: Opened
    refused: FileRefused | None = None


class Crew:
    """Reads many files with a few children; a context manager. One thread at a time.

    Parameters
    ----------
    command, budget, is_cancelled
        As for `Decoder`.
    """

    def __init__(
        self,
        *,
        command: Sequence[str] | None = None,
        budget: Budget | None = None,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self._is_cancelled = is_cancelled
        self._decoders = [
            Decoder(command=command, budget=budget, is_cancelled=is_cancelled)
            for _ in range(CHILDREN)
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for decoder in self._decoders:
            decoder.close()

    def check_cancelled(self) -> None:
        """Raise `Cancelled` once the person says so; for work between questions."""
        if self._is_cancelled():
            raise Cancelled

    def facts(
        self,
        sources: Sequence[Source],
        ask: Callable[[Decoder, Opened], None],
        take: Callable[[Decoder, Opened], Done],
    ) -> Iterator[Done | FileRefused]:
        """Yield what is read of each file, or why nothing is.

        Parameters
        ----------
        ask : callable
            Asks the decoder about the open file, or refuses it.
        take : callable
            Returns the answer to what was asked.

        Raises
        ------
        Cancelled, ChildUnavailable
        """
        return self._each(
            sources,
            lambda source: source,
            lambda decoder, _, opened: ask(decoder, opened),
            lambda decoder, _, opened: take(decoder, opened),
        )

    def one(
        self,
        source: Source,
        job: dict[str, Any],
        *,
        take: Callable[[dict[str, Any]], Done],
        seconds: float | None = None,
        pixels: SharedPixels | None = None,
    ) -> Done:
        """Have one job done with one file, and return what `take` makes of the answer.

        Raises
        ------
        FileRefused, Cancelled, ChildUnavailable
        """
        opened = source.open()
        try:
            decoder = self._decoders[0]
            decoder.ask(job, opened.file, opened.within, seconds=seconds, pixels=pixels)
            return decoder.answer(take)
        finally:
            opened.close()

    def decode(
        self, files: Sequence[tuple[Source, Header, tuple[int, ...]]], pixels: SharedPixels
    ) -> Iterator[FileRefused | bool]:
        """Decode files into their slots; yield the refusal of each, or if its pixels changed.

        Raises
        ------
        Cancelled, ChildUnavailable
        """

        def ask(decoder: Decoder, item: _ToDecode, opened: Opened) -> None:
            _, header, slots = item
            decoder.ask_to_decode(opened.file, header.layout, pixels, slots, opened.within)

        def done(decoder: Decoder, item: _ToDecode, _: Opened) -> bool:
            return decoder.decoded(len(item[2]))

        return self._each(files, lambda item: item[0], ask, done)

    def _each(
        self,
        items: Sequence[Item],
        source_of: Callable[[Item], Source],
        ask: Callable[[Decoder, Item, Opened], None],
        answer: Callable[[Decoder, Item, Opened], Done],
    ) -> Iterator[Done | FileRefused]:
        decoders = self._decoders if len(items) > _FEW else self._decoders[:1]
        waiting: deque[tuple[Item, _Asked]] = deque()
        try:
            for n, item in enumerate(items):
                waiting.append((item, _asked(decoders[n % len(decoders)], item, source_of, ask)))
                if len(waiting) >= _AHEAD * len(decoders):
                    yield _answered(waiting, answer)
            while waiting:
                yield _answered(waiting, answer)
        finally:
            for _, asked in waiting:
                asked.opened.close()


def _asked(
    decoder: Decoder,
    item: Item,
    source_of: Callable[[Item], Source],
    ask: Callable[[Decoder, Item, Opened], None],
) -> _Asked:
    opened = Opened(-1)
    try:
        opened = source_of(item).open()
        ask(decoder, item, opened)
    except FileRefused as refused:
        opened.close()
        return _Asked(decoder, opened, refused)
    except BaseException:
        opened.close()
        raise
    return _Asked(decoder, opened)


def _answered(
    waiting: deque[tuple[Item, _Asked]], answer: Callable[[Decoder, Item, Opened], Done]
) -> Done | FileRefused:
    """Wait for the first answer; its file is closed, and those of the rest stay open."""
    item, asked = waiting.popleft()
    if asked.refused is not None:
        return asked.refused
    try:
        return answer(asked.decoder, item, asked.opened)
    except FileRefused as refused:
        return refused
    finally:
        asked.opened.close()
