"""Each guard around the tests is tripped by a test that does what it forbids."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

CLONE = Path(__file__).resolve().parents[3]

OFFENCES = {
    "log": (
        "import logging\ndef test_it():\n    logging.getLogger('viewer.x').warning('odd')\n",
        "unexpected log: viewer.x WARNING odd",
    ),
    "a log that was declared and did not come": (
        "import pytest\n@pytest.mark.expects_log('odd')\ndef test_it():\n    assert True\n",
        "expected log did not come: 'odd'",
    ),
    "thread": (
        """
import threading
def test_it():
    threading.Thread(target=threading.Event().wait, args=(20,), name='lazy', daemon=True).start()
""",
        "leaked thread: lazy",
    ),
    "child process": (
        """
import subprocess, sys
def test_it():
    global child
    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
""",
        "leaked child process: python",
    ),
    "socket that connects": (
        """
import socket
def test_it():
    with socket.socket() as s:
        try:
            s.connect(('192.0.2.1', 80))
        except OSError:
            pass  # swallowing the refusal does not help
""",
        "socket outside loopback: socket.connect 192.0.2.1",
    ),
    "socket that listens to everyone": (
        """
import socket, contextlib
def test_it():
    with socket.socket() as s, contextlib.suppress(OSError):
        s.bind(('0.0.0.0', 0))
""",
        "socket outside loopback: socket.bind 0.0.0.0",
    ),
    "name look-up": (
        """
import socket, contextlib
def test_it():
    with contextlib.suppress(OSError):
        socket.getaddrinfo('images.example', 443)
""",
        "socket outside loopback: socket.getaddrinfo images.example",
    ),
    "file in the temp folder": (
        """
import tempfile
def test_it():
    with tempfile.NamedTemporaryFile(delete=False, suffix='.dcm') as f:
        f.write(b'plain')
""",
        "left in the temp folder: ",
    ),
    "Qt warning": (
        """
from PySide6.QtCore import qWarning
def test_it(qapp):
    qWarning('out of place')
""",
        "out of place",
    ),
    "running timer": (
        """
from PySide6.QtCore import QTimer
def test_it(qapp):
    timer = QTimer(qapp, interval=1000, objectName='forgotten')
    timer.start()
""",
        "leaked running timer: QApplication forgotten",
    ),
    "VTK warning": (
        """
from vtkmodules.vtkCommonDataModel import vtkImageData
def test_it():
    vtkImageData().GetScalarRange()
    from vtkmodules.vtkCommonCore import vtkLookupTable
    table = vtkLookupTable()
    table.SetTableRange(2, 1)
""",
        "unexpected VTK warning: ",
    ),
}

GOOD = """
import logging, socket, subprocess, sys, tempfile, threading
import pytest
from PySide6.QtCore import QTimer

@pytest.mark.expects_log('^viewer.x WARNING odd')
def test_a_declared_log():
    logging.getLogger('viewer.x').warning('odd thing')

def test_loopback_threads_children_and_temp_files_that_end():
    with socket.create_server(('127.0.0.1', 0)) as server:
        socket.create_connection(server.getsockname()).close()
    thread = threading.Thread(target=int)
    thread.start()
    subprocess.run([sys.executable, '-c', ''], check=True)
    with tempfile.TemporaryFile() as f:
        f.write(b'plain')

def test_a_file_in_its_own_place(tmp_path):
    (tmp_path / 'x').write_text('x')

def test_a_timer_that_is_stopped(qapp):
    timer = QTimer(qapp, interval=1000)
    timer.start()
    timer.stop()
"""

SETTINGS = """
[pytest]
addopts = -p tests.support.guards -p no:cacheprovider
qt_api = pyside6
qt_log_level_fail = WARNING
markers =
    expects_log(pattern): declared
    expects_vtk(pattern): declared
"""


@pytest.fixture
def guarded(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTHONPATH", os.fspath(CLONE))
    pytester.makefile(".ini", pytest=SETTINGS)
    return pytester


def test_every_guard_fails_the_test_that_trips_it_and_no_other(guarded: pytest.Pytester) -> None:
    files = {f"test_{n}": source for n, (source, _) in enumerate(OFFENCES.values())}
    guarded.makepyfile(**files)
    result = guarded.run(sys.executable, "-m", "pytest", "-rA", timeout=60)
    sections = result.stdout.str()
    assert result.ret == 1
    for what, (_, message) in OFFENCES.items():
        assert message in sections, f"nothing noticed: {what}"
    for n in range(len(OFFENCES)):
        assert f"ERROR test_{n}.py::test_it" in sections or f"FAILED test_{n}.py" in sections


def test_nothing_stands_in_the_way_of_a_test_that_cleans_up(guarded: pytest.Pytester) -> None:
    guarded.makepyfile(test_good=GOOD)
    result = guarded.run(sys.executable, "-m", "pytest", "-rA", timeout=60)
    result.assert_outcomes(passed=4)


def test_checks_that_failed_earlier_are_named_at_the_end(
    guarded: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BITEWING_FAILED_CHECKS", "mypy --strict")
    guarded.makepyfile(test_good="def test_it():\n    assert True\n")
    result = guarded.run(sys.executable, "-m", "pytest", timeout=60)
    result.stdout.fnmatch_lines(["FAILED before the tests: mypy --strict*", "*1 passed*"])


def test_tests_have_a_temp_folder_and_settings_of_their_own() -> None:
    temp = os.environ["TMPDIR"]
    assert "bitewing-tests-" in temp
    assert "bitewing-tests-" in os.environ["XDG_DATA_HOME"]
    assert "BITEWING_STORE" not in os.environ
