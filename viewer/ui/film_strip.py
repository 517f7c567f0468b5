"""All images of the visit in one row under the picture."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from viewer.model.image import ImageRecord
from viewer.ui import theme
from viewer.ui.ports import Visit
from viewer.ui.thumbnails import Thumbnails
from viewer.ui.wording import film_words, image_words

_IMAGE = Qt.ItemDataRole.UserRole
_WIDTH = 104
_HEIGHT = 100
AnyIndex = QModelIndex | QPersistentModelIndex


class FilmModel(QAbstractListModel):
    """Images of one visit."""

    def __init__(self) -> None:
        super().__init__()
        self.images: tuple[ImageRecord, ...] = ()

    def show_images(self, images: tuple[ImageRecord, ...]) -> None:
        """List these."""
        self.beginResetModel()
        self.images = images
        self.endResetModel()

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return how many there are."""
        return 0 if parent.isValid() else len(self.images)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return an image, or its words."""
        image = self.images[index.row()]
        if role == _IMAGE:
            return image
        if role in {Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole}:
            return image_words(image)
        return None


class FilmDelegate(QStyledItemDelegate):
    """Paints a thumbnail over its kind and teeth."""

    def __init__(self, view: QListView, thumbnails: Thumbnails) -> None:
        super().__init__(view)
        self._thumbnails = thumbnails

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        """Return the size of a film."""
        return QSize(_WIDTH, _HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """Paint a film."""
        look = theme.current()
        image: ImageRecord = index.data(_IMAGE)
        area = QRectF(option.rect)
        state = option.state
        is_chosen = bool(state & QStyle.StateFlag.State_Selected)
        film = area.adjusted(6, 6, -6, -26)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._thumbnails.paint(painter, film, image)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        is_under = bool(state & QStyle.StateFlag.State_MouseOver)
        edge = "accent" if is_chosen else "line_strong" if is_under else "line"
        painter.setPen(QPen(look.colour(edge), 2 if is_chosen else 1))
        painter.drawRoundedRect(film, 4, 4)
        painter.setFont(look.font("small"))
        painter.setPen(look.colour("text" if is_chosen else "text_soft"))
        words = painter.fontMetrics().elidedText(
            film_words(image), Qt.TextElideMode.ElideRight, int(film.width())
        )
        below = QRectF(film.x(), film.bottom() + 4, film.width(), 18)
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, words)
        painter.restore()


class FilmStrip(QListView):
    """A row of films; `chosen(ImageRecord)` when one is clicked or stepped to."""

    chosen = Signal(object)

    def __init__(self, thumbnails: Thumbnails) -> None:
        super().__init__()
        self.film_model = FilmModel()
        self.setModel(self.film_model)
        self.setItemDelegate(FilmDelegate(self, thumbnails))
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setHorizontalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setProperty("surface", "raised")
        self.setFixedHeight(_HEIGHT + 4)
        self.setAccessibleName(self.tr("Images of this visit"))
        self.clicked.connect(self._choose)
        self.activated.connect(self._choose)
        thumbnails.arrived.connect(lambda _: self.viewport().update())

    def show_visit(self, visit: Visit | None, image: ImageRecord | None) -> None:
        """Lay out a visit's films and mark one."""
        images = visit.images if visit else ()
        if images != self.film_model.images:
            self.film_model.show_images(images)
        if image in images:
            index = self.film_model.index(images.index(image))
            self.setCurrentIndex(index)
            self.scrollTo(index)
        self.setVisible(len(images) > 1)

    def step(self, by: int) -> None:
        """Go to the next (+1) or the previous (-1) film; stay at the ends."""
        here = self.currentIndex().row()
        there = min(max(here + by, 0), self.film_model.rowCount() - 1)
        if there >= 0 and there != here:
            self.setCurrentIndex(self.film_model.index(there))
            self._choose(self.film_model.index(there))

    def _choose(self, index: QModelIndex) -> None:
        self.chosen.emit(index.data(_IMAGE))
