"""The door: who are you? Or, on the first run, who are we? Nothing here is about patients."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QWidget

from viewer.ui import icons
from viewer.ui.emergency_page import EmergencyPage
from viewer.ui.founding import FoundingPage
from viewer.ui.parts.arch import ArchPicture
from viewer.ui.parts.buttons import button
from viewer.ui.parts.messages import picture
from viewer.ui.parts.words import Words, box, clear_layout, column, row
from viewer.ui.ports import DemoUser, Door, UserTile
from viewer.ui.restoring import RestorePage, SetBackPage
from viewer.ui.sign_in import SignIn
from viewer.ui.store_ports import Restoring

_PICTURE_FROM_PX = 1100
"""Narrower windows do without the picture."""


class LoginWindow(QWidget):
    """A top-level window that ends with `welcomed(UserTile)`, or is closed.

    Parameters
    ----------
    demo_users : sequence of DemoUser
        Made-up accounts whose passwords are shown on a card, this once. The window forgets them
        when it closes.
    """

    welcomed = Signal(object)
    closed = Signal()

    def __init__(
        self,
        door: Door,
        demo_users: Sequence[DemoUser] = (),
        restoring: Restoring | None = None,
    ) -> None:
        super().__init__()
        self._door, self._restoring = door, restoring
        self.setWindowTitle("Bitewing")
        self.setWindowIcon(icons.icon("mark", "accent", size=64))
        self.setProperty("surface", "base")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.resize(1180, 760)
        layout = row(self, gap=0)
        self._art = self._make_art()
        layout.addWidget(self._art, 5)
        layout.addWidget(self._make_right(), 6)
        self.sign_in: SignIn | None = None
        self.founding: FoundingPage | None = None
        self.restore: RestorePage | None = None
        self.set_back: SetBackPage | None = None
        self.emergency: EmergencyPage | None = None
        if door.is_founded:
            self._show_sign_in(demo_users)
        elif restoring is not None and restoring.is_unfinished:
            self.show_restore()
        else:
            self._show_founding()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give a small window to what matters."""
        super().resizeEvent(event)
        self._art.setVisible(self.width() >= _PICTURE_FROM_PX)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Forget what was typed."""
        for part in (self.sign_in, self.restore, self.set_back, self.emergency):
            if part is not None:
                part.drop()
        super().closeEvent(event)
        self.closed.emit()

    def _make_art(self) -> QWidget:
        art = ArchPicture()
        layout = column(art, gap=2)
        layout.setContentsMargins(40, 36, 40, 36)
        head = row(gap=3)
        head.addWidget(picture("mark", "accent", 32))
        head.addWidget(Words("Bitewing", "title"), 1)
        layout.addLayout(head)
        layout.addStretch(1)
        layout.addWidget(Words(self.tr("Every image sealed. Every look recorded."), "lead"))
        layout.addWidget(
            Words(
                self.tr("Images on this workstation are encrypted and open only behind a login."),
                "soft",
                wrap=True,
            )
        )
        return art

    def _make_right(self) -> QScrollArea:
        holder = QWidget()
        holder.setProperty("surface", "base")
        outer = row(holder)
        outer.setContentsMargins(32, 32, 32, 32)
        self._page = QWidget()
        self._page.setMaximumWidth(520)
        self._page_layout = column(self._page, gap=3)
        outer.addStretch(1)
        outer.addWidget(self._page, 20, Qt.AlignmentFlag.AlignVCenter)
        outer.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(holder)
        return scroll

    def _show_sign_in(self, demo_users: Sequence[DemoUser]) -> None:
        clear_layout(self._page_layout)
        self.sign_in = SignIn(self._door, self.tr("Log in"))
        self.sign_in.welcomed.connect(self.welcomed)
        self.sign_in.set_back.connect(self._show_set_back)
        self._page_layout.addWidget(Words(self._door.practice_name, "display", wrap=True))
        self._page_layout.addWidget(Words(self.tr("Who is there?"), "lead-soft"))
        self._page_layout.addSpacing(12)
        self._page_layout.addWidget(self.sign_in)
        words = self.tr("Emergency access")
        self.emergency_link = button(words, self.show_emergency, "link", touch=True)
        self._page_layout.addWidget(self.emergency_link, 0, Qt.AlignmentFlag.AlignRight)
        if demo_users:
            self._page_layout.addSpacing(12)
            self._page_layout.addWidget(self._make_demo_card(demo_users))

    def _make_demo_card(self, demo_users: Sequence[DemoUser]) -> QFrame:
        card = box("card")
        layout = column(card, margin=4, gap=2)
        head = row(gap=2)
        head.addWidget(picture("info", "accent"))
        head.addWidget(Words(self.tr("Demo practice"), "strong"), 1)
        layout.addLayout(head)
        layout.addWidget(
            Words(
                self.tr(
                    "Made-up people on a throw-away store. These passwords were made just now and "
                    "are shown this once."
                ),
                "soft",
                wrap=True,
            )
        )
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        for line, user in enumerate(demo_users):
            self._add_demo_user(grid, line, user)
        layout.addLayout(grid)
        return card

    def _add_demo_user(self, grid: QGridLayout, line: int, user: DemoUser) -> None:
        password = Words(user.password, "strong")
        password.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        grid.addWidget(Words(user.display_name, "body"), line, 0)
        grid.addWidget(password, line, 1)
        fill = button(self.tr("Fill in"), lambda: self._fill_in(user), "link")
        fill.setAccessibleName(self.tr("Fill in {name}").format(name=user.display_name))
        grid.addWidget(fill, line, 2)

    def _fill_in(self, user: DemoUser) -> None:
        person = self._person_named(user.display_name)
        if self.sign_in is not None and person is not None:
            self.sign_in.fill_in(person, user.password)

    def _person_named(self, name: str) -> UserTile | None:
        return next((p for p in self._door.people() if p.display_name == name), None)

    def _show_founding(self) -> None:
        clear_layout(self._page_layout)
        self.founding = FoundingPage(self._door, can_restore=self._restoring is not None)
        self.founding.finished.connect(self._go_on)
        self.founding.restore_wanted.connect(self.show_restore)
        self._page_layout.addWidget(self.founding)

    def show_restore(self) -> None:
        """Turn to the page that brings a store back from a backup."""
        if self._restoring is None:
            return
        clear_layout(self._page_layout)
        self._forget_pages()
        self.restore = RestorePage(self._door, self._restoring, replaces=self._door.is_founded)
        self.restore.finished.connect(self._go_on)
        self.restore.left.connect(self._go_back)
        self._page_layout.addWidget(self.restore)

    def show_emergency(self) -> None:
        """Turn to the page for when images are needed at once and the login does not go."""
        preferred = self.sign_in.person.id if self.sign_in and self.sign_in.person else None
        clear_layout(self._page_layout)
        self._forget_pages()
        self.emergency = EmergencyPage(self._door.emergency, self._door.people(), preferred)
        self.emergency.welcomed.connect(self.welcomed)
        self.emergency.left.connect(self._go_on)
        self._page_layout.addWidget(self.emergency)
        self.emergency.setFocus()

    def _show_set_back(self) -> None:
        if self._restoring is None:
            return
        clear_layout(self._page_layout)
        self._forget_pages()
        self.set_back = SetBackPage(self._door, self._restoring)
        self.set_back.restore_wanted.connect(self.show_restore)
        self.set_back.accepted.connect(self._go_on)
        self.set_back.left.connect(self._go_on)
        self._page_layout.addWidget(self.set_back)
        self.set_back.setFocus()

    def _forget_pages(self) -> None:
        for part in (self.sign_in, self.restore, self.set_back, self.emergency):
            if part is not None:
                part.drop()
        self.sign_in = self.founding = self.restore = self.set_back = None
        self.emergency = None

    def _go_back(self) -> None:
        self._forget_pages()
        if self._door.is_founded:
            self._show_sign_in(())
        else:
            self._show_founding()

    def _go_on(self) -> None:
        self._forget_pages()
        self._show_sign_in(())
