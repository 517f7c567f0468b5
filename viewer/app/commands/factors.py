"""``bitewing user factor``: an authenticator app, a security key, and recovery codes."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from viewer.app.clinic import Clinic
from viewer.app.commands.console import Console
from viewer.app.commands.login import ConsoleTalk, ask_line, first_line, logged_in, read_password
from viewer.session.book import SECURITY_KEY, TOTP
from viewer.session.errors import NotLoggedIn

if TYPE_CHECKING:
    from viewer.session.accounts import User

_WORDS = {TOTP: "authenticator app", SECURITY_KEY: "security key"}


def add_actions(actions: Any) -> None:
    """Describe ``user factor`` among the actions of ``user``."""
    factor: ArgumentParser = actions.add_parser(
        "factor", help="one's own second factors: list, totp, codes, key, drop; reset another's"
    )
    kinds = factor.add_subparsers(metavar="WHAT", required=True)
    kinds.add_parser("list", help="what a login takes, and how many codes are left").set_defaults(
        run=run_list
    )
    kinds.add_parser("totp", help="set an authenticator app up").set_defaults(run=run_totp)
    kinds.add_parser("codes", help="fresh recovery codes").set_defaults(run=run_codes)
    key = kinds.add_parser("key", help="add a security key")
    key.add_argument("--label", default="security key", help="what you call it")
    key.set_defaults(run=run_key)
    drop = kinds.add_parser("drop", help="do without one")
    drop.add_argument("which", choices=["totp", "key"])
    drop.set_defaults(run=run_drop)
    reset = kinds.add_parser("reset", help="take all of somebody else's away, with a new password")
    reset.add_argument("name")
    reset.add_argument("--new-password-file", metavar="FILE")
    reset.set_defaults(run=run_reset)


def run_list(args: Namespace, console: Console) -> int:
    """Print what one's login takes."""
    with logged_in(args, console) as clinic:
        user = _oneself(clinic)
    if args.json:
        console.facts(
            {
                "name": user.name,
                "second_factors": list(user.second_factors),
                "security_key": user.third_share,
                "codes_left": user.codes_left,
            }
        )
        return 0
    for each in user.second_factors:
        label = f" “{user.third_share}”" if each == SECURITY_KEY else ""
        console.say(f"{_WORDS[each]}{label}")
    if not user.second_factors:
        console.say("Password alone.")
        return 0
    console.say(f"{user.codes_left} recovery codes left.")
    return 0


def run_totp(args: Namespace, console: Console) -> int:
    """Print a fresh secret once, and ask for a code that shows it arrived in the app."""
    from viewer.app.use_cases import factors

    with logged_in(args, console) as clinic:
        enrolment = clinic.practice.begin_totp(_oneself(clinic).id)
        try:
            console.say("For the authenticator app, shown this once:")
            console.say(f"  {enrolment.uri}")
            console.say(f"  or typed: {enrolment.text}")
            code = ask_line(console, "Code that the app shows: ")
            password = read_password(args, console, "Password, once more: ")
            request = factors.ConfirmTotp(password, enrolment, code)
            codes = factors.confirm_totp(clinic, request)
        finally:
            enrolment.wipe()
    console.say("The app is set up. Each login asks for its code from now on.")
    _say_codes(codes, console)
    return 0


def run_codes(args: Namespace, console: Console) -> int:
    """Print ten fresh recovery codes."""
    from viewer.app.use_cases import factors

    with logged_in(args, console) as clinic:
        code = _next_code(clinic, console)
        password = read_password(args, console, "Password, once more: ")
        codes = factors.renew_codes(clinic, factors.RenewCodes(password, code))
    _say_codes(codes, console)
    return 0


def run_key(args: Namespace, console: Console) -> int:
    """Add the security key that is plugged in."""
    from viewer.app.use_cases import factors
    from viewer.session.security_keys import platform_keys

    with logged_in(args, console) as clinic:
        password = read_password(args, console, "Password, once more: ")
        talk = ConsoleTalk(console)
        request = factors.AddSecurityKey(password, args.label, platform_keys(), talk)
        codes = factors.add_security_key(clinic, request)
    console.say(f"“{args.label}” was added. Each login needs it from now on.")
    _say_codes(codes, console)
    return 0


def run_drop(args: Namespace, console: Console) -> int:
    """Do without the app or the key."""
    from viewer.app.use_cases import factors

    with logged_in(args, console) as clinic:
        if args.which == "totp":
            code = _next_code(clinic, console)
            password = read_password(args, console, "Password, once more: ")
            factors.drop_totp(clinic, factors.DropTotp(password, code))
        else:
            password = read_password(args, console, "Password, once more: ")
            factors.drop_security_key(clinic, factors.DropSecurityKey(password))
        user = _oneself(clinic)
    left = " and ".join(_WORDS[each] for each in user.second_factors) or "password alone"
    console.say(f"Removed. Your login takes: {left}.")
    return 0


def run_reset(args: Namespace, console: Console) -> int:
    """Take somebody's second factors away."""
    from viewer.app.use_cases import factors

    with logged_in(args, console) as clinic:
        if args.new_password_file:
            new = first_line(Path(args.new_password_file))
        else:
            new = console.ask_secret(f"New password for {args.name}: ")
        factors.reset_factors(clinic, factors.ResetFactors(args.name, new))
    console.say(f"{args.name} logs in with the new password alone, and changes it first.")
    return 0


def _oneself(clinic: Clinic) -> User:
    session = clinic.desk.session
    if session is None:
        raise NotLoggedIn
    return clinic.practice.user(session.user.id)


def _next_code(clinic: Clinic, console: Console) -> str:
    """Ask for another code than the one that logged in, which counts no more."""
    if TOTP not in _oneself(clinic).second_factors:
        return ""
    return ask_line(console, "The next code that the app shows: ")


def _say_codes(codes: Sequence[str], console: Console) -> None:
    if not codes:
        return
    console.say("Recovery codes, shown this once. Each lets you in once without phone or key:")
    for code in codes:
        console.say(f"  {code}")
