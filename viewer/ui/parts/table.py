"""A table of words whose columns have titles: what every such model says in the same way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from viewer.ui import theme

AnyIndex = QModelIndex | QPersistentModelIndex
Row = TypeVar("Row")


class WordsModel(QAbstractTableModel):
    """Titles for as many columns as it says, to the left; `rowCount` and `data` are its heirs'."""

    def titles(self) -> Sequence[str]:
        """Return the columns' titles, in the language in force."""
        raise NotImplementedError

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return how many titles there are."""
        return 0 if parent.isValid() else len(self.titles())

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        """Return a column's title."""
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self.titles()[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return None


class RowsModel(WordsModel, Generic[Row]):
    """All rows in memory; a cell is a word, all of it as its tooltip, in a colour of the theme."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: Sequence[Row] = ()

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show these."""
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def cells(self, row: Row) -> Sequence[str]:
        """Return a row's words, one for each column."""
        raise NotImplementedError

    def colour(self, row: Row, column: int) -> str:
        """Return the name of a cell's colour in the theme."""
        raise NotImplementedError

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return how many there are."""
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a cell, all of it as its tooltip, or its colour."""
        row = self.rows[index.row()]
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole}:
            return self.cells(row)[index.column()]
        if role == Qt.ItemDataRole.ForegroundRole:
            return theme.current().colour(self.colour(row, index.column()))
        return None
