"""Where things are, on all three systems."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
REQUIREMENTS_LOCK = ROOT / "packaging" / "requirements.lock"
BOOTSTRAP_LOCK = ROOT / "packaging" / "bootstrap.lock"
IS_WINDOWS = os.name == "nt"


def scripts_folder(venv: Path) -> Path:
    """Return the folder of a virtual environment that holds its programs."""
    return venv / ("Scripts" if IS_WINDOWS else "bin")


def program(venv: Path, name: str) -> Path:
    """Return the path of an executable in a virtual environment."""
    return scripts_folder(venv) / (f"{name}.exe" if IS_WINDOWS else name)


def python_of(venv: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    return program(venv, "python")
