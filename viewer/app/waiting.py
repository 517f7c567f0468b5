"""Where the entries of an emergency wait while the trail cannot be written."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_runtime_path, user_state_path

from viewer.session.keystore import FileKeyStore, KeyStore, OsKeyStore


def waiting_places(keystore: KeyStore) -> tuple[Path, ...]:
    """Return folders outside the store, the best first: beside a key file, or the person's own.

    The last one is in memory on most systems, so that it takes something when every disk is full
    or can only be read; it survives the end of the program, not that of the machine.
    """
    if isinstance(keystore, FileKeyStore):
        return (keystore.path.parent,)
    if isinstance(keystore, OsKeyStore):
        return (
            user_state_path("Bitewing", appauthor=False),
            user_runtime_path("Bitewing", appauthor=False),
        )
    return ()
