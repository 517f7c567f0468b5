"""The undo stack: every edit is a command that knows its way back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import attrs
from psygnal import Signal

from viewer.app.drafts import Step


@attrs.frozen
class Command:
    """An edit with its words ("Rotate image"), how to do it and how to take it back.

    Commands with the same non-empty `merge_key` that follow each other become one (a drag). `step`
    is what a draft keeps of it; without one, it and all before it end with the session.
    """

    text: str
    do: Callable[[], None]
    undo: Callable[[], None]
    merge_key: str = ""
    step: Step | None = None


class UndoStack:
    """Done and undone commands of one session. Main thread only; emptied at logoff."""

    changed = Signal()

    def __init__(self, depth: int = 500) -> None:
        self._done: list[Command] = []
        self._undone: list[Command] = []
        self._depth = depth

    @property
    def undo_text(self) -> str:
        """What undo would take back; empty if nothing."""
        return self._done[-1].text if self._done else ""

    @property
    def redo_text(self) -> str:
        """What redo would do again; empty if nothing."""
        return self._undone[-1].text if self._undone else ""

    def push(self, command: Command) -> None:
        """Do a command and remember it."""
        command.do()
        self.remember(command)

    def remember(self, command: Command) -> None:
        """Remember a command that was already done (a drag that was live)."""
        self._undone.clear()
        last = self._done[-1] if self._done else None
        if last and command.merge_key and last.merge_key == command.merge_key:
            self._done[-1] = _joined(last, command)
        else:
            self._done.append(command)
            del self._done[: -self._depth]
        self.changed.emit()

    def undo(self) -> None:
        """Take the last command back; nothing to do is no error."""
        if self._done:
            command = self._done.pop()
            command.undo()
            self._undone.append(command)
            self.changed.emit()

    def redo(self) -> None:
        """Do the last undone command again; nothing to do is no error."""
        if self._undone:
            command = self._undone.pop()
            command.do()
            self._done.append(command)
            self.changed.emit()

    def steps(self) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
        """Return what a draft keeps: done steps, oldest first, and undone ones, next to redo last.

        Steps before one that cannot be kept are left out: the way back would go through it.
        """
        return _kept(self._done), _kept(self._undone)

    def put_back(self, done: Iterable[Command], undone: Iterable[Command]) -> None:
        """Take a history over that was kept; nothing is done by that."""
        self._done, self._undone = list(done)[-self._depth :], list(undone)[-self._depth :]
        self.changed.emit()

    def clear(self) -> None:
        """Forget everything: another user starts clean."""
        self._done.clear()
        self._undone.clear()
        self.changed.emit()


def _joined(first: Command, then: Command) -> Command:
    step = None
    if first.step is not None and then.step is not None:
        step = attrs.evolve(then.step, before=first.step.before)
    return attrs.evolve(then, undo=first.undo, step=step)


def _kept(commands: Sequence[Command]) -> tuple[Step, ...]:
    steps: list[Step] = []
    for command in reversed(commands):
        if command.step is None:
            break
        steps.append(command.step)
    return tuple(reversed(steps))
