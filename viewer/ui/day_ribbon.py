"""Days in a row, each as tall as it was busy; a click shows that day alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from viewer.ui import theme

_DAYS = 60
_HEIGHT = 84


class DayRibbon(QWidget):
    """The last sixty days. `chosen(date | None)`: None shows all days again."""

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._counts: dict[date, int] = {}
        self._last = date(2000, 1, 1)
        self.day: date | None = None
        self.setFixedHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Entries per day"))

    def sizeHint(self) -> QSize:
        """As wide as it may be."""
        return QSize(600, _HEIGHT)

    def show_counts(self, counts: Sequence[tuple[date, int]]) -> None:
        """Show these days."""
        self._counts = dict(counts)
        self._last = max(self._counts, default=self._last)
        self.update()

    def choose(self, day: date | None) -> None:
        """Choose a day; the same again, or None, shows all."""
        self.day = None if day == self.day else day
        self.update()
        self.chosen.emit(self.day)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the day that was clicked."""
        self.choose(self._day_at(event.position().toPoint()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows choose the next or the previous day, Escape all of them."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if step:
            start = self.day or self._last + timedelta(days=1)
            there = min(start + timedelta(days=step), self._last)
            if there != self.day:
                self.choose(there)
            return
        if event.key() == Qt.Key.Key_Escape and self.day is not None:
            self.choose(None)
            return
        super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Say a day's count."""
        if isinstance(event, QHelpEvent):
            day = self._day_at(event.pos())
            QToolTip.showText(event.globalPos(), self._words(day), self)
            return True
        return super().event(event)

    def _words(self, day: date) -> str:
        count = self._counts.get(day, 0)
        return self.tr("{day}: {count} entries").format(day=day.isoformat(), count=count)

    @property
    def _step(self) -> float:
        return (self.width() - 2) / _DAYS

    def _day_at(self, point: QPoint) -> date:
        place = min(max(int(point.x() / self._step), 0), _DAYS - 1)
        return self._last - timedelta(days=_DAYS - 1 - place)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint bars and the names of months."""
        look = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(look.font("small"))
        most = max(self._counts.values(), default=1)
        floor = self.height() - 22
        for place in range(_DAYS):
            day = self._last - timedelta(days=_DAYS - 1 - place)
            self._paint_day(painter, place, day, floor, most)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(look.colour("accent"))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)

    def _paint_day(self, painter: QPainter, place: int, day: date, floor: int, most: int) -> None:
        look = theme.current()
        x, width = place * self._step, self._step - 3
        count = self._counts.get(day, 0)
        height = max(3.0, count / most * (floor - 10)) if count else 2.0
        is_bright = self.day in {None, day}
        token = ("accent" if is_bright else "accent_deep") if count else "line"
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.colour(token))
        painter.drawRoundedRect(QRectF(x + 1.5, floor - height, width, height), 2, 2)
        if day.weekday() == 0 and place + 3 < _DAYS:
            painter.setPen(look.colour("text_faint"))
            where = QRectF(x, floor + 4, self._step * 6, 16)
            painter.drawText(where, Qt.AlignmentFlag.AlignLeft, day.strftime("%d.%m."))
