"""``import``: a series read in the decoding child, sealed and on disk."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from viewer.app.jobs import SilentControl
from viewer.app.use_cases.importing import (
    ImportPaths,
    ImportStopped,
    import_paths,
    prepare_to_import,
)
from viewer.bench.bench import Bench
from viewer.bench.figures import AtMost, Figure
from viewer.bench.peers import Peer, Pydicom
from viewer.bench.timing import Way, medians_ms

_OURS, _COLD, _COPY = "Bitewing", "Bitewing, unprepared", "cp of the plain files"
_READ = "cp, then pydicom reading what was copied"
_SIMPLEITK = AtMost(0.5)
_MOMENTS = 24
_CANCEL_MS = 500.0


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
    ways[_READ] = Way(
        lambda: _copied_and_read(practice.series, copy),
        lambda: shutil.rmtree(copy, ignore_errors=True),
    )
    bench.say("import: sealing the series")
    ways |= {peer.name: of_peer(peer) for peer in bench.peers}
    taken = medians_ms(ways, bench.sizes.import_rounds)
    shutil.rmtree(copy, ignore_errors=True)
    name = "raw CBCT series, sealed and on disk"
    for peer in bench.peers:
        target = _SIMPLEITK if peer.name == "SimpleITK" else None
        yield Figure(name, taken[_OURS], "ms", f"{peer.name}, reading", taken[peer.name], target)
    yield Figure(name, taken[_OURS], "ms", _COPY, taken[_COPY])
    yield Figure(name, taken[_OURS], "ms", _READ, taken[_READ])
    yield Figure(f"{name}, unprepared", taken[_COLD], "ms", _OURS, taken[_OURS])
    yield from _cancelling(bench)


def _copied_and_read(series: Path, copy: Path) -> object:
    shutil.copytree(series, copy)
    return Pydicom().read_series(sorted(copy.iterdir()))


def _cancelling(bench: Bench) -> Iterator[Figure]:
    """Cancel the import of the series at moments from its beginning to its end."""
    bench.say(f"import: cancelled at {_MOMENTS} moments")
    practice = bench.practice
    practice.forget_volume()
    whole = CancelledAt(None)
    request = ImportPaths((practice.series,))
    report = import_paths(practice.clinic, request, whole)
    for stored in report.stored:
        practice.clinic.vault.delete_image(stored.record.id)
    worst, left = 0.0, 0
    for moment in range(_MOMENTS):
        control = CancelledAt(1 + moment * (whole.asked - 2) // (_MOMENTS - 1))
        try:
            report = import_paths(practice.clinic, request, control)
        except ImportStopped as stopped:
            worst = max(worst, (time.perf_counter() - control.at) * 1e3)
            report = stopped.report
        left += len(report.stored)
        for stored in report.stored:
            practice.clinic.vault.delete_image(stored.record.id)
    name = f"series cancelled at {_MOMENTS} moments, the longest until it has stopped"
    yield Figure(name, worst, "ms", f"a limit of {_CANCEL_MS:g} ms", _CANCEL_MS, AtMost(1.0))
    name = f"series cancelled at {_MOMENTS} moments, what was stored of it"
    yield Figure(name, float(left), "volumes", "all moments", float(_MOMENTS))


class CancelledAt(SilentControl):
    """Says yes when it is asked the n-th time whether somebody cancelled; counts how often it was.

    An import asks before each file, while it waits for a child, and between pieces that are sealed.
    """

    def __init__(self, moment: int | None) -> None:
        super().__init__()
        self._moment = moment
        self.asked = 0
        self.at = 0.0

    def is_cancelled(self) -> bool:
        """Whether it is time."""
        self.asked += 1
        if self._moment is None or self.asked < self._moment:
            return False
        self.at = self.at or time.perf_counter()
        return True
