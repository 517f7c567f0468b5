"""Stores that a restore set aside: older copies of this one, whose accounts hold the keys of then.

While such accounts lie in the store's folder, an erasure or a rotation is not over: with them and
the recovery sheet everything beside them opens. A person gives them up once nothing in there is
needed any more; what is left is noise as soon as its epochs are retired.
"""

from __future__ import annotations

from pathlib import Path

from viewer.vault.errors import store_fault
from viewer.vault.v1.folder import sync_folder

_ACCOUNTS = "accounts.json"


def set_aside(folder: Path) -> tuple[str, ...]:
    """Return the names of the stores in a store's folder that were set aside and still open."""
    return tuple(sorted(path.parent.name for path in folder.glob(f"set-aside-*/{_ACCOUNTS}")))


def give_up(folder: Path, name: str) -> None:
    """Overwrite and remove the accounts of a store that was set aside: its keys are gone.

    Raises
    ------
    StoreFault
        They are still there, or it is not sure that they are gone.
    """
    if name not in set_aside(folder):
        return
    accounts = folder / name / _ACCOUNTS
    try:
        with accounts.open("r+b", buffering=0) as file:
            file.write(bytes(accounts.stat().st_size))
        accounts.unlink()
        sync_folder(accounts.parent)
    except OSError as fault:
        raise store_fault(fault) from fault
