"""``memory``: what a volume takes while it is opened and shown in planes, in its own process."""

from __future__ import annotations

import json
from collections.abc import Iterator

import attrs

from viewer.bench.bench import Bench
from viewer.bench.errors import ProcessEnded
from viewer.bench.figures import AtMost, Figure
from viewer.bench.process import run_python

_PLANES = AtMost(1.2)
_MIB = 2**20


@attrs.frozen
class Held:
    """Bytes a process held before it opened the volume, and at most while it did."""

    before: int
    peak: int

    @property
    def growth_mib(self) -> float:
        """What opening added, in MiB."""
        return (self.peak - self.before) / _MIB


_ADDED, _VOLUME = "volume open in planes, added at its peak", "the volume itself"


def measure_memory(bench: Bench) -> Iterator[Figure]:
    """Measure peak memory against the size of the volume and against the peers."""
    practice = bench.practice
    ours, size = _ours(bench), practice.volume.size_bytes / _MIB
    name = _ADDED
    yield Figure(name, ours.growth_mib, "MiB", _VOLUME, size, _PLANES)
    yield Figure("volume open in planes, whole process", ours.peak / _MIB, "MiB", _VOLUME, size)
    for peer in bench.peers:
        theirs = _held(("plain", peer.name, str(practice.series)))
        yield Figure(name, ours.growth_mib, "MiB", f"{peer.name}, reading", theirs.growth_mib)


def measure_peak(bench: Bench) -> Iterator[Figure]:
    """Measure peak memory against the size of the volume alone."""
    size = bench.practice.volume.size_bytes / _MIB
    yield Figure(_ADDED, _ours(bench).growth_mib, "MiB", _VOLUME, size, _PLANES)


def _ours(bench: Bench) -> Held:
    practice, record = bench.practice, bench.practice.volume
    bench.say("memory: opening in a process of its own")
    place = (str(practice.store), str(practice.key_file), record.id)
    with practice.let_go():
        return _held(("store", *place, *map(str, bench.sizes.pane)), practice.password)


def _held(arguments: tuple[str, ...], secret: str = "") -> Held:
    what = "Memory"
    printed = run_python(("-m", "viewer.bench.peak", *arguments), what, secret=secret)
    try:
        told = json.loads(printed)
        return Held(int(told["before"]), int(told["peak"]))
    except (ValueError, KeyError, TypeError) as fault:
        raise ProcessEnded(what) from fault
