"""Whatever happens in whatever order: a user opens an epoch exactly if it is due to him."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.unit.session.conftest import OFFICER, OTHER, PASSWORD
from viewer.crypto.derive import Stretch, derive
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.secret import Secret
from viewer.session import book as books
from viewer.session.accounts import KeyRing, Practice
from viewer.session.book import RECOVERY, open_epoch
from viewer.session.keystore import MemoryKeyStore
from viewer.session.permissions import KeyName, roles
from viewer.session.recovered import opened_on_paper
from viewer.session.recovery import RecoveryKey

names = st.sampled_from(["Hal", "Ida", "Joe"])
role_ids = st.sampled_from(sorted(roles()))
some_keys = st.sets(st.sampled_from(list(KeyName)), min_size=1)


@attrs.define
class Person:
    """What the test knows of somebody."""

    role: str
    is_enabled: bool = True
    is_ready: bool = True

    @property
    def holds(self) -> frozenset[KeyName]:
        is_in = self.is_enabled and self.is_ready
        return roles()[self.role].holds if is_in else frozenset()


@pytest.fixture(scope="module", autouse=True)
def _stretching_costs_nothing() -> Iterator[None]:
    def cheap(password: str, salt: bytes, cost: Stretch) -> Secret:
        return derive(Secret(password.encode()), b"cheap", salt)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(books, "stretch_password", cheap)
        yield


class KeyHistory(RuleBasedStateMachine):
    """The officer stays; three others come, go, change and are lost with the key store."""

    def __init__(self) -> None:
        super().__init__()
        self.place = tempfile.TemporaryDirectory()
        self.keystore = MemoryKeyStore()
        self.folder = Path(self.place.name)
        self.practice, self.recovery = Practice.create(
            self.folder, self.keystore, "Elm Street", OFFICER, PASSWORD
        )
        self.people = {OFFICER: Person("owner")}
        self.epochs: dict[KeyName, dict[int, bytes]] = {name: {} for name in KeyName}
        self.rotation_due: set[KeyName] = set()
        self.void_sheets: list[RecoveryKey] = []
        self.take_in(self.ring())

    def teardown(self) -> None:
        self.place.cleanup()

    def ring(self) -> KeyRing:
        return self.practice.open_keys(self.practice.user(OFFICER).id, PASSWORD)

    def take_in(self, ring: KeyRing) -> None:
        for name, numbers in ring.keys.items():
            self.epochs[name] |= {number: bytes(key.view()) for number, key in numbers.items()}
        ring.wipe()

    def becomes(self, name: str, person: Person) -> None:
        self.rotation_due |= self.people[name].holds - person.holds
        self.people[name] = person

    # --- what happens ----------------------------------------------------------------------

    @rule(name=names, role=role_ids)
    def add(self, name: str, role: str) -> None:
        if name not in self.people:
            with self.ring() as ring:
                self.practice.add_user(ring, name, name, role, OTHER)
            self.people[name] = Person(role)

    @rule(name=names, enabled=st.booleans())
    def switch(self, name: str, enabled: bool) -> None:
        if name in self.people:
            user = self.practice.user(name)
            with self.ring() as ring:
                self.practice.set_enabled(ring, user.id, enabled=enabled)
            self.becomes(name, attrs.evolve(self.people[name], is_enabled=enabled))

    @rule(name=names, role=role_ids)
    def change_role(self, name: str, role: str) -> None:
        if name in self.people:
            with self.ring() as ring:
                self.practice.change_role(ring, self.practice.user(name).id, role)
            self.becomes(name, attrs.evolve(self.people[name], role=role))

    @rule(name=names)
    def reset(self, name: str) -> None:
        if name in self.people:
            with self.ring() as ring:
                self.practice.reset_password(ring, self.practice.user(name).id, OTHER)
            self.becomes(name, attrs.evolve(self.people[name], is_ready=True))

    @rule(keys=some_keys)
    def begin(self, keys: set[KeyName]) -> None:
        with self.ring() as ring:
            fresh = self.practice.begin_epoch(ring, keys)
        assert {name: list(numbers) for name, numbers in fresh.keys.items()} == {
            name: [max(self.epochs[name]) + 1] for name in keys
        }
        self.take_in(fresh)
        self.rotation_due -= keys

    @rule(name=st.sampled_from(list(KeyName)), kept=st.integers(1, 2))
    def retire(self, name: KeyName, kept: int) -> None:
        below = max(max(self.epochs[name]) - kept + 1, 1)
        self.practice.retire_epochs(name, below)
        self.epochs[name] = {
            number: key for number, key in self.epochs[name].items() if number >= below
        }

    @rule()
    def load_again(self) -> None:
        self.practice = Practice.load(self.folder, self.keystore)

    @rule()
    def lose_the_key_store(self) -> None:
        self.keystore = MemoryKeyStore()
        self.practice = Practice.recover(
            self.folder, self.keystore, self.recovery, OFFICER, PASSWORD
        )
        for name, person in self.people.items():
            person.is_ready = name == OFFICER
        self.rotation_due = set(KeyName)

    @rule()
    @precondition(lambda self: len(self.void_sheets) < 3)
    def print_a_new_sheet(self) -> None:
        with self.ring() as ring:
            self.void_sheets.append(self.recovery)
            self.recovery = self.practice.replace_recovery(ring)
        self.rotation_due = set(KeyName)

    # --- what holds ------------------------------------------------------------------------

    @invariant()
    def everybody_opens_what_is_due_and_nothing_else(self) -> None:
        for name, person in self.people.items():
            if not person.is_ready:
                assert not self.practice.user(name).is_ready
                continue
            password = PASSWORD if name == OFFICER else OTHER
            with self.practice.open_keys(self.practice.user(name).id, password) as ring:
                opened = {
                    key: {number: bytes(each.view()) for number, each in numbers.items()}
                    for key, numbers in ring.keys.items()
                }
            assert opened == {key: self.epochs[key] for key in KeyName if key in person.holds}

    @invariant()
    def the_file_seals_to_those_alone(self) -> None:
        ids = {name: self.practice.user(name).id for name in self.people}
        for row in self.practice._book.epochs:
            due = {
                ids[name] for name, each in self.people.items() if KeyName(row.key) in each.holds
            }
            is_live = row.number in self.epochs[KeyName(row.key)]
            assert set(row.sealed) == (due | {RECOVERY} if is_live else set())

    @invariant()
    def the_sheet_opens_everything_and_a_void_one_nothing(self) -> None:
        with opened_on_paper(self.practice._book, self.recovery) as ring:
            assert {name: set(numbers) for name, numbers in ring.keys.items()} == {
                name: set(numbers) for name, numbers in self.epochs.items()
            }
        for sheet in self.void_sheets:
            for row in self.practice._book.epochs:
                with pytest.raises(NotAuthentic):
                    open_epoch(self.practice.id, row, sheet.private, RECOVERY, "")

    @invariant()
    def who_lost_a_key_makes_its_rotation_due(self) -> None:
        assert self.practice.rotation_due == self.rotation_due


TestKeyHistory = KeyHistory.TestCase
TestKeyHistory.settings = settings(
    max_examples=25,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
