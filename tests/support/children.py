"""The program in a process of its own, in private places that a test can search afterwards."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs

from tests.support.practice import OFFICER, PASSWORD
from tests.support.workday import veiled
from viewer.app.clinic import Clinic, Founding
from viewer.crypto.derive import SMALLEST_STRETCH
from viewer.session.keystore import FileKeyStore

_EXPECTED = ("Warning: KEY FILE", "This plugin does not support")
"""The notice of the file key store, and what the offscreen platform says of itself."""

_REPOSITORY = Path(__file__).resolve().parents[2]


@attrs.frozen
class Places:
    """Every folder that a child may write to; `inputs` lies outside."""

    root: Path

    @property
    def written(self) -> Path:
        """All that the child can write."""
        return self.root / "written"

    @property
    def store(self) -> Path:
        return self.written / "store"

    @property
    def temp(self) -> Path:
        return self.written / "tmp"

    @property
    def bundle(self) -> Path:
        return self.written / "out.age"

    @property
    def keystore(self) -> FileKeyStore:
        return FileKeyStore(self.root / "keys" / "keys.json")

    @property
    def arguments(self) -> list[str]:
        """The global options that name this store."""
        return ["--store", str(self.store), "--keystore", f"file:{self.root / 'keys/keys.json'}"]

    def environment(
        self, images: Path, search: str = "Zyx", password: str = PASSWORD
    ) -> dict[str, str]:
        """Return a child's environment: a home of its own, and what a workday needs to know."""
        names = (
            "HOME",
            "XDG_DATA_HOME",
            "XDG_CONFIG_HOME",
            "XDG_CACHE_HOME",
            "XDG_STATE_HOME",
            "XDG_RUNTIME_DIR",
        )
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        homes = {name: str(self.written / name.lower()) for name in names}
        for folder in (*homes.values(), str(self.temp)):
            Path(folder).mkdir(parents=True, exist_ok=True, mode=0o700)
        return {
            **kept,
            **homes,
            **dict.fromkeys(("TMPDIR", "TMP", "TEMP"), str(self.temp)),
            "QT_QPA_PLATFORM": "offscreen",
            "PYTHONDONTWRITEBYTECODE": "1",
            "WORKDAY_PASSWORD": veiled(password),
            "WORKDAY_SEARCH": veiled(search),
            "WORKDAY_IMAGES": str(images),
            "WORKDAY_BUNDLE": str(self.bundle),
        }

    def found(self, password: str = PASSWORD) -> None:
        """Found the practice."""
        founding = Founding("Test Practice", OFFICER, password, stretch=SMALLEST_STRETCH)
        Clinic.found(self.store, self.keystore, founding).wipe()


class Child:
    """A running program; its standard error lies in a file that is searched with the rest."""

    def __init__(self, places: Places, command: Sequence[str], environment: dict[str, str]) -> None:
        self.errors_path = places.written / "stderr.txt"
        with self.errors_path.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, *command],
                cwd=_REPOSITORY,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.strip())
        self._lines.put(None)

    def wait_for(self, words: str, seconds: float = 90) -> None:
        """Wait until the child says these words."""
        said = []
        while (line := self._lines.get(timeout=seconds)) != words:
            said.append(line or "")
            assert line is not None, "\n".join(["the child ended:", *said, self.errors()])

    def tell(self, words: str = "") -> None:
        """Write a line to the child."""
        assert self.process.stdin is not None
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()

    def errors(self) -> str:
        """What it wrote to standard error that a user would not see on a real screen."""
        text = self.errors_path.read_text(encoding="utf-8", errors="replace")
        return "\n".join(line for line in text.splitlines() if not line.startswith(_EXPECTED))

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=20)

    def close(self) -> None:
        """End it if it still runs, and let go of its channels."""
        if self.process.poll() is None:
            self.kill()
        self._reader.join(timeout=10)
        for channel in (self.process.stdin, self.process.stdout):
            if channel is not None:
                channel.close()


def two_screens(folder: Path) -> str:
    """Return a platform without a display that has two screens beside each other."""
    common = {"y": 0, "logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1}
    screens = [
        {"name": "one", "x": 0, "width": 1366, "height": 768, **common},
        {"name": "two", "x": 1366, "width": 800, "height": 600, **common},
    ]
    path = folder / "screens.json"
    path.write_text(json.dumps({"screens": screens}), encoding="utf-8")
    return f"offscreen:configfile={path}"


@contextmanager
def workday(
    places: Places,
    script: str,
    images: Path,
    search: str = "Zyx",
    password: str = PASSWORD,
    platform: str = "offscreen",
) -> Iterator[Child]:
    """Run the program with a script of `tests.support.workday`."""
    environment = places.environment(images, search, password)
    environment["QT_QPA_PLATFORM"] = platform
    command = ["-m", "tests.support.workday", script, *places.arguments]
    child = Child(places, command, environment)
    try:
        yield child
    finally:
        child.close()
