"""The program that imports hostile files in a real window, in a process of its own, as text.

The benchmarks import no window. It gets the store, the key file, the folder and who logs in; the
password comes on standard input. The last line that it prints is JSON: MiB that the process held
before and at most, the longest time in ms between two turns of the event loop, and how much of it
the window itself worked.
"""

from __future__ import annotations

HOSTILE_IN_A_WINDOW = """
import json, os, sys, time
from pathlib import Path
from viewer.app.jobs import JobRunner
from viewer.app.undo import UndoStack
from viewer.bench import meter
from viewer.session.keystore import FileKeyStore
from viewer.ui.application import Application
from viewer.wiring.window import Joined
from viewer.wiring.workstation import Workstation

store, key_file, folder = map(Path, sys.argv[1:4])
name, password = sys.argv[4], sys.stdin.readline().rstrip("\\n")
application = Application("dark")
jobs = JobRunner(application.post)
workstation = Workstation(store, FileKeyStore(key_file), jobs)
desk = Joined(workstation, UndoStack()).front_desk

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

class Turns:
    worst_ms = worked_ms = 0.0
    at, worked = time.perf_counter(), time.thread_time()
    counts = False

    def tick(self):
        now, worked = time.perf_counter(), time.thread_time()
        if self.counts and (now - self.at) * 1e3 > self.worst_ms:
            self.worst_ms = (now - self.at) * 1e3
        if self.counts:
            self.worked_ms = max(self.worked_ms, (worked - self.worked) * 1e3)
        self.at, self.worked = now, worked

turns, awake = Turns(), QTimer()
awake.timeout.connect(turns.tick)
awake.start(5)

def until(condition, what):
    give_up = time.monotonic() + 100
    while not condition():
        if time.monotonic() > give_up:
            raise SystemExit("the window did not get there: " + what)
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)

desk.open()
panel = desk.login.sign_in
panel.fill_in(next(t for t in panel.tiles if t.person.display_name == name).person, password)
panel.go.click()
until(lambda: desk.shell is not None, "login")
shell = desk.shell
for _ in range(20):
    QApplication.processEvents()
meter.forget_peak()
before = meter.resident_bytes()
turns.tick()
turns.counts = True
shell.start_import([folder])
until(lambda: shell.sheets, "report")
turns.counts = False
peak = meter.peak_bytes()
print(json.dumps({
    "before": before / 2**20, "peak": peak / 2**20,
    "worst_ms": turns.worst_ms, "worked_ms": turns.worked_ms,
}), flush=True)
os._exit(0)
"""
