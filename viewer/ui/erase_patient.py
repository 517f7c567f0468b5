"""Erasing a patient: found, looked at, and only then destroyed; a certificate is what is left."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QStackedWidget, QWidget
from shiboken6 import isValid

from viewer.app.jobs import Progress
from viewer.model.errors import BitewingError
from viewer.ui.folder_dialog import ask_where_to_save
from viewer.ui.parts.buttons import button
from viewer.ui.parts.cards import Card, WorkLine, sentence, touchable
from viewer.ui.parts.fields import labelled, line
from viewer.ui.parts.messages import Banner, error_words
from viewer.ui.parts.words import Words, box, column, row
from viewer.ui.patient_finder import PatientFinder, patient_words
from viewer.ui.ports import Running
from viewer.ui.store_page import Page, Surroundings
from viewer.ui.store_ports import ErasureDone, ErasurePlan, FoundPatient, Store
from viewer.ui.wording import count_words, date_words

_WIDTH = 620


class ErasePage(Page):
    """What erasing means; the sheet that does it is opened from here."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.card = Card(self.tr("Erase a patient"), "warning")
        self.card.show_fact(
            self.tr(
                "For a patient's right to be forgotten. Images, names and keys are destroyed here "
                "and in every backup within reach; nobody can bring them back."
            )
        )
        for words in (
            self.tr("You see what would be destroyed before anything is."),
            self.tr("A patient under legal hold cannot be erased."),
            self.tr("You get a signed certificate; it and the trail keep a number, and no name."),
        ):
            self.card.body.addWidget(sentence(words, "check"))
        tip = self.tr("Find the patient first; nothing is destroyed by that")
        verb = self.tr("Find the patient…")
        self.find_button = self.card.add_action(verb, self.open_sheet, "", tip)
        self.show_cards([self.card])
        self.summarise(self.tr("For good, with a certificate"))

    def open_sheet(self) -> None:
        """Open the sheet in which it is done."""
        panel = ErasePanel(self.store)
        sheet = self.around.open_sheet(self.tr("Erase a patient"), panel)
        sheet.closed.connect(panel.drop)
        panel.done.connect(sheet.close_sheet)
        panel.erased.connect(self.around.forget)


class ErasePanel(QWidget):
    """Find, look, confirm by typing the chart number; then the certificate."""

    done = Signal()
    erased = Signal(str)

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store
        self._running: Running | None = None
        self._is_busy = False
        self.plan: ErasurePlan | None = None
        self.result: ErasureDone | None = None
        self.is_saved = False
        self.setFixedWidth(_WIDTH)
        layout = column(self, margin=5, gap=4)
        self.step = Words("", "section")
        layout.addWidget(self.step)
        self.pages = QStackedWidget()
        layout.addWidget(self.pages)
        self.message = Banner(can_close=False)
        layout.addWidget(self.message)
        self.work = WorkLine()
        self.work.cancelled.connect(self._cancel)
        layout.addWidget(self.work)
        foot = row(gap=2)
        foot.addStretch(1)
        self.no = touchable(button(self.tr("Leave it"), self.done.emit, "quiet"))
        self.yes = touchable(button(self.tr("Erase for ever"), self.erase, "danger"))
        foot.addWidget(self.no)
        foot.addWidget(self.yes)
        layout.addLayout(foot)
        self.yes.hide()
        self.finder = PatientFinder(store.find_patients)
        self.finder.chosen.connect(self.look_at)
        first = QWidget()
        inner = column(first, gap=3)
        words = self.tr("Nothing is destroyed on this page. You see first what there is.")
        inner.addWidget(sentence(words))
        inner.addWidget(self.finder)
        inner.addStretch(1)
        self.reason, self.typed = line(self.tr("e.g. asked for on 2026-11-02")), line()
        self._turn_to(first, self.tr("STEP 1 OF 2  ·  WHO"))
        self.setFocusProxy(self.finder)

    def _turn_to(self, page: QWidget, step: str) -> None:
        self.step.setText(step)
        old = self.pages.currentWidget()
        self.pages.addWidget(page)
        self.pages.setCurrentWidget(page)
        if old is not None:
            self.pages.removeWidget(old)
            old.deleteLater()
        page.show()
        self.adjustSize()

    # --- look --------------------------------------------------------------------------------

    def look_at(self, patient: FoundPatient) -> None:
        """Ask what erasing this patient would destroy."""
        self.message.hide()
        self._is_busy = True
        self._running = self._store.plan_erasure(patient.id, self._show_plan, self._on_fault)

    def _show_plan(self, plan: ErasurePlan) -> None:
        self._running, self._is_busy, self.plan = None, False, plan
        page = QWidget()
        layout = column(page, gap=3)
        layout.addWidget(Words(patient_words(plan.patient), "name", wrap=True))
        layout.addWidget(self._facts_of(plan))
        if plan.holds:
            layout.addWidget(self._holds_of(plan))
            self._turn_to(page, self.tr("STEP 2 OF 2  ·  CANNOT BE ERASED"))
            self.no.setText(self.tr("Close"))
            self.no.setFocus()
            return
        for words in self._consequences(plan):
            layout.addWidget(sentence(words, "warning"))
        layout.addWidget(labelled(self.tr("Reason, for the certificate"), self.reason))
        asked = self.tr("Type the chart number {number} to confirm")
        layout.addWidget(
            labelled(asked.format(number=f"“{plan.patient.chart_number}”"), self.typed)
        )
        for field in (self.reason, self.typed):
            field.textChanged.connect(self._look)
        self._turn_to(page, self.tr("STEP 2 OF 2  ·  LOOK AND CONFIRM"))
        self.yes.show()
        self._look()
        self.reason.setFocus(Qt.FocusReason.OtherFocusReason)

    def _facts_of(self, plan: ErasurePlan) -> QWidget:
        frame = box("inset")
        grid = QGridLayout(frame)
        grid.setContentsMargins(16, 12, 16, 12)
        grid.setHorizontalSpacing(16)
        grid.setColumnStretch(1, 1)
        first, last = date_words(plan.first_visit), date_words(plan.last_visit)
        between = (
            first if first == last else self.tr("{first} to {last}").format(first=first, last=last)
        )
        facts = (
            (self.tr("Images"), str(plan.images)),
            (self.tr("Visits"), f"{plan.visits}  ·  {between}" if plan.visits else "0"),
            (self.tr("Backups"), ", ".join(plan.backups) or self.tr("none known")),
        )
        for place, (name, value) in enumerate(facts):
            grid.addWidget(Words(name, "soft"), place, 0)
            grid.addWidget(Words(value, "strong", wrap=True), place, 1)
        return frame

    def _holds_of(self, plan: ErasurePlan) -> QWidget:
        frame = box("doubt")
        layout = column(frame, margin=3, gap=2)
        words = self.tr("This patient is under legal hold: nothing may be removed.")
        layout.addWidget(sentence(words, "lock", "doubt"))
        for hold in plan.holds:
            told = self.tr("{reason}, by {by} on {day}").format(
                reason=hold.reason, by=hold.by, day=date_words(hold.since.astimezone().date())
            )
            layout.addWidget(Words(told, "body", wrap=True))
        return frame

    def _consequences(self, plan: ErasurePlan) -> list[str]:
        words = [self.tr("Nothing of this patient can ever be brought back, by anybody.")]
        if plan.out_of_reach:
            places = ", ".join(f"“{label}”" for label in plan.out_of_reach)
            words.append(
                self.tr(
                    "Not connected: {places}. They stay readable until they are connected and "
                    "keys are changed, or you declare them lost."
                ).format(places=places)
            )
        return words

    def _look(self) -> None:
        plan = self.plan
        self.yes.setEnabled(plan is not None and not self._is_busy and self._confirms(plan))

    def _confirms(self, plan: ErasurePlan) -> bool:
        """Whether a reason is given, the chart number is typed, and nothing forbids it."""
        wanted = plan.patient.chart_number or plan.patient.id
        is_typed = self.typed.text().strip() == wanted
        return is_typed and bool(self.reason.text().strip()) and not plan.holds

    # --- destroy -----------------------------------------------------------------------------

    def erase(self) -> None:
        """Destroy it."""
        if self.plan is None or self._is_busy or not self._confirms(self.plan):
            return
        self.message.hide()
        self._is_busy = True
        self.yes.setEnabled(False)
        self.no.setEnabled(False)
        self.work.show_progress(Progress(0, 0, self.tr("Erasing")))
        self._running = self._store.erase(
            self.plan.patient.id,
            self.reason.text().strip(),
            self._on_erased,
            self._on_fault,
            self.work.show_progress,
        )

    def _cancel(self) -> None:
        if self._running is not None:
            self._running.cancel()

    def _on_erased(self, result: ErasureDone) -> None:
        self._running, self._is_busy = None, False
        if self.plan is not None:
            self.erased.emit(self.plan.patient.id)
        self.plan, self.result = None, result
        self.work.show_progress(None)
        self.yes.hide()
        self.no.setEnabled(True)
        self.no.setText(self.tr("Close"))
        self.reason.clear()
        self.typed.clear()
        page = QWidget()
        layout = column(page, gap=3)
        done = self.tr("Destroyed: {images}, {objects}.").format(
            images=count_words(result.images, self.tr("image"), self.tr("images")),
            objects=count_words(
                result.objects, self.tr("sealed object"), self.tr("sealed objects")
            ),
        )
        layout.addWidget(sentence(done, "check", "verified"))
        for label in result.backups_done:
            words = self.tr("Gone from “{label}”, too.").format(label=label)
            layout.addWidget(sentence(words, "check", "verified"))
        for label in result.backups_pending:
            words = self.tr("Still in “{label}”: connect it, then change keys.").format(label=label)
            layout.addWidget(sentence(words, "warning", "doubt"))
        words = self.tr(
            "The certificate proves when, by whom and why; of the patient it has a number alone. "
            "It is kept nowhere else: save it to a file."
        )
        layout.addWidget(sentence(words))
        self.save = button(self.tr("Save the certificate…"), self.ask_where, "primary")
        layout.addWidget(self.save, 0, Qt.AlignmentFlag.AlignLeft)
        self._turn_to(page, self.tr("DONE"))
        self.save.setFocus()

    def ask_where(self) -> None:
        """Ask where the certificate goes."""
        ask_where_to_save(
            self, self.tr("Save the certificate"), "certificate-of-destruction.json", self.save_to
        )

    def save_to(self, path: Path) -> None:
        """Write it."""
        if self.result is None:
            return
        try:
            self._store.save_certificate(self.result.certificate, path)
        except BitewingError as fault:
            self.message.say(error_words(fault), "danger")
            return
        self.is_saved = True
        self.message.say(self.tr("Saved. Keep it with the practice's papers."), "verified")

    def _on_fault(self, fault: Exception) -> None:
        self._running, self._is_busy = None, False
        self.work.show_progress(None)
        self.no.setEnabled(True)
        words = error_words(fault) or self.tr("Stopped. What was destroyed stays destroyed.")
        self.message.say(words, "danger")
        self._look()

    def drop(self) -> None:
        """Forget who it was about and what was typed, and wait for nothing."""
        if self._running is not None:
            self._running.drop()
            self._running = None
        self.plan = None
        for field in (self.reason, self.typed, self.finder.field):
            if isValid(field):
                field.clear()
