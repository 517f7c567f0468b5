"""All patients, found as you type."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QLineEdit,
    QListView,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from viewer.ui import icons, theme
from viewer.ui.parts.people import paint_disc
from viewer.ui.parts.words import Words, column
from viewer.ui.ports import Chart, PatientRow
from viewer.ui.wording import date_words, isolated

_ROW = Qt.ItemDataRole.UserRole
_PAGE = 200
_HEIGHT = 60

AnyIndex = QModelIndex | QPersistentModelIndex


class PatientModel(QAbstractListModel):
    """Patients that match, fetched page by page."""

    def __init__(self, chart: Chart) -> None:
        super().__init__()
        self._chart = chart
        self._rows: list[PatientRow] = []
        self._text = ""
        self._is_all = False

    def search(self, text: str) -> None:
        """List who matches."""
        self.beginResetModel()
        self._text = text
        self._rows = list(self._chart.find_patients(text, count=_PAGE))
        self._is_all = len(self._rows) < _PAGE
        self.endResetModel()

    def clear(self) -> None:
        """List nobody."""
        self.beginResetModel()
        self._rows = []
        self._is_all = True
        self.endResetModel()

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return how many are listed so far."""
        return 0 if parent.isValid() else len(self._rows)

    def canFetchMore(self, parent: AnyIndex) -> bool:
        """Say whether there may be more."""
        return not parent.isValid() and not self._is_all

    def fetchMore(self, parent: AnyIndex) -> None:
        """List another page."""
        more = self._chart.find_patients(self._text, first=len(self._rows), count=_PAGE)
        self._is_all = len(more) < _PAGE
        if more:
            self.beginInsertRows(QModelIndex(), len(self._rows), len(self._rows) + len(more) - 1)
            self._rows.extend(more)
            self.endInsertRows()

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a row, or its words for a screen reader."""
        row = self._rows[index.row()]
        if role == _ROW:
            return row
        if role in {Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole}:
            return f"{isolated(row.patient.whole_name)}, {row.patient.chart_number}"
        return None


class PatientDelegate(QStyledItemDelegate):
    """Paints a patient: initials, name, birth date, chart number, last visit."""

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        """Return the height of a row."""
        return QSize(200, _HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """Paint a row."""
        row: PatientRow = index.data(_ROW)
        area = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_row_ground(painter, area, option)
        disc = QRectF(area.x() + 14, area.center().y() - 18, 36, 36)
        paint_disc(painter, disc, row.patient.display_name)
        self._paint_words(painter, area.adjusted(62, 0, -14, 0), row)
        painter.restore()

    def _paint_words(self, painter: QPainter, area: QRectF, row: PatientRow) -> None:
        look = theme.current()
        painter.setFont(look.font("body", weight=QFont.Weight.DemiBold))
        painter.setPen(look.colour("text"))
        paint_line(painter, area, 11, row.patient.whole_name)
        painter.setFont(look.font("small"))
        painter.setPen(look.colour("text_soft"))
        facts = [date_words(row.patient.birth_date), f"#{row.patient.chart_number}"]
        paint_line(painter, area, 31, " · ".join(facts))


def paint_row_ground(painter: QPainter, area: QRectF, option: QStyleOptionViewItem) -> None:
    """Paint the ground of a row: chosen, under the pointer, or plain."""
    look = theme.current()
    state = option.state
    inner = area.adjusted(6, 2, -6, -2)
    painter.setPen(Qt.PenStyle.NoPen)
    if state & QStyle.StateFlag.State_Selected:
        painter.setBrush(look.colour("accent_deep"))
        painter.drawRoundedRect(inner, look.size("radius"), look.size("radius"))
    elif state & QStyle.StateFlag.State_MouseOver:
        painter.setBrush(look.colour("hover"))
        painter.drawRoundedRect(inner, look.size("radius"), look.size("radius"))
    if state & QStyle.StateFlag.State_HasFocus:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(look.colour("accent"))
        painter.drawRoundedRect(inner, look.size("radius"), look.size("radius"))


def paint_line(painter: QPainter, area: QRectF, top: float, words: str) -> None:
    """Paint one elided line, `top` px below the area's top."""
    shown = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, int(area.width()))
    flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute
    where = QRectF(area.x(), area.y() + top, area.width(), 18)
    painter.drawText(where, int(flags | Qt.AlignmentFlag.AlignVCenter), shown)


class PatientList(QWidget):
    """A search field over the list; `chosen(Patient)` when one is picked."""

    chosen = Signal(object)

    def __init__(self, chart: Chart) -> None:
        super().__init__()
        self.model = PatientModel(chart)
        self.search = QLineEdit()
        self.search.setProperty("look", "search")
        self.search.setProperty("target", "touch")
        self.search.setPlaceholderText(self.tr("Find a patient"))
        self.search.setToolTip(self.tr("Name, chart number or birth date (Ctrl+F)"))
        self.search.setAccessibleName(self.tr("Find patient"))
        self.search.setClearButtonEnabled(True)
        self.search.addAction(icons.icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self.view = _make_view(self.tr("Patients"))
        self.view.setModel(self.model)
        self.view.setItemDelegate(PatientDelegate(self.view))
        self.nobody = Words("", "soft", wrap=True)
        self.nobody.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nobody.setMargin(20)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.view)
        self._stack.addWidget(self.nobody)
        layout = column(self, gap=2)
        layout.setContentsMargins(0, 12, 0, 0)
        head = column()
        head.setContentsMargins(12, 0, 12, 0)
        head.addWidget(self.search)
        layout.addLayout(head)
        layout.addWidget(self._stack, 1)
        self.search.textChanged.connect(self.refresh)
        self.search.installEventFilter(self)
        self.view.clicked.connect(self._choose)
        self.view.activated.connect(self._choose)

    def refresh(self) -> None:
        """Search again."""
        text = self.search.text().strip()
        self.model.search(text)
        some = self.model.rowCount() > 0
        self._stack.setCurrentWidget(self.view if some else self.nobody)
        if text:
            self.nobody.setText(self.tr("Nobody by that name, number or birth date."))
        else:
            self.nobody.setText(self.tr("No patients yet. Import images and they appear here."))
        if some and text:
            self.view.setCurrentIndex(self.model.index(0))

    def clear(self) -> None:
        """Forget everybody."""
        self.search.blockSignals(True)
        self.search.clear()
        self.search.blockSignals(False)
        self.model.clear()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrows and Enter in the field work on the list."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Down:
                self.view.setFocus()
                if not self.view.currentIndex().isValid():
                    self.view.setCurrentIndex(self.model.index(0))
                return True
            if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
                self._choose(self.view.currentIndex())
                return True
        return super().eventFilter(watched, event)

    def _choose(self, index: QModelIndex) -> None:
        if index.isValid():
            row: PatientRow = index.data(_ROW)
            self.chosen.emit(row.patient)

    @property
    def rows(self) -> Sequence[PatientRow]:
        """Who is listed."""
        model = self.model
        return [model.data(model.index(n), _ROW) for n in range(model.rowCount())]  # type: ignore[misc]


def _make_view(name: str) -> QListView:
    view = QListView()
    view.setUniformItemSizes(True)
    view.setMouseTracking(True)
    view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
    view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    view.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
    view.setAccessibleName(name)
    return view
