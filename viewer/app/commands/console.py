"""Where commands print and ask, so that tests can stand in for the terminal."""

from __future__ import annotations

import getpass
import json
import sys
from argparse import ArgumentParser
from typing import Any, Protocol, TextIO

import attrs

from viewer.app.errors import NothingChosen


class Commands(Protocol):
    """What `ArgumentParser.add_subparsers` returns."""

    def add_parser(self, name: str, *, help: str) -> ArgumentParser:
        """Return the parser of one more command."""


@attrs.frozen
class Console:
    """Standard output, standard error and standard input."""

    out: TextIO = attrs.field(factory=lambda: sys.stdout)
    err: TextIO = attrs.field(factory=lambda: sys.stderr)
    source: TextIO = attrs.field(factory=lambda: sys.stdin)

    def say(self, line: str = "") -> None:
        """Print one line of facts."""
        print(line, file=self.out)

    def facts(self, facts: Any) -> None:
        """Print facts as JSON."""
        json.dump(facts, self.out, ensure_ascii=False, indent=2, default=str)
        print(file=self.out)

    def warn(self, line: str) -> None:
        """Print one line on standard error."""
        print(line, file=self.err)

    def ask_secret(self, prompt: str) -> str:
        """Ask for a password without showing it.

        Raises
        ------
        NothingChosen
            There is no terminal to ask on.
        """
        if not self.source.isatty():
            raise NothingChosen(
                "A password is needed and nobody can be asked.", "Use --password-file."
            )
        return getpass.getpass(prompt)
