"""``bitewing recover`` and ``bitewing recovery``: the sheet of paper, in need and before."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from viewer.app import recovering
from viewer.app.commands.accounts import say_due, say_users
from viewer.app.commands.console import Commands, Console
from viewer.app.commands.login import (
    first_line,
    keystore_of,
    logged_in,
    read_password,
    require_store,
    store_folder,
)
from viewer.app.commands.paper import (
    add_sheet_options,
    require_sheet_can_be_written,
    say_sheet,
    write_sheet,
)
from viewer.app.due import keys_due
from viewer.app.errors import NothingChosen
from viewer.app.use_cases import recovery
from viewer.session.permissions import Role
from viewer.session.recovery import RecoveryKey

WRONG_SHEET = 1


def add_parsers(commands: Commands) -> None:
    """Describe ``recover`` and ``recovery``."""
    recover = commands.add_parser("recover", help="after a lost key store: in with the sheet")
    recover.add_argument("--officer", metavar="USER", help="whose account gets a new password")
    _add_key_file(recover)
    recover.set_defaults(run=run_recover)
    sheet = commands.add_parser("recovery", help="the recovery sheet: prove, replace, status")
    actions = sheet.add_subparsers(metavar="ACTION", required=True)
    prove = actions.add_parser("prove", help="does the sheet still open every key?")
    _add_key_file(prove)
    prove.set_defaults(run=run_prove)
    replace = actions.add_parser("replace", help="a new sheet; the old one opens nothing here")
    add_sheet_options(replace)
    replace.set_defaults(run=run_replace)
    status = actions.add_parser("status", help="when it was proved, and which keys are due")
    status.set_defaults(run=run_status)


def _add_key_file(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--recovery-file",
        metavar="FILE",
        help="first line is the recovery key; “-”: standard input",
    )


def read_recovery_key(args: Namespace, console: Console) -> str:
    """Return what was typed: the first line of ``--recovery-file``, else asked for.

    Raises
    ------
    EnvironmentFault
        The file cannot be read.
    """
    if args.recovery_file == "-":
        return console.source.readline().rstrip("\r\n")
    if args.recovery_file:
        return first_line(Path(args.recovery_file))
    return console.ask_secret("Recovery key: ")


def run_recover(args: Namespace, console: Console) -> int:
    """Recover the practice in place."""
    folder, officer = store_folder(args), args.officer or args.user
    if not officer:
        raise NothingChosen("Nobody is named to be the officer.", "Use --officer NAME.")
    require_store(folder)
    keystore = keystore_of(args, console)
    key = RecoveryKey.from_text(read_recovery_key(args, console))
    try:
        password = read_password(args, console, f"New password for {officer}: ")
        done = recovering.recover(folder, keystore, key, officer, password)
    finally:
        key.wipe()
    if args.json:
        facts = {"officer": done.officer.name, "trail_segment": done.segment}
        facts |= {"knows_heads": done.knows_heads, "store_opens": done.opens}
        console.facts(facts | {"accounts": [user.name for user in done.accounts]})
    else:
        _say_recovered(done, console)
    return 0


def _say_recovered(done: recovering.Recovered, console: Console) -> None:
    name = done.officer.name
    console.say(f"{name} may log in; all others need a new password from {name}.")
    console.say("These accounts could not be authenticated. Look whether they are right:")
    say_users(done.accounts, console)
    for role in sorted({user.role for user in done.accounts if user.role.is_custom}, key=_title):
        may = ", ".join(sorted(each.value for each in role.may))
        console.say(f"The role “{role.title}” of the practice's own may: {may}.")
    if not done.knows_heads:
        console.say("Whether the store was set back before this cannot be told here.")
    if not done.opens:
        console.say("The list of images does not open: use “bitewing check --repair”.")
    console.say("New keys are due: use “bitewing rekey”.")


def _title(role: Role) -> str:
    return role.title


def run_prove(args: Namespace, console: Console) -> int:
    """Say whether the sheet opens everything; exit status 1 where it does not."""
    with logged_in(args, console) as clinic:
        typed = read_recovery_key(args, console)
        proves = recovery.prove_recovery(clinic, recovery.ProveRecovery(typed))
        at = clinic.practice.recovery_proved_at
    if args.json:
        console.facts({"proves": proves, "proved_at": at})
    elif proves:
        console.say("The sheet is right: it opens every key of the practice.")
    else:
        console.say("That is not this practice's sheet. Find the right one, or make a new one.")
    return 0 if proves else WRONG_SHEET


def run_replace(args: Namespace, console: Console) -> int:
    """Make a new recovery key and print it once."""
    require_sheet_can_be_written(args)
    with logged_in(args, console) as clinic:
        key = recovery.replace_recovery(clinic, recovery.ReplaceRecovery())
        practice = clinic.practice.name
    try:
        write_sheet(args, console, practice, key)
        if args.json:
            console.facts({"recovery_key": key.text})
            return 0
        say_sheet(key, console)
    finally:
        key.wipe()
    console.say("Destroy the old sheet: it opens older backups until “bitewing rekey” and a new")
    console.say("backup. Then prove the new one with “bitewing recovery prove”.")
    return 0


def run_status(args: Namespace, console: Console) -> int:
    """Say when the sheet was proved, and which keys are due and why."""
    with logged_in(args, console) as clinic:
        at, due = clinic.practice.recovery_proved_at, keys_due(clinic)
    if args.json:
        facts = [{"key": each.key.value, "reasons": list(each.reasons)} for each in due]
        console.facts({"proved_at": at, "rotation_due": facts})
        return 0
    when = f"The sheet was proved on {at:%Y-%m-%d %H:%M}." if at else "Nobody proved the sheet yet."
    console.say(when)
    say_due(due, console.say)
    return 0
