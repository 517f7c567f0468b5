"""Is everything stored still what was written: the check, what it found, the repair."""

from __future__ import annotations

from PySide6.QtCore import Qt
from shiboken6 import isValid

from viewer.ui.parts.cards import Card, Question, sentence
from viewer.ui.parts.messages import picture
from viewer.ui.parts.words import Words, clear_layout, column, row
from viewer.ui.store_page import Follower, Outcome, Page, Surroundings, begin_with
from viewer.ui.store_ports import StoreCheck, StoreFinding, StoreRepair
from viewer.ui.wording import ago_words, count_words, size_words, tr, when_words

CHECK, REPAIR = "check", "repair"
_SHOWN = 60


class HealthPage(Page):
    """The last check, and each thing that it found with what to do now."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.check_card = Card(self.tr("Everything stored"), "shield")
        tip = self.tr("Looks whether every object is there and has its size")
        self.quick = self.check_card.add_action(self.tr("Check"), self.check, "primary", tip)
        tip = self.tr("Opens every image to its last byte; takes a while")
        self.deep = self.check_card.add_action(self.tr("Check deeply"), self.check_deeply, "", tip)
        self.found_card = Card(self.tr("What was found"), "warning")
        self.repair_button = self.found_card.add_action(
            self.tr("Repair…"), self.ask_repair, "", self.tr("Mend what there is a copy of")
        )
        self._can_repair = around.offers("repair")
        self.repair_button.setVisible(self._can_repair)
        Follower(self.check_card, self.work, CHECK)
        Follower(self.found_card, self.work, REPAIR)
        self.found_card.hide()
        self.refresh()

    def refresh(self) -> None:
        """Show the last check."""
        self._show(self.store.last_check())

    def check(self) -> None:
        """Look at everything quickly."""
        self._check(deep=False)

    def check_deeply(self) -> None:
        """Open everything."""
        self._check(deep=True)

    def _check(self, *, deep: bool) -> None:
        what = self.tr("Opening every object") if deep else self.tr("Checking")
        self.work.start(CHECK, what, begin_with(self.store.check, deep), self._on_checked)

    def _on_checked(self, found: StoreCheck) -> Outcome | None:
        if isValid(self):
            self._show(found)
            return None
        if found.is_whole:
            return Outcome(tr("The store was checked: everything is whole."))
        return Outcome(
            tr("The check of the store found damage: open the page of the store."), "danger"
        )

    def _show(self, found: StoreCheck | None) -> None:
        cards = [self.check_card]
        if found is None:
            self.check_card.show_fact(
                self.tr(
                    "Not checked since the program started. A check takes seconds and changes "
                    "nothing."
                )
            )
            self.summarise(self.tr("Not checked yet"))
        else:
            self._tell(found)
            if found.findings:
                self._list(found.findings)
                cards.append(self.found_card)
        self.found_card.setVisible(len(cards) > 1)
        self.show_cards(cards)

    def _tell(self, found: StoreCheck) -> None:
        how = self.tr("opened to the last byte") if found.is_deep else self.tr("looked at")
        objects = count_words(found.objects, self.tr("object"), self.tr("objects"))
        size = f" ({size_words(found.size_bytes)})" if found.size_bytes else ""
        when = f"{when_words(found.when)}, {ago_words(found.when, self.around.now())}"
        harmful = sum(not each.is_harmless for each in found.findings)
        if found.is_whole:
            words = self.tr("Whole. {objects}{size} {how} on {when}.")
            token, icon, line = "verified", "shield", self.tr("Whole")
        else:
            words = self.tr("Damage was found. {objects}{size} {how} on {when}.")
            token, icon = "danger", "shield-warning"
            line = count_words(harmful, self.tr("finding"), self.tr("findings"))
        words = words.format(objects=objects, size=size, how=how, when=when)
        self.check_card.show_fact(words, token, icon)
        ago = ago_words(found.when, self.around.now())
        self.summarise(self.tr("{fact}, checked {ago}").format(fact=line, ago=ago), token)

    def _list(self, findings: tuple[StoreFinding, ...]) -> None:
        clear_layout(self.found_card.body)
        is_harmful = any(not each.is_harmless for each in findings)
        words = (
            self.tr("Nothing else is touched by it: each of these stands alone.")
            if is_harmful
            else self.tr("Nothing is lost or damaged; these only take room.")
        )
        token = "danger" if is_harmful else "text_soft"
        self.found_card.show_fact("", token, "warning" if is_harmful else "info")
        self.found_card.body.addWidget(Words(words, "soft", wrap=True))
        for finding in findings[:_SHOWN]:
            self._add(finding)
        if len(findings) > _SHOWN:
            more = self.tr("and {count} more").format(count=len(findings) - _SHOWN)
            self.found_card.body.addWidget(Words(more, "soft"))
        self.repair_button.setVisible(self._can_repair and is_harmful)

    def _add(self, finding: StoreFinding) -> None:
        entry = row(gap=3)
        name, token = ("info", "text_soft") if finding.is_harmless else ("warning", "danger")
        entry.addWidget(picture(name, token, 18), 0, Qt.AlignmentFlag.AlignTop)
        words = column(gap=0)
        words.addWidget(Words(finding.words, "body", wrap=True))
        if finding.now:
            words.addWidget(Words(finding.now, "soft", wrap=True))
        entry.addLayout(words, 1)
        self.found_card.body.addLayout(entry)

    def ask_repair(self) -> None:
        """Ask, and say what a repair does and what it cannot."""
        question = Question(
            self.tr("Mend what there is a second place for?"),
            (
                self.tr("Thumbnails are drawn anew; images come back from a connected backup."),
                self.tr("What has no second place is named as lost and left as it is."),
                self.tr("Nothing that is whole is touched, and it is written into the trail."),
            ),
            self.tr("Repair"),
            look="primary",
        )
        self.around.ask(self.tr("Repair the store"), question, lambda _: self.repair())

    def repair(self) -> None:
        """Mend what can be mended."""
        what = self.tr("Repairing")
        self.work.start(REPAIR, what, begin_with(self.store.repair), self._on_repaired)

    def _list_repaired(self, done: StoreRepair) -> None:
        clear_layout(self.found_card.body)
        for words in done.done:
            self.found_card.body.addWidget(sentence(words, "check", "verified"))
        for words in done.lost:
            self.found_card.body.addWidget(sentence(words, "warning", "danger"))
        self.repair_button.setVisible(False)
        self.found_card.show_fact("", "text_soft", "info")

    def _on_repaired(self, done: StoreRepair) -> Outcome:
        if isValid(self):
            self._list_repaired(done)
        if done.lost:
            count = count_words(len(done.lost), tr("part"), tr("parts"))
            return Outcome(tr("{count} could not be repaired.").format(count=count), "danger")
        return Outcome(tr("Repaired. Check once more to be sure."))
