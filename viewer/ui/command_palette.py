"""Ctrl+K: every command and every patient in one field."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import (
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from viewer.model.patient import Patient
from viewer.ui import icons, theme
from viewer.ui.parts.words import column
from viewer.ui.ports import Chart
from viewer.ui.shell_actions import ShellActions
from viewer.ui.wording import date_words

_DO = Qt.ItemDataRole.UserRole
_KEY = Qt.ItemDataRole.UserRole + 1
_MOST_PATIENTS = 6


class _WithKey(QStyledItemDelegate):
    """Paints an entry with its key, or a patient's dates, at the right."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint an entry."""
        super().paint(painter, option, index)
        look = theme.current()
        painter.save()
        painter.setFont(look.font("small"))
        painter.setPen(look.colour("text_soft"))
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        area = option.rect.adjusted(0, 0, -16, 0)
        painter.drawText(area, int(flags), str(index.data(_KEY) or ""))
        painter.restore()


class CommandPalette(QWidget):
    """The content of a sheet. `done` asks to close it; what was picked runs after that."""

    done = Signal(object)

    def __init__(
        self, actions: ShellActions, chart: Chart, on_patient: Callable[[Patient], None]
    ) -> None:
        super().__init__()
        self._actions, self._chart, self._on_patient = actions, chart, on_patient
        self.setFixedSize(560, 420)
        layout = column(self, margin=4, gap=2)
        self.field = QLineEdit()
        self.field.setProperty("target", "touch")
        self.field.setPlaceholderText(self.tr("Type a command, a name or a chart number"))
        self.field.setAccessibleName(self.tr("Search or command"))
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Matches"))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setItemDelegate(_WithKey(self.list))
        layout.addWidget(self.field)
        layout.addWidget(self.list, 1)
        self.field.textChanged.connect(self.refresh)
        self.field.returnPressed.connect(self._run_current)
        self.list.itemClicked.connect(self._run)
        self.field.installEventFilter(self)
        # What can be done is asked before the sheet blocks the shell's keys.
        self._possible = [i for i in actions.by_id if actions.can(i) and i != "palette"]
        self.refresh()

    def refresh(self) -> None:
        """List what matches."""
        text = self.field.text().strip().casefold()
        self.list.clear()
        for action_id in self._possible:
            words = self._actions.by_id[action_id].text()
            if all(part in f"{words} {action_id}".casefold() for part in text.split()):
                self._add_action(action_id)
        if text:
            for found in self._chart.find_patients(text, count=_MOST_PATIENTS):
                self._add_patient(found.patient)
        self.list.setCurrentRow(0)

    def _add_action(self, action_id: str) -> None:
        action = self._actions.by_id[action_id]
        key = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        entry = QListWidgetItem(action.icon(), action.text())
        entry.setData(_KEY, key)
        entry.setData(_DO, lambda: action.trigger())
        self.list.addItem(entry)

    def _add_patient(self, patient: Patient) -> None:
        entry = QListWidgetItem(icons.icon("user"), patient.whole_name)
        entry.setData(_KEY, f"{date_words(patient.birth_date)}  #{patient.chart_number}")
        entry.setData(_DO, lambda: self._on_patient(patient))
        self.list.addItem(entry)

    def _run_current(self) -> None:
        self._run(self.list.currentItem())

    def _run(self, entry: QListWidgetItem | None) -> None:
        if entry is not None:
            self.done.emit(entry.data(_DO))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrows in the field move through the list."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()), 0)
            if step:
                last = self.list.count() - 1
                self.list.setCurrentRow(min(max(self.list.currentRow() + step, 0), last))
                return True
        return super().eventFilter(watched, event)
