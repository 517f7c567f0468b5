"""Projected films show the teeth they name, where they say, the right way round."""

from __future__ import annotations

import numpy as np
import pytest

from viewer.demo.dentition import tooth_facts
from viewer.demo.phantom import PhantomSpec
from viewer.demo.projection import (
    BITEWINGS,
    FULL_MOUTH,
    Film,
    project_ceph,
    project_films,
    project_panoramic,
)
from viewer.model.image import ImageKind
from viewer.model.tooth import Tooth


@pytest.fixture(scope="module")
def films() -> dict[str, Film]:
    """All 18 films, coarse, with one filling: in 36."""
    spec = PhantomSpec(fillings=(Tooth(36),))
    made = project_films(FULL_MOUTH, spec, voxel_mm=0.5, step_mm=0.25)
    return {film.name: film for film in made}


def test_a_full_mouth_series_has_14_periapicals_and_4_bitewings(films: dict[str, Film]) -> None:
    assert len(films) == 18
    assert sum(f.kind is ImageKind.BITEWING for f in films.values()) == len(BITEWINGS) == 4


def test_every_tooth_is_on_some_periapical(films: dict[str, Film]) -> None:
    seen = {t for f in films.values() if f.kind is ImageKind.PERIAPICAL for t in f.teeth}
    assert seen == set(tooth_facts())


def test_a_film_shows_what_it_aims_at(films: dict[str, Film]) -> None:
    for plan in FULL_MOUTH:
        assert set(plan.aim) <= {int(t) for t in films[plan.name].teeth}, plan.name


def test_a_filling_shines_where_the_geometry_says(films: dict[str, Film]) -> None:
    film = films["Left molar bitewing"]
    facts = tooth_facts()[Tooth(36)]
    spot = np.array(facts.crown_tip_lps) - 1.6 * np.array(facts.axis)
    column, row = film.pixel_of(spot)
    brightest = np.argwhere(film.pixels >= np.percentile(film.pixels, 99.7)).mean(0)
    assert np.hypot(brightest[0] - row, brightest[1] - column) * film.spacing_mm < 2.0


def test_a_filling_on_the_left_is_on_no_film_of_the_right(films: dict[str, Film]) -> None:
    spec = PhantomSpec(fillings=())
    plans = tuple(p for p in BITEWINGS if "molar" in p.name and "premolar" not in p.name)
    bare = {f.name: f for f in project_films(plans, spec, voxel_mm=0.5, step_mm=0.25)}
    changed = {
        name: int(np.abs(film.pixels.astype(int) - films[name].pixels).max())
        for name, film in bare.items()
    }
    assert changed["Right molar bitewing"] == 0
    assert changed["Left molar bitewing"] > 400


@pytest.mark.parametrize(
    ("name", "orientation", "left", "right"),
    [
        ("Right molar bitewing", ("A", "F"), 47, 46),
        ("Left molar bitewing", ("P", "F"), 36, 37),
        ("Upper incisors", ("L", "F"), 11, 21),
    ],
)
def test_films_are_mounted_labially(
    films: dict[str, Film], name: str, orientation: tuple[str, str], left: int, right: int
) -> None:
    film = films[name]
    columns = [
        film.pixel_of(np.array(tooth_facts()[Tooth(n)].centre_lps))[0] for n in (left, right)
    ]
    assert columns[0] < columns[1]
    assert film.patient_orientation == orientation


def test_crowns_of_upper_teeth_point_down(films: dict[str, Film]) -> None:
    facts = tooth_facts()[Tooth(16)]
    film = films["Upper right molars"]
    crown, root = (film.pixel_of(np.array(p))[1] for p in (facts.crown_tip_lps, facts.root_tip_lps))
    assert crown > root


def test_a_length_in_the_film_is_the_true_length_times_the_magnification(
    films: dict[str, Film],
) -> None:
    facts = tooth_facts()[Tooth(46)]
    film = films["Lower right molars"]
    crown, root = (
        np.array(film.pixel_of(np.array(p))) for p in (facts.crown_tip_lps, facts.root_tip_lps)
    )
    seen_mm = np.linalg.norm(crown - root) * film.spacing_mm / film.magnification
    assert seen_mm == pytest.approx(facts.length_mm, rel=0.08)


def test_a_panoramic_shows_the_left_filling_on_the_screens_right() -> None:
    spec = PhantomSpec(fillings=(Tooth(36),))
    film = project_panoramic(spec, voxel_mm=0.6, step_mm=0.6)
    bare = project_panoramic(PhantomSpec(fillings=()), voxel_mm=0.6, step_mm=0.6)
    change = np.abs(film.pixels.astype(int) - bare.pixels)
    column = np.argwhere(change > 0.7 * change.max()).mean(0)[1]
    assert column > film.pixels.shape[1] * 0.55


def test_a_cephalogram_faces_right() -> None:
    film = project_ceph(voxel_mm=1.5, step_mm=1.5)
    lit = film.pixels > film.pixels.min() + 500
    assert lit[:, : film.pixels.shape[1] // 4].mean() > lit[:, -film.pixels.shape[1] // 8 :].mean()
    assert film.magnification == pytest.approx(1.1)
    assert film.patient_orientation == ("A", "F")
