"""A decision inside a card: what would be done, why, and one button that does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QPushButton, QWidget

from viewer.ui.parts.buttons import button
from viewer.ui.parts.cards import touchable
from viewer.ui.parts.fields import line
from viewer.ui.parts.flow import FlowLayout
from viewer.ui.parts.words import Words, column, row

_LONGEST = 200


class DecisionForm(QFrame):
    """A sentence, reasons to tap or to type, the way out and the way on.

    Parameters
    ----------
    reasons : sequence of str
        Ready ones; each is one tap.
    extra : QWidget, optional
        What else is to be filled in, between the sentence and the reason.
    is_ready : callable, optional
        Whether that is filled in.
    """

    left = Signal()

    def __init__(
        self,
        words: str,
        reasons: Sequence[str],
        verb: str,
        decide: Callable[[str], None],
        *,
        look: str = "primary",
        extra: QWidget | None = None,
        is_ready: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__()
        self.setProperty("surface", "danger" if look == "danger" else "row")
        self._decide, self._is_ready = decide, is_ready
        layout = column(self, gap=3)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.addWidget(Words(words, "strong", wrap=True))
        if extra is not None:
            layout.addWidget(extra)
        holder = QWidget()
        chips = FlowLayout(holder)
        self.chips: list[QPushButton] = []
        for reason in reasons:
            chip = button(reason, partial(self._take, reason), "chip", touch=True)
            self.chips.append(chip)
            chips.addWidget(chip)
        layout.addWidget(holder)
        foot = row(gap=2)
        self.reason = line(self.tr("Why? Tap one above, or type"))
        self.reason.setAccessibleName(self.tr("Reason, for the trail"))
        self.reason.setMaxLength(_LONGEST)
        self.reason.textChanged.connect(lambda _: self.look())
        self.reason.returnPressed.connect(self._go)
        foot.addWidget(self.reason, 1)
        self.no = touchable(button(self.tr("Leave it"), self.left.emit, "quiet"))
        self.yes = touchable(button(verb, self._go, look))
        foot.addWidget(self.no)
        foot.addWidget(self.yes)
        layout.addLayout(foot)
        self.setFocusProxy(self.reason)
        self.look()

    def look(self) -> None:
        """See whether all is filled in."""
        self.yes.setEnabled(bool(self.reason.text().strip()) and self._is_ready())

    def _take(self, reason: str) -> None:
        self.reason.setText(reason)
        self.yes.setFocus(Qt.FocusReason.OtherFocusReason)

    def _go(self) -> None:
        if self.yes.isEnabled():
            self._decide(self.reason.text().strip())
