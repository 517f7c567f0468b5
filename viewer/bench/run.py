"""``bitewing bench``: the benchmarks by name, and how their figures are printed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TextIO

import attrs

from viewer.bench.audit import measure_audit
from viewer.bench.bench import Bench
from viewer.bench.emergency import measure_emergency
from viewer.bench.errors import UnknownBenchmark
from viewer.bench.figures import Figure
from viewer.bench.hostile import measure_hostile
from viewer.bench.importing import measure_importing
from viewer.bench.locking import measure_locking
from viewer.bench.memory import measure_memory
from viewer.bench.opening import measure_opening
from viewer.bench.panes import measure_panes
from viewer.bench.sizes import SMALL, USUAL, Sizes
from viewer.bench.starting import measure_starting
from viewer.bench.switching import measure_switching
from viewer.bench.table import table
from viewer.bench.vault import measure_vault
from viewer.bench.vault_catalog import measure_catalog
from viewer.model.errors import BitewingError

Benchmark = Callable[[Bench], Iterator[Figure]]

BENCHMARKS: Mapping[str, Benchmark] = {
    "import": measure_importing,
    "hostile": measure_hostile,
    "open": measure_opening,
    "memory": measure_memory,
    "vault": measure_vault,
    "panes": measure_panes,
    "start": measure_starting,
    "switch": measure_switching,
    "lock": measure_locking,
    "emergency": measure_emergency,
    "catalog": measure_catalog,
    "audit": measure_audit,
}
"""In the order in which they run."""

DONE, FAILED = 0, 1


def run_benchmarks(
    name: str | None,
    out: TextIO,
    *,
    as_json: bool,
    small: bool,
    sizes: Sizes | None = None,
    err: TextIO | None = None,
    benchmarks: Mapping[str, Benchmark] = BENCHMARKS,
) -> int:
    """Run one benchmark or all; print the figures on `out` and the progress on `err`.

    A target that is missed is no failure: the figures say so. One benchmark that cannot be run
    is told and the rest goes on.

    Parameters
    ----------
    sizes : Sizes, optional
        Instead of the usual or the small ones.

    Returns
    -------
    int
        0; 1 if something could not be run.

    Raises
    ------
    UnknownBenchmark
        There is none of this name.
    """
    if name is not None and name not in benchmarks:
        raise UnknownBenchmark(benchmarks)
    progress = err or sys.stderr
    figures: list[Figure] = []
    status = DONE

    def say(words: str) -> None:
        print(f"bench: {words}", file=progress, flush=True)

    with Bench(sizes or (SMALL if small else USUAL), say) as bench:
        for each in [name] if name is not None else benchmarks:
            try:
                for found in benchmarks[each](bench):
                    figure = attrs.evolve(found, name=f"{each}: {found.name}")
                    figures.append(figure)
            except BitewingError as fault:
                say(f"{each}: {fault}")
                status = FAILED
    if as_json:
        json.dump([figure.facts() for figure in figures], out, ensure_ascii=False, indent=2)
        print(file=out)
    elif figures:
        print(table(figures), file=out)
    return status
