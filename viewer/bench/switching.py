"""``switch``: logging in, and from the second user's PIN to that user's own image, painted.

The accounts cost an attacker what a practice's do, unlike those of the other benchmarks: stretching
the password is most of a login, so it is measured beside it by the same clock.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path

from viewer.app.clinic import Clinic, Founding
from viewer.app.drafts import Draft
from viewer.app.use_cases.accounts import AddUser, add_user
from viewer.app.use_cases.drafts import BringDraftBack, bring_draft_back
from viewer.app.use_cases.importing import ImportPaths, import_paths
from viewer.app.use_cases.library import OpenChart, OpenImage, open_chart, open_image
from viewer.bench.bench import Bench
from viewer.bench.drawing import flat_picture
from viewer.bench.errors import ProcessEnded
from viewer.bench.figures import AtMost, Figure
from viewer.bench.process import run_python
from viewer.bench.switching_window import SWITCHES_IN_A_WINDOW
from viewer.bench.timing import Way, medians_ms
from viewer.crypto.derive import DEFAULT_STRETCH, stretch_password
from viewer.imaging import kernels
from viewer.model.errors import EnvironmentFault
from viewer.model.image import ImageRecord
from viewer.session.keystore import FileKeyStore

FIRST, SECOND = "First", "Second"
PINS = {FIRST: "402917", SECOND: "730562"}
_ARGON2 = (
    f"Argon2id alone, {DEFAULT_STRETCH.memory_kib // 1024} MiB × {DEFAULT_STRETCH.passes} passes"
)
_LIMIT, _LIMIT_MS = "a limit of 3 s", 3000.0
_WITHIN, _AS_ARGON2 = AtMost(1.0), AtMost(2.0)


def measure_switching(bench: Bench) -> Iterator[Figure]:
    """Measure logins, and switches without a window and in one."""
    folder = bench.practice.root / "switching"
    bench.say("switch: a practice of two people")
    with TwoPeople(folder, bench.practice.panoramic) as two:
        kernels.warm()
        yield from _figures(bench, two)
        passwords = json.dumps(two.passwords)
    bench.say("switch: in the window")
    try:
        place = (str(folder / "store"), str(folder / "key"), str(bench.sizes.start_rounds))
        printed = run_python(
            ("-c", SWITCHES_IN_A_WINDOW, *place), "Switching in the window", secret=passwords
        )
        taken_ms = float(printed.strip().splitlines()[-1])
    except ProcessEnded as fault:  # where no window can be made
        bench.say(str(fault))
        return
    name = "user switch: PIN entered to one's panoramic painted in the window"
    yield Figure(name, taken_ms, "ms", _LIMIT, _LIMIT_MS, _WITHIN)


def _figures(bench: Bench, two: TwoPeople) -> Iterator[Figure]:
    bench.say("switch: logins")
    salt = secrets.token_bytes(16)
    ways = {
        _ARGON2: Way(lambda: stretch_password("a password of no account", salt).wipe()),
        "password": Way(two.log_in_second, two.lock_first),
        "quick PIN": Way(two.enter_by_pin, two.lock_second),
        "picture": Way(two.switch_to_picture, two.lock_second),
    }
    taken = medians_ms(ways, bench.sizes.warm_rounds)
    stretching = taken[_ARGON2]
    for word in ("password", "quick PIN"):
        name = f"login: {word} to open store"
        yield Figure(name, taken[word], "ms", _ARGON2, stretching, _AS_ARGON2)
    name = "user switch: PIN entered to one's panoramic in screen grey, no window"
    yield Figure(name, taken["picture"], "ms", _LIMIT, _LIMIT_MS, _WITHIN)


class TwoPeople:
    """A context: a practice of two dentists with a panoramic, both with a PIN in this shift."""

    def __init__(self, folder: Path, image: Path) -> None:
        self._folder, self._image = folder, image
        self.passwords = {name: secrets.token_urlsafe(24) for name in (FIRST, SECOND)}

    def __enter__(self) -> TwoPeople:
        keystore = FileKeyStore(self._folder / "key")
        store = self._folder / "store"
        Clinic.found(store, keystore, Founding("Bench", FIRST, self.passwords[FIRST])).wipe()
        self.clinic = Clinic(store, keystore)
        try:
            self._fill()
        except BaseException:
            self.clinic.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.clinic.close()

    def lock_first(self) -> None:
        """Let the first be there, locked."""
        self._lock(FIRST)

    def lock_second(self) -> None:
        """Let the second be there, locked."""
        self._lock(SECOND)

    def log_in_second(self) -> None:
        """Let the second in by password, in place of the first."""
        self.clinic.log_in(SECOND, self.passwords[SECOND])

    def enter_by_pin(self) -> None:
        """Let the first in by PIN, in place of the second."""
        self.clinic.admit(self.clinic.check_quick(self._ids[FIRST], PINS[FIRST]))

    def switch_to_picture(self) -> object:
        """Let the first in by PIN, and back to the image that was on screen."""
        self.enter_by_pin()
        draft = bring_draft_back(self.clinic, BringDraftBack())
        if draft is None or draft.image_id is None:
            raise EnvironmentFault("The work of the first user did not come back.")
        open_chart(self.clinic, OpenChart(draft.patient_id))
        shown = open_image(self.clinic, OpenImage(draft.image_id))
        return flat_picture(shown.record, shown.pixels)

    def _lock(self, name: str) -> None:
        session = self.clinic.desk.session
        if session is None or session.user.name != name or session.is_locked:
            self.clinic.admit(self.clinic.check_quick(self._ids[name], PINS[name]))
        self.clinic.lock()

    def _fill(self) -> None:
        clinic = self.clinic
        clinic.log_in(FIRST, self.passwords[FIRST])
        given = secrets.token_urlsafe(24)
        second = add_user(clinic, AddUser(SECOND, SECOND, "dentist", given))
        clinic.practice.change_password(second.id, given, self.passwords[SECOND])
        self._ids = {user.name: user.id for user in clinic.practice.users()}
        report = import_paths(clinic, ImportPaths((self._image,)))
        self._keep_draft(report.stored[0].record)
        clinic.desk.set_quick_pin(PINS[FIRST])
        clinic.log_in(SECOND, self.passwords[SECOND])
        clinic.desk.set_quick_pin(PINS[SECOND])

    def _keep_draft(self, record: ImageRecord) -> None:
        draft = Draft(self._ids[FIRST], record.patient_id, record.id)
        self.clinic.drafts.note(draft)
        self.clinic.drafts.keep_noted()
