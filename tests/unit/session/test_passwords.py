"""New passwords: long, and not what is guessed first."""

from __future__ import annotations

import pytest

from viewer.session.errors import WeakPassword
from viewer.session.passwords import advise, require_good_password

KNOWN = ("Elm Street Dental", "Ann Exampleton")


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "fourteen chars",
        "passwordpassword",
        "Password123456789",
        "qwertyuiopasdfgh",
        "aaaaaaaaaaaaaaaaaaaa",
        "abcabcabcabcabcabc",
        "abcdefghijklmnopqrst",
        "exampletonstreet1",
        "x" * 300,
    ],
)
def test_what_is_guessed_first_is_refused_with_a_reason(password: str) -> None:
    with pytest.raises(WeakPassword) as refused:
        require_good_password(password, KNOWN)
    assert refused.value.now


@pytest.mark.parametrize(
    "password",
    ["copper lantern orbit seven", "läuft-mit-Käse-über-Nacht", "九月的雨落在铜灯笼上很安静很久"],
)
def test_a_phrase_is_taken_without_rules_of_composition(password: str) -> None:
    assert advise(password, KNOWN).is_accepted


def test_longer_is_rated_higher() -> None:
    assert advise("copper lantern 7").score < advise("copper lantern orbit seven").score


def test_full_width_letters_do_not_hide_a_known_word() -> None:
    assert not advise("ｐａｓｓｗｏｒｄｐａｓｓｗｏｒｄ").is_accepted
