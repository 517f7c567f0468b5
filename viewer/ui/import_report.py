"""What an import did: numbers, then every file that is not shown, by its reason; to be copied."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QWidget

from viewer.ui.parts.buttons import button
from viewer.ui.parts.cards import touchable
from viewer.ui.parts.messages import Banner, picture
from viewer.ui.parts.words import Words, box, column, row
from viewer.ui.ports import ImportSummary, Refusal
from viewer.ui.wording import count_words, isolated

_NAMES = 4
_MOST_HEIGHT = 300


def tr(text: str) -> str:
    """Translate at call time."""
    return QCoreApplication.translate("ImportReport", text)


class ImportReport(QWidget):
    """The content of a sheet. Signals say which of its buttons was pressed."""

    images_wanted = Signal()
    waiting_wanted = Signal()
    aside_wanted = Signal()

    def __init__(
        self, summary: ImportSummary, *, can_review: bool = False, can_see_aside: bool = False
    ) -> None:
        super().__init__()
        self._summary = summary
        self.setMinimumWidth(620)
        layout = column(self, margin=5, gap=4)
        if summary.is_cancelled:
            layout.addWidget(_stopped())
        numbers = row(gap=2)
        for count, words in _numbers(summary):
            numbers.addWidget(_number(count, words))
        numbers.addStretch(1)
        layout.addLayout(numbers)
        if summary.done_before:
            files = count_words(summary.done_before, tr("file"), tr("files"))
            words = tr("{files} had been dealt with before it was cut off.").format(files=files)
            layout.addWidget(Words(words, "soft", wrap=True))
        reasons = _reasons(summary)
        if reasons is not None:
            layout.addWidget(reasons)
        layout.addLayout(self._buttons(can_review, can_see_aside))

    def _buttons(self, can_review: bool, can_see_aside: bool) -> QHBoxLayout:
        summary, line = self._summary, row(gap=2)
        if summary.images and summary.first_patient:
            show = button(tr("Show the images"), self.images_wanted.emit, "primary")
            line.addWidget(touchable(show))
        if summary.waiting and can_review:
            review = button(tr("Say whose they are"), self.waiting_wanted.emit)
            line.addWidget(touchable(review))
        if summary.set_aside and can_see_aside:
            aside = button(tr("Files set aside"), self.aside_wanted.emit)
            line.addWidget(touchable(aside))
        line.addStretch(1)
        self.copy_button = touchable(button(tr("Copy as text"), self._copy, "quiet", "copy"))
        line.addWidget(self.copy_button)
        return line

    def _copy(self) -> None:
        """Put it on the clipboard as text, for whoever helps with it."""
        QGuiApplication.clipboard().setText(as_text(self._summary))
        self.copy_button.setText(tr("Copied"))


def _stopped() -> Banner:
    banner = Banner(can_close=False)
    words = tr("Cancelled. What was sealed before stays, each image whole. The rest was not taken.")
    banner.say(words, "accent")
    return banner


def as_text(summary: ImportSummary) -> str:
    """Return a report as lines of text: numbers and reasons, no names.

    Files are often named after patients, and what is on a clipboard leaves without an entry.
    """
    lines = [f"{count} {words}" for count, words in _numbers(summary)]
    for title, _, files in _sections(summary):
        lines += ["", title]
        for reason, names in grouped(files):
            lines.append(f"    {len(names)} × {reason}")
    return "\n".join(lines) + "\n"


def grouped(files: Sequence[Refusal]) -> list[tuple[str, list[str]]]:
    """Return reasons with the files of each, the most frequent first."""
    found: dict[str, list[str]] = {}
    for each in files:
        found.setdefault(each.reason, []).append(each.file_name)
    return sorted(found.items(), key=lambda pair: -len(pair[1]))


def _numbers(summary: ImportSummary) -> list[tuple[int, str]]:
    """Return the numbers that say something; images and what was not taken always do."""
    some = [
        (summary.images, tr("images sealed")),
        (summary.patients, tr("patients")),
        (len(summary.kept), tr("kept, not shown")),
        (summary.already_there, tr("were here already")),
        (summary.waiting, tr("wait for review")),
        (len(summary.set_aside), tr("set aside")),
    ]
    always = {tr("images sealed")}
    shown = [(count, words) for count, words in some if count or words in always]
    if summary.refusals or not summary.is_cancelled:
        shown.append((len(summary.refusals), tr("not taken")))
    return shown


def _sections(summary: ImportSummary) -> list[tuple[str, str, tuple[Refusal, ...]]]:
    sections = (
        (tr("SET ASIDE, SEALED"), "shield-warning", summary.set_aside),
        (tr("NOT TAKEN"), "warning", summary.refusals),
        (tr("KEPT, NOT SHOWN"), "eye-off", summary.kept),
    )
    return [each for each in sections if each[2]]


def _reasons(summary: ImportSummary) -> QScrollArea | None:
    sections = _sections(summary)
    if not sections:
        return None
    holder = QWidget()
    layout = column(holder, gap=2)
    layout.setContentsMargins(0, 0, 8, 0)
    for title, icon, files in sections:
        layout.addWidget(Words(title, "section"))
        for reason, names in grouped(files):
            layout.addLayout(_group(reason, names, icon))
        layout.addSpacing(6)
    layout.addStretch(1)
    scroll = QScrollArea()
    scroll.setWidgetResizable(True)
    scroll.setFrameShape(QFrame.Shape.NoFrame)
    scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    scroll.setWidget(holder)
    wanted = sum(30 + 50 * len(grouped(files)) for _, _, files in sections)
    scroll.setMinimumHeight(min(_MOST_HEIGHT, wanted))
    return scroll


def _group(reason: str, names: Sequence[str], icon: str) -> QHBoxLayout:
    line = row(gap=2)
    token = "text_soft" if icon == "eye-off" else "doubt"
    line.addWidget(picture(icon, token, 18), 0, Qt.AlignmentFlag.AlignTop)
    words = column(gap=0)
    words.addWidget(Words(reason, "body", wrap=True))
    shown = "  ·  ".join(isolated(_short(name)) for name in names[:_NAMES])
    if len(names) > _NAMES:
        shown += "  ·  " + tr("{count} more").format(count=len(names) - _NAMES)
    under = Words(shown, "soft", wrap=True)
    under.setToolTip("\n".join(names[:100]))
    words.addWidget(under)
    line.addLayout(words, 1)
    return line


def _short(name: str) -> str:
    """Return a name that leaves room for others: its middle is left out."""
    return name if len(name) <= 48 else f"{name[:28]}…{name[-18:]}"


def _number(count: int, words: str) -> QFrame:
    frame = box("inset")
    layout = column(frame, margin=3, gap=0)
    layout.addWidget(Words(str(count), "title"))
    layout.addWidget(Words(words, "small"))
    return frame
