"""A document on screen: its pages one by one, a report as plain text, a model's picture."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QScrollArea,
    QStackedWidget,
    QWidget,
)

from viewer.model.image import ImageRecord
from viewer.ui.document_ports import DocumentDesk, Shown, can_be_looked_at
from viewer.ui.parts.buttons import IconButton
from viewer.ui.parts.messages import error_words
from viewer.ui.parts.words import Words, column, row
from viewer.ui.photo_list import image_of
from viewer.ui.ports import Running
from viewer.ui.wording import tr

_INDENT = "    "


class DocumentSheet(QWidget):
    """Shows one kept file; Page Up and Page Down turn its pages.

    Text is plain text: what a file says is never read as mark-up, and no link in it is one.
    """

    def __init__(self, desk: DocumentDesk, image: ImageRecord) -> None:
        super().__init__()
        self._desk, self._image = desk, image
        self._running: Running | None = None
        self._shown: Shown | None = None
        self.page = 0
        layout = column(self, margin=4, gap=2)
        self.pages = QStackedWidget()
        self.message = Words("", "lead-soft", wrap=True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture = QLabel()
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.view = QScrollArea()
        self.view.setWidgetResizable(True)
        self.view.setWidget(self.picture)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName(self.tr("Report"))
        for each in (self.message, self.view, self.text):
            self.pages.addWidget(each)
        layout.addWidget(self.pages, 1)
        self.notes = Words("  ".join(image.notes), "soft", wrap=True)
        self.notes.setVisible(bool(image.notes))
        layout.addWidget(self.notes)
        layout.addLayout(self._make_foot())
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._load(0)

    def _make_foot(self) -> QHBoxLayout:
        foot = row(gap=2)
        foot.addStretch(1)
        self.before = IconButton("chevron-left", self.tr("Page before (Page Up)"), size="touch")
        self.before.clicked.connect(lambda _=False: self.turn(-1))
        self.where = Words("", "strong")
        self.after = IconButton("chevron-right", self.tr("Next page (Page Down)"), size="touch")
        self.after.clicked.connect(lambda _=False: self.turn(1))
        for each in (self.before, self.where, self.after):
            foot.addWidget(each)
        foot.addStretch(1)
        return foot

    def turn(self, pages: int) -> None:
        """Go some pages on or back."""
        wanted = self.page + pages
        if self._shown is not None and 0 <= wanted < self._shown.pages:
            self._load(wanted)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Turn pages."""
        steps = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}
        if event.key() in steps:
            self.turn(steps[Qt.Key(event.key())])
            return
        super().keyPressEvent(event)

    def _load(self, page: int) -> None:
        self._let_go()
        self.page = page
        if self._shown is None:
            self.message.setText(self.tr("Unsealing…"))
        self._running = self._desk.look_at(self._image.id, page, self._show, self._on_fault)

    def _show(self, shown: Shown) -> None:
        self._running = None
        self._wipe()
        self._shown, self.page = shown, shown.page
        if shown.report is not None:
            lines = (
                f"{_INDENT * line.depth}{line.name}" + (f": {line.value}" if line.value else "")
                for line in shown.report.lines
            )
            self.text.setPlainText("\n".join(lines))
            self.pages.setCurrentWidget(self.text)
        else:
            self.pages.setCurrentWidget(self.view)
            self._fit()
        has_pages = shown.pages > 1
        self.before.setVisible(has_pages)
        self.after.setVisible(has_pages)
        self.before.setEnabled(shown.page > 0)
        self.after.setEnabled(shown.page + 1 < shown.pages)
        words = self.tr("Page {page} of {pages}")
        self.where.setText(
            words.format(page=shown.page + 1, pages=shown.pages) if has_pages else ""
        )

    def _on_fault(self, fault: Exception) -> None:
        self._running = None
        self.message.setText(error_words(fault) or self.tr("Cancelled."))
        self.pages.setCurrentWidget(self.message)

    def _fit(self) -> None:
        """Show a page as wide as there is room, or whole where it is a model."""
        small = self._shown.picture if self._shown else None
        if small is None:
            return
        image = QPixmap.fromImage(image_of(small))
        room = self.view.viewport().size()
        wide = min(room.width() - 8, 1100, image.width())
        self.picture.setPixmap(
            image.scaledToWidth(max(wide, 1), Qt.TransformationMode.SmoothTransformation)
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the page as wide as there is room."""
        super().resizeEvent(event)
        self._fit()

    def _let_go(self) -> None:
        if self._running is not None:
            self._running.drop()
            self._running = None

    def _wipe(self) -> None:
        if self._shown is not None and self._shown.picture is not None:
            self._shown.picture.fill(0)
        self._shown = None

    def drop(self) -> None:
        """Forget all of it: the sheet closes."""
        self._let_go()
        self._wipe()
        self.picture.setPixmap(QPixmap())
        self.text.clear()


def document_of(image: ImageRecord | None, desk: DocumentDesk) -> DocumentSheet | Words:
    """Return the content for the file on screen, or words where there is none."""
    if image is None or not can_be_looked_at(image):
        return Words(tr("There is no document on screen."), "lead-soft")
    return DocumentSheet(desk, image)
