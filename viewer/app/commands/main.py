"""The ``bitewing`` command: arguments in, one plain line out where something is wrong."""

from __future__ import annotations

import argparse
import logging
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from typing import Any

from viewer import __version__
from viewer.app.commands import (
    accounts,
    backups,
    drafts,
    emergency,
    export,
    keeping,
    keys,
    library,
    photos,
    policy,
    quarantine,
    recovery,
    relay,
    review,
    roles,
    sharing,
    trail,
    waiting,
    watching,
)
from viewer.app.commands.console import Commands, Console
from viewer.model.errors import BitewingError, IntegrityError

_log = logging.getLogger(__name__)

AddParsers = Callable[[Commands], None]

FAILED, DAMAGED, BUG = 1, 3, 4


def make_parser(more: Sequence[AddParsers] = ()) -> ArgumentParser:
    """Return the parser of all commands; `more` adds those that need the window."""
    parser = ArgumentParser(
        prog="bitewing", description="Dental image viewer with the safeguards built in."
    )
    parser.add_argument("--version", action="version", version=f"Bitewing {__version__}")
    parser.add_argument("--store", metavar="DIR", help="the store's folder (BITEWING_STORE)")
    parser.add_argument("--user", metavar="NAME", help="who logs in")
    parser.add_argument(
        "--password-file", metavar="FILE", help="first line is the password; “-”: standard input"
    )
    parser.add_argument("--code", metavar="CODE", help="the login's second step, where it has one")
    parser.add_argument("--keystore", default="os", metavar="os|file:PATH")
    parser.add_argument("--json", action="store_true", help="print facts as JSON")
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(metavar="COMMAND", parser_class=_CommandParser)
    for add in (
        accounts,
        roles,
        library,
        photos,
        quarantine,
        waiting,
        trail,
        review,
        sharing,
        export,
        keys,
        recovery,
        emergency,
        backups,
        keeping,
        drafts,
        policy,
        relay,
        watching,
    ):
        add.add_parsers(commands)
    for add_parsers in more:
        add_parsers(commands)
    return parser


class _CommandParser(ArgumentParser):
    """A command's parser, which takes ``--json`` and the other global options, too."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        quiet = argparse.SUPPRESS
        self.add_argument("--json", action="store_true", default=quiet, help=quiet)
        for name in ("--store", "--user", "--password-file", "--code", "--keystore"):
            self.add_argument(name, default=quiet, help=quiet)


def run(
    argv: Sequence[str],
    console: Console,
    *,
    more: Sequence[AddParsers] = (),
    without_command: Callable[[Namespace, Console], int] | None = None,
) -> int:
    """Run one command and return its exit status; no traceback ever reaches the user."""
    args = make_parser(more).parse_args(argv)
    action = args.run or without_command
    if action is None:
        make_parser(more).print_usage(console.err)
        return 2
    try:
        return int(action(args, console))
    except IntegrityError as fault:
        console.warn(str(fault))
        return DAMAGED
    except BitewingError as fault:
        console.warn(str(fault))
        return FAILED
    except KeyboardInterrupt:
        console.warn("Stopped.")
        return 130
    except Exception as bug:  # noqa: BLE001 - the outermost boundary of the command line
        _log.error("command failed with %s", type(bug).__name__)
        console.warn(f"Something went wrong inside Bitewing ({type(bug).__name__}).")
        return BUG
