"""The audit server for its page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from viewer.app.clinic import Clinic
from viewer.app.jobs import Job, JobControl
from viewer.app.use_cases import relay
from viewer.model.errors import EnvironmentFault
from viewer.relay.relay import RelayStatus
from viewer.ui.ports import OnFault
from viewer.ui.relay_ports import RelayFacts, RelayOrder
from viewer.wiring.workstation import Workstation


class ClinicAuditServer:
    """Satisfies the port `AuditServer`. Main thread only."""

    def __init__(self, workstation: Workstation) -> None:
        self._workstation = workstation

    def facts(self, on_done: Callable[[RelayFacts], None], on_fault: OnFault) -> Job[RelayFacts]:
        """Say how it stands."""
        return self._facts_of(
            lambda clinic, control: relay.show_relay(clinic, relay.ShowRelay(), control),
            on_done,
            on_fault,
        )

    def set_server(
        self, order: RelayOrder, on_done: Callable[[RelayFacts], None], on_fault: OnFault
    ) -> Job[RelayFacts]:
        """Try the server and send the trail there from now on."""

        def work(clinic: Clinic, control: JobControl) -> RelayStatus:
            request = relay.SetRelay(
                order.host,
                order.port,
                _content(order.authority),
                order.name,
                _content(order.certificate),
                _content(order.key),
                order.key_password,
            )
            return relay.set_relay(clinic, request, control)

        return self._facts_of(work, on_done, on_fault)

    def stop_sending(
        self, on_done: Callable[[RelayFacts], None], on_fault: OnFault
    ) -> Job[RelayFacts]:
        """Send nothing off any more."""
        return self._facts_of(
            lambda clinic, control: relay.set_relay(clinic, relay.SetRelay(""), control),
            on_done,
            on_fault,
        )

    def send_now(self, on_done: Callable[[int], None], on_fault: OnFault) -> Job[int]:
        """Send what waits."""
        clinic = self._workstation.clinic
        return self._workstation.jobs.submit(
            lambda control: relay.send_now(clinic, relay.SendNow(), control), on_done, on_fault
        )

    def _facts_of(
        self,
        work: Callable[[Clinic, JobControl], RelayStatus],
        on_done: Callable[[RelayFacts], None],
        on_fault: OnFault,
    ) -> Job[RelayFacts]:
        clinic = self._workstation.clinic
        return self._workstation.jobs.submit(
            lambda control: _facts(work(clinic, control)), on_done, on_fault
        )


def _facts(status: RelayStatus) -> RelayFacts:
    return RelayFacts(status.where, status.waiting, status.blanks, status.fault, status.since)


def _content(path: Path | None) -> bytes:
    try:
        return path.read_bytes() if path else b""
    except OSError as fault:
        raise EnvironmentFault("A certificate cannot be read.", "Choose the file again.") from fault
