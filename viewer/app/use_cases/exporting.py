"""Stored pixels out, for fidelity checks; audited as the export it is."""

from __future__ import annotations

import os
from pathlib import Path

import attrs
import numpy as np

from viewer.app.clinic import Clinic
from viewer.app.errors import DestinationFault, DestinationRefused, ImageNotShown
from viewer.app.gate import Act, Subject, use_case
from viewer.model.ids import ImageId
from viewer.model.image import ImageRecord
from viewer.session.audit.events import EventKind
from viewer.session.permissions import Permission


@attrs.frozen
class ExportPixels:
    """Which image, and the ``.npy`` file to write; what for, and who gets it, as far as known."""

    image_id: ImageId
    destination: Path = attrs.field(repr=False)
    replace: bool = False
    purpose: str = ""
    recipient: str = attrs.field(default="", repr=False)


def _export_subject(clinic: Clinic, request: ExportPixels) -> Subject:
    record = clinic.vault.record(request.image_id)
    return Subject(
        record.patient_id,
        (record.id,),
        "stored pixels as a NumPy file",
        (record.pixel_sha256,),
        record.size_bytes,
        purpose=request.purpose.strip(),
        recipient=request.recipient.strip(),
    )


@use_case(permission=Permission.EXPORT_IMAGES, event=EventKind.EXPORT, subject=_export_subject)
def export_pixels(clinic: Clinic, request: ExportPixels, act: Act) -> ImageRecord:
    """Write the stored values of one image or volume exactly as they were decoded.

    Raises
    ------
    DestinationRefused
        There is a file already, or no such folder.
    ImageNotShown
        It is no image, but a file that is kept whole.
    DestinationFault
        The disk failed; nothing is left.
    """
    refuse_destination(request.destination, replace=request.replace)
    record = clinic.vault.record(request.image_id)
    if record.is_file:
        raise ImageNotShown("This is a file that is kept whole: it has no pixels.", record.reason)
    pixels = clinic.vault.open_pixels(record.id, act.control.is_cancelled)
    act.still_here()
    part = request.destination.with_name(request.destination.name + ".part")
    try:
        with part.open("xb") as file:
            np.save(file, pixels, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        part.replace(request.destination)
    except OSError as fault:
        part.unlink(missing_ok=True)
        raise DestinationFault from fault
    return record


def refuse_destination(destination: Path, *, replace: bool) -> None:
    """Raise `DestinationRefused` where nothing can or should be written."""
    if not destination.parent.is_dir():
        raise DestinationRefused(
            "The folder for the file does not exist.", "Choose an existing folder."
        )
    if destination.exists() and not replace:
        raise DestinationRefused(
            "There is a file of this name already.", "Choose another name, or confirm replacing it."
        )
