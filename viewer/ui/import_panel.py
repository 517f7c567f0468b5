"""Import on screen: how far it is, and files that are dropped on a window."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFrame, QProgressBar, QWidget

from viewer.app.jobs import Progress
from viewer.ui.parts.buttons import button
from viewer.ui.parts.words import Words, column, row


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
