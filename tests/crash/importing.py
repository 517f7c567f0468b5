"""A whole import under fire: real files, the real reading process, and SIGKILL at any moment.

The import runs in a process of its own, as the program would be; nothing watches its calls, so that
its reading process is confined as always. After each kill the practice is opened as the next
morning would, every picture is compared with its file, and no reading process may be left.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from tests.crash import practice
from tests.support.practice import a_patient, write_images
from viewer.app.use_cases import importing

_PATIENTS = 4
_GONE_WITHIN_S = 60.0
_LIMIT_S = 120.0


@attrs.define
class Range:
    """Where it happens, and what was found."""

    root: Path
    fault: Callable[[str], None]
    truth: list[str] = attrs.field(factory=list)
    seconds: float = 0.0
    seen: set[str] = attrs.field(factory=set)
    figures: dict[str, int] = attrs.field(factory=dict)

    def count(self, what: str) -> None:
        """Count something."""
        self.figures[what] = self.figures.get(what, 0) + 1


def run(
    root: Path, kills: int, seed: int, fault: Callable[[str], None]
) -> tuple[int, dict[str, Any]]:
    """Kill imports `kills` times; return how many were, and the figures."""
    for number in range(_PATIENTS):
        chart = a_patient(chart=f"100{number}")
        write_images(root / "in" / str(number), chart, cbct=number % 2 == 0, seed=seed + number)
    template = root / "template"
    template.mkdir()
    practice.found_in(template)
    ground = Range(root, fault)
    _learn(ground, template)
    random, killed, tries = np.random.default_rng(seed), 0, 0
    place = _fresh(ground, template)
    while killed < kills and tries < 4 * kills:
        tries += 1
        moment = float(random.uniform(0, 1.05 * ground.seconds))
        was_killed = _shoot(ground, place, moment)
        killed += was_killed
        ground.count("killed" if was_killed else "came to its end")
        _look(ground, place, tries, is_over=not was_killed)
        if was_killed and killed % 10 == 0:
            print(killed, "imports killed:", ground.figures, file=sys.stderr, flush=True)  # noqa: T201
        if not was_killed or len(ground.seen) == len(ground.truth):
            place = _fresh(ground, template)
    figures: dict[str, Any] = dict(ground.figures)
    return killed, figures | {"tries": tries, "images": len(ground.truth), "s": ground.seconds}


def _fresh(ground: Range, template: Path) -> Path:
    place = ground.root / "shot"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(template, place)
    ground.seen.clear()
    ground.count("stores")
    return place


def _learn(ground: Range, template: Path) -> None:
    place = _fresh(ground, template)
    began = time.monotonic()
    if _shoot(ground, place, _LIMIT_S):
        raise RuntimeError("an import that nobody shoots at does not end")
    ground.seconds = time.monotonic() - began
    seen = practice.look_at_fresh(place)
    ground.truth = sorted(facts[1] for facts in seen["images"].values())
    if len(ground.truth) != _PATIENTS * 2 + _PATIENTS // 2:
        raise RuntimeError(f"the import without kills brought {len(ground.truth)} images")


def _shoot(ground: Range, place: Path, moment_s: float) -> bool:
    """Import in a process of its own; kill it at a moment. Whether it was killed."""
    pid = os.fork()
    if not pid:
        _import(place, ground.root / "in")
    deadline = time.monotonic() + moment_s
    helpers: set[int] = set()
    while time.monotonic() < deadline:
        helpers |= _children_of(pid)
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            if status:
                ground.fault(f"an import ended by itself with {status}")
            _wait_gone(ground, helpers)
            return False
        time.sleep(min(0.005, max(0.0, deadline - time.monotonic())))
    helpers |= _children_of(pid)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    if helpers:
        ground.count("killed with a reading process at work")
    _wait_gone(ground, helpers)
    return True


def _import(place: Path, files: Path) -> None:
    status = 71
    try:
        with practice.at_work(place) as clinic:
            report = importing.import_paths(clinic, importing.ImportPaths((files,)))
        status = 1 if report.refusals else 0
    except BaseException:  # noqa: BLE001 - a forked child must never return to its parent's code
        import traceback

        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(status)


def _children_of(pid: int) -> set[int]:
    found = set[int]()
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                found |= set(map(int, (task / "children").read_text().split()))
    return found


def _wait_gone(ground: Range, helpers: set[int]) -> None:
    deadline = time.monotonic() + _GONE_WITHIN_S
    while left := {pid for pid in helpers if _runs(pid)}:
        if time.monotonic() > deadline:
            ground.fault(f"{len(left)} reading processes outlive the program")
            return
        time.sleep(0.01)


def _runs(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}


def _look(ground: Range, place: Path, number: int, *, is_over: bool) -> None:
    seen = practice.look_at_fresh(place)
    if "fault" in seen:
        ground.fault(f"{number}. {seen['fault']}")
        return
    for words in (*seen["findings"], *(f"left behind: {name}" for name in seen["strays"])):
        ground.fault(f"{number}. {words}")
    found = sorted(facts[1] for facts in seen["images"].values())
    left = list(ground.truth)
    for digest in found:
        if digest not in left:
            ground.fault(f"{number}. a picture is there twice, or is none of the files'")
            return
        left.remove(digest)
    if is_over and left:
        ground.fault(
            f"{number}. {len(left)} pictures are missing though the import came to its end"
        )
    lost = ground.seen - set(seen["images"])
    if lost:
        ground.fault(f"{number}. {len(lost)} pictures that were there are gone")
    ground.seen |= set(seen["images"])
