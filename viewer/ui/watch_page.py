"""Watched folders: which devices bring their pictures by themselves, and how each stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QScrollArea, QWidget

from viewer.model.image import ImageKind
from viewer.ui.folder_dialog import ask_folder
from viewer.ui.parts.buttons import button
from viewer.ui.parts.cards import Card, sentence, touchable
from viewer.ui.parts.fields import labelled, line
from viewer.ui.parts.messages import error_words
from viewer.ui.parts.words import ElidedWords, Words, clear_layout, column, row
from viewer.ui.ports import Running
from viewer.ui.watch_ports import WatchedFolders, WatchedRow, WatchOrder
from viewer.ui.wording import isolated, kind_words

_EVERY_MS = 1000


class FolderCard(Card):
    """One watched folder; stopping asks once more."""

    stop_wanted = Signal()

    def __init__(self, watched: WatchedRow, *, can_set: bool) -> None:
        super().__init__(isolated(watched.device), "folder")
        self.row = watched
        place = ElidedWords(watched.folder, "soft")
        place.setToolTip(watched.folder)
        self.body.addWidget(place)
        if watched.removes:
            after = self.tr("Files are removed once they are sealed and read back.")
        else:
            after = self.tr("Files stay where they are.")
        if watched.kind is not None:
            what = self.tr("What does not say what it is becomes: {kind}.")
            after = f"{after} {what.format(kind=kind_words(watched.kind))}"
        self.body.addWidget(Words(after, "soft", wrap=True))
        self.stop = self.add_action(self.tr("Stop watching…"), self._ask)
        self.sure = self.add_action(self.tr("Stop watching"), self.stop_wanted.emit, "danger")
        self.stay = self.add_action(self.tr("Go on watching"), self._calm, "quiet")
        self.stop.setVisible(can_set)
        self._calm_buttons(asking=False, can_set=can_set)
        self._can_set = can_set
        self.show_row(watched)

    def show_row(self, watched: WatchedRow) -> None:
        """Say how it stands."""
        token = "verified" if watched.is_well else "doubt"
        self.show_fact(watched.words, token, "folder" if watched.is_well else "warning")

    def _ask(self) -> None:
        self.message.say(self.tr("What it brought stays. New files are not taken in any more."))
        self._calm_buttons(asking=True, can_set=self._can_set)
        self.stay.setFocus()

    def _calm(self) -> None:
        self.message.hide()
        self._calm_buttons(asking=False, can_set=self._can_set)

    def _calm_buttons(self, *, asking: bool, can_set: bool) -> None:
        self.stop.setVisible(can_set and not asking)
        self.sure.setVisible(asking)
        self.stay.setVisible(asking)


class WatchPanel(QWidget):
    """The content of a sheet: each folder, then the form for another one."""

    changed = Signal()
    """A folder is watched that was not, or the other way round."""

    def __init__(self, watched: WatchedFolders, *, can_set: bool) -> None:
        super().__init__()
        self._watched, self._can_set = watched, can_set
        self._running: Running | None = None
        self._folder: Path | None = None
        self.cards: list[FolderCard] = []
        outer = column(self, gap=0)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        holder = QWidget()
        layout = column(holder, gap=4)
        layout.setContentsMargins(20, 16, 20, 20)
        lead = self.tr(
            "A sensor, a CBCT unit or a camera writes into a folder. What lies whole in it comes "
            "in by itself while somebody is in who may import. What does not say whose it is waits "
            "on the review list; nothing goes into the chart that happens to be open."
        )
        layout.addWidget(Words(lead, "soft", wrap=True))
        self._list = column(gap=3)
        layout.addLayout(self._list)
        self.form = self._make_form()
        self.form.setVisible(can_set)
        layout.addWidget(self.form)
        layout.addStretch(1)
        scroll.setWidget(holder)
        outer.addWidget(scroll)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look_again)
        self._timer.start(_EVERY_MS)
        self.load()

    def drop(self) -> None:
        """Look no more, and hear of nothing under way."""
        self._timer.stop()
        if self._running is not None:
            self._running.drop()
            self._running = None

    def load(self) -> None:
        """List them anew."""
        self._running = self._watched.rows(self._show, self._fail)

    # --- made once ---------------------------------------------------------------------------

    def _make_form(self) -> Card:
        form = Card(self.tr("Watch another folder"), "plus")
        form.show_fact("")
        self.choose = touchable(button(self.tr("Folder…"), self._ask_folder))
        self.choose.setAccessibleName(self.tr("Choose the folder that the device writes into"))
        self.place = ElidedWords(self.tr("The one that this device alone writes into"), "soft")
        place = row(gap=3)
        place.addWidget(self.choose)
        place.addWidget(self.place, 1, Qt.AlignmentFlag.AlignVCenter)
        self.device = line(self.tr("Sensor in room 2"))
        self.device.setMaxLength(60)
        self.kind = QComboBox()
        self.kind.setProperty("target", "touch")
        self.kind.setAccessibleName(self.tr("What it makes"))
        self.kind.addItem(self.tr("As its files say"), None)
        for kind in ImageKind:
            if kind is not ImageKind.OTHER:
                self.kind.addItem(kind_words(kind), kind)
        fields = row(gap=3)
        fields.addWidget(labelled(self.tr("What people call the device"), self.device), 2)
        fields.addWidget(labelled(self.tr("What it makes"), self.kind), 1)
        self.removes = QCheckBox(self.tr("Remove each file once it is sealed and was read back"))
        self.removes.setMinimumHeight(44)
        self.warning = sentence(
            self.tr(
                "Deleting takes a name away and no more: what lay on that disk may be found until "
                "it is written over. Files that were not taken in stay."
            ),
            "warning",
            "doubt",
        )
        self.warning.hide()
        form.body.addLayout(place)
        form.body.addLayout(fields)
        form.body.addWidget(self.removes)
        form.body.addWidget(self.warning)
        self.hint = Words("", "soft", wrap=True)
        form.body.addWidget(self.hint)
        self.go = form.add_action(self.tr("Watch this folder"), self.submit, "primary")
        self.removes.toggled.connect(self.warning.setVisible)
        self.device.textChanged.connect(self._look)
        self.device.returnPressed.connect(self.submit)
        self._look()
        return form

    # --- listed ------------------------------------------------------------------------------

    def _show(self, rows: Sequence[WatchedRow]) -> None:
        clear_layout(self._list)
        self.cards = [FolderCard(each, can_set=self._can_set) for each in rows]
        for card in self.cards:
            card.stop_wanted.connect(partial(self._stop, card.row.id))
            self._list.addWidget(card)
        if not rows:
            self._list.addWidget(sentence(self.tr("No folder is watched yet."), "folder"))

    def _look_again(self) -> None:
        for card in self.cards:
            card.show_row(self._watched.words_of(card.row))

    # --- set up and stopped ------------------------------------------------------------------

    def _ask_folder(self) -> None:
        ask_folder(self, self.tr("The folder that the device writes into"), self.take)

    def take(self, folder: Path) -> None:
        """Show which folder was chosen."""
        self._folder = folder
        self.place.setText(str(folder))
        self.place.setToolTip(str(folder))
        self._look()

    def _missing(self) -> str:
        if self._folder is None:
            return self.tr("Choose the folder.")
        if not self.device.text().strip():
            return self.tr("Say what people call the device.")
        return ""

    def _look(self) -> None:
        self.hint.setText(self._missing())
        self.hint.setVisible(bool(self.hint.text()))

    def submit(self) -> None:
        """Watch the folder that is chosen."""
        self._look()
        if self._folder is None or self._missing():
            return
        order = WatchOrder(
            self._folder,
            self.device.text().strip(),
            self.removes.isChecked(),
            self.kind.currentData(),
        )
        self._run(lambda: self._watched.add(order, self._on_added, self._fail))

    def _on_added(self, _: None) -> None:
        self._folder = None
        self.place.setText(self.tr("The one that this device alone writes into"))
        self.device.clear()
        self.removes.setChecked(False)
        self._after()

    def _stop(self, folder_id: str) -> None:
        self._run(lambda: self._watched.stop(folder_id, lambda _: self._after(), self._fail))

    def _after(self) -> None:
        self.form.message.hide()
        self.go.setEnabled(True)
        self.changed.emit()
        self.load()

    def _fail(self, fault: Exception) -> None:
        self.go.setEnabled(True)
        self.form.message.say(error_words(fault), "danger")

    def _run(self, begin: Callable[[], Running]) -> None:
        self.go.setEnabled(False)
        self._running = begin()
