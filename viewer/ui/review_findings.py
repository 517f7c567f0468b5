"""What is unusual, gravest first: the reason in words, and signing it off with a note."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QFrame, QWidget

from viewer.app.review.findings import Finding, SignedOff
from viewer.ui.parts.buttons import button
from viewer.ui.parts.cards import touchable
from viewer.ui.parts.fields import line
from viewer.ui.parts.flow import FlowLayout
from viewer.ui.parts.messages import Banner, error_words, picture
from viewer.ui.parts.words import Words, box, clear_layout, column, row
from viewer.ui.ports import Running
from viewer.ui.review_charts import GravityMark, gravity
from viewer.ui.review_page import (
    Around,
    Chips,
    ReviewPage,
    empty_words,
    page_column,
    scrolled,
)
from viewer.ui.wording import count_words, tr, when_words

_SHOWN = 40
_NAMES_SHOWN = 4


def ready_notes() -> tuple[str, ...]:
    """Notes that one tap signs with; each says what the reviewer did to know."""
    return (
        tr("Asked; part of their work"),
        tr("Asked; it was a mistake"),
        tr("Followed up with them"),
    )


class FindingsPage(ReviewPage):
    """The ranked list, with chips for what is open and for people."""

    def __init__(self, around: Around) -> None:
        super().__init__(around)
        layout = page_column(self)
        self.chips = Chips()
        self.chips.changed.connect(self._on_chips)
        layout.addWidget(self.chips)
        self._holder = QWidget()
        self._list = column(self._holder, gap=2)
        self._list.setContentsMargins(0, 0, 8, 0)
        layout.addWidget(scrolled(self._holder), 1)
        self.cards: list[FindingCard] = []
        self._limit = _SHOWN
        self._expects_chips = True

    def refresh(self) -> None:
        """List the findings anew."""
        if self.review is None:
            return
        self._make_chips()
        self._list_again()
        self.summarise()

    def summarise(self) -> None:
        """Say in the rail how many are open."""
        if self.review is None:
            return
        count = self.review.open_findings
        grave = sum(1 for f in self.review.findings if f.is_open and gravity(f.score) > 1)
        if not count:
            self.summarised.emit(tr("All signed off"), "verified")
        elif grave:
            words = tr("{count} open, {grave} grave").format(count=count, grave=grave)
            self.summarised.emit(words, "danger")
        else:
            self.summarised.emit(tr("{count} open").format(count=count), "doubt")

    def show_person(self, user_id: str) -> None:
        """Show one person's findings alone."""
        for chip_id, chip in self.chips.chips.items():
            chip.setChecked(chip_id in {"open", "signed", user_id})

    def _make_chips(self) -> None:
        findings = self.review.findings if self.review else ()
        people = {f.user_id or "program": f.who or tr("The program") for f in findings}
        chips = {"open": tr("Open"), "signed": tr("Signed off"), **people}
        before = set(self.around.keeper.chosen("findings", "open").split())
        self.chips.show_chips(chips, before & set(chips) or {"open"})

    def _on_chips(self) -> None:
        self.around.keeper.choose("findings", " ".join(sorted(self.chips.on)))
        self._limit = _SHOWN
        self._list_again()

    def _wanted(self) -> list[Finding]:
        on = self.chips.on
        people = on - {"open", "signed"}
        return [
            f
            for f in (self.review.findings if self.review else ())
            if ("open" if f.is_open else "signed") in on
            and (not people or (f.user_id or "program") in people)
        ]

    def _list_again(self) -> None:
        clear_layout(self._list)
        self.cards.clear()
        wanted = self._wanted()
        for finding in wanted[: self._limit]:
            card = FindingCard(finding, self._names(finding), self.around)
            self.cards.append(card)
            self._list.addWidget(card)
        if not wanted:
            self._list.addWidget(self._nothing(), 1)
            return
        if len(wanted) > self._limit:
            words = tr("Show {count} more").format(count=len(wanted) - self._limit)
            self._list.addWidget(touchable(button(words, self._show_more, "quiet")))
        self._list.addStretch(1)

    def _nothing(self) -> QWidget:
        if self.review is not None and self.review.findings:
            return empty_words(
                tr("Nothing open here"),
                tr("What was signed off is under “Signed off”."),
            )
        return empty_words(
            tr("Nothing unusual in this period"),
            tr("That is what the rules see. Read the timeline now and then all the same."),
        )

    def _show_more(self) -> None:
        self._limit += _SHOWN
        self._list_again()

    def _names(self, finding: Finding) -> str:
        shown = [self.name_of(each) for each in finding.patients[:_NAMES_SHOWN]]
        more = len(finding.patients) - len(shown)
        if more > 0:
            shown.append(tr("{count} more").format(count=more))
        return "; ".join(shown)

    def drop(self) -> None:
        """Wait for no sign-off any more."""
        for card in self.cards:
            card.signing.drop()

    def forget(self) -> None:
        """Let go of the findings."""
        super().forget()
        clear_layout(self._list)
        self.cards.clear()


class FindingCard(QFrame):
    """One finding: how grave, what, why, who and when; and its sign-off."""

    def __init__(self, finding: Finding, names: str, around: Around) -> None:
        super().__init__()
        self.finding = finding
        self.setProperty("surface", "inset")
        outer = row(self, gap=3)
        outer.setContentsMargins(16, 12, 12, 12)
        self.mark = GravityMark(gravity(finding.score))
        self.tick = picture("check", "verified", 24)
        for mark in (self.mark, self.tick):
            outer.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        self._show_mark(finding)
        inner = column(gap=1)
        outer.addLayout(inner, 1)
        self.title = Words(finding.rule.value.capitalize(), "name")
        inner.addWidget(self.title)
        self.reason = Words(finding.reason, "body", wrap=True)
        inner.addWidget(self.reason)
        inner.addWidget(Words(self._facts(names), "soft", wrap=True))
        self.signing = SignOffLine(around, finding)
        self.signing.signed_off.connect(self._show_mark)
        inner.addWidget(self.signing)
        self.setAccessibleName(f"{finding.rule.value}. {finding.reason}")
        outer.addWidget(self.signing.button, 0, Qt.AlignmentFlag.AlignTop)

    def _show_mark(self, finding: Finding) -> None:
        self.mark.setVisible(finding.is_open)
        self.tick.setVisible(not finding.is_open)

    def _facts(self, names: str) -> str:
        finding = self.finding
        parts = [finding.who or tr("The program"), when_words(finding.first)]
        parts.append(count_words(len(finding.refs), tr("entry"), tr("entries")))
        if names:
            parts.append(names)
        if finding.also:
            rules = ", ".join(rule.value for rule in finding.also)
            parts.append(tr("on the same day: {rules}").format(rules=rules))
        return "  ·  ".join(parts)


class SignOffLine(QWidget):
    """Opens at “Sign off…”: ready notes that sign with one tap, and a line for one's own words."""

    signed_off = Signal(object)

    def __init__(self, around: Around, finding: Finding) -> None:
        super().__init__()
        self._around, self.finding = around, finding
        self._running: Running | None = None
        self.button = touchable(button(tr("Sign off…"), self.open))
        self.button.setAccessibleName(tr("Sign off: {reason}").format(reason=finding.reason))
        layout = column(self, gap=2)
        layout.setContentsMargins(0, 6, 0, 0)
        self.signed = Words("", "verified", wrap=True)
        layout.addWidget(self.signed)
        self.form = box("clear")
        layout.addWidget(self.form)
        self._fill_form()
        self.message = Banner()
        layout.addWidget(self.message)
        self._show(finding.signed)

    def _fill_form(self) -> None:
        form = column(self.form, gap=2)
        ready = QWidget()
        flow = FlowLayout(ready)
        self.ready = [self._ready_chip(words) for words in ready_notes()]
        for chip in self.ready:
            flow.addWidget(chip)
        form.addWidget(ready)
        own = row(gap=2)
        translate = QCoreApplication.translate
        self.note = line(translate("SignOffLine", "Or say in a few words what you found out"))
        self.note.setAccessibleName(translate("SignOffLine", "Note of the sign-off"))
        self.note.returnPressed.connect(self._sign_own)
        self.note.textChanged.connect(self._look)
        self.go = touchable(button(translate("SignOffLine", "Sign off"), self._sign_own))
        self.leave = touchable(
            button(translate("SignOffLine", "Leave it"), self.close_form, "quiet")
        )
        own.addWidget(self.note, 1)
        own.addWidget(self.go)
        own.addWidget(self.leave)
        form.addLayout(own)
        self._look()

    def _ready_chip(self, words: str) -> QWidget:
        chip = button(words, lambda: self.sign(words), "chip", touch=True)
        chip.setAccessibleName(tr("Sign off with: {words}").format(words=words))
        return chip

    def _look(self) -> None:
        self.go.setEnabled(len(self.note.text().strip()) > 2)

    def _show(self, signed: SignedOff | None) -> None:
        self.form.hide()
        self.message.hide()
        self.button.setVisible(signed is None)
        self.signed.setVisible(signed is not None)
        self.setVisible(signed is not None)
        if signed is not None:
            own = tr(", about themselves since nobody else may") if signed.own else ""
            self.signed.setText(
                tr("Signed off by {by}, {when}{own}: {note}").format(
                    by=signed.by, when=when_words(signed.when), own=own, note=signed.note
                )
            )

    def open(self) -> None:
        """Ask for a note."""
        self.form.show()
        self.show()
        self.button.hide()
        self.note.setFocus()

    def close_form(self) -> None:
        """Leave it open."""
        self.form.hide()
        self.hide()
        self.button.show()

    def _sign_own(self) -> None:
        if self.go.isEnabled():
            self.sign(self.note.text().strip())

    def sign(self, note: str) -> None:
        """Sign it off."""
        self.form.setEnabled(False)
        self._running = self._around.desk.sign_off(self.finding, note, self._done, self._fail)

    def _done(self, finding: Finding) -> None:
        self.form.setEnabled(True)
        self._show(finding.signed)
        self.signed_off.emit(finding)
        self._around.signed(finding)

    def _fail(self, fault: Exception) -> None:
        self.form.setEnabled(True)
        self.message.say(error_words(fault), "danger")

    def drop(self) -> None:
        """Wait for nothing any more."""
        if self._running is not None:
            self._running.drop()


def with_signed(findings: Sequence[Finding], signed: Finding) -> list[Finding]:
    """Return findings with one of them signed off, in the order in which they were."""
    return [signed if each.id == signed.id else each for each in findings]
