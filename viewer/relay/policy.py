"""Where the trail is sent: set by whoever manages policies, authenticated like the accounts.

The private key of this workstation's certificate lies in the store as an encrypted PEM whose
passphrase is a key of the workstation, since Python's TLS reads keys from files alone. A copied
folder does not open it.
"""

from __future__ import annotations

import re
from pathlib import Path

import attrs

from viewer.crypto.certificates import CertificateFault, checked_chain, sealed_private_pem
from viewer.crypto.derive import context, derive
from viewer.crypto.secret import Secret
from viewer.model.json import from_json, to_json, to_plain
from viewer.relay.errors import RelayRefused
from viewer.session.device import device_key, require_device_secret
from viewer.session.files import process_lock, write_atomically
from viewer.session.keystore import KeyStore
from viewer.session.tagged import TaggedFile

DEFAULT_PORT = 6514
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,252}[A-Za-z0-9])?")


@attrs.frozen
class RelayPolicy:
    """The audit server, who it must be, and who we say we are.

    `authority` is PEM of the certificate authorities that may have signed the server's
    certificate; `peer_name` the name that must stand in it. `certificate` and `private_key` are
    ours, PEM, the key encrypted; both empty: the server asks for none.
    """

    host: str
    port: int
    peer_name: str
    authority: str
    certificate: str = ""
    private_key: str = attrs.field(default="", repr=False)
    needs_receipt: bool = False
    """Whether the server's own close_notify is asked for (`wire`): set where it gives one."""

    @property
    def where(self) -> str:
        """What a person reads."""
        return f"{self.host}:{self.port}"


class PolicyFile:
    """The policy on disk. Safe between processes."""

    def __init__(self, folder: Path, keystore: KeyStore, practice_id: str) -> None:
        self._folder = folder
        self._keystore = keystore
        self._practice_id = practice_id
        self._file = TaggedFile(folder / "policy.json", keystore, practice_id, "relay")
        self._lock_path = folder / "policy.lock"

    def read(self) -> RelayPolicy | None:
        """Return the policy, or None where nothing is sent off.

        Raises
        ------
        AccountsTampered
            It was changed or set back outside the program.
        DeviceSecretMissing, NoKeyStore
            It cannot be told.
        """
        is_known = self._keystore.read_head(self._practice_id, "relay") is not None
        if not is_known and not self._file.path.exists():
            return None
        content = self._file.read()
        return from_json(to_json(content["policy"]), RelayPolicy) if content.get("policy") else None

    def write(self, policy: RelayPolicy | None) -> None:
        """Keep another policy; None: nothing is sent off any more.

        Raises
        ------
        AccountsTampered, AccountsUnwritable, DeviceSecretMissing, NoKeyStore
            It stays as it was.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        with process_lock(self._lock_path):
            self._file.write({"policy": to_plain(policy) if policy else None})

    def made(
        self,
        host: str,
        port: int,
        authority: bytes,
        *,
        peer_name: str = "",
        certificate: bytes = b"",
        private_key: bytes = b"",
        key_password: str = "",
    ) -> RelayPolicy:
        """Return a policy from what a person names, if its parts fit together.

        Raises
        ------
        RelayRefused
            A name, port, certificate or key cannot be used, with the reason.
        """
        if not _HOST.fullmatch(host) or not 0 < port < 65536:
            raise RelayRefused("This is no address of a server.", "Name it as HOST:PORT.")
        if bool(certificate) != bool(private_key):
            raise RelayRefused("A certificate needs its key, and a key its certificate.")
        try:
            checked_chain(authority)
            sealed = ""
            if certificate:
                with self.passphrase() as passphrase:
                    sealed = sealed_private_pem(
                        certificate, private_key, key_password, passphrase
                    ).decode()
            return RelayPolicy(
                host, port, peer_name or host, authority.decode(), certificate.decode(), sealed
            )
        except (CertificateFault, UnicodeDecodeError) as fault:
            raise RelayRefused(
                str(fault) if isinstance(fault, CertificateFault) else "This is no PEM file.",
                "Ask whoever runs the audit server for PEM files.",
            ) from None

    def passphrase(self) -> Secret:
        """Return what the private key is encrypted with: 32 bytes, used in hex."""
        with require_device_secret(self._keystore) as device:
            return device_key(device, "relay client key", self._practice_id)

    def spool_key(self) -> Secret:
        """Return what words wait under until they are sent."""
        with (
            require_device_secret(self._keystore) as device,
            device_key(device, "relay spool", self._practice_id) as key,
        ):
            return derive(key, context("bitewing relay spool key v1"))

    def pem_files(self, policy: RelayPolicy) -> tuple[Path, Path]:
        """Return certificate and encrypted key as files with exactly the policy's content.

        Raises
        ------
        OSError
            They cannot be written.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        paths = (self._folder / "client.pem", self._folder / "client.key.pem")
        with process_lock(self._lock_path):
            for path, text in zip(paths, (policy.certificate, policy.private_key), strict=True):
                if not path.exists() or path.read_bytes() != text.encode():
                    write_atomically(path, text.encode())
        return paths
