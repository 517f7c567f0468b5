"""Made-up people by the hundred thousand: names put together from parts, some far commoner.

Nobody's real name is looked up anywhere. The commonest family name falls to about one in a
hundred, as in a real town, so that many share a name and some share the birthday, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import attrs
import numpy as np


def _words(text: str) -> list[str]:
    return text.split()


_STEMS = _words("""
Acker Alten Amsel Auer Bach Baum Berg Birken Blumen Brand Brunn Buch Burg Busch Dorn Eber Eichen
Eisen Engel Erlen Falken Feld Fels Fichten Fisch Frei Fried Gold Grün Gruber Hagen Hahn Hart
Hasel Hoch Hof Holz Huber Jung Kalten Kirch Klein König Korn Kraft Kron Lang Laub Leit Linden
Löwen Maier Mann Mark Mauer Meer Mittel Mühl Müller Nacht Neu Nieder Nuss Ober Oster Pfeil Platz
Rainer Reich Richter Ritter Rosen Rot Sand Schäfer Schmid Schnee Schön Schwarz See Silber Sommer
Sonnen Stein Stern Strauch Tannen Tief Ulmen Vogel Wald Wasser Weber Weiden Wein Weiß Wiesen
Winter Wolf Zeder Zeller Ziegel
""")
_ENDS = [
    "",
    *_words("""
ach auer bach bauer berg berger bichler blum brunner burg dorfer eck egger er feld felder fels
furt gasser graber haas hauer haus heim hofer holz huber inger kamp kirchner kofler lechner
leitner ler ling mair mann mayr meister moser müller ner reiter rieder sen ski son stein stätter
strasser tal thaler trup waldner weger wirth ø-Holm ć-Marić ová
"""),
]
_GIVEN = _words("""
Anna Maria Johann Josef Michael Thomas Eva Peter Sara Lukas Emma Paul Elif Jakob Sofia Julia
David Hannah Felix Leonie Mehmet Katharina Simon Lena Daniel Laura Tobias Magdalena Florian
Zeynep Markus Elisabeth Sebastian Barbara Alexander Nina Stefan Monika Christian Birgit Andreas
Ágnes Zoltán Łucja Stanisław Søren Ingrid Nguyễn Yusuf Amira Wei Xin Jana Tomáš Đorđe Milica
Ivana Ömer Claire Noël José Inés Luca Giulia Kai Ulrike Werner Renate Gerhard Franz Theresia
Karl Rosa Leopold Viktoria Quentin Olivia Matteo Valentina Emil Ida Hugo Frieda Oskar Klara
""")
_OLDEST = date(1926, 1, 1)
_DAYS = 99 * 365


@attrs.frozen
class Person:
    """A made-up person."""

    family: str
    given: str
    born: date
    sex: str


def made_up_people(count: int, random: np.random.Generator) -> Iterator[Person]:
    """Yield people; the same generator state gives the same people."""
    families = [stem + end for end in _ENDS for stem in _STEMS]
    random.shuffle(families)
    of_family = _picks(len(families), count, 0.85, random)
    of_given = _picks(len(_GIVEN), 2 * count, 0.6, random)
    days, seconds = random.integers(0, _DAYS, count), random.random(count)
    for n in range(count):
        given = _GIVEN[of_given[n]]
        if seconds[n] < 0.25:
            given = f"{given} {_GIVEN[of_given[count + n]]}"
        family = families[of_family[n]]
        if seconds[n] > 0.96:
            family = f"{family}-{families[of_family[n - 1]]}"
        born = _OLDEST + timedelta(days=int(days[n]))
        yield Person(family, given, born, "MFO"[min(2, int(seconds[n] * 2.04))])


def _picks(
    names: int, count: int, steepness: float, random: np.random.Generator
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Return which name each has: the n-th name falls to 1 / n**steepness as many (Zipf)."""
    weights = 1.0 / np.arange(1, names + 1) ** steepness
    return random.choice(names, count, p=weights / weights.sum())
