"""What the last verification of the trail found, in colour and words."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame

from viewer.ui.parts.buttons import button
from viewer.ui.parts.messages import error_words, picture
from viewer.ui.parts.words import Words, column, restyle, row
from viewer.ui.ports import TrailVerdict


class VerdictCard(QFrame):
    """Green when the chain is whole, red when it is not, and never green without a check."""

    verify_wanted = Signal()
    """All of it, from the first entry on."""

    def __init__(self) -> None:
        super().__init__()
        layout = row(self, gap=3)
        layout.setContentsMargins(16, 10, 12, 10)
        self._good = picture("shield", "verified", 28)
        self._bad = picture("shield-warning", "danger", 28)
        layout.addWidget(self._good)
        layout.addWidget(self._bad)
        words = column(gap=0)
        self.title = Words("", "strong")
        self.words = Words("", "soft", wrap=True)
        words.addWidget(self.title)
        words.addWidget(self.words)
        layout.addLayout(words, 1)
        self.verify_button = button(self.tr("Verify now"), self.verify_wanted.emit)
        layout.addWidget(self.verify_button)

    def show_verdict(self, verdict: TrailVerdict | None) -> None:
        """Say what the last check found."""
        if verdict is None:
            words = self.tr("Checking every entry takes some seconds.")
            self._dress("inset", self.tr("Not verified yet"), words)
            return
        facts = [verdict.words]
        if verdict.checked:
            when = verdict.checked.astimezone().strftime("%Y-%m-%d %H:%M")
            facts.append(self.tr("Checked {when}.").format(when=when))
        if verdict.outside_head:
            facts.append(self.tr("Last head outside: {place}.").format(place=verdict.outside_head))
        title = (
            self.tr("The trail is whole") if verdict.is_whole else self.tr("The trail was changed")
        )
        self._dress("verified" if verdict.is_whole else "danger", title, " ".join(facts))

    def set_busy(self, is_busy: bool) -> None:
        """Say that it is being checked, or no longer."""
        self.verify_button.setEnabled(not is_busy)
        words = self.tr("Verifying…") if is_busy else self.tr("Verify now")
        self.verify_button.setText(words)

    def show_fault(self, fault: Exception) -> None:
        """Say that it could not be checked."""
        self._dress("danger", self.tr("Could not be verified"), error_words(fault))

    def _dress(self, surface: str, title: str, words: str) -> None:
        self.setProperty("surface", surface)
        self._good.setVisible(surface == "verified")
        self._bad.setVisible(surface == "danger")
        self.title.setText(title)
        self.words.setText(words)
        restyle(self)
