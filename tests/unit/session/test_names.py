"""Names that belong to one person, and are not mistaken for another's."""

from __future__ import annotations

import pytest

from viewer.session.errors import AccountRefused
from viewer.session.names import advise_name, require_personal, require_unlike, skeleton


@pytest.mark.parametrize(
    "name",
    ["Reception", "operatory 1", "Front Desk", "front-desk-2", "dentist", "Admin", "X-Ray",
     "Empfang", "ＡＤＭＩＮ", "the hygienists", "Dr.", "Room 3", "1234"],
)  # fmt: skip
def test_the_name_of_a_place_or_a_job_is_refused(name: str) -> None:
    with pytest.raises(AccountRefused, match=r"not taken|letters"):
        require_personal(name)


@pytest.mark.parametrize("name", ["Reception Anna", "anna.hygienist", "Operatory Berg"])
def test_a_name_that_sounds_shared_is_taken_with_a_question(name: str) -> None:
    advice = advise_name(name)
    assert advice.words.endswith("?")
    assert not advice.refused
    assert require_personal(name) == name


@pytest.mark.parametrize(
    "name", ["Dr. Mara Linden", "Ø. Ångström", "Paul Nurse", "李小龍", "O'Brien", "Jean-Luc"]
)
def test_a_persons_name_is_taken_without_a_word(name: str) -> None:
    assert advise_name(name).words == ""
    assert require_personal(f" {name} ") == name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann Berg", "Аnn Berg"),  # Cyrillic A
        ("Ann Berg", "ann.berg"),
        ("Ann Berg", "Ａｎｎ　Ｂｅｒｇ"),
        ("Ian Ellis", "lan Ellis"),  # I and l
        ("Ann Berg", "Ann Berg\u200b"),
        ("Bob", "B0b"),
        ("Amo Stern", "Arno Stern"),
        ("Сора", "Copa"),  # all Cyrillic, all Latin
    ],
)
def test_names_that_look_alike_have_one_skeleton(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)
    with pytest.raises(AccountRefused, match="looks like"):
        require_unlike(other, [one])


@pytest.mark.parametrize(("one", "other"), [("Ann Berg", "Anna Berg"), ("Müller", "Muller")])
def test_names_that_differ_to_the_eye_are_two(one: str, other: str) -> None:
    require_unlike(other, [one])


@pytest.mark.parametrize(
    "name", ["Ann\u200bBerg", "Ann\u202eBerg", "Ann\nBerg", "Ann Веrg", "", "  ", "A" * 81]
)
def test_what_cannot_be_read_alike_by_all_is_refused(name: str) -> None:
    with pytest.raises(AccountRefused):
        require_personal(name)
