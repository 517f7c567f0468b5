"""How the model is written on screen: dates, kinds, teeth, sizes. Parse early, format late."""

from __future__ import annotations

import math
from datetime import date, datetime

from PySide6.QtCore import QCoreApplication

from viewer.model.image import ImageKind, ImageRecord
from viewer.model.patient import Patient
from viewer.model.tooth import Tooth, ToothNotation, display_tooth

_BYTES_STEP = 1024
_UPPER = frozenset({1, 2, 5, 6})
_RIGHT = frozenset({1, 4, 5, 8})
_FEW = 3
_HOUR_S, _DAY_S, _WEEK_DAYS, _MONTH_DAYS = 3600, 86_400, 7, 30
_FIRST_STRONG, _POP, _LEFT_TO_RIGHT = "\u2068", "\u2069", "\u200e"


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
        ImageKind.MODEL: tr("3D model"),
        ImageKind.DOCUMENT: tr("Document"),
        ImageKind.OTHER: tr("Image"),
    }[kind]


def isolated(words: str) -> str:
    """Return a name so that its direction leaves the words and figures around it alone.

    Source: Unicode Bidirectional Algorithm (UAX #9), explicit directional isolates.
    """
    return f"{_LEFT_TO_RIGHT}{_FIRST_STRONG}{words}{_POP}"


def date_words(day: date | None) -> str:
    """Return a date as the chart writes it, or a dash."""
    return day.isoformat() if day else "—"


def teeth_words(image: ImageRecord, notation: ToothNotation = ToothNotation.FDI) -> str:
    """Return the teeth on an image, jaw by jaw as one looks at the patient.

    One or two are named, of more the first and the last: "17–14 / 44–47".
    """
    jaws = (
        sorted((t for t in image.teeth if t // 10 in _UPPER), key=_place_in_jaw),
        sorted((t for t in image.teeth if t // 10 not in _UPPER), key=_place_in_jaw),
    )
    return " / ".join(_row_words(jaw, notation) for jaw in jaws if jaw)


def _place_in_jaw(tooth: Tooth) -> int:
    """Return a tooth's place from the patient's right (screen left), the midline at 0."""
    quadrant, number = divmod(tooth, 10)
    return -number if quadrant in _RIGHT else number


def _row_words(teeth: list[Tooth], notation: ToothNotation) -> str:
    shown = [display_tooth(tooth, notation) for tooth in teeth]
    return " ".join(shown) if len(shown) < _FEW else f"{shown[0]}–{shown[-1]}"


def side_words(image: ImageRecord) -> str:
    """Return the side that an image shows; nothing for one that shows both."""
    return {"L": tr("left"), "R": tr("right"), "B": ""}.get(image.laterality, image.laterality)


def image_words(image: ImageRecord) -> str:
    """Return an image's kind with its teeth or side; of a file that is not shown, its name."""
    if image.is_file:
        return tr("{name}, kept, not shown").format(name=name_words(image))
    return f"{kind_words(image.kind)} {teeth_words(image) or side_words(image)}".strip()


def name_words(image: ImageRecord) -> str:
    """Return what a file that is kept whole is called: as it describes itself, else its kind."""
    return image.description or kind_words(image.kind)


def film_words(image: ImageRecord) -> str:
    """Return what fits under a film: its teeth, else its kind; a file's name."""
    if image.is_file:
        return name_words(image)
    return teeth_words(image) or image_words(image)


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


def when_words(moment: datetime) -> str:
    """Return a moment as the trail writes it, in this computer's time."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


def ago_words(moment: datetime, now: datetime) -> str:
    """Return how long ago something was, roughly.

    >>> from datetime import UTC
    >>> now = datetime(2026, 11, 22, 9, tzinfo=UTC)
    >>> ago_words(datetime(2026, 11, 22, 6, tzinfo=UTC), now)
    '3 hours ago'
    >>> ago_words(datetime(2026, 11, 9, 6, tzinfo=UTC), now)
    '13 days ago'
    """
    seconds = (now - moment).total_seconds()
    days = int(seconds // _DAY_S)
    if seconds < _HOUR_S:
        return tr("just now")
    if seconds < _DAY_S:
        hours = int(seconds // _HOUR_S)
        return tr("an hour ago") if hours == 1 else tr("{count} hours ago").format(count=hours)
    if days == 1:
        return tr("yesterday")
    if days < 3 * _WEEK_DAYS:
        return tr("{count} days ago").format(count=days)
    if days < 3 * _MONTH_DAYS:
        return tr("{count} weeks ago").format(count=days // _WEEK_DAYS)
    return tr("{count} months ago").format(count=days // _MONTH_DAYS)


def count_words(count: int, one: str, many: str) -> str:
    """Return a count with its noun; both forms come translated.

    >>> count_words(1, "image", "images"), count_words(12_400, "image", "images")
    ('1 image', '12\u202f400 images')
    """
    shown = f"{count:,}".replace(",", "\u202f")
    return f"{shown} {one if count == 1 else many}"
