"""Import on screen: how far it is, and afterwards what was taken and what was not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFrame, QProgressBar, QScrollArea, QWidget

from viewer.app.jobs import Progress
from viewer.ui.parts.buttons import button
from viewer.ui.parts.messages import picture
from viewer.ui.parts.words import ElidedWords, Words, box, column, row
from viewer.ui.ports import ImportSummary, Refusal


class ProgressCard(QFrame):
    """A card at the foot of its parent: what is being done, how far, and Cancel."""

    cancelled = Signal()

    def __init__(self, parent: QWidget, title: str) -> None:
        super().__init__(parent)
        self._over = parent
        self.setProperty("surface", "card")
        self.setFixedWidth(360)
        layout = column(self, margin=4, gap=2)
        head = row(gap=2)
        head.addWidget(Words(title, "strong"), 1)
        self.cancel_button = button(self.tr("Cancel"), self.cancelled.emit, "link", touch=True)
        head.addWidget(self.cancel_button)
        layout.addLayout(head)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 0)
        layout.addWidget(self.bar)
        self.words = Words(self.tr("Starting…"), "soft")
        layout.addWidget(self.words)
        parent.installEventFilter(self)
        self.hide()

    def start(self) -> None:
        """Show it, at nothing done."""
        self.bar.setRange(0, 0)
        self.words.setText(self.tr("Starting…"))
        self.adjustSize()
        self._place()
        self.show()
        self.raise_()

    def show_progress(self, progress: Progress) -> None:
        """Show how far it is."""
        self.bar.setRange(0, progress.total)
        self.bar.setValue(progress.done)
        count = f"  {progress.done} / {progress.total}" if progress.total else ""
        self.words.setText(f"{progress.what}{count}")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay in the corner."""
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        over = self._over
        self.move(over.width() - self.width() - 16, over.height() - self.height() - 104)


class DropZone(QObject):
    """Lets files and folders be dropped on a widget; `dropped(list[Path])`."""

    dropped = Signal(object)
    hovering = Signal(bool)

    def __init__(self, target: QWidget) -> None:
        super().__init__(target)
        self.is_open = True
        target.setAcceptDrops(True)
        target.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take what is dropped."""
        if event.type() == QEvent.Type.DragEnter and isinstance(event, QDragEnterEvent):
            if self.is_open and dropped_paths(event):
                event.acceptProposedAction()
                self.hovering.emit(True)
            return True
        if event.type() == QEvent.Type.DragLeave:
            self.hovering.emit(False)
        if event.type() == QEvent.Type.Drop and isinstance(event, QDropEvent):
            self.hovering.emit(False)
            paths = dropped_paths(event)
            if self.is_open and paths:
                event.acceptProposedAction()
                self.dropped.emit(paths)
            return True
        return super().eventFilter(watched, event)


def dropped_paths(event: QDropEvent) -> list[Path]:
    """Return the local files and folders that are being dragged."""
    return [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]


class ImportReport(QWidget):
    """The content of a sheet: three numbers, and each refusal with its reason."""

    def __init__(self, summary: ImportSummary, on_open: Callable[[], None] | None) -> None:
        super().__init__()
        self.setMinimumWidth(560)
        layout = column(self, margin=5, gap=4)
        numbers = row(gap=3)
        for count, words in (
            (summary.images, self.tr("images sealed")),
            (summary.patients, self.tr("patients")),
            (summary.already_there, self.tr("were here already")),
            (len(summary.refusals), self.tr("not taken")),
        ):
            numbers.addWidget(_number(count, words))
        layout.addLayout(numbers)
        if summary.refusals:
            layout.addWidget(Words(self.tr("NOT TAKEN"), "section"))
            layout.addWidget(_refusals(summary.refusals))
        if on_open is not None:
            layout.addWidget(button(self.tr("Show the images"), on_open, "primary"))


def _number(count: int, words: str) -> QFrame:
    frame = box("inset")
    layout = column(frame, margin=3, gap=0)
    layout.addWidget(Words(str(count), "title"))
    layout.addWidget(Words(words, "small"))
    return frame


def _refusals(refusals: Sequence[Refusal]) -> QScrollArea:
    holder = QWidget()
    layout = column(holder, gap=2)
    for refusal in refusals:
        line = row(gap=2)
        line.addWidget(picture("warning", "doubt", 16), 0, Qt.AlignmentFlag.AlignTop)
        words = column(gap=0)
        words.addWidget(ElidedWords(refusal.file_name, "strong"))
        words.addWidget(Words(refusal.reason, "soft", wrap=True))
        line.addLayout(words, 1)
        layout.addLayout(line)
    layout.addStretch(1)
    scroll = QScrollArea()
    scroll.setWidgetResizable(True)
    scroll.setWidget(holder)
    scroll.setMinimumHeight(min(240, 48 * len(refusals) + 8))
    return scroll
