"""Putting a new catalog file in the place of the old one, so that a crash leaves one of the two.

Order: the new file is whole and durable; the old one is at rest, its log folded in and gone (a log
left behind would be played back onto the new file); rename; the folder is synced. On Windows an
open file cannot be replaced, so nobody holds the old one open by then.
"""

from __future__ import annotations

import os
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import BinaryIO

from viewer.vault.errors import StoreFault, store_fault
from viewer.vault.v1.folder import replace_patiently, sync_folder

_IS_WINDOWS = os.name == "nt"
_LOG, _STRIPE = "-wal", 1 << 20


def remove_leftovers(fresh: Path) -> None:
    """Remove an unfinished new file and whatever SQLite laid beside it.

    Raises
    ------
    StoreFault
        It is there and stays.
    """
    try:
        for leftover in fresh.parent.glob(f"{fresh.name}*"):
            leftover.unlink()
    except OSError as fault:
        raise store_fault(fault) from fault


def require_no_log(catalog: Path) -> None:
    """Return only if a closed file holds everything itself: a rename would leave its log behind.

    Raises
    ------
    StoreFault
        Something lies in its log still.
    OSError
        That cannot be told.
    """
    log = catalog.with_name(catalog.name + _LOG)
    if log.exists() and log.stat().st_size:
        raise StoreFault


def put_in_place(fresh: Path, catalog: Path) -> BinaryIO | None:
    """Rename the new file over the old one, which is closed; return the old one, nameless, open.

    Nothing is returned where the system cannot replace an open file (Windows). The rename is
    durable only after `sync_folder`.

    Raises
    ------
    StoreFault
        The old one is still in its place.
    """
    log = catalog.with_name(catalog.name + _LOG)
    try:
        require_no_log(catalog)
        log.unlink(missing_ok=True)
        sync_folder(catalog.parent)
        old = None if _IS_WINDOWS else catalog.open("r+b", buffering=0)
        try:
            replace_patiently(fresh, catalog)
        except BaseException:
            if old is not None:
                old.close()
            raise
    except OSError as fault:
        raise store_fault(fault) from fault
    return old


def overwrite(old: BinaryIO | None, folder: Path) -> None:
    """Make the rename durable, then overwrite the replaced file with zeros, as far as that reaches.

    No promise: a disk that writes elsewhere (an SSD, a copying file system, a snapshot) keeps the
    old blocks. What they hold is under the old epoch's key, and retiring that is the promise.

    Raises
    ------
    StoreFault
        It is not sure that the rename survives a power cut; the old file was not touched.
    """
    with old or nullcontext():
        try:
            sync_folder(folder)
        except OSError as fault:
            raise store_fault(fault) from fault
        if old is not None:
            _blank(old)


def _blank(old: BinaryIO) -> None:
    with suppress(OSError):
        left, blank = os.fstat(old.fileno()).st_size, bytes(_STRIPE)
        while left > 0:
            left -= old.write(blank[: min(left, _STRIPE)])
        os.fsync(old.fileno())
