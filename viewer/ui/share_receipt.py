"""After sealing: the file, the passphrase to read out, and the entry in the trail."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from viewer.ui.parts.buttons import button
from viewer.ui.parts.messages import picture
from viewer.ui.parts.words import ElidedWords, Words, box, column, row
from viewer.ui.ports import ShareOrder, ShareReceipt
from viewer.ui.wording import size_words


class ReceiptPage(QWidget):
    """The passphrase is shown large and is not copied anywhere by itself."""

    trail_wanted = Signal()
    done = Signal()

    def __init__(self, receipt: ShareReceipt, order: ShareOrder) -> None:
        super().__init__()
        outer = row(self, margin=6)
        page = QWidget()
        page.setMaximumWidth(640)
        layout = column(page, gap=4)
        head = row(gap=3)
        head.addWidget(picture("shield", "verified", 32))
        count = len(order.plan.images)
        words = (
            self.tr("{count} images sealed for {whom}")
            if count > 1
            else self.tr("1 image sealed for {whom}")
        )
        head.addWidget(
            Words(words.format(count=count, whom=order.recipient), "title", wrap=True), 1
        )
        layout.addLayout(head)
        self.file_name = ElidedWords(
            f"{receipt.destination.name}  ·  {size_words(receipt.size_bytes)}", "lead"
        )
        layout.addWidget(self.file_name)
        layout.addWidget(self._make_passphrase(receipt.passphrase))
        layout.addWidget(
            Words(
                self.tr(
                    "Send the file as you like. Read these words out by telephone, never in the "
                    "same message. They are shown this once."
                ),
                "soft",
                wrap=True,
            )
        )
        entry = self.tr("Entry {number} in the trail").format(number=receipt.trail_number)
        foot = row(gap=3)
        foot.addWidget(button(entry, self.trail_wanted.emit, "link"))
        foot.addStretch(1)
        self.done_button = button(self.tr("Done"), self.done.emit, "primary")
        foot.addWidget(self.done_button)
        layout.addLayout(foot)
        outer.addStretch(1)
        outer.addWidget(page, 20, Qt.AlignmentFlag.AlignVCenter)
        outer.addStretch(1)

    def _make_passphrase(self, passphrase: str) -> QWidget:
        card = box("card")
        layout = column(card, margin=6, gap=3)
        layout.addWidget(Words(self.tr("PASSPHRASE TO READ OUT"), "section"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(12)
        for place, word in enumerate(passphrase.split()):
            cell = row(gap=2)
            cell.addWidget(Words(str(place + 1), "small"))
            cell.addWidget(Words(word, "code"), 1)
            grid.addLayout(cell, place // 3, place % 3)
        layout.addLayout(grid)
        return card
