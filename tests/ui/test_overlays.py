"""What a file draws over its picture: shown, hidden by an action, said, gone with the picture."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import numpy as np
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from tests.support.pictures import flat
from viewer.model.bit_planes import BitPlane
from viewer.model.image import GreyScale, Photometric, Picture
from viewer.render.radiograph import RadiographScene
from viewer.ui.radiograph_pane import RadiographPane


def _picture(*, is_colour: bool = False) -> Picture:
    bits = np.zeros((60, 80), bool)
    bits[20:40, 30:50] = True
    plane = BitPlane(60, 80, 0, 0, np.packbits(bits.ravel(), bitorder="little"))
    made = flat(np.full((60, 80), 40, np.uint8))
    if not is_colour:
        return attrs.evolve(made, overlays=(plane,))
    pixels = np.full((60, 80, 3), 40, np.uint8)
    record = attrs.evolve(made.record, shape=pixels.shape, grey=GreyScale(Photometric.RGB))
    return Picture(record, pixels, (plane,))


@pytest.fixture
def pane(qtbot: QtBot) -> Iterator[RadiographPane]:
    pane = RadiographPane()
    qtbot.addWidget(pane)
    pane.resize(400, 300)
    with qtbot.waitExposed(pane):
        pane.show()
    yield pane
    pane.close()


def _middle(pane: RadiographPane) -> int:
    shown: QImage = pane.viewport.grab().toImage()
    return shown.pixelColor(shown.width() // 2, shown.height() // 2).green()


@pytest.mark.parametrize("is_colour", [False, True])
def test_the_overlay_is_drawn_and_an_action_hides_it(pane: RadiographPane, is_colour: bool) -> None:
    pane.show_picture(_picture(is_colour=is_colour))
    assert _middle(pane) == 255
    pane.do("bit_planes")
    assert _middle(pane) == 40
    pane.do("bit_planes")
    assert _middle(pane) == 255


def test_it_turns_and_moves_with_the_picture(pane: RadiographPane) -> None:
    pane.show_picture(_picture())
    pane.rotate_clockwise()
    assert _middle(pane) == 255
    assert pane.view is not None
    pane.view = attrs.evolve(pane.view, zoom=6.0, pan=(5.0, 5.0))
    assert _middle(pane) == 40


def test_frame_and_snapshot_agree_about_it() -> None:
    scene = RadiographScene()
    scene.resize(160, 120)
    scene.show(_picture())
    packed = scene.frame()
    drawn = scene.picture()
    assert packed[60, 80] == 0xFFFFFFFF
    assert drawn[60, 80] == 255
    scene.release()
    assert not scene.picture().any()


def test_a_thin_line_is_seen_in_a_small_pane() -> None:
    bits = np.zeros((600, 800), bool)
    bits[:, 400] = True
    plane = BitPlane(600, 800, 0, 0, np.packbits(bits.ravel(), bitorder="little"))
    scene = RadiographScene()
    scene.resize(270, 200)
    scene.show(attrs.evolve(flat(np.full((600, 800), 10, np.uint8)), overlays=(plane,)))
    assert (scene.picture() == 255).any(axis=1).mean() > 0.9
    scene.release()
