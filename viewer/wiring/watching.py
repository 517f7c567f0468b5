"""Watched folders for the windows: listed, set up, gone round while somebody is in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from viewer.app.jobs import Job
from viewer.app.use_cases import watching
from viewer.app.watching.folders import Afterwards, WatchedFolder, watched_folders
from viewer.app.watching.looking import Reach
from viewer.app.watching.watcher import FolderState, Watcher
from viewer.model.errors import BitewingError
from viewer.ui.ports import OnFault, Protection, ProtectionState
from viewer.ui.watch_ports import Taken, WatchedRow, WatchOrder
from viewer.ui.wording import tr
from viewer.wiring.incoming import summary_of
from viewer.wiring.workstation import Workstation

_PAUSE_S = 60.0
"""For so long a folder rests after what it brought could not be taken in."""


class ClinicWatched:
    """Satisfies the port `WatchedFolders`. Main thread only; the looks are jobs."""

    def __init__(self, workstation: Workstation) -> None:
        self._workstation = workstation
        self._watcher = Watcher(workstation.clinic, workstation.clinic.clock.boot_s)
        self._states: dict[str, FolderState] = {}
        self._faults: dict[str, str] = {}
        self._rests_until: dict[str, float] = {}
        self._is_round = False

    @property
    def has_any(self) -> bool:
        """Whether any folder is watched here, for whoever may import."""
        if not self._watcher.may_look():
            return False
        try:
            return bool(watched_folders(self._workstation.clinic.vault))
        except BitewingError:  # a store that cannot be read now says so elsewhere
            return False

    def rows(
        self, on_done: Callable[[Sequence[WatchedRow]], None], on_fault: OnFault
    ) -> Job[tuple[WatchedFolder, ...]]:
        """List them."""
        clinic = self._workstation.clinic
        return self._workstation.jobs.submit(
            lambda control: watching.list_watched(clinic, watching.ListWatched(), control),
            lambda found: on_done([self._row(each) for each in found]),
            on_fault,
        )

    def words_of(self, row: WatchedRow) -> WatchedRow:
        """Return a row as the last look found it."""
        words, is_well = self._words(row.id)
        return attrs.evolve(row, words=words, is_well=is_well)

    def add(
        self, order: WatchOrder, on_done: Callable[[None], None], on_fault: OnFault
    ) -> Job[WatchedFolder]:
        """Watch one more."""
        clinic = self._workstation.clinic
        after = Afterwards.REMOVE if order.removes else Afterwards.LEAVE
        request = watching.WatchFolder(order.folder, order.device, after, order.kind)
        return self._workstation.jobs.submit(
            lambda control: watching.watch_folder(clinic, request, control),
            lambda _: on_done(None),
            on_fault,
        )

    def stop(
        self, folder_id: str, on_done: Callable[[None], None], on_fault: OnFault
    ) -> Job[WatchedFolder]:
        """Watch one no more."""
        clinic = self._workstation.clinic

        def stopped(_: WatchedFolder) -> None:
            self._states.pop(folder_id, None)
            self._faults.pop(folder_id, None)
            on_done(None)

        return self._workstation.jobs.submit(
            lambda control: watching.stop_watching(
                clinic, watching.StopWatching(folder_id), control
            ),
            stopped,
            on_fault,
        )

    def go_round(self, on_taken: Callable[[Taken], None], on_look: Callable[[], None]) -> None:
        """Look at each folder and take in what lies whole in it."""
        if self._is_round or not self._watcher.may_look():
            return
        self._is_round = True

        def looked(states: list[FolderState]) -> None:
            self._states = {state.folder.id: state for state in states}
            on_look()
            self._take(self._due(states), on_taken, on_look)

        self._workstation.jobs.submit(lambda _: self._watcher.look(), looked, self._end_round)

    def troubles(self) -> Sequence[str]:
        """Say what keeps folders from being watched."""
        told = []
        for state in self._states.values():
            words, is_well = self._words(state.folder.id)
            if not is_well:
                told.append(f"{state.folder.device}: {words}")
        return told

    def protections(self) -> list[Protection]:
        """What the status line tells of watched folders; nothing where there are none."""
        if not self.has_any:
            return []
        if troubles := self.troubles():
            words = " ".join(troubles)
            return [Protection(tr("folder not watched"), ProtectionState.WARNING, words, "watched")]
        words = tr(
            "What devices write into watched folders comes in by itself while somebody is in."
        )
        return [Protection(tr("watching"), ProtectionState.GOOD, words, "watched")]

    # --- one round ---------------------------------------------------------------------------

    def _due(self, states: list[FolderState]) -> list[FolderState]:
        now = self._workstation.clinic.clock.boot_s()
        return [
            state
            for state in states
            if state.look.ready and now >= self._rests_until.get(state.folder.id, 0.0)
        ]

    def _take(
        self,
        due: list[FolderState],
        on_taken: Callable[[Taken], None],
        on_look: Callable[[], None],
    ) -> None:
        if not due:
            self._is_round = False
            return
        state, *others = due
        clinic = self._workstation.clinic
        request = watching.TakeIn(state.folder.id, state.look.ready, state.look.present)

        def done(taken: watching.TakenIn) -> None:
            self._faults.pop(state.folder.id, None)
            on_taken(Taken(taken.folder.device, summary_of(taken.report), taken.removed))
            self._take(others, on_taken, on_look)

        def failed(fault: Exception) -> None:
            self._faults[state.folder.id] = str(fault)
            self._rests_until[state.folder.id] = clinic.clock.boot_s() + _PAUSE_S
            on_look()
            self._take(others, on_taken, on_look)

        self._workstation.jobs.submit(
            lambda control: watching.take_in(clinic, request, control), done, failed
        )

    def _end_round(self, _: Exception) -> None:
        self._is_round = False

    # --- in words ----------------------------------------------------------------------------

    def _row(self, folder: WatchedFolder) -> WatchedRow:
        words, is_well = self._words(folder.id)
        removes = folder.after is Afterwards.REMOVE
        return WatchedRow(
            folder.id, folder.device, folder.path, removes, folder.kind, words, is_well
        )

    def _words(self, folder_id: str) -> tuple[str, bool]:
        state = self._states.get(folder_id)
        if fault := self._faults.get(folder_id):
            return fault, False
        if state is None:
            return tr("Looked at within seconds."), True
        look = state.look
        if look.reach is not Reach.WATCHED:
            return _unwell()[look.reach], False
        if look.waiting:
            words = tr("{count} files are still being written.")
            return words.format(count=look.waiting), True
        return tr("Watched; nothing waits."), True


def _unwell() -> dict[Reach, str]:
    return {
        Reach.AWAY: tr("The folder cannot be reached. It is looked for again by itself."),
        Reach.LINK: tr("The folder was replaced by a link to another place; it is left alone."),
        Reach.TOO_FULL: tr("The folder holds too many files to be watched. Move old ones away."),
    }
