"""``hostile``: files made to do harm, imported in the window: its memory, its longest stall."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator

from viewer.app.clinic import Clinic, Founding
from viewer.bench.bench import Bench
from viewer.bench.errors import ProcessEnded
from viewer.bench.figures import AtMost, Figure
from viewer.bench.hostile_set import write_hostile
from viewer.bench.hostile_window import HOSTILE_IN_A_WINDOW
from viewer.bench.process import run_python
from viewer.crypto.derive import SMALLEST_STRETCH
from viewer.session.keystore import FileKeyStore

_NAME = "Bench"
_WITHIN = AtMost(1.0)
_STALL_MS, _PEAK_MIB = 100.0, 256.0


def measure_hostile(bench: Bench) -> Iterator[Figure]:
    """Measure the main process while the whole set goes through it."""
    folder = bench.practice.root / "hostile"
    files = write_hostile(folder / "in", folder / "canary.dcm")
    store, keys = folder / "store", folder / "key"
    password = secrets.token_urlsafe(24)
    founding = Founding("Bench", _NAME, password, stretch=SMALLEST_STRETCH)
    Clinic.found(store, FileKeyStore(keys), founding).wipe()
    bench.say(f"hostile: {len(files)} files in the window")
    place = (str(store), str(keys), str(folder / "in"), _NAME)
    what = "Importing in the window"
    printed = run_python(("-c", HOSTILE_IN_A_WINDOW, *place), what, secret=password)
    try:
        told = {name: float(value) for name, value in json.loads(printed.splitlines()[-1]).items()}
        stalled, worked, added = (
            told["worst_ms"], told["worked_ms"], told["peak"] - told["before"],
        )  # fmt: skip
    except (ValueError, KeyError, IndexError, AttributeError) as fault:
        raise ProcessEnded(what) from fault
    limit = f"a limit of {_STALL_MS:g} ms"
    name = "window during the hostile set, longest turn"
    yield Figure(name, stalled, "ms", limit, _STALL_MS, _WITHIN)
    yield Figure(f"{name}, its own work alone", worked, "ms", limit, _STALL_MS, _WITHIN)
    name = "main process during the hostile set, memory added at its peak"
    yield Figure(name, added, "MiB", f"a limit of {_PEAK_MIB:g} MiB", _PEAK_MIB, _WITHIN)
