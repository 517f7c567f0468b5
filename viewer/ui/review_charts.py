"""Charts of the review desk: when somebody works, and what leaves week by week.

Each says the same in words, for who does not see it: as its accessible name and as its tooltip.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from viewer.app.review.settings import Hours
from viewer.ui import theme
from viewer.ui.wording import count_words, tr

_HOURS = 24
_STRIP_HEIGHT = 34
_CHART_HEIGHT = 190
_LEAST_SHARE = 0.18
_EVERY = 6
_LEAST_COLUMN = 7.0


def _mixed(share: float) -> QColor:
    """Return the colour of a cell: from the row's own surface to the accent."""
    look = theme.current()
    low, high = look.colour("overlay"), look.colour("accent")
    if share <= 0:
        return low
    part = _LEAST_SHARE + (1 - _LEAST_SHARE) * share
    return QColor(
        round(low.red() + (high.red() - low.red()) * part),
        round(low.green() + (high.green() - low.green()) * part),
        round(low.blue() + (high.blue() - low.blue()) * part),
    )


class HourStrip(QWidget):
    """The 24 hours of the day in a row, brighter the more was done; a line under opening hours."""

    def __init__(self, counts: Sequence[int], hours: Hours) -> None:
        super().__init__()
        self._counts, self._hours = tuple(counts), hours
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(_STRIP_HEIGHT)
        self.setMinimumWidth(220)
        self.setAccessibleName(self.words)

    @property
    def outside(self) -> int:
        """How much was done in hours in which the practice is closed."""
        return sum(n for hour, n in enumerate(self._counts) if self._is_outside(hour))

    @property
    def _open(self) -> tuple[float, float]:
        """When the practice opens and closes, in hours."""
        opens, closes = self._hours.opens, self._hours.closes
        return opens.hour + opens.minute / 60, closes.hour + closes.minute / 60

    def _is_outside(self, hour: int) -> bool:
        opens, closes = self._open
        return hour + 1 <= opens or hour >= closes

    @property
    def words(self) -> str:
        """What the strip shows."""
        total = sum(self._counts)
        if not total:
            return tr("Nothing in this period")
        busiest = max(range(_HOURS), key=lambda hour: self._counts[hour])
        entries = count_words(total, tr("entry"), tr("entries"))
        said = tr("{entries}, most at {hour}:00 ({count})").format(
            entries=entries, hour=f"{busiest:02d}", count=self._counts[busiest]
        )
        if self.outside:
            said += "; " + tr("{count} outside opening hours").format(count=self.outside)
        return said

    def sizeHint(self) -> QSize:
        """As wide as it may be."""
        return QSize(480, _STRIP_HEIGHT)

    def event(self, event: QEvent) -> bool:
        """Say an hour's count."""
        if isinstance(event, QHelpEvent):
            hour = min(max(int(event.pos().x() / self._step), 0), _HOURS - 1)
            count = count_words(self._counts[hour], tr("entry"), tr("entries"))
            QToolTip.showText(event.globalPos(), f"{hour:02d}:00–{hour:02d}:59  {count}", self)
            return True
        return super().event(event)

    @property
    def _step(self) -> float:
        return self.width() / _HOURS

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the cells, what is outside opening hours with an edge in the colour of doubt."""
        look = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        most = max(self._counts, default=0) or 1
        for hour, count in enumerate(self._counts):
            cell = QRectF(hour * self._step + 1, 1, self._step - 2, self.height() - 12)
            painter.setPen(Qt.PenStyle.NoPen)
            if count and self._is_outside(hour):
                painter.setPen(QPen(look.colour("doubt"), 1.5))
                cell.adjust(0.5, 0.5, -0.5, -0.5)
            painter.setBrush(_mixed(count / most))
            painter.drawRoundedRect(cell, 3, 3)
        painter.setPen(QPen(look.colour("text_soft"), 2))
        floor = self.height() - 6
        opens, closes = (hour * self._step for hour in self._open)
        painter.drawLine(QPointF(opens + 1, floor), QPointF(closes - 1, floor))


class HourScale(QWidget):
    """The hours above the strips."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(18)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint 00, 06, 12, 18."""
        look = theme.current()
        painter = QPainter(self)
        painter.setFont(look.font("small"))
        painter.setPen(look.colour("text_faint"))
        step = self.width() / _HOURS
        for hour in range(0, _HOURS, _EVERY):
            where = QRectF(hour * step + 1, 0, step * _EVERY, self.height())
            painter.drawText(where, Qt.AlignmentFlag.AlignLeft, f"{hour:02d}:00")


class WeekChart(QWidget):
    """A column a week: shares filled, exports outlined on top of them."""

    def __init__(self) -> None:
        super().__init__()
        self._weeks: Sequence[tuple[date, int, int]] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(_CHART_HEIGHT)

    def show_weeks(self, weeks: Sequence[tuple[date, int, int]]) -> None:
        """Show exports and shares by the week's Monday."""
        self._weeks = weeks
        self.setAccessibleName(self.words)
        self.setToolTip(self.words)
        self.update()

    @property
    def words(self) -> str:
        """What the chart shows."""
        if not any(exports or shares for _, exports, shares in self._weeks):
            return tr("Nothing left in this period")
        said = (
            tr("Week of {day}: {shares} sealed shares, {exports} unsealed exports").format(
                day=monday.isoformat(), shares=shares, exports=exports
            )
            for monday, exports, shares in self._weeks
        )
        return "\n".join(said)

    def sizeHint(self) -> QSize:
        """As wide as it may be."""
        return QSize(600, _CHART_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint columns, their numbers and their weeks."""
        look = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(look.colour("line"))
        floor = self.height() - 24.0
        painter.drawLine(QPointF(0, floor), QPointF(self.width(), floor))
        most = max((exports + shares for _, exports, shares in self._weeks), default=1) or 1
        step = self.width() / max(len(self._weeks), 1)
        for place, week in enumerate(self._weeks):
            self._paint_week(painter, QRectF(place * step, 0, step, floor), week, most)

    def _paint_week(
        self, painter: QPainter, area: QRectF, week: tuple[date, int, int], most: int
    ) -> None:
        look = theme.current()
        monday, exports, shares = week
        unit = (area.height() - 30) / most
        width = min(48.0, area.width() * 0.55)
        left = area.center().x() - width / 2
        column = QRectF(left, area.bottom() - shares * unit, width, shares * unit)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.colour("accent"))
        painter.drawRoundedRect(column, 3, 3)
        if exports:
            tall = max(_LEAST_COLUMN, exports * unit - 1)
            top = QRectF(left, column.top() - 1 - tall, width, tall)
            painter.setPen(QPen(look.colour("doubt"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(top.adjusted(1, 1, -1, 0), 3, 3)
        words = f"{shares}" + (f" + {exports}" if exports else "") if shares or exports else ""
        painter.setPen(look.colour("text"))
        painter.setFont(look.font("body", weight=QFont.Weight.DemiBold))
        high = min(area.bottom() - (shares + exports) * unit, column.top() - _LEAST_COLUMN)
        painter.drawText(
            QRectF(area.left(), high - 22, area.width(), 18), Qt.AlignmentFlag.AlignCenter, words
        )
        painter.setPen(look.colour("text_faint"))
        painter.setFont(look.font("small"))
        painter.drawText(
            QRectF(area.left(), area.bottom() + 5, area.width(), 16),
            Qt.AlignmentFlag.AlignCenter,
            monday.strftime("%d.%m."),
        )


class GravityMark(QWidget):
    """Three short bars, as many of them filled as something is grave."""

    LEVELS = ("text_faint", "doubt", "danger")

    def __init__(self, level: int) -> None:
        super().__init__()
        self.level = level
        self.setFixedSize(26, 24)
        names = (tr("Minor"), tr("Notable"), tr("Grave"))
        self.setToolTip(names[level])
        self.setAccessibleName(names[level])

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the bars."""
        look = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for place in range(3):
            token = self.LEVELS[self.level] if place <= self.level else "line"
            painter.setBrush(look.colour(token))
            height = 8 + 5 * place
            painter.drawRoundedRect(QRectF(2 + 8 * place, 22 - height, 6, height), 2, 2)


def gravity(score: float) -> int:
    """Return 0, 1 or 2: how grave a score is.

    >>> gravity(1.5), gravity(4), gravity(8)
    (0, 1, 2)
    """
    return 2 if score >= 6 else 1 if score >= 3 else 0
