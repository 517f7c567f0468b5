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

from viewer.app.drafts import Step, Values
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

    Another picture on screen empties the stack: views begin anew with each picture. A volume that
    was shown while it came is still the same picture when all of it is there.
    """

    def __init__(self, undo: UndoStack, clock: Callable[[], float] = time.monotonic) -> None:
        self._undo = undo
        self._clock = clock
        self._shown: object = None
        self._view: AnyView | None = None
        self._is_restoring = False
        self._last_s = float("-inf")
        self._step = 0

    def watch(self, pane: object) -> None:
        """Take note of what changes in a pane that has `view`, `view_changed` and `picture`."""
        viewing: _Viewing = pane  # type: ignore[assignment]
        viewing.view_changed.connect(lambda view: self._on_change(viewing, view))

    def kept(self) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
        """Return what a draft keeps: steps that were done, and steps that were undone."""
        return self._undo.steps()

    def put_back(
        self,
        pane: object,
        done: tuple[Step, ...],
        undone: tuple[Step, ...],
        pose: Callable[[], None],
    ) -> None:
        """Take over a history that belongs to what a pane shows, once `pose` has set its view."""
        was, self._is_restoring = self._is_restoring, True
        try:
            pose()
        finally:
            self._is_restoring = was
        self._undo.put_back(
            [self._command(pane, step) for step in done],
            [self._command(pane, step) for step in undone],
        )

    def _on_change(self, pane: _Viewing, view: AnyView | None) -> None:
        before, self._view = self._view, view
        shown = getattr(pane, "opening", pane.picture)
        if shown is not self._shown or view is None or before is None:
            self._shown = shown
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
        step = Step(
            " and ".join(_WORDS[name] for name in names),
            Values(**{name: old for name, (old, _) in changed.items()}),
            Values(**{name: new for name, (_, new) in changed.items()}),
        )
        is_drag = names in (["window"], ["slab_mm"])
        merge_key = f"{names[0]} {self._step}" if is_drag else ""
        self._undo.remember(self._command(pane, step, merge_key))

    def _command(self, pane: object, step: Step, merge_key: str = "") -> Command:
        return Command(
            step.text,
            do=lambda: self._put(pane, step.after),
            undo=lambda: self._put(pane, step.before),
            merge_key=merge_key,
            step=step,
        )

    def _put(self, pane: object, values: Values) -> None:
        view: AnyView | None = getattr(pane, "view", None)
        if view is None:
            return
        set_values = attrs.asdict(values, recurse=False, filter=lambda _, value: value is not None)
        of_this = {name: value for name, value in set_values.items() if hasattr(view, name)}
        self._is_restoring = True
        try:
            pane.view = attrs.evolve(view, **of_this)  # type: ignore[attr-defined]
        finally:
            self._is_restoring = False
