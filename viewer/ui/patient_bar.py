"""The bar that never scrolls away: whose images these are, and who is looking."""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QWidget

from viewer.model.patient import Patient
from viewer.ui.emergency_band import HEIGHT as BAND_HEIGHT
from viewer.ui.emergency_band import EmergencyBand
from viewer.ui.emergency_ports import EmergencyState
from viewer.ui.idle_ring import IdleRing
from viewer.ui.parts.buttons import IconButton, button
from viewer.ui.parts.messages import picture
from viewer.ui.parts.words import ElidedWords, Words, column, restyle, row, rule
from viewer.ui.ports import UserTile
from viewer.ui.wording import clock_words, date_words

_HEIGHT = 60


class PatientBar(QFrame):
    """Name · sex · birth date · chart number · study date; commands; user; lock."""

    palette_wanted = Signal()
    user_menu_wanted = Signal()
    lock_wanted = Signal()

    def __init__(self, user: UserTile) -> None:
        super().__init__()
        self._what_to_do = self.tr("Find one on the left, or import images.")
        self.setProperty("surface", "raised")
        self.setFixedHeight(_HEIGHT)
        outer = column(self, gap=0)
        self.emergency = EmergencyBand()
        outer.addWidget(self.emergency)
        line = QWidget()
        line.setFixedHeight(_HEIGHT)
        outer.addWidget(line)
        layout = row(line, gap=3)
        layout.setContentsMargins(16, 0, 8, 0)
        layout.addWidget(picture("mark", "accent", 24))
        layout.addWidget(rule(upright=True))
        layout.addWidget(self._make_identity(), 1)
        self._commands = self._make_commands()
        layout.addWidget(self._commands)
        self._add_user(layout, user)
        self.show_patient(None)

    def _make_identity(self) -> QWidget:
        holder = QWidget()
        holder.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        layout = column(holder, gap=0)
        layout.addStretch(1)
        self.name = ElidedWords("", "name")
        self.facts = ElidedWords("", "soft")
        self.hold = HoldMark()
        first = row(gap=3)
        first.addWidget(self.name)
        first.addWidget(self.hold)
        first.addStretch(1)
        layout.addLayout(first)
        layout.addWidget(self.facts)
        layout.addStretch(1)
        return holder

    def _make_commands(self) -> QPushButton:
        words = self.tr("Search or command   Ctrl K")
        made = button(words, self.palette_wanted.emit, "search", "search")
        made.setMinimumWidth(240)
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.setToolTip(self.tr("Find a patient or a command (Ctrl+K)"))
        return made

    def _add_user(self, layout: QHBoxLayout, user: UserTile) -> None:
        self.ring = IdleRing(user.display_name)
        self.ring.clicked.connect(self.user_menu_wanted)
        words = column(gap=0)
        words.addStretch(1)
        self.user_name = ElidedWords(user.display_name, "strong")
        self.user_name.setMaximumWidth(180)
        self.time_left = Words("", "small")
        words.addWidget(self.user_name)
        words.addWidget(self.time_left)
        words.addStretch(1)
        layout.addSpacing(4)
        layout.addWidget(self.ring)
        layout.addLayout(words)
        self.lock_button = IconButton("lock", self.tr("Lock (Ctrl+L)"), size="touch")
        self.lock_button.clicked.connect(self.lock_wanted)
        layout.addWidget(self.lock_button)

    def show_patient(self, patient: Patient | None, study_date: date | None = None) -> None:
        """Name the patient on screen, or say that there is none."""
        if patient is None:
            self.hold.hide()
            self.name.setText(self.tr("No patient chosen"))
            self.facts.setText(self._what_to_do)
            return
        self.name.setText(patient.whole_name)
        facts = [
            patient.sex,
            self.tr("born {date}").format(date=date_words(patient.birth_date)),
            f"#{patient.chart_number}" if patient.chart_number else "",
            self.tr("study {date}").format(date=date_words(study_date)) if study_date else "",
        ]
        self.facts.setText("  ·  ".join(fact for fact in facts if fact))

    def show_emergency(self, state: EmergencyState | None) -> None:
        """Change colour and say so while an emergency access lasts."""
        surface = "raised" if state is None else "emergency-bar"
        if self.property("surface") != surface:
            self.setProperty("surface", surface)
            self.setFixedHeight(_HEIGHT + (BAND_HEIGHT if state is not None else 0))
            restyle(self)
        self.emergency.show_state(state)

    def show_hold(self, is_held: bool) -> None:
        """Say whether the patient on screen is under legal hold."""
        self.hold.setVisible(is_held)

    def set_what_to_do(self, words: str) -> None:
        """Say what this person does while no patient is chosen."""
        self._what_to_do = words

    def show_time_left(self, left_s: float, allowed_s: float) -> None:
        """Move the ring on."""
        self.ring.set_left(left_s, allowed_s)
        self.time_left.setText(self.tr("locks in {time}").format(time=clock_words(left_s)))
        self.time_left.set_role("doubt" if self.ring.is_warning else "small")

    def set_narrow(self, narrow: bool) -> None:
        """Give a small window to the patient's name."""
        self._commands.setMinimumWidth(44 if narrow else 240)
        words = "Ctrl K" if narrow else self.tr("Search or command   Ctrl K")
        self._commands.setText(words)
        self.user_name.setVisible(not narrow)
        self.time_left.setVisible(not narrow)


class HoldMark(QFrame):
    """A small mark: nothing of this patient may be removed."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("surface", "mark")
        layout = row(self, gap=1)
        layout.setContentsMargins(6, 1, 8, 1)
        layout.addWidget(picture("lock", "doubt", 14))
        layout.addWidget(Words(self.tr("Legal hold"), "mark"))
        words = self.tr("Under legal hold: nothing of this patient may be removed.")
        self.setToolTip(words)
        self.setAccessibleName(words)
        self.hide()
