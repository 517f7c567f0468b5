"""What the locked-down child tries in vain. Linux; elsewhere less is in force, and it says so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from viewer.ingest.decoder import Decoder
from viewer.ingest.errors import FileRefused
from viewer.ingest.files import opened

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")

_LOCK = "from viewer.ingest.sandbox import lock_down; import os, socket; lock_down(512 << 20); "
_ATTEMPTS = {
    "write a file": "open({target!r}, 'w')",
    "append to a file": "open({target!r}, 'a')",
    "read a file": "open('/etc/passwd').read()",
    "list a folder": "os.listdir('/etc')",
    "make a folder": "os.mkdir({target!r})",
    "remove a file": "os.unlink({victim!r})",
    "rename a file": "os.rename({victim!r}, {target!r})",
    "open a socket": "socket.socket()",
    "open a local socket": "socket.socket(socket.AF_UNIX)",
    "start a program": "os.execv('/bin/true', ['true'])",
    "signal another process": "os.kill(os.getppid(), 0)",
    "take too much memory": "bytearray(1 << 30)",
}


@pytest.mark.parametrize("attempt", _ATTEMPTS)
def test_the_locked_down_child_cannot(attempt: str, tmp_path: Path) -> None:
    victim, target = tmp_path / "victim", tmp_path / "target"
    victim.write_text("here")
    code = _ATTEMPTS[attempt].format(target=str(target), victim=str(victim))
    program = (
        f"{_LOCK}\ntry:\n    {code}\nexcept (OSError, MemoryError):\n    os._exit(17)\nos._exit(0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, timeout=60
    )
    assert done.returncode == 17, done.stderr
    assert victim.read_text() == "here"
    assert not target.exists()


def test_the_same_attempts_succeed_without_the_lock(tmp_path: Path) -> None:
    """Prove the harness: what is refused above is refused by the lock."""
    program = "import os, socket; socket.socket().close(); open('/etc/passwd').close(); os._exit(5)"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], check=False, timeout=60, cwd=tmp_path
    )
    assert done.returncode == 5


def test_the_real_child_runs_with_every_lock_of_this_kernel(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(b"\0" * 200)
    with Decoder() as decoder, opened(plain) as file:
        with pytest.raises(FileRefused):
            decoder.read_header(file)
        assert {"rlimits", "no_new_privs", "not_dumpable", "seccomp"} <= set(decoder.in_force)


def test_the_child_loads_neither_qt_nor_vtk() -> None:
    program = (
        "import sys, viewer.ingest.child; "
        "sys.exit(any(m.split('.')[0] in ('PySide6', 'vtkmodules', 'vtk') for m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, timeout=60)
    assert done.returncode == 0
