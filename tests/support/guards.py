"""Guards around every test: what a test must not do or leave behind fails it.

A pytest plugin, loaded by ``tests/conftest.py``. Each guard has a test that trips it, in
``tests/unit/packaging/test_guards.py``. Qt warnings are pytest-qt's part (``qt_log_level_fail``).
"""

from __future__ import annotations

import ipaddress
import logging
import multiprocessing.resource_tracker
import os
import re
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest

_GRACE_S = 3.0
_Left = TypeVar("_Left")
_LOOPBACK_NAMES = {"", "localhost", "localhost.localdomain"}


class _PrivatePlaces:
    """A temp folder and a home for settings that belong to this test run alone."""

    def __init__(self) -> None:
        original = tempfile.gettempdir()
        self._before = dict(os.environ)
        self.folder = Path(tempfile.mkdtemp(prefix="bitewing-tests-"))
        self.temp = self.folder / "tmp"
        self.temp.mkdir()
        # pytest's own tmp_path stays where it would be: it is the tests' declared place.
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", original)
        for name in ("TMPDIR", "TEMP", "TMP"):
            os.environ[name] = str(self.temp)
        for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            os.environ[name] = str(self.folder / name.lower())
        os.environ.pop("BITEWING_STORE", None)
        # No test asks, or changes, the key store of the person who runs it.
        os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
        if sys.platform.startswith("linux"):
            os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        tempfile.tempdir = None

    def close(self) -> None:
        os.environ.clear()
        os.environ.update(self._before)
        tempfile.tempdir = None
        shutil.rmtree(self.folder, ignore_errors=True)


_PLACES = pytest.StashKey[_PrivatePlaces]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_PLACES] = _PrivatePlaces()
    _watch_sockets_from_now_on()


def pytest_unconfigure(config: pytest.Config) -> None:
    places = config.stash.get(_PLACES, None)
    if places is not None:
        places.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Repeat what failed before pytest, where the end of the output is all that is read."""
    failed = os.environ.get("BITEWING_FAILED_CHECKS")
    if failed:
        terminalreporter.write_line(f"FAILED before the tests: {failed} (see above)", red=True)


@pytest.fixture(autouse=True)
def guards(request: pytest.FixtureRequest) -> Iterator[None]:
    """Run a test, then fail it for what it logged, opened or left behind."""
    temp = request.config.stash[_PLACES].temp
    checks: list[Callable[[], list[str]]] = [
        _watch_logs(request.node),
        _watch_vtk(request.node),
        _watch_sockets(),
        _watch_children(),
        _watch_threads(),
        _watch_timers(),
        _watch_temp(temp),
    ]
    yield
    faults = [fault for check in checks for fault in check()]
    if faults:
        pytest.fail("\n".join(faults), pytrace=False)


def _unmet(item: pytest.Item, marker: str, messages: list[str], what: str) -> list[str]:
    """Compare messages with what a test's markers declare; both directions count."""
    patterns = [str(mark.args[0]) for mark in item.iter_markers(marker)]
    faults = [
        f"unexpected {what}: {message}"
        for message in messages
        if not any(re.search(pattern, message) for pattern in patterns)
    ]
    faults += [
        f"expected {what} did not come: {pattern!r}"
        for pattern in patterns
        if not any(re.search(pattern, message) for message in messages)
    ]
    return faults


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(f"{record.name} {record.levelname} {record.getMessage()}")


def _watch_logs(item: pytest.Item) -> Callable[[], list[str]]:
    collector = _Collector()
    logging.getLogger().addHandler(collector)

    def check() -> list[str]:
        logging.getLogger().removeHandler(collector)
        return _unmet(item, "expects_log", collector.messages, "log")

    return check


_vtk_window: Any = None  # VTK's own type is known only once VTK is loaded


def _collect_vtk() -> Any:
    """Route VTK's warnings into a string once VTK is loaded; never load it here."""
    global _vtk_window
    if _vtk_window is None and "vtkmodules.vtkCommonCore" in sys.modules:
        core = sys.modules["vtkmodules.vtkCommonCore"]
        _vtk_window = core.vtkStringOutputWindow()
        core.vtkOutputWindow.SetInstance(_vtk_window)
    return _vtk_window


def _watch_vtk(item: pytest.Item) -> Callable[[], list[str]]:
    window = _collect_vtk()
    seen = len(window.GetOutput()) if window else 0

    def check() -> list[str]:
        window = _collect_vtk()
        text = window.GetOutput()[seen:].strip() if window else ""
        return _unmet(item, "expects_vtk", [text] if text else [], "VTK warning")

    return check


_outside: list[str] = []


class OutsideLoopback(PermissionError):
    """A test reached for an address outside loopback."""


def _is_loopback(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode("ascii", errors="replace")
    if host is None or not isinstance(host, str) or host in _LOOPBACK_NAMES:
        return host is None or isinstance(host, str)
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse an address outside loopback, whoever asks: Python code and C code of sockets alike."""
    if not event.startswith("socket."):
        return
    if event in {"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"}:
        address = arguments[1]
        if not isinstance(address, tuple):
            return  # a Unix socket's path, or a connected socket
        host = address[0]
        wildcard = host == "" and event == "socket.bind"
    elif event in {"socket.getaddrinfo", "socket.gethostbyname"}:
        host, wildcard = arguments[0], False
    else:
        return
    if wildcard or not _is_loopback(host):
        _outside.append(f"{event} {host or 'any address'}")
        raise OutsideLoopback(f"A test may not use the network: {event}")


def _watch_sockets_from_now_on() -> None:
    if not getattr(sys, "_bitewing_sockets_watched", False):
        sys._bitewing_sockets_watched = True  # type: ignore[attr-defined] # a hook is for ever
        sys.addaudithook(_audit)


def _watch_sockets() -> Callable[[], list[str]]:
    _outside.clear()
    return lambda: [f"socket outside loopback: {what}" for what in _outside]


def _children() -> set[int]:
    """Return the ids of this process's children, cheaply where Linux lists them."""
    lists = list(Path("/proc/self/task").glob("*/children")) if os.name == "posix" else []
    if lists:
        found = {int(pid) for path in lists for pid in _read(path).split()}
    else:
        found = {child.pid for child in psutil.Process().children()}
    tracker = multiprocessing.resource_tracker._resource_tracker
    return found - {getattr(tracker, "_pid", None)}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""  # the thread has ended meanwhile


def _watch_children() -> Callable[[], list[str]]:
    before = _children()

    def check() -> list[str]:
        left = _after_grace(lambda: _running(_children() - before))
        faults = []
        for pid in left:
            try:
                process = psutil.Process(pid)
                faults.append(f"leaked child process: {process.name()}")
                process.kill()
                process.wait(timeout=5)
            except psutil.NoSuchProcess:
                continue
        return faults

    return check


def _running(pids: set[int]) -> set[int]:
    return {pid for pid in pids if psutil.pid_exists(pid)}


def _after_grace(remaining: Callable[[], set[_Left]]) -> set[_Left]:
    """Return what is still there once it had a moment to end."""
    deadline = time.monotonic() + _GRACE_S
    left = remaining()
    while left and time.monotonic() < deadline:
        threading.Event().wait(0.01)
        left = remaining()
    return left


def _threads() -> set[threading.Thread]:
    """Return Python's threads, without those that Qt or VTK started and Python only met."""
    return {t for t in threading.enumerate() if not isinstance(t, threading._DummyThread)}


def _watch_threads() -> Callable[[], list[str]]:
    before = _threads()

    def check() -> list[str]:
        left = _after_grace(lambda: _threads() - before)
        return [f"leaked thread: {thread.name}" for thread in left]

    return check


def _timers() -> dict[int, str]:
    """Return the running timers that windows or the application own; nothing without Qt."""
    widgets = sys.modules.get("PySide6.QtWidgets")
    core = sys.modules.get("PySide6.QtCore")
    if core is None or core.QCoreApplication.instance() is None:
        return {}
    application = core.QCoreApplication.instance()
    core.QCoreApplication.sendPostedEvents(None, core.QEvent.Type.DeferredDelete)
    owners = [application]
    if widgets is not None and isinstance(application, widgets.QApplication):
        owners += application.topLevelWidgets()
    return {
        id_: f"{owner.metaObject().className()} {timer.objectName() or timer.interval()} ms"
        for owner in owners
        for timer in owner.findChildren(core.QTimer)
        if timer.isActive()
        for id_ in [timer.timerId()]
    }


def _watch_timers() -> Callable[[], list[str]]:
    before = _timers()

    def check() -> list[str]:
        left = {id_: name for id_, name in _timers().items() if id_ not in before}
        return [f"leaked running timer: {name}" for name in left.values()]

    return check


def _files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()}


def _watch_temp(temp: Path) -> Callable[[], list[str]]:
    before = _files(temp)

    def check() -> list[str]:
        left = _files(temp) - before
        for path in left:
            path.unlink(missing_ok=True)
        return [f"left in the temp folder: {path.relative_to(temp)}" for path in sorted(left)]

    return check
