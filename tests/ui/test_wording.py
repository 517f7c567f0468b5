"""Teeth, sides and names as they stand on screen."""

from __future__ import annotations

import attrs
import pytest
from PySide6.QtWidgets import QApplication

from tests.ui.fakes import FakeChart
from viewer.model.image import ImageRecord
from viewer.model.tooth import Tooth
from viewer.render.style import Side
from viewer.ui.share_sides import tag_words
from viewer.ui.viewport import qt_lettering
from viewer.ui.wording import film_words, isolated, side_words, teeth_words


@pytest.fixture
def film() -> ImageRecord:
    chart = FakeChart()
    patient = chart.find_patients("")[0].patient
    return chart.visits(patient.id)[0].images[0]


def with_teeth(film: ImageRecord, *teeth: int) -> ImageRecord:
    return attrs.evolve(film, teeth=tuple(Tooth(tooth) for tooth in teeth))


@pytest.mark.parametrize(
    ("teeth", "words"),
    [
        ((14, 15, 16, 17), "17–14"),
        ((21, 11), "11 21"),
        ((12, 13, 22, 21), "13–22"),
        ((17, 16, 15, 47, 46, 45), "17–15 / 47–45"),
        ((31, 41, 42, 32), "42–32"),
        ((55, 54, 53), "55–53"),
        ((), ""),
    ],
)
def test_teeth_are_named_jaw_by_jaw_as_one_looks_at_the_patient(
    film: ImageRecord, teeth: tuple[int, ...], words: str
) -> None:
    assert teeth_words(with_teeth(film, *teeth)) == words


def test_a_film_without_teeth_says_its_kind(film: ImageRecord) -> None:
    assert film_words(with_teeth(film)) != ""


def test_an_image_of_both_sides_names_no_side(film: ImageRecord) -> None:
    assert side_words(attrs.evolve(film, laterality="B")) == ""


def test_a_right_to_left_name_leaves_the_birth_date_below_it_in_order(
    dressed: QApplication,
) -> None:
    dates = ("1994-02-28  #DEMO-0003",)
    alone = qt_lettering(dates, 13, False, Side.START)
    named = qt_lettering((isolated("تجربة, ليلى"), *dates), 13, False, Side.START)
    below = named[-alone.shape[0] :, : alone.shape[1]]
    assert (below == alone[:, : below.shape[1]]).mean() > 0.98


def test_a_tag_is_written_as_in_the_standard() -> None:
    assert tag_words("00100010") == "(0010,0010)"
