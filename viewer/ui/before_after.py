"""One image as it is and as it would leave, with a divider to drag."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from viewer.ui import theme
from viewer.ui.pictures import fitted, to_image
from viewer.ui.ports import BeforeAfter

_KEY_STEP = 0.05


class BeforeAfterView(QWidget):
    """Left of the divider the image as it is, right of it as it would leave."""

    def __init__(self) -> None:
        super().__init__()
        self._before: QImage | None = None
        self._after: QImage | None = None
        self.divider = 0.5
        self._words = ""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setCursor(Qt.CursorShape.SplitHCursor)
        self.setMinimumSize(260, 200)
        self.setAccessibleName(self.tr("Before and after"))

    def sizeHint(self) -> QSize:
        """As large as it may be."""
        return QSize(640, 480)

    def show_images(self, shown: BeforeAfter) -> None:
        """Show an image both ways."""
        self._before, self._after = to_image(shown.before), to_image(shown.after)
        self._words = ""
        self.update()

    def say(self, words: str) -> None:
        """Show words in place of an image."""
        self._before = self._after = None
        self._words = words
        self.update()

    def clear(self) -> None:
        """Forget both images."""
        self.say("")

    def set_divider(self, share: float) -> None:
        """Move the divider: 0 shows all after, 1 all before."""
        self.divider = min(max(share, 0.0), 1.0)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the divider."""
        self.mouseMoveEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the divider."""
        self.set_divider(event.position().x() / max(self.width(), 1))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move the divider."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if step:
            self.set_divider(self.divider + step * _KEY_STEP)
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint both halves at one scale from one corner, the divider and its two words."""
        look = theme.current()
        painter = QPainter(self)
        painter.fillRect(self.rect(), look.colour("canvas"))
        if self._before is None or self._after is None:
            painter.setPen(look.colour("text_soft") if look.is_dark else look.colour("line"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._words)
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        x = self.width() * self.divider
        room = QRectF(self.rect()).adjusted(12, 44, -12, -12)
        both = self._before.size().expandedTo(self._after.size())
        frame = fitted(QSizeF(both), room)
        scale = frame.width() / both.width()
        for image, left, right in (
            (self._before, 0.0, x),
            (self._after, x, float(self.width())),
        ):
            painter.setClipRect(QRectF(left, 0, right - left, self.height()))
            painter.drawImage(QRectF(frame.topLeft(), QSizeF(image.size()) * scale), image)
        painter.setClipping(False)
        self._paint_divider(painter, x)

    def _paint_divider(self, painter: QPainter, x: float) -> None:
        look = theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(look.colour("accent"), 2))
        painter.drawLine(int(x), 0, int(x), self.height())
        painter.setBrush(look.colour("accent"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawEllipse(QRectF(x - 9, self.height() / 2 - 9, 18, 18))
        painter.setFont(look.font("small"))
        for words, where, flag in (
            (self.tr("As it is"), QRectF(x - 132, 12, 120, 20), Qt.AlignmentFlag.AlignRight),
            (self.tr("As it leaves"), QRectF(x + 12, 12, 120, 20), Qt.AlignmentFlag.AlignLeft),
        ):
            painter.setPen(theme.load_theme("dark").colour("text"))
            painter.drawText(where, int(flag | Qt.AlignmentFlag.AlignVCenter), words)
