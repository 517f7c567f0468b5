"""What can go wrong with the store.

::

    BitewingError
    ├── UserError
    │   ├── StoreMissing       there is no store in this folder
    │   ├── StoreExists        there is one already
    │   ├── StoreInUse         another program has it open
    │   ├── StoreTooNew        made by a newer version of the program
    │   ├── StoreClosed        it was locked or closed meanwhile
    │   ├── NotInStore         no such patient or image (any more)
    │   ├── KeptElsewhere      its pixels lie in an archive that is not connected
    │   ├── ArchiveUnknown     no such archive, or it was declared lost
    │   ├── ContentChanged     a file was not the same twice while it was being sealed
    │   ├── KeysBusy           another change of the keys is under way
    │   ├── UnderLegalHold     nothing of this patient may be removed
    │   ├── ClockDoubtful      this computer's time contradicts what the store has seen
    │   └── KeepingRefused     a quota, period, pin or purge that is not allowed
    ├── EnvironmentFault
    │   └── StoreFault         the disk did not do what was asked
    │       ├── DiskFull       no room left; nothing half-done was kept
    │       └── ArchiveAway    an archive is not connected, or cannot be read now
    └── IntegrityError
        └── StoreDamaged       what is stored is not what was written
            ├── WrongKey       the catalog does not open with these keys
            ├── CatalogDamaged the list of images is damaged; a copy of it can be put in its place
            ├── PutBack        pages of the list of images are of an earlier time than the rest
            ├── RolledBack     the store is older than what was last seen of it
            ├── ObjectMissing  a sealed object is gone
            └── ObjectDamaged  a sealed object does not authenticate
"""

from __future__ import annotations

import errno

from viewer.model.errors import EnvironmentFault, IntegrityError, UserError

_RESTORE = "Run a check of the store, and restore from a backup what it names."


class StoreMissing(UserError):
    """There is no store in this folder."""

    def __init__(self) -> None:
        super().__init__("There is no image store in this folder.", "Choose another, or make one.")


class StoreExists(UserError):
    """There is a store, or something else, in this folder already."""

    def __init__(self) -> None:
        super().__init__("This folder holds an image store already.", "Choose an empty folder.")


class StoreInUse(UserError):
    """Another program, or another window of this one, has the store open."""

    def __init__(self) -> None:
        super().__init__(
            "The image store is open in another program.", "Close that one and try again."
        )


class StoreTooNew(UserError):
    """The store was made by a newer version of the program."""

    def __init__(self) -> None:
        super().__init__(
            "The image store was made by a newer version of Bitewing.", "Update this computer."
        )


class StoreClosed(UserError):
    """The store was locked or closed while it was being used."""

    def __init__(self) -> None:
        super().__init__("The image store is locked.", "Unlock it and try again.")


class NotInStore(UserError):
    """No such patient or image, or not any more."""

    def __init__(self, what: str = "This image is not in the store any more.") -> None:
        super().__init__(what)


class KeptElsewhere(UserError):
    """The pixels of an image lie in an archive that is not connected now."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        places = " and ".join(f"“{label}”" for label in labels)
        super().__init__(
            f"This image is kept in {places}, not on this computer.",
            "Connect it and open the image again.",
        )


class ArchiveUnknown(UserError):
    """No such archive, or it was declared lost: what it says to hold does not count."""

    def __init__(self) -> None:
        super().__init__("The store does not know this archive.", "Set it up as a backup first.")


class ContentChanged(UserError):
    """A file was not the same twice while it was being sealed."""

    def __init__(self) -> None:
        super().__init__(
            "The file was changed, or could not be read any more, while it was being kept.",
            "Import it again once nothing writes to it.",
        )


class KeysBusy(UserError):
    """A rotation, a sealing anew or an erasure is under way."""

    def __init__(self) -> None:
        super().__init__(
            "The keys of the store are being changed already.", "Wait until that has ended."
        )


class UnderLegalHold(UserError):
    """Nothing of this patient may be erased, purged, deleted or evicted."""

    def __init__(self) -> None:
        super().__init__(
            "This patient is under legal hold: nothing may be removed.",
            "Ask whoever put the hold to release it.",
        )


class ClockDoubtful(UserError):
    """This computer's time contradicts what the store has seen; nothing is removed by it."""

    def __init__(self, how: str) -> None:
        super().__init__(
            f"The date of this computer {how}, so nothing is removed.",
            "Set the date right, or have somebody who may confirm it.",
        )


class KeepingRefused(UserError):
    """A quota, period, pin, eviction or purge that is not allowed."""


class StoreFault(EnvironmentFault):
    """The disk did not do what was asked; what was acknowledged before is still there."""

    def __init__(
        self,
        what: str = "The disk that holds the image store reported a fault.",
        now: str = "Check that it is connected and healthy, then try again.",
    ) -> None:
        super().__init__(what, now)


class ArchiveAway(StoreFault):
    """An archive is not connected, or cannot be read now."""

    def __init__(self) -> None:
        super().__init__("The backup medium cannot be read.", "Connect it, then try again.")


class DiskFull(StoreFault):
    """No room is left; nothing half-done was kept.

    `freeable_bytes` are held by a verified archive, too, and could leave.
    """

    def __init__(self, freeable_bytes: int = 0) -> None:
        now = "Make room and try again."
        if freeable_bytes:
            now = (
                f"Make room and try again: “bitewing keep evict” can free"
                f" {freeable_bytes / 1e9:.1f} GB that a verified backup also holds."
            )
        super().__init__(
            "The disk that holds the image store is full; nothing of this image was kept.", now
        )


class StoreDamaged(IntegrityError):
    """What is stored is not what was written."""

    def __init__(self, what: str = "The image store is damaged.", now: str = _RESTORE) -> None:
        super().__init__(what, now)


class WrongKey(StoreDamaged):
    """The catalog does not open: the keys are another store's, or its first page is damaged."""

    def __init__(self) -> None:
        super().__init__(
            "The list of images does not open with this key: it belongs to another store or is"
            " damaged.",
            "Restore it from a backup.",
        )


class CatalogDamaged(StoreDamaged):
    """The catalog is damaged or gone, and there is a copy that opens with the same keys."""

    def __init__(self) -> None:
        super().__init__(
            "The list of images is damaged; the images themselves were not touched.",
            "Run “bitewing check --repair”: it puts the copy of the list in its place and says what"
            " the copy does not know of.",
        )


class PutBack(StoreDamaged):
    """Pages of the catalog are of an earlier time than the rest: somebody put them back."""

    def __init__(self) -> None:
        super().__init__(
            "Part of the list of images is older than the rest: a piece of its file was put back.",
            "Ask the security officer; then run “bitewing check --repair”.",
        )


class RolledBack(StoreDamaged):
    """The store is older than, or another branch of, what was last seen of it."""

    def __init__(self) -> None:
        super().__init__(
            "The image store is older than when it was last used: somebody put back an old copy.",
            "Ask the security officer before working with it.",
        )


class ObjectMissing(StoreDamaged):
    """A sealed object that the catalog lists is gone."""

    def __init__(self) -> None:
        super().__init__("A part of this image is missing from the store.")


class ObjectDamaged(StoreDamaged):
    """A sealed object is not what was written: cut, changed, or another's."""

    def __init__(self) -> None:
        super().__init__("A part of this image is damaged and is not shown.")


def store_fault(fault: OSError) -> StoreFault:
    """Return the error to show for what the operating system reported."""
    full = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
    return DiskFull() if fault.errno in full else StoreFault()
