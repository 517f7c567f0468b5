"""People on screen: initials in a disc, and the tiles one picks oneself from."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QEnterEvent, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from viewer.ui import icons, theme
from viewer.ui.ports import UserTile

_TITLES = {"dr", "dr.", "prof", "prof.", "mr", "mr.", "ms", "ms.", "mrs", "mrs."}


def initials(display_name: str) -> str:
    """Return one or two letters for a person.

    >>> initials("Dr. Ines Beispiel"), initials("Muster, Otto"), initials("Cher"), initials("")
    ('IB', 'OM', 'C', '–')
    """
    family, comma, given = display_name.partition(",")
    ordered = f"{given} {family}" if comma else display_name
    names = [word for word in ordered.split() if word.lower() not in _TITLES]
    if not names:
        return "–"
    letters = names[0][0] + (names[-1][0] if len(names) > 1 else "")
    return letters.upper()


def paint_disc(painter: QPainter, where: QRectF, name: str, *, chosen: bool = False) -> None:
    """Paint somebody's initials in a disc."""
    look = theme.current()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(look.colour("accent" if chosen else "hover"))
    painter.drawEllipse(where)
    font = look.font("lead", weight=QFont.Weight.DemiBold)
    font.setPixelSize(max(look.size("text_small"), round(where.height() * 0.36)))
    painter.setFont(font)
    painter.setPen(look.colour("on_accent" if chosen else "text"))
    painter.drawText(where, Qt.AlignmentFlag.AlignCenter, initials(name))


class PersonTile(QAbstractButton):
    """A large button with somebody's initials, name and role."""

    HEIGHT = 64

    def __init__(self, person: UserTile) -> None:
        super().__init__()
        self.person = person
        self.setCheckable(True)
        self.setAccessibleName(f"{person.display_name}, {person.role}")
        self.setToolTip(person.display_name)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._is_hovered = False
        self._is_quick = False

    def set_quick(self, is_quick: bool) -> None:
        """Show whether a quick PIN or a tap is enough in this shift."""
        if is_quick != self._is_quick:
            self._is_quick = is_quick
            self.update()

    def sizeHint(self) -> QSize:
        """Room for a name of twenty letters."""
        return QSize(216, self.HEIGHT)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Answer the pointer."""
        self._is_hovered = True
        self.update()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Answer the pointer."""
        self._is_hovered = False
        self.update()
        super().leaveEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the tile."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_surface(painter)
        disc = QRectF(12, (self.height() - 40) / 2, 40, 40)
        paint_disc(painter, disc, self.person.display_name, chosen=self.isChecked())
        self._paint_words(painter, QPointF(disc.right() + 12, 0))
        if self._is_quick:
            mark = icons.pixmap("key", "accent", 16, self.devicePixelRatioF())
            painter.drawPixmap(QPointF(self.width() - 26, self.height() - 26), mark)

    def _paint_surface(self, painter: QPainter) -> None:
        look = theme.current()
        token = "accent_deep" if self.isChecked() else "hover" if self._is_hovered else "overlay"
        edge = "accent" if self.hasFocus() or self.isChecked() else "line"
        painter.setBrush(look.colour(token))
        painter.setPen(QPen(look.colour(edge), 2 if self.hasFocus() else 1))
        inner = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.drawRoundedRect(inner, look.size("radius"), look.size("radius"))

    def _paint_words(self, painter: QPainter, start: QPointF) -> None:
        look = theme.current()
        width = self.width() - start.x() - 12
        lines = (
            (self.person.display_name, "lead", QFont.Weight.DemiBold, "text", 12.0),
            (self.person.role, "small", QFont.Weight.Normal, "text_soft", 33.0),
        )
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute
        for words, role, weight, token, top in lines:
            painter.setFont(look.font(role, weight=weight))
            painter.setPen(look.colour(token))
            elide = Qt.TextElideMode.ElideRight
            shown = painter.fontMetrics().elidedText(words, elide, int(width))
            area = QRectF(start.x(), top, width, 20)
            painter.drawText(area, int(left | Qt.AlignmentFlag.AlignVCenter), shown)


class Disc(QWidget):
    """Somebody's initials in a disc of 40 px."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.setFixedSize(40, 40)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_disc(painter, QRectF(self.rect()).adjusted(1, 1, -1, -1), self._name)
