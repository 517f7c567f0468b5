"""The one gate, with a fake desk and a fake trail: order, refusal, failure, cancelling."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from tests.support.practice import FakeClock
from viewer.app.gate import Act, Entries, Subject, UseCase, registered
from viewer.app.jobs import SilentControl
from viewer.app.use_cases import import_all
from viewer.model.errors import Cancelled, UserError
from viewer.model.ids import PatientId
from viewer.session.audit.events import Actor, Entry, EventKind, Outcome
from viewer.session.emergency import Emergency, Way
from viewer.session.errors import Locked, NotLoggedIn, NotPermitted, TrailUnwritable
from viewer.session.permissions import Permission


class FakeSession:
    """Somebody logged in, who may look and nothing else."""

    def __init__(self) -> None:
        self.is_locked = False
        self.actor = Actor(name="Ines", role="Assistant")
        self.emergency: Emergency | None = None

    def require(self, permission: Permission) -> int:
        if self.is_locked:
            raise Locked
        if permission not in {Permission.VIEW_IMAGES, Permission.LOGGED_IN}:
            raise NotPermitted("Assistant", permission.value)
        return 1

    def check(self, ticket: int) -> None:
        if self.is_locked:
            raise Locked


class FakeDesk:
    def __init__(self, session: FakeSession | None) -> None:
        self.session = session

    def require(self, permission: Permission) -> FakeSession | None:
        if permission is Permission.OPEN_TO_ALL:
            return None
        if self.session is None:
            raise NotLoggedIn
        self.session.require(permission)
        return self.session


@attrs.frozen
class Committed:
    seq: int
    segment: int = 1


class FakeTrail:
    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.is_full = False

    def append(self, entry: Entry) -> Committed:
        if self.is_full:
            raise TrailUnwritable
        self.entries.append(entry)
        return Committed(len(self.entries))


class FakeClinic:
    def __init__(self, session: FakeSession | None) -> None:
        self.desk = FakeDesk(session)
        self.trail = FakeTrail()
        self.waiting: list[Entry] = []

    def write(self, entry: Entry, session: FakeSession | None) -> Committed:
        if session is not None and session.emergency is not None and self.trail.is_full:
            self.waiting.append(entry)
            return Committed(-len(self.waiting), 0)
        return self.trail.append(entry)

    @property
    def story(self) -> list[tuple[EventKind, Outcome]]:
        return [(entry.kind, entry.outcome) for entry in self.trail.entries]


@pytest.fixture
def clinic() -> FakeClinic:
    return FakeClinic(FakeSession())


def case(
    body: Any,
    permission: Permission = Permission.VIEW_IMAGES,
    entries: Entries = Entries.BEFORE_AND_AFTER,
) -> UseCase[Any, Any]:
    return UseCase(
        "try_it", permission, EventKind.VIEW, entries, body, lambda clinic, request: Subject()
    )


def test_the_intent_is_committed_before_the_effect_and_the_outcome_after(
    clinic: FakeClinic,
) -> None:
    seen: list[list[tuple[EventKind, Outcome]]] = []

    def body(c: FakeClinic, request: object, act: Act) -> int:
        seen.append(c.story)
        act.outcome = Subject(why="seven")
        return 7

    assert case(body)(clinic, None) == 7  # type: ignore[arg-type]
    assert seen == [[(EventKind.VIEW, Outcome.INTENT)]]
    assert clinic.story[-1] == (EventKind.VIEW, Outcome.DONE)
    assert clinic.trail.entries[-1].refers_to == 1
    assert clinic.trail.entries[-1].why == "seven"


def test_a_look_is_one_entry_committed_before(clinic: FakeClinic) -> None:
    seen: list[int] = []
    look = case(lambda c, r, a: seen.append(len(c.trail.entries)), entries=Entries.ONE_BEFORE)
    look(clinic, None)  # type: ignore[arg-type]
    assert seen == [1]
    assert clinic.story == [(EventKind.VIEW, Outcome.DONE)]


def test_nothing_happens_when_the_trail_cannot_be_written(clinic: FakeClinic) -> None:
    done: list[object] = []
    clinic.trail.is_full = True
    with pytest.raises(TrailUnwritable):
        case(lambda c, r, a: done.append(1))(clinic, None)  # type: ignore[arg-type]
    assert done == []


def test_a_refusal_by_role_is_in_the_trail_and_nothing_happens(clinic: FakeClinic) -> None:
    done: list[object] = []
    share = case(lambda c, r, a: done.append(1), Permission.SHARE_IMAGES)
    with pytest.raises(NotPermitted):
        share(clinic, None)  # type: ignore[arg-type]
    assert done == []
    assert clinic.story == [(EventKind.REFUSED, Outcome.REFUSED)]
    assert clinic.trail.entries[0].actor.name == "Ines"


@pytest.mark.parametrize("session", [None, "locked"])
def test_nobody_and_a_locked_session_are_refused(session: str | None) -> None:
    someone = FakeSession() if session else None
    if someone:
        someone.is_locked = True
    clinic = FakeClinic(someone)
    with pytest.raises((NotLoggedIn, Locked)):
        case(lambda c, r, a: 1)(clinic, None)  # type: ignore[arg-type]
    assert clinic.story == []


def test_an_answer_is_withheld_if_the_workstation_was_locked_meanwhile(
    clinic: FakeClinic,
) -> None:
    def body(c: FakeClinic, request: object, act: Act) -> str:
        assert c.desk.session is not None
        c.desk.session.is_locked = True
        return "pixels"

    with pytest.raises(Locked):
        case(body)(clinic, None)  # type: ignore[arg-type]
    assert clinic.story[-1][1] is Outcome.FAILED


def test_failure_and_cancelling_are_entries_without_the_message(clinic: FakeClinic) -> None:
    def fail(c: FakeClinic, request: object, act: Act) -> None:
        raise UserError("Family name Example is on this disk.")

    def stop(c: FakeClinic, request: object, act: Act) -> None:
        raise Cancelled

    with pytest.raises(UserError):
        case(fail)(clinic, None)  # type: ignore[arg-type]
    with pytest.raises(Cancelled):
        case(stop)(clinic, None)  # type: ignore[arg-type]
    assert [outcome for _, outcome in clinic.story] == [
        Outcome.INTENT, Outcome.FAILED, Outcome.INTENT, Outcome.CANCELLED,
    ]  # fmt: skip
    assert "Example" not in "".join(entry.why for entry in clinic.trail.entries)


def test_a_cancelled_control_stops_the_body_at_its_next_look(clinic: FakeClinic) -> None:
    control = SilentControl()
    control.cancel()
    with pytest.raises(Cancelled):
        case(lambda c, r, act: act.still_here())(clinic, None, control)  # type: ignore[arg-type]


def test_every_use_case_names_its_permission_and_its_event() -> None:
    import_all()
    cases = registered()
    assert len(cases) >= 12
    for name, found in cases.items():
        assert isinstance(found.permission, Permission), name
        assert isinstance(found.event, EventKind), name
        assert name == found.name


@pytest.fixture
def in_emergency(clinic: FakeClinic) -> Emergency:
    made = Emergency(Way.DOOR, "Pain", FakeClock(), 1000.0, 1, 1)
    assert clinic.desk.session is not None
    clinic.desk.session.emergency = made
    return made


def test_a_look_in_an_emergency_says_so_and_is_counted(
    clinic: FakeClinic, in_emergency: Emergency
) -> None:
    subject = Subject(PatientId("p" * 32), ("i1",), "image", ("d1",))
    look = attrs.evolve(
        case(lambda c, r, a: None, entries=Entries.ONE_BEFORE), subject=lambda c, r: subject
    )
    look(clinic, None)  # type: ignore[arg-type]
    assert clinic.trail.entries[0].why == "image (emergency access)"
    assert (in_emergency.images, in_emergency.patients) == ({"i1"}, {"p" * 32})


def test_a_look_in_an_emergency_waits_where_the_trail_is_full_and_any_other_is_refused(
    clinic: FakeClinic, in_emergency: Emergency
) -> None:
    clinic.trail.is_full = True
    look = case(lambda c, r, a: 7, entries=Entries.ONE_BEFORE)
    assert look(clinic, None) == 7  # type: ignore[arg-type]
    assert [entry.kind for entry in clinic.waiting] == [EventKind.VIEW]
    assert clinic.desk.session is not None
    clinic.desk.session.emergency = None
    with pytest.raises(TrailUnwritable):
        look(clinic, None)  # type: ignore[arg-type]


def test_what_an_emergency_is_not_for_is_refused_where_the_trail_is_full(
    clinic: FakeClinic, in_emergency: Emergency
) -> None:
    clinic.trail.is_full = True
    done: list[str] = []
    other = case(lambda c, r, a: done.append("done"), Permission.LOGGED_IN)
    with pytest.raises(TrailUnwritable):
        other(clinic, None)  # type: ignore[arg-type]
    assert done == []
    assert clinic.waiting == []


def test_what_commits_by_itself_is_committed_by_nobody_else(clinic: FakeClinic) -> None:
    by_itself = case(lambda c, r, a: 7, entries=Entries.BY_ITSELF)
    assert by_itself(clinic, None) == 7  # type: ignore[arg-type]
    assert clinic.trail.entries == []


def test_break_glass_alone_commits_by_itself() -> None:
    import_all()
    alone = [name for name, each in registered().items() if each.entries is Entries.BY_ITSELF]
    assert alone == ["begin_emergency"]
