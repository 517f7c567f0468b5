"""Room and keeping: what takes how much, what could leave, what must stay, what is due."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QWidget
from shiboken6 import isValid

from viewer.ui.keeping_sheets import FreeingSheet, HoldSheet, QuotaSheet
from viewer.ui.parts.buttons import button
from viewer.ui.parts.cards import Card, Question, line_box, touchable
from viewer.ui.parts.usage_bar import Swatch, UsageBar
from viewer.ui.parts.words import ElidedWords, Words, clear_layout, column, row
from viewer.ui.patient_finder import patient_words
from viewer.ui.store_page import Follower, Outcome, Page, Surroundings, begin_with, without_progress
from viewer.ui.store_ports import DuePatient, FoundPatient, Freed, LegalHold, RoomFacts
from viewer.ui.wording import ago_words, count_words, date_words, size_words, tr

ROOM, QUOTA, FREE = "room", "quota", "free up"
HOLDS, HOLD, DUE, PURGE = "holds", "hold", "due", "purge"
_TIGHT = 0.1
_SHOWN = 40
_HEADS = 4


class KeepingPage(Page):
    """Four cards: room, freeing up, legal holds, and what is due."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.room_facts: RoomFacts | None = None
        self.room = Card(self.tr("Room on this disk"), "layout")
        self.bar = UsageBar()
        self.kinds = QWidget()
        self._grid = QGridLayout(self.kinds)
        self._grid.setContentsMargins(0, 8, 0, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(6)
        self.room.body.addWidget(self.bar)
        self.room.body.addWidget(self.kinds)
        tip = self.tr("The most that images may take on this disk")
        self.limit = self.room.add_action(self.tr("Set a limit…"), self.ask_quota, "", tip)
        Follower(self.room, self.work, ROOM, QUOTA)
        self.free = Card(self.tr("Free up"), "import")
        tip = self.tr("See what would leave before anything does")
        self.free_button = self.free.add_action(
            self.tr("See what could go…"), self.ask_freeing, "", tip
        )
        Follower(self.free, self.work, FREE)
        self.holds = Card(self.tr("Legal holds"), "lock")
        tip = self.tr("Nothing of the patient is removed until it is released")
        self.put = self.holds.add_action(self.tr("Put a hold…"), self.ask_hold, "", tip)
        Follower(self.holds, self.work, HOLDS, HOLD)
        self.due = Card(self.tr("Periods that have ended"), "calendar")
        tip = self.tr("Nothing is removed by looking")
        self.look_due = self.due.add_action(self.tr("Look again"), self.find_due, "", tip)
        Follower(self.due, self.work, DUE, PURGE)
        self.show_cards([self.room, self.free, self.holds, self.due])
        self.bar.hide()
        self.kinds.hide()
        self.free.show_fact(self.tr("Not measured yet."))
        self.summarise(self.tr("Not measured yet"))
        self.due.show_fact(self.tr("Nothing is ever removed by itself. Look who is due."))

    def refresh(self) -> None:
        """Measure, and list holds and who is due."""
        begin = begin_with(self.store.room)
        self.load(ROOM, self.tr("Measuring"), begin, self._on_measured)
        self.list_holds()
        self.find_due()

    # --- room --------------------------------------------------------------------------------

    def _on_measured(self, facts: RoomFacts) -> None:
        self.room_facts = facts
        is_over = facts.quota_bytes is not None and facts.here_bytes > facts.quota_bytes
        is_tight = facts.disk_free_bytes < _TIGHT * facts.disk_bytes
        here, left = size_words(facts.here_bytes), size_words(facts.disk_free_bytes)
        words = [self.tr("{here} of images are here; {left} of the disk are free.")]
        if facts.elsewhere_bytes:
            words.append(self.tr("{away} more lie elsewhere and come back when they are opened."))
        if facts.quota_bytes is not None:
            words.append(self.tr("The limit is {limit}."))
        if is_over:
            words.append(self.tr("They are over the limit: free up some."))
        told = " ".join(words).format(
            here=here,
            left=left,
            away=size_words(facts.elsewhere_bytes),
            limit=size_words(facts.quota_bytes or 0),
        )
        token = "doubt" if is_over or is_tight else "text_soft"
        self.room.show_fact(told, token, "warning" if token == "doubt" else "layout")
        line = self.tr("{here} here, {left} free").format(here=here, left=left)
        self.summarise(line, token)
        sizes = [each.here_bytes for each in facts.kinds]
        # Without a limit the kinds are shown among themselves: beside a large disk they vanish.
        total = max(facts.here_bytes, facts.quota_bytes or 0)
        self.bar.show_parts(sizes, total, facts.quota_bytes, line)
        self.bar.show()
        self._list_kinds(facts)
        self._tell_free(facts)

    def _list_kinds(self, facts: RoomFacts) -> None:
        clear_layout(self._grid)
        heads = ("", self.tr("Kind"), self.tr("Images"), self.tr("Here"), self.tr("Elsewhere too"))
        for place, head in enumerate(heads):
            self._put(0, place, Words(head, "small"), is_number=place > 1)
        for line, kind in enumerate(facts.kinds, 1):
            self._grid.addWidget(Swatch(line - 1, len(facts.kinds)), line, 0)
            self._put(line, 1, Words(kind.kind))
            self._put(line, 2, Words(str(kind.images), "soft"), is_number=True)
            self._put(line, 3, Words(size_words(kind.here_bytes)), is_number=True)
            held = size_words(kind.held_bytes) if kind.held_bytes else "–"
            self._put(line, 4, Words(held, "soft"), is_number=True)
        self._grid.setColumnStretch(1, 1)
        self.kinds.setVisible(bool(facts.kinds))

    def _put(self, line: int, place: int, words: Words, *, is_number: bool = False) -> None:
        side = Qt.AlignmentFlag.AlignRight if is_number else Qt.AlignmentFlag.AlignLeft
        self._grid.addWidget(words, line, place, side | Qt.AlignmentFlag.AlignVCenter)

    def _tell_free(self, facts: RoomFacts) -> None:
        can = facts.free_bytes > 0
        if can:
            places = self._places(facts.places)
            words = self.tr(
                "{size} of images are verifiably in {places}, too. They could leave this disk and "
                "come back when they are opened."
            ).format(size=size_words(facts.free_bytes), places=places)
        elif facts.places and facts.stale_since is not None:
            words = self.tr(
                "Nothing could leave now: {places} was last opened {ago}, and that counts for "
                "{days} days. Verify the backup, or make another."
            ).format(
                places=self._places(facts.places),
                ago=ago_words(facts.stale_since, self.around.now()),
                days=facts.verified_days,
            )
        elif facts.places:
            words = self.tr("Nothing could leave now: no backup was lately seen to hold it whole.")
        else:
            words = self.tr("Nothing could leave: there is no backup that holds these images.")
        self.free.show_fact(words)
        self.free_button.setVisible(can)

    def _places(self, labels: Sequence[str]) -> str:
        return self.tr(" and ").join(f"“{label}”" for label in labels) or self.tr("a backup")

    def ask_quota(self) -> None:
        """Ask for the limit."""
        now = self.room_facts.quota_bytes if self.room_facts else None
        panel = QuotaSheet(now)
        sheet = self.around.open_sheet(self.tr("Limit for images on this disk"), panel)
        panel.done.connect(sheet.close_sheet)
        panel.chosen.connect(self._set_quota)

    def _set_quota(self, size_bytes: object) -> None:
        begin = without_progress(self.store.set_quota, size_bytes)
        self.work.start(
            QUOTA, self.tr("Setting the limit"), begin, lambda _: self.refresh_if_there()
        )

    def ask_freeing(self) -> None:
        """Show what would leave."""
        facts = self.room_facts
        wanted = facts.free_bytes if facts else 0
        if facts and facts.quota_bytes is not None and facts.here_bytes > facts.quota_bytes:
            wanted = min(wanted, facts.here_bytes - facts.quota_bytes)
        panel = FreeingSheet(self.store, wanted, facts.free_bytes if facts else wanted)
        sheet = self.around.open_sheet(self.tr("What would leave this disk"), panel)
        sheet.closed.connect(panel.drop)
        panel.done.connect(sheet.close_sheet)
        panel.chosen.connect(self.free_up)

    def free_up(self, wanted_bytes: object) -> None:
        """Send them away."""
        begin = begin_with(self.store.free_up, wanted_bytes)
        self.work.start(FREE, self.tr("Freeing up"), begin, self._on_freed)

    def _on_freed(self, done: Freed) -> Outcome:
        self.refresh_if_there()
        images = count_words(done.images, tr("image"), tr("images"))
        words = tr("{images} left this disk: {size} are free.")
        return Outcome(words.format(images=images, size=size_words(done.size_bytes)))

    # --- holds -------------------------------------------------------------------------------

    def list_holds(self) -> None:
        """List who is under hold."""
        begin = without_progress(self.store.holds)
        self.load(HOLDS, self.tr("Looking"), begin, self._show_holds)

    def _list_holds_if_there(self) -> None:
        if isValid(self):
            self.list_holds()

    def _show_holds(self, found: Sequence[LegalHold]) -> None:
        clear_layout(self.holds.body)
        if found:
            patients = len({hold.patient.id for hold in found})
            count = count_words(patients, self.tr("patient"), self.tr("patients"))
            words = self.tr("{count} under legal hold: nobody can remove anything of them.")
            self.holds.show_fact(words.format(count=count), "accent")
        else:
            self.holds.show_fact(
                self.tr("Nobody is under legal hold. A hold stops every removal, by anybody.")
            )
        for hold in found[:_SHOWN]:
            self.holds.body.addWidget(self._hold_row(hold))

    def _hold_row(self, hold: LegalHold) -> QFrame:
        facts = self.tr("{reason}  ·  by {by}, {day}").format(
            reason=hold.reason, by=hold.by, day=date_words(hold.since.astimezone().date())
        )
        verb = self.tr("Release…")
        return self._row(hold.patient, facts, verb, lambda: self.ask_release(hold))

    def _row(
        self, patient: FoundPatient, facts: str, verb: str, call: object, token: str = "soft"
    ) -> QFrame:
        frame = line_box()
        layout = row(frame, gap=3)
        layout.setContentsMargins(14, 10, 10, 10)
        words = column(gap=1)
        words.addWidget(ElidedWords(patient_words(patient), "strong"))
        words.addWidget(Words(facts, token, wrap=True))
        layout.addLayout(words, 1)
        made = touchable(button(verb, call))  # type: ignore[arg-type]
        made.setAccessibleName(f"{verb} #{patient.chart_number}")
        layout.addWidget(made, 0, Qt.AlignmentFlag.AlignVCenter)
        return frame

    def ask_hold(self) -> None:
        """Find a patient and ask for the reason."""
        panel = HoldSheet(self.store.find_patients)
        sheet = self.around.open_sheet(self.tr("Put a legal hold"), panel)
        panel.done.connect(sheet.close_sheet)
        panel.chosen.connect(self._put_hold)

    def _put_hold(self, patient: FoundPatient, reason: str) -> None:
        begin = without_progress(self.store.put_hold, patient.id, reason)
        self.work.start(
            HOLD, self.tr("Putting the hold"), begin, lambda _: self._list_holds_if_there()
        )

    def ask_release(self, hold: LegalHold) -> None:
        """Ask for the reason of a release."""
        question = Question(
            self.tr("Release this hold?"),
            (
                self.tr("If no other hold stands, the patient can be erased and purged again."),
                self.tr("Who released it, when and why stays in the trail."),
            ),
            self.tr("Release"),
            reason=self.tr("Reason"),
        )

        def release(reason: str) -> None:
            begin = without_progress(self.store.release_hold, hold.number, reason)
            self.work.start(
                HOLD, self.tr("Releasing"), begin, lambda _: self._list_holds_if_there()
            )

        self.around.ask(self.tr("Release a legal hold"), question, release)

    # --- due ---------------------------------------------------------------------------------

    def find_due(self) -> None:
        """Look whose periods have ended."""
        begin = begin_with(self.store.due)
        self.load(DUE, self.tr("Looking"), begin, self._on_due)

    def _on_due(self, found: Sequence[DuePatient]) -> None:
        clear_layout(self.due.body)
        if not found:
            words = self.tr("Nobody's images are due. Nothing is ever removed by itself.")
            self.due.show_fact(words)
            return
        images = sum(each.images for each in found)
        told = self.tr("{images} of {patients} may be removed. It happens only if you say so.")
        self.due.show_fact(
            told.format(
                images=count_words(images, self.tr("image"), self.tr("images")),
                patients=count_words(len(found), self.tr("patient"), self.tr("patients")),
            )
        )
        for each in found[:_SHOWN]:
            self.due.body.addWidget(self._due_row(each))
        if len(found) > _SHOWN:
            more = self.tr("and {count} more").format(count=len(found) - _SHOWN)
            self.due.body.addWidget(Words(more, "soft"))

    def _due_row(self, due: DuePatient) -> QFrame:
        images = count_words(due.images, self.tr("image"), self.tr("images"))
        facts = [images, self.tr("last visit {day}").format(day=date_words(due.last_visit))]
        facts.append(self.tr("kept until {day}").format(day=date_words(due.kept_until)))
        if due.is_held:
            facts.append(self.tr("under legal hold"))
        frame = self._row(
            due.patient, "  ·  ".join(facts), self.tr("Purge…"), lambda: self.ask_purge(due)
        )
        if due.is_held:
            frame.findChildren(type(self.look_due))[0].setEnabled(False)
        return frame

    def ask_purge(self, due: DuePatient) -> None:
        """Ask, and have the chart number typed."""
        images = count_words(due.images, self.tr("image"), self.tr("images"))
        facts = [self.tr("{images} are removed for ever, here.").format(images=images)]
        if due.is_whole:
            facts.append(self.tr("These are all there are: the patient's keys go, too."))
        facts.append(self.tr("Backups follow when keys are changed next."))
        question = Question(
            self.tr("Remove the images whose period ended on {day}?").format(
                day=date_words(due.kept_until)
            ),
            facts,
            self.tr("Remove for ever"),
            reason=self.tr("Reason"),
            must_type=due.patient.chart_number,
        )

        def purge(reason: str) -> None:
            begin = without_progress(self.store.purge, due.patient.id, due.code, reason)
            self.work.start(PURGE, self.tr("Removing"), begin, purged)

        def purged(count: int) -> Outcome:
            self.around.forget(due.patient.id)
            return self._on_purged(count)

        self.around.ask(self.tr("Purge"), question, purge)

    def _on_purged(self, count: int) -> Outcome:
        self.refresh_if_there()
        images = count_words(count, tr("image"), tr("images"))
        return Outcome(tr("{images} were removed.").format(images=images))
