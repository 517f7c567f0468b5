"""``lock``: from the trigger to nothing readable, with a CBCT open, in real windows.

The other side is the same lock with nothing open, and one frame of a 60 Hz screen, which nobody
sees the half of.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from viewer.bench.bench import Bench
from viewer.bench.errors import ProcessEnded
from viewer.bench.figures import Figure
from viewer.bench.practice import USER
from viewer.bench.process import run_python

_PARTS = {
    "blank": "trigger to nothing left on any screen",
    "curtain": "trigger to every screen covered",
    "keys": "trigger to keys zero",
    "free": "trigger to scenes, pictures and windows destroyed",
    "forgotten": "trigger to freed memory overwritten",
}
_EMPTY, _FRAME = "the same with nothing open", "one frame at 60 Hz"
_FRAME_MS = 1000 / 60


def measure_locking(bench: Bench) -> Iterator[Figure]:
    """Measure a lock; left out where no window can be made."""
    bench.say("lock: windows of its own")
    practice = bench.practice
    place = (str(practice.store), str(practice.key_file), USER, practice.volume.id)
    command = ("-m", "viewer.wiring.lock_timing", *place, str(bench.sizes.start_rounds))
    try:
        with practice.let_go():
            printed = run_python(command, "Locking", secret=practice.password)
    except ProcessEnded as fault:
        bench.say(str(fault))
        return
    yield from figures_of(json.loads(printed))


def figures_of(taken: Mapping[str, Sequence[Mapping[str, float]]]) -> Iterator[Figure]:
    """Return the medians of each part, with a CBCT open against nothing open."""
    for part, words in _PARTS.items():
        name = f"{words}, CBCT open"
        ours, empty = (median(one[part] for one in taken[what]) for what in ("volume", "empty"))
        yield Figure(name, ours, "ms", _EMPTY, empty)
        if part == "blank":
            yield Figure(name, ours, "ms", _FRAME, _FRAME_MS)
