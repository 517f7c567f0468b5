"""Quick PINs that a colleague tries first are not taken."""

from __future__ import annotations

import pytest

from viewer.session.errors import WeakPin
from viewer.session.pins import require_good_pin


@pytest.mark.parametrize("pin", ["402917", "730562", "8840261", "59264073", "0063184927"])
def test_digits_without_a_pattern_are_taken(pin: str) -> None:
    require_good_pin(pin)


@pytest.mark.parametrize(
    "pin",
    [
        "123456",
        "654321",
        "012345",
        "890123",
        "246802",
        "111111",
        "121212",
        "123123",
        "402402",
        "112233",
        "147258",
        "159357",
        "789456",
        "110110",
        "12345678",
    ],
)
def test_what_everybody_tries_first_is_refused(pin: str) -> None:
    with pytest.raises(WeakPin, match="first"):
        require_good_pin(pin)


@pytest.mark.parametrize("pin", ["198704", "041987", "12041987", "120487", "041287", "870412"])
def test_what_looks_like_a_birth_date_or_year_is_refused(pin: str) -> None:
    with pytest.raises(WeakPin, match="date"):
        require_good_pin(pin)


@pytest.mark.parametrize("pin", ["", "40291", "40291a", "４０２９１７", "4" * 17, "402 917"])
def test_too_short_too_long_or_no_digits_is_refused(pin: str) -> None:
    with pytest.raises(WeakPin):
        require_good_pin(pin)
