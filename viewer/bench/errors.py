"""What can go wrong while something is measured.

::

    UserError
    └── UnknownBenchmark    there is no benchmark of this name
    EnvironmentFault
    ├── NoRoom              the temp folder has too little room for what is measured
    ├── PeerMissing         a library that is only measured against is not installed
    ├── ProcessEnded        a process that was to be measured ended before it was done
    └── MachineSilent       the machine does not tell what was to be measured
    IntegrityError
    └── ReadingsDiffer      two ways of reading the same files gave different values
"""

from __future__ import annotations

from collections.abc import Iterable

from viewer.model.errors import EnvironmentFault, IntegrityError, UserError


class UnknownBenchmark(UserError):
    """There is no benchmark of this name."""

    def __init__(self, known: Iterable[str]) -> None:
        super().__init__("There is no benchmark of this name.", f"Choose from: {', '.join(known)}.")


class NoRoom(EnvironmentFault):
    """The temp folder has too little room."""

    def __init__(self, needed_bytes: int) -> None:
        super().__init__(
            "The temp folder has too little room for the images to be measured.",
            f"Free {needed_bytes / 2**20:.0f} MiB, or use --small.",
        )


class PeerMissing(EnvironmentFault):
    """A library that is only measured against is not installed."""

    def __init__(self, peer: str) -> None:
        super().__init__(
            f"{peer} is not installed, so nothing can be compared with it.",
            "It comes with the development dependencies.",
        )
        self.peer = peer


class ProcessEnded(EnvironmentFault):
    """A process that was to be measured ended before it was done."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} could not be measured: its process ended too early.")


class MachineSilent(EnvironmentFault):
    """The machine does not tell what was to be measured."""


class ReadingsDiffer(IntegrityError):
    """Two ways of reading the same files gave different values, so their times mean nothing."""

    def __init__(self, peer: str) -> None:
        super().__init__(f"Bitewing and {peer} read different values from the same files.")
