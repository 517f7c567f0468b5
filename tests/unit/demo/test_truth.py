"""The shipped truth is what the label map says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from viewer.demo.labels import CANALS, load_labels, load_teeth
from viewer.demo.truth import derive_truth, load_truth
from viewer.model.json import to_plain


def test_the_shipped_truth_is_what_comes_out_of_the_label_map() -> None:
    derived, shipped = (dict(_leaves(to_plain(t))) for t in (derive_truth(), load_truth()))
    numbers = {at: value for at, value in derived.items() if isinstance(value, float)}
    assert derived.keys() == shipped.keys()
    assert numbers == pytest.approx({at: shipped[at] for at in numbers}, abs=0.002)
    assert all(derived[at] == shipped[at] for at in derived.keys() - numbers.keys())


def _leaves(tree: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(tree, dict | list | tuple):
        pairs = tree.items() if isinstance(tree, dict) else enumerate(tree)
        for key, branch in pairs:
            yield from _leaves(branch, f"{at}/{key}")
    else:
        yield at, tree


@pytest.mark.parametrize("side", ["right", "left"])
def test_a_canals_middle_line_stays_inside_the_canal(side: str) -> None:
    labels = load_labels()
    canal = next(c for c in load_truth().canals if c.side == side)
    index = np.round(np.array(canal.centreline_lps) / labels.spacing_mm).astype(int)
    assert (labels.voxels_kji[tuple(index[:, ::-1].T)] == CANALS).all()
    assert 55 < canal.length_mm < 85


def test_the_patients_right_is_at_low_x() -> None:
    truth = load_truth()
    right = [t.facts.centre_lps[0] for t in truth.teeth if t.facts.tooth // 10 in (1, 4)]
    left = [t.facts.centre_lps[0] for t in truth.teeth if t.facts.tooth // 10 in (2, 3)]
    assert max(right) < min(left)
    assert truth.canals[0].side == "right"
    assert truth.canals[0].centreline_lps[0][0] < truth.canals[1].centreline_lps[0][0]


def test_arches_run_from_right_to_left_a_millimetre_a_point() -> None:
    for arch in (load_truth().upper_arch_lps, load_truth().lower_arch_lps):
        line = np.array(arch)
        steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
        assert line[0, 0] < line[-1, 0]
        assert steps == pytest.approx(1.0, abs=0.02)


def test_widths_are_those_of_a_grown_up() -> None:
    lengths = {d.name: d.length_mm for d in load_truth().distances}
    assert 28 < lengths["upper canines, crown tips"] < 40
    assert 38 < lengths["lower first molars, crown tips"] < 50


def test_a_distance_ends_in_the_tooth_it_names() -> None:
    labels, teeth = load_labels(), load_teeth()
    distance = next(d for d in load_truth().distances if d.name.startswith("36 to"))
    index = np.round(np.array(distance.start_lps)[::-1] / labels.spacing_mm).astype(int)
    assert teeth.numbers_kji[tuple(index - np.array(teeth.start_kji))] == 36


def test_numbers_that_could_be_disputed_say_so() -> None:
    truth = load_truth()
    assert {int(t.facts.tooth) for t in truth.teeth if not t.certain} == {17, 27, 37, 47}
    assert all(t.doubt for t in truth.teeth if not t.certain)
    with pytest.raises(KeyError):
        truth.tooth(18)
