"""Switching users and the quick PIN, from inside the shell: what the user menu and a hint open."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from viewer.ui.offer_card import OfferCard
from viewer.ui.shift_ports import QuickDoor

if TYPE_CHECKING:
    from viewer.ui.shell import Shell


class ShellShift(QObject):
    """Handles the actions "switch_user" and "quick_pin" of a shell. Main thread only."""

    switch_wanted = Signal()

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell = shell
        self.card: OfferCard | None = None

    def handlers(self) -> dict[str, Callable[[], None]]:
        """What the two actions do."""
        return {"switch_user": self.switch_wanted.emit, "quick_pin": self.show_sheet}

    def offer(self) -> None:
        """Once after a login, where there is none yet: say that there is a quicker way back."""
        quick = self._shell.practice.quick
        if quick is None or not quick.can_set or quick.ways(self._shell.user.id).is_any:
            return
        self.card = OfferCard(
            self.tr("Back in by a few digits"),
            self.tr("A quick PIN spares you the password until the end of this shift."),
            "key",
        )
        self.card.set_words(self.tr("Set a quick PIN"), self.tr("Not now"))
        self.card.accepted.connect(self.show_sheet)
        self.card.declined.connect(self._take_card_away)
        self._shell.workspace.empty.add_card(self.card)

    def show_sheet(self) -> None:
        """Open the sheet on which one sets it."""
        from viewer.ui.quick_pin import QuickPinSheet

        quick: QuickDoor | None = self._shell.practice.quick
        if quick is None:
            return
        if not quick.can_set:
            self._shell.toast.say(self.tr("There is no quick PIN for this kind of access."))
            return
        content = QuickPinSheet(quick, self._shell.user)
        sheet = self._shell.open_sheet(self.tr("Quick PIN for this shift"), content)
        sheet.closed.connect(content.drop)

        def done(words: str) -> None:
            sheet.close_sheet()
            self._take_card_away()
            self._shell.toast.say(words)

        content.done.connect(done)

    def _take_card_away(self) -> None:
        card, self.card = self.card, None
        if card is not None:
            card.take_away()
