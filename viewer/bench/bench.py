"""What every benchmark holds in its hand: sizes, images, peers, and a line for its progress."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from types import TracebackType
from typing import Self

from viewer.bench.errors import PeerMissing
from viewer.bench.peers import Peer, Pydicom, SimpleItk
from viewer.bench.practice import BenchPractice
from viewer.bench.sizes import Sizes

Say = Callable[[str], None]


class Bench:
    """A context: what was made is removed at its end. Main thread only."""

    def __init__(self, sizes: Sizes, say: Say) -> None:
        self.sizes = sizes
        self.say = say
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @cached_property
    def practice(self) -> BenchPractice:
        """A practice of its own with the images, made when first asked for."""
        self.say("making the images")
        return self._stack.enter_context(BenchPractice(self.sizes))

    @cached_property
    def peers(self) -> tuple[Peer, ...]:
        """The peers that are installed; one that isn't is told once."""
        found: list[Peer] = [Pydicom()]
        try:
            found.append(SimpleItk())
        except PeerMissing as missing:
            self.say(str(missing))
        return tuple(found)
