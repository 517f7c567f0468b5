"""The recovery sheet at a terminal: shown once, as a file if one asks for it, and read back."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser, Namespace
from pathlib import Path

from viewer.app import recovery_sheet
from viewer.app.commands.console import Console
from viewer.app.errors import NothingChosen
from viewer.app.recovery_sheet import RecoverySheet, qr_rows
from viewer.session.clock import SystemClock
from viewer.session.recovery import RecoveryKey

_IN_A_LINE = 4
_TRIES = 3
_HALVES = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}


def add_sheet_options(parser: ArgumentParser) -> None:
    """Describe ``--sheet``."""
    parser.add_argument(
        "--sheet",
        metavar="FILE.pdf",
        help="write the recovery sheet to print; the file is the key in plain: delete it then",
    )


def require_sheet_can_be_written(args: Namespace) -> None:
    """Return only if the file for the sheet can be made; asked before there is a key.

    Raises
    ------
    NothingChosen
        There is a file of this name, or no such folder.
    """
    if not args.sheet:
        return
    path = Path(args.sheet)
    if path.exists() or path.is_symlink():
        raise NothingChosen("There is a file of this name already.", "Choose another for --sheet.")
    if not path.parent.is_dir():
        raise NothingChosen("There is no such folder for the sheet.", "Choose another for --sheet.")


def write_sheet(args: Namespace, console: Console, practice: str, key: RecoveryKey) -> None:
    """Write the sheet, readable by this account alone, and say what it is.

    Where it cannot be written, that is said, and the key is shown all the same.
    """
    if not args.sheet:
        return
    sheet = RecoverySheet(practice, key.groups, SystemClock().wall().date())
    try:
        recovery_sheet.write_sheet(Path(args.sheet), sheet)
    except recovery_sheet.SheetNotWritten as fault:
        console.warn(str(fault))
        return
    console.warn("The file of the sheet is the key in plain: print it, then delete it.")


def say_sheet(key: RecoveryKey, console: Console) -> None:
    """Print the key once: in one line, in numbered groups, and as a code on a terminal."""
    console.say("Recovery key, shown this once. Write it on paper and lock it away:")
    console.say(f"  {key.text}")
    groups = [f"{place:>2} {group}" for place, group in enumerate(key.groups, 1)]
    for at in range(0, len(groups), _IN_A_LINE):
        console.say("    " + "   ".join(groups[at : at + _IN_A_LINE]))
    console.say("The last groups check the others: a typing error is noticed at once.")
    if console.out.isatty():
        for line in terminal_qr(key.text):
            console.say(line)


def terminal_qr(text: str) -> list[str]:
    """Return a code in half blocks, dark on white whatever the terminal's colours."""
    quiet = 2
    rows = qr_rows(text)
    width = len(rows) + 2 * quiet
    blank = [False] * width
    padded = [blank] * quiet + [
        [False] * quiet + list(row) + [False] * quiet for row in rows
    ] + [blank] * (quiet + len(rows) % 2)  # fmt: skip
    return [
        "\x1b[30;107m" + "".join(_HALVES[pair] for pair in zip(*padded[at : at + 2], strict=True))
        + "\x1b[0m"
        for at in range(0, len(padded), 2)
    ]  # fmt: skip


def read_back(key: RecoveryKey, console: Console) -> bool:
    """Ask for two groups from the paper; False where nobody can be asked, or they stay wrong."""
    if not console.source.isatty():
        console.warn("Nobody could be asked to read it back: use “bitewing recovery prove”.")
        return False
    groups = key.groups
    asked = sorted(secrets.SystemRandom().sample(range(len(groups)), 2))
    for _ in range(_TRIES):
        typed = [console.ask_secret(f"From the paper, group {place + 1}: ") for place in asked]
        given = ["".join(each.split()).upper() for each in typed]
        if given == [groups[place] for place in asked]:
            console.say("That is right: the sheet can be read.")
            return True
        console.warn("That is not what was shown. Look at the paper again.")
    console.warn("Write it down anew, then use “bitewing recovery prove”.")
    return False
