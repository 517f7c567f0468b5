"""Importing from inside the shell: begun, on its way, ended, cut off and gone on with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from viewer.app.jobs import Progress
from viewer.ui.import_report import ImportReport
from viewer.ui.incoming_ports import CutOff
from viewer.ui.offer_card import OfferCard
from viewer.ui.parts.messages import error_words
from viewer.ui.ports import ImportSummary, OnFault, OnProgress, Running
from viewer.ui.wording import isolated, when_words

if TYPE_CHECKING:
    from viewer.ui.shell import Shell

Begin = Callable[[Callable[[ImportSummary], None], OnFault, OnProgress], Running]
WAITING, ASIDE = "waiting", "quarantine"
"""The actions that open the review list and the files set aside."""


class ShellImport(QObject):
    """One import at a time. Main thread only."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell = shell
        self._running: Running | None = None
        self._offered: CutOff | None = None
        self._to_tell: ImportSummary | None = None
        self.card: OfferCard | None = None

    def ask(self) -> None:
        """Ask for files or folders, without a nested event loop."""
        from viewer.ui.folder_dialog import ask_to_import

        shell = self._shell
        shell.practice.chart.prepare_to_import()
        title = self.tr("Import files, a folder, a disc or an archive")
        ask_to_import(shell, title, shell.practice.incoming.last_folder(), self._on_chosen)

    def _on_chosen(self, paths: Sequence[Path]) -> None:
        if paths:
            self._shell.practice.incoming.keep_folder(paths[0].parent)
            self._shell.start_import(paths)

    def start(self, paths: Sequence[Path]) -> None:
        """Import files and folders; what names nobody is asked about."""
        from viewer.ui.shell_photos import take_files

        if take_files(self._shell, paths):
            return
        chart = self._shell.practice.chart
        self.begin(lambda done, fault, told: chart.import_paths(paths, done, fault, told))

    def begin(self, begin: Begin) -> None:
        """Begin an import, unless one is under way."""
        shell = self._shell
        if self._running is not None:
            shell.toast.say(self.tr("One import is still running."))
            return
        shell.progress.start()
        started = begin(self._on_done, self._on_fault, self._on_progress)
        if shell.progress.isVisible():
            self._running = started

    @property
    def is_busy(self) -> bool:
        """Whether one is under way, or what it did has still to be said."""
        return self._running is not None or self._to_tell is not None

    def cancel(self) -> None:
        """Ask the one under way to stop."""
        if self._running is not None:
            self._running.cancel()

    def drop(self) -> None:
        """Let go of the one under way: the window closes."""
        if self._running is not None:
            self._running.drop()
            self._running = None
        self._to_tell = None
        self._take_card_away()

    def show_summary(self, summary: ImportSummary) -> None:
        """Say what an import from a sheet did, and show its images."""
        self._on_done(summary)

    def _on_progress(self, progress: Progress) -> None:
        self._shell.progress.show_progress(progress)

    def _on_done(self, summary: ImportSummary) -> None:
        shell = self._shell
        self._running = None
        shell.progress.hide()
        shell.refresh()
        if shell.patient is not None:
            shell.visits = shell.practice.chart.visits(shell.patient.id)
            shell.timeline.show_visits(shell.visits)
        self._to_tell = summary
        QTimer.singleShot(0, self, self._tell)  # a turn of its own: lists and report take long

    def _tell(self) -> None:
        shell, summary = self._shell, self._to_tell
        self._to_tell = None
        if summary is None:  # the window was emptied meanwhile
            return
        if not summary.is_plain:
            self._show_report(summary)
            return
        shell.toast.say(self.tr("{count} images sealed").format(count=summary.images))
        shell.open_patient_by_id(summary.first_patient)

    def _on_fault(self, fault: Exception) -> None:
        shell = self._shell
        self._running = None
        shell.progress.hide()
        words = error_words(fault)
        if words:
            shell.workspace.banner.say(words, "danger")
        else:
            shell.toast.say(self.tr("Import cancelled. What was sealed before stays."))
        shell.refresh()

    def _show_report(self, summary: ImportSummary) -> None:
        shell = self._shell
        offers = shell.actions_bar
        content = ImportReport(
            summary,
            can_review=WAITING in offers.by_id and offers.is_offered(WAITING),
            can_see_aside=ASIDE in offers.by_id and offers.is_offered(ASIDE),
        )
        title = self.tr("Import cancelled") if summary.is_cancelled else self.tr("Import finished")
        sheet = shell.open_sheet(title, content)

        def leave_for(go: Callable[[], None]) -> Callable[[], None]:
            def leave() -> None:
                sheet.close_sheet()
                go()

            return leave

        show = leave_for(lambda: shell.open_patient_by_id(summary.first_patient))
        content.images_wanted.connect(show)
        content.waiting_wanted.connect(leave_for(lambda: offers.by_id[WAITING].trigger()))
        content.aside_wanted.connect(leave_for(lambda: offers.by_id[ASIDE].trigger()))

    # --- cut off -----------------------------------------------------------------------------

    def offer(self) -> None:
        """Say quietly that an import was cut off, where one was."""
        found = self._shell.practice.incoming.cut_off()
        if found is None or self.card is not None:
            return
        self._offered = found
        self.card = OfferCard(self._title(found), self._words(found), "import")
        self.card.set_words(self.tr("Go on"), self.tr("Forget it"))
        self.card.accepted.connect(self._go_on)
        self.card.declined.connect(self._forget)
        self._shell.workspace.empty.add_card(self.card)

    def _title(self, found: CutOff) -> str:
        if not found.total:
            return self.tr("An import was cut off before it got far")
        words = self.tr("An import stopped at {done} of {total} files")
        return words.format(done=found.done, total=found.total)

    def _words(self, found: CutOff) -> str:
        words = self.tr("Begun {when} by {who}. What was sealed is whole and stays.")
        return words.format(when=when_words(found.began), who=isolated(found.by))

    def _go_on(self) -> None:
        found, incoming = self._offered, self._shell.practice.incoming
        self._take_card_away()
        if found is not None:
            self.begin(lambda done, fault, told: incoming.go_on(found.id, done, fault, told))

    def _forget(self) -> None:
        if self._offered is not None:
            self._shell.practice.incoming.forget(self._offered.id)
        self._take_card_away()

    def _take_card_away(self) -> None:
        self._offered = None
        card, self.card = self.card, None
        if card is not None:
            card.take_away()
