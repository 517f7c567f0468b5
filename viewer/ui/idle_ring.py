"""The ring round the user's initials: how long until the workstation locks."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton

from viewer.ui import theme
from viewer.ui.parts.people import paint_disc
from viewer.ui.wording import clock_words

WARNING_S = 60.0
"""The last seconds, which are counted down aloud."""
_SIDE = 40


class IdleRing(QAbstractButton):
    """Initials in a disc with a ring that empties; amber in the last minute."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._left_s, self._allowed_s = 1.0, 1.0
        self.setFixedSize(_SIDE + 4, _SIDE + 4)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(name)

    def sizeHint(self) -> QSize:
        """A touch target."""
        return QSize(_SIDE + 4, _SIDE + 4)

    def set_left(self, left_s: float, allowed_s: float) -> None:
        """Show how much time is left."""
        self._left_s, self._allowed_s = left_s, max(allowed_s, 1.0)
        words = self.tr("{name}. Locks in {time} without a touch.").format(
            name=self._name, time=clock_words(left_s)
        )
        self.setToolTip(words)
        self.setAccessibleDescription(words)
        self.update()

    @property
    def is_warning(self) -> bool:
        """Whether the last minute has begun."""
        return self._left_s <= WARNING_S

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint disc and ring."""
        look = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(3, 3, -3, -3)
        paint_disc(painter, area.adjusted(4, 4, -4, -4), self._name)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(look.colour("line"), 2))
        painter.drawEllipse(area)
        token = "doubt" if self.is_warning else "accent"
        painter.setPen(
            QPen(look.colour(token), 2.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
        )
        share = min(1.0, max(0.0, self._left_s / self._allowed_s))
        painter.drawArc(area, 90 * 16, round(360 * 16 * share))
        if self.hasFocus():
            painter.setPen(look.colour("accent"))
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
