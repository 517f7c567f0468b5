"""What records say of themselves."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from tests.unit.model.test_json import RECORD
from viewer.model.errors import Cancelled, EnvironmentFault, IntegrityError, UserError
from viewer.model.ids import PatientId, new_id
from viewer.model.image import GreyScale, Photometric, Picture, Window, to_affine
from viewer.model.patient import Patient
from viewer.model.tooth import Tooth, ToothNotation, display_tooth, is_primary, parse_tooth
from viewer.model.view import RadiographView, WindowLevel, first_window


def test_ids_are_random_and_say_nothing() -> None:
    made = {new_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(len(one) == 32 and set(one) <= set("0123456789abcdef") for one in made)


def test_a_volume_knows_its_size_and_place() -> None:
    assert RECORD.is_volume
    assert RECORD.size_bytes == 2 * 3 * 4 * 2
    picture = Picture(RECORD, np.zeros((2, 3, 4), np.int16))
    assert to_affine(picture.affine) == RECORD.affine_lps


def test_a_flat_picture_has_no_place_and_colour_is_told() -> None:
    flat = attrs.evolve(RECORD, affine_lps=None, grey=GreyScale(Photometric.RGB))
    assert not flat.is_volume
    assert flat.is_colour
    with pytest.raises(ValueError, match="place"):
        _ = Picture(flat, np.zeros((2, 3, 4), np.int16)).affine
    with pytest.raises(ValueError, match="4"):
        to_affine(np.eye(3))


def test_a_size_beyond_32_bits_does_not_wrap() -> None:
    assert attrs.evolve(RECORD, shape=(4096, 4096, 4096)).size_bytes == 2 * 4096**3


@pytest.mark.parametrize(
    ("family", "given", "shown"),
    [("Muster", "Eva", "Muster, Eva"), ("Muster", "", "Muster"), ("", "Eva", "Eva"), ("", "", "—")],
)
def test_a_name_is_shown_family_first(family: str, given: str, shown: str) -> None:
    assert Patient(PatientId("a"), "1", family, given).display_name == shown


def test_all_fifty_two_teeth_have_distinct_names_in_both_notations() -> None:
    teeth = [Tooth(q * 10 + n) for q in (1, 2, 3, 4) for n in range(1, 9)]
    teeth += [Tooth(q * 10 + n) for q in (5, 6, 7, 8) for n in range(1, 6)]
    assert [parse_tooth(tooth) for tooth in teeth] == teeth
    for notation in ToothNotation:
        assert len({display_tooth(tooth, notation) for tooth in teeth}) == 52
    assert sum(map(is_primary, teeth)) == 20


@pytest.mark.parametrize(
    ("tooth", "shown"),
    [(18, "1"), (28, "16"), (38, "17"), (48, "32"), (36, "19"), (55, "A"), (75, "K"), (85, "T")],
)
def test_universal_numbers_are_those_of_the_chart(tooth: int, shown: str) -> None:
    assert display_tooth(Tooth(tooth), ToothNotation.UNIVERSAL) == shown


@pytest.mark.parametrize("number", [0, 10, 19, 49, 50, 56, 86, 99, -11])
def test_what_designates_no_tooth_is_refused(number: int) -> None:
    with pytest.raises(UserError, match="no tooth"):
        parse_tooth(number)


def test_the_first_window_is_the_headers_else_the_whole_range() -> None:
    assert first_window(GreyScale(windows=(Window(40, 400),))) == WindowLevel(40, 400)
    whole = GreyScale(slope=2, intercept=-1000, minimum=0, maximum=1000)
    assert first_window(whole) == WindowLevel(0, 2000)
    assert first_window(attrs.evolve(whole, windows=(Window(1, 0),))) == WindowLevel(0, 2000)
    assert first_window(GreyScale(minimum=7, maximum=7)).width == 1
    assert (WindowLevel(40, 400).low, WindowLevel(40, 400).high) == (-160, 240)


def test_a_turned_flipped_or_inverted_view_is_not_as_acquired() -> None:
    view = RadiographView(WindowLevel(0, 1))
    assert view.is_as_acquired
    assert attrs.evolve(view, quarter_turns=4).is_as_acquired
    for change in ({"inverted": True}, {"quarter_turns": 1}, {"flipped_vertically": True}):
        assert not attrs.evolve(view, **change).is_as_acquired


def test_an_error_says_what_happened_and_what_to_do_now() -> None:
    fault = EnvironmentFault("The disk is full.", "Make room.")
    assert str(fault) == "The disk is full. Make room."
    assert (fault.what, fault.now) == ("The disk is full.", "Make room.")
    assert isinstance(Cancelled(), UserError)
    assert not issubclass(IntegrityError, UserError)
