"""``emergency``: from the last letter of the sealed code, or of the password, to the first image.

Accounts cost an attacker what a practice's do. What a person needs for reading and typing is not in
it: the clicks and keys of the way there are counted by a test of the windows.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

from viewer.app.clinic import Clinic, Founding
from viewer.app.use_cases.emergency import MakeEmergencyCode, make_emergency_code
from viewer.app.use_cases.importing import ImportPaths, import_paths
from viewer.app.use_cases.library import FindPatients, OpenImage, find_patients, open_image
from viewer.bench.bench import Bench
from viewer.bench.drawing import flat_picture
from viewer.bench.figures import AtMost, Figure
from viewer.bench.timing import Way, medians_ms
from viewer.imaging import kernels
from viewer.session.emergency import EmergencyCode
from viewer.session.keystore import FileKeyStore

_OFFICER, _REASON = "Ada Bench", "Pain, treatment now"
_LIMIT, _LIMIT_MS = "a limit of 60 s", 60_000.0


def measure_emergency(bench: Bench) -> Iterator[Figure]:
    """Measure both ways in at the door."""
    bench.say("emergency: a practice with a sealed code")
    with InNeed(bench.practice.root / "emergency", bench.practice.panoramic) as need:
        kernels.warm()
        ways = {
            "sealed code": Way(need.by_code, need.make_code),
            "password without the second step": Way(need.by_password, need.leave),
        }
        taken = medians_ms(ways, bench.sizes.warm_rounds)
    for way, taken_ms in taken.items():
        name = f"emergency: {way} typed to a panoramic in screen grey, no window"
        yield Figure(name, taken_ms, "ms", _LIMIT, _LIMIT_MS, AtMost(1.0))


class InNeed:
    """A context: a practice with one panoramic, at whose door nobody logs in as usual."""

    def __init__(self, folder: Path, image: Path) -> None:
        self._folder, self._image = folder, image
        self._password = secrets.token_urlsafe(24)
        self._code: EmergencyCode | None = None

    def __enter__(self) -> InNeed:
        keystore, store = FileKeyStore(self._folder / "key"), self._folder / "store"
        Clinic.found(store, keystore, Founding("Bench", _OFFICER, self._password)).wipe()
        self.clinic = Clinic(store, keystore)
        try:
            self.clinic.log_in(_OFFICER, self._password)
            report = import_paths(self.clinic, ImportPaths((self._image,)))
            self._image_id = report.stored[0].record.id
        except BaseException:
            self.clinic.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.clinic.close()

    def leave(self) -> None:
        """Let nobody be there."""
        self.clinic.log_off()

    def make_code(self) -> None:
        """Seal a fresh code, as the one before is used up."""
        self.clinic.log_in(_OFFICER, self._password)
        self._code = make_emergency_code(self.clinic, MakeEmergencyCode())
        self.clinic.log_off()

    def by_code(self) -> object:
        """Use the code and look."""
        typed = self._code.text if self._code is not None else ""
        self.clinic.admit(self.clinic.check_emergency_code(typed, "Mara Linden", _REASON))
        return self._look()

    def by_password(self) -> object:
        """Use the password alone and look."""
        self.clinic.admit(self.clinic.check_in_emergency(_OFFICER, self._password, _REASON))
        return self._look()

    def _look(self) -> object:
        find_patients(self.clinic, FindPatients())
        shown = open_image(self.clinic, OpenImage(self._image_id))
        return flat_picture(shown.record, shown.pixels)
