"""One delivery over TLS, confirmed.

Syslog has no receipt: what was written into a socket may die in the other machine's buffers. What
TLS offers is its end: after our close_notify the other side reads everything before it, and
answers with its own. Only that answer counts as delivered. Without it (the server was killed, the
line was cut) the whole delivery is sent again, so a server may keep a record twice, never not at
all. A server that loses what it has already taken shows in the numbers of the records.

Source
------
RFC 5425 §4.2 (mutual authentication), §4.4 (closure); RFC 8446 §6.1.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterable

from viewer.relay.errors import RelayFault
from viewer.relay.policy import PolicyFile, RelayPolicy
from viewer.relay.syslog import octet_counted

CONNECT_S = 10.0


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


def deliver(
    policy: RelayPolicy, made: ssl.SSLContext, lines: Iterable[bytes], wait_s: float = CONNECT_S
) -> None:
    """Send messages and return once the server has confirmed that it read all of them.

    Raises
    ------
    RelayFault
        Not delivered, or not known to be: send them again.
    """
    try:
        with socket.create_connection((policy.host, policy.port), wait_s) as plain:
            with made.wrap_socket(plain, server_hostname=policy.peer_name) as line:
                line.sendall(b"".join(octet_counted(each) for each in lines))
                line.unwrap()
            with contextlib.suppress(OSError):
                plain.shutdown(socket.SHUT_RDWR)
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
