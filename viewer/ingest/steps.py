"""How far an import is: each file counts twice, once for its facts and once for what it holds."""

from __future__ import annotations

from collections.abc import Callable


class Steps:
    """Counts and reports progress; never beyond the total, however often a file is decoded."""

    def __init__(self, progress: Callable[[int, int, str], None], files: int) -> None:
        self._progress = progress
        self._total = 2 * files
        self._done = 0

    def add(self, files: int) -> None:
        """More files were found."""
        self._total += 2 * files

    def step(self, what: str, count: int = 1) -> None:
        """So many halves of a file are done."""
        self._done = min(self._done + count, self._total)
        self._progress(self._done, self._total, what)

    def finish(self, what: str) -> None:
        """All is done."""
        if self._total:
            self._progress(self._total, self._total, what)
