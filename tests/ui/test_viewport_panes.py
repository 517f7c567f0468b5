"""The panes under real mouse, wheel, key and touch events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from tests.support.pictures import blobs, flat, placed, volume
from viewer.model.ids import PatientId, StudyUid
from viewer.model.image import Picture
from viewer.model.patient import Patient
from viewer.model.view import Plane
from viewer.render.overlays import Text
from viewer.tools.gestures import Tool
from viewer.ui import theme
from viewer.ui.planes_pane import PlanesPane
from viewer.ui.ports import Identity
from viewer.ui.radiograph_pane import RadiographPane

_LEFT, _MIDDLE, _RIGHT = (
    Qt.MouseButton.LeftButton,
    Qt.MouseButton.MiddleButton,
    Qt.MouseButton.RightButton,
)
_PLAIN = Qt.KeyboardModifier.NoModifier


def _drag(
    widget: QWidget, button: Qt.MouseButton, start: QPoint, end: QPoint,
    keys: Qt.KeyboardModifier = _PLAIN,
) -> None:  # fmt: skip
    QTest.mousePress(widget, button, keys, start)
    for at in ((start + end) / 2, end):
        move = QMouseEvent(
            QEvent.Type.MouseMove, QPointF(at), QPointF(widget.mapToGlobal(at)),
            Qt.MouseButton.NoButton, button, keys,
        )  # fmt: skip
        QApplication.sendEvent(widget, move)
    QTest.mouseRelease(widget, button, keys, end)


def _wheel(widget: QWidget, at: QPoint, steps: float, keys: Qt.KeyboardModifier = _PLAIN) -> None:
    event = QWheelEvent(
        QPointF(at), QPointF(widget.mapToGlobal(at)), QPoint(), QPoint(0, round(120 * steps)),
        Qt.MouseButton.NoButton, keys, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


def _grabbed(widget: QWidget) -> np.ndarray:
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    whole = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return whole[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


@pytest.fixture
def radiograph(qtbot: QtBot) -> Iterator[RadiographPane]:
    pane = RadiographPane()
    qtbot.addWidget(pane)
    pane.resize(400, 300)
    pixels = np.random.default_rng(2).integers(40, 255, (300, 400)).astype(np.uint8)
    with qtbot.waitExposed(pane):
        pane.show()
    pane.show_picture(flat(pixels, orientation=("L", "F")))
    yield pane
    pane.close()


@pytest.fixture
def planes(qtbot: QtBot) -> Iterator[PlanesPane]:
    pane = PlanesPane()
    qtbot.addWidget(pane)
    pane.resize(600, 500)
    with qtbot.waitExposed(pane):
        pane.show()
    pane.show_picture(_volume())
    yield pane
    pane.close()


def _volume() -> Picture:
    return volume(blobs((30, 34, 38)), placed((0.4, 0.4, 0.4), (-8, -7, 10)))


def test_a_grab_is_not_black(radiograph: RadiographPane) -> None:
    assert len(np.unique(_grabbed(radiograph))) > 100


def test_dragging_left_changes_the_window_and_tells_listeners(radiograph: RadiographPane) -> None:
    heard: list[object] = []
    radiograph.listen(heard.append)
    before = radiograph.window_level
    _drag(radiograph.viewport, _LEFT, QPoint(100, 100), QPoint(160, 60))
    after = radiograph.window_level
    assert before is not None
    assert after is not None
    assert after.width > before.width
    assert after.centre < before.centre
    assert heard[-1] == after


def test_dragging_middle_moves_the_image_with_the_hand(radiograph: RadiographPane) -> None:
    radiograph.zoom_by(3)
    geometry = radiograph._geometry()
    assert geometry is not None
    held = geometry.pane_to_image((200, 150))
    _drag(radiograph.viewport, _MIDDLE, QPoint(200, 150), QPoint(230, 140))
    moved = radiograph._geometry()
    assert moved is not None
    assert moved.image_to_pane(held) == pytest.approx((230, 140), abs=1.0)


def test_right_drag_and_wheel_zoom(radiograph: RadiographPane) -> None:
    _drag(radiograph.viewport, _RIGHT, QPoint(200, 150), QPoint(200, 90))
    assert radiograph.view is not None
    first = radiograph.view.zoom
    assert first is not None
    assert first > 1
    _wheel(radiograph.viewport, QPoint(50, 50), 2)
    assert radiograph.view.zoom == pytest.approx(first * 1.44)


def test_every_action_works_by_its_id_and_reset_undoes_all(radiograph: RadiographPane) -> None:
    opened = radiograph.view
    for action in ("invert", "rotate_right", "flip_horizontally", "one_to_one", "tool_pan"):
        radiograph.do(action)
    assert radiograph.view is not None
    assert radiograph.view.inverted
    assert radiograph.view.quarter_turns == 1
    assert radiograph.view.flipped_vertically
    assert radiograph.view.zoom == 1.0
    assert radiograph.tool is Tool.PAN
    assert not radiograph.view.is_as_acquired
    radiograph.do("reset_view")
    assert radiograph.view == opened
    with pytest.raises(KeyError):
        radiograph.do("no such action")


def test_mirroring_a_turned_image_mirrors_what_is_on_screen(radiograph: RadiographPane) -> None:
    radiograph.rotate_clockwise()
    before = radiograph.viewport.scene.picture().copy()
    radiograph.flip_horizontally()
    after = radiograph.viewport.scene.picture()
    assert np.abs(after.astype(int) - before[:, ::-1]).max() <= 2


def test_two_fingers_zoom_and_pan(radiograph: RadiographPane) -> None:
    device = QTest.createTouchDevice()
    radiograph.zoom_by(2)
    assert radiograph.view is not None
    before = radiograph.view.zoom
    assert before is not None
    view = radiograph.viewport
    QTest.touchEvent(view, device).press(0, QPoint(180, 150), view).press(
        1, QPoint(220, 150), view
    ).commit()
    for apart in (30, 40):
        QTest.touchEvent(view, device).move(0, QPoint(200 - apart, 150), view).move(
            1, QPoint(200 + apart, 150), view
        ).commit()
    QTest.touchEvent(view, device).release(0, QPoint(160, 150), view).release(
        1, QPoint(240, 150), view
    ).commit()
    assert radiograph.view.zoom == pytest.approx(before * 2, rel=0.05)


def test_clearing_leaves_a_bare_canvas(radiograph: RadiographPane, planes: PlanesPane) -> None:
    for pane in (radiograph, planes):
        pane.clear()
        assert pane.view is None
        assert pane.window_level is None
    assert not _grabbed(radiograph).any()
    assert not _grabbed(planes.viewports[Plane.AXIAL]).any()
    assert not _grabbed(planes.volume_viewport).any()


def test_clicking_moves_the_cursor_in_the_linked_planes(planes: PlanesPane) -> None:
    viewport = planes.viewports[Plane.AXIAL]
    assert planes.view is not None
    before = planes.view.cursor_lps
    pictures = [planes._scenes[p].picture().copy() for p in (Plane.CORONAL, Plane.SAGITTAL)]
    QTest.mouseClick(viewport, _LEFT, _PLAIN, viewport.rect().center() + QPoint(40, -30))
    after = planes.view.cursor_lps
    assert after[0] > before[0]
    assert after[1] < before[1]
    assert after[2] == before[2]
    for plane, picture in zip((Plane.CORONAL, Plane.SAGITTAL), pictures, strict=True):
        assert (planes._scenes[plane].picture() != picture).any()


def test_the_wheel_scrolls_one_voxel_and_ctrl_wheel_zooms(planes: PlanesPane) -> None:
    viewport = planes.viewports[Plane.SAGITTAL]
    assert planes.view is not None
    before = planes.view
    _wheel(viewport, QPoint(50, 50), 1)
    assert planes.view.cursor_lps[0] == pytest.approx(before.cursor_lps[0] + 0.4)
    _wheel(viewport, QPoint(50, 50), 0.5)
    assert planes.view.cursor_lps[0] == pytest.approx(before.cursor_lps[0] + 0.4)
    _wheel(viewport, QPoint(50, 50), 1, Qt.KeyboardModifier.ControlModifier)
    assert planes.view.zoom > before.zoom


def test_keys_scroll_the_plane_with_the_focus(planes: PlanesPane) -> None:
    viewport = planes.viewports[Plane.CORONAL]
    viewport.setFocus()
    assert planes.view is not None
    before = planes.view.cursor_lps
    QTest.keyClick(viewport, Qt.Key.Key_Up)
    assert planes.view.cursor_lps[1] == pytest.approx(before[1] + 0.4)


def test_shift_drag_changes_the_window_of_all_planes(planes: PlanesPane) -> None:
    before = planes.window_level
    pictures = [scene.picture().copy() for scene in planes._scenes.values()]
    _drag(
        planes.viewports[Plane.AXIAL], _LEFT, QPoint(60, 60), QPoint(120, 60),
        Qt.KeyboardModifier.ShiftModifier,
    )  # fmt: skip
    assert before is not None
    assert planes.window_level is not None
    assert planes.window_level.width > before.width
    for scene, picture in zip(planes._scenes.values(), pictures, strict=True):
        assert (scene.picture() != picture).any()


def test_a_double_click_maximises_a_viewport_and_returns(planes: PlanesPane) -> None:
    viewport = planes.viewports[Plane.CORONAL]
    small = viewport.size()
    QTest.mouseDClick(viewport, _LEFT, _PLAIN, QPoint(20, 20))
    assert viewport.size() == planes.size()
    assert not planes.viewports[Plane.AXIAL].isVisible()
    QTest.mouseDClick(viewport, _LEFT, _PLAIN, QPoint(20, 20))
    assert viewport.size() == small
    assert planes.volume_viewport.isVisible()


def test_the_3d_picture_comes_turns_and_sharpens(planes: PlanesPane, qtbot: QtBot) -> None:
    with qtbot.waitSignal(planes.volume.sharpened, timeout=60_000):
        planes.set_preset("bone")
    still = planes._volume_scene.picture().copy()
    assert len(np.unique(still)) > 20
    with qtbot.waitSignal(planes.volume.sharpened, timeout=60_000):
        _drag(planes.volume_viewport, _LEFT, QPoint(60, 60), QPoint(120, 60))
    assert planes.volume.view.azimuth_deg == pytest.approx(-30)
    assert (planes._volume_scene.picture() != still).any()
    assert not planes.volume.is_busy


def test_the_preset_picker_is_a_press_away(planes: PlanesPane, qtbot: QtBot) -> None:
    button = next(b for b in planes.findChildren(QPushButton) if b.text() == "Bone")
    qtbot.mouseClick(button, _LEFT)
    assert planes.volume.view.preset == "bone"
    assert button.isChecked()


def test_clearing_while_the_3d_picture_is_made_ends_its_workers(planes: PlanesPane) -> None:
    planes.clear()
    assert not planes.volume.is_busy
    planes.show_picture(_volume())
    assert planes.view is not None
    planes.clear()
    assert planes.volume._runner is None


def test_every_viewport_says_whose_picture_it_is(planes: PlanesPane) -> None:
    patient = Patient(PatientId("3" * 32), "20431", "Fictional", "Frida", date(1987, 4, 12), "F")
    planes.show_picture(_volume(), Identity(patient, date(2026, 11, 3), StudyUid("1.2.3")))
    for scene in (*planes._scenes.values(), planes._volume_scene):
        said = " ".join(line for r in scene._overlays() if isinstance(r, Text) for line in r.lines)
        for known in ("Fictional", "1987-04-12", "20431", "2026-11-03"):
            assert known in said
    planes.show_picture(_volume())
    for scene in (*planes._scenes.values(), planes._volume_scene):
        assert scene.identity == ()


def test_the_next_volume_leaves_nothing_of_the_one_before(planes: PlanesPane) -> None:
    planes.show_picture(volume(np.full((8, 8, 8), 7, np.int16), placed((1, 1, 1))))
    assert not planes._volume_scene.picture().any()
    for scene in planes._scenes.values():
        assert set(np.unique(scene.picture())) <= {0, 127, 128}


def test_panes_take_the_colours_of_a_theme_chosen_while_they_show(
    planes: PlanesPane, dressed: QApplication
) -> None:
    before = _grabbed(planes.viewports[Plane.AXIAL])
    try:
        theme.apply_theme(dressed, "contrast")
        planes.dress()
        after = _grabbed(planes.viewports[Plane.AXIAL])
        assert planes._scenes[Plane.AXIAL].style.axial == theme.current().colours["axial"]
        assert not np.array_equal(before, after)
    finally:
        theme.apply_theme(dressed, "dark")
    planes.dress()
    assert np.array_equal(_grabbed(planes.viewports[Plane.AXIAL]), before)
