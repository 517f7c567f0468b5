"""``bitewing init`` and ``bitewing user``."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.app.clinic import Clinic, Founding
from viewer.app.commands.console import Commands, Console
from viewer.app.commands.login import (
    first_line,
    keystore_of,
    logged_in,
    read_password,
    store_folder,
)
from viewer.app.due import KeyDue, keys_due
from viewer.app.role_table import permission_table
from viewer.app.use_cases import accounts
from viewer.session.permissions import OWNER, SECURITY_OFFICER, roles

if TYPE_CHECKING:
    from viewer.session.accounts import User


def add_parsers(commands: Commands) -> None:
    """Describe ``init`` and ``user``."""
    init = commands.add_parser("init", help="make a store and its first account")
    init.add_argument("--practice", required=True, metavar="NAME")
    init.add_argument("--officer", required=True, metavar="USER")
    init.add_argument("--role", default=OWNER, choices=[OWNER, SECURITY_OFFICER])
    init.set_defaults(run=run_init)
    user = commands.add_parser(
        "user", help="accounts: add, list, disable, enable, role, passwd, roles"
    )
    actions = user.add_subparsers(metavar="ACTION", required=True)
    add = actions.add_parser("add", help="make an account")
    add.add_argument("name")
    add.add_argument("--role", required=True, choices=sorted(roles()))
    add.add_argument("--display-name", default="")
    add.add_argument("--new-password-file", metavar="FILE", help="first line is the new password")
    add.set_defaults(run=run_add)
    actions.add_parser("list", help="everybody").set_defaults(run=run_list)
    actions.add_parser("roles", help="what each role may").set_defaults(run=run_roles)
    for word, enabled in (("disable", False), ("enable", True)):
        switch = actions.add_parser(word, help=f"{word} an account")
        switch.add_argument("name")
        switch.set_defaults(run=run_switch, enabled=enabled)
    role = actions.add_parser("role", help="give another role")
    role.add_argument("name")
    role.add_argument("--role", required=True, choices=sorted(roles()))
    role.set_defaults(run=run_role)
    passwd = actions.add_parser("passwd", help="change one's own or reset another's password")
    passwd.add_argument("name")
    passwd.add_argument("--new-password-file", metavar="FILE")
    passwd.set_defaults(run=run_passwd)


def run_init(args: Namespace, console: Console) -> int:
    """Found a practice and print the recovery key once."""
    keystore = keystore_of(args, console)
    password = read_password(args, console, f"Password for {args.officer}: ")
    founding = Founding(args.practice, args.officer, password, officer_role=args.role)
    recovery = Clinic.found(store_folder(args), keystore, founding)
    if args.json:
        console.facts({"practice": args.practice, "recovery_key": recovery.text})
    else:
        console.say(f"Practice “{args.practice}” is ready. {args.officer} may log in.")
        console.say("Recovery key, shown this once. Write it on paper and lock it away:")
        console.say(f"  {recovery.text}")
    recovery.wipe()
    return 0


def _new_password(args: Namespace, console: Console, name: str) -> str:
    if args.new_password_file:
        return first_line(Path(args.new_password_file))
    return console.ask_secret(f"New password for {name}: ")


def run_add(args: Namespace, console: Console) -> int:
    """Make an account."""
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


def run_passwd(args: Namespace, console: Console) -> int:
    """Change one's own password, or reset somebody else's."""
    with logged_in(args, console) as clinic:
        new = _new_password(args, console, args.name)
        session = clinic.desk.session
        if session is not None and session.user.name == args.name:
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
                }
                for user in users
            ]
        )
        return
    say_users(users, console)


def say_users(users: Iterable[User], console: Console) -> None:
    """Print one line an account."""
    for user in users:
        state = "" if user.is_enabled else "  (disabled)"
        console.say(f"{user.name:<20} {user.role.title:<22} {user.display_name}{state}")


def say_due(due: Iterable[KeyDue], say: Callable[[str], None]) -> None:
    """Print which keys are due and what to do; nothing where none is."""
    lines = [f"New keys are due: {each.words}." for each in due]
    for line in [*lines, "Use “bitewing rekey”."] if lines else []:
        say(line)
