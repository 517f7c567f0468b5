"""The store, for whoever looks after it: a rail that says how each part stands, and its page."""

from __future__ import annotations

from collections.abc import Callable

import attrs
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QPushButton, QStackedWidget, QWidget

from viewer.ui.erase_patient import ErasePage
from viewer.ui.parts.messages import picture
from viewer.ui.parts.words import ElidedWords, Words, column, row, rule
from viewer.ui.store_backups import BackupsPage
from viewer.ui.store_health import HealthPage
from viewer.ui.store_keeping import KeepingPage
from viewer.ui.store_keys import KeysPage
from viewer.ui.store_page import Page, Surroundings
from viewer.ui.wording import tr

_RAIL_PX, _NARROW_RAIL_PX = 296, 216
_NARROW_PX = 900


@attrs.frozen
class _Part:
    id: str
    title: str
    icon: str
    action: str
    make: Callable[[Surroundings], Page]


def _parts() -> tuple[_Part, ...]:
    return (
        _Part("health", tr("Health"), "shield", "check", HealthPage),
        _Part("backups", tr("Backups"), "folder", "back_up", BackupsPage),
        _Part("keys", tr("Keys"), "key", "change_keys", KeysPage),
        _Part("keeping", tr("Room and keeping"), "layout", "keeping", KeepingPage),
        _Part("erase", tr("Erase a patient"), "warning", "erase_patient", ErasePage),
    )


class StorePanel(QWidget):
    """The content of a wide sheet. Only the parts that the role may use are there."""

    def __init__(self, around: Surroundings, first: str = "") -> None:
        super().__init__()
        self.around = around
        self.pages: dict[str, Page] = {}
        self.entries: dict[str, RailEntry] = {}
        layout = row(self, gap=0)
        self._rail = QFrame()
        self._rail.setFixedWidth(_RAIL_PX)
        rail = column(self._rail, gap=1)
        rail.setContentsMargins(12, 12, 12, 12)
        layout.addWidget(self._rail)
        layout.addWidget(rule(upright=True))
        self.stack = QStackedWidget()
        layout.addWidget(self.stack, 1)
        self._group = QButtonGroup(self)
        for part in _parts():
            if around.offers(part.action):
                self._add(part)
                rail.addWidget(self.entries[part.id])
        rail.addStretch(1)
        self.show_part(first if first in self.pages else next(iter(self.pages), ""))

    def _add(self, part: _Part) -> None:
        page = part.make(self.around)
        entry = RailEntry(part.title, part.icon)
        entry.clicked.connect(lambda _=False, i=part.id: self.show_part(i))
        page.summarised.connect(lambda i=part.id: self._summarise(i))
        self._group.addButton(entry)
        self.pages[part.id], self.entries[part.id] = page, entry
        self.stack.addWidget(page)
        self._summarise(part.id)

    def _summarise(self, part_id: str) -> None:
        summary = self.pages[part_id].summary
        self.entries[part_id].show_fact(summary.words, summary.token)

    def show_part(self, part_id: str) -> None:
        """Turn to a part and read it anew."""
        page = self.pages.get(part_id)
        if page is None:
            return
        self.entries[part_id].setChecked(True)
        self.stack.setCurrentWidget(page)
        self.setFocusProxy(self.entries[part_id])
        page.refresh()

    @property
    def health(self) -> HealthPage | None:
        """The page of the check, where the role has one."""
        page = self.pages.get("health")
        return page if isinstance(page, HealthPage) else None

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give a small window to the page."""
        super().resizeEvent(event)
        self._rail.setFixedWidth(_NARROW_RAIL_PX if self.width() < _NARROW_PX else _RAIL_PX)


class RailEntry(QPushButton):
    """A part of the store in the rail: icon, title, and its fact in one line."""

    def __init__(self, title: str, icon: str) -> None:
        super().__init__()
        self._title, self._icon_name = title, icon
        self.setCheckable(True)
        self.setProperty("look", "rail")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        layout = row(self, gap=3)
        layout.setContentsMargins(12, 8, 12, 8)
        self._icon = picture(icon, "text_soft", 22)
        layout.addWidget(self._icon)
        words = column(gap=1)
        words.addStretch(1)
        self.title = Words(title, "strong")
        self.fact = ElidedWords("", "small")
        words.addWidget(self.title)
        words.addWidget(self.fact)
        words.addStretch(1)
        layout.addLayout(words, 1)
        for part in (self._icon, self.title, self.fact):
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def show_fact(self, words: str, token: str) -> None:
        """Say how it stands, in words and in the colour of the icon."""
        self.fact.setText(words)
        self.fact.setVisible(bool(words))
        self.fact.set_role(token if token in {"doubt", "danger"} else "small")
        self._icon.set_icon(self._icon_name, token)
        self.setAccessibleName(f"{self._title}. {words}")
        self.setToolTip(words)
