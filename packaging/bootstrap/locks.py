"""Renew the lock files: one universal resolution for Linux, Windows and macOS, with hashes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from bootstrap.environment import ensure_environment, uv_environment
from bootstrap.messages import Stop, say, step
from bootstrap.places import BOOTSTRAP_LOCK, REQUIREMENTS_LOCK, ROOT, VENV, program
from bootstrap.processes import logged, tail

_OLDEST_PYTHON = "3.11"
_HOST = re.compile(r"\w+://|file:|--(?:extra-)?index-url|--find-links")


def renew(options: Sequence[str]) -> None:
    """Write both lock files anew; pins stay as they are unless ``--upgrade`` is among the options.

    Raises
    ------
    Stop
        The resolution failed, or a lock would name a package index.
    """
    ensure_environment()
    pyproject = ["pyproject.toml", "--group", "dev"]
    _compile([*pyproject, *options], REQUIREMENTS_LOCK)
    _compile(["packaging/bootstrap.in", *options], BOOTSTRAP_LOCK)
    ensure_environment()


def _compile(source: Sequence[str], lock: Path) -> None:
    draft = lock.with_suffix(".draft")
    draft.write_bytes(lock.read_bytes() if lock.exists() else b"")
    flags = ["--universal", "--generate-hashes", "--python-version", _OLDEST_PYTHON, "--quiet"]
    env = {**uv_environment(), "UV_CUSTOM_COMPILE_COMMAND": "python3 packaging/dev.py lock"}
    try:
        with step(f"locking {lock.name}"):
            command: list[str | Path] = [
                program(VENV, "uv"),
                "pip",
                "compile",
                *source,
                *flags,
                "-o",
                draft,
            ]
            status, output = logged(command, VENV / "lock.log", env, cwd=ROOT)
        if status != 0:
            raise Stop(f"No set of packages fits. The last lines were:\n{tail(output, 12)}")
        text = draft.read_text(encoding="utf-8")
        if _HOST.search(text):
            raise Stop(f"{lock.name} would name a package index; it was left as it was.")
        changed = not lock.exists() or lock.read_text(encoding="utf-8") != text
        draft.replace(lock)
        say(f"  {lock.name} {'has changed' if changed else 'is as it was'}")
    finally:
        draft.unlink(missing_ok=True)
