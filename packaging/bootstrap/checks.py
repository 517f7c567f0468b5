"""Everything that has to hold before a change lands, in the order of what fails fastest."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

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
    with ExitStack() as stack:
        if is_debian():
            env["DISPLAY"] = stack.enter_context(virtual_screen())["DISPLAY"]
        say("== pytest")
        command = [os.fspath(python_of(VENV)), "-m", "pytest", *marks, *pytest_arguments]
        status = subprocess.run(command, cwd=ROOT, env=env, check=False).returncode
    if status == _NO_TESTS_COLLECTED:
        say("No test was run.")
    return status or int(bool(failed))


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
