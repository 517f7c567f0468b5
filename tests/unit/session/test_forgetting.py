"""What a process remembers of keys once it has let go of them: its memory is searched from outside.

The child cannot be the searcher: it would hold the very keys it looks for.
"""

from __future__ import annotations

import base64
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.memory import occurrences, text_patterns
from viewer.crypto.derive import SMALLEST_STRETCH
from viewer.session.accounts import Practice
from viewer.session.audit.trail import Trail
from viewer.session.book import unwrap_user_key
from viewer.session.clock import SystemClock
from viewer.session.device import require_device_secret
from viewer.session.keystore import FileKeyStore
from viewer.session.permissions import KeyName
from viewer.session.pins import fault_of
from viewer.session.recovery import RecoveryKey

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is searched by /proc")
OFFICER = "Ann Example"
_LONG = "." * 512

DAY = """
import sys
from pathlib import Path
from viewer.crypto.people import sign
from viewer.session.accounts import Practice
from viewer.session.audit.trail import Trail
from viewer.session.clock import SystemClock
from viewer.session.desk import Desk
from viewer.session.hardening import forget_freed_memory
from viewer.session.keystore import FileKeyStore
from viewer.session.permissions import KeyName
from viewer.session.recovery import RecoveryKey

def said() -> str:
    return sys.stdin.readline().rstrip("\\n")

def say(word: str) -> None:
    print(word, flush=True)
    said()

def work(desk: Desk) -> None:
    session = desk.log_in("Ann Example", said())
    session.begin_epoch(KeyName)
    with session.key(KeyName.SHARE) as key:
        sign(key, b"share")
    typed = RecoveryKey.from_text(said())
    with session.lent_keys() as ring:
        assert desk.practice.proves_recovery(typed, ring)
    say("open")
    typed.wipe()

folder, clock = Path(sys.argv[1]), SystemClock()
keystore = FileKeyStore(Path(sys.argv[2]))
practice = Practice.load(folder, keystore)
trail = Trail.open(folder, keystore, practice.id, clock)
desk = Desk(practice, trail, clock)
work(desk)
desk.lock()
forget_freed_memory()
say("closed")
"""


SHIFT = """
import sys
from pathlib import Path
from viewer.session.accounts import Practice
from viewer.session.audit.trail import Trail
from viewer.session.clock import SystemClock
from viewer.session.desk import Desk
from viewer.session.hardening import forget_freed_memory
from viewer.session.keystore import FileKeyStore

def said() -> str:
    return sys.stdin.readline().rstrip("\\n")

def say(word: str) -> None:
    print(word, flush=True)
    said()

def morning(desk: Desk) -> str:
    session = desk.log_in("Ann Example", said())
    pin = said()
    desk.set_quick_pin(pin)
    say("open")
    return session.user.id

def back(desk: Desk, user_id: str) -> None:
    desk.admit(desk.check_quick(user_id, said()))
    say("typed")  # the next line takes the place of the digits in the buffer
    desk.lock()
    forget_freed_memory()

folder, clock = Path(sys.argv[1]), SystemClock()
keystore = FileKeyStore(Path(sys.argv[2]))
practice = Practice.load(folder, keystore)
trail = Trail.open(folder, keystore, practice.id, clock)
desk = Desk(practice, trail, clock)
user_id = morning(desk)
desk.lock()
back(desk, user_id)
say("closed" if desk.quick_ways(user_id).has_pin else "no way back")
back(desk, user_id)
say("closed again")
"""


class Child:
    """A workstation in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.pid = process.pid

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def wait_for(self, word: str) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == word

    def come_back(self, pin: str) -> None:
        self.tell("go on")
        self.tell(pin)
        self.wait_for("typed")
        self.tell(_LONG)


@contextmanager
def _child(*arguments: str, script: str = DAY) -> Iterator[Child]:
    command = [sys.executable, "-c", script, *arguments]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    with process:
        try:
            yield Child(process)
        finally:
            process.kill()


def _keys_in_use(practice: Practice, password: str) -> dict[str, bytes]:
    """Every secret of the officer, by name."""
    found: dict[str, bytes] = {}
    row = practice._row(OFFICER)
    with require_device_secret(practice.keystore) as device:
        shares = practice._shares(device, None)
        found["device secret"] = bytes(device.view())
        with unwrap_user_key(row, password, shares) as private:
            found["user key"] = bytes(private.view())
    with practice.open_keys(row.id, password) as ring:
        for name in KeyName:
            for number, key in ring.keys[name].items():
                found[f"{name.value} {number}"] = bytes(key.view())
    return found


def _spellings(name: str, raw: bytes) -> Mapping[str, bytes]:
    """Return a key as it is, and as texts that a program could have made of it."""
    return {
        name: raw,
        f"{name} (hex)": raw.hex().encode(),
        f"{name} (base 64)": base64.b64encode(raw),
    }


def _recovery_patterns(recovery: RecoveryKey) -> Mapping[str, bytes]:
    raw = bytes(recovery.private.view())
    patterns = dict(_spellings("recovery key", raw))
    for half in (recovery.text[:34], recovery.text[-34:]):
        patterns |= text_patterns(f"typed {half[:4]}", half)
        patterns |= text_patterns(f"typed {half[:4]} without dashes", half.replace("-", ""))
    return patterns


def test_after_a_lock_no_key_and_no_password_is_left_in_the_process(tmp_path: Path) -> None:
    password = f"made up {secrets.token_hex(12)}"
    store, key_file = tmp_path / "store", tmp_path / "key"
    practice, recovery = Practice.create(
        store, FileKeyStore(key_file), "Elm", OFFICER, password, stretch=SMALLEST_STRETCH
    )
    clock = SystemClock()
    Trail.create(store, practice.keystore, practice.id, practice.trail_public, clock).close()
    with _child(str(store), str(key_file)) as child:
        child.tell(password)
        child.tell(recovery.text)
        child.wait_for("open")
        practice.refresh()
        wanted: dict[str, bytes] = dict(_recovery_patterns(recovery))
        wanted |= text_patterns("password", password)
        for name, raw in _keys_in_use(practice, password).items():
            wanted |= _spellings(name, raw)
        before = occurrences(child.pid, wanted)
        child.tell("go on")
        child.wait_for("closed")
        after = occurrences(child.pid, wanted)
        child.tell("end")
    seen = ["recovery key", *(f"{name.value} {number}" for name in KeyName for number in (1, 2))]
    assert all(before[name] for name in seen), "the search sees what is there"
    assert {name: count for name, count in after.items() if count} == {}


def _good_pin() -> str:
    """Sixteen digits that the rules for PINs take: chance also makes runs and dates."""
    while True:
        pin = "40" + "".join(secrets.choice("0123456789") for _ in range(12)) + "91"
        if not fault_of(pin):
            return pin


def test_with_a_live_shift_neither_pin_nor_any_key_lies_in_a_locked_process(
    tmp_path: Path,
) -> None:
    password = f"made up {secrets.token_hex(12)}"
    pin = _good_pin()
    store, key_file = tmp_path / "store", tmp_path / "key"
    practice, recovery = Practice.create(
        store, FileKeyStore(key_file), "Elm", OFFICER, password, stretch=SMALLEST_STRETCH
    )
    recovery.wipe()
    clock = SystemClock()
    Trail.create(store, practice.keystore, practice.id, practice.trail_public, clock).close()
    wanted = text_patterns("PIN", pin) | text_patterns("password", password)
    for name, raw in _keys_in_use(practice, password).items():
        wanted |= _spellings(name, raw)
    with _child(str(store), str(key_file), script=SHIFT) as child:
        child.tell(password)
        child.tell(pin)
        child.wait_for("open")
        before = occurrences(child.pid, wanted)
        child.come_back(pin)
        child.wait_for("closed")
        after = occurrences(child.pid, wanted)
        child.come_back(pin)
        child.wait_for("closed again")  # the shift was alive all the while
        again = occurrences(child.pid, wanted)
        child.tell("end")
    seen = ["PIN (Python)", *(f"{name.value} 1" for name in KeyName)]
    assert all(before[name] for name in seen), "the search sees what is there"
    assert {name: count for name, count in after.items() if count} == {}
    assert {name: count for name, count in again.items() if count} == {}
