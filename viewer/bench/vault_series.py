"""A CBCT from the store to its first plane and to all, against peers reading it as DICOM."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from viewer.bench.bench import Bench
from viewer.bench.cache import can_drop, drop
from viewer.bench.errors import PeerMissing, ReadingsDiffer
from viewer.bench.figures import AtMost, Figure
from viewer.bench.memory import measure_peak
from viewer.bench.opening import first_pictures, first_plane, unsealed
from viewer.bench.peers import FindingSimpleItk, Peer
from viewer.bench.timing import Way, medians_ms, nothing

_SIMPLEITK, _FIRST = AtMost(0.1), AtMost(0.05)
_WHOLE, _PLANE, _OVERVIEW = "whole volume", "first plane in full", "overview"


def measure_series(bench: Bench) -> Iterator[Figure]:
    """Measure through the gate what a person waits for, and memory against the volume's size."""
    practice, peers = bench.practice, _peers(bench)
    ours = unsealed(practice.clinic, practice.volume)
    for peer in peers:
        if not np.array_equal(ours, peer.read_series(practice.slices)):
            raise ReadingsDiffer(peer.name)
    del ours
    bench.say("vault: a volume, warm")
    yield from _figures(bench, peers, "warm", nothing)
    if can_drop(practice.slices[0]):
        bench.say("vault: a volume, cold")
        files = [*practice.sealed_files(), *practice.slices]
        yield from _figures(bench, peers, "cold", lambda: drop(files))
    yield from measure_peak(bench)


def _peers(bench: Bench) -> tuple[Peer, ...]:
    try:
        return (*bench.peers, FindingSimpleItk())
    except PeerMissing:  # told already
        return bench.peers


def _figures(
    bench: Bench, peers: tuple[Peer, ...], state: str, before: Callable[[], None]
) -> Iterator[Figure]:
    practice, record = bench.practice, bench.practice.volume
    clinic, middle = practice.clinic, record.shape[0] // 2
    ways = {
        _WHOLE: Way(lambda: unsealed(clinic, record), before),
        _OVERVIEW: Way(lambda: first_pictures(clinic, record, lambda _: None), before),
        _PLANE: Way(lambda: first_plane(clinic, record.id, middle, np.copy), before),
    }
    ways |= {peer.name: Way(_reading(bench, peer), before) for peer in peers}
    rounds = bench.sizes.warm_rounds if state == "warm" else bench.sizes.cold_rounds
    taken = medians_ms(ways, rounds)
    for name in (_OVERVIEW, _PLANE):
        target = _FIRST if state == "cold" and name == _OVERVIEW else None
        yield Figure(
            f"{name}, {state}", taken[name], "ms", f"{_WHOLE}, {state}", taken[_WHOLE], target
        )
    for peer in peers:
        target = _SIMPLEITK if state == "warm" and peer.name == "SimpleITK" else None
        against = f"{peer.name}, the same as DICOM"
        yield Figure(f"{_WHOLE}, {state}", taken[_WHOLE], "ms", against, taken[peer.name], target)


def _reading(bench: Bench, peer: Peer) -> Callable[[], object]:
    return lambda: peer.read_series(bench.practice.slices)
