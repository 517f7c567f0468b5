"""Where the device secret and the outside heads live: not in the store's folder.

The operating system's key store is used through `keyring`, but never through its configuration:
the back end is named here, so that neither ``PYTHON_KEYRING_BACKEND`` nor ``keyringrc.cfg`` (whose
``keyring-path`` enters ``sys.path``) decides, and ``KEYRING_PROPERTY_*`` is undone. What is written
is read back, since a null back end stores nothing silently. No back end: fail closed.
"""

from __future__ import annotations

import base64
import importlib
import json
import sys
from pathlib import Path
from typing import Protocol

import attrs

from viewer.crypto.secret import KEY_BYTES, Secret
from viewer.session.errors import NoKeyStore
from viewer.session.files import process_lock, read_whole, write_atomically

SERVICE = "org.bitewing.viewer"
_DEVICE_SECRET = "device-secret"  # noqa: S105 - its name


@attrs.frozen
class Head:
    """Where a history stands: how many steps, and the hex SHA-256 that sums them up.

    Kept outside the store, it convicts whoever sets the store back.
    """

    size: int
    digest: str


class KeyStore(Protocol):
    """Keeps one device secret per workstation, and named heads per practice."""

    @property
    def label(self) -> str:
        """What it is, in words for the status line and the trail."""

    @property
    def protects_a_copied_disk(self) -> bool:
        """False for the file key store, which every start and the trail must say."""

    def device_secret(self) -> Secret | None:
        """Return the device secret, or None if there is none yet.

        Raises
        ------
        NoKeyStore
            It cannot be asked.
        """

    def create_device_secret(self) -> Secret:
        """Make, keep, read back and return a device secret; an existing one is returned.

        Raises
        ------
        NoKeyStore
            It cannot be kept.
        """

    def read_head(self, practice_id: str, name: str) -> Head | None:
        """Return a head (`name`: "accounts", "trail", "catalog"…), or None.

        Raises
        ------
        NoKeyStore
            It cannot be asked.
        """

    def write_head(self, practice_id: str, name: str, head: Head) -> None:
        """Keep a head.

        Raises
        ------
        NoKeyStore
            It cannot be kept.
        """


class _TextStore:
    """A key store over "read a text, write a text"."""

    def _read(self, name: str) -> str | None:
        raise NotImplementedError

    def _write(self, name: str, text: str) -> None:
        raise NotImplementedError

    def device_secret(self) -> Secret | None:
        """Return the device secret, or None if there is none yet."""
        text = self._read(_DEVICE_SECRET)
        if text is None:
            return None
        try:
            raw = base64.b64decode(text, validate=True)
        except ValueError:
            raise NoKeyStore("The key store of this computer returned something else.") from None
        if len(raw) != KEY_BYTES:
            raise NoKeyStore("The key store of this computer returned something else.")
        return Secret.consuming(raw)

    def create_device_secret(self) -> Secret:
        """Make, keep, read back and return a device secret; an existing one is returned."""
        there = self.device_secret()
        if there is not None:
            return there
        fresh = Secret.random()
        self._write_checked(_DEVICE_SECRET, base64.b64encode(fresh.view()).decode())
        return fresh

    def read_head(self, practice_id: str, name: str) -> Head | None:
        """Return a head, or None."""
        text = self._read(f"head/{practice_id}/{name}")
        if text is None:
            return None
        size, _, digest = text.partition(" ")
        if not size.isdigit():
            raise NoKeyStore("The key store of this computer returned something else.")
        return Head(int(size), digest)

    def write_head(self, practice_id: str, name: str, head: Head) -> None:
        """Keep a head."""
        self._write_checked(f"head/{practice_id}/{name}", f"{head.size} {head.digest}")

    def _write_checked(self, name: str, text: str) -> None:
        self._write(name, text)
        if self._read(name) != text:
            raise NoKeyStore("The key store of this computer does not keep what it is given.")


class MemoryKeyStore(_TextStore):
    """A key store that ends with the program: tests, and a session in memory only."""

    label = "In memory: gone when the program ends"
    protects_a_copied_disk = True

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def _read(self, name: str) -> str | None:
        return self._texts.get(name)

    def _write(self, name: str, text: str) -> None:
        self._texts[name] = text


class FileKeyStore(_TextStore):
    """A plain file, for demos, tests and headless checks. A copied disk is not protected by it."""

    label = "KEY FILE: a copied disk would not be protected"
    protects_a_copied_disk = False

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self._path

    def _texts(self) -> dict[str, str]:
        try:
            texts = json.loads(read_whole(self._path))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError):
            raise NoKeyStore("The key file cannot be read.") from None
        if not isinstance(texts, dict):
            raise NoKeyStore("The key file cannot be read.")
        return texts

    def _read(self, name: str) -> str | None:
        text = self._texts().get(name)
        return text if isinstance(text, str) else None

    def _write(self, name: str, text: str) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with process_lock(self._path.with_name(f"{self._path.name}.lock")):
                content = json.dumps(self._texts() | {name: text}, indent=1, sort_keys=True)
                write_atomically(self._path, content.encode())
        except OSError:
            raise NoKeyStore("The key file cannot be written.") from None


class PasswordBackEnd(Protocol):
    """The three calls of a keyring back end that are used."""

    def get_password(self, service: str, username: str) -> str | None:
        """Return a kept text, or None."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a text."""


def platform_back_end(platform: str = sys.platform) -> PasswordBackEnd:
    """Return the platform's own back end, named here and not by any configuration.

    Raises
    ------
    NoKeyStore
        This platform has none, or it is not running.
    """
    module, name = {
        "win32": ("keyring.backends.Windows", "WinVaultKeyring"),
        "darwin": ("keyring.backends.macOS", "Keyring"),
    }.get(platform, ("keyring.backends.SecretService", "Keyring"))
    backend = getattr(importlib.import_module(module), name)
    try:
        backend.priority  # noqa: B018 - raises where the back end cannot work
        made = backend()
    except _back_end_faults():
        raise NoKeyStore("This computer has no key store running.") from None
    vars(made).clear()  # KEYRING_PROPERTY_* from the environment
    if platform == "win32":
        made.persist = "local machine"  # not roaming with the profile
    return made  # type: ignore[no-any-return]


class OsKeyStore(_TextStore):
    """Windows Credential Manager, macOS Keychain or the Secret Service."""

    protects_a_copied_disk = True

    def __init__(self, back_end: PasswordBackEnd | None = None) -> None:
        self._back_end = back_end if back_end is not None else platform_back_end()

    @property
    def label(self) -> str:
        """Its name on this platform."""
        return {"win32": "Windows Credential Manager", "darwin": "macOS Keychain"}.get(
            sys.platform, "Secret Service"
        )

    def _read(self, name: str) -> str | None:
        try:
            return self._back_end.get_password(f"{SERVICE}/{name}", name)
        except _back_end_faults():
            raise NoKeyStore from None

    def _write(self, name: str, text: str) -> None:
        try:
            self._back_end.set_password(f"{SERVICE}/{name}", name, text)
        except _back_end_faults():
            raise NoKeyStore from None


def _back_end_faults() -> tuple[type[Exception], ...]:
    """Return what the back ends raise: keyring's own errors and those of the layer below."""
    from keyring.errors import KeyringError

    faults: list[type[Exception]] = [KeyringError, OSError, RuntimeError, ImportError]
    below = {
        "win32": ("pywintypes", "error"),
        "linux": ("secretstorage", "SecretStorageException"),
    }
    if sys.platform in below:
        module, name = below[sys.platform]
        faults.append(getattr(importlib.import_module(module), name))
    if sys.platform == "linux":
        faults.append(importlib.import_module("jeepney").DBusErrorResponse)
    return tuple(faults)


def open_keystore(choice: str = "os") -> KeyStore:
    """Open the key store that ``--keystore`` names: ``os`` or ``file:PATH``.

    Raises
    ------
    NoKeyStore
        It cannot be used; nothing takes its place.
    ValueError
        The choice is neither.
    """
    if choice == "os":
        return OsKeyStore()
    kind, _, path = choice.partition(":")
    if kind != "file" or not path:
        raise ValueError("a key store is “os” or “file:PATH”")
    return FileKeyStore(Path(path).absolute())
