"""Times of several ways to do the same, taken by turns so that a busy machine slows them alike."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median

import attrs


def nothing() -> None:
    """Do nothing before a run."""


@attrs.frozen
class Reached:
    """What a run returns that was there before it ended: `at` on the clock."""

    at: float


@attrs.frozen
class Way:
    """One way: `run` is timed, to its end or to the moment that it returns as `Reached`.

    `before` makes things ready for it and is not timed.
    """

    run: Callable[[], object]
    before: Callable[[], object] = nothing


def medians_ms(
    ways: Mapping[str, Way], rounds: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, float]:
    """Return the median time of each way in milliseconds.

    Each round runs every way once and begins with another one. What a way returns is let go of
    after its time is taken.

    Parameters
    ----------
    clock : callable
        Seconds.
    """
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds):
        gc.collect()
        for name in _from(list(ways), turn):
            way = ways[name]
            way.before()
            start = clock()
            made = way.run()
            end = made.at if isinstance(made, Reached) else clock()
            taken[name].append((end - start) * 1e3)
            del made
    return {name: median(times) for name, times in taken.items()}


def _from(names: Sequence[str], turn: int) -> list[str]:
    """Return the names in a ring, beginning with another one at each turn."""
    first = turn % len(names) if names else 0
    return [*names[first:], *names[:first]]
