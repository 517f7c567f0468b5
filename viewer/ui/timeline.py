"""A patient's visits, newest first, with their thumbnails."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QHelpEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QListView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from viewer.model.image import ImageRecord
from viewer.ui import theme
from viewer.ui.parts.buttons import button
from viewer.ui.parts.words import column
from viewer.ui.patient_list import paint_line, paint_row_ground
from viewer.ui.ports import Visit
from viewer.ui.thumbnails import Thumbnails
from viewer.ui.wording import date_words, image_words, kind_words

_VISIT = Qt.ItemDataRole.UserRole
_SMALL = 44
_GAP = 6
_LEFT = 16
_TOP = 56
_MOST = 10
"""Thumbnails of a visit in the timeline; the film strip has them all."""

AnyIndex = QModelIndex | QPersistentModelIndex


class VisitModel(QAbstractListModel):
    """Visits of one patient."""

    def __init__(self) -> None:
        super().__init__()
        self.visits: tuple[Visit, ...] = ()

    def show_visits(self, visits: Sequence[Visit]) -> None:
        """List these."""
        self.beginResetModel()
        self.visits = tuple(visits)
        self.endResetModel()

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return how many there are."""
        return 0 if parent.isValid() else len(self.visits)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a visit, or its words for a screen reader."""
        visit = self.visits[index.row()]
        if role == _VISIT:
            return visit
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{date_words(visit.study.date)}, {title_words(visit)}, {len(visit.images)}"
        return None


def title_words(visit: Visit) -> str:
    """Return what a visit is called: its description, else its kinds of image."""
    kinds = dict.fromkeys(kind_words(image.kind) for image in visit.images)
    return visit.study.description or ", ".join(kinds)


class VisitDelegate(QStyledItemDelegate):
    """Paints a visit with up to ten thumbnails in rows of five."""

    def __init__(self, view: QListView, thumbnails: Thumbnails) -> None:
        super().__init__(view)
        self._thumbnails = thumbnails
        self.current_image = ""

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        """Return the height of a visit."""
        visit: Visit = index.data(_VISIT)
        lines = max(1, -(-min(len(visit.images), _MOST) // 5))
        return QSize(200, _TOP + lines * (_SMALL + _GAP) + 8)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """Paint a visit."""
        visit: Visit = index.data(_VISIT)
        look = theme.current()
        area = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_row_ground(painter, area, option)
        words = area.adjusted(_LEFT, 0, -_LEFT, 0)
        painter.setFont(look.font("body", weight=QFont.Weight.DemiBold))
        painter.setPen(look.colour("text"))
        paint_line(painter, words, 10, date_words(visit.study.date))
        painter.setFont(look.font("small"))
        painter.setPen(look.colour("text_soft"))
        paint_line(painter, words, 29, title_words(visit))
        for where, image in self._places(area, visit):
            self._paint_image(painter, where, image)
        self._paint_rest(painter, area, visit)
        painter.restore()

    def _paint_image(self, painter: QPainter, where: QRectF, image: ImageRecord) -> None:
        self._thumbnails.paint(painter, where, image)
        if image.id == self.current_image:
            look = theme.current()
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(look.colour("accent"), 2))
            painter.drawRoundedRect(where.adjusted(-2, -2, 2, 2), 5, 5)

    def _paint_rest(self, painter: QPainter, area: QRectF, visit: Visit) -> None:
        rest = len(visit.images) - _MOST
        if rest <= 0:
            return
        look = theme.current()
        painter.setPen(look.colour("text_soft"))
        painter.setFont(look.font("small"))
        corner = QRectF(area.right() - 60, area.y() + 10, 60 - _LEFT, 18)
        painter.drawText(corner, Qt.AlignmentFlag.AlignRight, f"+{rest}")

    def _places(self, area: QRectF, visit: Visit) -> list[tuple[QRectF, ImageRecord]]:
        return [
            (
                QRectF(
                    area.x() + _LEFT + (n % 5) * (_SMALL + _GAP),
                    area.y() + _TOP + (n // 5) * (_SMALL + _GAP),
                    _SMALL,
                    _SMALL,
                ),
                image,
            )
            for n, image in enumerate(visit.images[:_MOST])
        ]

    def image_at(self, area: QRectF, visit: Visit, point: QPoint) -> ImageRecord | None:
        """Return the image whose thumbnail is under a point of the view."""
        for where, image in self._places(area, visit):
            if where.contains(point):
                return image
        return None


class VisitView(QListView):
    """The list; `chosen(ImageRecord, Visit)` for the thumbnail clicked, or a visit's first."""

    chosen = Signal(object, object)

    def __init__(self, thumbnails: Thumbnails) -> None:
        super().__init__()
        self.visit_model = VisitModel()
        self.setModel(self.visit_model)
        self.delegate = VisitDelegate(self, thumbnails)
        self.setItemDelegate(self.delegate)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setAccessibleName(self.tr("Visits"))
        self.activated.connect(self._open_first)
        thumbnails.arrived.connect(lambda _: self.viewport().update())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Open the thumbnail that was clicked, or the visit's first image."""
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if event.button() != Qt.MouseButton.LeftButton or not index.isValid():
            return
        visit: Visit = index.data(_VISIT)
        image = self._image_at(index, event.position().toPoint())
        if image is not None:
            self.chosen.emit(image, visit)
        else:
            self._open_first(index)

    def viewportEvent(self, event: QEvent) -> bool:
        """Say what a thumbnail is."""
        if isinstance(event, QHelpEvent):
            index = self.indexAt(event.pos())
            image = self._image_at(index, event.pos()) if index.isValid() else None
            QToolTip.showText(event.globalPos(), image_words(image) if image else "", self)
            return True
        return super().viewportEvent(event)

    def _image_at(self, index: QModelIndex, point: QPoint) -> ImageRecord | None:
        area = QRectF(self.visualRect(index))
        return self.delegate.image_at(area, index.data(_VISIT), point)

    def _open_first(self, index: QModelIndex) -> None:
        visit: Visit = index.data(_VISIT)
        if visit.images:
            self.chosen.emit(visit.images[0], visit)


class Timeline(QWidget):
    """The way back to all patients, and the visits of this one."""

    back = Signal()

    def __init__(self, thumbnails: Thumbnails) -> None:
        super().__init__()
        self.view = VisitView(thumbnails)
        layout = column(self, gap=1)
        layout.setContentsMargins(0, 12, 0, 0)
        self.back_button = button(self.tr("All patients"), self.back.emit, "quiet", "chevron-left")
        head = column()
        head.setContentsMargins(8, 0, 8, 0)
        head.addWidget(self.back_button, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addLayout(head)
        layout.addWidget(self.view, 1)

    def show_visits(self, visits: Sequence[Visit]) -> None:
        """List a patient's visits."""
        self.view.visit_model.show_visits(visits)

    def mark_image(self, image: ImageRecord | None) -> None:
        """Mark the image on screen."""
        self.view.delegate.current_image = image.id if image else ""
        model = self.view.visit_model
        for place, visit in enumerate(model.visits):
            if image is not None and visit.study.uid == image.study_uid:
                self.view.setCurrentIndex(model.index(place))
        self.view.viewport().update()
