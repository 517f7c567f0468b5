"""Which teeth and which side: set by hand, for one image or for all of a visit at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from viewer.app.jobs import Progress
from viewer.model.image import ImageRecord
from viewer.ui.parts.buttons import button
from viewer.ui.parts.cards import WorkLine, touchable
from viewer.ui.parts.flow import FlowLayout
from viewer.ui.parts.messages import Banner, error_words
from viewer.ui.parts.words import Words, column, row
from viewer.ui.ports import Running
from viewer.ui.tooth_chart import ToothChart
from viewer.ui.waiting_ports import Corrections
from viewer.ui.wording import count_words, image_words, tr


def sides() -> tuple[tuple[str, str], ...]:
    """Which sides there are, as DICOM writes and as a person reads them."""
    return (("", tr("Not said")), ("R", tr("Right")), ("L", tr("Left")), ("B", tr("Both")))


class TeethPanel(QWidget):
    """The sheet's content. `changed` once something was set or taken back.

    What nobody touches stays as it is: a side can be set for a whole visit whose teeth differ.
    """

    changed = Signal()

    def __init__(self, image: ImageRecord, visit: Sequence[ImageRecord], desk: Corrections) -> None:
        super().__init__()
        self._image, self._visit, self._desk = image, visit, desk
        self._running: Running | None = None
        self._is_busy = False
        self._has_teeth = self._has_side = False
        layout = column(self, margin=5, gap=4)
        self.scope, self.one, self.all = self._make_scope()
        layout.addWidget(self.scope)
        self.chart = ToothChart()
        self.chart.choose(image.teeth)
        self.chart.changed.connect(self._on_teeth)
        layout.addWidget(self.chart)
        layout.addLayout(self._make_tools())
        self.side_buttons = self._make_sides(layout)
        self.words = Words("", "soft", wrap=True)
        layout.addWidget(self.words)
        self.message = Banner(can_close=False)
        layout.addWidget(self.message)
        self.work = WorkLine()
        self.work.cancel.hide()
        layout.addWidget(self.work)
        foot = row(gap=2)
        foot.addStretch(1)
        self.save = touchable(button("", self.apply, "primary"))
        foot.addWidget(self.save)
        layout.addLayout(foot)
        self.setFocusProxy(next(iter(self.chart.teeth.values())))
        self._look()

    def _make_scope(self) -> tuple[QWidget, QPushButton, QPushButton]:
        holder = QWidget()
        flow = FlowLayout(holder)
        group = QButtonGroup(holder)
        one = self._chip(image_words(self._image), flow, group)
        count = count_words(len(self._visit), self.tr("image"), self.tr("images"))
        words = self.tr("All {images} of this visit").format(images=count)
        everything = self._chip(words, flow, group)
        everything.setVisible(len(self._visit) > 1)
        one.setChecked(True)
        group.buttonToggled.connect(lambda _made, _on: self._look())
        return holder, one, everything

    def _chip(self, words: str, flow: FlowLayout, group: QButtonGroup) -> QPushButton:
        made = button(words, lambda: None, "chip", touch=True)
        made.setCheckable(True)
        group.addButton(made)
        flow.addWidget(made)
        return made

    def _make_tools(self) -> QHBoxLayout:
        line = row(gap=2)
        self.none = touchable(button(self.tr("No teeth"), self._clear, "quiet"))
        self.children_button = touchable(button(self.tr("Children’s teeth"), lambda: None, "quiet"))
        self.children_button.setCheckable(True)
        self.children_button.toggled.connect(self.chart.show_primary)
        line.addWidget(self.none)
        line.addWidget(self.children_button)
        line.addStretch(1)
        return line

    def _make_sides(self, layout: QVBoxLayout) -> dict[str, QPushButton]:
        holder = QWidget()
        flow = FlowLayout(holder)
        group = QButtonGroup(holder)
        made = {code: self._chip(words, flow, group) for code, words in sides()}
        for each in made.values():
            each.clicked.connect(lambda _: self._on_side())
        if self._image.laterality in made:
            made[self._image.laterality].setChecked(True)
        line = row(gap=3)
        line.addWidget(Words(self.tr("Side"), "soft"))
        line.addWidget(holder, 1)
        layout.addLayout(line)
        return made

    # --- what is chosen ----------------------------------------------------------------------

    @property
    def images(self) -> Sequence[ImageRecord]:
        """On which images it is set."""
        return self._visit if self.all.isChecked() else [self._image]

    @property
    def side(self) -> str | None:
        """Which side is pressed."""
        return next((code for code, made in self.side_buttons.items() if made.isChecked()), None)

    def _on_teeth(self) -> None:
        self._has_teeth = True
        self._look()

    def _on_side(self) -> None:
        self._has_side = True
        self._look()

    def _clear(self) -> None:
        self.chart.choose(())
        self._on_teeth()

    def _look(self) -> None:
        count = count_words(len(self.images), self.tr("image"), self.tr("images"))
        self.save.setText(self.tr("Set on {images}").format(images=count))
        self.save.setEnabled((self._has_teeth or self._has_side) and not self._is_busy)
        parts = []
        if self._has_teeth:
            numbers = ", ".join(str(int(tooth)) for tooth in self.chart.chosen)
            parts.append(self.tr("Teeth: {numbers}").format(numbers=numbers or self.tr("none")))
        if self._has_side:
            parts.append(self.tr("Side: {side}").format(side=dict(sides())[self.side or ""]))
        hint = self.tr("Tap the teeth that are seen. What you don’t touch stays as it is.")
        self.words.setText("   ·   ".join(parts) or hint)

    # --- doing it ----------------------------------------------------------------------------

    def apply(self) -> None:
        """Set it."""
        if not self.save.isEnabled():
            return
        ids = [each.id for each in self.images]
        teeth = self.chart.chosen if self._has_teeth else None
        side = self.side if self._has_side else None
        self._start(lambda: self._desk.set_teeth(ids, teeth, side, self._done, self._fail))

    def _start(self, begin: Callable[[], Running]) -> None:
        self._is_busy = True
        self.message.hide()
        self.work.show_progress(Progress(0, 0, self.tr("Writing")))
        self._look()
        running = begin()
        if self._is_busy:
            self._running = running

    def _rest(self) -> None:
        self._is_busy, self._running = False, None
        self.work.show_progress(None)

    def _done(self, before: Sequence[ImageRecord]) -> None:
        self._rest()
        self._has_teeth = self._has_side = False
        self._look()
        count = count_words(len(before), self.tr("image"), self.tr("images"))
        words = self.tr("Set on {images}. The file’s own header stays as it came.")
        undo = (self.tr("Undo"), partial(self._undo, before))
        self.message.say(words.format(images=count), "verified", undo)
        self.changed.emit()

    def _undo(self, before: Sequence[ImageRecord]) -> None:
        self._start(lambda: self._desk.put_back(before, partial(self._undone, before), self._fail))

    def _undone(self, before: Sequence[ImageRecord]) -> None:
        self._rest()
        mine = next((each for each in before if each.id == self._image.id), None)
        if mine is not None:
            self.chart.choose(mine.teeth)
            for code, made in self.side_buttons.items():
                made.setChecked(code == mine.laterality)
        self._look()
        self.message.say(self.tr("As it was before."), "accent")
        self.changed.emit()

    def _fail(self, fault: Exception) -> None:
        self._rest()
        self._look()
        words = error_words(fault)
        if words:
            self.message.say(words, "danger")

    def drop(self) -> None:
        """Hear of nothing any more."""
        if self._running is not None:
            self._running.drop()
        self._rest()
