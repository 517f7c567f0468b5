"""The photos of the sheet: small pictures to choose one, several or all of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QImage, QPainter, QPixmap, QTransform
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem, QWidget

from viewer.model.image import ImageKind
from viewer.ui import icons, theme
from viewer.ui.parts.buttons import button
from viewer.ui.parts.words import Words, column, row
from viewer.ui.photo_ports import Label, Looked
from viewer.ui.wording import kind_words, tr

_SIDE = 104


class OnePhoto:
    """One picture, and what has been said of it."""

    def __init__(self, looked: Looked, label: Label) -> None:
        self.looked, self.label = looked, label

    def picture(self) -> QImage:
        """Return the small picture as it will be stored: flipped, then turned."""
        small = self.looked.thumbnail
        if small is None:
            return QImage()
        image = image_of(small)
        if self.label.is_flipped:
            image = image.flipped(Qt.Orientation.Horizontal)
        if self.label.quarter_turns:
            image = image.transformed(QTransform().rotate(90 * self.label.quarter_turns))
        return image

    @property
    def is_unsaid(self) -> bool:
        """Whether nobody has said what it shows; a model or a document says so itself."""
        return self.looked.is_photo and self.label.kind is ImageKind.OTHER and not self.label.view

    def words(self) -> str:
        """Say what it is so far."""
        label = self.label
        teeth = " ".join(str(tooth) for tooth in label.teeth)
        page = f"{self.looked.page + 1}/{self.looked.pages}" if self.looked.pages > 1 else ""
        what = tr("What is it?") if self.is_unsaid else label.view or kind_words(label.kind)
        return "  ·  ".join(part for part in (what, teeth, page) if part)

    def wipe(self) -> None:
        """Overwrite the small picture."""
        if self.looked.thumbnail is not None:
            self.looked.thumbnail.fill(0)


def image_of(small: NDArray[np.uint8]) -> QImage:
    """Copy (rows, columns) or (rows, columns, 3) uint8 into an image."""
    kept = np.ascontiguousarray(small)
    kind = QImage.Format.Format_Grayscale8 if kept.ndim == 2 else QImage.Format.Format_RGB888
    height, width = kept.shape[:2]
    return QImage(kept.data, width, height, kept.strides[0], kind).copy()


class PhotoList(QWidget):
    """All photos; `chosen_changed` when others are chosen, `looked_at` is the first of them."""

    chosen_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.photos: list[OnePhoto] = []
        self.setFixedWidth(276)
        layout = column(self, gap=2)
        head = row(gap=2)
        self.title = Words("", "section")
        head.addWidget(self.title, 1)
        self.all = button(self.tr("Choose all"), self.choose_all, "link", touch=True)
        head.addWidget(self.all)
        layout.addLayout(head)
        self.list = QListWidget()
        self.list.setViewMode(QListWidget.ViewMode.IconMode)
        self.list.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.list.setMovement(QListWidget.Movement.Static)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setIconSize(QSize(_SIDE, _SIDE))
        self.list.setGridSize(QSize(_SIDE + 16, _SIDE + 44))
        self.list.setWordWrap(True)
        self.list.setAccessibleName(self.tr("Photos and files"))
        self.list.itemSelectionChanged.connect(self._on_chosen)
        layout.addWidget(self.list, 1)
        self._tell()

    def add(self, photo: OnePhoto) -> None:
        """Add one; it is chosen as long as all are."""
        was_all = len(self.chosen) == len(self.photos)
        self.photos.append(photo)
        entry = QListWidgetItem(self._icon(photo), photo.words())
        entry.setToolTip(photo.looked.name)
        entry.setTextAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self.list.addItem(entry)
        if was_all:
            entry.setSelected(True)
        self._tell()

    @property
    def chosen(self) -> list[OnePhoto]:
        """Which what is said is for."""
        rows = (self.list.row(entry) for entry in self.list.selectedItems())
        return [self.photos[n] for n in sorted(rows)]

    def choose_all(self) -> None:
        """Choose all."""
        self.list.selectAll()

    def choose_only(self, number: int) -> None:
        """Choose one."""
        self.list.clearSelection()
        self.list.item(number).setSelected(True)

    def refresh(self) -> None:
        """Draw anew what has been said."""
        for n, photo in enumerate(self.photos):
            self.list.item(n).setText(photo.words())
            self.list.item(n).setIcon(self._icon(photo))

    def leave_out(self) -> None:
        """Take what is chosen off the list; its file stays where it is."""
        chosen = self.chosen
        self.list.blockSignals(True)
        for photo in chosen:
            n = self.photos.index(photo)
            self.photos.pop(n).wipe()
            self.list.takeItem(n)
        self.list.blockSignals(False)
        self.choose_all()
        self._tell()

    def wipe(self) -> None:
        """Forget all pictures."""
        for photo in self.photos:
            photo.wipe()
        self.list.blockSignals(True)
        self.list.clear()
        self.photos.clear()

    def _icon(self, photo: OnePhoto) -> QIcon:
        ratio = self.devicePixelRatioF()
        drawn = QPixmap(QSize(round(_SIDE * ratio), round(_SIDE * ratio)))
        drawn.setDevicePixelRatio(ratio)
        drawn.fill(QColor(theme.current().colour("canvas")))
        image = photo.picture()
        painter = QPainter(drawn)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if image.isNull():
            icons.icon("document", size=48).paint(painter, 28, 28, 48, 48)
        else:
            size = image.size().scaled(_SIDE, _SIDE, Qt.AspectRatioMode.KeepAspectRatio)
            left, top = (_SIDE - size.width()) / 2, (_SIDE - size.height()) / 2
            painter.drawImage(QRectF(left, top, size.width(), size.height()), image)
        painter.end()
        made = QIcon(drawn)
        made.addPixmap(drawn, QIcon.Mode.Selected)
        return made

    def _on_chosen(self) -> None:
        self._tell()
        self.chosen_changed.emit()

    def _tell(self) -> None:
        words = self.tr("{chosen} OF {all} CHOSEN")
        self.title.setText(words.format(chosen=len(self.chosen), all=len(self.photos)))
        self.all.setEnabled(len(self.chosen) < len(self.photos))
