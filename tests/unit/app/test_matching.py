"""Whose chart: certain only where everything agrees, new only where nothing resembles."""

from __future__ import annotations

from datetime import date

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.app.matching import (
    Chart,
    Doubt,
    Verdict,
    compare,
    is_one_slip,
    match,
    phrases_of,
    plain,
)
from viewer.model.ids import PatientId
from viewer.model.patient import Patient

BORN = date(1987, 4, 12)


def somebody(
    number: str = "1001",
    family: str = "Lindqvist",
    given_name: str = "Anna",
    born: date | None = BORN,
    sex: str = "F",
) -> Patient:
    return Patient(PatientId(f"{number}{family}{born}"), number, family, given_name, born, sex)


ANNA = somebody()


def said(arriving: Patient, *charts: Patient) -> tuple[Verdict, tuple[Doubt, ...]]:
    found = match(Chart(arriving), [Chart(each) for each in charts])
    return found.verdict, found.doubts


@pytest.mark.parametrize(
    "arriving",
    [
        ANNA,
        somebody(family="LINDQVIST", given_name="ANNA"),
        somebody(family=" Lindqvist ", given_name="anna"),
        somebody(number=" 1001"),
        somebody(sex=""),
    ],
)
def test_the_same_number_name_and_birth_date_is_certain(arriving: Patient) -> None:
    assert said(arriving, ANNA) == (Verdict.CERTAIN, ())


@pytest.mark.parametrize(
    ("arriving", "doubt"),
    [
        (somebody(family="Okafor", given_name="Ben"), Doubt.NUMBER_TAKEN),
        (somebody(born=date(1950, 1, 30)), Doubt.NUMBER_TAKEN),
        (somebody(born=date(1950, 1, 30)), Doubt.OTHER_BIRTH_DATE),
        (somebody(number="2002"), Doubt.OTHER_NUMBER),
        (somebody(number="2002", born=date(1950, 1, 30)), Doubt.OTHER_BIRTH_DATE),
        (somebody(family="Anna", given_name="Lindqvist"), Doubt.NAMES_SWAPPED),
        (somebody("2002", "Anna", "Lindqvist"), Doubt.NAMES_SWAPPED),
        (somebody(family="Lindquist"), Doubt.SPELT_DIFFERENTLY),
        (somebody("2002", "Lindqvits"), Doubt.SPELT_DIFFERENTLY),
        (somebody(given_name="Anna Maria"), Doubt.SPELT_DIFFERENTLY),
        (somebody(given_name=""), Doubt.SPELT_DIFFERENTLY),
        (somebody(number=""), Doubt.NO_NUMBER),
        (somebody(family="", given_name=""), Doubt.NO_NAME),
        (somebody(born=date(1987, 12, 4)), Doubt.BIRTH_DATE_SWAPPED),
        (somebody("2002", born=date(1987, 12, 4)), Doubt.BIRTH_DATE_SWAPPED),
        (somebody(born=None), Doubt.NO_BIRTH_DATE),
        (somebody(sex="M"), Doubt.OTHER_SEX),
    ],
)
def test_each_disagreement_is_for_a_person_to_decide(arriving: Patient, doubt: Doubt) -> None:
    verdict, doubts = said(arriving, ANNA)
    assert verdict is Verdict.DOUBTFUL
    assert doubt in doubts


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [("Müller", "Mueller"), ("Strauß", "Straus"), ("Łukasz", "Lukasz"), ("Sørensen", "Soerensen"),
     ("O’Neill", "O'NEILL"), ("García", "Garcia"), ("Jäger", "Jaeger")],
)  # fmt: skip
def test_names_that_are_written_otherwise_are_asked_about(mine: str, theirs: str) -> None:
    assert plain(mine) == plain(theirs)
    for number in ("1001", "2002"):
        verdict, doubts = said(somebody(number, mine), somebody("1001", theirs))
        assert verdict is Verdict.DOUBTFUL
        assert Doubt.SPELT_DIFFERENTLY in doubts


def test_somebody_whom_no_chart_resembles_is_new() -> None:
    assert said(somebody("3003", "Okafor", "Ben", date(1950, 1, 30)), ANNA) == (Verdict.NEW, ())
    assert said(ANNA) == (Verdict.NEW, ())


def test_a_brother_or_sister_born_on_the_same_day_is_new() -> None:
    assert said(somebody("3003", given_name="Birgit"), ANNA) == (Verdict.NEW, ())


def test_nobody_without_a_number_or_a_name_is_new() -> None:
    assert said(somebody(number=""))[0] is Verdict.DOUBTFUL
    assert said(somebody(family="", given_name=" "))[0] is Verdict.DOUBTFUL


def test_two_charts_that_fit_equally_are_no_certainty() -> None:
    twice = attrs.evolve(ANNA, id=PatientId("another"))
    verdict, doubts = said(ANNA, ANNA, twice)
    assert (verdict, doubts) == (Verdict.DOUBTFUL, (Doubt.TWO_CHARTS,))


def test_a_number_of_another_practice_is_another_number() -> None:
    ours = Chart(ANNA, "OURS")
    assert match(Chart(ANNA, "THEIRS"), [ours]).doubts == (Doubt.OTHER_ISSUER,)
    assert match(Chart(ANNA, ""), [ours]).verdict is Verdict.CERTAIN
    stranger = Chart(somebody(family="Okafor", given_name="Ben", born=date(1950, 1, 30)), "THEIRS")
    assert match(stranger, [ours]).verdict is Verdict.NEW


def test_the_nearest_chart_comes_first() -> None:
    taken = somebody("1001", "Okafor", "Ben", date(1950, 1, 30))
    double = somebody("2002")
    found = match(Chart(somebody(family="Lindquist")), [Chart(taken), Chart(double)])
    assert [each.patient for each in found.likenesses] == [double, taken]


NAMES = st.sampled_from(["Anna", "Lindqvist", "Müller", "Mueller", "Li", "Lu", "Okafor", ""])
NUMBERS = st.sampled_from(["", "1", "1001", "10-01", "2002"])
DATES = st.sampled_from([None, BORN, date(1987, 12, 4), date(1950, 1, 30)])
PEOPLE = st.builds(somebody, NUMBERS, NAMES, NAMES, DATES, st.sampled_from(["", "F", "M"]))


@given(PEOPLE, st.lists(PEOPLE, max_size=4))
def test_certain_is_only_who_agrees_in_number_name_and_birth_date(
    arriving: Patient, charts: list[Patient]
) -> None:
    found = match(Chart(arriving), [Chart(each) for each in charts])
    if found.verdict is Verdict.CERTAIN:
        chart = found.chart
        assert chart is not None
        assert chart.chart_number == arriving.chart_number != ""
        assert chart.birth_date == arriving.birth_date
        mine = (chart.family_name, chart.given_name)
        assert mine == (arriving.family_name, arriving.given_name) != ("", "")
        assert {chart.sex, arriving.sex} != {"F", "M"}
    else:
        assert found.chart is None


@given(PEOPLE, st.lists(PEOPLE, max_size=4))
def test_new_is_only_a_named_person_with_a_number_that_is_nobodys(
    arriving: Patient, charts: list[Patient]
) -> None:
    found = match(Chart(arriving), [Chart(each) for each in charts])
    if found.verdict is Verdict.NEW:
        assert arriving.chart_number
        assert arriving.family_name or arriving.given_name
        for chart in charts:
            assert chart.chart_number != arriving.chart_number
            same = (chart.family_name, chart.given_name, chart.birth_date)
            assert same != (arriving.family_name, arriving.given_name, arriving.birth_date)
    assert (found.verdict is Verdict.DOUBTFUL) == bool(found.doubts)


@given(PEOPLE, PEOPLE)
def test_two_are_strangers_to_each_other_or_to_neither(first: Patient, second: Patient) -> None:
    there, back = compare(Chart(first), Chart(second)), compare(Chart(second), Chart(first))
    assert (there is None) == (back is None)


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_one_slip_is_one_edit_or_two_neighbours_exchanged(first: str, second: str) -> None:
    near = {first[:at] + first[at + 1 :] for at in range(len(first))}
    near |= {first[:at] + char + first[at:] for at in range(len(first) + 1) for char in "abc"}
    near |= {first[:at] + char + first[at + 1 :] for at in range(len(first)) for char in "abc"}
    near |= {
        first[:at] + first[at + 1] + first[at] + first[at + 2 :] for at in range(len(first) - 1)
    }
    assert is_one_slip(first, second) == (second in near - {first})


def test_a_search_asks_for_both_readings_of_a_birth_date() -> None:
    assert phrases_of(ANNA)[:2] == ['"1987-04-12"', '"1987-12-04"']
    assert phrases_of(somebody(born=date(1987, 4, 30)))[0] == '"1987-04-30"'


def test_a_search_cannot_be_broken_by_what_stands_in_a_name() -> None:
    hostile = somebody('1" OR "2', 'x" OR *', 'NEAR("a" "b")')
    for phrase in phrases_of(hostile):
        assert phrase.count('"') % 2 == 0
        assert "*" not in phrase
