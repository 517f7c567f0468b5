"""The program starts quietly, forgets at the lock, and ends without leaving anything behind."""

from __future__ import annotations

import errno
import os
import secrets
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from tests.support.children import Child, Places, two_screens, workday
from tests.support.marked import MarkedImages, write_marked_images
from tests.support.memory import base64_patterns, occurrences, text_patterns
from tests.support.practice import OFFICER, PASSWORD, open_clinic
from viewer.app.clinic import Clinic
from viewer.app.use_cases import importing, store, trail
from viewer.ingest.decoder import Decoder
from viewer.session.audit.events import EventFilter, EventKind
from viewer.session.permissions import KeyName
from viewer.vault.errors import DiskFull

_ROUNDS = 20
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
_REPOSITORY = Path(__file__).resolve().parents[2]


# To write where the mode forbids it: CAP_DAC_OVERRIDE leaves the bounding set.
_WITHOUT_ROOTS_RIGHT = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(24, 1, 0, 0, 0);"
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> MarkedImages:
    return write_marked_images(tmp_path_factory.mktemp("inputs") / "in")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    made = Places(tmp_path / "machine")
    made.found()
    return made


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def kinds(places: Places) -> list[EventKind]:
    """Everything in the trail before this very look, newest first."""
    with open_clinic(places.store, places.keystore) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        assert trail.verify(clinic, trail.VerifyTrail()).is_whole
        reader = trail.open_trail(clinic, trail.OpenTrail())
        events = reader.page(EventFilter(), 0, 500)
    found = [event.entry.kind for event in events]
    return found[found.index(EventKind.PROGRAM_STARTED) + 1 :]


def ended(child: Child) -> int:
    """Wait until the program has ended by itself, and all that it started."""
    assert child.process.stdin is not None
    return child.process.wait(timeout=60)


def test_closing_the_windows_ends_everything(places: Places, images: MarkedImages) -> None:
    with workday(places, "clean", images.folder) as child:
        started = psutil.Process(child.process.pid)
        helpers: set[psutil.Process] = set()
        while child.process.poll() is None:
            try:
                helpers |= set(started.children(recursive=True))
            except psutil.NoSuchProcess:
                break
            threading.Event().wait(0.05)
        assert ended(child) == 0
        assert child.errors() == ""
        assert helpers, "an import starts a decoding child"
        assert not psutil.wait_procs(list(helpers), timeout=5)[1]
    assert files_in(places.temp) == []
    assert EventKind.LOGOFF in kinds(places)[:3]


def test_a_request_to_end_logs_off_first(places: Places, images: MarkedImages) -> None:
    with workday(places, "waiting", images.folder) as child:
        child.wait_for("ready")
        child.process.send_signal(signal.SIGTERM)
        assert ended(child) == 0
        assert child.errors() == ""
    assert files_in(places.temp) == []
    assert EventKind.LOGOFF in kinds(places)[:3]


@linux_only
@pytest.mark.parametrize(
    "_", [0, *(pytest.param(each, marks=pytest.mark.long) for each in range(1, _ROUNDS))]
)
def test_a_lock_under_everything_leaves_two_bare_screens_and_nothing_in_memory(
    tmp_path: Path, _: int
) -> None:
    password = f"made up {secrets.token_hex(12)}"
    family = f"Family{secrets.token_hex(6)}"
    images = write_marked_images(tmp_path / "in", family, secrets.randbelow(1 << 20))
    places = Places(tmp_path / "machine")
    places.found(password)
    wanted = {f"pixels {number}": run for number, run in enumerate(images.runs)}
    with open_clinic(places.store, places.keystore) as clinic:
        session = clinic.log_in(OFFICER, password)
        importing.import_paths(clinic, importing.ImportPaths((images.folder,)))
        for name in KeyName:
            with session.key(name) as key:
                wanted[f"key {name.value}"] = bytes(key.view())
    wanted |= text_patterns("password", password)
    names = text_patterns("name", family)
    wanted |= names | base64_patterns("name", family)
    platform = two_screens(tmp_path)
    with workday(places, "buried", images.folder, family, password, platform) as child:
        child.wait_for("differ 2")
        child.wait_for("open")
        before = occurrences(child.process.pid, wanted)
        child.tell()
        for words in ("differ 0", "covered 2", "windows 0", "differ 0", "ready"):
            child.wait_for(words)
        after = occurrences(child.process.pid, wanted)
    # The search sees what is there before the lock ...
    assert any(before[f"pixels {number}"] for number in range(len(images.runs)))
    assert before[f"key {KeyName.SHARE.value}"]
    assert min(before[name] for name in names) > 1
    # ... and nothing of it after.
    assert {name: count for name, count in after.items() if count} == {}


@linux_only
def test_the_program_can_neither_be_dumped_nor_traced_by_its_user() -> None:
    script = (
        "import ctypes, faulthandler, resource, sys\n"
        "faulthandler.enable()\n"
        "from viewer import main\n"
        "status = main.main(['user', 'roles'])\n"
        "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), faulthandler.is_enabled(),"
        " resource.getrlimit(resource.RLIMIT_CORE), status)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=_REPOSITORY, capture_output=True, text=True,
        timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "0 False (0, 0) 0"


# --- what goes wrong outside -------------------------------------------------------------------


def sound_after(clinic: Clinic) -> bool:
    return store.check_store(clinic, store.CheckStore(deep=True)).is_sound


def test_a_decoding_child_killed_from_outside_costs_one_file_at_most(
    places: Places, images: MarkedImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode, killed = Decoder.ask_to_decode, []

    def decode_after_a_kill(self: Decoder, *args: object) -> None:
        if not killed and self.process_id is not None:
            killed.append(self.process_id)
            os.kill(self.process_id, signal.SIGKILL)
        decode(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Decoder, "ask_to_decode", decode_after_a_kill)
    with open_clinic(places.store, places.keystore) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        report = importing.import_paths(clinic, importing.ImportPaths((images.folder,)))
        assert killed
        assert len(report.refusals) <= 2  # the broken file, and the one that was being read
        assert len(report.stored) >= 2
        assert sound_after(clinic)


@linux_only
def test_a_full_disk_stops_an_import_with_plain_words_and_a_sound_store(
    places: Places, images: MarkedImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = os.fsync

    def full(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink().is_relative_to(places.store / "objects"):
            raise OSError(errno.ENOSPC, "no space left")
        sync(descriptor)

    with open_clinic(places.store, places.keystore) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        small = images.folder / "bitewing.dcm"
        importing.import_paths(clinic, importing.ImportPaths((small,)))
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            with pytest.raises(DiskFull) as caught:
                importing.import_paths(clinic, importing.ImportPaths((images.folder,)))
        assert "/" not in str(caught.value)
        assert sound_after(clinic)
        again = importing.import_paths(clinic, importing.ImportPaths((images.folder,)))
        assert len(again.stored) == 3
        assert sound_after(clinic)


@linux_only
def test_a_folder_that_cannot_be_written_says_so(places: Places, images: MarkedImages) -> None:
    environment = places.environment(images.folder)
    password = places.root / "password.txt"
    password.write_text(PASSWORD, encoding="utf-8")
    command = [sys.executable, "-m", "viewer.main", *places.arguments, "--user", OFFICER]
    command += ["--password-file", str(password), "list"]
    for path in (*places.store.rglob("*"), places.store):
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    if os.geteuid() == 0:
        command = [sys.executable, "-c", _WITHOUT_ROOTS_RIGHT, *command[1:]]
    done = subprocess.run(
        command, env=environment, cwd=_REPOSITORY, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    for path in (places.store, *places.store.rglob("*")):
        path.chmod(path.stat().st_mode | stat.S_IWUSR)
    assert done.returncode == 1, done.stderr
    assert len(done.stderr.splitlines()) == 2, done.stderr
    assert str(places.store) not in done.stderr
