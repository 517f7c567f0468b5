"""Where copies of the store lie, how old they are, and making another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from viewer.ui.folder_dialog import ask_folder
from viewer.ui.parts.buttons import button
from viewer.ui.parts.cards import Card, Question, emphasise, line_box, sentence, touchable
from viewer.ui.parts.messages import picture
from viewer.ui.parts.words import ElidedWords, Words, clear_layout, column, row
from viewer.ui.store_page import Follower, Outcome, Page, Surroundings, begin_with, without_progress
from viewer.ui.store_ports import BackupDone, BackupPlace, BackupProof
from viewer.ui.wording import ago_words, count_words, size_words, tr

LIST, BACK_UP, VERIFY, GIVE_UP = "list backups", "back up", "verify backup", "give up backup"
OVERDUE = timedelta(days=7)
_FEW_FLAWS = 3


class BackupsPage(Page):
    """The age of the newest copy, then each place."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.card = Card(self.tr("Backups"), "folder")
        tip = self.tr("Choose a disk or a folder outside this computer")
        self.new = self.card.add_action(self.tr("Back up to…"), self.ask_folder, "primary", tip)
        Follower(self.card, self.work, LIST, BACK_UP, VERIFY, GIVE_UP)
        self.work.changed.connect(self._rest)
        self.row_buttons: dict[tuple[str, str], QWidget] = {}
        self.show_cards([self.card])
        self.refresh()

    def refresh(self) -> None:
        """List the places."""
        begin = without_progress(self.store.backups)
        self.load(LIST, self.tr("Looking"), begin, self._show)

    def _show(self, places: Sequence[BackupPlace]) -> None:
        clear_layout(self.card.body)
        self.row_buttons.clear()
        newest = max((p.last_snapshot for p in places if p.last_snapshot), default=None)
        if newest is None:
            self._say_none()
        else:
            label = next(p.label for p in places if p.last_snapshot == newest)
            ago = ago_words(newest, self.around.now())
            is_late = self.around.now() - newest > OVERDUE
            emphasise(self.new, is_late)
            words = self.tr("Last backup {ago}, on “{label}”.").format(ago=ago, label=label)
            if is_late:
                words += " " + self.tr("That is more than a week: make another.")
            token = "doubt" if is_late else "verified"
            self.card.show_fact(words, token, "warning" if is_late else "shield")
            self.summarise(self.tr("Last backup {ago}").format(ago=ago), token)
        for place in places:
            make = self._make_aside if place.is_set_aside else self._make_row
            self.card.body.addWidget(make(place))
        self._rest(BACK_UP)

    def _say_none(self) -> None:
        emphasise(self.new, is_urgent=True)
        self.card.show_fact(self.tr("No backup yet."), "doubt", "warning")
        for words in (
            self.tr("If this disk fails, every image on it is lost."),
            self.tr("Connect a USB disk or a folder of the network, then choose it below."),
            self.tr(
                "What is written there is sealed: it opens with the recovery sheet, and with "
                "nothing else."
            ),
        ):
            self.card.body.addWidget(sentence(words, "chevron-right"))
        self.summarise(self.tr("No backup yet"), "doubt")

    def _make_row(self, place: BackupPlace) -> QWidget:
        frame = line_box()
        layout = row(frame, gap=3)
        layout.setContentsMargins(14, 10, 10, 10)
        icon, token = ("folder", "text_soft") if place.is_connected else ("folder", "text_off")
        layout.addWidget(picture(icon, token, 20), 0, Qt.AlignmentFlag.AlignVCenter)
        words = column(gap=1)
        words.addWidget(ElidedWords(place.label, "strong"))
        words.addWidget(Words(self._facts(place), "soft", wrap=True))
        if place.is_pending:
            pending = self.tr("Still opens what was erased: connect it, then change keys.")
            words.addWidget(Words(pending, "doubt", wrap=True))
        layout.addLayout(words, 1)
        for verb, tip, call in (
            (self.tr("Back up"), self.tr("Make a snapshot there now"), self._back_up_again),
            (self.tr("Verify"), self.tr("Open everything in it to the last byte"), self._verify),
            (self.tr("Remove…"), self.tr("Declare it lost"), self._ask_give_up),
        ):
            if call == self._ask_give_up and not self.around.offers("change_keys"):
                continue
            look = "quiet" if call == self._ask_give_up else ""
            made = touchable(button(verb, lambda p=place, c=call: c(p), look))  # type: ignore[misc]
            made.setToolTip(tip)
            made.setAccessibleName(f"{verb} {place.label}")
            made.setProperty("needs_place", call != self._ask_give_up)
            made.setProperty("is_connected", place.is_connected)
            self.row_buttons[place.id, verb] = made
            layout.addWidget(made, 0, Qt.AlignmentFlag.AlignVCenter)
        return frame

    def _make_aside(self, place: BackupPlace) -> QWidget:
        """Show a store that a restore set aside, which is no backup: it can only be given up."""
        frame = line_box()
        layout = row(frame, gap=3)
        layout.setContentsMargins(14, 10, 10, 10)
        layout.addWidget(picture("key", "doubt", 20), 0, Qt.AlignmentFlag.AlignVCenter)
        words = column(gap=1)
        words.addWidget(ElidedWords(self.tr("The store of before a restore"), "strong"))
        words.addWidget(Words(place.label, "soft"))
        pending = self.tr("Its keys stay, and older keys with them, until it is given up.")
        words.addWidget(Words(pending, "doubt", wrap=True))
        layout.addLayout(words, 1)
        if self.around.offers("change_keys"):
            verb = self.tr("Give up…")
            made = touchable(button(verb, lambda: self._ask_drop_aside(place), "quiet"))
            made.setToolTip(self.tr("Destroy its keys"))
            made.setAccessibleName(f"{verb} {place.label}")
            made.setProperty("needs_place", False)
            made.setProperty("is_connected", False)
            self.row_buttons[place.id, verb] = made
            layout.addWidget(made, 0, Qt.AlignmentFlag.AlignVCenter)
        return frame

    def _ask_drop_aside(self, place: BackupPlace) -> None:
        facts = [
            self.tr("What lies in it and is not in the restored store can then not be opened."),
            self.tr("Look first whether anything is missing since the restore."),
        ]
        question = Question(
            self.tr("Give up the store that was set aside?"),
            facts,
            self.tr("Destroy its keys"),
            reason=self.tr("Reason, for the trail"),
        )
        self.around.ask(
            self.tr("The store of before a restore"),
            question,
            lambda reason: self._give_up(place, reason),
        )

    def _facts(self, place: BackupPlace) -> str:
        now = self.around.now()
        if place.last_snapshot is None:
            facts = [self.tr("no snapshot yet")]
        else:
            ago = ago_words(place.last_snapshot, now)
            facts = [self.tr("snapshot {ago}").format(ago=ago)]
        if place.verified is not None:
            ago = ago_words(place.verified, now)
            facts.append(self.tr("verified {ago}").format(ago=ago))
        else:
            facts.append(self.tr("never verified as a whole"))
        if not place.is_connected:
            facts.append(self.tr("not connected"))
        return "  ·  ".join(facts)

    def _rest(self, name: str) -> None:
        """Rest the rows' buttons while anything is under way with backups."""
        if name not in {BACK_UP, VERIFY, GIVE_UP}:
            return
        is_busy = any(self.work.progress(each) is not None for each in (BACK_UP, VERIFY, GIVE_UP))
        for made in self.row_buttons.values():
            is_within_reach = made.property("is_connected") or not made.property("needs_place")
            made.setEnabled(not is_busy and bool(is_within_reach))

    # --- doing -------------------------------------------------------------------------------

    def ask_folder(self) -> None:
        """Ask where to, then what to call the place."""
        ask_folder(self, self.tr("Back up to a folder outside this computer"), self.ask_label)

    def ask_label(self, folder: Path) -> None:
        """Ask what people call the place, so that they find it again."""
        question = Question(
            self.tr("What do you call this place?"),
            (
                self.tr(
                    "Write the same name on the disk. It is shown whenever the disk is asked for."
                ),
            ),
            self.tr("Back up now"),
            look="primary",
            reason=self.tr("Name, such as “USB 1, safe”"),
        )
        self.around.ask(
            self.tr("A new backup"), question, lambda label: self.back_up(folder, label)
        )

    def back_up(self, folder: Path, label: str) -> None:
        """Make a snapshot in a folder."""
        begin = begin_with(self.store.back_up, folder, label)
        self.work.start(BACK_UP, self.tr("Backing up"), begin, self._on_backed_up)

    def _back_up_again(self, place: BackupPlace) -> None:
        begin = begin_with(self.store.back_up_again, place.id)
        self.work.start(BACK_UP, self.tr("Backing up"), begin, self._on_backed_up)

    def _on_backed_up(self, done: BackupDone) -> Outcome:
        self.refresh_if_there()
        objects = count_words(done.objects, tr("object"), tr("objects"))
        words = tr("“{label}” now holds {objects}; {size} were new.").format(
            label=done.label, objects=objects, size=size_words(done.copied_bytes)
        )
        if done.damaged:
            count = count_words(done.damaged, tr("object"), tr("objects"))
            words += " " + tr(
                "{count} were not whole here and are missing in it: check the store."
            ).format(count=count)
        return Outcome(words, "doubt" if done.damaged else "verified")

    def _verify(self, place: BackupPlace) -> None:
        begin = begin_with(self.store.verify_backup, place.id)
        self.work.start(VERIFY, self.tr("Verifying"), begin, self._on_verified)

    def _on_verified(self, proof: BackupProof) -> Outcome:
        self.refresh_if_there()
        if not proof.flaws:
            words = tr("“{label}” is whole: {snapshots} and {objects} were opened.").format(
                label=proof.label,
                snapshots=count_words(proof.snapshots, tr("snapshot"), tr("snapshots")),
                objects=count_words(proof.objects, tr("object"), tr("objects")),
            )
            return Outcome(words)
        words = tr("“{label}” is not whole. Make another backup on another disk.").format(
            label=proof.label
        )
        return Outcome(" ".join((words, *proof.flaws[:_FEW_FLAWS])), "danger")

    def _ask_give_up(self, place: BackupPlace) -> None:
        facts = [
            self.tr("The store forgets it: nothing is copied there and nothing waits for it."),
            self.tr("Images that lie there and nowhere else can then not be opened."),
        ]
        if place.is_pending:
            facts.append(
                self.tr(
                    "It still opens patients that were erased, for whoever finds it together with "
                    "the recovery sheet. If you have it, destroy it."
                )
            )
        else:
            facts.append(
                self.tr("The disk itself stays as it is. If you still have it, destroy it.")
            )
        question = Question(
            self.tr("Declare “{label}” lost?").format(label=place.label),
            facts,
            self.tr("Declare it lost"),
            reason=self.tr("Reason, for the trail"),
        )
        self.around.ask(
            self.tr("Remove a backup"), question, lambda reason: self._give_up(place, reason)
        )

    def _give_up(self, place: BackupPlace, reason: str) -> None:
        begin = without_progress(self.store.give_up_backup, place.id, reason)
        self.work.start(GIVE_UP, self.tr("Removing"), begin, self._on_given_up)

    def _on_given_up(self, label: str) -> Outcome:
        self.refresh_if_there()
        return Outcome(tr("“{label}” is no longer waited for.").format(label=label), "accent")
