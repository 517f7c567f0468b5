"""The command line of ``packaging/dev.py``."""

from __future__ import annotations

import argparse
import io
import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from bootstrap import checks, locks
from bootstrap.display import has_display, virtual_screen
from bootstrap.environment import ensure_environment
from bootstrap.messages import Stop, refuse, say
from bootstrap.places import IS_WINDOWS, VENV, python_of
from bootstrap.system import SCREEN_PACKAGES, TEST_PACKAGES, ensure_libraries, ensure_programs

_HELP = """\
Bitewing: set up and run from a clone.

    python3 packaging/dev.py demo     open the viewer on a demo practice
    python3 packaging/dev.py test     run every check and test

Both do all the set-up first: a Python environment in .venv with the locked packages, and on
Debian the system libraries (installed as root, else the line to run is shown). Once that is done
the next start is immediate.

    demo [--screenshots DIR] [...]    with DIR: go through every screen, write pictures, end
    test [--long] [pytest arguments]  --long: the tests marked long as well
    run -- ARGUMENTS                  the command bitewing, for example: run -- --help
    setup [--test]                    only prepare; --test: what the tests need as well
    lock [--upgrade]                  renew the lock files from pyproject.toml
"""


def main(arguments: Sequence[str]) -> int:
    """Carry out one command; return the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # an old code page must not end the set-up
    signal.signal(signal.SIGTERM, _end)  # so that a virtual screen ends with us
    command = arguments[0] if arguments else "help"
    rest = list(arguments[1:])
    if command in {"help", "-h", "--help"}:
        say(_HELP)
        return 0
    if command not in _COMMANDS:
        refuse(f"There is no command “{command}”.\n\n{_HELP}")
        return 2
    try:
        return _COMMANDS[command](rest)
    except Stop as stop:
        refuse(f"\n{stop}")
        return stop.code
    except KeyboardInterrupt:
        refuse("\nStopped. What is already prepared is kept.")
        return 130
    except OSError as error:
        refuse(f"\nThe set-up could not go on: {error.strerror or error} ({error.filename}).")
        return 1


def _end(signal_number: int, _frame: object) -> None:
    raise SystemExit(128 + signal_number)


def _setup(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="dev.py setup", allow_abbrev=False)
    parser.add_argument("--test", action="store_true", help="what the tests need as well")
    options = parser.parse_args(arguments)
    _prepare()
    if options.test:
        ensure_programs(TEST_PACKAGES, "the tests")
    say("Ready. Open the viewer with: python3 packaging/dev.py demo")
    return 0


def _demo(arguments: list[str]) -> int:
    needs_screen = not has_display()
    takes_pictures = any(a == "--screenshots" or a.startswith("--screenshots=") for a in arguments)
    if needs_screen and not takes_pictures and not _asks_for_help(arguments):
        raise Stop(
            "There is no display here, so no window can be shown.\n"
            "Start it in a desktop session, or have pictures of every screen written instead:\n\n"
            "    python3 packaging/dev.py demo --screenshots screenshots",
            code=2,
        )
    if needs_screen:
        ensure_programs(SCREEN_PACKAGES, "pictures without a display")
    return _run_bitewing(["demo", *arguments], needs_screen=needs_screen and takes_pictures)


def _run(arguments: list[str]) -> int:
    return _run_bitewing(arguments[1:] if arguments[:1] == ["--"] else arguments)


def _test(arguments: list[str]) -> int:
    is_long = "--long" in arguments
    ensure_programs(TEST_PACKAGES, "the tests")
    _prepare()
    return checks.run_all([a for a in arguments if a != "--long"], is_long=is_long)


def _lock(arguments: list[str]) -> int:
    locks.renew(arguments)
    return 0


def _prepare() -> None:
    ensure_libraries()
    ensure_environment()


def _run_bitewing(arguments: list[str], *, needs_screen: bool = False) -> int:
    """Start the viewer in the folder the person is in; on POSIX in place of this process."""
    _prepare()
    command = [os.fspath(python_of(VENV)), "-P", "-m", "viewer.main", *arguments]
    sys.stdout.flush()
    if needs_screen:
        with virtual_screen() as env:
            return subprocess.run(command, env=env, check=False).returncode
    if not IS_WINDOWS:
        os.execv(command[0], command)  # noqa: S606 - never returns
    return subprocess.run(command, check=False).returncode


def _asks_for_help(arguments: Sequence[str]) -> bool:
    return "-h" in arguments or "--help" in arguments


_COMMANDS = {"demo": _demo, "test": _test, "run": _run, "setup": _setup, "lock": _lock}
