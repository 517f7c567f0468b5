"""The undo stack: every edit is a command that knows its way back."""

from __future__ import annotations

from collections.abc import Callable

import attrs
from psygnal import Signal


@attrs.frozen
class Command:
    """An edit with its words ("Rotate image"), how to do it and how to take it back.

    Commands with the same non-empty `merge_key` that follow each other become one (a drag).
    """

    text: str
    do: Callable[[], None]
    undo: Callable[[], None]
    merge_key: str = ""


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
            self._done[-1] = attrs.evolve(command, undo=last.undo)
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

    def clear(self) -> None:
        """Forget everything: another user starts clean."""
        self._done.clear()
        self._undone.clear()
        self.changed.emit()
