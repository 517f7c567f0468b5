"""Which keys of the practice are to be renewed, and why: for windows and the command line."""

from __future__ import annotations

import attrs

from viewer.app.clinic import Clinic
from viewer.session.permissions import KeyName

_WORDS = {
    KeyName.IMAGES: "the key of the store",
    KeyName.SHARE: "the key that signs shares",
    KeyName.TRAIL: "the key that reads the trail",
}


@attrs.frozen
class KeyDue:
    """A key that `rotate_keys` renews, and why, in words; older accounts may not say why."""

    key: KeyName
    reasons: tuple[str, ...]

    @property
    def words(self) -> str:
        """One sentence part: “the key of the store: it may have leaked”."""
        what = _WORDS[self.key]
        return f"{what}: {'; '.join(self.reasons)}" if self.reasons else what


def keys_due(clinic: Clinic) -> tuple[KeyDue, ...]:
    """Return what is due; nothing about patients, so any thread and without an entry."""
    reasons = clinic.practice.due_reasons
    return tuple(
        KeyDue(name, tuple(why.value for why in reasons[name]))
        for name in KeyName
        if name in reasons
    )
