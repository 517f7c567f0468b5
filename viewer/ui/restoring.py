"""At the door: bringing a store back from a backup, with the recovery sheet."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QComboBox, QPushButton, QStackedWidget, QWidget
from shiboken6 import isValid

from viewer.app.jobs import Progress
from viewer.ui.folder_dialog import ask_folder
from viewer.ui.parts.buttons import button
from viewer.ui.parts.cards import WorkLine, sentence, touchable
from viewer.ui.parts.fields import NewPassword, PasswordField, labelled, line
from viewer.ui.parts.groups import GroupFields
from viewer.ui.parts.messages import Banner, error_words
from viewer.ui.parts.words import Words, column, row
from viewer.ui.ports import Door, Running
from viewer.ui.second_step import code_line
from viewer.ui.store_ports import (
    RECOVERY_GROUPS,
    BackupFolder,
    OpenedBackup,
    Restored,
    RestoreOrder,
    Restoring,
    Snapshot,
)
from viewer.ui.wording import count_words, size_words, when_words

_SHOWN = 6


class RestorePage(QWidget):
    """Four steps: the folder, the sheet, which moment, who may log in.

    Parameters
    ----------
    replaces : bool
        A store that is here is set aside first; it is not deleted.
    """

    finished = Signal()
    left = Signal()

    def __init__(self, door: Door, restoring: Restoring, *, replaces: bool = False) -> None:
        super().__init__()
        self._door, self._port, self._replaces = door, restoring, replaces
        self._running: Running | None = None
        self.folder: BackupFolder | None = None
        self.backup: OpenedBackup | None = None
        self.snapshot: Snapshot | None = None
        self._recovery = ""
        layout = column(self, gap=3)
        self.step = Words("", "section")
        self.title = Words("", "display", wrap=True)
        self.words = Words("", "lead-soft", wrap=True)
        for part in (self.step, self.title, self.words):
            layout.addWidget(part)
        layout.addSpacing(8)
        self.pages = QStackedWidget()
        layout.addWidget(self.pages)
        self.message = Banner(can_close=False)
        layout.addWidget(self.message)
        self.work = WorkLine()
        self.work.cancelled.connect(self._cancel)
        layout.addWidget(self.work)
        self.back = button(self.tr("Back"), self._leave, "link", touch=True)
        layout.addWidget(self.back, 0, Qt.AlignmentFlag.AlignLeft)
        self.back.setVisible(not restoring.is_unfinished)
        self._show_folder()

    def _head(self, number: int, title: str, words: str, page: QWidget) -> None:
        self.step.setText(self.tr("RESTORE  ·  STEP {number} OF 4").format(number=number))
        self.title.setText(title)
        self.words.setText(words)
        self.words.setVisible(bool(words))
        self.message.hide()
        old = self.pages.currentWidget()
        self.pages.addWidget(page)
        self.pages.setCurrentWidget(page)
        if old is not None:
            self.pages.removeWidget(old)
            old.deleteLater()

    # --- the folder --------------------------------------------------------------------------

    def _show_folder(self) -> None:
        page = QWidget()
        layout = column(page, gap=3)
        told = [self.tr("Connect the disk or the network folder that holds the backup.")]
        if self._port.is_unfinished:
            told.append(
                self.tr("A restore was begun and not finished: the same steps go on from there.")
            )
        elif self._replaces:
            told.append(self.tr("The store that is here is set aside; nothing is deleted."))
        for words in told:
            layout.addWidget(sentence(words))
        self.choose = button(self.tr("Choose the backup's folder…"), self.ask_folder, "primary")
        layout.addWidget(self.choose)
        self._head(
            1,
            self.tr("Restore from a backup"),
            self.tr("You need the backup and the recovery sheet; no password opens it."),
            page,
        )
        self.choose.setFocus()

    def ask_folder(self) -> None:
        """Ask where the backup is."""
        ask_folder(self, self.tr("The backup's folder"), self.look_at)

    def look_at(self, folder: Path) -> None:
        """Look what a folder holds."""
        self.message.hide()
        self._running = self._port.look_at_backup(folder, self._show_sheet, self._on_fault)

    # --- the sheet ---------------------------------------------------------------------------

    def _show_sheet(self, found: BackupFolder) -> None:
        self.folder = found
        page = QWidget()
        layout = column(page, gap=3)
        self.groups = GroupFields(RECOVERY_GROUPS)
        layout.addWidget(self.groups)
        self.open = button(self.tr("Open the backup"), self.open_backup, "primary")
        layout.addWidget(self.open)
        self.groups.changed.connect(lambda: self.open.setEnabled(self.groups.is_complete))
        self.groups.submitted.connect(self.open.click)
        self.open.setEnabled(False)
        count = count_words(found.snapshots, self.tr("snapshot"), self.tr("snapshots"))
        words = self.tr("There is a backup with {count}. Type the groups from the recovery sheet.")
        self._head(2, self.tr("The recovery sheet"), words.format(count=count), page)
        self.groups.setFocus()

    def open_backup(self) -> None:
        """Open it with what was typed."""
        if self.folder is None:
            return
        self.open.setEnabled(False)
        self.message.hide()
        self._recovery = self.groups.text()
        self._running = self._port.open_backup(
            self.folder.path, self._recovery, self._show_snapshots, self._on_sheet_fault
        )

    def _on_sheet_fault(self, fault: Exception) -> None:
        self.open.setEnabled(True)
        self._on_fault(fault)

    # --- which moment ------------------------------------------------------------------------

    def _show_snapshots(self, backup: OpenedBackup) -> None:
        self.backup = backup
        page = QWidget()
        layout = column(page, gap=2)
        self._choices = QButtonGroup(page)
        self.rows: list[QPushButton] = []
        for snapshot in sorted(backup.snapshots, key=lambda each: -each.number)[:_SHOWN]:
            made = self._row(snapshot)
            self._choices.addButton(made)
            self.rows.append(made)
            layout.addWidget(made)
        layout.addSpacing(8)
        self.take = button(self.tr("Take this one"), self._show_officer, "primary")
        layout.addWidget(self.take)
        self.take.setEnabled(bool(self.rows))
        if self.rows:
            self.rows[0].click()
        self._head(
            3,
            backup.practice_name,
            self.tr("Which moment shall be brought back? What came after it is not in it."),
            page,
        )
        self.take.setFocus()

    def _row(self, snapshot: Snapshot) -> QPushButton:
        objects = count_words(snapshot.objects, self.tr("object"), self.tr("objects"))
        words = f"{when_words(snapshot.made)}  ·  {objects}  ·  {size_words(snapshot.size_bytes)}"
        made = button(words, lambda: self._choose(snapshot), "row", "calendar")
        made.setCheckable(True)
        return made

    def _choose(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot

    # --- who may log in ----------------------------------------------------------------------

    def _show_officer(self) -> None:
        page = QWidget()
        layout = column(page, gap=4)
        self.officer = QComboBox()
        self.officer.setProperty("target", "touch")
        self.officer.addItems(list(self.backup.officers) if self.backup else [])
        self.password = NewPassword(
            self.tr("New password"), self._door.password_advice, self.officer.currentText
        )
        self.go = button(self.tr("Restore"), self.restore, "primary")
        layout.addWidget(labelled(self.tr("Who are you?"), self.officer))
        layout.addWidget(labelled(self.tr("Your new password"), self.password))
        layout.addWidget(self.go)
        self.password.changed.connect(self._look)
        self._head(
            4,
            self.tr("Who can log in afterwards"),
            self.tr("You get a new password now; you give the others theirs under Accounts."),
            page,
        )
        self._look()
        self.officer.setFocus()

    def _look(self) -> None:
        self.go.setEnabled(self.password.is_accepted and bool(self.officer.currentText()))

    def restore(self) -> None:
        """Bring it back."""
        if self.folder is None or self.snapshot is None:
            return
        order = RestoreOrder(
            self.folder.path,
            self._recovery,
            self.snapshot.number,
            self.officer.currentText(),
            self.password.text(),
            self._replaces,
        )
        self.message.hide()
        self._set_busy(True)
        self._running = self._port.restore(
            order, self._on_restored, self._on_restore_fault, self.work.show_progress
        )

    def _set_busy(self, busy: bool) -> None:
        for part in (self.go, self.officer, self.password, self.back):
            part.setEnabled(not busy)
        if busy:
            self.work.show_progress(Progress(0, 0, self.tr("Restoring")))
        else:
            self.work.show_progress(None)

    def _cancel(self) -> None:
        if self._running is not None:
            self._running.cancel()

    def _on_restore_fault(self, fault: Exception) -> None:
        self._set_busy(False)
        self._look()
        words = error_words(fault)
        if words:
            self.message.say(words, "danger")
        else:
            self.message.say(self.tr("Stopped. The next try goes on from there."), "doubt")

    def _on_restored(self, done: Restored) -> None:
        self._set_busy(False)
        self.forget()
        page = QWidget()
        layout = column(page, gap=3)
        objects = count_words(done.objects, self.tr("object"), self.tr("objects"))
        told = self.tr("{objects}, {size}, each opened to its last byte.").format(
            objects=objects, size=size_words(done.size_bytes)
        )
        layout.addWidget(sentence(told, "check", "verified"))
        if done.lost:
            count = count_words(done.lost, self.tr("object is"), self.tr("objects are"))
            lost = self.tr("{count} not whole in the backup. Check the store; try another backup.")
            layout.addWidget(sentence(lost.format(count=count), "warning", "doubt"))
        words = self.tr("Change keys soon: whoever has the old computer still holds the old ones.")
        layout.addWidget(sentence(words))
        self.done = button(self.tr("Log in"), self.finished.emit, "primary")
        layout.addWidget(self.done)
        self.back.hide()
        self._head(4, self.tr("The store is back"), "", page)
        self.step.setText(self.tr("RESTORE  ·  DONE"))
        self.done.setFocus()

    # --- leaving -----------------------------------------------------------------------------

    def _on_fault(self, fault: Exception) -> None:
        self.message.say(error_words(fault), "danger")

    def _leave(self) -> None:
        self.drop()
        self.left.emit()

    def forget(self) -> None:
        """Forget what was typed."""
        self._recovery = ""
        self.backup = None
        typed = (getattr(self, "groups", None), getattr(self, "password", None))
        for part in typed:
            if part is None or not isValid(part):
                continue
            if isinstance(part, NewPassword):
                part.field.wipe()
            else:
                part.wipe()

    def drop(self) -> None:
        """Forget what was typed and what is under way."""
        self.forget()
        if self._running is not None:
            self._running.drop()
            self._running = None


class SetBackPage(QWidget):
    """The store is older than it was: what that means, and the two ways on."""

    restore_wanted = Signal()
    accepted = Signal()
    left = Signal()

    def __init__(self, door: Door, restoring: Restoring) -> None:
        super().__init__()
        self._port = restoring
        self._running: Running | None = None
        layout = column(self, gap=3)
        layout.addWidget(Words(self.tr("The store is older than it was"), "display", wrap=True))
        layout.addWidget(
            Words(
                self.tr(
                    "Somebody, or a backup program, put an old copy of the store's files in place "
                    "of the newer ones. Images that came later may be missing. Nobody can work "
                    "with it until you decide. An alarm is in the trail."
                ),
                "lead-soft",
                wrap=True,
            )
        )
        layout.addSpacing(8)
        layout.addWidget(sentence(self.tr("If nobody of you did this, restore from a backup.")))
        self.restore = button(
            self.tr("Restore from a backup…"), self.restore_wanted.emit, "primary"
        )
        layout.addWidget(self.restore)
        layout.addSpacing(8)
        layout.addWidget(
            sentence(
                self.tr(
                    "If you put it back yourself, go on with it. Your name and the reason are "
                    "signed and stay in the trail."
                )
            )
        )
        self.who = QComboBox()
        self.who.setProperty("target", "touch")
        self._officers = [person for person in door.people() if person.is_officer]
        for person in self._officers:
            self.who.addItem(person.display_name, person.id)
        self.password = PasswordField(self.tr("Password"))
        self.reason = line(self.tr("e.g. the disk was replaced by its image of last week"))
        layout.addWidget(labelled(self.tr("Security officer"), self.who))
        layout.addWidget(labelled(self.tr("Password"), self.password))
        self.code = code_line(self.tr("From the phone, or a recovery code"))
        self._code_part = labelled(self.tr("Code"), self.code)
        layout.addWidget(self._code_part)
        layout.addWidget(labelled(self.tr("Reason"), self.reason))
        self.message = Banner(can_close=False)
        layout.addWidget(self.message)
        foot = row(gap=2)
        self.accept = touchable(button(self.tr("Go on with the older one"), self.go_on, "danger"))
        self.back = button(self.tr("Back"), self._leave, "link", touch=True)
        foot.addWidget(self.accept)
        foot.addStretch(1)
        foot.addWidget(self.back)
        layout.addLayout(foot)
        self.password.edited.connect(self._look)
        self.reason.textChanged.connect(self._look)
        self.who.currentIndexChanged.connect(self._look)
        self._look()
        self.setFocusProxy(self.restore)

    def _look(self) -> None:
        chosen = self.who.currentIndex()
        has_factor = chosen >= 0 and bool(self._officers[chosen].second_factors)
        self._code_part.setVisible(has_factor)
        ready = bool(self.password.text() and self.reason.text().strip())
        self.accept.setEnabled(ready and self.who.currentIndex() >= 0)

    def go_on(self) -> None:
        """Authorise what lies there."""
        self.accept.setEnabled(False)
        self.message.hide()
        self._running = self._port.accept_older(
            self.who.currentData(),
            self.password.text(),
            self.reason.text().strip(),
            self._on_accepted,
            self._on_fault,
            self.code.text().strip(),
        )

    def _on_accepted(self) -> None:
        self._forget_typed()
        self.accepted.emit()

    def _on_fault(self, fault: Exception) -> None:
        self._forget_typed()
        self._look()
        self.message.say(error_words(fault), "danger")

    def _forget_typed(self) -> None:
        self.password.wipe()
        self.code.clear()

    def _leave(self) -> None:
        self.drop()
        self.left.emit()

    def drop(self) -> None:
        """Forget what was typed and what is under way."""
        self._forget_typed()
        if self._running is not None:
            self._running.drop()
            self._running = None
