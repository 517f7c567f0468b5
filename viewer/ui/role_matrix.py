"""What each role may, as a table of ticks: rights down, roles across, the keys at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QFont, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from viewer.ui import icons, theme
from viewer.ui.accounts_ports import Grantable, RoleCard
from viewer.ui.role_words import in_groups, key_words, right_words
from viewer.ui.wording import tr

Index = QModelIndex | QPersistentModelIndex
_ROW_PX, _GROUP_PX, _HEAD_PX, _COLUMN_PX, _LABEL_PX, _TICK_PX = 44, 36, 56, 78, 178, 20
_LABEL_SHARE, _LABEL_MOST_PX = 0.16, 300
KEYS = ("images", "share", "trail")


@attrs.frozen
class MatrixRow:
    """A line of the table: a right or a key by id, or the head of a group ("" id)."""

    title: str
    words: str = ""
    right: str = ""
    key: str = ""

    @property
    def is_group(self) -> bool:
        """Whether it only names what follows."""
        return not self.right and not self.key


def matrix_rows(rights: Sequence[Grantable]) -> list[MatrixRow]:
    """Return the lines of the table: rights by group, then the keys of the practice."""
    lines = []
    for group, members in in_groups(rights):
        lines.append(MatrixRow(group))
        for each in members:
            words = right_words(each.id)
            lines.append(MatrixRow(words.title, words.words, right=each.id))
    lines.append(MatrixRow(tr("Keys it holds")))
    lines += [MatrixRow(_short(key), key_words(key).capitalize(), key=key) for key in KEYS]
    return lines


def _short(key: str) -> str:
    known = {
        "images": tr("Opens images"),
        "share": tr("Signs shares"),
        "trail": tr("Reads the trail"),
    }
    return known.get(key, key)


class MatrixModel(QAbstractTableModel):
    """One column a role. `Qt.UserRole` is whether it is ticked; None: the head of a group."""

    def __init__(self, lines: Sequence[MatrixRow], roles: Sequence[RoleCard]) -> None:
        super().__init__()
        self.lines, self.roles = list(lines), list(roles)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """How many lines there are."""
        return 0 if parent.isValid() else len(self.lines)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """How many roles there are."""
        return 0 if parent.isValid() else len(self.roles)

    def is_ticked(self, row: int, column: int) -> bool | None:
        """Whether a role has what the line stands for."""
        line, role = self.lines[row], self.roles[column]
        if line.is_group:
            return None
        return line.right in role.may if line.right else line.key in role.keys

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Tell one cell, in words too: for tooltips and for a screen reader."""
        ticked = self.is_ticked(index.row(), index.column())
        if role == Qt.ItemDataRole.UserRole:
            return ticked
        if role in {Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole}:
            line, card = self.lines[index.row()], self.roles[index.column()]
            if ticked is None:
                return line.title
            answer = tr("yes") if ticked else tr("no")
            return tr("{role}. {right}: {answer}").format(
                role=card.title, right=line.title, answer=answer
            )
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Title of a role, or of a line."""
        if orientation == Qt.Orientation.Horizontal:
            card = self.roles[section]
            if role == Qt.ItemDataRole.DisplayRole:
                return card.title
            return card.words if role == Qt.ItemDataRole.ToolTipRole else None
        line = self.lines[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return line.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return line.words
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Heads of groups are not stopped at."""
        if self.lines[index.row()].is_group:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable


class TickDelegate(QStyledItemDelegate):
    """Paints a tick, or a faint dash where there is none."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint one cell."""
        look, ticked = theme.current(), index.data(Qt.ItemDataRole.UserRole)
        area = option.rect
        state = option.state
        painter.save()
        if ticked is None:
            painter.fillRect(area, look.colour("base"))
            painter.restore()
            return
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, look.colour("accent_deep"))
        painter.setPen(look.colour("line"))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        if ticked:
            ratio = painter.device().devicePixelRatio()
            pixmap = icons.pixmap("check", "verified", _TICK_PX, ratio)
            left = area.center().x() - _TICK_PX // 2 + 1
            painter.drawPixmap(left, area.center().y() - _TICK_PX // 2 + 1, pixmap)
        else:
            painter.setPen(look.colour("text_off"))
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, "–")
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(look.colour("accent"))
            painter.drawRect(area.adjusted(1, 1, -2, -2))
        painter.restore()


class GroupHeader(QHeaderView):
    """The titles of the lines; those of groups stand out."""

    def __init__(self, lines: Sequence[MatrixRow]) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self._lines = lines
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setFixedWidth(_LABEL_PX)

    def paintSection(self, painter: QPainter, rect: Any, section: int) -> None:
        """Paint one title."""
        look, line = theme.current(), self._lines[section]
        painter.save()
        painter.fillRect(rect, look.colour("base" if line.is_group else "raised"))
        painter.setPen(look.colour("line"))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        weight = QFont.Weight.DemiBold if line.is_group else QFont.Weight.Normal
        painter.setFont(look.font("small" if line.is_group else "body", weight=weight))
        painter.setPen(look.colour("text_faint" if line.is_group else "text"))
        inner = rect.adjusted(20, 0, -8, 0)
        words = line.title.upper() if line.is_group else line.title
        elided = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, inner.width())
        painter.drawText(inner, flags, elided)
        painter.restore()


class RoleHeader(QHeaderView):
    """The titles of the roles, on up to three lines."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setDefaultAlignment(
            Qt.AlignmentFlag.AlignCenter | Qt.AlignmentFlag(Qt.TextFlag.TextWordWrap)
        )
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setFixedHeight(_HEAD_PX)

    def paintSection(self, painter: QPainter, rect: Any, section: int) -> None:
        """Paint one title; one of the practice's own in the accent."""
        look, model = theme.current(), self.model()
        assert isinstance(model, MatrixModel)
        card = model.roles[section]
        painter.save()
        painter.fillRect(rect, look.colour("raised"))
        painter.setPen(look.colour("line"))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        painter.setFont(look.font("small", weight=QFont.Weight.DemiBold))
        painter.setPen(look.colour("accent" if card.is_custom else "text"))
        flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
        painter.drawText(rect.adjusted(4, 4, -4, -4), flags, card.title)
        painter.restore()


class RoleMatrix(QTableView):
    """The table. Arrow keys walk it; `role_chosen(RoleCard)` when another column is come to."""

    role_chosen = Signal(object)

    def __init__(self, rights: Sequence[Grantable]) -> None:
        super().__init__()
        self._lines = matrix_rows(rights)
        self.setAccessibleName(tr("What each role may"))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectItems)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setItemDelegate(TickDelegate(self))
        self.setVerticalHeader(GroupHeader(self._lines))
        header = RoleHeader()
        self.setHorizontalHeader(header)
        header.sectionClicked.connect(self.choose_column)

    def show_roles(self, roles: Sequence[RoleCard], chosen: str = "") -> None:
        """Fill it anew, and come to a role."""
        model = MatrixModel(self._lines, roles)
        model.setParent(self)
        self.setModel(model)
        self.selectionModel().currentChanged.connect(self._on_current)
        header = self.horizontalHeader()
        header.setMinimumSectionSize(_COLUMN_PX)
        header.setDefaultSectionSize(_COLUMN_PX)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        for place, line in enumerate(self._lines):
            self.setRowHeight(place, _GROUP_PX if line.is_group else _ROW_PX)
        ids = [role.id for role in roles]
        self.choose_column(ids.index(chosen) if chosen in ids else 0)

    def choose_column(self, column: int) -> None:
        """Come to a role, in the line where one is."""
        row = self.currentIndex().row()
        row = row if row >= 0 and not self._lines[row].is_group else 1
        self.setCurrentIndex(self.model().index(row, column))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the titles of the lines their share of a wide window."""
        super().resizeEvent(event)
        share = round(self.width() * _LABEL_SHARE)
        self.verticalHeader().setFixedWidth(max(_LABEL_PX, min(_LABEL_MOST_PX, share)))
        self.updateGeometries()

    def _on_current(self, now: QModelIndex, before: QModelIndex) -> None:
        model = self.model()
        if isinstance(model, MatrixModel) and now.isValid() and now.column() != before.column():
            self.role_chosen.emit(model.roles[now.column()])
