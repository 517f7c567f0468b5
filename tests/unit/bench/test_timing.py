from __future__ import annotations

from functools import partial

from viewer.bench.timing import Reached, Way, medians_ms


class FakeTime:
    """A clock that goes on only when something is done."""

    def __init__(self) -> None:
        self.now = 0.0

    def spend(self, seconds: float) -> None:
        self.now += seconds


def test_the_median_of_the_rounds_is_told_in_milliseconds() -> None:
    time = FakeTime()
    costs = iter([0.001, 0.9, 0.002])
    taken = medians_ms({"a": Way(lambda: time.spend(next(costs)))}, 3, lambda: time.now)
    assert round(taken["a"], 6) == 2.0


def test_making_ready_is_not_timed() -> None:
    time = FakeTime()
    way = Way(lambda: time.spend(0.001), before=lambda: time.spend(5))
    assert round(medians_ms({"a": way}, 1, lambda: time.now)["a"], 6) == 1.0


def test_a_run_may_say_when_it_was_there() -> None:
    time = FakeTime()

    def run() -> Reached:
        time.spend(0.002)
        reached = Reached(time.now)
        time.spend(7)
        return reached

    assert round(medians_ms({"a": Way(run)}, 1, lambda: time.now)["a"], 6) == 2.0


def test_every_round_runs_every_way_once_and_begins_with_another() -> None:
    order: list[str] = []
    ways = {name: Way(partial(order.append, name)) for name in "abc"}
    medians_ms(ways, 3)
    assert "".join(order) == "abcbcacab"


def test_what_a_way_returns_is_let_go_of_before_the_next_one_runs() -> None:
    alive: list[int] = []

    class Large:
        def __init__(self) -> None:
            alive.append(1)

        def __del__(self) -> None:
            alive.pop()

    def look() -> None:
        assert alive == []

    medians_ms({"make": Way(Large), "look": Way(look)}, 2)
    assert alive == []
