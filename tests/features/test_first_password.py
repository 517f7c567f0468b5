"""The first login at the window, with the real practice behind it."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.practice import FIRST, OFFICER, PASSWORD, found
from viewer.app.clinic import Clinic
from viewer.app.jobs import JobRunner
from viewer.app.use_cases import accounts, trail
from viewer.session.audit.events import EventFilter
from viewer.session.keystore import MemoryKeyStore
from viewer.ui.own_password import OwnPasswordNeeded
from viewer.ui.ports import UserTile
from viewer.wiring.accounts import ClinicAccounts
from viewer.wiring.workstation import Workstation

OWN = "copper lantern orbit seven"


class Desk:
    """A workstation whose main thread a test turns."""

    def __init__(self, folder: Path) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        keystore = MemoryKeyStore()
        found(folder, keystore)
        self.workstation = Workstation(folder, keystore, JobRunner(self._calls.put, workers=1))
        self.answers: list[object] = []

    @property
    def clinic(self) -> Clinic:
        return self.workstation.clinic

    def wait(self) -> object:
        """Turn the main thread until the next answer; return it."""
        while not self.answers:
            self._calls.get(timeout=60)()
        return self.answers.pop()

    def settle(self) -> None:
        """Turn the main thread until nothing is under way."""
        while self.workstation.jobs.is_busy:
            self._calls.get(timeout=60)()

    def log_in(self, password: str) -> object:
        user = self.clinic.practice.user("tomas")
        self.workstation.log_in(user.id, password, self.answers.append, self.answers.append)
        return self.wait()

    def choose(self, given: str, new: str) -> object:
        user = self.clinic.practice.user("tomas")
        self.workstation.choose_password(
            user.id, given, new, self.answers.append, self.answers.append
        )
        return self.wait()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "store")
    made.clinic.log_in(OFFICER, PASSWORD)
    add = accounts.AddUser("tomas", "Tomás Ejemplo", "dentist", FIRST)
    accounts.add_user(made.clinic, add)
    made.clinic.log_off()
    yield made
    made.workstation.close()


def test_a_given_password_opens_no_session_and_an_own_one_does(desk: Desk) -> None:
    assert isinstance(desk.log_in(FIRST), OwnPasswordNeeded)
    assert desk.clinic.desk.session is None
    assert not desk.clinic.is_vault_open
    assert isinstance(desk.choose(FIRST, OWN), UserTile)
    assert desk.clinic.is_vault_open
    desk.settle()
    desk.clinic.log_off()
    assert isinstance(desk.log_in(OWN), UserTile)
    desk.settle()


@pytest.mark.parametrize(
    ("given", "new"), [("wrong " + FIRST, OWN), (FIRST, "short"), (FIRST, FIRST)]
)
def test_what_does_not_change_the_password_leaves_nobody_in(
    desk: Desk, given: str, new: str
) -> None:
    assert isinstance(desk.choose(given, new), Exception)
    assert desk.clinic.desk.session is None
    assert not desk.clinic.is_vault_open
    assert desk.clinic.practice.user("tomas").must_change


def test_the_trail_says_that_nobody_stayed(desk: Desk) -> None:
    desk.log_in(FIRST)
    desk.clinic.log_in(OFFICER, PASSWORD)
    reader = trail.open_trail(desk.clinic, trail.OpenTrail())
    deeds = [(each.entry.kind.value, each.entry.why) for each in reader.page(EventFilter(), 0, 9)]
    assert ("logoff", "a first password, not changed yet") in deeds


def test_the_officers_window_works_on_the_real_accounts(desk: Desk) -> None:
    desk.clinic.log_in(OFFICER, PASSWORD)
    page = ClinicAccounts(desk.workstation)
    tomas = next(each for each in page.people() if each.login == "tomas")
    assert (tomas.role, tomas.must_change, tomas.left_on) == ("Dentist", True, None)
    page.rename(tomas.id, "tomas.lind", "Tomás Lind", desk.answers.append, desk.answers.append)
    assert desk.wait().formerly == ("Tomás Ejemplo", "tomas")  # type: ignore[attr-defined]
    page.mark_left(tomas.id, desk.answers.append, desk.answers.append)
    assert desk.wait().left_on is not None  # type: ignore[attr-defined]
    assert page.keys_due()
    assert [each.display_name for each in desk.workstation.people()] == [OFFICER]
