"""The key store under attack: hostile configuration, back ends that keep nothing, no back end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.tools import require_tool
from viewer.session.errors import NoKeyStore
from viewer.session.keystore import (
    FileKeyStore,
    Head,
    KeyStore,
    MemoryKeyStore,
    OsKeyStore,
    open_keystore,
    platform_back_end,
)

REPOSITORY = Path(__file__).resolve().parents[3]

USE_OS_KEY_STORE = """
from viewer.session.keystore import Head, OsKeyStore
store = OsKeyStore()
made = store.create_device_secret()
store.write_head("practice", "trail", Head(7, "ab"))
again = OsKeyStore()
secret = again.device_secret()
assert secret is not None and secret.equals(made)
assert again.create_device_secret().equals(made)
assert again.read_head("practice", "trail") == Head(7, "ab")
assert again.read_head("practice", "other") is None
print("kept by", store.label)
"""

EVIL_MODULE = """
from pathlib import Path
Path(__file__).with_name("ran").touch()
from keyring.backends.null import Keyring
"""


class DictBackEnd:
    """A back end that works."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


class NullBackEnd(DictBackEnd):
    """A back end that keeps nothing and says nothing, like keyring.backends.null."""

    def set_password(self, service: str, username: str, password: str) -> None:
        return


class LockedBackEnd(DictBackEnd):
    """A key chain whose owner dismissed the prompt."""

    def get_password(self, service: str, username: str) -> str | None:
        from keyring.errors import KeyringLocked

        raise KeyringLocked


@pytest.fixture(params=["memory", "file", "os"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> KeyStore:
    made: Mapping[str, KeyStore] = {
        "memory": MemoryKeyStore(),
        "file": FileKeyStore(tmp_path / "keys" / "key.json"),
        "os": OsKeyStore(DictBackEnd()),
    }
    return made[request.param]


def test_a_device_secret_is_made_once_and_kept(store: KeyStore) -> None:
    assert store.device_secret() is None
    made = store.create_device_secret()
    assert store.create_device_secret().equals(made)
    found = store.device_secret()
    assert found is not None
    assert found.equals(made)


def test_heads_are_kept_by_practice_and_name(store: KeyStore) -> None:
    store.write_head("a", "trail", Head(3, "aa"))
    store.write_head("a", "trail", Head(4, "bb"))
    store.write_head("b", "trail", Head(9, "cc"))
    assert store.read_head("a", "trail") == Head(4, "bb")
    assert store.read_head("a", "catalog") is None


def test_a_back_end_that_keeps_nothing_is_noticed() -> None:
    with pytest.raises(NoKeyStore):
        OsKeyStore(NullBackEnd()).create_device_secret()


def test_a_locked_key_chain_fails_closed() -> None:
    with pytest.raises(NoKeyStore):
        OsKeyStore(LockedBackEnd()).device_secret()


def test_a_secret_of_another_size_is_refused() -> None:
    back_end = DictBackEnd()
    store = OsKeyStore(back_end)
    store.create_device_secret()
    back_end.kept = dict.fromkeys(back_end.kept, "c2hvcnQ=")
    with pytest.raises(NoKeyStore):
        store.device_secret()


def test_the_key_file_is_its_owners_alone_and_says_what_it_is(tmp_path: Path) -> None:
    store = FileKeyStore(tmp_path / "key.json")
    store.create_device_secret()
    if sys.platform != "win32":
        assert (tmp_path / "key.json").stat().st_mode & 0o777 == 0o600
    assert not store.protects_a_copied_disk
    assert "not be protected" in store.label


def test_a_damaged_key_file_fails_closed(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    path.write_bytes(b"\xff{")
    with pytest.raises(NoKeyStore):
        FileKeyStore(path).create_device_secret()
    assert path.read_bytes() == b"\xff{"


class NativeBackEnd(DictBackEnd):
    """What `keyring` has for Windows and macOS, as far as this program uses it."""

    priority = 5

    def __init__(self) -> None:
        super().__init__()
        self.persist, self.keychain = "enterprise", "/evil"  # as KEYRING_PROPERTY_* would set them


@pytest.mark.parametrize(
    ("platform", "module", "name", "persist"),
    [
        ("win32", "keyring.backends.Windows", "WinVaultKeyring", "local machine"),
        ("darwin", "keyring.backends.macOS", "Keyring", None),
    ],
)
def test_the_native_back_end_takes_nothing_from_the_environment(
    platform: str, module: str, name: str, persist: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in: the real ones were never run by this suite."""
    stand_in = ModuleType(module)
    setattr(stand_in, name, NativeBackEnd)
    monkeypatch.setitem(sys.modules, module, stand_in)
    made = platform_back_end(platform)
    assert vars(made) == ({"persist": persist} if persist else {})


@pytest.mark.parametrize("platform", sorted({"win32", "darwin"} - {sys.platform}))
def test_another_platforms_back_end_is_no_key_store_here(platform: str) -> None:
    with pytest.raises(NoKeyStore):
        platform_back_end(platform)


def test_a_back_end_that_keeps_something_else_is_noticed() -> None:
    class Forgetful(DictBackEnd):
        def set_password(self, service: str, username: str, password: str) -> None:
            super().set_password(service, username, password[:-1])

    with pytest.raises(NoKeyStore):
        OsKeyStore(Forgetful()).create_device_secret()


def test_a_head_that_is_no_head_fails_closed() -> None:
    back_end = DictBackEnd()
    store = OsKeyStore(back_end)
    store.write_head("a", "trail", Head(3, "aa"))
    back_end.kept = dict.fromkeys(back_end.kept, "-3 aa")
    with pytest.raises(NoKeyStore):
        store.read_head("a", "trail")


@pytest.mark.parametrize("choice", ["", "file:", "null", "os:x"])
def test_an_unknown_key_store_is_refused(choice: str) -> None:
    with pytest.raises(ValueError, match="key store"):
        open_keystore(choice)


def _hostile_environment(folder: Path) -> dict[str, str]:
    """Everything that could make keyring use another back end, or run somebody's code."""
    config = folder / "config" / "python_keyring"
    evil = folder / "evil"
    config.mkdir(parents=True)
    evil.mkdir()
    (evil / "evilring.py").write_text(EVIL_MODULE)
    (config / "keyringrc.cfg").write_text(
        f"[backend]\ndefault-keyring=evilring.Keyring\nkeyring-path={evil}\n"
    )
    return {
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "KEYRING_PROPERTY_APPID": "evil",
        "KEYRING_PROPERTY_SCHEME": "KeePassXC",
        "KEYRING_PROPERTY_PREFERRED_COLLECTION": "/org/freedesktop/secrets/collection/evil",
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_DATA_HOME": str(folder / "data"),
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(REPOSITORY),
    }


@pytest.mark.skipif(sys.platform != "linux", reason="the Secret Service is Linux's key store")
def test_no_key_store_running_fails_closed_whatever_the_environment_says(tmp_path: Path) -> None:
    environment = _hostile_environment(tmp_path)
    environment["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={tmp_path}/nobody"
    done = subprocess.run(
        [sys.executable, "-c", USE_OS_KEY_STORE],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "NoKeyStore" in done.stderr
    assert "kept by" not in done.stdout
    assert not (tmp_path / "evil" / "ran").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="the Secret Service is Linux's key store")
def test_a_real_secret_service_keeps_it_in_a_hostile_environment(tmp_path: Path) -> None:
    require_tool("gnome-keyring-daemon")
    dbus = require_tool("dbus-run-session")
    script = tmp_path / "use.py"
    script.write_text(USE_OS_KEY_STORE)
    (tmp_path / "runtime").mkdir(mode=0o700)
    environment = _hostile_environment(tmp_path)
    environment["XDG_RUNTIME_DIR"] = str(tmp_path / "runtime")
    start = "echo -n unlocked | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1"
    steps = f'{start}; exec "{sys.executable}" "{script}"'  # the daemon ends with its bus
    done = subprocess.run(
        [dbus, "--", "sh", "-c", steps],
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.stdout.strip() == "kept by Secret Service", done.stderr
    assert not (tmp_path / "evil" / "ran").exists()
