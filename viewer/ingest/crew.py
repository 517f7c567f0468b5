"""Several decoding children that share the files of one import; answers come in their order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import attrs

from viewer.ingest.decoder import Budget, Decoder
from viewer.ingest.errors import FileRefused
from viewer.ingest.files import open_plain, require_dicom
from viewer.ingest.memory import SharedPixels
from viewer.ingest.process import CHILDREN
from viewer.ingest.protocol import Header

_AHEAD = 8
"""How many files each child is asked about ahead."""

_FEW = 24
"""Up to so many files a second child costs more than it brings."""

Item = TypeVar("Item")
Done = TypeVar("Done")


@attrs.frozen(eq=False)
class _Asked:
    """A file that a child was asked about, or why it was not."""

    decoder: Decoder
    file: int = -1
    refused: FileRefused | None = None

    def close(self) -> None:
        if self.file >= 0:
            os.close(self.file)


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

    def headers(self, paths: Sequence[Path]) -> Iterator[Header | FileRefused]:
        """Yield each file's header, or why there is none.

        Raises
        ------
        Cancelled, ChildUnavailable
        """

        def ask(decoder: Decoder, _: Path, file: int) -> None:
            require_dicom(file)
            decoder.ask_header(file)

        return self._each(paths, lambda path: path, ask, lambda decoder, _: decoder.header())

    def decode(
        self, files: Sequence[tuple[Path, Header, tuple[int, ...]]], pixels: SharedPixels
    ) -> Iterator[FileRefused | None]:
        """Decode files into their slots; yield None or the refusal of each.

        Raises
        ------
        Cancelled, ChildUnavailable
        """

        def ask(decoder: Decoder, item: tuple[Path, Header, tuple[int, ...]], file: int) -> None:
            decoder.ask_to_decode(file, item[1].layout, pixels, item[2])

        def done(decoder: Decoder, item: tuple[Path, Header, tuple[int, ...]]) -> None:
            decoder.decoded(len(item[2]))

        return self._each(files, lambda item: item[0], ask, done)

    def _each(
        self,
        items: Sequence[Item],
        path_of: Callable[[Item], Path],
        ask: Callable[[Decoder, Item, int], None],
        answer: Callable[[Decoder, Item], Done],
    ) -> Iterator[Done | FileRefused]:
        decoders = self._decoders if len(items) > _FEW else self._decoders[:1]
        waiting: deque[tuple[Item, _Asked]] = deque()
        try:
            for n, item in enumerate(items):
                waiting.append((item, _asked(decoders[n % len(decoders)], item, path_of, ask)))
                if len(waiting) >= _AHEAD * len(decoders):
                    yield _answered(waiting, answer)
            while waiting:
                yield _answered(waiting, answer)
        finally:
            for _, asked in waiting:
                asked.close()


def _asked(
    decoder: Decoder,
    item: Item,
    path_of: Callable[[Item], Path],
    ask: Callable[[Decoder, Item, int], None],
) -> _Asked:
    try:
        file = open_plain(path_of(item))
    except FileRefused as refused:
        return _Asked(decoder, refused=refused)
    try:
        ask(decoder, item, file)
    except FileRefused as refused:
        os.close(file)
        return _Asked(decoder, refused=refused)
    except BaseException:
        os.close(file)
        raise
    return _Asked(decoder, file)


def _answered(
    waiting: deque[tuple[Item, _Asked]], answer: Callable[[Decoder, Item], Done]
) -> Done | FileRefused:
    """Wait for the first answer; its file is closed, and those of the rest stay open."""
    item, asked = waiting.popleft()
    if asked.refused is not None:
        return asked.refused
    try:
        return answer(asked.decoder, item)
    except FileRefused as refused:
        return refused
    finally:
        asked.close()
