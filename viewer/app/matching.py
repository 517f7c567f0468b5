"""Whose chart an arriving image belongs to: certain, a new person, or for a person to decide.

Pure rules over what a file says and the charts that resemble it. Certain is only the same chart
number with the same name and birth date; new is only a named person with a number whom no chart
resembles. Everything else is doubtful, with reasons in plain words: nothing enters a chart by a
guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from enum import Enum

import attrs

from viewer.model.patient import Patient
from viewer.vault.catalog.patients import fold

_SPELT_OUT = (("ae", "a"), ("oe", "o"), ("ue", "u"), ("ss", "s"), ("th", "t"), ("ij", "y"))
"""Two letters for one, as forms without accents write it: Mueller for Müller."""
_SHORT = 4
"""In names shorter than this one other letter is another name: Li is not Lu."""


class Doubt(Enum):
    """Why a person has to decide; the value is what is read."""

    NO_NUMBER = "The file names no chart number."
    NO_NAME = "The file names no patient."
    TWO_CHARTS = "Several charts fit."
    NUMBER_TAKEN = "The chart number is another patient's: name or birth date differ."
    OTHER_NUMBER = "Same name and birth date, but another chart number."
    OTHER_ISSUER = "Same patient, but the chart number was given by another practice."
    OTHER_BIRTH_DATE = "Same name, but another birth date."
    BIRTH_DATE_SWAPPED = "Day and month of the birth date are exchanged."
    NO_BIRTH_DATE = "The birth date is missing on one side."
    NAMES_SWAPPED = "Family and given name are exchanged."
    SPELT_DIFFERENTLY = "The name is spelt differently."
    OTHER_SEX = "The sex differs."


class Verdict(Enum):
    """What the rules say."""

    CERTAIN = "certain"
    NEW = "new"
    DOUBTFUL = "doubtful"


@attrs.frozen
class Chart:
    """A chart's patient, and who gave the chart number (empty where nobody said)."""

    patient: Patient
    issuer: str = ""


@attrs.frozen
class Likeness:
    """A chart that may be the person's, and what speaks against it; nearest first in a list."""

    patient: Patient
    doubts: tuple[Doubt, ...]
    """Empty: nothing speaks against it."""


@attrs.frozen
class Match:
    """What the rules say of an arrival.

    `chart` is there only if it is certain. `likenesses` are the charts that resemble it.
    """

    verdict: Verdict
    chart: Patient | None
    doubts: tuple[Doubt, ...]
    likenesses: tuple[Likeness, ...]


def match(arriving: Chart, charts: Iterable[Chart]) -> Match:
    """Say whose chart an arrival belongs to.

    Parameters
    ----------
    charts : iterable of Chart
        At least every chart with the number, the birth date or the name of the arrival, also with
        family and given name or day and month exchanged: see `phrases_of`.
    """
    near = sorted(_likenesses(arriving, charts), key=_distance)
    doubts = [*_own_doubts(arriving.patient)]
    fitting = [each for each in near if not each.doubts]
    if len(fitting) == 1 and not doubts:
        return Match(Verdict.CERTAIN, fitting[0].patient, (), tuple(near))
    if len(fitting) > 1:
        doubts.append(Doubt.TWO_CHARTS)
    if not near and not doubts:
        return Match(Verdict.NEW, None, (), ())
    seen = dict.fromkeys((*doubts, *(doubt for each in near for doubt in each.doubts)))
    return Match(Verdict.DOUBTFUL, None, tuple(seen), tuple(near))


def _own_doubts(patient: Patient) -> Iterable[Doubt]:
    if not _number(patient):
        yield Doubt.NO_NUMBER
    if not _names(patient)[0] and not _names(patient)[1]:
        yield Doubt.NO_NAME


def _likenesses(arriving: Chart, charts: Iterable[Chart]) -> Iterable[Likeness]:
    for chart in charts:
        doubts = compare(arriving, chart)
        if doubts is not None:
            yield Likeness(chart.patient, doubts)


def _distance(likeness: Likeness) -> tuple[int, int, str]:
    grave = Doubt.NUMBER_TAKEN in likeness.doubts or Doubt.OTHER_BIRTH_DATE in likeness.doubts
    return int(grave), len(likeness.doubts), likeness.patient.id


def compare(arriving: Chart, chart: Chart) -> tuple[Doubt, ...] | None:
    """Say what keeps an arrival from being a chart's patient; None where they are strangers.

    Empty only for the same number (of the same or an unknown issuer), the same name but for case
    and spaces, and the same birth date, or none on both sides.
    """
    mine, theirs = arriving.patient, chart.patient
    is_number = _is_same_number(arriving, chart)
    name = _name_doubt(mine, theirs)
    born = _birth_doubt(mine.birth_date, theirs.birth_date)
    if isinstance(name, _Stranger):
        return (Doubt.NUMBER_TAKEN,) if is_number else None
    if born is Doubt.OTHER_BIRTH_DATE and not is_number and not _is_spelt_alike(mine, theirs):
        return None  # other number, other date, only a similar name
    taken = Doubt.NUMBER_TAKEN if born is Doubt.OTHER_BIRTH_DATE and is_number else None
    number = _number_doubt(arriving, chart)
    found = (taken, name, born, number, _sex_doubt(mine, theirs))
    return tuple(doubt for doubt in found if doubt is not None)


def _number_doubt(arriving: Chart, chart: Chart) -> Doubt | None:
    if _is_same_number(arriving, chart):
        return None
    number = _number(arriving.patient)
    if not number:
        return Doubt.NO_NUMBER
    return Doubt.OTHER_ISSUER if number == _number(chart.patient) else Doubt.OTHER_NUMBER


def _sex_doubt(mine: Patient, theirs: Patient) -> Doubt | None:
    first, second = mine.sex.strip().upper(), theirs.sex.strip().upper()
    return Doubt.OTHER_SEX if first and second and first != second else None


class _Stranger(Enum):
    STRANGER = "stranger"


_STRANGER = _Stranger.STRANGER


def _name_doubt(mine: Patient, theirs: Patient) -> Doubt | _Stranger | None:
    """Say how two names differ: None not at all, `_STRANGER` altogether."""
    first, second = _names(mine), _names(theirs)
    if not any(first) or not any(second):
        return None if first == second else _STRANGER
    if first == second:
        return None
    if _is_near(first, second):
        return Doubt.SPELT_DIFFERENTLY
    if _is_near(first, second[::-1]):
        return Doubt.NAMES_SWAPPED
    return _STRANGER


def _birth_doubt(mine: date | None, theirs: date | None) -> Doubt | None:
    if mine == theirs:
        return None
    if mine is None or theirs is None:
        return Doubt.NO_BIRTH_DATE
    if (mine.year, mine.month, mine.day) == (theirs.year, theirs.day, theirs.month):
        return Doubt.BIRTH_DATE_SWAPPED
    return Doubt.OTHER_BIRTH_DATE


def _is_same_number(arriving: Chart, chart: Chart) -> bool:
    number = _number(arriving.patient)
    issuers = {each for each in (arriving.issuer.strip(), chart.issuer.strip()) if each}
    return bool(number) and number == _number(chart.patient) and len(issuers) < 2


def _number(patient: Patient) -> str:
    return patient.chart_number.strip().casefold()


def _names(patient: Patient) -> tuple[str, str]:
    """Return family and given name as they are compared: no case, single spaces."""
    family, given = (
        " ".join(name.casefold().split()) for name in (patient.family_name, patient.given_name)
    )
    return family, given


def _is_spelt_alike(mine: Patient, theirs: Patient) -> bool:
    """Whether two names are the same but for case, accents and two letters written for one."""
    return _plain_pair(_names(mine)) == _plain_pair(_names(theirs))


def _plain_pair(names: tuple[str, str]) -> tuple[str, str]:
    return plain(names[0]), plain(names[1])


def plain(name: str) -> str:
    """Return a name without accents, signs and two letters for one.

    >>> plain("Müller-Weiß") == plain("MUELLER WEISS")
    True
    """
    bare = re.sub(r"\W+", " ", fold(name)).strip()
    for two, one in _SPELT_OUT:
        bare = bare.replace(two, one)
    return bare


def _is_near(first: tuple[str, str], second: tuple[str, str]) -> bool:
    """Whether two pairs of names may be one person's, written differently."""
    return all(_is_near_name(mine, theirs) for mine, theirs in zip(first, second, strict=True))


def _is_near_name(mine: str, theirs: str) -> bool:
    first, second = plain(mine), plain(theirs)
    if first == second:
        return True
    if not first or not second:
        return True  # one component is missing
    if set(first.split()) <= set(second.split()) or set(second.split()) <= set(first.split()):
        return True  # a second name that is missing
    if min(len(first), len(second)) < _SHORT:
        return False
    return is_one_slip(first, second)


def is_one_slip(first: str, second: str) -> bool:
    """Whether one letter is missing, added, another, or two neighbours are exchanged.

    >>> is_one_slip("schmidt", "schmitd"), is_one_slip("meier", "maier"), is_one_slip("a", "bc")
    (True, True, False)
    """
    if abs(len(first) - len(second)) > 1 or first == second:
        return False
    at = next(
        (at for at, (a, b) in enumerate(zip(first, second, strict=False)) if a != b),
        min(len(first), len(second)),
    )
    tails = first[at:], second[at:]
    if len(first) == len(second):
        is_exchanged = tails[0][:2] == tails[1][1::-1] and tails[0][2:] == tails[1][2:]
        return tails[0][1:] == tails[1][1:] or (len(tails[0]) > 1 and is_exchanged)
    longer, shorter = sorted(tails, key=len, reverse=True)
    return longer[1:] == shorter


def phrases_of(patient: Patient) -> list[str]:
    """Return what to search charts for (FTS5, folded words) so that none that resembles is missed.

    Found by name, however written, by birth date, and by birth date with day and month exchanged.
    """
    phrases = [f'"{each.isoformat()}"' for each in _dates(patient.birth_date)]
    number = " ".join(re.findall(r"\w+", fold(patient.chart_number).replace("_", " ")))
    if number:
        phrases.append(f'"{number}"')
    family, given = _spellings(patient.family_name), _spellings(patient.given_name)
    if family or given:
        phrases.append(" AND ".join(f"({' OR '.join(some)})" for some in (family, given) if some))
    return phrases


def _dates(birth_date: date | None) -> Sequence[date]:
    if birth_date is None:
        return ()
    if birth_date.day > 12:
        return (birth_date,)
    return birth_date, date(birth_date.year, birth_date.day, birth_date.month)


def _spellings(name: str) -> list[str]:
    """Return the first word of a name in each way in which the list may hold it, quoted."""
    lower = name.casefold()
    spelt_out = lower
    for letter, two in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ø", "oe")):
        spelt_out = spelt_out.replace(letter, two)
    first = [re.findall(r"\w+", fold(each).replace("_", " ")) for each in (lower, spelt_out)]
    words = {each[0] for each in first if each}
    words |= {plain(word) for word in words}
    return [f'"{word}"' for word in sorted(words) if word]
