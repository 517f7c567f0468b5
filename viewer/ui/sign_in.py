"""Picking oneself and giving a password: the panel that the door and the lock share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QProgressBar, QScrollArea, QWidget

from viewer.model.ids import UserId
from viewer.ui.parts.buttons import button
from viewer.ui.parts.fields import PasswordField
from viewer.ui.parts.messages import Banner, error_words
from viewer.ui.parts.people import PersonTile
from viewer.ui.parts.words import Words, column, row
from viewer.ui.ports import Door, Running, UserTile
from viewer.ui.store_ports import StoreSetBack

_TILES_SEEN = 3
"""Rows of tiles before they scroll."""


class SignIn(QWidget):
    """Tiles with initials, then one field. Errors stay in place; a back-off counts down.

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
        self._person: UserTile | None = None
        self.tiles: list[PersonTile] = []
        self._group = QButtonGroup(self)
        self._build()
        self._countdown = QTimer(self)
        self._countdown.setInterval(250)
        self._countdown.timeout.connect(self._count_down)
        self.show_people(door.people(), preferred)

    def show_people(self, people: Sequence[UserTile], preferred: UserId | None = None) -> None:
        """Lay the tiles out, and choose one where only one makes sense."""
        for person in people:
            tile = PersonTile(person)
            tile.clicked.connect(lambda _=False, p=person: self.choose(p))
            self._group.addButton(tile)
            self._grid.addWidget(tile, len(self.tiles) // 2, len(self.tiles) % 2)
            self.tiles.append(tile)
        rows = min(_TILES_SEEN, math.ceil(len(self.tiles) / 2))
        self._scroll.setFixedHeight(rows * (PersonTile.HEIGHT + 8))
        chosen = [p for p in people if p.id == preferred] or (
            list(people) if len(people) == 1 else []
        )
        if chosen:
            self.choose(chosen[0])

    def choose(self, person: UserTile) -> None:
        """Ask this person for the password."""
        self._person = person
        for tile in self.tiles:
            tile.setChecked(tile.person.id == person.id)
        self.field.wipe()
        self.field.set_wrong(False)
        self.error.hide()
        self.step.setText(
            self.tr("Step 1 of 1: password for {name}").format(name=person.display_name)
        )
        self._ask.setEnabled(True)
        self._count_down()
        self.field.setFocus()

    def fill_in(self, person: UserTile, password: str) -> None:
        """Choose a person and type the password (demo accounts)."""
        self.choose(person)
        self.field.line.setText(password)
        self.go.setFocus()

    @property
    def is_busy(self) -> bool:
        """Whether a password is being tried."""
        return self._running is not None

    def submit(self) -> None:
        """Try the password."""
        if self._person is None or self._running is not None or not self.field.text():
            return
        self._set_busy(True)
        self.error.hide()
        self._running = self._door.log_in(
            self._person.id, self.field.text(), self._on_welcome, self._on_refused
        )

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
        layout.addWidget(self._ask)
        self._build_ask(self._ask)

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
        for part in (self.step, self.busy, self.error):
            layout.addWidget(part)
        layout.insertLayout(1, line)

    def _on_edit(self) -> None:
        self.field.set_wrong(False)

    def _on_welcome(self, person: UserTile) -> None:
        self._set_busy(False)
        self.field.wipe()
        self.welcomed.emit(person)

    def _on_refused(self, fault: Exception) -> None:
        self._set_busy(False)
        self.field.wipe()
        self.field.set_wrong(True)
        self.error.say(error_words(fault), "danger")
        if isinstance(fault, StoreSetBack):
            self.set_back.emit()
            return
        self._count_down()
        self.field.setFocus()

    def _set_busy(self, busy: bool) -> None:
        if not busy:
            self._running = None
        self.busy.setVisible(busy)
        self.field.setEnabled(not busy)
        self.go.setEnabled(not busy)
        self.go.setText(self.tr("Checking…") if busy else self._verb)

    def _count_down(self) -> None:
        left = math.ceil(self._door.wait_s(self._person.id)) if self._person else 0
        waits = left > 0
        if waits:
            self._focus_person()
        self.field.setEnabled(not waits)
        self.go.setEnabled(not waits)
        if waits:
            self.go.setText(self.tr("Wait {seconds} s").format(seconds=left))
            self._countdown.start()
            return
        if self._countdown.isActive():
            self._countdown.stop()
            self.field.setFocus()
        self.go.setText(self._verb)

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
        self.field.wipe()
        if self._running is not None:
            self._running.drop()
            self._set_busy(False)


OnWelcome = Callable[[UserTile], None]
