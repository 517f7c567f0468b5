"""``audit``: the trail at a million entries, and what an entry costs, against the bare machine.

Appending is measured against as many bytes written and synced; verifying against SHA-256 over the
same bytes in the same run; lists and filters against a picture on the screen, a sixtieth second.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from viewer.bench.audit_fill import PRACTICE, Filled, fill_trail, made_up_entries
from viewer.bench.bench import Bench
from viewer.bench.errors import ReadingsDiffer
from viewer.bench.figures import AtMost, Figure
from viewer.bench.meter import resident_bytes
from viewer.bench.timing import Way, medians_ms
from viewer.session.audit.events import EventFilter, EventKind
from viewer.session.audit.index import index_folder
from viewer.session.audit.reader import TrailReader
from viewer.session.audit.segment import segment_numbers, segment_path
from viewer.session.audit.trail import Trail
from viewer.session.audit.verify import verify_trail
from viewer.session.audit.whole import public_lines
from viewer.session.clock import SystemClock
from viewer.session.keystore import MemoryKeyStore

_APPENDED = 400
_RECORD_BYTES = 400
_PAGE = 100
_FRAME_MS = 1000 / 60
_LOOK_S = 0.001
_SUM, _SYNC, _FRAME = (
    "SHA-256 over the same bytes", "as many bytes written and synced", "one frame at 60 Hz",
)  # fmt: skip
_VERIFYING, _WAITING = AtMost(30.0), AtMost(3.0)


def measure_audit(bench: Bench) -> Iterator[Figure]:
    """Measure a trail of its own."""
    count = bench.sizes.audit_events
    folder = Path(tempfile.mkdtemp(prefix="bitewing-audit-"))
    try:
        bench.say(f"audit: writing a trail of {count} entries")
        keystore = MemoryKeyStore()
        filled = fill_trail(folder, keystore, count, segments=4)
        yield from _verifying(bench, filled)
        yield from _holding_up(bench, filled)
        yield from _reading(bench, filled)
        yield from _appending(bench, folder, keystore)
    finally:
        shutil.rmtree(folder)


def _verifying(bench: Bench, filled: Filled) -> Iterator[Figure]:
    bench.say("audit: verifying")
    lines = public_lines(filled.folder)

    def verify() -> object:
        verdict = verify_trail(filled.folder, lines)
        if not verdict.is_whole:
            raise ReadingsDiffer("The trail")
        return verdict

    ways = {"verify": Way(verify), _SUM: Way(lambda: _plain_sums(filled.folder))}
    taken = medians_ms(ways, bench.sizes.warm_rounds)
    name = f"verify {filled.events} entries with the public key alone"
    yield Figure(name, taken["verify"], "ms", _SUM, taken[_SUM], _VERIFYING)


def _holding_up(bench: Bench, filled: Filled) -> Iterator[Figure]:
    """For how long a window can do nothing at worst, while a worker is at the trail."""
    bench.say("audit: a window beside")
    lines = public_lines(filled.folder)

    def index() -> None:
        reader = TrailReader(filled.folder, filled.reader.private)
        reader.refresh()
        reader.close()

    works: dict[str, Callable[[], object]] = {
        "verified": lambda: verify_trail(filled.folder, lines),
        "indexed": index,
    }
    for what, work in works.items():
        _without_index(filled.folder)
        longest = longest_wait_ms(work)
        _without_index(filled.folder)
        name = f"longest wait of a window while {filled.events} entries are {what}"
        yield Figure(name, longest, "ms", _FRAME, _FRAME_MS, _WAITING)


def longest_wait_ms(work: Callable[[], object]) -> float:
    """Return the longest time for which this thread, asking all the time, did not get its turn.

    A busy machine makes it longer; it says something on a quiet one.
    """
    worker = threading.Thread(target=work)
    worker.start()
    longest, before = 0.0, time.perf_counter()
    while worker.is_alive():
        time.sleep(_LOOK_S)
        now = time.perf_counter()
        longest = max(longest, now - before - _LOOK_S)
        before = now
    worker.join()
    return longest * 1e3


def _plain_sums(folder: Path) -> list[bytes]:
    found = []
    for number in segment_numbers(folder):
        with segment_path(folder, number).open("rb") as file:
            found.append(hashlib.file_digest(file, "sha256").digest())
    return found


def _reading(bench: Bench, filled: Filled) -> Iterator[Figure]:
    bench.say("audit: reading")
    events = f"{filled.events} entries"

    def opened() -> TrailReader:
        reader = TrailReader(filled.folder, filled.reader.private)
        reader.refresh()
        return reader

    def newest() -> object:
        return TrailReader(filled.folder, filled.reader.private).newest(_PAGE)

    before = resident_bytes()
    first = medians_ms({"first": Way(opened, lambda: _without_index(filled.folder))}, 1)
    rounds = bench.sizes.warm_rounds
    taken = medians_ms({"again": Way(opened), "newest": Way(newest)}, rounds)
    reader = opened()
    held = max(resident_bytes() - before, 1)
    yield Figure(
        f"open {events} with the index", taken["again"], "ms", "without it", first["first"],
        AtMost(0.25),
    )  # fmt: skip
    yield Figure(
        f"the newest {_PAGE} of {events}, nothing read yet", taken["newest"], "ms", _FRAME,
        _FRAME_MS, _WAITING,
    )  # fmt: skip
    yield from _looking(reader, events, rounds)
    size = sum(segment_path(filled.folder, n).stat().st_size for n in (1, 2, 3, 4))
    yield Figure(f"memory held by {events}", held / 2**20, "MiB", "their files", size / 2**20)
    reader.close()


def _looking(reader: TrailReader, events: str, rounds: int) -> Iterator[Figure]:
    facts = reader.facts()
    views = EventFilter(
        kinds=frozenset({EventKind.VIEW}),
        users=frozenset(each.user_id for each in facts.actors[:1] if each.user_id),
    )
    patient = EventFilter(patient_id=facts.patients[len(facts.patients) // 2])
    middle = reader.count() // 2
    ways: dict[str, Callable[[], object]] = {
        "list: a page from the middle": lambda: reader.page(None, middle, _PAGE),
        "filter by kind and person": lambda: facts.matches(views),
        "filter by patient": lambda: facts.matches(patient),
        "page of what was filtered": lambda: reader.page(views, 1000, _PAGE),
        "entries of each day": reader.day_counts,
    }
    taken = medians_ms({name: Way(run) for name, run in ways.items()}, max(rounds, 5))
    for name in ways:
        yield Figure(f"{name}, {events}", taken[name], "ms", _FRAME, _FRAME_MS, _WAITING)


def _without_index(folder: Path) -> None:
    shutil.rmtree(index_folder(folder), ignore_errors=True)


def _appending(bench: Bench, folder: Path, keystore: MemoryKeyStore) -> Iterator[Figure]:
    bench.say("audit: appending")
    trail = Trail.open(folder, keystore, PRACTICE, SystemClock())
    entries = list(made_up_entries(_APPENDED))
    with (folder / "bare").open("wb", buffering=0) as file:

        def append() -> None:
            for entry in entries:
                trail.append(entry)

        ways = {"append": Way(append), _SYNC: Way(lambda: _bare(file))}
        taken = medians_ms(ways, bench.sizes.warm_rounds)
    trail.close()
    each = {name: value / _APPENDED for name, value in taken.items()}
    yield Figure(
        f"append an entry behind {bench.sizes.audit_events}", each["append"], "ms", _SYNC,
        each[_SYNC], AtMost(5.0),
    )  # fmt: skip


def _bare(file: BinaryIO) -> None:
    for _ in range(_APPENDED):
        file.write(bytes(_RECORD_BYTES))
        os.fsync(file.fileno())
