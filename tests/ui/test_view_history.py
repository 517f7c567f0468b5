"""Edits of a view can be undone; looking around is no edit."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot

from tests.support.pictures import flat
from viewer.app.undo import UndoStack
from viewer.model.image import Picture
from viewer.model.view import RadiographView, WindowLevel
from viewer.ui.view_history import ViewHistory


class ViewingPane(QObject):
    view_changed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.picture: Picture | None = None
        self._view: RadiographView | None = None

    @property
    def view(self) -> RadiographView | None:
        return self._view

    @view.setter
    def view(self, view: RadiographView) -> None:
        self._view = view
        self.view_changed.emit(view)

    def show(self, picture: Picture) -> None:
        self.picture = picture
        self.view = RadiographView(WindowLevel(100, 200))

    def change(self, **values: Any) -> None:
        assert self._view is not None
        self.view = attrs.evolve(self._view, **values)


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


@pytest.fixture
def stack() -> UndoStack:
    return UndoStack()


@pytest.fixture
def pane(qtbot: QtBot, stack: UndoStack, clock: Seconds) -> ViewingPane:
    made = ViewingPane()
    made.history = ViewHistory(stack, clock)  # type: ignore[attr-defined]
    made.history.watch(made)  # type: ignore[attr-defined]
    made.show(a_picture())
    return made


def a_picture() -> Picture:
    return flat(np.zeros((4, 4), np.uint16))


def test_invert_and_turn_are_undone_one_by_one_and_done_again(
    pane: ViewingPane, stack: UndoStack
) -> None:
    pane.change(inverted=True)
    pane.change(quarter_turns=1)
    stack.undo()
    assert pane.view is not None
    assert (pane.view.inverted, pane.view.quarter_turns) == (True, 0)
    stack.undo()
    assert pane.view.inverted is False
    stack.redo()
    assert pane.view.inverted is True


def test_a_drag_of_the_window_is_one_step(
    pane: ViewingPane, stack: UndoStack, clock: Seconds
) -> None:
    for centre in (110, 120, 130):
        clock.now += 0.05
        pane.change(window=WindowLevel(centre, 200))
    clock.now += 5
    pane.change(window=WindowLevel(500, 200))
    stack.undo()
    assert pane.view is not None
    assert pane.view.window.centre == 130
    stack.undo()
    assert pane.view.window.centre == 100


def test_zoom_and_pan_are_kept_by_undo(pane: ViewingPane, stack: UndoStack) -> None:
    pane.change(inverted=True)
    pane.change(zoom=3.0, pan=(1.0, 2.0))
    stack.undo()
    assert pane.view is not None
    assert (pane.view.inverted, pane.view.zoom, pane.view.pan) == (False, 3.0, (1.0, 2.0))


def test_another_picture_starts_clean(pane: ViewingPane, stack: UndoStack) -> None:
    pane.change(inverted=True)
    pane.show(a_picture())
    assert stack.undo_text == ""
    stack.undo()
    assert pane.view is not None
    assert pane.view == RadiographView(WindowLevel(100, 200))


def test_a_kept_history_goes_back_onto_another_pane_and_the_pose_is_no_step(
    pane: ViewingPane, stack: UndoStack
) -> None:
    pane.change(inverted=True)
    pane.change(quarter_turns=1)
    stack.undo()
    history: ViewHistory = pane.history  # type: ignore[attr-defined]
    done, undone = history.kept()
    view = pane.view
    pane.show(a_picture())
    assert stack.undo_text == ""
    history.put_back(pane, done, undone, lambda: pane.change(**attrs.asdict(view, recurse=False)))
    assert pane.view == view
    assert (stack.undo_text, stack.redo_text) == ("Invert", "Turn")
    stack.redo()
    stack.undo()
    stack.undo()
    assert pane.view == RadiographView(WindowLevel(100, 200))
    pane.change(flipped_vertically=True)
    assert stack.undo_text == "Flip"


def test_a_volume_that_is_all_there_keeps_the_edits_made_on_its_overview(
    pane: ViewingPane, stack: UndoStack
) -> None:
    pane.opening = object()  # type: ignore[attr-defined]
    pane.show(a_picture())
    pane.change(inverted=True)
    pane.picture = a_picture()
    pane.change(quarter_turns=1)
    assert stack.undo_text == "Turn"
    stack.undo()
    assert stack.undo_text == "Invert"
