"""Second factors: one's own, each behind the password again, and the officer's reset."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import attrs

from viewer.app.clinic import Clinic
from viewer.app.gate import Act, Subject, use_case
from viewer.crypto.errors import NotAuthentic
from viewer.session.accounts import User
from viewer.session.audit.events import EventKind
from viewer.session.errors import AccountRefused, CodeRefused, LoginRefused
from viewer.session.permissions import Permission
from viewer.session.security_keys import KeyTalk, SecurityKeys, new_share
from viewer.session.totp import Enrolment


@attrs.frozen(eq=False)
class ConfirmTotp:
    """An enrolment under way (`Practice.begin_totp`), and the code that the app shows for it."""

    password: str = attrs.field(repr=False)
    enrolment: Enrolment
    code: str = attrs.field(repr=False)


@use_case(
    permission=Permission.LOGGED_IN,
    event=EventKind.FACTOR_CHANGED,
    subject=lambda clinic, request: Subject(why="authenticator app set up"),
)
def confirm_totp(clinic: Clinic, request: ConfirmTotp, act: Act) -> tuple[str, ...]:
    """Ask for a code of one's app at each login from now on; return fresh recovery codes.

    Raises
    ------
    CodeWrong
        The app shows something else: nothing was changed.
    LoginRefused
        The password is wrong.
    """
    with _in_one_message(act):
        return clinic.practice.confirm_totp(
            act.session.user.id, request.password, request.enrolment, request.code, clinic.clock
        )


@attrs.frozen
class DropTotp:
    """The password, and a code: from the app, or a recovery code."""

    password: str = attrs.field(repr=False)
    code: str = attrs.field(repr=False)


@use_case(
    permission=Permission.LOGGED_IN,
    event=EventKind.FACTOR_CHANGED,
    subject=lambda clinic, request: Subject(why="authenticator app removed"),
)
def drop_totp(clinic: Clinic, request: DropTotp, act: Act) -> None:
    """Do without the app.

    Raises
    ------
    LoginRefused
        The password or the code is wrong.
    WeakPassword
        The password is too short to stand alone.
    """
    with _in_one_message(act, with_code=True):
        clinic.practice.drop_totp(act.session.user.id, request.password, request.code, clinic.clock)


@attrs.frozen
class RenewCodes:
    """The password, and a code where one has an authenticator app."""

    password: str = attrs.field(repr=False)
    code: str = attrs.field(default="", repr=False)


@use_case(
    permission=Permission.LOGGED_IN,
    event=EventKind.FACTOR_CHANGED,
    subject=lambda clinic, request: Subject(why="recovery codes renewed"),
)
def renew_codes(clinic: Clinic, request: RenewCodes, act: Act) -> tuple[str, ...]:
    """Return ten fresh recovery codes; those before count no more.

    Raises
    ------
    LoginRefused
        The password or the code is wrong.
    AccountRefused
        There is no second factor.
    """
    with _in_one_message(act, with_code=True):
        return clinic.practice.renew_codes(
            act.session.user.id, request.password, request.code, clinic.clock
        )


@attrs.frozen(eq=False)
class AddSecurityKey:
    """The password, what one calls the key, and how keys are reached and people spoken to."""

    password: str = attrs.field(repr=False)
    label: str
    keys: SecurityKeys = attrs.field(repr=False)
    talk: KeyTalk = attrs.field(repr=False)


@use_case(
    permission=Permission.LOGGED_IN,
    event=EventKind.FACTOR_CHANGED,
    subject=lambda clinic, request: Subject(why="security key added"),
)
def add_security_key(clinic: Clinic, request: AddSecurityKey, act: Act) -> tuple[str, ...]:
    """Need a security key at each login from now on; return fresh recovery codes.

    Waits for the touch, twice.

    Raises
    ------
    SecurityKeyFault
        With what is the matter with the key: nothing was changed.
    LoginRefused
        The password is wrong.
    """
    user = clinic.practice.user(act.session.user.id)
    if user.third_share:
        raise AccountRefused("There is a security key already.", "Remove it before another.")
    label = " ".join(request.label.split())[:40]
    if not label:
        raise AccountRefused("The security key needs a name.", "Say how you tell it from others.")
    share = new_share(user.name, label, request.keys, request.talk)
    act.still_here()
    with _in_one_message(act):
        return clinic.practice.require_third_share(user.id, request.password, share, clinic.clock)


@attrs.frozen
class DropSecurityKey:
    """The password; and a recovery code where the key is lost, else it is touched."""

    password: str = attrs.field(repr=False)
    code: str = attrs.field(default="", repr=False)


@use_case(
    permission=Permission.LOGGED_IN,
    event=EventKind.FACTOR_CHANGED,
    subject=lambda clinic, request: Subject(why="security key removed"),
)
def drop_security_key(clinic: Clinic, request: DropSecurityKey, act: Act) -> None:
    """Do without the security key.

    Raises
    ------
    LoginRefused
        The password or the recovery code is wrong.
    WeakPassword
        The password is too short to stand alone.
    SecurityKeyFault
        The key did not answer.
    """
    user = clinic.practice.user(act.session.user.id)
    if not user.third_share:
        raise AccountRefused("There is no security key to remove.")
    with _in_one_message(act, with_code=bool(request.code)):
        clinic.practice.drop_third_share(user.id, request.password, clinic.clock, request.code)


@attrs.frozen
class ResetFactors:
    """Somebody who lost phone, key and codes; and a first password, since all goes together."""

    name: str
    password: str = attrs.field(repr=False)


@use_case(
    permission=Permission.MANAGE_ACCOUNTS,
    event=EventKind.FACTOR_CHANGED,
    subject=lambda clinic, request: Subject(
        objects=(clinic.practice.user(request.name).id,), why="second factors reset"
    ),
)
def reset_factors(clinic: Clinic, request: ResetFactors, act: Act) -> User:
    """Take somebody's second factors away and give a password that opens only its own change."""
    user = clinic.practice.user(request.name)
    if user.id == act.session.user.id:
        raise AccountRefused("This is your own account.", "Remove your own factor instead.")
    with act.session.lent_keys() as ring:
        return clinic.practice.reset_without_share(ring, user.id, request.password)


@contextmanager
def _in_one_message(act: Act, *, with_code: bool = False) -> Iterator[None]:
    """Say the same whichever was wrong; the trail says which."""
    try:
        yield
    except NotAuthentic as fault:
        which = fault.why if isinstance(fault, CodeRefused) else "wrong password"
        act.outcome = attrs.evolve(act.outcome, why=f"{act.outcome.why}: {which}")
        if with_code:
            raise LoginRefused("Password and code do not match.") from None
        raise LoginRefused("The password does not match.") from None
