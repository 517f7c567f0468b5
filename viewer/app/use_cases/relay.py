"""Sending the trail to another machine: where to, how it stands, and once more."""

from __future__ import annotations

import attrs

from viewer.app.clinic import Clinic
from viewer.app.gate import Act, Entries, Subject, use_case
from viewer.relay.errors import RelayFault, RelayRefused
from viewer.relay.policy import DEFAULT_PORT
from viewer.relay.relay import RelayStatus
from viewer.relay.wire import deliver, tls_context
from viewer.session.audit.committed import Cursor
from viewer.session.audit.events import EventKind
from viewer.session.permissions import Permission


@attrs.frozen
class SetRelay:
    """The audit server and the certificates, PEM; `host` empty: send nothing off any more.

    `certificate` and `private_key` are this workstation's; `key_password` opens the given key.
    """

    host: str
    port: int = DEFAULT_PORT
    authority: bytes = attrs.field(default=b"", repr=False)
    peer_name: str = ""
    certificate: bytes = attrs.field(default=b"", repr=False)
    private_key: bytes = attrs.field(default=b"", repr=False)
    key_password: str = attrs.field(default="", repr=False)
    is_tried: bool = True


def _where(clinic: Clinic, request: SetRelay) -> Subject:
    where = f"{request.host}:{request.port}" if request.host else "nowhere"
    return Subject(why=f"trail: sent off to {where[:120]}")


@use_case(permission=Permission.MANAGE_POLICIES, event=EventKind.POLICY_CHANGED, subject=_where)
def set_relay(clinic: Clinic, request: SetRelay, act: Act) -> RelayStatus:
    """Send the trail there from now on, if the server answers as it should; or nowhere.

    Raises
    ------
    RelayRefused
        A name, certificate or key cannot be used.
    RelayFault
        The server does not answer, or is another one; nothing was changed.
    """
    policies = clinic.relay.policies
    if not request.host:
        policies.write(None)
        clinic.relay.start()
        return clinic.relay.status()
    if not request.authority:
        raise RelayRefused("Whose certificate the server must bear is not named.")
    policy = policies.made(
        request.host,
        request.port,
        request.authority,
        peer_name=request.peer_name,
        certificate=request.certificate,
        private_key=request.private_key,
        key_password=request.key_password,
    )
    if request.is_tried:
        gives_receipts = deliver(policy, tls_context(policy, policies), ())
        policy = attrs.evolve(policy, needs_receipt=gives_receipts)
    act.still_here()
    policies.write(policy)
    clinic.relay.start()
    return clinic.relay.status()


@attrs.frozen
class ShowRelay:
    """How the copy of the trail on the other machine stands."""


@use_case(
    permission=Permission.VERIFY_TRAIL,
    event=EventKind.TRAIL_VERIFIED,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(why="what was sent off"),
)
def show_relay(clinic: Clinic, request: ShowRelay, act: Act) -> RelayStatus:
    """Say where the trail is sent, what waits, and what went wrong last."""
    return clinic.relay.status()


@attrs.frozen
class SendNow:
    """Send what waits, and with `words` also what arrived without them.

    `since` (segment, number) sends everything from that record on once more.
    """

    since: tuple[int, int] | None = None


@use_case(
    permission=Permission.READ_TRAIL,
    event=EventKind.SENT_OFF,
    subject=lambda clinic, request: Subject(why="by hand"),
)
def send_now(clinic: Clinic, request: SendNow, act: Act) -> int:
    """Send now, with the words of records that arrived by their marks alone; how many messages.

    Raises
    ------
    RelayFault
        The server was not reached, or did not confirm.
    """
    since = request.since
    blanks = clinic.relay.blanks()
    if since is None and blanks:
        since = min(blanks)
    if since is not None:
        reader = clinic.open_trail_reader(act.session)
        events = list(reader.scan(since=Cursor(since[0], since[1] - 1)))
        act.still_here()
        clinic.relay.send_again(events)
    try:
        sent = clinic.relay.send_now()
    except RelayFault:
        act.outcome = Subject(why="by hand: not confirmed")
        raise
    act.outcome = Subject(why=f"by hand: {sent} messages")
    return sent
