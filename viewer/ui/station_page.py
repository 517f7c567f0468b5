"""This workstation: when it locks, who needs a second factor, what may be captured."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import attrs
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QComboBox, QPushButton, QWidget

from viewer.ui.lock_ports import Station, StationKind, Stations
from viewer.ui.parts.buttons import button
from viewer.ui.parts.cards import Card, Columns, emphasise, touchable
from viewer.ui.parts.fields import labelled
from viewer.ui.parts.messages import Banner, error_words
from viewer.ui.parts.words import Words, column, row, rule

_LOCKS_S = (60, 120, 180, 300, 420, 600, 900, 1200, 1800)
_COUNTDOWNS_S = (10, 15, 30, 60, 90, 120)
_LOG_OFFS_S = (900, 1800, 2700, 3600, 7200, 14400, 28800, 43200)
_WIDTH_PX = 132


class TimeChoice(QComboBox):
    """A time out of a few; what holds and is not among them is added."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setProperty("target", "touch")
        self.setFixedWidth(_WIDTH_PX)

    def offer(self, choices_s: Sequence[float], chosen_s: float) -> None:
        """Offer these times, and choose one."""
        self.blockSignals(True)
        self.clear()
        for seconds in sorted({*choices_s, chosen_s}):
            self.addItem(self._words(seconds), float(seconds))
        self.setCurrentIndex(self.findData(float(chosen_s)))
        self.blockSignals(False)

    @property
    def seconds(self) -> float:
        """What is chosen."""
        return float(self.currentData())

    def _words(self, seconds: float) -> str:
        if seconds < 60 or seconds % 60:
            return self.tr("{count} seconds").format(count=f"{seconds:g}")
        if seconds >= 7200 and not seconds % 3600:
            return self.tr("{count} hours").format(count=f"{seconds / 3600:g}")
        if seconds == 60:
            return self.tr("1 minute")
        return self.tr("{count} minutes").format(count=f"{seconds / 60:g}")


class StationPanel(QWidget):
    """The content of a wide sheet. Nothing holds before it is set; then it holds at once."""

    done = Signal()

    def __init__(self, stations: Stations) -> None:
        super().__init__()
        self._stations = stations
        self._before = stations.station()
        self._kinds = {kind.id: kind for kind in stations.kinds()}
        layout = column(self, gap=0)
        self.message = Banner(can_close=False)
        layout.addWidget(self.message)
        self._columns = Columns()
        layout.addWidget(self._columns, 1)
        self._columns.show_cards(
            [
                self._make_kind_card(),
                self._make_time_card(),
                self._make_computer_card(),
                self._make_factor_card(),
                self._make_capture_card(),
            ]
        )
        layout.addWidget(rule())
        layout.addWidget(self._make_foot())
        self._show(self._before)
        if self._before.is_damaged:
            self.message.say(
                self.tr(
                    "These policies were changed outside the program, so the strictest hold until "
                    "they are set anew."
                ),
                "danger",
            )

    # --- made once ---------------------------------------------------------------------------

    def _make_kind_card(self) -> Card:
        card = Card(self.tr("Where it stands"), "layout")
        card.show_fact(self.tr("People who come by decide how soon it has to lock."))
        self.kinds: dict[str, QPushButton] = {}
        group = QButtonGroup(card)
        for kind in self._kinds.values():
            choice = touchable(button(kind.title, partial(self._choose_kind, kind.id), "chip"))
            choice.setCheckable(True)
            choice.setAccessibleDescription(kind.words)
            group.addButton(choice)
            self.kinds[kind.id] = choice
            line = row(gap=3)
            choice.setFixedWidth(_WIDTH_PX + 40)
            line.addWidget(choice)
            line.addWidget(Words(kind.words, "soft", wrap=True), 1)
            card.body.addLayout(line)
        return card

    def _make_time_card(self) -> Card:
        card = Card(self.tr("When nobody touches it"), "lock")
        self.lock = TimeChoice(self.tr("Locks after"))
        self.countdown = TimeChoice(self.tr("Counted down for the last"))
        self.log_off = TimeChoice(self.tr("Logs off after"))
        line = row(gap=4)
        for choice in (self.lock, self.countdown, self.log_off):
            line.addWidget(labelled(choice.accessibleName(), choice))
            choice.currentIndexChanged.connect(self._look)
        line.addStretch(1)
        card.body.addLayout(line)
        self.time_card = card
        return card

    def _make_computer_card(self) -> Card:
        card = Card(self.tr("The computer's own lock"), "shield")
        if self._stations.hears_the_computer:
            words = self.tr(
                "When the computer locks, sleeps or changes its user, this program locks at once, "
                "and quick PINs end."
            )
            card.show_fact(words, "verified")
        else:
            words = self.tr(
                "This computer does not tell of its lock and sleep. Time without a touch counts, "
                "also while it sleeps."
            )
            card.show_fact(words, "doubt", "shield-warning")
        return card

    def _make_factor_card(self) -> Card:
        card = Card(self.tr("Second factor"), "key")
        card.show_fact(
            self.tr("Who needs one besides the password, at every workstation of the practice.")
        )
        self.roles: dict[str, QCheckBox] = {}
        for role in self._stations.roles():
            self.roles[role.id] = QCheckBox(role.title)
            self.roles[role.id].setMinimumHeight(32)
            self.roles[role.id].toggled.connect(self._look)
            card.body.addWidget(self.roles[role.id])
        return card

    def _make_capture_card(self) -> Card:
        card = Card(self.tr("Screen capture"), "eye-off")
        self.capture = QCheckBox(self.tr("Refuse it for every window, images too"))
        self.capture.setMinimumHeight(44)
        self.capture.toggled.connect(self._look)
        card.body.addWidget(self.capture)
        if self._stations.can_refuse_capture:
            card.show_fact(
                self.tr("Other programs never see login and lock in pictures or shared screens.")
            )
        else:
            card.show_fact(
                self.tr(
                    "This system can't refuse it: any program of this user can take pictures of "
                    "the screen. The choice holds where a system can."
                ),
                "doubt",
            )
        return card

    def _make_foot(self) -> QWidget:
        holder = QWidget()
        foot = row(holder, gap=2)
        foot.setContentsMargins(20, 12, 20, 12)
        self.outlook = Words("", "soft", wrap=True)
        foot.addWidget(self.outlook, 1)
        self.usual = touchable(button(self.tr("Usual times"), self._take_usual, "quiet"))
        self.go = touchable(button(self.tr("Set these policies"), self.submit, "primary"))
        foot.addWidget(self.usual)
        foot.addWidget(self.go)
        return holder

    # --- what is chosen ----------------------------------------------------------------------

    @property
    def wanted(self) -> Station:
        """What is chosen now."""
        chosen = next((i for i, one in self.kinds.items() if one.isChecked()), self._before.kind)
        return Station(
            chosen,
            self.lock.seconds,
            self.countdown.seconds,
            self.log_off.seconds,
            self.capture.isChecked(),
            frozenset(i for i, box in self.roles.items() if box.isChecked()),
        )

    def _show(self, station: Station) -> None:
        self.kinds[station.kind].setChecked(True)
        self._offer_times(station)
        self.capture.setChecked(station.capture_everywhere)
        for role_id, box in self.roles.items():
            box.setChecked(station.every_role_needs_factor or role_id in station.factor_roles)
        self._look()

    def _offer_times(self, station: Station) -> None:
        longest = self._kinds[station.kind].longest_lock_s
        self.lock.offer([s for s in _LOCKS_S if s <= longest], station.lock_after_s)
        self.countdown.offer(_COUNTDOWNS_S, station.countdown_s)
        self.log_off.offer(_LOG_OFFS_S, station.log_off_after_s)

    def _choose_kind(self, kind_id: str) -> None:
        kind = self._kinds[kind_id]
        if kind_id != self._before.kind or self.lock.seconds > kind.longest_lock_s:
            self._offer_times(self._with_usual_times(kind))
        self._look()

    def _take_usual(self) -> None:
        self._offer_times(self._with_usual_times(self._kinds[self.wanted.kind]))
        self._look()

    def _with_usual_times(self, kind: StationKind) -> Station:
        return attrs.evolve(
            self.wanted,
            kind=kind.id,
            lock_after_s=kind.usual_lock_s,
            countdown_s=60.0,
            log_off_after_s=3600.0,
        )

    def _look(self) -> None:
        """Say what would happen, or why it may not be set."""
        wanted = self.wanted
        fault = self._stations.fault_of(wanted)
        self.time_card.show_fact(
            fault or self._words_of(wanted), "danger" if fault else "text_soft"
        )
        is_new = wanted != attrs.evolve(self._before, every_role_needs_factor=False)
        self.go.setEnabled(not fault and is_new)
        emphasise(self.go, self.go.isEnabled())
        self.outlook.setText("" if is_new else self.tr("This is what holds now."))

    def _words_of(self, wanted: Station) -> str:
        return self.tr(
            "After {lock} without a touch, {countdown} of it counted down, it locks: "
            "keys and pictures are destroyed, work is kept sealed. After {log_off} whoever was "
            "there is logged off."
        ).format(
            lock=self.lock.currentText(),
            countdown=self.countdown.currentText(),
            log_off=self.log_off.currentText(),
        )

    def submit(self) -> None:
        """Set what is chosen."""
        if self.go.isEnabled():
            self.go.setEnabled(False)
            self._stations.set_station(self.wanted, self._on_set, self._on_fault)

    def _on_set(self, now: Station) -> None:
        self._before = now
        self._show(now)
        self.message.say(self.tr("Set. It holds from now on, and is in the trail."), "verified")

    def _on_fault(self, fault: Exception) -> None:
        self.message.say(error_words(fault), "danger")
        self._look()
