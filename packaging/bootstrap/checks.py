"""Everything that has to hold before a change lands, in the order of what fails fastest."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from bootstrap.display import virtual_screen
from bootstrap.messages import say
from bootstrap.places import ROOT, VENV, python_of, scripts_folder
from bootstrap.system import is_debian

_STATIC_CHECKS = (
    ("ruff check", ["ruff", "check", "."]),
    ("ruff format", ["ruff", "format", "--check", "."]),
    ("mypy --strict", ["mypy"]),
    ("lint-imports", ["lint-imports", "--no-logo"]),
)
_ALL_BUT_BENCHMARKS = "not bench"
_NO_TESTS_COLLECTED = 5

# Whole runs go in two lanes side by side, each with a screen of its own: what opens windows, and
# what does not. What walks through the whole program is dealt out, a file to each in turn, so that
# both take about as long.
LANES = (
    ("windows", ["tests/ui", "tests/render", "tests/bench"]),
    ("rooms", ["tests/unit", "tests/crash", "tests/fuzz", "tests/contract", "tests/vectors"]),
)
SHARED_OUT = "tests/features"


def run_all(pytest_arguments: Sequence[str], *, is_long: bool) -> int:
    """Run linters, types, import contracts and tests; pytest comes last.

    Parameters
    ----------
    pytest_arguments : Sequence[str]
        Handed to pytest as they are.
    is_long : bool
        Whether tests marked ``long`` run too.

    Returns
    -------
    int
        0 only if everything passed.
    """
    failed = [name for name, command in _STATIC_CHECKS if not _passes(name, command)]
    marks = ["-m", _ALL_BUT_BENCHMARKS] if is_long else []
    # A hurried look at the end of the output must not miss what failed before pytest.
    env = {**_environment(os.environ), "BITEWING_FAILED_CHECKS": ", ".join(failed)}
    if pytest_arguments:
        status = _in_one_lane([*marks, *pytest_arguments], env)
    else:
        status = _in_two_lanes(marks, env)
    if status == _NO_TESTS_COLLECTED:
        say("No test was run.")
    return status or int(bool(failed))


def _in_one_lane(arguments: Sequence[str], env: Mapping[str, str]) -> int:
    say("== pytest")
    with _screened(env) as own:
        return subprocess.run(_pytest(arguments), cwd=ROOT, env=own, check=False).returncode


def _in_two_lanes(marks: Sequence[str], env: Mapping[str, str]) -> int:
    """Run every test; the second lane's output follows when the first has ended."""
    (first, first_paths), (second, second_paths) = lanes()
    left_out = {path.name for path in (ROOT / "tests").iterdir() if any(path.glob("**/test_*.py"))}
    left_out -= {Path(path).name for _, paths in LANES for path in [*paths, SHARED_OUT]}
    if left_out:
        say(f"These tests are in no lane: {', '.join(sorted(left_out))}.")
        return 1
    with TemporaryFile() as output, _screened(env) as own, _screened(env) as other:
        command = _pytest([*marks, *second_paths])
        beside = subprocess.Popen(command, cwd=ROOT, env=other, stdout=output, stderr=output)
        try:
            say(f"== pytest: {first}")
            command = _pytest([*marks, *first_paths])
            status = subprocess.run(command, cwd=ROOT, env=own, check=False).returncode
            status_beside = beside.wait()
        finally:
            beside.kill()
            beside.wait()
        say(f"== pytest: {second}")
        output.seek(0)
        shutil.copyfileobj(output, sys.stdout.buffer)
        sys.stdout.flush()
    say(f"== pytest: {first} {_verdict(status)}, {second} {_verdict(status_beside)}")
    return status or status_beside


def lanes() -> list[tuple[str, list[str]]]:
    """Return each lane's name and what it runs."""
    files = sorted((ROOT / SHARED_OUT).glob("test_*.py"))
    names = [path.relative_to(ROOT).as_posix() for path in files]
    return [
        (name, [*paths, *names[place :: len(LANES)]]) for place, (name, paths) in enumerate(LANES)
    ]


def _verdict(status: int) -> str:
    return "ok" if status == 0 else "FAILED"


def _pytest(arguments: Sequence[str]) -> list[str]:
    return [os.fspath(python_of(VENV)), "-m", "pytest", *arguments]


@contextmanager
def _screened(env: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Lend an environment with a screen of its own where there can be one."""
    if not is_debian():
        yield dict(env)
        return
    with virtual_screen() as screen:
        yield {**env, "DISPLAY": screen["DISPLAY"]}


def _passes(name: str, command: Sequence[str]) -> bool:
    say(f"== {name}")
    started = time.monotonic()
    program = os.fspath(scripts_folder(VENV) / command[0])
    done = subprocess.run(
        [program, *command[1:]], cwd=ROOT, env=_environment(os.environ), check=False
    )
    verdict = "ok" if done.returncode == 0 else "FAILED"
    say(f"   {name}: {verdict} in {time.monotonic() - started:.1f} s")
    return done.returncode == 0


def _environment(base: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which the tools are those of ``.venv``."""
    path = os.pathsep.join([os.fspath(scripts_folder(VENV)), base.get("PATH", "")])
    env = {**base, "PATH": path, "VIRTUAL_ENV": os.fspath(VENV)}
    for name in ("PYTHONPATH", "PYTHONHOME", "MYPYPATH", "WAYLAND_DISPLAY", "XAUTHORITY"):
        env.pop(name, None)
    return env
