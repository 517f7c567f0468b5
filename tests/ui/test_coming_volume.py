"""A volume on screen while it comes: its overview, sharp planes early, and a swap nobody sees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import attrs
import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from tests.support.pictures import blobs, placed, turned_axes, volume
from tests.ui.fakes import FakeChart
from tests.ui.panes import FakePane
from viewer.imaging import kernels
from viewer.imaging.overview import make_overview, overview_picture
from viewer.model.image import Picture
from viewer.model.view import Plane, WindowLevel
from viewer.render.overlays import Text
from viewer.ui.planes_pane import PlanesPane
from viewer.ui.ports import Arriving
from viewer.ui.shell import Shell
from viewer.vault.errors import ObjectDamaged

SHAPE = (150, 140, 300)
WHOLE = volume(blobs(SHAPE), placed((0.4, 0.4, 0.4), (-8, -7, 10)))


@pytest.fixture(autouse=True)
def _rested() -> Iterator[None]:
    yield
    kernels.rest()


@pytest.fixture
def pane(qtbot: QtBot) -> Iterator[PlanesPane]:
    made = PlanesPane()
    qtbot.addWidget(made)
    made.resize(600, 500)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.close()


def overview_of(picture: Picture) -> Arriving:
    factors, values = make_overview(picture.record, picture.pixels, alone=True)
    return Arriving(picture.record, overview_picture(picture.record, factors, values))


def some_of(picture: Picture, planes: range) -> Arriving:
    pixels = np.zeros_like(picture.pixels)
    pixels[planes.start : planes.stop] = picture.pixels[planes.start : planes.stop]
    return Arriving(picture.record, Picture(picture.record, pixels), planes)


def pictures(pane: PlanesPane) -> dict[Plane, np.ndarray]:
    return {plane: scene.picture().copy() for plane, scene in pane._scenes.items()}


def as_opened_at_once(pane: PlanesPane, picture: Picture = WHOLE) -> dict[Plane, np.ndarray]:
    pane.clear()
    pane.show_picture(picture)
    return pictures(pane)


def farthest(one: np.ndarray, two: np.ndarray) -> int:
    return int(np.abs(one.astype(int) - two).max())


def words(pane: PlanesPane, plane: Plane) -> str:
    drawn = pane._scenes[plane]._overlays()
    return " ".join(line for record in drawn if isinstance(record, Text) for line in record.lines)


def test_the_overview_is_in_all_planes_and_in_3d_and_says_what_it_is(
    pane: PlanesPane, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(pane.volume.sharpened, timeout=60_000):
        pane.show_arriving(overview_of(WHOLE))
    for plane, picture in pictures(pane).items():
        assert len(np.unique(picture)) > 50
        assert "Overview" in words(pane, plane)
    assert len(np.unique(pane._volume_scene.picture())) > 20


@pytest.mark.parametrize("angles", [(0, 0, 0), (8, -5, 13)])
def test_the_overview_lies_where_the_whole_will_lie(
    pane: PlanesPane, angles: tuple[int, int, int]
) -> None:
    place = placed((0.4, 0.4, 0.4), (-8, -7, 10), turned_axes(angles))
    whole = volume(WHOLE.pixels, place)
    pane.show_arriving(overview_of(whole))
    seen = pictures(pane)
    for plane, expected in as_opened_at_once(pane, whole).items():
        both = (seen[plane] > 0) & (expected > 0)
        assert both.mean() > 0.1
        assert np.abs(seen[plane].astype(int) - expected)[both].mean() < 1.5


def test_the_whole_takes_the_overviews_place_without_a_jump(pane: PlanesPane) -> None:
    pane.show_arriving(overview_of(WHOLE))
    pane.zoom_by(1.7)
    pane.set_window(WindowLevel(300.0, 1800.0))
    assert pane.view is not None
    pane.view = attrs.evolve(pane.view, cursor_lps=(10.0, 3.2, 30.0))
    before, centre, coarse = pane.view, pane._centre, pictures(pane)
    announced: list[object] = []
    pane.view_changed.connect(announced.append)
    pane.show_arriving(some_of(WHOLE, range(SHAPE[0])))
    assert (pane.view, pane._centre) == (before, centre)
    assert not announced
    swapped = pictures(pane)
    pane.clear()
    pane.show_picture(WHOLE)
    pane.zoom_by(1.7)
    pane.view = before
    for plane, expected in pictures(pane).items():
        assert farthest(swapped[plane], expected) <= 1
        assert "Overview" not in words(pane, plane)
        assert np.abs(coarse[plane].astype(int) - expected).mean() < 3


def test_the_end_of_the_opening_changes_nothing_any_more(pane: PlanesPane) -> None:
    pane.show_arriving(overview_of(WHOLE))
    last = some_of(WHOLE, range(SHAPE[0]))
    pane.show_arriving(last)
    pane.zoom_by(2.0)
    before = pane.view
    pane.show_picture(Picture(WHOLE.record, last.picture.pixels))
    assert pane.view == before


def test_an_axial_plane_is_sharp_as_soon_as_it_is_in_place_and_no_other(pane: PlanesPane) -> None:
    expected = as_opened_at_once(pane)
    pane.clear()
    pane.show_arriving(overview_of(WHOLE))
    coarse = pictures(pane)
    pane.show_arriving(some_of(WHOLE, range(70, 80)))
    now = pictures(pane)
    assert farthest(now[Plane.AXIAL], expected[Plane.AXIAL]) <= 1
    assert farthest(now[Plane.AXIAL], coarse[Plane.AXIAL]) > 1
    for plane in (Plane.CORONAL, Plane.SAGITTAL):
        assert np.array_equal(now[plane], coarse[plane])
    assert "Overview" not in words(pane, Plane.AXIAL)
    assert "Overview" in words(pane, Plane.CORONAL)


def test_scrolling_off_the_planes_in_place_shows_the_overview_and_never_a_hole(
    pane: PlanesPane,
) -> None:
    pane.show_arriving(overview_of(WHOLE))
    assert pane.view is not None
    x, y, z = pane.view.cursor_lps
    away = attrs.evolve(pane.view, cursor_lps=(x, y, z + 20 * 0.4))
    here, pane.view = pane.view, away
    coarse = pictures(pane)[Plane.AXIAL]
    pane.view = here
    pane.show_arriving(some_of(WHOLE, range(70, 80)))
    pane.view = away
    assert np.array_equal(pictures(pane)[Plane.AXIAL], coarse)


def test_the_3d_picture_keeps_its_place_and_sharpens_with_the_whole(
    pane: PlanesPane, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(pane.volume.sharpened, timeout=60_000):
        pane.show_arriving(overview_of(WHOLE))
    pane.volume.turn(attrs.evolve(pane.volume.view, azimuth_deg=40.0))
    qtbot.waitUntil(lambda: not pane.volume.is_busy, timeout=60_000)
    coarse = pane._volume_scene.picture().copy()
    with qtbot.waitSignal(pane.volume.sharpened, timeout=60_000):
        pane.show_arriving(some_of(WHOLE, range(SHAPE[0])))
    assert pane.volume.view.azimuth_deg == 40.0
    fine = pane._volume_scene.picture()
    assert (fine != coarse).any()
    assert np.abs(fine.astype(int) - coarse).mean() < 12


def test_clearing_while_a_volume_comes_leaves_a_bare_canvas(pane: PlanesPane) -> None:
    pane.show_arriving(overview_of(WHOLE))
    pane.clear()
    assert pane.view is None
    assert pane._coming is None
    pane.show_arriving(some_of(WHOLE, range(70, 80)))
    assert pane.view is None


def test_planes_of_a_volume_that_was_never_announced_are_not_shown(pane: PlanesPane) -> None:
    pane.show_arriving(some_of(WHOLE, range(10)))
    assert pane.picture is None


def coming(chart: FakeChart, shell: Shell) -> Arriving:
    """Open the volume of the first patient, and let its overview arrive."""
    chart.holds_open = True
    shell.open_patient(chart.patients[0])
    visit = shell.timeline.view.visit_model.visits[1]
    shell.open_image(visit.images[0], visit)
    factors = (1, 1, 1)
    small = np.full((4, 4, 4), 7, visit.images[0].dtype)
    arriving = Arriving(visit.images[0], overview_picture(visit.images[0], factors, small))
    chart.on_arriving(arriving)
    return arriving


def test_the_shell_shows_an_overview_before_the_image_is_there(
    shell: Shell, chart: FakeChart
) -> None:
    arriving = coming(chart, shell)
    pane = cast(FakePane, shell.workspace.pane)
    assert pane.arrived == [arriving]
    assert pane.identity is not None
    assert shell.workspace.stack.currentWidget() is pane
    assert chart.open_running is not None
    chart.open_running.finish()
    assert shell.workspace.pane is pane
    assert pane.picture is not None
    assert pane.picture.record == arriving.record


def test_damage_found_after_the_overview_takes_it_away_and_says_so(
    shell: Shell, chart: FakeChart
) -> None:
    coming(chart, shell)
    assert chart.open_running is not None
    chart.open_running.on_fault(ObjectDamaged())
    assert shell.workspace.pane is None
    assert "damaged and is not shown" in shell.workspace.empty.words.text()


def test_what_comes_of_an_image_that_nobody_waits_for_is_not_shown(
    shell: Shell, chart: FakeChart
) -> None:
    arriving = coming(chart, shell)
    late = chart.on_arriving
    visit = shell.timeline.view.visit_model.visits[0]
    shell.open_image(visit.images[0], visit)
    late(arriving)
    assert shell.workspace.pane is None
