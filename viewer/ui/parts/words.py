"""Words on screen: labels by role, elided lines, rules, and boxes that hold them."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from viewer.ui import theme


class Words(QLabel):
    """A label whose look is a role of the style sheet ("title", "soft", "small", "doubt" …).

    Text is always plain: what came from a file is never read as mark-up.
    """

    def __init__(self, text: str = "", role: str = "body", *, wrap: bool = False) -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("role", role)
        self.setWordWrap(wrap)

    def set_role(self, role: str) -> None:
        """Change the look."""
        if self.property("role") != role:
            self.setProperty("role", role)
            restyle(self)


class ElidedWords(Words):
    """One line that ends in … where it is too long, with all of it in the tooltip."""

    def __init__(self, text: str = "", role: str = "body") -> None:
        super().__init__(text, role)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:
        """A few letters are enough."""
        return QSize(self.fontMetrics().averageCharWidth() * 6, super().minimumSizeHint().height())

    def setText(self, text: str) -> None:
        """Change the words."""
        super().setText(text)
        self._tell_whole()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the tooltip to where it is needed."""
        super().resizeEvent(event)
        self._tell_whole()

    @property
    def is_elided(self) -> bool:
        """Whether not all of it is seen."""
        return self.shown_text() != self.text()

    def shown_text(self) -> str:
        """What is painted."""
        return self.fontMetrics().elidedText(
            self.text(), Qt.TextElideMode.ElideRight, self.contentsRect().width()
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint what fits."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        side = (
            Qt.AlignmentFlag.AlignRight
            if self.alignment() & Qt.AlignmentFlag.AlignRight
            else (Qt.AlignmentFlag.AlignLeft)
        )
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute | side
        painter.drawText(self.contentsRect(), flags, self.shown_text())

    def _tell_whole(self) -> None:
        self.setToolTip(self.text() if self.is_elided else "")


def restyle(widget: QWidget) -> None:
    """Let the style sheet look at changed properties."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()


def rule(*, upright: bool = False) -> QFrame:
    """Return a line of one pixel."""
    line = QFrame()
    line.setProperty("rule", "upright" if upright else "true")
    return line


def box(surface: str) -> QFrame:
    """Return a frame with a surface of the style sheet ("card", "inset", "doubt" …)."""
    frame = QFrame()
    frame.setProperty("surface", surface)
    return frame


def column(parent: QWidget | None = None, *, margin: int = 0, gap: int = 2) -> QVBoxLayout:
    """Return a vertical layout; `margin` and `gap` count grid steps."""
    layout = QVBoxLayout(parent) if parent is not None else QVBoxLayout()
    _space(layout, margin, gap)
    return layout


def row(parent: QWidget | None = None, *, margin: int = 0, gap: int = 2) -> QHBoxLayout:
    """Return a horizontal layout; `margin` and `gap` count grid steps."""
    layout = QHBoxLayout(parent) if parent is not None else QHBoxLayout()
    _space(layout, margin, gap)
    return layout


def _space(layout: QLayout, margin: int, gap: int) -> None:
    step = theme.current().size("space")
    layout.setContentsMargins(margin * step, margin * step, margin * step, margin * step)
    layout.setSpacing(gap * step)


def clear_layout(layout: QLayout) -> None:
    """Take everything out of a layout and delete it."""
    while (entry := layout.takeAt(0)) is not None:
        widget, inner = entry.widget(), entry.layout()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
        elif inner is not None:
            clear_layout(inner)
