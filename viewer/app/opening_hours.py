"""When the practice is open: what it set itself, kept tagged in its folder, or the default."""

from __future__ import annotations

import attrs

from viewer.app.clinic import Clinic
from viewer.app.review.settings import Hours, Settings, shipped_settings
from viewer.model.errors import BitewingError
from viewer.session.files import process_lock
from viewer.session.tagged import TaggedFile

FILE = "review.json"
_NAME = "review"


def _file(clinic: Clinic) -> TaggedFile:
    return TaggedFile(clinic.folder / FILE, clinic.keystore, clinic.practice.id, _NAME)


def _was_ever_set(clinic: Clinic) -> bool:
    has_head = clinic.keystore.read_head(clinic.practice.id, _NAME) is not None
    return has_head or (clinic.folder / FILE).exists()


@attrs.frozen
class KnownSettings:
    """The settings in force; `is_damaged`: the practice's own were changed outside the program."""

    settings: Settings
    is_damaged: bool = False


def settings_in_force(clinic: Clinic) -> KnownSettings:
    """Return the rules with the practice's hours; those that come with the program if damaged."""
    shipped = shipped_settings()
    if not _was_ever_set(clinic):
        return KnownSettings(shipped)
    try:
        hours = Hours.from_fields(_file(clinic).read())
    except BitewingError:
        return KnownSettings(shipped, is_damaged=True)
    return KnownSettings(attrs.evolve(shipped, hours=hours))


def keep_hours(clinic: Clinic, hours: Hours) -> None:
    """Keep other hours.

    Raises
    ------
    AccountsUnwritable, DeviceSecretMissing, NoKeyStore
        Nothing was changed.
    """
    is_damaged = settings_in_force(clinic).is_damaged
    file = _file(clinic)
    with process_lock(clinic.folder / f"{FILE}.lock"):
        (file.replace if is_damaged else file.write)(hours.fields())
