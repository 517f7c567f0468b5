"""Looks at all watched folders now and then, and says what is to be taken in.

Whoever calls `look` says when and where it runs: never on the main thread, for a share of another
machine that went away can hold a look up for a minute. One look at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import attrs

from viewer.app.clinic import Clinic
from viewer.app.watching.folders import WatchedFolder, seen_in, watched_folders
from viewer.app.watching.looking import FolderLooks, Look, Reach
from viewer.session.permissions import Permission

MOST_AT_ONCE = 2_000
"""So many files are taken in at once; the others come next."""


@attrs.frozen
class FolderState:
    """A watched folder and what the last look found."""

    folder: WatchedFolder
    look: Look = attrs.Factory(lambda: Look(Reach.WATCHED))


class Watcher:
    """The looks at this workstation's folders. Any thread, but one look at a time."""

    def __init__(
        self,
        clinic: Clinic,
        now: Callable[[], float],
        looks: Callable[[WatchedFolder], FolderLooks] = FolderLooks,
    ) -> None:
        self._clinic = clinic
        self._now = now
        self._make = looks
        self._looks: dict[str, FolderLooks] = {}
        self._turn = threading.Lock()

    def may_look(self) -> bool:
        """Whether somebody is in who may import, and the store is open."""
        session = self._clinic.desk.session
        if session is None or session.is_locked or not self._clinic.is_vault_open:
            return False
        return session.emergency is None and session.may(Permission.IMPORT_IMAGES)

    def look(self) -> list[FolderState]:
        """Look at every folder once; nothing where nobody is in who may import."""
        if not self.may_look() or not self._turn.acquire(blocking=False):
            return []
        try:
            return [self._look_at(folder) for folder in self._folders()]
        finally:
            self._turn.release()

    def forget(self) -> None:
        """Forget what was seen: at a lock, for nothing of it may outlast it."""
        self._looks = {}

    def _folders(self) -> tuple[WatchedFolder, ...]:
        folders = watched_folders(self._clinic.vault)
        known = {folder.id for folder in folders}
        self._looks = {i: looks for i, looks in self._looks.items() if i in known}
        return folders

    def _look_at(self, folder: WatchedFolder) -> FolderState:
        looks = self._looks.get(folder.id)
        if looks is None:
            looks = self._looks[folder.id] = self._make(folder)
        found = looks.look(self._now(), seen_in(self._clinic.vault, folder))
        return FolderState(folder, attrs.evolve(found, ready=found.ready[:MOST_AT_ONCE]))
