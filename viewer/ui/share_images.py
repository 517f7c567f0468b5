"""The images of the visit, each with a tick: what is ticked leaves."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from viewer.model.ids import ImageId
from viewer.model.image import ImageRecord
from viewer.ui.parts.words import Words, column
from viewer.ui.thumbnails import Thumbnails
from viewer.ui.wording import image_words

_SIDE = 56
_ID = Qt.ItemDataRole.UserRole


class ImageChoice(QWidget):
    """A list with ticks: `changed` when one changes, `looked_at(ImageId)` when a row is chosen."""

    changed = Signal()
    looked_at = Signal(str)

    def __init__(
        self, images: Sequence[ImageRecord], chosen: set[ImageId], thumbnails: Thumbnails
    ) -> None:
        super().__init__()
        self._images = tuple(images)
        self._thumbnails = thumbnails
        self.setFixedWidth(236)
        layout = column(self, gap=2)
        layout.setContentsMargins(16, 16, 8, 8)
        self._title = Words("", "section")
        layout.addWidget(self._title)
        self.list = QListWidget()
        self.list.setIconSize(QSize(_SIDE, _SIDE))
        self.list.setWordWrap(True)
        self.list.setTextElideMode(Qt.TextElideMode.ElideNone)
        self.list.setAccessibleName(self.tr("Images"))
        layout.addWidget(self.list, 1)
        for image in self._images:
            self.list.addItem(self._entry(image, image.id in chosen))
        first = next((n for n, image in enumerate(images) if image.id in chosen), 0)
        self.list.setCurrentRow(first)
        self.list.itemChanged.connect(self._on_changed)
        self.list.currentItemChanged.connect(lambda now, _: self.looked_at.emit(now.data(_ID)))
        thumbnails.arrived.connect(self._paint_again)
        self._count()

    def _entry(self, image: ImageRecord, is_chosen: bool) -> QListWidgetItem:
        entry = QListWidgetItem(image_words(image))
        entry.setData(_ID, image.id)
        entry.setFlags(entry.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        entry.setCheckState(Qt.CheckState.Checked if is_chosen else Qt.CheckState.Unchecked)
        entry.setIcon(self._icon(image))
        entry.setSizeHint(QSize(180, _SIDE + 12))
        return entry

    def _icon(self, image: ImageRecord) -> QIcon:
        ratio = self.devicePixelRatioF()
        drawn = QPixmap(QSize(round(_SIDE * ratio), round(_SIDE * ratio)))
        drawn.setDevicePixelRatio(ratio)
        drawn.fill(Qt.GlobalColor.transparent)
        painter = QPainter(drawn)
        self._thumbnails.paint(painter, QRectF(0, 0, _SIDE, _SIDE), image)
        painter.end()
        made = QIcon(drawn)
        made.addPixmap(drawn, QIcon.Mode.Selected)  # not tinted: it is a radiograph
        return made

    def _paint_again(self, image_id: str) -> None:
        for row, image in enumerate(self._images):
            if image.id == image_id:
                self.list.blockSignals(True)
                self.list.item(row).setIcon(self._icon(image))
                self.list.blockSignals(False)

    @property
    def chosen_ids(self) -> list[ImageId]:
        """What is ticked, in order."""
        rows = range(self.list.count())
        ticked = Qt.CheckState.Checked
        return [self._images[n].id for n in rows if self.list.item(n).checkState() == ticked]

    @property
    def current_id(self) -> ImageId | None:
        """The image that is looked at."""
        row = self.list.currentRow()
        return self._images[row].id if row >= 0 else None

    def look_at(self, image_id: str) -> None:
        """Show one image in the middle."""
        for row, image in enumerate(self._images):
            if image.id == image_id:
                self.list.setCurrentRow(row)
                self.looked_at.emit(image_id)

    def _on_changed(self) -> None:
        self._count()
        self.changed.emit()

    def _count(self) -> None:
        words = self.tr("{count} OF {all} IMAGES LEAVE")
        self._title.setText(words.format(count=len(self.chosen_ids), all=len(self._images)))
