"""The recovery sheet on paper: the key in groups and as a QR code, and what to do with it.

It is the key in plain. Nothing here writes a file; who does asks first where, and says so.
"""

from __future__ import annotations

import os
from datetime import date
from functools import cache
from pathlib import Path

import attrs

from viewer.app.clinic import Clinic
from viewer.model.errors import EnvironmentFault
from viewer.model.resources import resource_path
from viewer.session.audit.events import PROGRAM, Entry, EventKind
from viewer.session.recovery import RecoveryKey

QrRows = tuple[tuple[bool, ...], ...]
_WHAT = (
    "The recovery key of this practice. Whoever holds this sheet and a copy of the store can read "
    "every image. No password protects it: paper is its lock."
)
_WHEN = (
    "When every password is lost, when the workstation or its key store is gone, and to restore a "
    "backup on another machine. Open Bitewing there, choose “Restore from a backup” or use "
    "“bitewing recover”, and type the groups, or scan the code."
)
_CHECKED = (
    "The last groups are a checksum of the others: a wrong or swapped character is noticed at "
    "once, before anything is tried. There is no I, L, O or U in it; 0 and 1 are digits. Capital "
    "and small letters, spaces and dashes do not matter."
)
_WHERE = (
    "In a safe place outside this computer and outside this house: a bank safe, a notary. Prove "
    "once a year that it still opens everything (Store, Keys, “Prove it now”). If you think that "
    "somebody saw it, replace it there at once."
)
_STEPS = (
    ("What it is", _WHAT),
    ("When you need it", _WHEN),
    ("If you mistype", _CHECKED),
    ("Where it belongs", _WHERE),
)


class SheetNotWritten(EnvironmentFault):
    """The file of the sheet could not be written; the key is still on screen."""

    def __init__(self) -> None:
        super().__init__(
            "The sheet could not be written there.", "Choose another place, or write it by hand."
        )


@attrs.frozen
class RecoverySheet:
    """What is printed."""

    practice_name: str
    groups: tuple[str, ...] = attrs.field(repr=False)
    made_on: date

    @property
    def text(self) -> str:
        """The key on one line, as the code holds it."""
        return "-".join(self.groups)


def qr_rows(text: str) -> QrRows:
    """Return the modules of a QR code, dark is True, row by row, without a margin.

    Level M: it still reads with 15 % of it under a coffee stain (ISO/IEC 18004).
    """
    import segno

    code = segno.make_qr(text, error="m", boost_error=False)
    return tuple(tuple(bool(module) for module in line) for line in code.matrix)


def sheet_pdf(sheet: RecoverySheet) -> bytes:
    """Return the sheet as one page of A4."""
    from viewer.app.recovery_page import draw_sheet

    return draw_sheet(sheet)


def steps() -> tuple[tuple[str, str], ...]:
    """Return what the sheet says about itself: titles and paragraphs."""
    return _STEPS


def write_sheet(path: Path, sheet: RecoverySheet, *, replace: bool = False) -> None:
    """Write the sheet as a file that this account alone can read. It is the key in plain.

    Raises
    ------
    SheetNotWritten
        There is a file already, or the folder takes none.
    """
    try:
        if replace:
            path.unlink(missing_ok=True)
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(made, "wb") as file:
            file.write(sheet_pdf(sheet))
    except OSError:
        raise SheetNotWritten from None


def prove_at_founding(clinic: Clinic, recovery: RecoveryKey) -> bool:
    """Keep when the founder showed that the sheet is on paper; it is in the trail first.

    Call it once the founder typed what was asked for from the paper.
    """
    why = "recovery sheet: read back at the founding"
    clinic.trail.append(Entry(EventKind.STORE_CHECKED, PROGRAM, why=why))
    return clinic.practice.proves_recovery(recovery, clock=clinic.clock)


@cache
def load_fonts() -> None:
    """Let pages be set in the typeface of the windows."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    for name, file in (("Paper", "Inter-Regular.ttf"), ("PaperBold", "Inter-SemiBold.ttf")):
        pdfmetrics.registerFont(TTFont(name, str(resource_path("fonts", "paper", file))))
