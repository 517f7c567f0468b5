"""A trail of a practice, an audit server and the certificates between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import pytest

from tests.support.audit_server import AuditServer, Authority
from tests.support.practice import FakeClock
from viewer.crypto.people import new_sealing_pair
from viewer.relay.relay import Relay
from viewer.session.audit.events import Actor, Entry, EventKind
from viewer.session.audit.trail import Trail
from viewer.session.keystore import KeyStore, MemoryKeyStore

PRACTICE = "5" * 32
WHO = Actor(name="Ann Example", role="Dentist")


@attrs.define
class Station:
    """One workstation: its store, key store, trail and relay."""

    folder: Path
    keystore: KeyStore
    clock: FakeClock
    public: bytes
    trail: Trail = attrs.field(init=False)
    relay: Relay = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.keystore.create_device_secret().wipe()
        self.trail = Trail.create(self.folder, self.keystore, PRACTICE, self.public, self.clock)
        self.begin()

    def begin(self) -> None:
        """Join trail and relay, as the program does."""
        self.relay = Relay(
            self.folder,
            self.keystore,
            PRACTICE,
            self.clock,
            self.trail.append,
            first_pause_s=0.05,
            gather_s=0.0,
            wait_s=10.0,
        )
        self.trail.keep_words(self.relay.take)
        self.trail.listen(lambda _: self.relay.wake())

    def write(self, count: int, why: str = "bitewings") -> None:
        """Append looks at images."""
        for number in range(count):
            self.trail.append(Entry(EventKind.VIEW, WHO, why=f"{why} {number}"))

    def restart(self) -> None:
        """End the program and start it again."""
        self.relay.stop()
        self.trail.close()
        self.trail = Trail.open(self.folder, self.keystore, PRACTICE, self.clock)
        self.begin()

    def send_to(self, server: AuditServer, authority: Authority, *, name: str = "") -> None:
        """Set the audit server, with a certificate of ours, and begin."""
        ours = authority.pair("operatory-1")
        policy = self.relay.policies.made(
            "127.0.0.1",
            server.port,
            authority.pem,
            peer_name=name or server.name,
            certificate=ours.certificate,
            private_key=ours.key,
        )
        self.relay.policies.write(policy)
        self.relay.start()

    def close(self) -> None:
        """End."""
        self.relay.stop()
        self.trail.close()


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def server(tmp_path: Path, authority: Authority) -> Iterator[AuditServer]:
    server = AuditServer(tmp_path / "audit server", authority)
    yield server
    server.stop()


@pytest.fixture
def make_station(tmp_path: Path) -> Iterator[Callable[[], Station]]:
    made: list[Station] = []

    def make() -> Station:
        pair = new_sealing_pair()
        pair.private.wipe()
        folder = tmp_path / f"store {len(made)}"
        folder.mkdir()
        station = Station(folder, MemoryKeyStore(), FakeClock(), pair.public)
        made.append(station)
        return station

    yield make
    for station in made:
        station.close()


@pytest.fixture
def station(make_station: Callable[[], Station]) -> Station:
    return make_station()
