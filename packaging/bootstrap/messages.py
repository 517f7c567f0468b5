"""How the set-up talks: progress lines on standard output, plain refusals, never a traceback."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stop(Exception):
    """The set-up can't go on; the message says what happened and what to do now.

    Parameters
    ----------
    message : str
        Plain text for the person at the keyboard.
    code : int
        Exit status: 2 where the person has to do something first, 1 where something failed.
    """

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def say(line: str) -> None:
    """Print one progress line at once, even into a pipe."""
    print(line, flush=True)


def refuse(message: str) -> None:
    """Print a refusal on standard error, after everything said so far."""
    sys.stdout.flush()
    print(message, file=sys.stderr, flush=True)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Announce a step, and say how long it took once it is done."""
    say(f"· {what} …")
    started = time.monotonic()
    yield
    say(f"  done in {time.monotonic() - started:.1f} s")
