"""What can go wrong with a backup.

::

    BitewingError
    ├── UserError
    │   ├── NotABackup         the folder holds no backup, or something else
    │   ├── DestinationUnfit   the folder cannot serve as a destination
    │   ├── OtherPractice      the backup is another practice's
    │   ├── BackupParted       its keys went another way than the store's
    │   ├── BackupFoundAgain   it was declared lost; nobody said that it may be used again
    │   ├── BackupTooNew       made by a newer version of the program
    │   ├── BackupInUse        another program writes it at the moment
    │   ├── NoSuchSnapshot     there is none of this number, or none at all
    │   └── RestoreUnfinished  a restore into this folder was begun and not finished
    ├── EnvironmentFault
    │   ├── StoreBusy          the store changes faster than it can be copied
    │   └── MediumFault        the medium did not do what was asked
    │       ├── MediumFull     no room left
    │       ├── MediumGone     unplugged, or the network is down
    │       └── MediumReadOnly it cannot be written to
    └── IntegrityError
        └── BackupDamaged      what lies there is not what was written
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from viewer.model.errors import EnvironmentFault, IntegrityError, UserError
from viewer.vault.errors import StoreFault

_KEPT = "What was copied stays; the next run goes on from there."


class NotABackup(UserError):
    """There is no backup of ours in this folder."""

    def __init__(self, what: str = "There is no Bitewing backup in this folder.") -> None:
        super().__init__(what, "Choose another folder.")


class DestinationUnfit(UserError):
    """The folder cannot serve as a destination."""


class OtherPractice(UserError):
    """The backup belongs to another practice."""

    def __init__(self) -> None:
        super().__init__(
            "This folder holds the backup of another practice.", "Choose another folder."
        )


class BackupFoundAgain(UserError):
    """It was declared lost and turned up: whose hands it was in nobody here knows."""

    def __init__(self) -> None:
        super().__init__(
            "This backup was declared lost, and nothing was written to it.",
            "If you know where it was, take it back with “bitewing backup DEST --take-back”; else"
            " make a backup on another disk, and destroy this one.",
        )


class BackupParted(UserError):
    """Its keys went another way than the store's, which was restored from an older state.

    Writing there would replace the sheet of keys, and with it what alone opens its snapshots.
    """

    def __init__(self) -> None:
        super().__init__(
            "This backup holds newer keys than this store, which was restored from an older one.",
            "Keep it as it is: restore from it, or choose an empty folder for this store.",
        )


class BackupTooNew(UserError):
    """A newer version of the program made it."""

    def __init__(self) -> None:
        super().__init__(
            "This backup was made by a newer version of Bitewing.", "Update this computer."
        )


class BackupInUse(UserError):
    """Another program, perhaps on another computer, writes this backup at the moment."""

    def __init__(self, now: str = "Wait until it has finished, then try again.") -> None:
        super().__init__("Another program is using this backup.", now)


class NoSuchSnapshot(UserError):
    """There is no whole snapshot of this number, or none at all."""

    def __init__(self) -> None:
        super().__init__(
            "There is no such whole snapshot in this backup.",
            "“bitewing backup --list” shows them.",
        )


class RestoreUnfinished(UserError):
    """A restore into this folder was begun and not finished."""

    def __init__(self) -> None:
        super().__init__(
            "A restore into this folder was begun and not finished.",
            "Run the same “bitewing restore” again: it goes on from there.",
        )


class StoreBusy(EnvironmentFault):
    """The store changed faster than it could be copied."""

    def __init__(self) -> None:
        super().__init__("The store is being changed too fast for a backup.", _KEPT)


class MediumFault(EnvironmentFault):
    """The medium reported a fault."""

    def __init__(
        self,
        what: str = "The backup medium reported a fault.",
        now: str = f"Check that it is connected and healthy. {_KEPT}",
    ) -> None:
        super().__init__(what, now)


class MediumFull(MediumFault):
    """No room left, or not enough for what is to come."""

    def __init__(self, needed_bytes: int | None = None, free_bytes: int | None = None) -> None:
        amounts = ""
        if needed_bytes is not None and free_bytes is not None:
            amounts = f": {_spoken(needed_bytes)} are needed, {_spoken(free_bytes)} are free"
        super().__init__(
            f"There is not enough room on the backup medium{amounts}.",
            f"Make room or use a larger one. {_KEPT}",
        )


class MediumGone(MediumFault):
    """Unplugged, or the network is down."""

    def __init__(self) -> None:
        super().__init__(
            "The backup medium is not there any more.", f"Connect it again and start over. {_KEPT}"
        )


class MediumReadOnly(MediumFault):
    """It cannot be written to."""

    def __init__(self) -> None:
        super().__init__(
            "The backup medium cannot be written to.",
            "Check its write protection and the permissions of the folder.",
        )


class BackupDamaged(IntegrityError):
    """What lies on the medium is not what was written."""

    def __init__(self, what: str = "The backup is damaged.") -> None:
        super().__init__(what, "“bitewing backup --verify” says what is; use another backup too.")


def _spoken(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.0f} MB"


_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}
_GONE = {
    errno.ENODEV,
    errno.ENXIO,
    *(
        getattr(errno, name)
        for name in ("ESTALE", "ENOTCONN", "EHOSTDOWN", "ENETDOWN", "ENETUNREACH", "ETIMEDOUT")
        if hasattr(errno, name)
    ),
}


def medium_fault(fault: OSError, root: Path) -> MediumFault:
    """Return the error to show for what the operating system reported about a medium."""
    if fault.errno in _FULL:
        return MediumFull()
    if fault.errno in _GONE or not _is_there(root):
        return MediumGone()
    return MediumReadOnly() if fault.errno in _READ_ONLY else MediumFault()


def _is_there(root: Path) -> bool:
    try:
        return root.is_dir()
    except OSError:
        return False


@contextmanager
def medium_faults(root: Path) -> Iterator[None]:
    """Turn what the system, or a reader of containers, reports about a medium into its errors."""
    try:
        yield
    except OSError as fault:
        raise medium_fault(fault, root) from fault
    except StoreFault as fault:
        cause = fault.__cause__
        raise (
            medium_fault(cause, root) if isinstance(cause, OSError) else MediumFault()
        ) from fault
