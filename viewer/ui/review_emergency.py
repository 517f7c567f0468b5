"""Emergency accesses: those that nobody reviewed first, with what was opened in them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QWidget

from viewer.app.review.breaking import EmergencyAccess
from viewer.app.review.findings import Finding
from viewer.app.review.settings import Rule, shipped_settings
from viewer.ui.parts.messages import picture
from viewer.ui.parts.words import Words, clear_layout, column, row
from viewer.ui.review_findings import SignOffLine
from viewer.ui.review_page import Around, ReviewPage, empty_words, page_column, scrolled
from viewer.ui.wording import ago_words, count_words, tr, when_words

_NAMES_SHOWN = 8


class EmergencyPage(ReviewPage):
    """The queue, then what was signed off."""

    def __init__(self, around: Around) -> None:
        super().__init__(around)
        layout = page_column(self)
        self._holder = QWidget()
        self._list = column(self._holder, gap=2)
        self._list.setContentsMargins(0, 0, 8, 0)
        layout.addWidget(scrolled(self._holder), 1)
        self.cards: list[AccessCard] = []

    def refresh(self) -> None:
        """List anew."""
        clear_layout(self._list)
        self.cards.clear()
        review = self.review
        if review is None:
            return
        by_ref = {f.refs[0]: f for f in review.findings if f.rule is Rule.EMERGENCY}
        ordered = sorted(review.emergencies, key=lambda each: each.signed is not None)
        for access in ordered:
            is_overdue = access.is_overdue(review.made, shipped_settings())
            names = [self.name_of(each) for each in access.patients]
            card = AccessCard(
                access, by_ref.get(access.ref), names, self.around, is_overdue=is_overdue
            )
            self.cards.append(card)
            self._list.addWidget(card)
        if not ordered:
            words = tr("If somebody breaks the glass, it stands here until it is signed off.")
            self._list.addWidget(empty_words(tr("No emergency access"), words), 1)
        self._list.addStretch(1)
        self._summarise(ordered)

    def _summarise(self, accesses: Sequence[EmergencyAccess]) -> None:
        review = self.review
        waiting = [each for each in accesses if each.signed is None]
        if review is None or not waiting:
            words = tr("All reviewed") if accesses else tr("None")
            self.summarised.emit(words, "verified" if accesses else "text_soft")
            return
        late = sum(1 for each in waiting if each.is_overdue(review.made, shipped_settings()))
        words = tr("{count} to review").format(count=len(waiting))
        if late:
            words += ", " + tr("{count} overdue").format(count=late)
        self.summarised.emit(words, "danger")

    def drop(self) -> None:
        """Wait for no sign-off any more."""
        for card in self.cards:
            if card.signing is not None:
                card.signing.drop()

    def forget(self) -> None:
        """Let go of who was opened."""
        super().forget()
        clear_layout(self._list)
        self.cards.clear()


class AccessCard(QFrame):
    """One emergency access: who, why, how long, what was opened; and its sign-off."""

    def __init__(
        self,
        access: EmergencyAccess,
        finding: Finding | None,
        names: Sequence[str],
        around: Around,
        *,
        is_overdue: bool,
    ) -> None:
        super().__init__()
        self.access = access
        is_open = access.signed is None
        self.setProperty("surface", "danger" if is_overdue else "inset")
        outer = row(self, gap=3)
        outer.setContentsMargins(16, 14, 12, 14)
        icon, token = ("warning", "danger") if is_open else ("check", "verified")
        outer.addWidget(picture(icon, token, 24), 0, Qt.AlignmentFlag.AlignTop)
        inner = column(gap=1)
        outer.addLayout(inner, 1)
        way = tr("by the sealed code") if access.by_code else access.role
        inner.addWidget(Words(f"{access.who}  ·  {way}", "name"))
        inner.addWidget(Words(f"“{access.reason}”", "lead", wrap=True))
        inner.addWidget(Words(_facts(access, names), "body", wrap=True))
        if is_overdue:
            ago = ago_words(access.began, around.now())
            late = tr("It began {ago}; within 72 hours somebody should have reviewed it.")
            inner.addWidget(Words(late.format(ago=ago), "danger", wrap=True))
        self.signing: SignOffLine | None = None
        if finding is not None:
            self.signing = SignOffLine(around, finding)
            inner.addWidget(self.signing)
            outer.addWidget(self.signing.button, 0, Qt.AlignmentFlag.AlignTop)
        elif access.signed is not None:
            signed = access.signed
            said = tr("Signed off by {by}, {when}: {note}").format(
                by=signed.by, when=when_words(signed.when), note=signed.note
            )
            inner.addWidget(Words(said, "verified", wrap=True))
        self.setAccessibleName(f"{access.who}. {access.reason}")


def _facts(access: EmergencyAccess, names: Sequence[str]) -> str:
    parts = [tr("began {when}").format(when=when_words(access.began))]
    if access.ended is not None:
        minutes = max(1, round((access.ended - access.began).total_seconds() / 60))
        lasted = count_words(minutes, tr("minute"), tr("minutes"))
        parts.append(tr("lasted {time}").format(time=lasted))
    else:
        parts.append(tr("its end is not recorded"))
    parts.append(tr("at {place}").format(place=access.workstation))
    if names:
        shown = "; ".join(names[:_NAMES_SHOWN])
        more = len(names) - _NAMES_SHOWN
        if more > 0:
            shown += "; " + tr("{count} more").format(count=more)
        parts.append(tr("opened {names}").format(names=shown))
    else:
        parts.append(tr("opened nobody"))
    return "  ·  ".join(parts)
