"""``start``: processes from their start to the version line, and to a painted login window.

The other side imports every room and library first, as programs do that give it no thought.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from viewer.bench.bench import Bench
from viewer.bench.errors import ProcessEnded
from viewer.bench.figures import AtMost, Figure
from viewer.bench.process import run_python
from viewer.bench.timing import Way, medians_ms

_LAZY, _EAGER = "as it is", "importing everything first"
_FIRST_PAINT = AtMost(0.3)

_EVERYTHING = """
import importlib, pkgutil, numba, scipy.ndimage, viewer
for found in pkgutil.walk_packages(viewer.__path__, "viewer."):
    if not found.name.startswith("viewer.bench"):
        importlib.import_module(found.name)
"""
_VERSION = """
import sys
sys.argv = ["bitewing", "--version"]
from viewer.main import main
main()
"""
_LOGIN_WINDOW = """
import os, sys
from pathlib import Path
from viewer.session.keystore import FileKeyStore
from viewer.wiring.window import Opening, open_viewer
store, key_file = (Path(name) for name in sys.argv[1:])
status = open_viewer(store, FileKeyStore(key_file), Opening(until_login=True))
sys.stdout.flush()
os._exit(status)
"""


def measure_starting(bench: Bench) -> Iterator[Figure]:
    """Measure start-up; the login window is left out where no window can be made."""
    rounds = bench.sizes.start_rounds
    bench.say("start: version line")
    yield _figure("version line", (), rounds, ("-m", "viewer.main", "--version"), _VERSION)
    practice = bench.practice
    practice_at = (str(practice.store), str(practice.key_file))
    bench.say("start: login window")
    try:
        with practice.let_go():
            yield _figure(
                "login window painted, warm", practice_at, rounds,
                ("-c", _LOGIN_WINDOW, *practice_at), _LOGIN_WINDOW, _FIRST_PAINT,
            )  # fmt: skip
    except ProcessEnded as fault:
        bench.say(str(fault))


def _figure(
    name: str,
    arguments: tuple[str, ...],
    rounds: int,
    lazy: tuple[str, ...],
    then: str,
    target: AtMost | None = None,
) -> Figure:
    def process(*command: str) -> Callable[[], object]:
        return lambda: run_python(command, f"The {name.partition(',')[0]}")

    ways = {
        _LAZY: Way(process(*lazy)),
        _EAGER: Way(process("-c", _EVERYTHING + then, *arguments)),
    }
    medians_ms(ways, 1)  # the first start reads everything from the disk
    taken = medians_ms(ways, rounds)
    return Figure(name, taken[_LAZY], "ms", _EAGER, taken[_EAGER], target)
