"""A bug: say so plainly, without patient data, and where to find the log."""

from __future__ import annotations

import logging
import secrets
import sys
import threading
import traceback
from collections.abc import Callable
from types import TracebackType

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from viewer.ui.parts.buttons import button
from viewer.ui.parts.messages import picture
from viewer.ui.parts.words import Words, column, row

_log = logging.getLogger("bitewing.crash")


class CrashDialog(QDialog):
    """Opened with `open()`. It shows an error number and where the log lies, nothing else."""

    def __init__(self, error_id: str, log_place: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Bitewing")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(480)
        layout = column(self, margin=6, gap=3)
        head = row(gap=3)
        head.addWidget(picture("warning", "danger", 28))
        head.addWidget(Words(self.tr("Something went wrong"), "title"), 1)
        layout.addLayout(head)
        layout.addWidget(
            Words(
                self.tr(
                    "This is a fault in the program. What was stored is safe: it is written whole "
                    "or not at all. You can go on; if it comes again, close the program."
                ),
                "body",
                wrap=True,
            )
        )
        self.number = Words(self.tr("Error {id}").format(id=error_id), "strong")
        self.number.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout.addWidget(self.number)
        layout.addWidget(
            Words(self.tr("Written down in {place}.").format(place=log_place), "soft", wrap=True)
        )
        layout.addWidget(button(self.tr("Go on"), self.accept, "primary"))


def describe(kind: type[BaseException], trace: TracebackType | None) -> str:
    """Return where a bug lies: the error's kind, functions and lines, never a value.

    An exception's own text may quote a name or a path, so it is left out.
    """
    frames = traceback.extract_tb(trace)
    lines = [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in frames]
    return " < ".join([kind.__name__, *reversed(lines)])


def install_crash_hook(log_place: str) -> Callable[[], None]:
    """Send every bug to the log and to the dialog; return what takes the hook away again.

    Bugs on other threads and in destructors go to the log alone. None reaches standard error,
    which a desktop keeps in a file and which would quote the exception's text.

    Parameters
    ----------
    log_place : str
        Where the log lies, in words for a person ("the folder Logs of Bitewing").
    """
    before = (sys.excepthook, threading.excepthook, sys.unraisablehook)

    def write_down(kind: type[BaseException], trace: TracebackType | None) -> str:
        error_id = secrets.token_hex(4).upper()
        _log.error("error %s: %s", error_id, describe(kind, trace))
        # The interpreter keeps the last traceback, and with it every local of every frame.
        sys.last_type = sys.last_value = sys.last_traceback = None
        return error_id

    def hook(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            before[0](kind, fault, trace)
            return
        error_id = write_down(kind, trace)
        if QApplication.instance() is not None:
            CrashDialog(error_id, log_place, QApplication.activeWindow()).open()

    def on_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_type is not SystemExit:
            write_down(args.exc_type, args.exc_traceback)

    def on_unraisable(args: sys.UnraisableHookArgs) -> None:
        write_down(args.exc_type, args.exc_traceback)

    def remove() -> None:
        sys.excepthook, threading.excepthook, sys.unraisablehook = before

    sys.excepthook, threading.excepthook, sys.unraisablehook = hook, on_thread, on_unraisable
    return remove
