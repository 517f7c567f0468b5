"""What a person changes on an image goes onto the undo stack; navigation does not.

Window, inversion, turns, mirrors and slab are edits. Zoom, pan and the crosshair are ways of
looking around, which undo leaves alone. A drag is one step, and so is a quick series of steps.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

import attrs
from PySide6.QtCore import SignalInstance

from viewer.app.undo import Command, UndoStack
from viewer.model.image import Picture
from viewer.model.view import PlanesView, RadiographView

AnyView = RadiographView | PlanesView

_WORDS = {
    "window": "Window",
    "inverted": "Invert",
    "quarter_turns": "Turn",
    "flipped_horizontally": "Mirror",
    "flipped_vertically": "Flip",
    "slab_mm": "Slab",
}
_ONE_STEP_S = 0.7


class _Viewing(Protocol):
    view_changed: SignalInstance

    @property
    def picture(self) -> Picture | None: ...


class ViewHistory:
    """Writes edits of views onto an undo stack. Main thread only.

    Another picture on screen empties the stack: views begin anew with each picture.
    """

    def __init__(self, undo: UndoStack, clock: Callable[[], float] = time.monotonic) -> None:
        self._undo = undo
        self._clock = clock
        self._picture: Picture | None = None
        self._view: AnyView | None = None
        self._is_restoring = False
        self._last_s = float("-inf")
        self._step = 0

    def watch(self, pane: object) -> None:
        """Take note of what changes in a pane that has `view`, `view_changed` and `picture`."""
        viewing: _Viewing = pane  # type: ignore[assignment]
        viewing.view_changed.connect(lambda view: self._on_change(pane, viewing.picture, view))

    def _on_change(self, pane: object, picture: Picture | None, view: AnyView | None) -> None:
        before, self._view = self._view, view
        if picture is not self._picture or view is None or before is None:
            self._picture = picture
            self._undo.clear()
            return
        if self._is_restoring:
            return
        changed = {
            name: (getattr(before, name), getattr(view, name))
            for name in _WORDS
            if hasattr(view, name) and getattr(before, name) != getattr(view, name)
        }
        if changed:
            self._remember(pane, changed)

    def _remember(self, pane: object, changed: dict[str, tuple[Any, Any]]) -> None:
        now_s = self._clock()
        if now_s - self._last_s > _ONE_STEP_S:
            self._step += 1
        self._last_s = now_s
        names = sorted(changed)
        is_drag = names in (["window"], ["slab_mm"])
        self._undo.remember(
            Command(
                " and ".join(_WORDS[name] for name in names),
                do=lambda: self._put(pane, {name: new for name, (_, new) in changed.items()}),
                undo=lambda: self._put(pane, {name: old for name, (old, _) in changed.items()}),
                merge_key=f"{names[0]} {self._step}" if is_drag else "",
            )
        )

    def _put(self, pane: object, values: dict[str, Any]) -> None:
        view: AnyView | None = getattr(pane, "view", None)
        if view is None:
            return
        self._is_restoring = True
        try:
            pane.view = attrs.evolve(view, **values)  # type: ignore[attr-defined]
        finally:
            self._is_restoring = False
