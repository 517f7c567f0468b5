"""``bitewing init`` and ``bitewing user``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.app.clinic import Clinic, Founding
from viewer.app.commands import factors
from viewer.app.commands.console import Commands, Console
from viewer.app.commands.login import (
    first_line,
    founded_clinic,
    keystore_of,
    logged_in,
    read_password,
    store_folder,
)
from viewer.app.commands.paper import (
    add_sheet_options,
    read_back,
    require_sheet_can_be_written,
    say_sheet,
    write_sheet,
)
from viewer.app.due import KeyDue, keys_due
from viewer.app.recovery_sheet import prove_at_founding
from viewer.app.role_table import permission_table
from viewer.app.use_cases import accounts
from viewer.session.first_password import first_password
from viewer.session.names import advise_name
from viewer.session.permissions import OWNER, SECURITY_OFFICER, roles

if TYPE_CHECKING:
    from viewer.session.accounts import User


def add_parsers(commands: Commands) -> None:
    """Describe ``init`` and ``user``."""
    init = commands.add_parser("init", help="make a store and its first account")
    init.add_argument("--practice", required=True, metavar="NAME")
    init.add_argument("--officer", required=True, metavar="USER")
    init.add_argument("--role", default=OWNER, choices=[OWNER, SECURITY_OFFICER])
    add_sheet_options(init)
    init.set_defaults(run=run_init)
    user = commands.add_parser(
        "user",
        help="accounts: add, list, disable, enable, role, rename, left, back, passwd, factor,"
        " roles",
    )
    actions = user.add_subparsers(metavar="ACTION", required=True)
    add = actions.add_parser("add", help="make an account")
    add.add_argument("name")
    add.add_argument("--role", required=True, metavar="ROLE", help="title or id")
    add.add_argument("--display-name", default="")
    _add_first_password(add)
    add.set_defaults(run=run_add)
    everybody = actions.add_parser("list", help="everybody")
    everybody.add_argument("--all", action="store_true", help="also who left the practice")
    everybody.set_defaults(run=run_list)
    actions.add_parser("roles", help="what each role may").set_defaults(run=run_roles)
    for word, enabled in (("disable", False), ("enable", True)):
        switch = actions.add_parser(word, help=f"{word} an account")
        switch.add_argument("name")
        switch.set_defaults(run=run_switch, enabled=enabled)
    role = actions.add_parser("role", help="give another role")
    role.add_argument("name")
    role.add_argument("--role", required=True, metavar="ROLE", help="title or id")
    role.set_defaults(run=run_role)
    rename = actions.add_parser("rename", help="give another name; history stays")
    rename.add_argument("name")
    rename.add_argument("--to", required=True, metavar="NAME", help="to type at login")
    rename.add_argument("--display-name", default="", help="on screen and in the trail")
    rename.set_defaults(run=run_rename)
    for word, help_, case in (
        ("left", "somebody left the practice: no keys, no login, off the lists", run_left),
        ("back", "somebody is back: still disabled, and without a password", run_back),
    ):
        parser = actions.add_parser(word, help=help_)
        parser.add_argument("name")
        parser.set_defaults(run=case)
    passwd = actions.add_parser("passwd", help="change one's own or reset another's password")
    passwd.add_argument("name")
    _add_first_password(passwd)
    passwd.set_defaults(run=run_passwd)
    factors.add_actions(actions)


def _add_first_password(parser: ArgumentParser) -> None:
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--new-password-file", metavar="FILE", help="first line is the new password")
    kinds.add_argument(
        "--make-password", action="store_true", help="make a first password and print it once"
    )


def run_init(args: Namespace, console: Console) -> int:
    """Found a practice, show its recovery sheet once, and have it read back from paper."""
    keystore, folder = keystore_of(args, console), store_folder(args)
    require_sheet_can_be_written(args)
    password = read_password(args, console, f"Password for {args.officer}: ")
    founding = Founding(args.practice, args.officer, password, officer_role=args.role)
    recovery = Clinic.found(folder, keystore, founding)
    try:
        write_sheet(args, console, args.practice, recovery)
        if args.json:
            console.facts({"practice": args.practice, "recovery_key": recovery.text})
        else:
            console.say(f"Practice “{args.practice}” is ready. {args.officer} may log in.")
            say_sheet(recovery, console)
        if read_back(recovery, console):
            with founded_clinic(folder, keystore) as clinic:
                prove_at_founding(clinic, recovery)
    finally:
        recovery.wipe()
    return 0


def _new_password(args: Namespace, console: Console, name: str) -> str:
    if args.new_password_file:
        return first_line(Path(args.new_password_file))
    if args.make_password:
        made = first_password()
        console.warn(f"First password for {name}, shown this once: {made}")
        return made
    return console.ask_secret(f"New password for {name}: ")


def run_add(args: Namespace, console: Console) -> int:
    """Make an account."""
    for name in dict.fromkeys((args.name, args.display_name or args.name)):
        warn_of_name(name, console)
    with logged_in(args, console) as clinic:
        password = _new_password(args, console, args.name)
        request = accounts.AddUser(args.name, args.display_name or args.name, args.role, password)
        user = accounts.add_user(clinic, request)
    _say_users([user], args, console)
    return 0


def run_list(args: Namespace, console: Console) -> int:
    """List accounts."""
    with logged_in(args, console) as clinic:
        users = list(accounts.list_accounts(clinic, accounts.ListAccounts()))
        users = [user for user in users if args.all or not user.has_left]
        due = keys_due(clinic)
    _say_users(users, args, console)
    say_due(due, console.warn)
    return 0


def run_switch(args: Namespace, console: Console) -> int:
    """Enable or disable an account."""
    with logged_in(args, console) as clinic:
        user = accounts.set_enabled(clinic, accounts.SetEnabled(args.name, args.enabled))
        due = keys_due(clinic)
    _say_users([user], args, console)
    say_due(due, console.warn)
    return 0


def run_role(args: Namespace, console: Console) -> int:
    """Give another role."""
    with logged_in(args, console) as clinic:
        changed = accounts.change_role(clinic, accounts.ChangeRole(args.name, args.role))
        due = keys_due(clinic)
    _say_users([changed.user], args, console)
    say_due(due, console.warn)
    return 0


def run_rename(args: Namespace, console: Console) -> int:
    """Give another name."""
    for name in dict.fromkeys((args.to, args.display_name or args.to)):
        warn_of_name(name, console)
    with logged_in(args, console) as clinic:
        request = accounts.RenameUser(args.name, args.to, args.display_name or args.to)
        user = accounts.rename_user(clinic, request)
    _say_users([user], args, console)
    return 0


def run_left(args: Namespace, console: Console) -> int:
    """Note that somebody left; print which keys are due since."""
    with logged_in(args, console) as clinic:
        user = accounts.mark_left(clinic, accounts.MarkLeft(args.name))
        due = keys_due(clinic)
    _say_users([user], args, console)
    say_due(due, console.warn)
    return 0


def run_back(args: Namespace, console: Console) -> int:
    """Put somebody on the lists again."""
    with logged_in(args, console) as clinic:
        user = accounts.bring_back(clinic, accounts.BringBack(args.name))
    _say_users([user], args, console)
    return 0


def warn_of_name(name: str, console: Console) -> None:
    """Say it where a name sounds as if several people used it; one that does not fit is refused."""
    advice = advise_name(name)
    if advice.words and not advice.refused:
        console.warn(advice.words)


def run_passwd(args: Namespace, console: Console) -> int:
    """Change one's own password, or reset somebody else's."""
    with logged_in(args, console, changes_password=True) as clinic:
        new = _new_password(args, console, args.name)
        session = clinic.desk.session
        if session is not None and session.user.id == clinic.practice.user(args.name).id:
            old = read_password(args, console, "Old password: ")
            accounts.change_password(clinic, accounts.ChangePassword(old, new))
        else:
            accounts.reset_password(clinic, accounts.ResetPassword(args.name, new))
    console.say(f"The password of {args.name} was changed.")
    return 0


def run_roles(_: Namespace, console: Console) -> int:
    """Print the table of roles; needs no store."""
    console.say(permission_table(roles().values()))
    return 0


def _say_users(users: list[User], args: Namespace, console: Console) -> None:
    if args.json:
        console.facts(
            [
                {
                    "id": user.id,
                    "name": user.name,
                    "display_name": user.display_name,
                    "role": user.role.id,
                    "enabled": user.is_enabled,
                    "must_change_password": user.must_change,
                    "second_factors": list(user.second_factors),
                    "formerly": list(user.formerly),
                    "left_at": user.left_at or None,
                }
                for user in users
            ]
        )
        return
    say_users(users, console)


def say_users(users: Iterable[User], console: Console) -> None:
    """Print one line an account."""
    for user in users:
        facts = [
            "left" if user.has_left else "" if user.is_enabled else "disabled",
            "" if user.is_ready or user.has_left else "no password",
            "first password" if user.must_change else "",
            f"formerly {', '.join(user.formerly)}" if user.formerly else "",
        ]
        state = "; ".join(fact for fact in facts if fact)
        shown = f"{user.name:<20} {user.role.title:<22} {user.display_name}"
        console.say(f"{shown}  ({state})" if state else shown)


def say_due(due: Iterable[KeyDue], say: Callable[[str], None]) -> None:
    """Print which keys are due and what to do; nothing where none is."""
    lines = [f"New keys are due: {each.words}." for each in due]
    for line in [*lines, "Use “bitewing rekey”."] if lines else []:
        say(line)
