"""Two images with one identifier, side by side: what differs, and which is kept."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QVBoxLayout

from viewer.app.review_list import Compared, Keep, WaitingImage
from viewer.model.ids import ImageId
from viewer.ui.decision_form import DecisionForm
from viewer.ui.parts.buttons import button
from viewer.ui.parts.cards import sentence, touchable
from viewer.ui.parts.messages import error_words
from viewer.ui.parts.words import Words, column, row
from viewer.ui.pictures import to_pixmap
from viewer.ui.ports import Running
from viewer.ui.waiting_ports import ReviewList
from viewer.ui.wording import count_words, image_words, tr

if TYPE_CHECKING:
    from viewer.ui.waiting_card import Decide

_SIDE = 200
_FIELDS = 12


class ConflictRow(QFrame):
    """One image whose identifier is stored with other contents: compare first, then decide."""

    def __init__(self, image: WaitingImage, desk: ReviewList, decide: Decide) -> None:
        super().__init__()
        self.setProperty("surface", "row")
        self._image, self._desk, self._decide = image, desk, decide
        self._running: Running | None = None
        self._is_dropped = False
        self.compared: Compared | None = None
        self.form: DecisionForm | None = None
        self.choices: dict[Keep, QPushButton] = {}
        self._inner = column(self, gap=3)
        self._inner.setContentsMargins(16, 12, 16, 12)
        head = row(gap=3)
        words = self.tr("Stored already under the same identifier, and not the same: {image}")
        self.words = Words(words.format(image=image_words(image.record)), "body", wrap=True)
        head.addWidget(self.words, 1)
        self.compare = touchable(button(self.tr("Compare"), self.load, "primary"))
        head.addWidget(self.compare)
        self._inner.addLayout(head)

    @property
    def image_id(self) -> ImageId:
        """Which image."""
        return self._image.record.id

    def drop(self) -> None:
        """Hear of nothing any more."""
        self._is_dropped = True
        if self._running is not None:
            self._running.drop()
            self._running = None

    def load(self) -> None:
        """Unseal both and compare."""
        self.compare.setEnabled(False)
        self._running = self._desk.compare(self.image_id, self._show, self._fail)

    def _fail(self, fault: Exception) -> None:
        self.compare.setEnabled(True)
        self.words.setText(error_words(fault))
        self.words.set_role("danger")

    def _show(self, compared: Compared) -> None:
        self._running = None
        if self._is_dropped:
            return
        self.compared = compared
        self.compare.hide()
        both = row(gap=5)
        both.addLayout(_side(self.tr("STORED"), compared.stored_thumbnail))
        both.addLayout(_side(self.tr("ARRIVED"), compared.arrived_thumbnail))
        both.addLayout(self._differences(compared), 1)
        self._inner.addLayout(both)
        foot = row(gap=2)
        for keep, words in self._verbs():
            made = touchable(button(words, partial(self.ask, keep)))
            self.choices[keep] = made
            foot.addWidget(made)
        foot.addStretch(1)
        self._inner.addLayout(foot)

    def _verbs(self) -> tuple[tuple[Keep, str], ...]:
        return (
            (Keep.STORED, self.tr("Keep the stored one")),
            (Keep.BOTH, self.tr("Keep both")),
            (Keep.ARRIVED, self.tr("Use the new one")),
        )

    def _differences(self, compared: Compared) -> QVBoxLayout:
        layout = column(gap=2)
        layout.addWidget(sentence(_pixel_words(compared), "info"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(2, 1)
        for place, words in enumerate((self.tr("STORED"), self.tr("ARRIVED")), 1):
            grid.addWidget(Words(words, "section"), 0, place)
        for line_number, field in enumerate(compared.fields[:_FIELDS], 1):
            grid.addWidget(Words(field.name, "soft", wrap=True), line_number, 0)
            grid.addWidget(Words(field.stored, "body", wrap=True), line_number, 1)
            grid.addWidget(Words(f"≠  {field.arriving}", "doubt", wrap=True), line_number, 2)
        if compared.fields:
            layout.addLayout(grid)
        else:
            layout.addWidget(sentence(self.tr("Everything else the files say is the same.")))
        more = len(compared.fields) - _FIELDS
        if more > 0:
            words = self.tr("{count} differ, too.").format(
                count=count_words(more, self.tr("more element"), self.tr("more elements"))
            )
            layout.addWidget(Words(words, "soft"))
        layout.addStretch(1)
        return layout

    def ask(self, keep: Keep) -> None:
        """Ask before it is done."""
        if self.form is not None:
            self._fold()
        words = {
            Keep.STORED: self.tr("The stored image stays as it is. What arrived is deleted."),
            Keep.BOTH: self.tr("The new image goes into the chart, beside the stored one."),
            Keep.ARRIVED: self.tr(
                "The new image goes into the chart. The stored one stays there, kept and not shown."
            ),
        }
        done = self.tr("Decided: {words}.").format(words=dict(self._verbs())[keep].lower())

        def go(reason: str) -> None:
            self._decide(done, partial(self._desk.settle, self.image_id, keep, reason))

        self.form = DecisionForm(
            words[keep],
            (tr("Compared both"), tr("Sent again after a correction"), tr("Damaged on the way")),
            dict(self._verbs())[keep],
            go,
            look="danger" if keep is Keep.STORED else "primary",
        )
        self.form.left.connect(self._fold)
        self._inner.addWidget(self.form)
        self.form.show()
        self.form.setFocus(Qt.FocusReason.OtherFocusReason)

    def _fold(self) -> None:
        form, self.form = self.form, None
        if form is not None:
            form.hide()
            self._inner.removeWidget(form)
            form.deleteLater()


def _side(title: str, thumbnail: NDArray[np.uint8] | None) -> QVBoxLayout:
    layout = column(gap=1)
    layout.addWidget(Words(title, "section"))
    label = QLabel()
    label.setFixedSize(_SIDE, _SIDE)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setProperty("surface", "canvas")
    label.setAccessibleName(title)
    if thumbnail is not None:
        keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode
        pixmap = to_pixmap(thumbnail)
        label.setPixmap(pixmap.scaled(_SIDE, _SIDE, keep, smooth.SmoothTransformation))
    layout.addWidget(label)
    layout.addStretch(1)
    return layout


def _pixel_words(compared: Compared) -> str:
    if compared.pixels_differing is None:
        return tr("The pictures have different sizes.")
    if compared.pixels_differing == 0:
        return tr("The pictures are the same, pixel for pixel.")
    total = int(np.prod(compared.stored.shape, dtype=np.int64))
    share = compared.pixels_differing / max(total, 1)
    words = tr("The pictures differ in {count} of {total} values ({share:.2%}).")
    return words.format(count=compared.pixels_differing, total=total, share=share)
