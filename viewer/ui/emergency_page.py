"""Emergency access at the door: why, and with the password alone or with the sealed code."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from viewer.model.ids import UserId
from viewer.ui.emergency_ports import CODE_GROUPS, EmergencyDoor, Work
from viewer.ui.emergency_reason import ReasonPicker
from viewer.ui.parts.buttons import button
from viewer.ui.parts.fields import PasswordField, labelled, line
from viewer.ui.parts.groups import GroupFields, plain_group
from viewer.ui.parts.messages import Banner, error_words, picture
from viewer.ui.parts.words import Words, column, restyle, row
from viewer.ui.ports import UserTile

_GROUP_LETTERS = 4


class EmergencyPage(QWidget):
    """One page: the reason first, then one of two ways, and one button. `left` goes back."""

    welcomed = Signal(object)
    left = Signal()

    def __init__(
        self,
        door: EmergencyDoor,
        people: Sequence[UserTile],
        preferred: UserId | None = None,
    ) -> None:
        super().__init__()
        self._door = door
        self._running: Work | None = None
        self._is_busy = False
        layout = column(self, gap=3)
        layout.addLayout(self._make_head())
        layout.addWidget(Words(self.tr("1. Why?"), "strong"))
        self.reason = ReasonPicker()
        layout.addWidget(self.reason)
        layout.addSpacing(4)
        layout.addLayout(self._make_ways())
        self._ways = QStackedWidget()
        self._ways.addWidget(self._make_password(people, preferred))
        self._ways.addWidget(self._make_code())
        layout.addWidget(self._ways)
        self.error = Banner(can_close=False)
        layout.addWidget(self.error)
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        keep = self.busy.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self.busy.setSizePolicy(keep)
        self.busy.hide()
        layout.addWidget(self.busy)
        layout.addLayout(self._make_foot())
        self.reason.changed.connect(self._look)
        self.reason.chosen.connect(self._go_to_field)
        self.use_password()
        self.setFocusProxy(self.reason.buttons[0])

    # --- made once ---------------------------------------------------------------------------

    def _make_head(self) -> QVBoxLayout:
        head = column(gap=2)
        title = row(gap=3)
        title.addWidget(picture("shield-warning", "danger", 32))
        title.addWidget(Words(self.tr("Emergency access"), "display"), 1)
        head.addLayout(title)
        words = self.tr(
            "Patients and images for 30 minutes, and nothing else. Everything is recorded, and the "
            "security officer reviews it."
        )
        head.addWidget(Words(words, "lead-soft", wrap=True))
        return head

    def _make_ways(self) -> QHBoxLayout:
        ways = row(gap=2)
        ways.addWidget(Words(self.tr("2. With"), "strong"))
        self._group = QButtonGroup(self)
        self.password_way = self._way(self.tr("my password"), self.use_password)
        self.code_way = self._way(self.tr("the sealed code"), self.use_code)
        ways.addWidget(self.password_way)
        ways.addWidget(self.code_way)
        ways.addStretch(1)
        return ways

    def _way(self, words: str, on_click: Callable[[], None]) -> QPushButton:
        made = button(words, on_click, "chip", touch=True)
        made.setCheckable(True)
        self._group.addButton(made)
        return made

    def _make_password(self, people: Sequence[UserTile], preferred: UserId | None) -> QWidget:
        page = QWidget()
        layout = column(page, gap=3)
        self.person = QComboBox()
        self.person.setProperty("target", "touch")
        self.person.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        for each in people:
            self.person.addItem(f"{each.display_name}  ·  {each.role}", each.id)
        self.person.setPlaceholderText(self.tr("Choose your name"))
        self.person.setCurrentIndex(self.person.findData(preferred))
        self.person.currentIndexChanged.connect(lambda _: self._look())
        self.password = PasswordField(self.tr("Password"))
        self.password.edited.connect(self._look)
        self.password.submitted.connect(self.submit)
        fields = row(gap=3)
        fields.addWidget(labelled(self.tr("Your name"), self.person), 1)
        fields.addWidget(labelled(self.tr("Your password"), self.password), 1)
        layout.addLayout(fields)
        words = self.tr("No second step is asked for: for a lost phone or key, or a wrong clock.")
        layout.addWidget(Words(words, "small", wrap=True))
        layout.addStretch(1)
        return page

    def _make_code(self) -> QWidget:
        page = QWidget()
        layout = column(page, gap=3)
        self.no_code = Banner(can_close=False)
        layout.addWidget(self.no_code)
        self.groups = GroupFields(CODE_GROUPS, columns=CODE_GROUPS // 2)
        self.groups.changed.connect(self._look_at_groups)
        self.groups.submitted.connect(self.submit)
        self.groups.completed.connect(self._go_to_name)
        layout.addWidget(labelled(self.tr("The six groups of the sheet"), self.groups))
        self.name: QLineEdit = line(self.tr("First and family name"))
        self.name.setMaxLength(60)
        self.name.textChanged.connect(lambda _: self._look())
        self.name.returnPressed.connect(self.submit)
        layout.addWidget(labelled(self.tr("Your own name"), self.name))
        layout.addStretch(1)
        return page

    def _make_foot(self) -> QHBoxLayout:
        foot = row(gap=2)
        self.back = button(self.tr("Back"), self._go_back, "quiet")
        self.back.setProperty("touch", True)
        words = self.tr("Open images for 30 minutes")
        self.go = button(words, self.submit, "alarm", "shield-warning")
        foot.addWidget(self.back)
        foot.addStretch(1)
        foot.addWidget(self.go)
        return foot

    # --- which way ---------------------------------------------------------------------------

    @property
    def is_code(self) -> bool:
        """Whether it is the sealed code that is typed."""
        return self._ways.currentIndex() == 1

    def use_password(self) -> None:
        """Ask for name and password."""
        self._turn_to(0)

    def use_code(self) -> None:
        """Ask for the sealed code and a name."""
        self._turn_to(1)
        if not self._door.has_code:
            self.no_code.say(
                self.tr("There is no sealed code in force here. A used one opens nothing.")
            )

    def _turn_to(self, page: int) -> None:
        self._ways.setCurrentIndex(page)
        (self.code_way if page else self.password_way).setChecked(True)
        self.error.hide()
        self._look()
        if self.reason.text():
            self._go_to_field()

    def _go_to_field(self) -> None:
        """The reason is said: let the next key be one of what is asked for."""
        if self.is_code:
            self.groups.first_open().setFocus()
        elif self.person.currentIndex() < 0:
            self.person.setFocus()
        else:
            self.password.setFocus()

    def _go_to_name(self) -> None:
        self.name.setFocus()

    # --- typed -------------------------------------------------------------------------------

    def _look_at_groups(self) -> None:
        """Mark a group with a slip as soon as it is whole."""
        for place, field in enumerate(self.groups.fields):
            typed = plain_group(field.text())
            is_wrong = len(typed) == _GROUP_LETTERS and self._door.wrong_group(place, typed)
            if bool(field.property("wrong")) != is_wrong:
                field.setProperty("wrong", is_wrong)
                restyle(field)
        self._look()

    def _look(self) -> None:
        self.go.setEnabled(self._running is None and bool(self.reason.text()) and self._is_typed())

    def _is_typed(self) -> bool:
        if not self.is_code:
            return self.person.currentIndex() >= 0 and bool(self.password.text())
        slips = any(field.property("wrong") for field in self.groups.fields)
        return self.groups.is_complete and not slips and bool(self.name.text().strip())

    def submit(self) -> None:
        """Try it."""
        if not self.go.isEnabled():
            return
        reason, done, fault = self.reason.text(), self._on_welcome, self._on_refused
        self._set_busy(True)
        if self.is_code:
            typed, name = self.groups.text(), self.name.text().strip()
            self._keep(self._door.use_code(typed, name, reason, done, fault))
        else:
            person = UserId(str(self.person.currentData()))
            self._keep(self._door.log_in(person, self.password.text(), reason, done, fault))

    def _keep(self, running: Work) -> None:
        if self._is_busy:  # a fake may have answered already
            self._running = running

    def _set_busy(self, busy: bool) -> None:
        self._is_busy = busy
        if not busy:
            self._running = None
        self.busy.setVisible(busy)
        self._ways.setEnabled(not busy)
        self.go.setText(self.tr("Checking…") if busy else self.tr("Open images for 30 minutes"))
        self.go.setEnabled(not busy)

    def _on_welcome(self, person: object) -> None:
        self._set_busy(False)
        self._forget_typed()
        self.welcomed.emit(person)

    def _on_refused(self, fault: Exception) -> None:
        self._set_busy(False)
        self.password.wipe()
        self.error.say(error_words(fault), "danger")
        self._look()
        self._go_to_field()

    def _forget_typed(self) -> None:
        self.password.wipe()
        self.groups.wipe()

    def _go_back(self) -> None:
        self.drop()
        self.left.emit()

    def drop(self) -> None:
        """Forget what was typed and what is under way."""
        self._forget_typed()
        if self._running is not None:
            self._running.drop()
            self._set_busy(False)
