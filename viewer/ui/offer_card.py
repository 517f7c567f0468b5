"""A quiet offer: one thing to do about it, one way to be rid of it, and no need for either."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame

from viewer.ui.parts.buttons import button
from viewer.ui.parts.messages import picture
from viewer.ui.parts.words import Words, column, row

_WIDTH = 460
_WORDS_WIDTH = 392
"""Beside the icon, within the margins."""


class OfferCard(QFrame):
    """An icon, a title and words, and two buttons of 44 px. It takes no keyboard by itself."""

    accepted = Signal()
    declined = Signal()

    def __init__(self, title: str, words: str, icon: str) -> None:
        super().__init__()
        self.setProperty("surface", "card")
        self.setFixedWidth(_WIDTH)
        layout = column(self, margin=4, gap=2)
        head = row(gap=3)
        head.addWidget(picture(icon, "accent", 20), 0, Qt.AlignmentFlag.AlignTop)
        text = column(gap=1)
        self.title = Words(title, "strong")
        self.words = Words(words, "soft", wrap=True)
        self.words.setFixedWidth(_WORDS_WIDTH)
        text.addWidget(self.title)
        text.addWidget(self.words)
        head.addLayout(text, 1)
        layout.addLayout(head)
        self.yes = button("", self.accepted.emit, touch=True)
        self.no = button("", self.declined.emit, "link", touch=True)
        foot = row(gap=2)
        foot.addStretch(1)
        foot.addWidget(self.no)
        foot.addWidget(self.yes)
        layout.addLayout(foot)

    def set_words(self, yes: str, no: str) -> None:
        """Say what the two buttons do."""
        self.yes.setText(yes)
        self.no.setText(no)

    def showEvent(self, event: QShowEvent) -> None:
        """Give the words the height that their lines need in the font that they have now."""
        super().showEvent(event)
        self.words.setMinimumHeight(self.words.heightForWidth(_WORDS_WIDTH))

    def take_away(self) -> None:
        """Take it off the screen, words first."""
        self.words.setText("")
        self.hide()
        self.deleteLater()
