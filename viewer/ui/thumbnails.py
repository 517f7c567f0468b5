"""Thumbnails, fetched when they are first painted and forgotten at the lock."""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import QObject, QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QPainter, QPainterPath, QPixmap

from viewer.model.image import ImageRecord, ImageState
from viewer.ui import icons, theme
from viewer.ui.pictures import fitted, to_pixmap
from viewer.ui.ports import Chart, Running, Thumbnail

_KEPT = 1000


class Thumbnails(QObject):
    """A cache of small pictures. `arrived(image_id)` says that one can be painted now."""

    arrived = Signal(str)

    def __init__(self, chart: Chart, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._chart = chart
        self._kept: OrderedDict[str, QPixmap] = OrderedDict()
        self._under_way: dict[str, Running | None] = {}
        self._failed: set[str] = set()

    def look_up(self, image: ImageRecord) -> QPixmap | None:
        """Return a thumbnail, or ask for it and return nothing yet."""
        found = self._kept.get(image.id)
        if found is not None:
            self._kept.move_to_end(image.id)
            return found
        if image.id not in self._under_way and image.id not in self._failed:
            self._ask(image)
        return self._kept.get(image.id)

    def clear(self) -> None:
        """Forget every picture and drop what is under way."""
        for running in self._under_way.values():
            if running is not None:
                running.drop()
        self._under_way.clear()
        self._failed.clear()
        self._kept.clear()

    def _ask(self, image: ImageRecord) -> None:
        self._under_way[image.id] = None
        running = self._chart.fetch_thumbnail(
            image.id, self._keep, lambda _: self._give_up(image.id)
        )
        if image.id in self._under_way:
            self._under_way[image.id] = running

    def _keep(self, thumbnail: Thumbnail) -> None:
        self._under_way.pop(thumbnail.image_id, None)
        self._kept[thumbnail.image_id] = to_pixmap(thumbnail.pixels)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        self.arrived.emit(thumbnail.image_id)

    def _give_up(self, image_id: str) -> None:
        self._under_way.pop(image_id, None)
        self._failed.add(image_id)
        self.arrived.emit(image_id)

    def paint(self, painter: QPainter, area: QRectF, image: ImageRecord) -> None:
        """Paint a thumbnail into a rounded black square, or its kind's icon until it is there."""
        look = theme.current()
        painter.save()
        painter.setRenderHints(
            QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
        )
        frame = QPainterPath()
        frame.addRoundedRect(area, 4, 4)
        painter.fillPath(frame, look.colour("canvas"))
        painter.setClipPath(frame)
        pixmap = self.look_up(image)
        if pixmap is not None and pixmap.width() > 1:  # a file without a picture has one of 1 x 1
            where = covering(QSizeF(pixmap.size()), area)
            painter.drawPixmap(where, pixmap, QRectF(pixmap.rect()))
        else:
            ratio = painter.device().devicePixelRatioF()
            side = min(max(24.0, area.height() / 3), area.height() / 2)
            icon = icons.pixmap(icons.KIND_ICONS[image.kind], "text_off", int(side), ratio)
            painter.drawPixmap(fitted(QSizeF(side, side), area).topLeft(), icon)
        if image.state is not ImageState.SHOWN:
            _paint_kept(painter, area)
        painter.restore()


def _paint_kept(painter: QPainter, area: QRectF) -> None:
    """Paint a small sign into the corner: this is kept and not shown."""
    side = min(16.0, area.height() / 3)
    ground = QRectF(area.right() - side - 6, area.bottom() - side - 6, side + 4, side + 4)
    look, ratio = theme.current(), painter.device().devicePixelRatioF()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(look.colour("overlay"))
    painter.drawRoundedRect(ground, 4, 4)
    sign = icons.pixmap("eye-off", "text_soft", int(side), ratio)
    painter.drawPixmap(ground.topLeft() + QPointF(2, 2), sign)


def covering(size: QSizeF, area: QRectF) -> QRectF:
    """Return where something of `size` lies when it covers all of `area`, centred."""
    outer = size.scaled(area.size(), Qt.AspectRatioMode.KeepAspectRatioByExpanding)
    left = area.x() - (outer.width() - area.width()) / 2
    return QRectF(
        left, area.y() - (outer.height() - area.height()) / 2, outer.width(), outer.height()
    )
