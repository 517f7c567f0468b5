"""The import of a CBCT, sealed and on disk, against copying the folder and waiting for the disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from viewer.app.use_cases.importing import prepare_to_import
from viewer.bench.bench import Bench
from viewer.bench.figures import Figure
from viewer.bench.timing import Way, medians_ms

_OURS, _COPY = "import of a CBCT, sealed and on disk", "cp -r of the folder, then sync"


def measure_sealing(bench: Bench) -> Iterator[Figure]:
    """Measure the whole use case beside a plain copy that is as safe from a pulled plug."""
    practice = bench.practice
    bench.say("vault: import and a plain copy")

    def ready() -> None:
        practice.forget_volume()
        prepare_to_import(wait=True)

    copy = practice.root / "synced"

    def copied() -> None:
        shutil.copytree(practice.series, copy)
        for path in (*copy.rglob("*"), copy, copy.parent):
            _sync(path)

    ways = {
        _OURS: Way(practice.import_volume, ready),
        _COPY: Way(copied, lambda: shutil.rmtree(copy, ignore_errors=True)),
    }
    taken = medians_ms(ways, bench.sizes.import_rounds)
    shutil.rmtree(copy, ignore_errors=True)
    yield Figure(_OURS, taken[_OURS], "ms", _COPY, taken[_COPY])


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
