"""``start``: processes from their start to the version line, and to a painted login window.

The other side imports every room and library first, as programs do that give it no thought.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import attrs

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
    rounds, practice = bench.sizes.start_rounds, bench.practice
    starts = Starts(practice.root / "scratch", rounds)
    bench.say("start: version line")
    starts.compile_everything()
    yield starts.figure("version line", ("-m", "viewer.main", "--version"), _VERSION)
    bench.say("start: login window")
    place = (str(practice.store), str(practice.key_file))
    name = "login window painted, warm"
    try:
        with practice.let_go():
            yield starts.figure(
                name, ("-c", _LOGIN_WINDOW, *place), _LOGIN_WINDOW, place, _FIRST_PAINT
            )
    except ProcessEnded as fault:
        bench.say(str(fault))


@attrs.frozen
class Starts:
    """Starts processes by turns; what they compile is kept in `scratch`."""

    scratch: Path
    rounds: int

    def compile_everything(self) -> None:
        """Start once untimed: the first start compiles, and reads from the disk.

        Raises
        ------
        ProcessEnded
            A room or a library could not be imported.
        """
        self._process("Start-up", ("-c", _EVERYTHING))()

    def figure(
        self,
        name: str,
        lazy: tuple[str, ...],
        then: str,
        arguments: tuple[str, ...] = (),
        target: AtMost | None = None,
    ) -> Figure:
        """Measure `lazy` against the code `then` behind the import of everything.

        Raises
        ------
        ProcessEnded
            One of them failed.
        """
        eager = ("-c", _EVERYTHING + then, *arguments)
        ways = {_LAZY: Way(self._process(name, lazy)), _EAGER: Way(self._process(name, eager))}
        taken = medians_ms(ways, self.rounds)
        return Figure(name, taken[_LAZY], "ms", _EAGER, taken[_EAGER], target)

    def _process(self, name: str, command: tuple[str, ...]) -> Callable[[], object]:
        what = f"The {name.partition(',')[0]}"
        return lambda: run_python(command, what, scratch=self.scratch)
