"""What leaves, to whom, why: seen before it is sealed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QLineEdit, QStackedWidget, QWidget

from viewer.model.ids import ImageId
from viewer.model.image import ImageRecord
from viewer.ui.before_after import BeforeAfterView
from viewer.ui.parts.messages import error_words
from viewer.ui.parts.words import column, row, rule
from viewer.ui.ports import Running, ShareOrder, SharePlan, ShareReceipt, Sharing
from viewer.ui.share_images import ImageChoice
from viewer.ui.share_receipt import ReceiptPage
from viewer.ui.share_sides import ShareSide, TagTable
from viewer.ui.thumbnails import Thumbnails


class SharePanel(QWidget):
    """The content of a wide sheet: images, before and after, what leaves; then the receipt."""

    trail_wanted = Signal()
    done = Signal()

    def __init__(
        self,
        sharing: Sharing,
        images: Sequence[ImageRecord],
        chosen: set[ImageId],
        thumbnails: Thumbnails,
    ) -> None:
        super().__init__()
        self._sharing = sharing
        self._plan: SharePlan | None = None
        self._running: list[Running] = []
        self.images = ImageChoice(images, chosen, thumbnails)
        self.preview = BeforeAfterView()
        self.side = ShareSide(sharing.purposes())
        self.tags = TagTable()
        self._middle = QStackedWidget()
        self._middle.addWidget(self.preview)
        self._middle.addWidget(self.tags)
        self.pages = QStackedWidget()
        self.pages.addWidget(self._make_plan_page())
        layout = column(self, gap=0)
        layout.addWidget(self.pages)
        self._join()
        self.setFocusProxy(self.side.recipient)
        self.plan_again()

    def _make_plan_page(self) -> QWidget:
        page = QWidget()
        layout = row(page, gap=0)
        layout.addWidget(self.images)
        layout.addWidget(rule(upright=True))
        layout.addWidget(self._middle, 1)
        layout.addWidget(rule(upright=True))
        layout.addWidget(self.side)
        return page

    def _join(self) -> None:
        self.images.changed.connect(self.plan_again)
        self.images.looked_at.connect(self._show_preview)
        self.side.purpose_changed.connect(self.plan_again)
        self.side.recipient_changed.connect(self._preview_again)
        self.side.tags_wanted.connect(self.show_tags)
        self.side.doubt_looked_at.connect(self.images.look_at)
        self.side.seal_wanted.connect(self._ask_where)
        self.side.cancel_wanted.connect(self._cancel)
        self.tags.closed.connect(lambda: self._middle.setCurrentWidget(self.preview))

    @property
    def plan(self) -> SharePlan | None:
        """What would leave; None until it is worked out."""
        return self._plan

    @property
    def recipient(self) -> QLineEdit:
        """The field for the recipient's name."""
        return self.side.recipient

    @property
    def doubt_boxes(self) -> Sequence[QCheckBox]:
        """The boxes to tick, one for each doubt."""
        return self.side.doubt_boxes

    def plan_again(self) -> None:
        """Work out what would leave, for the images and the purpose chosen now."""
        self.drop()
        ids = self.images.chosen_ids
        if not ids:
            self._plan = None
            self.side.show_plan(None)
            self.preview.say(self.tr("Choose at least one image on the left."))
            return
        self._running.append(
            self._sharing.plan(ids, self.side.purpose_id, self._on_plan, self._on_fault)
        )

    def _on_plan(self, plan: SharePlan) -> None:
        self._plan = plan
        self.side.show_plan(plan)
        self.tags.show_plan(plan)
        looked_at = self.images.current_id or plan.images[0].id
        ids = {image.id for image in plan.images}
        self._show_preview(looked_at if looked_at in ids else plan.images[0].id)

    def _preview_again(self) -> None:
        if self._plan is not None and self.images.current_id:
            self._show_preview(self.images.current_id)

    def _show_preview(self, image_id: ImageId) -> None:
        self._middle.setCurrentWidget(self.preview)
        if self._plan is None or image_id not in {image.id for image in self._plan.images}:
            self.preview.say(self.tr("This image stays here."))
            return
        self._running.append(
            self._sharing.preview(
                self._plan,
                image_id,
                self.side.recipient.text().strip(),
                self.preview.show_images,
                self._on_fault,
            )
        )

    def show_tags(self, fate: str) -> None:
        """List the header elements with this fate."""
        self.tags.show_fate(fate)
        self._middle.setCurrentWidget(self.tags)

    def _ask_where(self) -> None:
        from viewer.ui.folder_dialog import ask_where_to_save

        if self._plan is not None:
            name = self._plan.suggested_file_name
            ask_where_to_save(self, self.tr("Save the sealed file"), name, self.seal_to)

    def seal_to(self, destination: Path) -> None:
        """Seal the plan as it was confirmed into a file."""
        if self._plan is None or not self.side.can_seal:
            return
        order = ShareOrder(
            self._plan,
            self.side.recipient.text().strip(),
            destination,
            frozenset(self.side.acknowledged),
        )
        self.side.set_busy(True)
        self._running.append(
            self._sharing.seal(
                order,
                lambda receipt: self._on_sealed(receipt, order),
                self._on_fault,
                self.side.show_progress,
            )
        )

    def _on_sealed(self, receipt: ShareReceipt, order: ShareOrder) -> None:
        self.side.set_busy(False)
        page = ReceiptPage(receipt, order)
        page.trail_wanted.connect(self.trail_wanted)
        page.done.connect(self.done)
        self.pages.addWidget(page)
        self.pages.setCurrentWidget(page)
        page.done_button.setFocus()
        self.preview.clear()

    def _on_fault(self, fault: Exception) -> None:
        self.side.set_busy(False)
        self.side.show_fault(error_words(fault))

    def _cancel(self) -> None:
        for running in self._running:
            running.cancel()
        self._running.clear()

    def drop(self) -> None:
        """Wait for nothing any more."""
        for running in self._running:
            running.drop()
        self._running.clear()
