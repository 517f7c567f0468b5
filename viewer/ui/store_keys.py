"""The keys: how old they are, new ones, everything sealed anew, and the recovery sheet."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from viewer.ui.parts.buttons import button
from viewer.ui.parts.cards import Card, Question, emphasise, touchable
from viewer.ui.parts.groups import GroupFields
from viewer.ui.parts.messages import Banner, error_words
from viewer.ui.parts.words import Words, clear_layout, column, row
from viewer.ui.ports import RecoveryKey, Running
from viewer.ui.recovery_card import RecoveryCard
from viewer.ui.store_page import Follower, Outcome, Page, Surroundings, begin_with, without_progress
from viewer.ui.store_ports import RECOVERY_GROUPS, KeyFacts, KeysChanged, SealedAnew, Store
from viewer.ui.wording import ago_words, count_words, size_words, tr, when_words

FACTS, CHANGE, ANEW, REPLACE = "key facts", "change keys", "seal anew", "replace recovery"


class KeysPage(Page):
    """Three cards: keys in use, sealing anew, recovery sheet."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.keys = Card(self.tr("Keys in use"), "key")
        tip = self.tr("New keys for everything; takes seconds")
        self.change = self.keys.add_action(self.tr("Change keys…"), self.ask_change, "primary", tip)
        Follower(self.keys, self.work, FACTS, CHANGE)
        self.anew = Card(self.tr("Seal everything anew"), "lock")
        tip = self.tr("Every image is sealed again under fresh keys, in the background")
        self.seal = self.anew.add_action(self.tr("Seal anew…"), self.ask_seal_anew, "", tip)
        Follower(self.anew, self.work, ANEW)
        self.paper = Card(self.tr("Recovery sheet"), "copy")
        tip = self.tr("Type the groups from the sheet, to be sure that it opens the store")
        self.prove = self.paper.add_action(self.tr("Prove it now…"), self.ask_proof, "", tip)
        tip = self.tr("Print a new sheet; the old one opens nothing here any more")
        self.replace = self.paper.add_action(self.tr("Replace…"), self.ask_replace, "quiet", tip)
        Follower(self.paper, self.work, REPLACE)
        self.code = self._make_code_card()
        cards = [self.keys, self.anew, self.paper, *([self.code] if self.code else [])]
        self.show_cards(cards)
        self.refresh()

    def _make_code_card(self) -> Card | None:
        if self.around.emergencies is None:
            return None
        card = Card(self.tr("Sealed emergency code"), "shield-warning")
        tip = self.tr("A code in an envelope, for when nobody can log in")
        card.add_action(self.tr("Make, print or destroy…"), self.open_code, "", tip)
        return card

    def open_code(self) -> None:
        """Open the sheet of the sealed code."""
        from viewer.ui.emergency_code import CodePanel

        port = self.around.emergencies
        if port is None:
            return
        panel = CodePanel(port)
        sheet = self.around.open_sheet(self.tr("Sealed emergency code"), panel)
        sheet.closed.connect(panel.drop)
        sheet.closed.connect(self.refresh)

    def _tell_code(self) -> None:
        if self.code is None or self.around.emergencies is None:
            return
        since = self.around.emergencies.code_since()
        if since is None:
            words = self.tr("There is none. Without one nobody sees an image when no login works.")
            self.code.show_fact(words, "doubt", "warning")
            return
        words = self.tr("Made {when}. It opens images once; keep it sealed in the practice.")
        self.code.show_fact(words.format(when=when_words(since)), "verified")

    def refresh(self) -> None:
        """Read how the keys stand."""
        self._tell_code()
        begin = without_progress(self.store.key_facts)
        self.load(FACTS, self.tr("Looking"), begin, self._show)

    def _show(self, facts: KeyFacts) -> None:
        self._tell_keys(facts)
        self.anew.show_fact(
            self.tr(
                "Only after a leak: if somebody may have copied keys and images. It can take "
                "hours, goes on in the background, and can be cancelled and continued."
            )
        )
        emphasise(self.prove, facts.recovery_proved is None)
        if facts.recovery_proved is None:
            words = self.tr(
                "Nobody has typed it in since it was printed. A sheet that cannot be read is no "
                "sheet: prove it once a year."
            )
            self.paper.show_fact(words, "doubt", "warning")
        else:
            ago = ago_words(facts.recovery_proved, self.around.now())
            words = self.tr("Proved {ago}: it opens every key. Keep it outside this computer.")
            self.paper.show_fact(words.format(ago=ago), "verified")

    def _tell_keys(self, facts: KeyFacts) -> None:
        since = (
            f", {self.tr('since {when}')}".format(when=when_words(facts.since))
            if facts.since
            else ""
        )
        words = [self.tr("Epoch {number}{since}.").format(number=facts.epoch, since=since)]
        clear_layout(self.keys.body)
        line, token = self.tr("Epoch {number}").format(number=facts.epoch), "text_soft"
        if facts.due_why:
            words.append(self.tr("New keys are due: {why}").format(why=facts.due_why))
            line, token = self.tr("New keys are due"), "doubt"
        if facts.is_unfinished:
            words.append(self.tr("A change was begun and not ended: change keys goes on with it."))
            line, token = self.tr("A change is unfinished"), "doubt"
        if facts.pending:
            places = ", ".join(f"“{label}”" for label in facts.pending)
            words.append(
                self.tr("Older keys stay until {places} was connected or declared lost.").format(
                    places=places
                )
            )
            token = "doubt"
        emphasise(self.change, bool(facts.due_why) or facts.is_unfinished)
        self.keys.show_fact(" ".join(words), token, "warning" if token == "doubt" else "key")
        proof = "" if facts.recovery_proved else "  ·  " + self.tr("sheet not proved")
        self.summarise(line + proof, "doubt" if proof else token)

    # --- new keys ----------------------------------------------------------------------------

    def ask_change(self) -> None:
        """Ask, and say what follows."""
        question = Question(
            self.tr("Begin new keys for the store?"),
            (
                self.tr("It takes seconds. Everybody goes on working."),
                self.tr("Whoever was disabled cannot open anything with what they once held."),
                self.tr("Connect your backups first: they get the new keys, too."),
            ),
            self.tr("Change keys"),
            look="primary",
        )
        self.around.ask(self.tr("Change keys"), question, lambda _: self.change_keys())

    def change_keys(self) -> None:
        """Rotate."""
        begin = begin_with(self.store.change_keys)
        self.work.start(CHANGE, self.tr("Changing keys"), begin, self._on_changed)

    def _on_changed(self, done: KeysChanged) -> Outcome:
        self.refresh_if_there()
        patients = count_words(done.patients, tr("patient"), tr("patients"))
        words = tr("Epoch {number} is in force for {patients}.").format(
            number=done.epoch, patients=patients
        )
        if done.damaged:
            count = count_words(done.damaged, tr("patient's key"), tr("patients' keys"))
            words += " " + tr("{count} are damaged, so older keys stay. Check the store.").format(
                count=count
            )
            return Outcome(words, "danger")
        if done.pending:
            places = ", ".join(f"“{label}”" for label in done.pending)
            words += " " + tr("Not reached: {places}. Older keys stay until then.").format(
                places=places
            )
            return Outcome(words, "doubt")
        return Outcome(words + " " + tr("Older keys are destroyed."))

    def ask_seal_anew(self) -> None:
        """Ask, and say that it is long."""
        question = Question(
            self.tr("Seal every image again under fresh keys?"),
            (
                self.tr("It reads and writes the whole store: hours for a large one."),
                self.tr("It goes on in the background until you lock; it can be continued."),
                self.tr("The next backup copies everything again."),
            ),
            self.tr("Seal anew"),
            look="primary",
        )
        self.around.ask(self.tr("Seal everything anew"), question, lambda _: self.seal_anew())

    def seal_anew(self) -> None:
        """Begin it, or go on with it."""
        begin = begin_with(self.store.seal_anew)
        self.work.start(ANEW, self.tr("Sealing anew"), begin, self._on_sealed)

    def _on_sealed(self, done: SealedAnew) -> Outcome:
        objects = count_words(done.objects, tr("object"), tr("objects"))
        words = tr("{objects} ({size}) were sealed anew.").format(
            objects=objects, size=size_words(done.size_bytes)
        )
        if done.patients_left:
            left = count_words(done.patients_left, tr("patient"), tr("patients"))
            words += " " + tr("{left} still have images under an older key.").format(left=left)
            return Outcome(words, "doubt")
        return Outcome(words)

    # --- the sheet ---------------------------------------------------------------------------

    def ask_proof(self) -> None:
        """Ask for the groups of the sheet."""
        panel = ProofPanel(self.store)
        sheet = self.around.open_sheet(self.tr("Prove the recovery sheet"), panel)
        sheet.closed.connect(panel.drop)
        panel.proved.connect(self.refresh)
        panel.done.connect(sheet.close_sheet)

    def ask_replace(self) -> None:
        """Ask, and say what happens to the old sheet."""
        question = Question(
            self.tr("Make a new recovery sheet?"),
            (
                self.tr("The new key is shown once, to be written down."),
                self.tr("The old sheet opens nothing here any more. Burn it afterwards."),
                self.tr("Backups made before still open with the old sheet: change keys after it."),
            ),
            self.tr("Make a new one"),
        )
        self.around.ask(self.tr("Replace the recovery sheet"), question, lambda _: self._replace())

    def _replace(self) -> None:
        begin = without_progress(self.store.replace_recovery)
        self.work.start(REPLACE, self.tr("Making a new key"), begin, self._on_replaced)

    def _on_replaced(self, key: RecoveryKey) -> None:
        if not isValid(self):  # nobody is there to write it down: the sheet is to be made again
            return
        panel = NewSheetPanel(key)
        sheet = self.around.open_sheet(self.tr("Write this down"), panel)
        sheet.closed.connect(panel.forget)
        panel.done.connect(sheet.close_sheet)
        sheet.closed.connect(self.refresh)


class ProofPanel(QWidget):
    """Typing the sheet in; nothing typed is kept, whatever the answer."""

    proved = Signal()
    done = Signal()

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store
        self._running: Running | None = None
        self._is_busy = False
        self.setFixedWidth(560)
        layout = column(self, margin=5, gap=4)
        layout.addWidget(
            Words(
                self.tr("Type the groups from the paper. Letter case does not matter."),
                "lead-soft",
                wrap=True,
            )
        )
        self.groups = GroupFields(RECOVERY_GROUPS)
        layout.addWidget(self.groups)
        self.message = Banner(can_close=False)
        layout.addWidget(self.message)
        foot = row(gap=2)
        foot.addStretch(1)
        self.close_button = touchable(button(self.tr("Close"), self.done.emit, "quiet"))
        self.go = touchable(button(self.tr("Prove"), self.submit, "primary"))
        foot.addWidget(self.close_button)
        foot.addWidget(self.go)
        layout.addLayout(foot)
        self.groups.changed.connect(self._look)
        self.groups.submitted.connect(self.submit)
        self.setFocusProxy(self.groups)
        self._look()

    def _look(self) -> None:
        self.go.setEnabled(self.groups.is_complete and not self._is_busy)

    def submit(self) -> None:
        """Try it."""
        if not self.go.isEnabled():
            return
        self._is_busy = True
        self._look()
        typed = self.groups.text()
        self._running = self._store.prove_recovery(typed, self._on_answer, self._on_fault)

    def _on_answer(self, proves: bool) -> None:
        self._running, self._is_busy = None, False
        if not proves:
            self.message.say(self.tr("This is not the sheet of this practice."), "danger")
            self._look()
            return
        self.groups.wipe()
        self.groups.setEnabled(False)
        self.message.say(self.tr("Proved: this sheet opens every key of the practice."), "verified")
        self.close_button.setFocus()
        self.proved.emit()

    def _on_fault(self, fault: Exception) -> None:
        self._running, self._is_busy = None, False
        self.message.say(error_words(fault), "danger")
        self._look()

    def drop(self) -> None:
        """Forget what was typed and what is under way."""
        self.groups.wipe()
        if self._running is not None:
            self._running.drop()
            self._running = None


class NewSheetPanel(QWidget):
    """The groups of a new recovery key, this once."""

    done = Signal()

    def __init__(self, key: RecoveryKey) -> None:
        super().__init__()
        self.setFixedWidth(600)
        layout = column(self, margin=5, gap=4)
        layout.addWidget(
            Words(
                self.tr(
                    "This new key opens the store if every password is lost. It is shown once. "
                    "Keep it on paper, outside this computer; then prove it."
                ),
                "lead-soft",
                wrap=True,
            )
        )
        self.card = RecoveryCard(key)
        self.words = self.card.words
        layout.addWidget(self.card)
        self.written = button(self.tr("I have written it down"), self.done.emit, "primary")
        layout.addWidget(self.written, 0, Qt.AlignmentFlag.AlignRight)
        self.setFocusProxy(self.written)

    def forget(self) -> None:
        """Take it off the screen."""
        self.card.forget()
