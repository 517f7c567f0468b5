"""``panes``: what a wheel step and a window drag cost the kernels, against their numpy twins.

Drawing into the window comes on top, so the targets for painted panes are not judged here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from viewer.bench.bench import Bench
from viewer.bench.drawing import Panes, counter, fit_flat, window_into
from viewer.bench.figures import Figure
from viewer.bench.opening import unsealed
from viewer.bench.timing import Way, medians_ms
from viewer.imaging import kernels
from viewer.model.image import ImageRecord
from viewer.model.view import WindowLevel, first_window

_COMPILED, _PLAIN = "compiled", "the same in plain numpy"


def measure_panes(bench: Bench) -> Iterator[Figure]:
    """Measure the kernels of three linked panes and of a radiograph's window."""
    practice = bench.practice
    record = practice.volume
    volume = unsealed(practice.clinic, record)
    panes = Panes.of(record, bench.sizes.pane)
    rows, columns = bench.sizes.pane
    step, drag = counter(), counter()
    bench.say("panes: kernels against numpy")
    size = f"three panes of {columns}×{rows}"
    yield _figure(bench, f"wheel step, {size}, kernels", lambda: panes.show(volume, step() % 50))
    yield _figure(bench, f"window drag, {size}, kernels", lambda: panes.window(float(drag())))
    flat = practice.flat
    drag_flat = _dragging(flat, fit_flat(flat, unsealed(practice.clinic, flat)))
    yield _figure(bench, "window drag, a panoramic at 1920×1080, kernels", drag_flat)


def _dragging(record: ImageRecord, values: NDArray[np.float32]) -> Callable[[], None]:
    drag, opening = counter(), first_window(record.grey)
    shown = np.empty(values.shape, np.uint8)

    def once() -> None:
        moved = WindowLevel(opening.centre - drag(), opening.width)
        window_into(values, record.grey, moved, shown)

    return once


def _figure(bench: Bench, name: str, run: Callable[[], object]) -> Figure:
    try:
        ways = {_COMPILED: Way(run, kernels.warm), _PLAIN: Way(run, kernels.cool)}
        taken = medians_ms(ways, bench.sizes.light_rounds)
    finally:
        kernels.warm()
    return Figure(name, taken[_COMPILED], "ms", _PLAIN, taken[_PLAIN])
