"""``python -m viewer.wiring.lock_timing``: locks real windows and prints how long each part took.

Arguments: ``STORE KEYFILE USER IMAGE ROUNDS``, the password on standard input. Each round locks
once with nothing open and once with the image on screen; the times are JSON, in milliseconds.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from viewer.app.jobs import JobRunner
from viewer.app.undo import UndoStack
from viewer.imaging.kernels import warm
from viewer.model.ids import ImageId
from viewer.session import hardening
from viewer.session.keystore import FileKeyStore
from viewer.ui.application import Application
from viewer.wiring.window import Joined
from viewer.wiring.workstation import Workstation

_LOOK_MS = 10
_LONGEST_S = 60.0
PARTS = ("blank", "curtain", "keys", "free", "forgotten")
"""Nothing on screen; curtains painted; keys zero; main thread free again; memory overwritten."""

Until = Callable[[], bool]


class LockTiming:
    """Logs in, opens, locks, and notes down when each part was done. Main thread only."""

    def __init__(self, application: Application, joined: Joined, user: str, password: str) -> None:
        self._application, self._joined = application, joined
        self._user, self._password = user, password
        self._now: dict[str, float] = {}
        self.taken: dict[str, list[dict[str, float]]] = {"empty": [], "volume": []}
        joined.front_desk.cleared.connect(lambda: self._note("blank"))
        joined.front_desk.covered.connect(lambda: self._note("curtain"))
        joined.workstation.clinic.desk.locked.connect(lambda _: self._note("keys"))

    def steps(self, image_id: ImageId, rounds: int) -> Iterator[Until]:
        """Do one thing after the other; each yields what to wait for before the next."""
        desk = self._joined.front_desk
        for _ in range(rounds):
            yield from self._log_in()
            yield from self._lock("empty")
            yield from self._log_in()
            yield from self._open(image_id)
            yield from self._lock("volume")
            if desk.lock_screen is not None:
                desk.lock_screen.log_off_wanted.emit()
            yield lambda: desk.login is not None

    def _log_in(self) -> Iterator[Until]:
        desk = self._joined.front_desk
        sign_in = desk.login.sign_in if desk.login is not None else None
        if desk.lock_screen is not None:
            sign_in = desk.lock_screen.window.sign_in
        person = next(p for p in self._joined.workstation.people() if p.display_name == self._user)
        if sign_in is not None:
            sign_in.fill_in(person, self._password)
            sign_in.submit()
        yield lambda: desk.shell is not None
        yield lambda: not self._joined.workstation.jobs.is_busy

    def _open(self, image_id: ImageId) -> Iterator[Until]:
        shell = self._joined.front_desk.shell
        if shell is None:
            return
        for row in shell.practice.chart.find_patients(""):
            shell.open_patient(row.patient)
            for visit in shell.practice.chart.visits(row.patient.id):
                for image in visit.images:
                    if image.id == image_id:
                        shell.open_image(image, visit)
        yield lambda: shell.workspace.pane is not None
        yield lambda: not self._joined.workstation.jobs.is_busy
        seen: list[bool] = []
        self._application.later(500, lambda: seen.append(True))
        yield lambda: bool(seen)

    def _lock(self, what: str) -> Iterator[Until]:
        begun = time.perf_counter()
        self._now = {}
        self._joined.front_desk.lock("measured")
        self._note("free")
        self._joined.workstation.after_forgetting(lambda: self._note("forgotten"))
        yield lambda: "forgotten" in self._now
        self.taken[what].append({part: (at - begun) * 1e3 for part, at in self._now.items()})
        yield lambda: not self._joined.workstation.jobs.is_busy

    def _note(self, part: str) -> None:
        self._now[part] = time.perf_counter()


def main(arguments: Sequence[str]) -> int:
    """Measure and print; 1 where the windows did not get there."""
    store, key_file, user, image, rounds = arguments
    warm()
    hardening.warm()
    application = Application("dark")
    jobs = JobRunner(application.post)
    workstation = Workstation(Path(store), FileKeyStore(Path(key_file)), jobs)
    joined = Joined(workstation, UndoStack())
    password = sys.stdin.readline().rstrip("\n")
    joined.front_desk.open()
    timing = LockTiming(application, joined, user, password)
    steps = timing.steps(ImageId(image), int(rounds))
    since = [time.perf_counter()]

    def go_on(until: Until) -> None:
        if time.perf_counter() - since[0] > _LONGEST_S:
            application.leave(1)
        elif not until():
            application.later(_LOOK_MS, lambda: go_on(until))
        else:
            since[0] = time.perf_counter()
            following = next(steps, None)
            if following is None:
                application.leave(0)
            else:
                application.later(0, lambda: go_on(following))

    application.later(0, lambda: go_on(lambda: True))
    status = application.run()
    joined.front_desk.close()
    workstation.close()
    sys.stdout.write(json.dumps(timing.taken))
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
