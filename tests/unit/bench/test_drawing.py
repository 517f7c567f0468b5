from __future__ import annotations

import numpy as np
import pytest

from viewer.bench.drawing import SCREEN, Panes, flat_picture
from viewer.bench.opening import unsealed
from viewer.bench.practice import BenchPractice
from viewer.model.image import ImageRecord


def test_the_three_panes_show_tissue_and_another_plane_at_each_step(
    practice: BenchPractice,
) -> None:
    volume = unsealed(practice.clinic, practice.volume)
    panes = Panes.of(practice.volume, practice.sizes.pane)
    first = [picture.copy() for picture in panes.show(volume)]
    assert all(len(np.unique(picture)) > 50 for picture in first)
    for before, after in zip(first, panes.show(volume, 5), strict=True):
        assert not np.array_equal(before, after)


def test_a_window_drag_darkens_all_panes(practice: BenchPractice) -> None:
    panes = Panes.of(practice.volume, practice.sizes.pane)
    volume = unsealed(practice.clinic, practice.volume)
    before = [picture.mean() for picture in panes.show(volume)]
    after = [picture.mean() for picture in panes.window(-300.0)]
    assert all(dark < light for dark, light in zip(after, before, strict=True))


def test_a_radiograph_is_drawn_for_a_whole_screen(practice: BenchPractice) -> None:
    record = practice.flat
    picture = flat_picture(record, unsealed(practice.clinic, record))
    assert picture.shape == SCREEN
    assert len(np.unique(picture)) > 50


def test_a_flat_image_has_no_planes(practice: BenchPractice) -> None:
    flat: ImageRecord = practice.flat
    with pytest.raises(ValueError, match="only a volume"):
        Panes.of(flat, (10, 10))
