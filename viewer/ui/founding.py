"""First run: the practice, its security officer, and the recovery key on paper."""

from __future__ import annotations

import secrets

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QProgressBar, QStackedWidget, QWidget

from viewer.ui.parts.buttons import button
from viewer.ui.parts.fields import NewPassword, labelled, line
from viewer.ui.parts.groups import plain_group
from viewer.ui.parts.messages import Banner, error_words
from viewer.ui.parts.words import Words, column
from viewer.ui.ports import Door, Founding, RecoveryKey
from viewer.ui.recovery_card import RecoveryCard


class FoundingPage(QWidget):
    """Three steps: names and password, the recovery key, typing two of its groups back."""

    finished = Signal()
    restore_wanted = Signal()

    def __init__(self, door: Door, *, can_restore: bool = False) -> None:
        super().__init__()
        self._door = door
        self._key: RecoveryKey | None = None
        self._asked: tuple[int, int] = (0, 1)
        layout = column(self, gap=3)
        self.step = Words("", "section")
        self.title = Words("", "display", wrap=True)
        self.words = Words("", "lead-soft", wrap=True)
        self.error = Banner(can_close=False)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._make_names(can_restore=can_restore))
        for words in (self.step, self.title, self.words):
            layout.addWidget(words)
        layout.addSpacing(8)
        layout.addWidget(self._pages)
        layout.addWidget(self.error)
        self._head(
            1,
            self.tr("Set up this workstation"),
            self.tr("There is no practice here yet. You become its security officer."),
        )

    def _head(self, number: int, title: str, words: str) -> None:
        self.step.setText(self.tr("STEP {number} OF 3").format(number=number))
        self.title.setText(title)
        self.words.setText(words)
        self.error.hide()

    def _make_names(self, *, can_restore: bool) -> QWidget:
        page = QWidget()
        layout = column(page, gap=4)
        self.practice = line(self.tr("e.g. Dental practice Rosengarten"))
        self.officer = line(self.tr("e.g. Dr. Ines Beispiel"))
        self.password = NewPassword(
            self.tr("New password"), self._door.password_advice, self.officer.text
        )
        self.go = button(self.tr("Make the practice"), self.submit, "primary")
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.hide()
        layout.addWidget(labelled(self.tr("Practice"), self.practice))
        layout.addWidget(labelled(self.tr("Your name"), self.officer))
        layout.addWidget(labelled(self.tr("Your password"), self.password))
        layout.addWidget(self.go)
        layout.addWidget(self.busy)
        words = self.tr("Restore from a backup instead")
        self.restore = button(words, self.restore_wanted.emit, "link", touch=True)
        self.restore.setVisible(can_restore)
        layout.addWidget(self.restore, 0, Qt.AlignmentFlag.AlignLeft)
        for field in (self.practice, self.officer):
            field.textChanged.connect(self._look)
        self.password.changed.connect(self._look)
        self._look()
        return page

    def _look(self) -> None:
        named = bool(self.practice.text().strip() and self.officer.text().strip())
        self.go.setEnabled(named and self.password.is_accepted)

    def submit(self) -> None:
        """Make the practice."""
        self.busy.show()
        self.go.setEnabled(False)
        founding = Founding(
            self.practice.text().strip(), self.officer.text().strip(), self.password.text()
        )
        self._door.found(founding, self._show_key, self._on_fault)

    def _on_fault(self, fault: Exception) -> None:
        self.busy.hide()
        self._look()
        self.error.say(error_words(fault), "danger")

    def _show_key(self, key: RecoveryKey) -> None:
        self.password.field.wipe()
        self._key = key
        self._head(
            2,
            self.tr("Put this on paper"),
            self.tr(
                "The recovery key opens the store if every password is lost. It is shown once. "
                "Print it or write it down; keep it in a safe place outside this computer."
            ),
        )
        page = QWidget()
        layout = column(page, gap=4)
        self.card = RecoveryCard(key)
        layout.addWidget(self.card)
        self.written = button(self.tr("I have it on paper"), self._ask_back, "primary")
        layout.addWidget(self.written)
        self._turn_to(page)
        self.written.setFocus()

    def _ask_back(self) -> None:
        if self._key is None:
            return
        self.card.forget()
        count = len(self._key.groups)
        first = secrets.randbelow(count)
        second = (first + 1 + secrets.randbelow(count - 1)) % count
        self._asked = (min(first, second), max(first, second))
        self._head(
            3,
            self.tr("Read it back"),
            self.tr(
                "Type two groups from your paper, or scan its code, so that we know it can be read."
            ),
        )
        page = QWidget()
        layout = column(page, gap=4)
        self.answers = [line(), line()]
        for place, field in zip(self._asked, self.answers, strict=True):
            words = self.tr("Group {number}").format(number=place + 1)
            layout.addWidget(labelled(words, field))
            field.returnPressed.connect(self.check_answers)
        self.finish = button(self.tr("Finish"), self.check_answers, "primary")
        layout.addWidget(self.finish)
        again = button(self.tr("Show the key again"), self._again, "link", touch=True)
        layout.addWidget(again)
        self._turn_to(page)
        self.answers[0].setFocus()

    def _again(self) -> None:
        if self._key is not None:
            self._show_key(self._key)

    def check_answers(self) -> None:
        """Go on if both groups are right."""
        if self._key is None:
            return
        groups = [plain_group(group) for group in self._key.groups]
        given = [plain_group(field.text()) for field in self.answers]
        is_scanned = "".join(groups) in given
        if not is_scanned and given != [groups[place] for place in self._asked]:
            self.error.say(self.tr("That is not what was shown. Look at your paper again."))
            return
        self.finish.setEnabled(False)
        self._door.keep_proof(self._key, self._on_proved, self._on_not_kept)

    def _on_proved(self, _: object) -> None:
        self._key = None
        self.finished.emit()

    def _on_not_kept(self, fault: Exception) -> None:
        self.finish.setEnabled(True)
        self.error.say(error_words(fault), "danger")

    @property
    def asked_groups(self) -> tuple[int, int]:
        """The places of the two groups that are asked for, from 0."""
        return self._asked

    def _turn_to(self, page: QWidget) -> None:
        old = self._pages.currentWidget()
        self._pages.addWidget(page)
        self._pages.setCurrentWidget(page)
        if old is not None:
            self._pages.removeWidget(old)
            old.deleteLater()
