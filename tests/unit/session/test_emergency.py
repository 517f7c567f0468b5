"""The sealed code's letters, reasons and names."""

from __future__ import annotations

import itertools

import pytest

from viewer.crypto.secret import Secret
from viewer.session.emergency import (
    CODE_BITS,
    EmergencyCode,
    checked_name,
    checked_reason,
    group_is_right,
)
from viewer.session.errors import EmergencyCodeMistyped, EmergencyRefused

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def test_a_code_has_ninety_bits_in_six_groups_of_four() -> None:
    code = EmergencyCode.new()
    assert CODE_BITS == 90
    assert [len(group) for group in code.groups] == [4] * 6
    assert EmergencyCode.new().text != code.text


def test_a_code_is_read_as_people_write_it() -> None:
    code = EmergencyCode.new()
    for typed in (code.text, code.text.lower(), code.text.replace("-", ""), f" {code.text} \n"):
        assert EmergencyCode.from_text(typed).text == code.text
    looks_alike = code.text.replace("0", "o").replace("1", "l")
    assert EmergencyCode.from_text(looks_alike).text == code.text


def test_no_single_slip_in_a_group_passes() -> None:
    for place, group in enumerate(EmergencyCode.new().groups):
        for at, letter in itertools.product(range(4), LETTERS):
            slipped = group[:at] + letter + group[at + 1 :]
            assert group_is_right(place, slipped) == (slipped == group)


def test_no_two_letters_in_each_others_place_pass() -> None:
    for _ in range(50):
        for place, group in enumerate(EmergencyCode.new().groups):
            for first, second in itertools.combinations(range(3), 2):
                letters = list(group)
                letters[first], letters[second] = letters[second], letters[first]
                swapped = "".join(letters)
                assert group_is_right(place, swapped) == (swapped == group)


def test_no_group_passes_in_anothers_place() -> None:
    for place, group in enumerate(EmergencyCode.new().groups):
        assert [n for n in range(6) if group_is_right(n, group)] == [place]


@pytest.mark.parametrize("count", [0, 1, 5, 7])
def test_too_few_and_too_many_groups_are_refused(count: int) -> None:
    groups = (EmergencyCode.new().groups * 2)[:count]
    with pytest.raises(EmergencyCodeMistyped):
        EmergencyCode.from_text("-".join(groups))


def test_the_key_needs_the_code_and_the_device_and_the_practice() -> None:
    code, device = EmergencyCode.new(), Secret.random()
    key = code.private("practice", device)
    assert key.equals(EmergencyCode.from_text(code.text).private("practice", device))
    assert not key.equals(code.private("practice", Secret.random()))
    assert not key.equals(code.private("another", device))
    assert not key.equals(EmergencyCode.new().private("practice", device))


def test_a_code_does_not_show_itself() -> None:
    code = EmergencyCode.new()
    assert repr(code) == "EmergencyCode(…)"


def test_reasons_and_names_are_one_line_and_not_endless() -> None:
    assert checked_reason(" tooth\n\n 36 hurts ") == "tooth 36 hurts"
    assert len(checked_reason("so " * 500)) == 200
    assert len(checked_name("Mara " * 100)) == 60
    for nothing in ("", "..", "1 2"):
        with pytest.raises(EmergencyRefused):
            checked_name(nothing)
