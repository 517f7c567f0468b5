"""The program that switches users in a real window; it runs in a process of its own, as text.

The benchmarks import no window. It gets the store, the key file and how many rounds; passwords come
on standard input. The last line that it prints is the median in milliseconds.
"""

from __future__ import annotations

SWITCHES_IN_A_WINDOW = """
import json, os, sys, time
from pathlib import Path
from statistics import median
from viewer.app.jobs import JobRunner
from viewer.app.undo import UndoStack
from viewer.imaging.kernels import warm
from viewer.session.keystore import FileKeyStore
from viewer.ui.application import Application
from viewer.wiring.window import Joined
from viewer.wiring.workstation import Workstation

store, key_file, rounds = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
passwords = json.loads(sys.stdin.read())
pins = {"First": "402917", "Second": "730562"}
application = Application("dark")
jobs = JobRunner(application.post)
workstation = Workstation(store, FileKeyStore(key_file), jobs)
joined = Joined(workstation, UndoStack())
desk = joined.front_desk

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

awake = QTimer()
awake.start(5)

def until(condition):
    give_up = time.monotonic() + 60
    while not condition():
        if time.monotonic() > give_up:
            raise SystemExit("the window did not get there")
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)

def panel():
    return (desk.lock_screen.window if desk.lock_screen else desk.login).sign_in

def tile(name):
    return next(t for t in panel().tiles if t.person.display_name == name)

def by_password(name):
    panel().fill_in(tile(name).person, passwords[name])
    panel().go.click()
    until(lambda: desk.shell is not None)

def by_pin(name):
    tile(name).click()
    for digit in pins[name]:
        panel().quick.pad.keys[digit].click()
    start = time.perf_counter()
    panel().quick.pad.enter_key.click()
    until(lambda: desk.shell is not None)
    shell = desk.shell
    until(lambda: shell.workspace.pane is not None and shell._opening is None)
    shell.workspace.pane.repaint()
    QApplication.processEvents()
    return (time.perf_counter() - start) * 1e3

def set_pin(name):
    said = []
    workstation.quick.set_pin(pins[name], "", said.append, said.append)
    until(lambda: said)

def switch():
    # What the lock forgets is forgotten while a person types the PIN.
    forgotten = []
    desk.switch()
    workstation.after_forgetting(lambda: forgotten.append(True))
    until(lambda: forgotten and not jobs.is_busy)
    for _ in range(5):
        QApplication.processEvents()

def look_at_the_first_image():
    shell = desk.shell
    until(lambda: shell.patients.rows)
    shell.open_patient(shell.patients.rows[0].patient)
    until(lambda: shell.workspace.pane is not None and shell._opening is None)

warm()
desk.open()
for name in pins:
    by_password(name)
    set_pin(name)
    look_at_the_first_image()
    switch()
taken = []
for turn in range(2 * rounds + 2):
    taken.append(by_pin(("First", "Second")[turn % 2]))
    switch()
print(median(taken[2:]), flush=True)
os._exit(0)
"""
