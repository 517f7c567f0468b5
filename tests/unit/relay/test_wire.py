"""Deliveries to servers that end in every way a server can end."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import pytest

from tests.support.audit_server import Authority
from tests.unit.relay.conftest import PRACTICE
from viewer.relay.errors import RelayFault
from viewer.relay.policy import PolicyFile, RelayPolicy
from viewer.relay.wire import deliver, tls_context
from viewer.session.keystore import MemoryKeyStore

Ending = Callable[[ssl.SSLSocket], None]
LINES = [b"<85>1 - - - - - - hello"] * 50


def everything(line: ssl.SSLSocket) -> bytes:
    heard = b""
    while chunk := line.recv(65536):
        heard += chunk
    return heard


def reads_and_answers(line: ssl.SSLSocket) -> None:
    everything(line)
    line.unwrap()


def reads_and_ends_in_order(line: ssl.SSLSocket) -> None:
    """As rsyslog with GnuTLS does: no close_notify of its own."""
    everything(line)


def hangs_up_unread(line: ssl.SSLSocket) -> None:
    """As one that refuses our certificate, or was killed at once."""


def is_killed_with_something_unread(line: ssl.SSLSocket) -> None:
    line.recv(10)


def cuts_the_line(line: ssl.SSLSocket) -> None:
    everything(line)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Server:
    """A TLS server that takes connections one after another and ends each in one way."""

    def __init__(self, folder: Path, authority: Authority, ending: Ending) -> None:
        pair = authority.pair("audit.practice")
        (folder / "c").write_bytes(pair.certificate)
        (folder / "k").write_bytes(pair.key)
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(folder / "c", folder / "k")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._ending = ending
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            plain, _ = self._listener.accept()
            with plain:
                try:
                    with self._context.wrap_socket(plain, server_side=True) as line:
                        self._ending(line)
                except ConnectionAbortedError:
                    return
                except (ssl.SSLError, OSError):
                    if self.is_done:
                        return

    is_done = False

    def close(self) -> None:
        """End it: by a connection that says nothing."""
        self.is_done = True
        with socket.create_connection(("127.0.0.1", self.port)):
            pass
        self._thread.join(10)
        self._listener.close()


@attrs.frozen
class Line:
    """What a delivery needs."""

    policy: RelayPolicy
    files: PolicyFile

    def deliver(self, *, needs_receipt: bool = False) -> bool:
        policy = attrs.evolve(self.policy, needs_receipt=needs_receipt)
        return deliver(policy, tls_context(policy, self.files), LINES, 10)


@pytest.fixture
def line_to(tmp_path: Path) -> Iterator[Callable[[Ending], Line]]:
    authority, servers = Authority(), []
    keystore = MemoryKeyStore()
    keystore.create_device_secret().wipe()

    def make(ending: Ending) -> Line:
        server = Server(tmp_path, authority, ending)
        servers.append(server)
        files = PolicyFile(tmp_path / "relay", keystore, PRACTICE)
        made = files.made("127.0.0.1", server.port, authority.pem, peer_name="audit.practice")
        return Line(made, files)

    yield make
    for server in servers:
        server.close()


def test_a_server_that_answers_our_end_has_read_everything(
    line_to: Callable[[Ending], Line],
) -> None:
    line = line_to(reads_and_answers)
    assert line.deliver()
    assert line.deliver(needs_receipt=True)


def test_one_that_ends_in_order_counts_unless_a_receipt_is_asked_for(
    line_to: Callable[[Ending], Line],
) -> None:
    line = line_to(reads_and_ends_in_order)
    assert not line.deliver()
    with pytest.raises(RelayFault, match="without confirming"):
        line.deliver(needs_receipt=True)


@pytest.mark.parametrize(
    "ending", [hangs_up_unread, is_killed_with_something_unread, cuts_the_line]
)
def test_one_that_is_gone_with_something_unread_never_counts(
    line_to: Callable[[Ending], Line], ending: Ending
) -> None:
    line = line_to(ending)
    for _ in range(5):
        with pytest.raises(RelayFault):
            line.deliver()


def test_nobody_there_is_said_so() -> None:
    keystore = MemoryKeyStore()
    keystore.create_device_secret().wipe()
    files = PolicyFile(Path("nowhere"), keystore, PRACTICE)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    made = files.made("127.0.0.1", port, Authority().pem)
    with pytest.raises(RelayFault, match="was not reached"):
        deliver(made, tls_context(made, files), LINES, 5)


def test_one_that_trickles_its_handshake_is_given_up_after_one_wait(tmp_path: Path) -> None:
    """A byte now and then is no answer: the wait is for the whole of a handshake."""
    stop = threading.Event()

    def trickle(server: socket.socket) -> None:
        line, _ = server.accept()
        with line:
            line.sendall(bytes((22, 3, 3, 0x3F, 0xFF)))  # a record of 16 kB is to come
            while not stop.wait(0.05):
                with contextlib.suppress(OSError):
                    line.sendall(b"\x02")

    with socket.create_server(("127.0.0.1", 0)) as server:
        trickling = threading.Thread(target=trickle, args=(server,))
        trickling.start()
        keystore = MemoryKeyStore()
        keystore.create_device_secret().wipe()
        files = PolicyFile(tmp_path / "relay", keystore, PRACTICE)
        policy = files.made("127.0.0.1", server.getsockname()[1], Authority().pem)
        faults: list[RelayFault] = []

        def send() -> None:
            try:
                deliver(policy, tls_context(policy, files), LINES, 0.5)
            except RelayFault as fault:
                faults.append(fault)

        sending = threading.Thread(target=send)
        sending.start()
        sending.join(60)
        is_given_up = not sending.is_alive()
        stop.set()
        trickling.join()
        sending.join()
    assert is_given_up
    assert len(faults) == 1
