"""``import``: a series read in the decoding child, sealed and on disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from viewer.app.use_cases.importing import prepare_to_import
from viewer.bench.bench import Bench
from viewer.bench.figures import AtMost, Figure
from viewer.bench.peers import Peer
from viewer.bench.timing import Way, medians_ms

_OURS, _COLD, _COPY = "Bitewing", "Bitewing, unprepared", "cp of the plain files"
_SIMPLEITK = AtMost(0.5)


def measure_importing(bench: Bench) -> Iterator[Figure]:
    """Measure the import of a raw CBCT series through the use case, trail and all.

    The reading processes are ready, as they are once a person has chosen a folder; one line tells
    how long it takes without.
    """
    practice = bench.practice
    copy = practice.root / "copy"

    def of_peer(peer: Peer) -> Way:
        return Way(lambda: peer.read_series(practice.slices))

    def ready() -> None:
        practice.forget_volume()
        prepare_to_import(wait=True)

    ways = {
        _OURS: Way(practice.import_volume, ready),
        _COLD: Way(practice.import_volume, practice.forget_volume),
        _COPY: Way(
            lambda: shutil.copytree(practice.series, copy),
            lambda: shutil.rmtree(copy, ignore_errors=True),
        ),
    }
    bench.say("import: sealing the series")
    ways |= {peer.name: of_peer(peer) for peer in bench.peers}
    taken = medians_ms(ways, bench.sizes.import_rounds)
    shutil.rmtree(copy, ignore_errors=True)
    name = "raw CBCT series, sealed and on disk"
    for peer in bench.peers:
        target = _SIMPLEITK if peer.name == "SimpleITK" else None
        yield Figure(name, taken[_OURS], "ms", f"{peer.name}, reading", taken[peer.name], target)
    yield Figure(name, taken[_OURS], "ms", _COPY, taken[_COPY])
    yield Figure(f"{name}, unprepared", taken[_COLD], "ms", _OURS, taken[_OURS])
