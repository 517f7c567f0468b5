"""Pictures of several frames in the pane: slider, wheel, keys, play, and what is on screen."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.support.pictures import flat
from viewer.model.image import GreyScale, Photometric, Picture
from viewer.ui.radiograph_pane import RadiographPane


def _film(count: int = 5, *, is_colour: bool = False) -> Picture:
    levels = np.arange(count, dtype=np.uint8) * 40 + 20
    shape = (count, 60, 80, 3) if is_colour else (count, 60, 80)
    pixels = np.broadcast_to(levels.reshape(-1, *[1] * (len(shape) - 1)), shape).copy()
    made = flat(np.zeros((60, 80), np.uint8))
    grey = GreyScale(Photometric.RGB) if is_colour else GreyScale()
    record = attrs.evolve(made.record, shape=pixels.shape, grey=grey)
    return Picture(record, pixels)


@pytest.fixture
def pane(qtbot: QtBot, dressed: QApplication) -> Iterator[RadiographPane]:
    pane = RadiographPane()
    qtbot.addWidget(pane)
    pane.resize(400, 320)
    with qtbot.waitExposed(pane):
        pane.show()
    yield pane
    pane.close()


def _level(pane: RadiographPane) -> int:
    shown = pane.viewport.grab().toImage()
    return shown.pixelColor(shown.width() // 2, shown.height() // 2).red()


def _wheel(pane: RadiographPane, steps: float, keys: Qt.KeyboardModifier) -> None:
    at = QPoint(100, 100)
    event = QWheelEvent(
        QPointF(at), QPointF(pane.viewport.mapToGlobal(at)), QPoint(),
        QPoint(0, round(120 * steps)), Qt.MouseButton.NoButton, keys,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(pane.viewport, event)


_PLAIN, _CTRL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier


@pytest.mark.parametrize("is_colour", [False, True])
def test_the_slider_shows_each_frame(pane: RadiographPane, is_colour: bool) -> None:
    pane.show_picture(_film(is_colour=is_colour))
    seen = []
    for frame in range(5):
        pane.frame_bar.slider.setValue(frame)
        seen.append(_level(pane))
    assert seen == [20, 60, 100, 140, 180]
    assert pane.frame_bar.words.text() == "5 / 5"


def test_the_wheel_turns_frames_and_ctrl_wheel_zooms(pane: RadiographPane) -> None:
    pane.show_picture(_film())
    _wheel(pane, -1, _PLAIN)
    _wheel(pane, -1, _PLAIN)
    assert pane.view is not None
    assert (pane.view.frame, pane.view.zoom) == (2, None)
    _wheel(pane, 1, _CTRL)
    assert pane.view.frame == 2
    assert pane.view.zoom is not None


def test_the_ends_are_the_ends(pane: RadiographPane) -> None:
    pane.show_picture(_film())
    _wheel(pane, 9, _PLAIN)
    assert pane.view is not None
    assert pane.view.frame == 0
    _wheel(pane, -99, _PLAIN)
    assert pane.view.frame == 4


def test_a_single_frame_has_no_line_and_its_wheel_zooms(pane: RadiographPane) -> None:
    pane.show_picture(flat(np.full((60, 80), 90, np.uint8)))
    _wheel(pane, 1, _PLAIN)
    assert not pane.frame_bar.isVisible()
    assert pane.view is not None
    assert pane.view.zoom is not None


def test_play_goes_round_and_stops_with_the_picture(pane: RadiographPane, qtbot: QtBot) -> None:
    pane.show_picture(_film(2))
    QTest.mouseClick(pane.frame_bar.play, Qt.MouseButton.LeftButton)
    assert pane.frame_bar.is_playing
    with qtbot.waitSignal(pane.frame_bar.frame_wanted):
        pass
    pane.frame_bar.next_in_turn()
    pane.frame_bar.next_in_turn()
    assert pane.view is not None
    assert pane.view.frame < 2
    pane.clear()
    assert not pane.frame_bar.is_playing


def test_actions_step_and_play(pane: RadiographPane) -> None:
    pane.show_picture(_film())
    pane.do("next_frame")
    pane.do("next_frame")
    pane.do("previous_frame")
    assert pane.view is not None
    assert pane.view.frame == 1
    pane.do("cine")
    assert pane.frame_bar.is_playing
    pane.do("cine")
    assert not pane.frame_bar.is_playing


def test_the_frame_is_come_back_to(pane: RadiographPane) -> None:
    pane.show_picture(_film())
    pane.do("next_frame")
    pose = pane.pose
    pane.show_picture(_film())
    assert pane.frame_bar.slider.value() == 0
    pane.take_pose(pose)
    assert pane.frame_bar.slider.value() == 1
    assert _level(pane) == 60


def test_another_frame_keeps_window_and_zoom(pane: RadiographPane) -> None:
    pane.show_picture(_film())
    pane.invert()
    pane.zoom_by(2)
    before = pane.view
    pane.do("next_frame")
    assert before is not None
    assert pane.view == attrs.evolve(before, frame=1)


def test_targets_are_large_enough_for_gloves(pane: RadiographPane) -> None:
    pane.show_picture(_film())
    assert pane.frame_bar.play.height() >= 44
    assert pane.frame_bar.slider.height() >= 44


def test_pixels_that_are_twice_as_high_are_drawn_so(pane: RadiographPane) -> None:
    made = flat(np.full((50, 100), 200, np.uint8))
    pane.show_picture(Picture(attrs.evolve(made.record, pixel_aspect=2.0), made.pixels))
    shown = pane.viewport.grab().toImage()
    middle_x, middle_y = shown.width() // 2, shown.height() // 2
    across = [shown.pixelColor(x, middle_y).red() > 150 for x in range(shown.width())]
    down = [shown.pixelColor(middle_x, y).red() > 150 for y in range(shown.height())]
    assert abs(sum(across) - sum(down)) <= 3
