"""The right side: how the image is shown, and what is known about it."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QScrollArea,
    QSlider,
    QStackedWidget,
    QTabBar,
    QWidget,
)

from viewer.model.image import ImageRecord, Picture
from viewer.model.view import WindowLevel, first_window, table_window
from viewer.ui.histogram import Histogram, modality_range
from viewer.ui.parts.buttons import button
from viewer.ui.parts.flow import FlowLayout
from viewer.ui.parts.messages import picture as icon_label
from viewer.ui.parts.words import Words, box, clear_layout, column, row
from viewer.ui.wording import image_words, isolated, side_words, size_words, tr

_STEPS = 1000
_VOLUME_WINDOWS = (("Teeth", 1800.0, 3600.0), ("Bone", 700.0, 2600.0), ("Soft tissue", 50.0, 450.0))


class Inspector(QFrame):
    """Tabs Adjust and Facts. `window_wanted(WindowLevel)` when a slider or a preset is moved."""

    window_wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("surface", "raised")
        layout = column(self, gap=0)
        self.tabs = QTabBar()
        self.tabs.setExpanding(False)
        self.tabs.setAccessibleName(self.tr("Inspector"))
        for words in (self.tr("Adjust"), self.tr("Facts")):
            self.tabs.addTab(words)
        head = row()
        head.setContentsMargins(8, 8, 8, 0)
        head.addWidget(self.tabs)
        head.addStretch(1)
        layout.addLayout(head)
        self.adjust = AdjustPage()
        self.facts = FactsPage()
        self._pages = QStackedWidget()
        for page in (self.adjust, self.facts):
            scroll = QScrollArea()
            scroll.setWidgetResizable(True)
            scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            scroll.setWidget(page)
            self._pages.addWidget(scroll)
        layout.addWidget(self._pages, 1)
        self.tabs.currentChanged.connect(self._pages.setCurrentIndex)
        self.adjust.window_wanted.connect(self.window_wanted)

    def show_picture(self, picture: Picture | None) -> None:
        """Show what there is to adjust and to know."""
        self.adjust.show_picture(picture)
        self.facts.show_record(picture.record if picture else None)

    def show_coming(self) -> None:
        """Keep still while the next picture comes; nothing of the last one can be read."""
        self.adjust.show_coming()
        self.facts.show_record(None)

    def show_window(self, window: WindowLevel) -> None:
        """Follow the window on screen."""
        self.adjust.show_window(window)


class AdjustPage(QWidget):
    """Histogram, window centre and width, presets."""

    window_wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._range = (0.0, 1.0)
        outer = column(self, gap=0)
        outer.setContentsMargins(16, 16, 16, 16)
        self.hint = Words("", "soft", wrap=True)
        outer.addWidget(self.hint)
        self.controls = QWidget()
        outer.addWidget(self.controls)
        outer.addStretch(1)
        layout = column(self.controls, gap=3)
        self.histogram = Histogram()
        layout.addWidget(self.histogram)
        self.centre_slider, self.centre_words = self._add_slider(self.tr("Window centre"))
        self.width_slider, self.width_words = self._add_slider(self.tr("Window width"))
        layout.addSpacing(4)
        layout.addWidget(Words(self.tr("PRESETS"), "section"))
        holder = QWidget()
        self._chips = FlowLayout(holder)
        layout.addWidget(holder)
        self.show_picture(None)

    def _add_slider(self, words: str) -> tuple[QSlider, Words]:
        layout = self.controls.layout()
        head = row()
        head.addWidget(Words(words, "soft"), 1)
        value = Words("—", "strong")
        head.addWidget(value)
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, _STEPS)
        slider.setAccessibleName(words)
        slider.valueChanged.connect(self._on_slider)
        layout.addLayout(head)  # type: ignore[union-attr]
        layout.addWidget(slider)  # type: ignore[union-attr]
        return slider, value

    def show_picture(self, picture: Picture | None) -> None:
        """Set the range, and offer the header's windows."""
        shown = picture if picture and not picture.record.is_colour else None
        self._hint(picture)
        self.histogram.show_picture(shown)
        clear_layout(self._chips)
        for slider in (self.centre_slider, self.width_slider):
            slider.setEnabled(shown is not None)
        if shown is None:
            self.histogram.show_window(None)
            return
        self._range = modality_range(shown)
        for words, window in presets(shown):
            chip = button(words, partial(self.window_wanted.emit, window), "chip", touch=True)
            self._chips.addWidget(chip)
        self.show_window(first_window(shown.record.grey))

    def _hint(self, picture: Picture | None) -> None:
        """Say why there is nothing to adjust, rather than show controls that do nothing."""
        is_colour = picture is not None and picture.record.is_colour
        self.hint.setText(
            self.tr("A photo keeps its colours. Drag on it for brightness and contrast.")
            if is_colour
            else self.tr("Open an image to adjust how it is shown.")
        )
        can_adjust = picture is not None and not is_colour
        self.hint.setVisible(not can_adjust)
        self.controls.setVisible(can_adjust)

    def show_coming(self) -> None:
        """Let the controls rest while the next picture comes."""
        for slider in (self.centre_slider, self.width_slider):
            slider.setEnabled(False)

    def show_window(self, window: WindowLevel) -> None:
        """Move the sliders without asking for a window."""
        low, high = self._range
        span = high - low
        for slider, share in (
            (self.centre_slider, (window.centre - low) / span),
            (self.width_slider, window.width / span),
        ):
            slider.blockSignals(True)
            slider.setValue(round(min(max(share, 0.0), 1.0) * _STEPS))
            slider.blockSignals(False)
        self.centre_words.setText(f"{window.centre:.0f}")
        self.width_words.setText(f"{window.width:.0f}")
        self.histogram.show_window(window)

    def _on_slider(self) -> None:
        low, high = self._range
        span = high - low
        centre = low + self.centre_slider.value() / _STEPS * span
        width = max(self.width_slider.value() / _STEPS * span, 1.0)
        window = WindowLevel(centre, width)
        self.show_window(window)
        self.window_wanted.emit(window)


def presets(picture: Picture) -> list[tuple[str, WindowLevel]]:
    """Return the windows that a picture can be shown with, each with its name."""
    low, high = modality_range(picture)
    found = [
        (
            window.name or tr("Header {number}").format(number=n),
            WindowLevel(window.centre, window.width),
        )
        for n, window in enumerate(picture.record.grey.windows, 1)
    ]
    found += [
        (
            table.name or tr("Table {number}").format(number=n),
            table_window(picture.record.grey, n - 1),
        )
        for n, table in enumerate(picture.record.grey.tables, 1)
    ]
    if picture.record.is_volume:
        named = {name.casefold() for name, _ in found}
        found += [
            (tr(name), WindowLevel(centre, width))
            for name, centre, width in _VOLUME_WINDOWS
            if tr(name).casefold() not in named
        ]
    found.append((tr("Whole range"), WindowLevel((low + high) / 2, high - low)))
    return found


class FactsPage(QWidget):
    """A table of facts, and doubts in amber."""

    def __init__(self) -> None:
        super().__init__()
        self._layout = column(self, gap=3)
        self._layout.setContentsMargins(16, 16, 16, 16)
        self.show_record(None)

    def show_record(self, record: ImageRecord | None) -> None:
        """List what is known about an image."""
        clear_layout(self._layout)
        if record is None:
            self._layout.addWidget(Words(self.tr("Open an image to read about it."), "soft"))
            self._layout.addStretch(1)
            return
        for note in doubts_of(record):
            self._layout.addWidget(_doubt_box(note))
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        for line, (name, fact) in enumerate(facts_of(record)):
            label = Words(name, "soft")
            grid.addWidget(label, line, 0, Qt.AlignmentFlag.AlignTop)
            value = Words(fact, "body", wrap=True)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(value, line, 1)
        self._layout.addLayout(grid)
        self._layout.addStretch(1)


def facts_of(record: ImageRecord) -> list[tuple[str, str]]:
    """Return the names and values of what is known about an image; nothing that is unknown."""
    grey = record.grey
    spacing = record.spacing
    facts = [
        (tr("Image"), image_words(record)),
        (tr("Made"), record.acquired.strftime("%Y-%m-%d %H:%M") if record.acquired else ""),
        (tr("Side"), side_words(record)),
        (tr("Description"), record.description),
        (tr("Size"), " × ".join(str(n) for n in record.shape)),
        (
            tr("Stored"),
            tr("{bits} bits, {kind}").format(bits=grey.bits_stored, kind=grey.photometric.value),
        ),
        (tr("In memory"), size_words(record.size_bytes)),
        (
            tr("Spacing"),
            f"{spacing.row_mm:.3f} × {spacing.column_mm:.3f} mm, {spacing.source.value}"
            if spacing
            else tr("unknown: lengths can't be measured"),
        ),
        (tr("Values"), f"{grey.minimum} – {grey.maximum} {grey.unit}".strip()),
        (tr("Burned-in text"), record.burned_in),
        (tr("Modality"), record.modality),
    ]
    return [(name, fact) for name, fact in facts if fact]


def doubts_of(record: ImageRecord) -> list[str]:
    """Return what is to be said of an image before anybody relies on it, gravest first."""
    said = _arrived_words(record)
    words = tr("Put into this chart by hand. The file says: {who}")
    return [*([words.format(who=said)] if said else []), *record.notes]


def _arrived_words(record: ImageRecord) -> str:
    """Return who the file says it is of, where somebody put it into another's chart."""
    said = record.arrived_as
    if said is None:
        return ""
    born = said.birth_date.isoformat() if said.birth_date else ""
    number = f"#{said.chart_number}" if said.chart_number else ""
    facts = (isolated(said.display_name), born, number)
    return "  ·  ".join(fact for fact in facts if fact)


def _doubt_box(words: str) -> QFrame:
    frame = box("doubt")
    layout = row(frame, gap=2)
    layout.setContentsMargins(10, 8, 10, 8)
    layout.addWidget(icon_label("warning", "doubt", 16), 0, Qt.AlignmentFlag.AlignTop)
    layout.addWidget(Words(words, "doubt", wrap=True), 1)
    return frame
