"""What the benchmark of the trail says of a window beside it."""

from __future__ import annotations

import threading

from viewer.bench.audit import longest_wait_ms


def test_the_longest_wait_covers_the_work_and_ends_with_it() -> None:
    begun: list[str] = []

    def work() -> None:
        begun.append(threading.current_thread().name)
        sorted(range(200_000, 0, -1), key=str)  # one call that hands nobody the turn

    longest = longest_wait_ms(work)
    assert begun
    assert begun[0] != threading.current_thread().name
    assert longest > 0
    assert threading.active_count() >= 1
