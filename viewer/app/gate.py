"""The one gate: permission, then the trail, then the effect, then how it ended.

A use case is registered by `use_case` with the permission it needs and the event it writes, and
that is the only way to make one. Nothing else in the program may open the vault for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from viewer.app.jobs import JobControl, SilentControl
from viewer.model.errors import BitewingError, Cancelled
from viewer.model.ids import PatientId
from viewer.session.audit.events import PROGRAM, Actor, Entry, Event, EventKind, Outcome
from viewer.session.emergency import MARK, SEEN
from viewer.session.errors import NotLoggedIn, NotPermitted
from viewer.session.permissions import Permission
from viewer.session.session import Session

if TYPE_CHECKING:
    from viewer.app.clinic import Clinic

Request = TypeVar("Request")
Answer = TypeVar("Answer")


@attrs.frozen
class Subject:
    """What a use case touches and why, for its entry in the trail.

    `refers_to` and `refers_in` are of the event that somebody reviews; an entry that ends what
    this use case began refers to its beginning instead.
    """

    patient_id: PatientId | None = None
    objects: tuple[str, ...] = ()
    why: str = ""
    digests: tuple[str, ...] = ()
    size_bytes: int | None = None
    purpose: str = ""
    recipient: str = ""
    refers_to: int | None = None
    refers_in: int | None = None


class Entries(Enum):
    """How many entries a use case writes."""

    ONE_BEFORE = "one before"
    """A look: one entry is committed before anything is shown; a failure adds a second."""
    BEFORE_AND_AFTER = "before and after"
    """An effect: the intent is committed before, the outcome after."""
    BY_ITSELF = "by itself"
    """Break-glass: what it calls commits before the effect, where the trail cannot be written, too.
    """


class Act:
    """What a use case's body holds in its hand while it runs."""

    def __init__(
        self,
        session: Session | None,
        check: Callable[[], None],
        control: JobControl,
        first: Event | None,
    ) -> None:
        self._session = session
        self._check = check
        self.control = control
        self.number, self.segment = (first.seq, first.segment) if first else (0, 0)
        """Sequence number of the entry that was committed before, and its part of the trail."""
        self.outcome = Subject()
        """What the closing entry says; the body replaces it."""

    @property
    def session(self) -> Session:
        """Who acts.

        Raises
        ------
        NotLoggedIn
            A use case that is open to all asked for a session.
        """
        if self._session is None:
            raise NotLoggedIn
        return self._session

    @property
    def session_or_none(self) -> Session | None:
        """Who acts, if anybody."""
        return self._session

    def still_here(self) -> None:
        """Raise `Locked`, `NotLoggedIn` or `Cancelled` if the person is gone or cancelled."""
        self._check()
        self.control.stop_if_cancelled()


Body = Callable[["Clinic", Request, Act], Answer]
SubjectOf = Callable[["Clinic", Request], Subject]


def _no_subject(clinic: Clinic, request: object) -> Subject:
    return Subject()


@attrs.frozen
class UseCase(Generic[Request, Answer]):
    """A thing a person can do, with what it needs and what it leaves in the trail."""

    name: str
    permission: Permission
    event: EventKind
    entries: Entries
    body: Body[Request, Answer]
    subject: SubjectOf[Request]

    def __call__(
        self, clinic: Clinic, request: Request, control: JobControl | None = None
    ) -> Answer:
        """Pass the gate and do it. Any thread.

        Raises
        ------
        NotLoggedIn, Locked, NotPermitted
            The gate refused; a refusal by role is in the trail.
        TrailUnwritable
            Nothing was done, because it could not have been recorded.
        BitewingError
            As the use case says; the trail has the failure.
        """
        session = self._admit(clinic)
        ticket = session.require(self.permission) if session else None
        actor = session.actor if session else PROGRAM
        before = self._subject(clinic, request, actor)
        is_effect = self.entries is Entries.BEFORE_AND_AFTER
        first = None
        if self.entries is not Entries.BY_ITSELF:
            before = _marked(before, session, self.event)
            outcome = Outcome.INTENT if is_effect else Outcome.DONE
            first = self._commit(clinic, self._entry(actor, outcome, before), session)
            if session is not None and session.emergency is not None:
                images = before.objects if before.digests else ()
                session.emergency.looked(before.patient_id, images)

        def check() -> None:
            if session is not None and ticket is not None:
                session.check(ticket)

        act = Act(session, check, control or SilentControl(), first)
        act.outcome = before
        try:
            answer = self.body(clinic, request, act)
            check()
        except Cancelled:
            self._close(clinic, actor, Outcome.CANCELLED, act)
            raise
        except BitewingError as fault:
            act.outcome = attrs.evolve(act.outcome, why=_reason(act.outcome.why, fault))
            self._close(clinic, actor, Outcome.FAILED, act)
            raise
        except Exception as bug:
            act.outcome = attrs.evolve(act.outcome, why=_reason(act.outcome.why, bug))
            self._close(clinic, actor, Outcome.FAILED, act)
            raise
        if is_effect:
            self._close(clinic, actor, Outcome.DONE, act)
        return answer

    def _admit(self, clinic: Clinic) -> Session | None:
        try:
            return clinic.desk.require(self.permission)
        except NotPermitted:
            session = clinic.desk.session
            entry = Entry(
                EventKind.REFUSED,
                session.actor if session else PROGRAM,
                Outcome.REFUSED,
                why=self.name.replace("_", " "),
            )
            self._commit(clinic, entry, session)
            raise

    def _subject(self, clinic: Clinic, request: Request, actor: Actor) -> Subject:
        try:
            return self.subject(clinic, request)
        except BitewingError as fault:
            why = _reason(self.name.replace("_", " "), fault)
            self._commit(
                clinic, Entry(self.event, actor, Outcome.FAILED, why=why), clinic.desk.session
            )
            raise

    def _entry(self, actor: Actor, outcome: Outcome, subject: Subject) -> Entry:
        return Entry(
            self.event,
            actor,
            outcome,
            patient_id=subject.patient_id,
            objects=subject.objects,
            why=subject.why,
            digests=subject.digests,
            size_bytes=subject.size_bytes,
            purpose=subject.purpose,
            recipient=subject.recipient,
            refers_to=subject.refers_to,
            refers_in=subject.refers_in,
        )

    def _commit(self, clinic: Clinic, entry: Entry, session: Session | None) -> Event:
        """Commit; what an emergency is for, and nothing else, may wait where the trail cannot."""
        return clinic.write(entry, session if self.permission in SEEN else None)

    def _close(self, clinic: Clinic, actor: Actor, outcome: Outcome, act: Act) -> None:
        if self.entries is Entries.BY_ITSELF:
            return
        entry = self._entry(actor, outcome, act.outcome)
        entry = attrs.evolve(entry, refers_to=act.number, refers_in=act.segment)
        self._commit(clinic, entry, act.session_or_none)


def _marked(subject: Subject, session: Session | None, event: EventKind) -> Subject:
    """Say of each look of an emergency that it is one, for whoever reviews it."""
    is_look = event in {EventKind.VIEW, EventKind.LIST}
    if session is None or session.emergency is None or not is_look:
        return subject
    return attrs.evolve(subject, why=f"{subject.why} ({MARK})".strip())


def _reason(why: str, fault: Exception) -> str:
    """Name the fault by its type: a message may hold more than the trail should."""
    return f"{why} ({type(fault).__name__})".strip()


_registry: dict[str, UseCase[Any, Any]] = {}


class use_case:  # noqa: N801 - read as a decorator
    """Register a function ``(clinic, request, act) -> answer`` as a use case of its own name.

    `subject` says from the request what the first entry is about.
    """

    def __init__(
        self,
        *,
        permission: Permission,
        event: EventKind,
        entries: Entries = Entries.BEFORE_AND_AFTER,
        subject: Callable[[Clinic, Any], Subject] = _no_subject,
    ) -> None:
        self._permission = permission
        self._event = event
        self._entries = entries
        self._subject = subject

    def __call__(self, body: Body[Request, Answer]) -> UseCase[Request, Answer]:
        """Register it.

        Raises
        ------
        ValueError
            The function has no name, or there is one of this name.
        """
        name = getattr(body, "__name__", "")
        if not name or name in _registry:
            raise ValueError("a use case has a name of its own")
        case = UseCase(name, self._permission, self._event, self._entries, body, self._subject)
        _registry[name] = case
        return case


def registered() -> Mapping[str, UseCase[Any, Any]]:
    """Return every use case by name."""
    return MappingProxyType(_registry)
