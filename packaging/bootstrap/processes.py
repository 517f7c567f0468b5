"""Run a program quietly into a log, with a sign of life while it works."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bootstrap.messages import Stop

_SIGN_OF_LIFE_S = 10.0
_ERASE_LINE = "\r\x1b[K"


def logged(
    command: Sequence[str | Path],
    log_path: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> tuple[int, str]:
    """Run a program without standard input; its output goes to the log.

    Returns
    -------
    tuple[int, str]
        Exit status, and what the program printed.

    Raises
    ------
    Stop
        The program can't be started at all.
    """
    log_path.parent.mkdir(parents=True, exist_ok=True)
    with log_path.open("wb") as log:
        try:
            process = subprocess.Popen(
                [os.fspath(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(env) if env is not None else None,
                cwd=cwd,
            )
        except OSError as error:
            raise Stop(f"{command[0]} can't be started: {error.strerror}.") from error
        status = _wait_with_signs_of_life(process)
    return status, log_path.read_text(encoding="utf-8", errors="replace")


def _wait_with_signs_of_life(process: subprocess.Popen[bytes]) -> int:
    started = time.monotonic()
    on_terminal = sys.stdout.isatty()
    try:
        while True:
            try:
                status = process.wait(timeout=1.0 if on_terminal else _SIGN_OF_LIFE_S)
            except subprocess.TimeoutExpired:
                elapsed = f"  {time.monotonic() - started:.0f} s …"
                print(_ERASE_LINE + elapsed if on_terminal else elapsed, end="", flush=True)
                print(end="" if on_terminal else "\n", flush=True)
                continue
            if on_terminal:
                print(end=_ERASE_LINE, flush=True)
            return status
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def tail(output: str, lines: int = 6) -> str:
    """Return the last lines of a program's output, indented."""
    kept = [line for line in output.splitlines() if line.strip()][-lines:]
    return "\n".join(f"    {line.rstrip()}" for line in kept)
