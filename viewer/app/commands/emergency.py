"""``bitewing emergency``: the sealed code for the days when nobody can log in, and its use."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

from viewer.app.commands.console import Commands, Console
from viewer.app.commands.login import first_line, logged_in, opened_clinic
from viewer.app.commands.paper import require_sheet_can_be_written
from viewer.app.due import keys_due
from viewer.app.emergency_sheet import LINES, EmergencySheet, emergency_pdf
from viewer.app.errors import NothingChosen
from viewer.app.use_cases import emergency, library
from viewer.session.device import workstation_name
from viewer.session.emergency import EmergencyCode
from viewer.session.permissions import Permission


def add_parsers(commands: Commands) -> None:
    """Describe ``emergency``."""
    code = commands.add_parser("emergency", help="the sealed code: make, status, destroy, use")
    actions = code.add_subparsers(metavar="ACTION", required=True)
    make = actions.add_parser("make", help="a new sealed code; the one before opens nothing")
    make.add_argument(
        "--sheet",
        metavar="FILE.pdf",
        help="write the sheet to print; the file is the code in plain: delete it then",
    )
    make.set_defaults(run=run_make)
    status = actions.add_parser("status", help="is there a code, since when, what waits for review")
    status.set_defaults(run=run_status)
    destroy = actions.add_parser("destroy", help="the code opens nothing any more")
    destroy.set_defaults(run=run_destroy)
    _add_use(actions.add_parser("use", help="once, without an account: the list of patients"))


def _add_use(use: ArgumentParser) -> None:
    use.add_argument("--name", required=True, help="your own name, for the trail")
    use.add_argument("--reason", required=True, help="why it cannot wait, for the trail")
    use.add_argument("--find", default="", metavar="TEXT", help="name or chart number begins with")
    use.add_argument(
        "--code-file", metavar="FILE", help="first line is the code; “-”: standard input"
    )
    use.set_defaults(run=run_use)


def run_make(args: Namespace, console: Console) -> int:
    """Make a code and print it once."""
    require_sheet_can_be_written(args)
    with logged_in(args, console) as clinic:
        code = emergency.make_emergency_code(clinic, emergency.MakeEmergencyCode())
        made_on = clinic.clock.wall().astimezone().date()
        sheet = EmergencySheet(clinic.practice.name, workstation_name(), code.groups, made_on)
    _write_sheet(args, console, sheet)
    if args.json:
        console.facts({"emergency_code": code.text, "made_on": made_on})
        return 0
    console.say("Sealed code, shown this once. Put it into an envelope, and seal that:")
    console.say(f"  {code.text}")
    for number, line in enumerate(LINES, 1):
        console.say(f"  {number}. {line}")
    return 0


def _write_sheet(args: Namespace, console: Console, sheet: EmergencySheet) -> None:
    if not args.sheet:
        return
    try:
        made = os.open(args.sheet, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(made, "wb") as file:
            file.write(emergency_pdf(sheet))
    except OSError:
        console.warn("The sheet could not be written. Write the groups down, or make a new code.")
        return
    console.warn("The file of the sheet is the code in plain: print it, then delete it.")


def run_status(args: Namespace, console: Console) -> int:
    """Say whether there is a code and since when, and what waits for a review."""
    with logged_in(args, console) as clinic:
        since = clinic.practice.emergency_since
        session, due = clinic.desk.session, keys_due(clinic)
        waits = None
        if session is not None and session.may(Permission.REVIEW_TRAIL):
            waits = emergency.list_emergencies(clinic, emergency.ListEmergencies())
    if args.json:
        told = None if waits is None else [each.words for each in waits]
        console.facts({"code_since": since, "to_review": told, "keys_due": bool(due)})
        return 0
    when = f"since {since.astimezone():%Y-%m-%d %H:%M}" if since else ""
    console.say(f"There is a sealed code, {when}." if since else "There is no sealed code.")
    if waits is not None:
        console.say("Nothing waits for a review." if not waits else "To be reviewed:")
        for each in waits:
            console.say(f"  {each.words}")
    for each_due in due:
        console.say(f"New keys are due: {each_due.words}.")
    return 0


def run_destroy(args: Namespace, console: Console) -> int:
    """Destroy the code that is in force."""
    with logged_in(args, console) as clinic:
        request = emergency.DestroyEmergencyCode()
        was_there = emergency.destroy_emergency_code(clinic, request)
    if args.json:
        console.facts({"destroyed": was_there})
    else:
        console.say("The code opens nothing any more." if was_there else "There was none.")
    return 0


def run_use(args: Namespace, console: Console) -> int:
    """Use the code: it is gone by that. Lists patients, as the images need the window."""
    typed = _read_code(args, console)
    EmergencyCode.from_text(typed)  # a slip costs nothing, not even a start
    with opened_clinic(args, console) as clinic:
        clinic.admit(clinic.check_emergency_code(typed, args.name, args.reason))
        if clinic.desk.break_glass.is_trail_waiting:
            console.warn("The trail cannot be written: what you see is recorded elsewhere for now.")
        rows = library.find_patients(clinic, library.FindPatients(args.find))
    if args.json:
        facts = [{"patient_id": row.patient.id, "name": row.patient.display_name} for row in rows]
        console.facts(facts)
        return 0
    for row in rows:
        chart = f"  #{row.patient.chart_number}" if row.patient.chart_number else ""
        console.say(f"{row.patient.display_name}{chart}  {row.image_count} images")
    console.say("This code is used up. Tell the security officer: a new one has to be made.")
    return 0


def _read_code(args: Namespace, console: Console) -> str:
    """Return what was typed: the first line of ``--code-file``, else asked for.

    Raises
    ------
    NothingChosen
        There is nothing.
    """
    if args.code_file == "-":
        typed = console.source.readline()
    elif args.code_file:
        typed = first_line(Path(args.code_file))
    else:
        typed = console.ask_secret("Sealed code: ")
    if not typed.strip():
        raise NothingChosen("No code was given.", "Type the groups of the sheet.")
    return typed
