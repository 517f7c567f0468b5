"""An rsyslog with mutual TLS, and the certificates for it: started by a test, for real."""

from __future__ import annotations

import datetime as dt
import ipaddress
import signal
import socket
import subprocess
import time
from pathlib import Path

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.support.tools import require_tool

_CONFIG = """
global(
  workDirectory="{folder}" maxMessageSize="64k"
  defaultNetstreamDriver="gtls"
  defaultNetstreamDriverCAFile="{folder}/authority.pem"
  defaultNetstreamDriverCertFile="{folder}/server.pem"
  defaultNetstreamDriverKeyFile="{folder}/server.key.pem"
)
module(
  load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="x509/certvalid"
)
template(name="raw" type="string" string="%rawmsg%\\n")
input(type="imtcp" port="{port}" supportOctetCountedFraming="on")
action(type="omfile" file="{folder}/received" template="raw" asyncWriting="off" flushOnTXEnd="on")
"""


@attrs.frozen
class Pair:
    """A certificate and its key, in PEM."""

    certificate: bytes
    key: bytes


class Authority:
    """A certificate authority of one test."""

    def __init__(self, name: str = "practice CA") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        made = _certificate(self._name, self._name, self._key, self._key, is_authority=True)
        self.pem = made.public_bytes(serialization.Encoding.PEM)

    def pair(self, name: str, *, days: int = 2) -> Pair:
        """Sign a certificate for "127.0.0.1" and a name."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _certificate(_named(name), self._name, key, self._key, name=name, days=days)
        return Pair(made.public_bytes(serialization.Encoding.PEM), pem_of(key))


def pem_of(key: ec.EllipticCurvePrivateKey, password: bytes = b"") -> bytes:
    """Return a private key as PEM, encrypted if there is a password."""
    sealed = serialization.BestAvailableEncryption(password) if password else None
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        sealed or serialization.NoEncryption(),
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    *,
    name: str = "",
    days: int = 2,
    is_authority: bool = False,
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=3))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=is_authority,
                crl_sign=is_authority,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
    )
    if not is_authority:
        names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        usage = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        built = built.add_extension(x509.SubjectAlternativeName(names), critical=False)
        built = built.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
    return built.sign(signer, hashes.SHA256())


def free_port() -> int:
    """Return a port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class AuditServer:
    """rsyslogd on 127.0.0.1 that writes each message as it came to `received`."""

    def __init__(self, folder: Path, authority: Authority, *, name: str = "audit.practice") -> None:
        self._tool = require_tool("rsyslogd")
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.name = folder, name
        self.port = free_port()
        pair = authority.pair(name)
        (folder / "authority.pem").write_bytes(authority.pem)
        (folder / "server.pem").write_bytes(pair.certificate)
        (folder / "server.key.pem").write_bytes(pair.key)
        config = _CONFIG.format(folder=folder, port=self.port)
        (folder / "rsyslog.conf").write_text(config, encoding="utf-8")
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and return when it listens."""
        command = [self._tool, "-n", "-f", str(self.folder / "rsyslog.conf")]
        command += ["-i", str(self.folder / "pid"), "-C"]
        with (self.folder / "log").open("ab") as log:
            self._child = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self._child.poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text(encoding="utf-8"))

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it: in order, or killed."""
        child, self._child = self._child, None
        if child is not None:
            child.send_signal(how)
            child.wait(timeout=30)

    def lines(self) -> list[str]:
        """Return what it has written."""
        path = self.folder / "received"
        if not path.exists():
            return []
        return path.read_text(encoding="utf-8", errors="replace").splitlines()

    def wait_for(self, count: int, within_s: float = 30) -> list[str]:
        """Return its lines once there are so many: it writes a moment after it has confirmed."""
        deadline = time.monotonic() + within_s
        while len(self.lines()) < count and time.monotonic() < deadline:
            time.sleep(0.05)
        return self.lines()

    def __enter__(self) -> AuditServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
