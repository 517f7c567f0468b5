"""One person in the list of accounts: initials, name, role, how the account stands, a menu."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QDate, QLocale, QPoint, Qt, Signal
from PySide6.QtWidgets import QFrame, QMenu

from viewer.ui.accounts_ports import Person
from viewer.ui.parts.buttons import IconButton
from viewer.ui.parts.people import Disc
from viewer.ui.parts.words import ElidedWords, Words, box, column, row
from viewer.ui.role_words import factor_words
from viewer.ui.wording import tr

ROLE, RENAME, RESET, DISABLE, ENABLE, LEFT, BACK = (
    "role", "rename", "reset", "disable", "enable", "left", "back"
)  # fmt: skip


def state_of(person: Person) -> list[tuple[str, str]]:
    """Return how an account stands: (words, token), the weightiest first."""
    if person.left_on is not None:
        day = QDate(person.left_on.year, person.left_on.month, person.left_on.day)
        shown = QLocale().toString(day, QLocale.FormatType.ShortFormat)
        return [(tr("left on {day}").format(day=shown), "soft")]
    found = []
    if not person.is_enabled:
        found.append((tr("may not log in"), "doubt"))
    if not person.is_ready:
        found.append((tr("has no password"), "doubt"))
    elif person.must_change:
        found.append((tr("first password"), "doubt"))
    if person.second_factors:
        found.append((factor_words(person.second_factors), "verified"))
    elif person.is_enabled and person.is_ready and not person.must_change:
        found.append((tr("password only"), "soft"))
    return found


def offers_for(person: Person) -> list[tuple[str, str]]:
    """Return what can be done about an account: (what, words)."""
    if person.left_on is not None:
        return [(BACK, tr("Back in the practice"))]
    offers = [
        (ROLE, tr("Give another role…")),
        (RENAME, tr("Rename…")),
        (RESET, tr("Reset the password…")),
    ]
    offers.append(
        (DISABLE, tr("Do not let log in")) if person.is_enabled else (ENABLE, tr("Let log in"))
    )
    return [*offers, (LEFT, tr("Left the practice…"))]


class PersonRow(QFrame):
    """`wanted(what, person)` when something is chosen from the menu."""

    wanted = Signal(str, object)

    def __init__(self, person: Person, *, is_me: bool) -> None:
        super().__init__()
        self.person = person
        self.setProperty("surface", "row")
        layout = row(self, gap=3)
        layout.setContentsMargins(12, 8, 8, 8)
        layout.addWidget(Disc(person.display_name))
        names = column(gap=0)
        self.name = ElidedWords(person.display_name, "name")
        names.addWidget(self.name)
        login = person.login + (
            "  ·  " + tr("formerly {names}").format(names=", ".join(person.formerly))
            if person.formerly
            else ""
        )
        names.addWidget(ElidedWords(login, "small"))
        layout.addLayout(names, 3)
        facts = column(gap=0)
        facts.addWidget(ElidedWords(person.role, "body"))
        states = row(gap=2)
        for words, token in state_of(person):
            states.addWidget(_chip(words, token))
        states.addStretch(1)
        facts.addLayout(states)
        layout.addLayout(facts, 4)
        self.menu_button = self._make_menu_button(is_me=is_me)
        layout.addWidget(self.menu_button)

    def _make_menu_button(self, *, is_me: bool) -> IconButton:
        words = tr("What to do about {name}").format(name=self.person.display_name)
        made = IconButton("more", words, size="touch")
        made.set_icon("more", "text_off" if is_me else "text")
        made.setEnabled(not is_me)
        if is_me:
            made.set_words(tr("This is you: ask somebody else who manages accounts."))
        made.clicked.connect(self.open_menu)
        return made

    def make_menu(self) -> QMenu:
        """Return the menu; it deletes itself when it closes."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for what, words in offers_for(self.person):
            action = menu.addAction(words)
            action.setObjectName(what)
            action.triggered.connect(lambda _=False, w=what: self.wanted.emit(w, self.person))
        return menu

    def open_menu(self) -> None:
        """Show what can be done, under the button."""
        menu = self.make_menu()
        corner = self.menu_button.mapToGlobal(self.menu_button.rect().bottomRight())
        menu.popup(corner - QPoint(menu.sizeHint().width(), 0))


def _chip(words: str, token: str) -> QFrame:
    surface = {"doubt": "mark", "verified": "clear"}.get(token, "clear")
    frame = box(surface)
    layout = row(frame)
    side = 8 if surface == "mark" else 0
    layout.setContentsMargins(side, 0, side, 0)
    frame.setFixedHeight(20)
    role = {"doubt": "mark", "verified": "verified"}.get(token, "small")
    layout.addWidget(Words(words, role))
    return frame


OnWanted = Callable[[str, Person], None]
