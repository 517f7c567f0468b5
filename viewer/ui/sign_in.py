"""Picking oneself and giving a password or a quick PIN: what the door and the lock share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QProgressBar, QScrollArea, QWidget

from viewer.model.ids import UserId
from viewer.ui.own_password import OwnPassword, OwnPasswordNeeded
from viewer.ui.parts.buttons import button
from viewer.ui.parts.fields import PasswordField
from viewer.ui.parts.messages import Banner, error_words
from viewer.ui.parts.people import PersonTile
from viewer.ui.parts.words import Words, column, row
from viewer.ui.ports import Door, Running, UserTile
from viewer.ui.quick_panel import QuickPanel
from viewer.ui.second_step import SECURITY_KEY, TOTP, SecondStep
from viewer.ui.shift_ports import QuickWays
from viewer.ui.store_ports import StoreSetBack

_TILES_SEEN = 3
"""Rows of tiles before they scroll."""
_TALL_PX = 900
"""Lower windows show one row of tiles above the pad."""
_LOOK_MS = 1000


class SignIn(QWidget):
    """Tiles with initials, then one field, or the pad for whoever has a quick PIN in this shift.

    Errors stay in place; a back-off counts down.

    Parameters
    ----------
    preferred : UserId, optional
        Whose tile is chosen at first: at the lock, who was there.
    verb : str
        What the button says: "Log in" or "Unlock".
    """

    welcomed = Signal(object)
    set_back = Signal()

    def __init__(self, door: Door, verb: str, preferred: UserId | None = None) -> None:
        super().__init__()
        self._door = door
        self._verb = verb
        self._running: Running | None = None
        self._is_trying = False
        self._person: UserTile | None = None
        self.was_quick = False
        """Whether whoever came in did so by a quick PIN or a tap."""
        self._wants_password = False
        self.tiles: list[PersonTile] = []
        self._group = QButtonGroup(self)
        self._build()
        self._countdown = QTimer(self)
        self._countdown.setInterval(250)
        self._countdown.timeout.connect(self._count_down)
        self._look = QTimer(self)
        self._look.setInterval(_LOOK_MS)
        self._look.timeout.connect(self._look_at_shift)
        self.show_people(door.people(), preferred)

    def show_people(self, people: Sequence[UserTile], preferred: UserId | None = None) -> None:
        """Lay the tiles out, and choose one where only one makes sense."""
        for person in people:
            tile = PersonTile(person)
            tile.clicked.connect(lambda _=False, p=person: self.choose(p))
            self._group.addButton(tile)
            self._grid.addWidget(tile, len(self.tiles) // 2, len(self.tiles) % 2)
            self.tiles.append(tile)
        self._look_at_shift()
        self._fit_tiles()
        chosen = [p for p in people if p.id == preferred] or (
            list(people) if len(people) == 1 else []
        )
        if chosen:
            self.choose(chosen[0])

    def choose(self, person: UserTile) -> None:
        """Ask this person for the quick PIN where there is one, else for the password."""
        self._person, self._wants_password = person, False
        for tile in self.tiles:
            tile.setChecked(tile.person.id == person.id)
        self._ask_anew()

    def use_password(self) -> None:
        """Ask for the password instead of the quick PIN."""
        self._wants_password = True
        self._ask_anew()

    @property
    def person(self) -> UserTile | None:
        """Who was chosen."""
        return self._person

    @property
    def is_quick(self) -> bool:
        """Whether the pad is what is asked for."""
        return not self.quick.isHidden()

    def take_focus(self) -> None:
        """Let what is asked for have the keyboard."""
        if self.is_quick:
            self.quick.take_focus()
        elif not self.second.isHidden():
            self.second.take_focus()
        else:
            self.field.setFocus()

    def _ask_anew(self) -> None:
        """Show the pad or the field, empty."""
        if self._person is None:
            return
        self._forget_typed()
        self.own.drop()
        self.second.drop()
        self.field.set_wrong(False)
        self.error.hide()
        ways = self._door.quick.ways(self._person.id)
        self._show_quick(ways if not self._wants_password else QuickWays())
        name = self._person.display_name
        count = self.second.steps_of(self._person)
        words = self.tr("Step 1 of {count}: password for {name}")
        self.step.setText(words.format(count=count, name=name))
        self.lost_key.setVisible(SECURITY_KEY in self._person.second_factors)
        self._ask.setEnabled(True)
        self._count_down()
        self.take_focus()

    def _show_quick(self, ways: QuickWays) -> None:
        self.quick.setVisible(ways.is_any)
        self._ask.setVisible(not ways.is_any)
        self._fit_tiles()
        if ways.is_any and self._person is not None:
            self.quick.show_ways(ways, self._person.display_name)
            tile = next(t for t in self.tiles if t.isChecked())
            self._scroll.ensureWidgetVisible(tile, 0, 0)

    def showEvent(self, event: QShowEvent) -> None:
        """Watch the shift while it is seen."""
        super().showEvent(event)
        self._look.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Watch no longer."""
        super().hideEvent(event)
        self._look.stop()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show as many tiles as there is room for."""
        super().resizeEvent(event)
        self._fit_tiles()

    def _fit_tiles(self) -> None:
        most = 1 if self.is_quick and self.window().height() < _TALL_PX else _TILES_SEEN
        rows = min(most, math.ceil(len(self.tiles) / 2))
        self._scroll.setFixedHeight(rows * (PersonTile.HEIGHT + 8))

    def _look_at_shift(self) -> None:
        """Mark who can get in quickly; when a shift ends, the password is asked for."""
        for tile in self.tiles:
            tile.set_quick(self._door.quick.ways(tile.person.id).is_any)
        if self._person is None or self.is_busy or not self.is_quick:
            return
        if not self._door.quick.ways(self._person.id).is_any:
            self._ask_anew()

    def fill_in(self, person: UserTile, password: str) -> None:
        """Choose a person and type the password (demo accounts)."""
        self.choose(person)
        self.use_password()
        self.field.line.setText(password)
        self.go.setFocus()

    @property
    def is_busy(self) -> bool:
        """Whether a password is being tried."""
        return self._running is not None

    def submit(self) -> None:
        """Try the password, or ask for the second step first."""
        person = self._person
        if person is None or self._running is not None or not self.field.text():
            return
        self.error.hide()
        if TOTP in person.second_factors:
            self._ask.hide()
            self.second.ask_code(person)
        else:
            self.send()

    def use_recovery_code(self) -> None:
        """Ask for a code in place of the security key."""
        if self._person is not None and self._running is None and self.field.text():
            self.error.hide()
            self._ask.hide()
            self.second.ask_recovery(self._person)
        else:
            self.field.setFocus()

    def send(self) -> None:
        """Try all that was given, at once."""
        person = self._person
        if person is None or self._running is not None or not self.field.text():
            return
        self._set_busy(True)
        self.error.hide()
        if self.second.needs_key(person):
            self._ask.hide()
            self.second.wait_for_key(person)
        running = self._door.log_in(
            person.id, self.field.text(), self._on_welcome, self._on_refused, self.second.code
        )
        self._wait_for(running)

    def submit_pin(self) -> None:
        """Try the quick PIN."""
        if self._person is not None and self._running is None and self.quick.pad.text():
            self._begin_quick()
            self._wait_for(
                self._door.quick.log_in(
                    self._person.id, self.quick.pad.text(), self._on_quick_welcome, self._on_refused
                )
            )

    def wait_for_tap(self) -> None:
        """Wait for the security key's tap."""
        if self._person is not None and self._running is None:
            self._begin_quick()
            self.quick.say_waiting()
            self._wait_for(
                self._door.quick.tap(self._person.id, self._on_quick_welcome, self._on_refused)
            )

    def _wait_for(self, running: Running) -> None:
        if self._is_trying:  # else it was answered at once
            self._running = running

    def _begin_quick(self) -> None:
        self._set_busy(True)
        self.error.hide()

    def _on_quick_welcome(self, person: UserTile) -> None:
        self.was_quick = True
        self._on_welcome(person)

    def _build(self) -> None:
        layout = column(self, gap=4)
        holder = QWidget()
        holder.setProperty("surface", "clear")
        self._grid = QGridLayout(holder)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(8)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(holder)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout.addWidget(self._scroll)
        self._ask = QWidget()
        self._ask.setEnabled(False)
        self.quick = QuickPanel()
        self.quick.hide()
        self.quick.pad.submitted.connect(self.submit_pin)
        self.quick.tap_wanted.connect(self.wait_for_tap)
        self.quick.password_wanted.connect(self.use_password)
        layout.addWidget(self.quick)
        layout.addWidget(self._ask)
        self.second = SecondStep(self._door.keys, self._verb)
        self.second.submitted.connect(self.send)
        self.second.left.connect(self._ask_anew)
        self._build_ask(self._ask)
        layout.addWidget(self.second)
        self.own = OwnPassword(self._door)
        self.own.welcomed.connect(self.welcomed)
        self.own.left.connect(self._ask_anew)
        layout.addWidget(self.own)
        layout.addWidget(self.error)

    def _build_ask(self, holder: QWidget) -> None:
        layout = column(holder, gap=2)
        self.step = Words(self.tr("Choose your name"), "soft")
        self.field = PasswordField(self.tr("Password"))
        self.field.submitted.connect(self.submit)
        self.field.edited.connect(self._on_edit)
        self.go = button(self._verb, self.submit, "primary")
        self.error = Banner(can_close=False)
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        keep = self.busy.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self.busy.setSizePolicy(keep)
        self.busy.hide()
        line = row(gap=2)
        line.addWidget(self.field, 1)
        line.addWidget(self.go, 0, Qt.AlignmentFlag.AlignTop)
        for part in (self.step, self.busy):
            layout.addWidget(part)
        layout.insertLayout(1, line)
        words = self.tr("Key lost? Use a recovery code")
        self.lost_key = button(words, self.use_recovery_code, "link", touch=True)
        self.lost_key.hide()
        layout.addWidget(self.lost_key, 0, Qt.AlignmentFlag.AlignLeft)

    def _on_edit(self) -> None:
        self.field.set_wrong(False)

    def _forget_typed(self) -> None:
        self.field.wipe()
        self.quick.pad.wipe()

    def _on_welcome(self, person: UserTile) -> None:
        self._set_busy(False)
        self._forget_typed()
        self.second.drop()
        self.welcomed.emit(person)

    def _on_refused(self, fault: Exception) -> None:
        was_quick, given = self.is_quick, self.field.text()
        self._set_busy(False)
        self._forget_typed()
        if isinstance(fault, OwnPasswordNeeded) and self._person is not None:
            for part in (self._ask, self.quick):
                part.hide()
            self.own.ask(self._person, given)
            return
        if not self.second.isHidden():
            self._ask_anew()
        if was_quick:
            self._ask_anew()  # for the password, if that was the last try
            self.quick.pad.set_wrong(self.is_quick)
        self.field.set_wrong(not was_quick)
        self.error.say(error_words(fault), "danger")
        if isinstance(fault, StoreSetBack):
            self.set_back.emit()
            return
        self._count_down()
        self.take_focus()

    def _set_busy(self, busy: bool) -> None:
        self._is_trying = busy
        if not busy:
            self._running = None
        self.busy.setVisible(busy and not self.is_quick)
        self.quick.set_busy(busy and self.is_quick)
        self.second.set_busy(busy)
        self.field.setEnabled(not busy)
        self.go.setEnabled(not busy)
        self.go.setText(self.tr("Checking…") if busy else self._verb_now)

    def _count_down(self) -> None:
        left = math.ceil(self._wait_s())
        waits = left > 0
        if waits:
            self._focus_person()
        self.field.setEnabled(not waits)
        self.go.setEnabled(not waits)
        self.quick.show_wait(left)
        if waits:
            self.go.setText(self.tr("Wait {seconds} s").format(seconds=left))
            self._countdown.start()
            return
        if self._countdown.isActive():
            self._countdown.stop()
            self.take_focus()
        self.go.setText(self._verb_now)

    @property
    def _verb_now(self) -> str:
        """What the button says: nothing is tried before the code."""
        asks_more = self._person is not None and TOTP in self._person.second_factors
        return self.tr("Next") if asks_more else self._verb

    def _wait_s(self) -> float:
        if self._person is None:
            return 0.0
        door = self._door.quick if self.is_quick else self._door
        return door.wait_s(self._person.id)

    def _focus_person(self) -> None:
        """Keep the keyboard with who was chosen: a disabled field would hand it to anybody."""
        tile = next((tile for tile in self.tiles if tile.isChecked()), None)
        if tile is not None and not tile.hasFocus():
            tile.setFocus()

    def keep_room_for_error(self) -> None:
        """Let an error not move the field away from the finger, where there is room to spare."""
        stay = self.error.sizePolicy()
        stay.setRetainSizeWhenHidden(True)
        self.error.setSizePolicy(stay)

    def drop(self) -> None:
        """Forget what was typed and what is under way."""
        self._countdown.stop()
        self._forget_typed()
        self.own.drop()
        self.second.drop()
        if self._running is not None:
            self._door.keys.cancel()
            self._running.drop()
            self._set_busy(False)


OnWelcome = Callable[[UserTile], None]
