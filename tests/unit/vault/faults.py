"""A disk that fails at the n-th call: fsync, rename or unlink."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any, Self

import pytest


class Faults:
    """Within the block the call with a number fails, once; calls are counted from 1."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
        self._monkeypatch = monkeypatch
        self._left = number
        self.struck = False

    def __enter__(self) -> Self:
        self._context = self._monkeypatch.context()
        patch = self._context.__enter__()
        for place, name in ((os, "fsync"), (Path, "replace"), (Path, "unlink")):
            patch.setattr(place, name, self._failing(getattr(place, name)))
        return self

    def __exit__(self, *fault: Any) -> None:
        self._context.__exit__(*fault)

    def _failing(self, real: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            self._left -= 1
            if self._left == 0:
                self.struck = True
                raise OSError(errno.EIO, "the disk failed")
            return real(*args, **kwargs)

        return call
