from __future__ import annotations

import pytest

from viewer.bench.figures import AtMost, Figure


def figure(value: float, other: float | None, target: AtMost | None = None) -> Figure:
    return Figure("whole volume", value, "ms", "a copy", other, target)


def test_the_ratio_is_the_value_over_what_it_is_measured_against() -> None:
    assert figure(30, 20).ratio == 1.5


@pytest.mark.parametrize("other", [None, 0.0])
def test_without_anything_to_compare_with_there_is_neither_ratio_nor_verdict(
    other: float | None,
) -> None:
    found = figure(30, other, AtMost(2))
    assert (found.ratio, found.holds) == (None, None)


@pytest.mark.parametrize(("value", "holds"), [(29.9, True), (30.0, True), (30.1, False)])
def test_a_target_holds_up_to_and_with_its_limit(value: float, holds: bool) -> None:
    assert figure(value, 20, AtMost(1.5)).holds is holds


def test_a_figure_without_a_target_has_no_verdict() -> None:
    assert figure(30, 20).holds is None


def test_json_has_exactly_the_documented_keys() -> None:
    assert figure(30, 20, AtMost(1.2)).facts() == {
        "name": "whole volume",
        "value": 30,
        "unit": "ms",
        "against": "a copy",
        "against_value": 20,
        "ratio": 1.5,
        "target": "≤ 1.2 ×",
        "holds": False,
    }


def test_rounding_for_json_does_not_change_the_verdict() -> None:
    facts = figure(30.000001, 20, AtMost(1.5)).facts()
    assert (facts["ratio"], facts["holds"]) == (1.5, False)
