"""Images out as the DICOM files they came as: what leaves, the warning, where to, how far."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QWidget

from viewer.app.jobs import Progress
from viewer.model.ids import ImageId, PatientId
from viewer.model.image import ImageRecord
from viewer.ui.export_ports import DicomExport, Exported, ExportOrder
from viewer.ui.folder_dialog import ask_folder
from viewer.ui.parts.cards import Card, Columns, sentence
from viewer.ui.parts.fields import labelled, line
from viewer.ui.parts.messages import error_words
from viewer.ui.parts.words import row, rule
from viewer.ui.ports import Running
from viewer.ui.share_images import ImageChoice
from viewer.ui.thumbnails import Thumbnails
from viewer.ui.wording import count_words, size_words

_TOUCH = 44


class ExportPanel(QWidget):
    """The content of a wide sheet: the images of the visit, and a card with all that is asked."""

    def __init__(
        self,
        export: DicomExport,
        patient_id: PatientId,
        images: Sequence[ImageRecord],
        chosen: set[ImageId],
        thumbnails: Thumbnails,
    ) -> None:
        super().__init__()
        self._export, self._patient_id = export, patient_id
        self._running: Running | None = None
        layout = row(self, gap=0)
        self.images = ImageChoice(images, chosen, thumbnails)
        layout.addWidget(self.images)
        layout.addWidget(rule(upright=True))
        self.card = self._make_card()
        columns = Columns()
        columns.show_cards([self.card])
        layout.addWidget(columns, 1)
        self.images.changed.connect(self._look)
        self._look()
        self.setFocusProxy(self.purpose)

    def _make_card(self) -> Card:
        card = Card(self.tr("DICOM files, not sealed"), "warning")
        card.show_fact(
            self.tr("Whoever gets hold of the folder can read it, with every name in it."), "doubt"
        )
        for words in (
            self.tr("Nothing is redacted and nothing is marked: each element leaves as it came."),
            self.tr("What was corrected here is written in, beside what it was before."),
            self.tr("For anybody but the patient or another system, share a sealed file instead."),
        ):
            card.body.addWidget(sentence(words))
        self.scope = QComboBox()
        self.scope.addItem(self.tr("The ticked images"), False)
        self.scope.addItem(self.tr("All images of this patient, every visit"), True)
        self.scope.setProperty("target", "touch")
        self.scope.currentIndexChanged.connect(self._look)
        card.body.addWidget(labelled(self.tr("What leaves"), self.scope))
        self.purpose = self._line(card, self.tr("What for"), self.tr("Purpose, for the trail"))
        self.recipient = self._line(card, self.tr("For whom"), self.tr("Who gets the files"))
        self.confirmed = QCheckBox(self.tr("It may leave without protection"))
        self.confirmed.setProperty("target", "touch")
        self.confirmed.toggled.connect(self._look)
        card.body.addWidget(self.confirmed)
        self.write = card.add_action(
            self.tr("Choose a folder and write…"),
            self._ask_where,
            "primary",
            tip=self.tr("A new folder is made in it: DICOMDIR, and files named by number"),
        )
        self.write.setMinimumHeight(_TOUCH)
        card.work.cancelled.connect(self._cancel)
        return card

    def _line(self, card: Card, title: str, hint: str) -> QLineEdit:
        made = line(hint)
        made.setProperty("target", "touch")
        made.textChanged.connect(self._look)
        card.body.addWidget(labelled(title, made))
        return made

    @property
    def _is_all(self) -> bool:
        return bool(self.scope.currentData())

    def _look(self) -> None:
        """Let it be written once all is said."""
        self.images.setEnabled(not self._is_all)
        has_images = self._is_all or bool(self.images.chosen_ids)
        is_said = bool(self.purpose.text().strip() and self.recipient.text().strip())
        is_free = self._running is None
        self.write.setEnabled(has_images and is_said and self.confirmed.isChecked() and is_free)

    def _ask_where(self) -> None:
        ask_folder(self, self.tr("Where the new folder is to be"), self.write_in)

    def write_in(self, folder: Path) -> None:
        """Write into a new folder in this one."""
        if not self.write.isEnabled():
            return
        self.card.message.hide()
        self.card.show_work(Progress(0, 0, self.tr("Writing DICOM files")))
        order = ExportOrder(
            self._patient_id,
            () if self._is_all else tuple(self.images.chosen_ids),
            folder,
            self.purpose.text().strip(),
            self.recipient.text().strip(),
        )
        self._running = self._export.export(
            order, self._on_done, self._on_fault, self.card.show_work
        )

    def _on_done(self, exported: Exported) -> None:
        self._end()
        words = self.tr("{files} ({size}) are in {folder}. Entry {number} of the trail.").format(
            files=count_words(exported.files, "file", "files"),
            size=size_words(exported.size_bytes),
            folder=exported.folder.name,
            number=exported.trail_number,
        )
        stayed = " ".join(dict.fromkeys(exported.left_out))
        if exported.left_out:
            many = count_words(len(exported.left_out), "image", "images")
            words = f"{words} {self.tr('{images} stayed:').format(images=many)} {stayed}"
        self.card.message.say(words, "doubt" if exported.left_out else "verified")
        self.confirmed.setChecked(False)  # for this folder alone

    def _on_fault(self, fault: Exception) -> None:
        self._end()
        words = error_words(fault)
        self.card.message.say(words or self.tr("Cancelled: nothing was left there."), "danger")

    def _end(self) -> None:
        self._running = None
        self.card.show_work(None)
        self._look()

    def _cancel(self) -> None:
        if self._running is not None:
            self._running.cancel()

    def drop(self) -> None:
        """Stop what is under way: a sheet that is closed leaves nothing half-written."""
        if self._running is not None:
            self._running.cancel()
            self._running.drop()
            self._running = None
