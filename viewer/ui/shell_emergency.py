"""Emergency access inside the shell: the band, its beginning and end, and what waits for review."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from viewer.model.errors import BitewingError
from viewer.ui.emergency_ports import Emergencies, Work
from viewer.ui.emergency_reason import ReasonPicker
from viewer.ui.parts.buttons import button
from viewer.ui.parts.cards import touchable
from viewer.ui.parts.messages import Banner, error_words
from viewer.ui.parts.words import Words, column, row
from viewer.ui.wording import count_words, tr

if TYPE_CHECKING:
    from viewer.ui.shell import Shell


class ShellEmergency(QObject):
    """The shell's part. Main thread only.

    `changed`: it began or ended, so that somebody sees more or less than this shell was made for.
    """

    changed = Signal()

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell = shell
        self._port: Emergencies | None = shell.practice.emergencies
        self._loading: Work | None = None
        self.review = Banner(can_close=False)
        shell.bar.emergency.ended.connect(self.end)
        self._had_one = self._port is not None and self._port.state() is not None
        self.tick()

    def tick(self) -> None:
        """Count down; called once a second."""
        if self._port is None:
            return
        state = self._port.state()
        self._shell.bar.show_emergency(state)
        if (state is not None) != self._had_one:
            self._had_one = state is not None
            self.changed.emit()

    def end(self) -> None:
        """End it now."""
        if self._port is not None:
            self._port.end()
            self.tick()

    def look_for_reviews(self) -> None:
        """Ask, once after a login, what nobody signed off yet: the first thing an officer sees."""
        if self._port is not None:
            self._loading = self._port.load_open(self._show_reviews, self._ignore)

    def drop(self) -> None:
        """Hear of nothing any more."""
        if self._loading is not None:
            self._loading.drop()
            self._loading = None

    def _show_reviews(self, waiting: tuple[str, ...]) -> None:
        self._loading = None
        if not waiting:
            self.review.hide()
            return
        count = count_words(len(waiting), tr("emergency access"), tr("emergency accesses"))
        words = self.tr("{count} to be reviewed: {last}").format(count=count, last=waiting[-1])
        self.review.say(words, "danger", (self.tr("Review"), self._open_review))

    def _open_review(self) -> None:
        """Go to the review desk; the banner stays until it is signed off."""
        self.review.show()
        offered = self._shell.actions_bar
        for action_id in ("review", "trail"):
            if action_id in offered.by_id and offered.is_offered(action_id):
                offered.by_id[action_id].trigger()
                for sheet in self._shell.sheets[-1:]:
                    sheet.closed.connect(self.look_for_reviews)
                return

    def _ignore(self, fault: Exception) -> None:
        """Say why it cannot be told: an officer who sees nothing would take it for nothing."""
        self._loading = None
        words = error_words(fault)
        if words:
            self.review.say(words, "danger")


class BeginEmergency(QWidget):
    """The content of a sheet: why, and then images for half an hour."""

    def __init__(self, port: Emergencies, tick: ShellEmergency) -> None:
        super().__init__()
        self._port, self._tick = port, tick
        self.setFixedWidth(620)
        layout = column(self, margin=5, gap=4)
        words = self.tr(
            "You see patients and images for 30 minutes. Every look is recorded as an emergency, "
            "and it has to be reviewed."
        )
        layout.addWidget(Words(words, "lead-soft", wrap=True))
        self.reason = ReasonPicker()
        layout.addWidget(self.reason)
        self.message = Banner(can_close=False)
        layout.addWidget(self.message)
        foot = row(gap=2)
        foot.addStretch(1)
        words = self.tr("Open images for 30 minutes")
        self.go = touchable(button(words, self.submit, "alarm", "shield-warning"))
        foot.addWidget(self.go)
        layout.addLayout(foot)
        self.reason.changed.connect(self._look)
        self.reason.own.returnPressed.connect(self.submit)
        self.setFocusProxy(self.reason.buttons[0])
        self._look()

    def _look(self) -> None:
        self.go.setEnabled(bool(self.reason.text()))

    def submit(self) -> None:
        """Begin it; the shell is made anew for what is seen now."""
        if not self.go.isEnabled():
            return
        try:
            self._port.begin(self.reason.text())
        except BitewingError as fault:
            self.message.say(error_words(fault), "danger")
            return
        self._tick.tick()
