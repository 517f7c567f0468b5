"""Corrections of what is open in the shell, and reading it anew afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from viewer.model.ids import ImageId
from viewer.ui.parts.words import Words
from viewer.ui.ports import Visit
from viewer.ui.waiting_ports import Corrections
from viewer.ui.wording import tr

if TYPE_CHECKING:
    from viewer.ui.shell import Shell


def read_again(shell: Shell) -> None:
    """Read the lists anew, and the open chart, where the image stays on screen if it is there."""
    shell.refresh()
    patient, image = shell.patient, shell.image
    if patient is None:
        return
    shell.visits = shell.practice.chart.visits(patient.id)
    shell.timeline.show_visits(shell.visits)
    found = _find(shell, image.id) if image is not None else None
    if found is None:
        shell.open_patient(patient)
    elif image is not None:
        shell.open_image(next(each for each in found.images if each.id == image.id), found)


def _find(shell: Shell, image_id: ImageId) -> Visit | None:
    for visit in shell.visits:
        if any(each.id == image_id for each in visit.images):
            return visit
    return None


def _nothing_open() -> QWidget:
    label = Words(tr("Open an image first."), "lead")
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setContentsMargins(40, 40, 40, 40)
    return label


def teeth_page(shell: Shell, desk: Corrections) -> QWidget:
    """Return the page that sets teeth and side of the open image, or of its visit."""
    from viewer.ui.teeth_panel import TeethPanel

    if shell.image is None or shell.visit is None:
        return _nothing_open()
    panel = TeethPanel(shell.image, shell.visit.images, desk)
    panel.changed.connect(lambda: read_again(shell))
    return panel


def moving_page(shell: Shell, desk: Corrections) -> QWidget:
    """Return the page that moves the open image into another chart."""
    from viewer.ui.correct_chart import move_page

    if shell.image is None or shell.patient is None:
        return _nothing_open()
    page = move_page(desk, shell.patient, shell.image)
    page.changed.connect(lambda _: read_again(shell))
    return page


def merging_page(shell: Shell, desk: Corrections) -> QWidget:
    """Return the page that moves all of the open chart into another; that one is opened then."""
    from viewer.ui.correct_chart import merge_page

    if shell.patient is None:
        return _nothing_open()
    page = merge_page(desk, shell.patient)

    def open_other(into: object) -> None:
        shell.refresh()
        shell.open_patient(into)  # type: ignore[arg-type]

    page.changed.connect(open_other)
    return page
