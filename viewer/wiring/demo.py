"""The demo practice: made when it starts, shown, and removed at the end.

Everybody in it is made up. Passwords are fresh at each start and shown once. The folder is a
throwaway, so its accounts cost an attacker less per guess than a practice's; the safeguards are
the real ones otherwise.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
from platformdirs import user_cache_path

from viewer.app.clinic import Clinic, Founding
from viewer.app.use_cases import accounts, importing
from viewer.crypto.derive import SMALLEST_STRETCH
from viewer.demo.practice import cached_demo_practice
from viewer.model.resources import resource_path
from viewer.session.first_password import first_password
from viewer.session.keystore import FileKeyStore, KeyStore
from viewer.session.permissions import OWNER, SECURITY_OFFICER, roles
from viewer.ui.ports import DemoUser
from viewer.wiring.workstation import login_name

PRACTICE = "Riverside Dental (demo)"
_PREFIX = "bitewing-demo-"
_STALE_S = 24 * 3600
Say = Callable[[str], None]


@attrs.frozen
class DemoPractice:
    """A practice that is gone when its context ends."""

    folder: Path
    keystore: KeyStore
    users: tuple[DemoUser, ...]


@contextmanager
def demo_practice(say: Say) -> Iterator[DemoPractice]:
    """Make a demo practice in a private temporary folder and remove it at the end."""
    _remove_leftovers()
    root = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        yield make_practice(root, say)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def make_practice(root: Path, say: Say) -> DemoPractice:
    """Found the practice under `root`, make its accounts and import its images."""
    say("Preparing the demo practice …")
    cache = user_cache_path("Bitewing", appauthor=False) / "demo"
    images = cached_demo_practice(cache, progress=_told(say))
    people = _people()
    store, keystore = root / "store", FileKeyStore(root / "keys" / "demo.json")
    officer = next(p for p in people if roles()[p.role].id in {OWNER, SECURITY_OFFICER})
    founding = Founding(
        PRACTICE, officer.display_name, officer.password, officer.role, SMALLEST_STRETCH
    )
    Clinic.found(store, keystore, founding).wipe()
    clinic = Clinic(store, keystore)
    try:
        clinic.log_in(officer.display_name, officer.password)
        for person in people:
            if person is not officer:
                _add(clinic, person)
        clinic.log_off()
        dentist = next(p for p in people if p.role == "dentist")
        clinic.log_in(dentist.login, dentist.password)
        report = importing.import_paths(clinic, importing.ImportPaths((images,)))
        say(f"{len(report.new)} images sealed for {len(report.patient_ids)} fictional patients.")
    finally:
        clinic.close()
    return DemoPractice(store, keystore, tuple(person.shown() for person in people))


def _add(clinic: Clinic, person: _Person) -> None:
    """Make an account whose owner has chosen a password of his own already."""
    first = first_password()
    request = accounts.AddUser(person.login, person.display_name, person.role, first)
    user = accounts.add_user(clinic, request)
    clinic.practice.change_password(user.id, first, person.password)


def _told(say: Say) -> Callable[[float, str], None]:
    """Say what is being made, each thing once (about a minute at the very first start)."""
    said: set[str] = set()

    def progress(share: float, what: str) -> None:
        if what not in said:
            said.add(what)
            say(f"  {share:4.0%}  {what}")

    return progress


@attrs.frozen
class _Person:
    display_name: str
    role: str
    password: str = attrs.field(repr=False)

    @property
    def login(self) -> str:
        return login_name(self.display_name)

    def shown(self) -> DemoUser:
        return DemoUser(self.display_name, roles()[self.role].title, self.password)


def _people() -> list[_Person]:
    table = tomllib.loads(resource_path("demo", "people.toml").read_text(encoding="utf-8"))
    return [_Person(row["name"], row["role"], _password()) for row in table["person"]]


def _password() -> str:
    """Return four words: easy to type from the card, and made anew at each start."""
    lines = resource_path("words", "eff-large.txt").read_text(encoding="utf-8").splitlines()
    words = [line.split()[-1] for line in lines if line and not line.startswith("#")]
    return " ".join(secrets.choice(words) for _ in range(4))


def _remove_leftovers() -> None:
    """Remove demo folders that a killed demo left behind a day ago or longer."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            if time.time() - folder.stat().st_mtime > _STALE_S:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # somebody else's, or gone meanwhile
            continue
