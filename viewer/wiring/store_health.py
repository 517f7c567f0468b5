"""The store's health for the windows: checks and repairs."""

from __future__ import annotations

from collections.abc import Callable

from viewer.app import notes
from viewer.app.clinic import Clinic
from viewer.app.jobs import JobControl
from viewer.app.use_cases import store
from viewer.ui import ports, store_ports
from viewer.wiring.asking import Asking
from viewer.wiring.workstation import Workstation

_CHECK = "check"


class StoreHealth(Asking):
    """Checks and repairs. Main thread only."""

    def __init__(self, workstation: Workstation) -> None:
        super().__init__(workstation)
        self._checked: store_ports.StoreCheck | None = None

    def last_check(self) -> store_ports.StoreCheck | None:
        """The last check; after a restart without what it found in detail."""
        if self._checked is not None or not self._clinic.is_vault_open:
            return self._checked
        facts = notes.noted(self._clinic, _CHECK)
        when = notes.moment_of(facts)
        if when is None:
            return None
        return store_ports.StoreCheck(
            when, bool(facts.get("deep")), bool(facts.get("whole")), int(facts.get("objects", 0))
        )

    def check(
        self,
        deep: bool,  # noqa: FBT001 - the port is called by position
        on_done: Callable[[store_ports.StoreCheck], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> ports.Running:
        """Look at every object, or open each to its last byte."""
        clinic = self._clinic

        def work(control: JobControl) -> store_ports.StoreCheck:
            report = store.check_store(clinic, store.CheckStore(deep), control)
            found = _check_of(report, clinic)
            facts = {"when": found.when.isoformat(), "deep": deep, "whole": found.is_whole}
            notes.note(clinic, _CHECK, {**facts, "objects": found.objects})
            return found

        def done(found: store_ports.StoreCheck) -> None:
            self._checked = found
            on_done(found)

        return self._workstation.jobs.submit(work, done, on_fault, on_progress)

    def repair(
        self,
        on_done: Callable[[store_ports.StoreRepair], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> ports.Running:
        """Mend what there is a second place for."""

        def done(repaired: store.RepairedStore) -> None:
            self._checked = None
            on_done(store_ports.StoreRepair(repaired.done, repaired.lost))

        request = store.RepairStore(deep=True)
        return self._submit(store.repair_store, request, done, on_fault, on_progress)


def _check_of(report: store.CheckReport, clinic: Clinic) -> store_ports.StoreCheck:
    return store_ports.StoreCheck(
        clinic.clock.wall(),
        report.is_deep,
        report.is_sound,
        report.objects_checked,
        report.bytes_checked,
        tuple(
            store_ports.StoreFinding(each.words, each.now, each.is_harmless)
            for each in report.findings
        ),
    )
