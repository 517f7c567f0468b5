"""Which entries of the trail a command is about: ``--since``, ``--until``, ``--who`` and so on."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime

from viewer.app.clinic import Clinic
from viewer.model.errors import UserError
from viewer.model.ids import PatientId, UserId
from viewer.session.audit.events import EventFilter, EventKind


def add_filters(parser: ArgumentParser) -> None:
    """Describe the filters."""
    when = "day or moment, such as 2026-11-22 or 2026-11-22T09:30 (local time)"
    parser.add_argument("--since", metavar="WHEN", help=f"not before this {when}")
    parser.add_argument("--until", metavar="WHEN", help="before this; a day ends with that day")
    parser.add_argument(
        "--who", metavar="NAME", action="append", default=[], help="what this person did"
    )
    parser.add_argument("--patient", metavar="ID", help="about this patient (the opaque id)")
    parser.add_argument(
        "--kind", metavar="WORDS", action="append", default=[], help="such as “login failed”"
    )


def filter_of(args: Namespace, clinic: Clinic) -> EventFilter:
    """Return the filter that was asked for.

    Raises
    ------
    UserError
        A day, a name or a kind is none.
    """
    return EventFilter(
        kinds=frozenset(_kind(words) for words in args.kind),
        users=frozenset(user for name in args.who for user in _users(clinic, name)),
        patient_id=PatientId(args.patient) if args.patient else None,
        since=_moment(args.since, "since"),
        until=_moment(args.until, "until"),
    )


def _kind(words: str) -> EventKind:
    wanted = words.strip().lower().replace("_", " ")
    for kind in EventKind:
        if wanted in {kind.value.lower(), kind.name.lower().replace("_", " ")}:
            return kind
    known = ", ".join(kind.value for kind in EventKind)
    raise UserError("There is no such kind of entry.", f"Use one of: {known}.")


def _users(clinic: Clinic, name: str) -> list[UserId]:
    wanted = name.strip().casefold()
    users = clinic.practice.users()
    found = [user.id for user in users if wanted in {user.display_name.casefold(), user.id}]
    if not found:
        raise UserError("Nobody here has this name.", "`bitewing user list` prints the names.")
    return found


def _moment(text: str | None, option: str) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(
            f"--{option} is no day or moment.", "Write it as 2026-11-22 or 2026-11-22T09:30."
        ) from None
    if option == "until" and len(text) == len("2026-11-22"):
        moment = moment.replace(hour=23, minute=59, second=59, microsecond=999_999)
    return moment.astimezone(UTC)
