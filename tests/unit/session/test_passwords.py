"""New passwords: long, and not what is guessed first."""

from __future__ import annotations

from typing import Any

import pytest
import zxcvbn  # type: ignore[import-untyped]

from viewer.session.errors import WeakPassword
from viewer.session.passwords import LOOKED_AT, advise, require_good_password

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


@pytest.mark.parametrize("password", ["brine-kelp-42", "rotated!42x", "Xk9#mQ2p"])
def test_with_a_second_factor_eight_characters_are_taken_and_alone_they_are_not(
    password: str,
) -> None:
    require_good_password(password, KNOWN, has_second_factor=True)
    with pytest.raises(WeakPassword):
        require_good_password(password, KNOWN)


@pytest.mark.parametrize(
    "password",
    ["short", "password", "summer2026", "Exampleton1", "12345678", "tr0ub4dour&3", "P@ssw0rd"],
)
def test_with_a_second_factor_what_is_guessed_first_is_refused_all_the_same(password: str) -> None:
    with pytest.raises(WeakPassword):
        require_good_password(password, KNOWN, has_second_factor=True)


@pytest.mark.parametrize(
    "password", ["iloveyou my baby", "jessica michelle", "charlie12345678", "december251999x"]
)
def test_long_but_guessed_soon_is_refused_in_plain_words(password: str) -> None:
    advice = advise(password)
    assert not advice.is_accepted
    assert advice.words.endswith("Add an unrelated word or two.")


def test_a_short_password_is_never_called_more_than_good() -> None:
    assert advise("zX9#q!mK2$pL", has_second_factor=True).score == 2


def test_words_that_are_the_practices_own_make_a_password_weaker() -> None:
    password = "exampleton dental street 4"
    assert advise(password, KNOWN).score < advise(password).score


def test_what_is_weighed_is_bounded_so_that_nobody_hangs_the_window(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """zxcvbn tries every reading of characters that look like letters: years for this one."""
    weighed: list[str] = []
    real = zxcvbn.zxcvbn

    def counting(cut: str, **kwargs: Any) -> Any:
        weighed.append(cut)
        return real(cut, **kwargs)

    monkeypatch.setattr(zxcvbn, "zxcvbn", counting)
    letters = "4@8({[<3690o1!i|7$5+z2%"
    advise("".join(letters[(place**2 + place // 7) % 23] for place in range(200)))
    assert len(weighed) == 1
    assert len(weighed[0]) <= LOOKED_AT
    assert not set(weighed[0]) & set("4@8({[<3690!|7$5+2%")


def test_the_eye_for_lookalikes_still_sees_a_known_word_behind_them() -> None:
    assert not advise("p4$$w0rd!p4$$w0rd").is_accepted
