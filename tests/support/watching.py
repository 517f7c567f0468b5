"""Watching the store: what was opened of it while no entry of the trail said so."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import attrs
import pytest

from viewer.app.gate import UseCase
from viewer.vault.hidden import Hidden
from viewer.vault.store import Vault
from viewer.vault.v1.container import ContainerReader

FACTS = (
    "patient", "find_patient", "patients_named", "patients", "find_by_sop", "studies",
    "study_images", "resembling", "those_of", "images", "record",
)  # fmt: skip
"""Who is a patient here, and what there is of whom."""
CONTENT = ("thumbnail", "thumbnails", "open_pixels", "open_outwards", "headers")
"""What an image shows or says."""
HIDDEN_FACTS = (
    "waiting", "one_waiting", "merged", "set_aside_studies", "studies", "images", "record",
    "patient", "find_by_sop",
)  # fmt: skip
HIDDEN_CONTENT = ("thumbnails", "headers", "open_pixels")
"""The same of what is in no chart."""
OBJECTS = ("open_into", "open_outwards", "check", "chunks")
"""The lowest way to any of it: a sealed object is opened."""


@attrs.frozen
class Read:
    """One look into the store, and whether an entry had been committed before it."""

    what: str
    is_content: bool
    is_entered: bool
    trace: str


class Watched:
    """The looks that were taken, and those that nothing in the trail covers."""

    def __init__(self) -> None:
        self.reads: list[Read] = []
        self._entered_threads: dict[int, int] = {}

    @property
    def content(self) -> list[Read]:
        return [read for read in self.reads if read.is_content]

    @property
    def unseen(self) -> list[Read]:
        return [read for read in self.reads if not read.is_entered]

    def words(self) -> str:
        """The looks without an entry, each once, with how it came to them."""
        first = {read.what + read.trace[-600:]: read for read in self.unseen}
        return "\n\n".join(f"{read.what}\n{read.trace}" for read in first.values())

    def look(self, what: str, *, is_content: bool) -> None:
        frame: FrameType | None = sys._getframe(2)
        is_entered = _is_entered(frame, is_content=is_content)
        trace = "" if is_entered else "".join(traceback.format_stack(frame, 25))
        self.reads.append(Read(what, is_content, is_entered, trace))


def _is_entered(frame: FrameType | None, *, is_content: bool) -> bool:
    """Whether a use case that has committed its entry is at work in this thread or above it."""
    while frame is not None:
        code = frame.f_code
        if code.co_qualname == UseCase.__call__.__qualname__:
            return frame.f_locals.get("first") is not None
        if code.co_qualname == UseCase._subject.__qualname__ and not is_content:
            return True  # names what the entry will be about; nothing of it is shown before
        parent = frame.f_locals.get("_watched_parent")
        frame = parent if isinstance(parent, FrameType) else frame.f_back
    return False


@contextmanager
def watched_store() -> Iterator[Watched]:
    """Watch every look into any store, in this thread and those that it starts."""
    watched = Watched()
    with pytest.MonkeyPatch.context() as patch:
        for names, owner, is_content in (
            (FACTS, Vault, False),
            (CONTENT, Vault, True),
            (HIDDEN_FACTS, Hidden, False),
            (HIDDEN_CONTENT, Hidden, True),
            (OBJECTS, ContainerReader, True),
        ):
            for name in names:
                made = _looking(
                    getattr(owner, name), watched, f"{owner.__name__}.{name}", is_content
                )
                patch.setattr(owner, name, made)
        patch.setattr(threading.Thread, "start", _with_parent(threading.Thread.start))
        yield watched


def _looking(
    real: Callable[..., Any], watched: Watched, what: str, is_content: bool
) -> Callable[..., Any]:
    def look(*args: Any, **kwargs: Any) -> Any:
        watched.look(what, is_content=is_content)
        return real(*args, **kwargs)

    return look


def _with_parent(real: Callable[[threading.Thread], None]) -> Callable[[threading.Thread], None]:
    """A thread that a use case starts works for it, as long as it lasts."""

    def start(thread: threading.Thread) -> None:
        parent = sys._getframe(1)
        run = thread.run

        def run_for_parent() -> None:
            _watched_parent = parent  # found by `_is_entered`
            run()

        if _is_entered(parent, is_content=True):
            thread.run = run_for_parent  # type: ignore[method-assign]
        real(thread)

    return start
