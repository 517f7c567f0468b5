"""What the pages of the review desk share: the desk, the last look, and a list that fills."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import attrs
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from viewer.app.reviewing import PatientLabel, Review
from viewer.model.ids import PatientId
from viewer.ui.parts.buttons import WordButton, button
from viewer.ui.parts.flow import FlowLayout
from viewer.ui.parts.messages import picture
from viewer.ui.parts.words import Words, box, column
from viewer.ui.review_ports import ReviewDesk
from viewer.ui.wording import isolated, tr


def _now() -> datetime:
    return datetime.now(UTC)


class Keeper(Protocol):
    """Remembers what somebody chose on the desk."""

    def chosen(self, name: str, otherwise: str = "") -> str:
        """Return what was chosen the last time."""

    def choose(self, name: str, value: str) -> None:
        """Remember a choice."""


@attrs.frozen(eq=False)
class Around:
    """What every page needs: the desk, what was chosen, ways to say and to turn, and the time."""

    desk: ReviewDesk
    keeper: Keeper
    say: Callable[[str, str], None]
    turn_to: Callable[[str], None] = lambda _: None
    signed: Callable[[object], None] = lambda _: None
    now: Callable[[], datetime] = _now


class ReviewPage(QWidget):
    """One of the pages; `summarised(words, token)` when its line in the rail is another."""

    summarised = Signal(str, str)

    def __init__(self, around: Around) -> None:
        super().__init__()
        self.around = around
        self.review: Review | None = None

    def show_review(self, review: Review) -> None:
        """Show what a look through the trail found."""
        self.review = review
        self.refresh()

    def refresh(self) -> None:
        """Build what it shows anew."""

    def drop(self) -> None:
        """Wait for nothing any more."""

    def forget(self) -> None:
        """Let go of everything of patients: the desk was closed, or the workstation locked."""
        self.review = None

    def name_of(self, patient_id: PatientId) -> str:
        """Return what may be said of a patient."""
        label = self.review.label(patient_id) if self.review else PatientLabel(patient_id)
        return isolated(label.words)


def empty_words(title: str, words: str, icon: str = "check", token: str = "verified") -> QWidget:
    """Return a page's middle where there is nothing to list: it says so, and what that means."""
    holder = QWidget()
    layout = column(holder, margin=8, gap=2)
    layout.addStretch(1)
    layout.addWidget(picture(icon, token, 40), 0, Qt.AlignmentFlag.AlignHCenter)
    for said, role in ((title, "name"), (words, "soft")):
        label = Words(said, role, wrap=True)
        label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(label)
    layout.addStretch(2)
    return holder


def scrolled(inner: QWidget) -> QScrollArea:
    """Return a scroll area around a column of things."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(inner)
    return area


class Chips(QWidget):
    """A row of chips of which any number may be on; `changed` tells of a click."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._flow = FlowLayout(self)
        self.chips: dict[str, WordButton] = {}

    def show_chips(self, chips: dict[str, str], on: set[str]) -> None:
        """Offer these, by id and words; those in `on` are pressed."""
        for old in self.chips.values():
            old.hide()
            old.deleteLater()
        while self._flow.takeAt(0) is not None:
            pass
        self.chips.clear()
        for chip_id, words in chips.items():
            chip = button(words, lambda: None, "chip", touch=True)
            chip.setCheckable(True)
            chip.setChecked(chip_id in on)
            chip.toggled.connect(lambda _: self.changed.emit())
            self.chips[chip_id] = chip
            self._flow.addWidget(chip)
            chip.show()
        self.updateGeometry()

    @property
    def on(self) -> set[str]:
        """Which are pressed."""
        return {chip_id for chip_id, chip in self.chips.items() if chip.isChecked()}

    def hasHeightForWidth(self) -> bool:
        """Yes: the chips wrap."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Return the height at a width."""
        return self._flow.heightForWidth(width)


def page_column(page: QWidget) -> QVBoxLayout:
    """Return a page's layout with the margins that all of them have."""
    layout = column(page, gap=3)
    layout.setContentsMargins(20, 16, 20, 16)
    return layout


def legend(words: str) -> QWidget:
    """Return a sentence that explains a chart."""
    holder = box("clear")
    layout = column(holder)
    layout.addWidget(Words(words, "small", wrap=True))
    return holder


__all__ = [
    "Around",
    "Chips",
    "Keeper",
    "ReviewPage",
    "empty_words",
    "legend",
    "page_column",
    "scrolled",
    "tr",
]
