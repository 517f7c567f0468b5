"""Calm cards: the fact first, then what can be done about it; and what is under way in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QProgressBar, QPushButton, QScrollArea, QWidget

from viewer.app.jobs import Progress
from viewer.ui.parts.buttons import button
from viewer.ui.parts.fields import labelled, line
from viewer.ui.parts.messages import Banner, picture
from viewer.ui.parts.words import Words, box, column, restyle, row

_TWO_COLUMNS_PX = 1240
_TOUCH = 44


class Card(QFrame):
    """An icon in the colour of the state, a title, the fact in words, and buttons at its foot."""

    def __init__(self, title: str, icon: str = "info") -> None:
        super().__init__()
        self.setProperty("surface", "inset")
        self._icon_name = icon
        outer = row(self, gap=4)
        outer.setContentsMargins(20, 18, 20, 18)
        self._icon = picture(icon, "text_soft", 24)
        outer.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        inner = column(gap=3)
        outer.addLayout(inner, 1)
        head = column(gap=1)
        self.title = Words(title, "name")
        self.fact = Words("", "body", wrap=True)
        head.addWidget(self.title)
        head.addWidget(self.fact)
        inner.addLayout(head)
        self.body = column(gap=2)
        inner.addLayout(self.body)
        self.message = Banner()
        inner.addWidget(self.message)
        self.work = WorkLine()
        inner.addWidget(self.work)
        self._buttons = row(gap=2)
        self._buttons.addStretch(1)
        inner.addLayout(self._buttons)
        self.foot: list[QPushButton] = []

    def show_fact(self, words: str, token: str = "text_soft", icon: str = "") -> None:
        """Say how it stands; `token` colours the icon ("verified", "doubt", "danger")."""
        self._icon.set_icon(icon or self._icon_name, token)
        self.fact.setText(words)
        self.fact.set_role(token if token in {"doubt", "danger"} else "soft")
        self.fact.setVisible(bool(words))

    def add_action(
        self, words: str, on_click: Callable[[], None], look: str = "", tip: str = ""
    ) -> QPushButton:
        """Add a button at the foot; the first is what is meant to be done."""
        made = touchable(button(words, on_click, look))
        made.setToolTip(tip)
        made.setAccessibleName(f"{words}: {self.title.text()}")
        self._buttons.insertWidget(len(self.foot), made)
        self.foot.append(made)
        return made

    def show_work(self, progress: Progress | None) -> None:
        """Show what is under way, and rest the buttons as long as it is."""
        self.work.show_progress(progress)
        for each in self.foot:
            each.setEnabled(progress is None)


class WorkLine(QWidget):
    """A bar, what is being done, and Cancel."""

    cancelled = Signal()

    def __init__(self) -> None:
        super().__init__()
        layout = row(self, gap=3)
        words = column(gap=1)
        self.words = Words("", "soft")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        words.addStretch(1)
        words.addWidget(self.words)
        words.addWidget(self.bar)
        words.addStretch(1)
        layout.addLayout(words, 1)
        translate = QCoreApplication.translate
        self.cancel = touchable(button(translate("WorkLine", "Cancel"), self.cancelled.emit))
        layout.addWidget(self.cancel)
        self.hide()

    def show_progress(self, progress: Progress | None) -> None:
        """Show how far it is; None: nothing is under way."""
        self.setVisible(progress is not None)
        if progress is None:
            return
        # Bytes of large stores do not fit into the bar's 32 bits.
        self.bar.setRange(0, 1000 if progress.total else 0)
        share = progress.done / progress.total if progress.total else 0.0
        self.bar.setValue(round(1000 * share))
        percent = f"  {share:.0%}" if progress.total else ""
        self.words.setText(f"{progress.what}{percent}")


def touchable(made: QPushButton) -> QPushButton:
    """Make a button as high as a gloved finger needs."""
    made.setProperty("touch", True)
    return made


def emphasise(made: QPushButton, is_urgent: bool) -> None:
    """Make a button the one to press, or one among others."""
    made.setProperty("look", "primary" if is_urgent else "")
    restyle(made)


class Columns(QScrollArea):
    """Cards one below the other; in a wide window in two columns."""

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        holder = QWidget()
        outer = row(holder, gap=4)
        outer.setContentsMargins(20, 20, 20, 20)
        self._sides = (QWidget(), QWidget())
        self._columns = tuple(column(side, gap=4) for side in self._sides)
        for side, layout in zip(self._sides, self._columns, strict=True):
            layout.addStretch(1)
            outer.addWidget(side, 1)
        self._cards: list[QWidget] = []
        self._is_wide = False
        self._sides[1].hide()
        self.setWidget(holder)

    def show_cards(self, cards: Sequence[QWidget]) -> None:
        """Lay cards out anew; those that are left out stay hidden."""
        for old in self._cards:
            old.setVisible(old in cards)
        self._cards = list(cards)
        self._place()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Use the width there is."""
        super().resizeEvent(event)
        is_wide = self.width() >= _TWO_COLUMNS_PX
        if is_wide != self._is_wide:
            self._is_wide = is_wide
            self._place()

    def _place(self) -> None:
        self._sides[1].setVisible(self._is_wide and len(self._cards) > 1)
        for card in self._cards:
            for layout in self._columns:
                layout.removeWidget(card)
        for number, card in enumerate(self._cards):
            layout = self._columns[number % 2 if self._is_wide else 0]
            layout.insertWidget(layout.count() - 1, card)
            card.show()


class Question(QWidget):
    """The content of a sheet that asks before something is done: `confirmed(reason)`.

    Parameters
    ----------
    facts : sequence of str
        What follows from it, a sentence each; these are what is to be read.
    reason : str
        What the field for a reason is called; none without it.
    must_type : str
        What has to be typed before the button can be pressed; nothing by default.
    """

    confirmed = Signal(str)
    declined = Signal()

    def __init__(
        self,
        words: str,
        facts: Sequence[str],
        verb: str,
        *,
        look: str = "danger",
        reason: str = "",
        must_type: str = "",
    ) -> None:
        super().__init__()
        self.setFixedWidth(560)
        self._must_type = must_type
        layout = column(self, margin=5, gap=4)
        layout.addWidget(Words(words, "lead", wrap=True))
        for fact in facts:
            layout.addWidget(sentence(fact, "warning" if look == "danger" else "info"))
        self.reason = line()
        self.typed = line()
        if reason:
            layout.addWidget(labelled(reason, self.reason))
        if must_type:
            asked = self.tr("Type “{words}” to go on").format(words=must_type)
            layout.addWidget(labelled(asked, self.typed))
        self._needs_reason = bool(reason)
        foot = row(gap=2)
        foot.addStretch(1)
        self.no = touchable(button(self.tr("Leave it"), self.declined.emit, "quiet"))
        self.yes = touchable(button(verb, self._confirm, look))
        foot.addWidget(self.no)
        foot.addWidget(self.yes)
        layout.addLayout(foot)
        for field in (self.reason, self.typed):
            field.textChanged.connect(self._look)
            field.returnPressed.connect(self._confirm)
        self.setFocusProxy(self.reason if reason else self.typed if must_type else self.no)
        self._look()

    def _look(self) -> None:
        has_reason = bool(self.reason.text().strip()) or not self._needs_reason
        is_typed = self.typed.text().strip() == self._must_type
        self.yes.setEnabled(has_reason and is_typed)

    def _confirm(self) -> None:
        if self.yes.isEnabled():
            self.confirmed.emit(self.reason.text().strip())


def sentence(words: str, icon: str = "info", token: str = "text_soft") -> QWidget:
    """Return a sentence behind a small icon."""
    holder = QWidget()
    layout = row(holder, gap=3)
    colour = "doubt" if icon == "warning" and token == "text_soft" else token
    layout.addWidget(picture(icon, colour, 18), 0, Qt.AlignmentFlag.AlignTop)
    layout.addWidget(Words(words, "body", wrap=True), 1)
    return holder


def line_box() -> QFrame:
    """Return a frame for one row of a list inside a card."""
    frame = box("row")
    frame.setMinimumHeight(_TOUCH + 8)
    return frame
