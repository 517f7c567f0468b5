"""A file that is kept whole and not shown: what it is, why it is not shown, and that it is safe."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from viewer.model.image import ImageKind, ImageRecord
from viewer.ui import theme
from viewer.ui.parts.buttons import button
from viewer.ui.parts.words import Words, column
from viewer.ui.thumbnails import Thumbnails
from viewer.ui.wording import isolated, kind_words, name_words, size_words

_SIDE = 160


class KeptPage(QWidget):
    """Its small picture or the icon of its kind, and words; `look_wanted` if there is more."""

    look_wanted = Signal()

    def __init__(self, thumbnails: Thumbnails) -> None:
        super().__init__()
        layout = column(self, gap=2)
        layout.setContentsMargins(32, 32, 32, 32)
        layout.addStretch(2)
        self.small = _Small(thumbnails)
        layout.addWidget(self.small, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(12)
        self.title = Words("", "title", wrap=True)
        self.state = Words("", "lead", wrap=True)
        self.reason = Words("", "lead-soft", wrap=True)
        self.facts = Words("", "soft", wrap=True)
        for label in (self.title, self.state, self.reason, self.facts):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(label)
        layout.addSpacing(12)
        self.look = button(self.tr("Look at it"), self.look_wanted.emit, "primary", "document")
        layout.addWidget(self.look, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)

    def show_image(self, image: ImageRecord) -> None:
        """Say what is known of it."""
        self.small.show_image(image)
        self.title.setText(isolated(name_words(image)))
        self.state.setText(self.tr("Kept sealed, not shown"))
        self.reason.setText(image.reason)
        is_shown = image.kind in (ImageKind.DOCUMENT, ImageKind.MODEL)
        self.look.setVisible(is_shown or image.modality in ("SR", "KO"))
        facts = (kind_words(image.kind), image.modality, size_words(image.size_bytes))
        self.facts.setText("  ·  ".join(part for part in facts if part))

    def forget(self) -> None:
        """Forget what was said."""
        self.small.show_image(None)
        for label in (self.title, self.state, self.reason, self.facts):
            label.setText("")

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the ground that pages without a picture have."""
        look = theme.current()
        painter = QPainter(self)
        painter.fillRect(self.rect(), look.colour("canvas" if look.is_dark else "base"))


class _Small(QWidget):
    """A thumbnail, as the lists paint it."""

    def __init__(self, thumbnails: Thumbnails) -> None:
        super().__init__()
        self._thumbnails = thumbnails
        self._image: ImageRecord | None = None
        self.setFixedSize(_SIDE, _SIDE)
        thumbnails.arrived.connect(lambda _: self.update())

    def show_image(self, image: ImageRecord | None) -> None:
        """Show whose it is."""
        self._image = image
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint it."""
        if self._image is not None:
            painter = QPainter(self)
            self._thumbnails.paint(painter, QRectF(self.rect()), self._image)
