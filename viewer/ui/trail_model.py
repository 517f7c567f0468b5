"""The trail as a table that reads page by page: a million entries cost no more than a screenful."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QIcon

from viewer.ui import icons, theme
from viewer.ui.parts.table import AnyIndex, WordsModel
from viewer.ui.ports import Trail, TrailEntry, TrailFilter

_PAGE = 100
_PAGES_KEPT = 50
ENTRY = Qt.ItemDataRole.UserRole

_KIND_ICONS = {
    "login": "user",
    "login failed": "warning",
    "logoff": "logout",
    "view": "eye",
    "import": "import",
    "share": "share",
    "lock": "lock",
    "unlock": "unlock",
}


class TrailModel(WordsModel):
    """Columns: when, who, what happened, to what, whose, outcome."""

    def __init__(self, trail: Trail) -> None:
        super().__init__()
        self._trail = trail
        self._wanted = TrailFilter()
        self._count = 0
        self._pages: dict[int, list[TrailEntry]] = {}

    def show_entries(self, wanted: TrailFilter) -> None:
        """List what matches, newest first."""
        self.beginResetModel()
        self._wanted = wanted
        self._pages.clear()
        self._count = self._trail.count(wanted)
        self.endResetModel()

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return how many match."""
        return 0 if parent.isValid() else self._count

    def titles(self) -> Sequence[str]:
        """Return six."""
        return (
            self.tr("When"),
            self.tr("Who"),
            self.tr("Did"),
            self.tr("What"),
            self.tr("Patient"),
            self.tr("Outcome"),
        )

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a cell, its colour or its entry."""
        entry = self.entry(index.row())
        if entry is None:
            return None
        if role == ENTRY:
            return entry
        if role == Qt.ItemDataRole.DisplayRole:
            return _cells(entry)[index.column()]
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._colour(entry, index.column())
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 2:
            return _kind_icon(entry)
        return None

    def entry(self, row: int) -> TrailEntry | None:
        """Return an entry by its place in the list, reading its page if need be."""
        number, place = divmod(row, _PAGE)
        if number not in self._pages:
            if len(self._pages) >= _PAGES_KEPT:
                self._pages.pop(next(iter(self._pages)))
            self._pages[number] = list(self._trail.entries(self._wanted, number * _PAGE, _PAGE))
        page = self._pages[number]
        return page[place] if place < len(page) else None

    @staticmethod
    def _colour(entry: TrailEntry, column: int) -> object:
        look = theme.current()
        if entry.outcome and column in {2, 5}:
            return look.colour("danger")
        return look.colour("text" if column in {1, 2} else "text_soft")


def _cells(entry: TrailEntry) -> tuple[str, ...]:
    when = entry.when.astimezone().strftime("%Y-%m-%d  %H:%M:%S")
    return (when, entry.who, entry.kind, entry.what, entry.patient, entry.outcome)


def _kind_icon(entry: TrailEntry) -> QIcon:
    token = "danger" if entry.outcome else "text_soft"
    return icons.icon(_KIND_ICONS.get(entry.kind, "trail"), token, token, 16)
