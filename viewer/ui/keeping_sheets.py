"""The sheets that the page of keeping opens: a limit, what would leave, a legal hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDoubleValidator
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from viewer.ui.parts.buttons import button
from viewer.ui.parts.cards import sentence, touchable
from viewer.ui.parts.fields import labelled, line
from viewer.ui.parts.messages import Banner, error_words
from viewer.ui.parts.words import Words, clear_layout, column, row
from viewer.ui.patient_finder import PatientFinder, patient_words
from viewer.ui.ports import Running
from viewer.ui.store_ports import FoundPatient, FreeingPlan, Keeping
from viewer.ui.wording import count_words, size_words

_GB = 1 << 30
_MOST_GB = 1_000_000.0
_WIDTH = 560


def _number(text: str) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return 0.0


def _size_field() -> QLineEdit:
    field = line("0")
    validator = QDoubleValidator(0.0, _MOST_GB, 2, field)
    validator.setNotation(QDoubleValidator.Notation.StandardNotation)
    field.setValidator(validator)
    return field


def _foot(no: QPushButton, yes: QPushButton) -> QHBoxLayout:
    foot = row(gap=2)
    foot.addStretch(1)
    foot.addWidget(no)
    foot.addWidget(yes)
    return foot


class QuotaSheet(QWidget):
    """The most that images may take; empty: no limit. `chosen(bytes or None)`."""

    chosen = Signal(object)
    done = Signal()

    def __init__(self, now_bytes: int | None) -> None:
        super().__init__()
        self.setFixedWidth(_WIDTH)
        layout = column(self, margin=5, gap=4)
        layout.addWidget(
            sentence(
                self.tr(
                    "Nothing leaves by that alone. Above the limit this page reminds you to free "
                    "up what a backup verifiably holds."
                )
            )
        )
        self.field = _size_field()
        if now_bytes:
            self.field.setText(f"{now_bytes / _GB:g}")
        layout.addWidget(labelled(self.tr("Limit in GB (empty: none)"), self.field))
        self.no = touchable(button(self.tr("Leave it"), self.done.emit, "quiet"))
        self.yes = touchable(button(self.tr("Set the limit"), self._choose, "primary"))
        self.field.returnPressed.connect(self._choose)
        layout.addLayout(_foot(self.no, self.yes))
        self.setFocusProxy(self.field)

    def _choose(self) -> None:
        wanted = _number(self.field.text())
        self.chosen.emit(round(wanted * _GB) or None)
        self.done.emit()


class FreeingSheet(QWidget):
    """An amount, and what would leave for it; `chosen(bytes)` once it was seen."""

    chosen = Signal(object)
    done = Signal()

    def __init__(self, store: Keeping, wanted_bytes: int, most_bytes: int) -> None:
        super().__init__()
        self.setFixedWidth(_WIDTH)
        self._store = store
        self._running: Running | None = None
        self.plan: FreeingPlan | None = None
        layout = column(self, margin=5, gap=4)
        self.field = _size_field()
        self.field.setText(f"{wanted_bytes / _GB:.2f}")
        most = self.tr("Free up, in GB (at most {size})").format(size=size_words(most_bytes))
        layout.addWidget(labelled(most, self.field))
        self._facts = column(gap=2)
        layout.addLayout(self._facts)
        self.message = Banner(can_close=False)
        layout.addWidget(self.message)
        self.no = touchable(button(self.tr("Leave them"), self.done.emit, "quiet"))
        self.yes = touchable(button(self.tr("Free up"), self._choose, "primary"))
        layout.addLayout(_foot(self.no, self.yes))
        self.field.editingFinished.connect(self.look)
        self.field.textEdited.connect(self._forget)
        self.setFocusProxy(self.field)
        self._is_waiting = False
        self._plan(wanted_bytes)

    def _forget(self) -> None:
        self.plan = None
        self.yes.setEnabled(False)

    def look(self) -> None:
        """Plan for what is typed, if that is something else."""
        wanted = round(_number(self.field.text()) * _GB)
        if self.plan is None and not self._is_waiting:
            self._plan(wanted)

    def _plan(self, wanted_bytes: int) -> None:
        self.yes.setEnabled(False)
        self._is_waiting = True
        running = self._store.plan_freeing(wanted_bytes, self._show, self._on_fault)
        self._running = running if self._is_waiting else None

    def _show(self, plan: FreeingPlan) -> None:
        self._is_waiting, self._running, self.plan = False, None, plan
        clear_layout(self._facts)
        images = count_words(plan.images, self.tr("image"), self.tr("images"))
        patients = count_words(plan.patients, self.tr("patient"), self.tr("patients"))
        size = size_words(plan.size_bytes)
        places = self.tr(" and ").join(f"“{label}”" for label in plan.places)
        if not plan.images:
            self._facts.addWidget(Words(self.tr("Nothing would leave for that."), "soft"))
            self.yes.setText(self.tr("Free up"))
            return
        told = self.tr("{images} of {patients}, {size}, those unseen for longest.").format(
            images=images, patients=patients, size=size
        )
        for words in (
            told,
            self.tr("They stay in the chart with their thumbnails, and come back when opened."),
            self.tr("{places} must be connected for that.").format(places=places),
        ):
            self._facts.addWidget(sentence(words))
        self.yes.setText(self.tr("Free {size}").format(size=size))
        self.yes.setEnabled(True)

    def _on_fault(self, fault: Exception) -> None:
        self._is_waiting, self._running = False, None
        self.message.say(error_words(fault), "danger")

    def _choose(self) -> None:
        if self.plan is not None:
            self.chosen.emit(self.plan.wanted_bytes)
            self.done.emit()

    def drop(self) -> None:
        """Wait for nothing any more."""
        if self._running is not None:
            self._running.drop()
            self._running = None


class HoldSheet(QWidget):
    """Who, and why; `chosen(FoundPatient, reason)`."""

    chosen = Signal(object, str)
    done = Signal()

    def __init__(self, find: Callable[[str], Sequence[FoundPatient]]) -> None:
        super().__init__()
        self.setFixedWidth(_WIDTH)
        self._patient: FoundPatient | None = None
        layout = column(self, margin=5, gap=4)
        layout.addWidget(
            sentence(
                self.tr(
                    "While a hold stands, nothing of the patient is erased, purged or sent away, "
                    "by anybody. A mark shows in the chart."
                )
            )
        )
        self.finder = PatientFinder(find)
        self.finder.chosen.connect(self._take)
        layout.addWidget(self.finder)
        self.who = Words("", "strong")
        self.who.hide()
        layout.addWidget(self.who)
        self.reason = line(self.tr("e.g. letter of the insurer of 2026-11-02"))
        layout.addWidget(labelled(self.tr("Reason"), self.reason))
        self.no = touchable(button(self.tr("Leave it"), self.done.emit, "quiet"))
        self.yes = touchable(button(self.tr("Put the hold"), self._choose, "primary"))
        layout.addLayout(_foot(self.no, self.yes))
        self.reason.textChanged.connect(self._look)
        self.reason.returnPressed.connect(self._choose)
        self.setFocusProxy(self.finder)
        self._look()

    def _take(self, patient: FoundPatient) -> None:
        self._patient = patient
        self.finder.hide()
        self.who.setText(patient_words(patient))
        self.who.show()
        self.reason.setFocus(Qt.FocusReason.OtherFocusReason)
        self._look()

    def _look(self) -> None:
        self.yes.setEnabled(self._patient is not None and bool(self.reason.text().strip()))

    def _choose(self) -> None:
        if self._patient is not None and self.yes.isEnabled():
            self.chosen.emit(self._patient, self.reason.text().strip())
            self.done.emit()
