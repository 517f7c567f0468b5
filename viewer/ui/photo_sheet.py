"""The sheet for photos, scans, surfaces and documents: whose, what, which teeth, when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from pathlib import Path

import attrs
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPixmap, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from viewer.model.errors import Cancelled
from viewer.model.ids import PatientId
from viewer.model.image import ImageKind
from viewer.model.patient import Patient
from viewer.ui.folder_dialog import ask_files
from viewer.ui.import_panel import DropZone, ProgressCard
from viewer.ui.parts.buttons import IconButton, WordButton, button
from viewer.ui.parts.fields import line
from viewer.ui.parts.flow import FlowLayout
from viewer.ui.parts.messages import error_words
from viewer.ui.parts.words import Words, column, row, rule
from viewer.ui.photo_list import OnePhoto, PhotoList
from viewer.ui.photo_person import PhotoPerson
from viewer.ui.photo_ports import Chosen, Label, Looked, NewPatient, NothingSeen, PhotoDesk
from viewer.ui.ports import ImportSummary, Running
from viewer.ui.tooth_chart import ToothChart
from viewer.ui.wording import count_words

_WHAT: tuple[tuple[str, ImageKind, str], ...] = (
    ("Intraoral", ImageKind.PHOTO, "Intraoral"),
    ("Occlusal upper", ImageKind.PHOTO, "Occlusal upper"),
    ("Occlusal lower", ImageKind.PHOTO, "Occlusal lower"),
    ("Face frontal", ImageKind.PHOTO, "Face frontal"),
    ("Face profile", ImageKind.PHOTO, "Face profile"),
    ("Face smiling", ImageKind.PHOTO, "Face smiling"),
    ("Bitewing", ImageKind.BITEWING, ""),
    ("Periapical", ImageKind.PERIAPICAL, ""),
    ("Panoramic", ImageKind.PANORAMIC, ""),
    ("Cephalogram", ImageKind.CEPHALOMETRIC, ""),
    ("Scanned document", ImageKind.DOCUMENT, "Scanned document"),
    ("Other", ImageKind.OTHER, "Other"),
)
_SIDES = (("Not said", ""), ("Right", "R"), ("Left", "L"), ("Both", "B"))


class PhotoSheet(QWidget):
    """Says of each photo what it is and stores all; `stored(ImportSummary)` at the end."""

    stored = Signal(object)

    def __init__(self, desk: PhotoDesk, patient: Patient | None) -> None:
        super().__init__()
        self._desk = desk
        self._running: Running | None = None
        self._is_busy = False
        self._build(patient)
        self.drops = DropZone(self)
        self.drops.dropped.connect(self.look_at)
        self.progress = ProgressCard(self, self.tr("Storing"))
        self.progress.cancelled.connect(self._cancel)
        self._show_chosen()

    # --- made once ---------------------------------------------------------------------------

    def _build(self, patient: Patient | None) -> None:
        self.list = PhotoList()
        self.list.chosen_changed.connect(self._show_chosen)
        self.person = PhotoPerson(self._desk, patient)
        self.person.changed.connect(self._weigh)
        layout = column(self, margin=4, gap=3)
        self.pages = QStackedWidget()
        self.pages.addWidget(self._empty_page())
        self.pages.addWidget(self._work_page())
        layout.addWidget(self.pages, 1)
        layout.addWidget(rule())
        layout.addLayout(self._make_foot())

    def _empty_page(self) -> QWidget:
        page = QWidget()
        layout = column(page, gap=3)
        layout.addStretch(1)
        for words, role in (
            (self.tr("Drop photos, scans, models or documents here"), "title"),
            (self.tr("PNG, JPEG, TIFF, HEIC · STL, PLY, OBJ · PDF"), "soft"),
        ):
            layout.addWidget(Words(words, role), 0, Qt.AlignmentFlag.AlignCenter)
        self.choose = button(self.tr("Choose files…"), self._ask, "primary", "photo")
        layout.addWidget(self.choose, 0, Qt.AlignmentFlag.AlignCenter)
        self.refused = Words("", "doubt", wrap=True)
        self.refused.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout.addWidget(self.refused)
        layout.addStretch(1)
        return page

    def _work_page(self) -> QWidget:
        page = QWidget()
        layout = column(page, gap=3)
        upper = row(gap=4)
        upper.addWidget(self.list)
        upper.addLayout(self._make_middle(), 1)
        upper.addWidget(self._make_form())
        layout.addLayout(upper, 1)
        layout.addLayout(self._make_lower())
        return page

    def _make_lower(self) -> QHBoxLayout:
        self.teeth = ToothChart()
        self.teeth.changed.connect(lambda: self._say(teeth=self.teeth.chosen))
        lower = row(gap=4)
        lower.addWidget(self.teeth)
        lower.addStretch(1)
        beside = column(gap=2)
        beside.addStretch(1)
        self.sides = self._chips(beside, [(self.tr(words), side) for words, side in _SIDES])
        for side, chip in self.sides.items():
            chip.clicked.connect(lambda _=False, side=side: self._say(laterality=str(side)))
        beside.addLayout(self._make_when())
        lower.addLayout(beside)
        return lower

    def _make_when(self) -> QHBoxLayout:
        self.day = line(self.tr("2026-11-22"))
        self.day.setFixedWidth(140)
        self.day.setAccessibleName(self.tr("Taken on"))
        self.day.setToolTip(self.tr("Taken on"))
        self.day.textEdited.connect(lambda _: self._say_day())
        self.day_source = Words("", "soft", wrap=True)
        self.children_button = button(self.tr("Children’s teeth"), lambda: None, "quiet")
        self.children_button.setCheckable(True)
        self.children_button.toggled.connect(self._show_children)
        when = row(gap=2)
        when.addWidget(self.day)
        when.addWidget(self.day_source, 1)
        when.addWidget(self.children_button)
        return when

    def _show_children(self, shown: bool) -> None:
        self.teeth.show_primary(shown)
        self.teeth.permanent.setVisible(not shown)

    def _make_middle(self) -> QVBoxLayout:
        middle = column(gap=2)
        self.picture = QLabel()
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setMinimumSize(200, 160)
        self.picture.setProperty("surface", "canvas")
        middle.addWidget(self.picture, 1)
        self.about = Words("", "soft", wrap=True)
        self.about.setAlignment(Qt.AlignmentFlag.AlignCenter)
        middle.addWidget(self.about)
        tools = row(gap=2)
        tools.addStretch(1)
        for icon, words, do in (
            ("rotate-ccw", self.tr("Turn left"), lambda: self._turn(-1)),
            ("rotate-cw", self.tr("Turn right"), lambda: self._turn(1)),
            ("flip-h", self.tr("Mirror"), self._flip),
            ("close", self.tr("Leave out"), self._leave_out),
        ):
            tools.addWidget(_tool(icon, words, do))
        tools.addStretch(1)
        middle.addLayout(tools)
        return middle

    def _make_form(self) -> QScrollArea:
        holder = QWidget()
        form = column(holder, gap=2)
        form.addWidget(Words(self.tr("WHOSE"), "section"))
        self.person.setFixedWidth(420)
        form.addWidget(self.person)
        form.addWidget(Words(self.tr("WHAT"), "section"))
        self.kinds = self._chips(form, [(self.tr(each[0]), n) for n, each in enumerate(_WHAT)])
        for n, chip in self.kinds.items():
            chip.clicked.connect(lambda _=False, n=n: self._say_what(int(n)))
        form.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFixedWidth(436)
        scroll.setWidget(holder)
        return scroll

    def _chips(
        self, form: QVBoxLayout, choices: Sequence[tuple[str, int | str]]
    ) -> dict[int | str, WordButton]:
        holder = QWidget()
        holder.setFixedWidth(420)
        flow = FlowLayout(holder)
        made = {}
        for words, key in choices:
            chip = button(words, lambda: None, "chip", touch=True)
            chip.setCheckable(True)
            flow.addWidget(chip)
            made[key] = chip
        form.addWidget(holder)
        return made

    def _make_foot(self) -> QHBoxLayout:
        foot = row(gap=3)
        self.more = button(self.tr("Add files…"), self._ask, "quiet", "plus", touch=True)
        foot.addWidget(self.more)
        self.message = Words("", "soft", wrap=True)
        foot.addWidget(self.message, 1)
        self.go = button("", self._store, "primary", "lock")
        foot.addWidget(self.go)
        return foot

    # --- looking -----------------------------------------------------------------------------

    def look_at(self, paths: Sequence[Path]) -> None:
        """Look at files and list them; more may come while others are being looked at."""
        if self._is_busy:
            return
        self._is_busy = True
        self.refused.setText("")
        self.message.setText(self.tr("Looking at the files…"))
        self.message.set_role("soft")
        started = self._desk.look_at(paths, self._on_found, self._on_looked, self._on_fault)
        self._running = started if self._is_busy else None
        self._weigh()

    def _ask(self) -> None:
        title = self.tr("Choose photos, scans, models or documents")
        ask_files(self, title, self.look_at)

    def _on_found(self, looked: Looked) -> None:
        said = self._desk.remembered
        small = looked.thumbnail
        # What a radiograph shows is not guessed; a model or a document says it itself.
        is_photo = looked.is_photo and small is not None and small.ndim == 3
        fresh = Label(said.kind, said.view) if is_photo else Label(looked.image_kind)
        fresh = attrs.evolve(fresh, taken=looked.taken)
        self.pages.setCurrentIndex(1)
        self.list.add(OnePhoto(looked, fresh))

    def _on_looked(self, nothing: NothingSeen) -> None:
        self._running, self._is_busy = None, False
        words = [f"{each.file_name}: {each.reason}" for each in nothing.refusals]
        self.refused.setText("\n".join(words[:6]))
        first = words[0] if words else ""
        more = self.tr(" and {count} more").format(count=len(words) - 1) if len(words) > 1 else ""
        self.message.setText(first + more)
        self.message.set_role("doubt")
        self.message.setToolTip("\n".join(words))
        self._show_chosen()

    def _on_fault(self, fault: Exception) -> None:
        self._running, self._is_busy = None, False
        self.progress.hide()
        self.message.set_role("soft" if isinstance(fault, Cancelled) else "danger")
        self.message.setText(error_words(fault) or self.tr("Cancelled. Nothing more was stored."))
        self._weigh()

    # --- saying ------------------------------------------------------------------------------

    def _say(self, **said: object) -> None:
        for photo in self.list.chosen:
            photo.label = attrs.evolve(photo.label, **said)  # type: ignore[arg-type]
        self.list.refresh()
        self._show_chosen()

    def _say_what(self, number: int) -> None:
        _, kind, view = _WHAT[number]
        self._say(kind=kind, view=view)

    def _say_day(self) -> None:
        day = self._day()
        self.day.setProperty("wrong", day is None and bool(self.day.text().strip()))
        self.day.style().polish(self.day)
        taken = datetime.combine(day, time()) if day else None
        for photo in self.list.chosen:
            photo.label = attrs.evolve(photo.label, taken=taken)
        self.day_source.setText(self.tr("As you say"))
        self._weigh()

    def _day(self) -> date | None:
        try:
            return date.fromisoformat(self.day.text().strip())
        except ValueError:
            return None

    def _turn(self, quarters: int) -> None:
        for photo in self.list.chosen:
            turns = (photo.label.quarter_turns + quarters) % 4
            photo.label = attrs.evolve(photo.label, quarter_turns=turns)
        self.list.refresh()
        self._show_chosen()

    def _flip(self) -> None:
        """Mirror what is seen: the flip comes before the turns, so they change their sense."""
        for photo in self.list.chosen:
            label = photo.label
            photo.label = attrs.evolve(
                label, is_flipped=not label.is_flipped, quarter_turns=-label.quarter_turns % 4
            )
        self.list.refresh()
        self._show_chosen()

    def _leave_out(self) -> None:
        self.list.leave_out()
        if not self.list.photos:
            self.pages.setCurrentIndex(0)
        self._show_chosen()

    # --- showing -----------------------------------------------------------------------------

    def _show_chosen(self) -> None:
        chosen = self.list.chosen
        first = chosen[0] if chosen else None
        self._show_picture(first)
        label = first.label if first else Label()
        for n, chip in self.kinds.items():
            _, kind, view = _WHAT[int(n)]
            chip.setChecked(first is not None and (kind, view) == (label.kind, label.view))
        for side, chip in self.sides.items():
            chip.setChecked(first is not None and side == label.laterality)
        self.teeth.choose(label.teeth)
        self._show_day(first)
        self._weigh()

    def _show_day(self, first: OnePhoto | None) -> None:
        if self.day.hasFocus():
            return
        taken = first.label.taken if first else None
        self.day.setText(taken.date().isoformat() if taken else "")
        if first is None or taken is None:
            self.day_source.setText("")
        elif taken != first.looked.taken:
            self.day_source.setText(self.tr("As you say"))
        elif first.looked.is_of_file:
            self.day_source.setText(self.tr("When the file was saved: check it"))
        else:
            self.day_source.setText(self.tr("From the photo"))

    def _show_picture(self, first: OnePhoto | None) -> None:
        image = first.picture() if first else None
        if first is None or image is None:
            self.picture.setText("")
            self.about.setText("")
            return
        if image.isNull():
            self.picture.setText(first.looked.name)
        else:
            shown = QPixmap.fromImage(image).scaled(
                self.picture.size(),
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
            self.picture.setPixmap(shown)
        self.about.setText(first.looked.about or first.looked.name)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the picture as large as there is room."""
        super().resizeEvent(event)
        chosen = self.list.chosen
        self._show_picture(chosen[0] if chosen else None)

    def _weigh(self) -> None:
        """Say on the button what it does, or what is still to be said."""
        photos = self.list.photos
        count, name = len(photos), self.person.words
        unsaid = sum(photo.is_unsaid for photo in photos)
        undated = sum(photo.label.taken is None for photo in photos)
        what = count_words(count, self.tr("picture"), self.tr("pictures"))
        if not name:
            words = self.tr("Say whose they are")
        elif unsaid:
            words = self.tr("Say what {count} of them are").format(count=unsaid)
        elif undated:
            words = self.tr("Say when they were taken")
        else:
            words = self.tr("Seal {what} for {name}").format(what=what, name=name)
        self.go.setText(words)
        is_all_said = bool(count and name) and not unsaid and not undated
        self.go.setEnabled(is_all_said and not self._is_busy)
        self.go.setVisible(bool(count))
        self.more.setVisible(bool(count))

    # --- storing -----------------------------------------------------------------------------

    def _store(self) -> None:
        who = self.person.who
        if who is None or self._is_busy:
            return
        self._is_busy = True
        chosen = [Chosen(each.looked, each.label) for each in self.list.photos]
        whose: PatientId | NewPatient = who.id if isinstance(who, Patient) else who
        self.progress.start()
        started = self._desk.store(
            whose, chosen, self._on_stored, self._on_fault, self.progress.show_progress
        )
        self._running = started if self._is_busy else None
        self._weigh()

    def _on_stored(self, summary: ImportSummary) -> None:
        self._running, self._is_busy = None, False
        self.progress.hide()
        self.stored.emit(summary)

    def _cancel(self) -> None:
        if self._running is not None:
            self._running.cancel()

    def drop(self) -> None:
        """Forget what was looked at: the sheet closes; the files are where they were."""
        if self._running is not None:
            self._running.drop()
            self._running = None
        self.picture.setPixmap(QPixmap())
        self.list.wipe()


def _tool(icon: str, words: str, do: Callable[[], None]) -> IconButton:
    made = IconButton(icon, words, size="touch")
    made.clicked.connect(lambda _=False: do())
    return made
