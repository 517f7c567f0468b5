"""One delivery over TLS, confirmed.

Syslog has no receipt: what was written into a socket may die in the other machine's buffers. So a
delivery counts only once the server has read past it, which shows at its end: we say close_notify,
and it answers. With its own close_notify (RFC 5425 §4.4 asks for it) nobody between can have made
that up. rsyslog with GnuTLS ends the connection without; then it counts if

- everything was acknowledged and the server had not hung up *before* we said that we were done, and
- it then ended in order. A server that is killed, or refuses our certificate, with something unread
  resets the connection instead (RFC 9293 §3.6.1, RFC 2525 §2.17).

Whatever else happens, the whole delivery is sent again: a server may keep a record twice, never
not at all. What it loses after reading, or what somebody on the line cuts off by a made-up end,
shows as a gap in the numbers of the records; `RelayPolicy.needs_receipt` shuts out the latter where
the server knows how to answer.

Source
------
RFC 5425 §4.2 (mutual authentication), §4.4 (closure); RFC 8446 §6.1.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterable

from viewer.relay.errors import RelayFault
from viewer.relay.policy import PolicyFile, RelayPolicy
from viewer.relay.syslog import octet_counted

if sys.platform == "linux":
    import fcntl
    import struct
    import termios

CONNECT_S = 10.0
_LOOK_S = 0.002


def tls_context(policy: RelayPolicy, files: PolicyFile) -> ssl.SSLContext:
    """Return a context that takes one server alone, and shows our certificate.

    Raises
    ------
    RelayFault
        A certificate cannot be used.
    """
    try:
        made = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cadata=policy.authority)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        if policy.certificate:
            certificate, key = files.pem_files(policy)
            with files.passphrase() as passphrase:
                made.load_cert_chain(certificate, key, passphrase.view().hex())
    except (OSError, ValueError):  # ssl.SSLError is an OSError
        raise RelayFault(
            "The certificates for the audit server cannot be used.",
            "Set the audit server again, with valid files.",
        ) from None
    return made


class Cut:
    """Ends a delivery from another thread: a server that stalls holds nobody up."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._line: socket.socket | None = None
        self._is_cut = False

    def hold(self, line: socket.socket | None) -> None:
        """Say which connection there is now; None: there is none.

        Raises
        ------
        OSError
            It was cut before.
        """
        with self._turn:
            self._line = line
            if self._is_cut and line is not None:
                raise OSError("cut off")

    def __call__(self) -> None:
        """Cut the connection that there is, and any that comes."""
        with self._turn:
            self._is_cut = True
            if self._line is not None:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(self._line, socket.SHUT_RDWR)  # below the TLS


def deliver(
    policy: RelayPolicy,
    made: ssl.SSLContext,
    lines: Iterable[bytes],
    wait_s: float = CONNECT_S,
    cut: Cut | None = None,
) -> bool:
    """Send messages and return once the server has read all of them; whether it gave a receipt.

    `wait_s` is for each step: one that answers a byte at a time takes as long as it likes, until
    somebody calls `cut`.

    Raises
    ------
    RelayFault
        Not delivered, or not known to be: send them again.
    """
    cut = cut or Cut()
    try:
        with (
            socket.create_connection((policy.host, policy.port), wait_s) as plain,
            made.wrap_socket(
                plain, server_hostname=policy.peer_name, do_handshake_on_connect=False
            ) as line,
        ):
            try:
                cut.hold(line)
                line.do_handshake()
                line.sendall(b"".join(octet_counted(each) for each in lines))
                _wait_until_acknowledged(line, wait_s)
                _require_not_hung_up(line)
                line.settimeout(wait_s)
                return _end(line, needs_receipt=policy.needs_receipt)
            finally:
                cut.hold(None)
    except ssl.SSLCertVerificationError:
        raise RelayFault(
            "The audit server is not the one that it should be.",
            "Nothing was sent. Ask whoever runs it whether its certificate was changed.",
        ) from None
    except ssl.SSLError:
        raise RelayFault(
            "The audit server ended the connection without confirming.",
            "Nothing is lost. If it stays so, it may not accept this workstation's certificate.",
        ) from None
    except OSError:
        raise RelayFault(
            "The audit server was not reached.",
            "Nothing is lost: it is sent when the server answers again.",
        ) from None


def _wait_until_acknowledged(line: ssl.SSLSocket, wait_s: float) -> None:
    """Wait until the other machine's network has everything (Linux; elsewhere it cannot be asked).

    Raises
    ------
    OSError
        It does not acknowledge.
    """
    if sys.platform != "linux":
        return
    until = time.monotonic() + wait_s
    while True:
        left = struct.unpack("i", fcntl.ioctl(line, termios.TIOCOUTQ, bytes(4)))[0]
        fault = line.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if fault or time.monotonic() > until:
            raise OSError(fault, "not acknowledged")
        if not left:
            return
        select.select([], [], [], _LOOK_S)


def _require_not_hung_up(line: ssl.SSLSocket) -> None:
    """Raise if the server ended the connection before we were done: it may have read nothing."""
    line.setblocking(False)
    try:
        line.recv(1)
    except ssl.SSLWantReadError:
        return  # it waits for more, as it should
    raise ssl.SSLError("the server hung up, or speaks where it should listen")


def _end(line: ssl.SSLSocket, *, needs_receipt: bool) -> bool:
    """Say that we are done, and wait for the server's end; whether it was a receipt.

    Raises
    ------
    OSError
        It did not end in order, or gave no receipt where one is needed.
    """
    try:
        line.unwrap()
    except ssl.SSLEOFError:
        fault = line.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if needs_receipt or fault:
            raise
        return False
    return True
