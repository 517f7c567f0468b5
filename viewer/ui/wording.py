"""How the model is written on screen: dates, kinds, teeth, sizes. Parse early, format late."""

from __future__ import annotations

import math
from datetime import date

from PySide6.QtCore import QCoreApplication

from viewer.model.image import ImageKind, ImageRecord
from viewer.model.patient import Patient
from viewer.model.tooth import ToothNotation, display_tooth

_BYTES_STEP = 1024


def tr(text: str) -> str:
    """Translate outside a widget, at call time."""
    return QCoreApplication.translate("wording", text)


def kind_words(kind: ImageKind) -> str:
    """Return a dentist's word for a kind of image."""
    return {
        ImageKind.BITEWING: tr("Bitewing"),
        ImageKind.PERIAPICAL: tr("Periapical"),
        ImageKind.PANORAMIC: tr("Panoramic"),
        ImageKind.CEPHALOMETRIC: tr("Cephalometric"),
        ImageKind.PHOTO: tr("Photo"),
        ImageKind.CBCT: tr("CBCT"),
        ImageKind.OTHER: tr("Image"),
    }[kind]


def date_words(day: date | None) -> str:
    """Return a date as the chart writes it, or a dash."""
    return day.isoformat() if day else "—"


def teeth_words(image: ImageRecord, notation: ToothNotation = ToothNotation.FDI) -> str:
    """Return the teeth on an image; the first and the last where there are many."""
    shown = [display_tooth(tooth, notation) for tooth in image.teeth]
    if len(shown) > 3:
        return f"{shown[0]}–{shown[-1]}"
    return " ".join(shown)


def image_words(image: ImageRecord) -> str:
    """Return an image's kind with its teeth or side."""
    rest = teeth_words(image) or image.laterality
    return f"{kind_words(image.kind)} {rest}".strip()


def age_words(patient: Patient, today: date) -> str:
    """Return an age in years, or nothing where the birth date is missing."""
    born = patient.birth_date
    if born is None:
        return ""
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return tr("{years} y").format(years=years)


def clock_words(seconds: float) -> str:
    """Return a duration as minutes and seconds.

    >>> clock_words(581.2)
    '9:42'
    """
    whole = max(0, math.ceil(seconds))
    return f"{whole // 60}:{whole % 60:02d}"


def size_words(size_bytes: int) -> str:
    """Return a size for people.

    >>> size_words(3_412_880)
    '3.3 MB'
    """
    size = float(size_bytes)
    for unit in ("B", "kB", "MB"):
        if size < _BYTES_STEP:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= _BYTES_STEP
    return f"{size:.1f} GB"
