"""``vault``: the sealed store against plain files, memory and the peers, part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from viewer.bench.bench import Bench
from viewer.bench.figures import Figure
from viewer.bench.vault_import import measure_sealing
from viewer.bench.vault_reading import measure_reading
from viewer.bench.vault_series import measure_series

PARTS: tuple[Callable[[Bench], Iterator[Figure]], ...] = (
    measure_reading,
    measure_series,
    measure_sealing,
)
"""In the order in which they run. A part is added here."""


def measure_vault(bench: Bench) -> Iterator[Figure]:
    """Run all parts."""
    for part in PARTS:
        yield from part(bench)
