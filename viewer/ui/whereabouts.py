"""Where somebody is in the shell: noted down for the draft, offered and brought back to its owner.

Every few seconds what changed is handed on to be sealed; at a lock the box asks once more. After an
unlock or a quick switch one is back at once; after a full login there is an offer that waits for
no answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
from PySide6.QtCore import QObject, QTimer

from viewer.app.drafts import Draft
from viewer.ui.offer_card import OfferCard
from viewer.ui.wording import date_words, image_words, isolated, when_words

if TYPE_CHECKING:
    from viewer.ui.shell import Shell
    from viewer.ui.shift_ports import DraftOffer

_EVERY_MS = 3000


class Whereabouts(QObject):
    """Notes down where the person of a shell is, and goes back there. Main thread only."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell = shell
        self._box = shell.practice.drafts
        self._coming: Draft | None = None
        self._offered: Draft | None = None
        self._kept: Draft | None = None
        self.card: OfferCard | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self.keep)

    def begin(self, *, is_back: bool) -> None:
        """Go back at once after an unlock or a quick switch, else offer it; then note down."""
        if is_back:
            self.bring_back()
        else:
            self.offer()
        self._box.watch(self.place)
        self._timer.start()

    def stop(self) -> None:
        """Note nothing down any more: what was kept stays."""
        self._timer.stop()
        self._box.watch(None)
        self._forget_offer()
        self._coming = self._kept = None

    def leave(self) -> None:
        """Keep what is there, since the person leaves on purpose."""
        self._box.keep_now()
        self.stop()

    # --- noted down --------------------------------------------------------------------------

    def place(self) -> Draft | None:
        """Return where this person is, to come back to; None at the start."""
        shell = self._shell
        if shell.patient is None:
            return self._offered
        if self._coming is not None and shell.image and self._coming.image_id == shell.image.id:
            return self._coming
        pane, image = shell.workspace.pane, shell.image
        done, undone = shell.practice.history.kept() if pane is not None else ((), ())
        draft = Draft(
            shell.user.id,
            shell.patient.id,
            image.id if image is not None else None,
            done=done,
            undone=undone,
            is_image_alone=shell.tools.isHidden(),
            inspector_tab=shell.inspector.tabs.currentIndex(),
        )
        return attrs.evolve(draft, pose=pane.pose) if pane is not None else draft

    def keep(self) -> None:
        """Hand on what changed since the last time."""
        if self._offered is not None and self._shell.patient is not None:
            self._box.throw_away()  # other work was begun
            self._forget_offer()
        draft = self.place()
        if draft != self._kept and draft is not self._offered:
            self._kept = draft
            self._box.keep_soon(draft)

    # --- brought back ------------------------------------------------------------------------

    def bring_back(self) -> None:
        """Go back to where this person was, if anything was kept."""
        draft = self._box.bring_back()
        self._forget_offer()
        if draft is not None:
            self.return_to(draft)

    def return_to(self, draft: Draft) -> None:
        """Go to a place; nothing happens for somebody else's."""
        shell = self._shell
        if draft.owner != shell.user.id:
            return
        patient = shell.practice.chart.patient(draft.patient_id)
        if patient is None:
            return
        shell.open_patient(patient)
        shell.inspector.tabs.setCurrentIndex(draft.inspector_tab)
        for visit in shell.visits:
            for image in visit.images:
                if image.id == draft.image_id:
                    self._coming = draft
                    shell.open_image(image, visit)
                    return

    def put_back(self) -> None:
        """The picture is there: look at it as before, with the same steps to undo."""
        draft, self._coming = self._coming, None
        pane, image = self._shell.workspace.pane, self._shell.image
        if draft is None or pane is None or image is None or draft.image_id != image.id:
            return
        history = self._shell.practice.history
        history.put_back(pane, draft.done, draft.undone, lambda: pane.take_pose(draft.pose))
        if draft.is_image_alone != self._shell.tools.isHidden():
            self._shell.toggle_sides()

    # --- offered -----------------------------------------------------------------------------

    def offer(self) -> None:
        """Say quietly what there is to come back to, where there is anything."""
        found = self._box.look()
        if found is None:
            return
        self._offered = found.draft
        self.card = OfferCard(self.tr("Back to where you were"), self._words(found), "undo")
        self.card.accepted.connect(self.bring_back)
        self.card.declined.connect(self._decline)
        self.card.set_words(self.tr("Go back"), self.tr("Forget it"))
        self._shell.workspace.empty.add_card(self.card)

    def _words(self, found: DraftOffer) -> str:
        parts = [isolated(found.patient.family_name)]
        if found.image is not None:
            parts.append(image_words(found.image))
        if found.study is not None:
            parts.append(self.tr("of {day}").format(day=date_words(found.study.date)))
        words = " · ".join(parts)
        if found.draft.kept_at is None:
            return words
        left = self.tr("Left {when}").format(when=when_words(found.draft.kept_at))
        return f"{words}\n{left}"

    def _decline(self) -> None:
        self._box.throw_away()
        self._forget_offer()

    def _forget_offer(self) -> None:
        self._offered = None
        card, self.card = self.card, None
        if card is not None:
            card.take_away()
