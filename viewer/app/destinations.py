"""The backups that the practice knows, as erasing and rotation see them."""

from __future__ import annotations

from viewer.session.accounts import Practice
from viewer.session.keysheet import goes_with, sheet_of
from viewer.session.ledger import FILE
from viewer.session.permissions import KeyName
from viewer.vault.backup.forgetting import Replacement


def current_epoch(practice: Practice) -> int:
    """Return the epoch of IMAGES in force."""
    return max(practice.live_epochs(KeyName.IMAGES))


def replacement_of(practice: Practice) -> Replacement:
    """Return the sheets and accounts that take the place of those with older epochs."""
    after = practice.copy_for_backup(images_from=current_epoch(practice))
    both = practice.copy_for_backup()
    return Replacement(
        sheet_of(both), sheet_of(after), {FILE: after}, lambda sheet: goes_with(sheet, both)
    )
