"""The virtual environment: exactly what the lock names, checked by hash, and Bitewing itself.

pip installs uv at one pinned version with hashes; uv installs the rest, and where uv can't work pip
does it too. Bitewing needs no build: a path file names the clone, and a small script is the
command ``bitewing``. A stamp in the environment makes the next start immediate.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from bootstrap.messages import Stop, say, step
from bootstrap.places import (
    BOOTSTRAP_LOCK,
    IS_WINDOWS,
    REQUIREMENTS_LOCK,
    ROOT,
    VENV,
    program,
    python_of,
    scripts_folder,
)
from bootstrap.processes import logged, tail
from bootstrap.system import ensure_venv_module

_LAYOUT = 1  # raise it when this file comes to install something else from the same lock
_RETRIES = "2"
_NEEDED_BYTES = 3 * 1024**3
_PROBE = "import sys; print(sys.version_info >= (3, 11), sys.prefix != sys.base_prefix)"

# What a failed installation says, and what a person can do about it. The first match counts.
_TROUBLES = (
    (
        ("hash mismatch", "do not match the hashes"),
        """\
A downloaded package is not the one that was locked (its hash differs), so it was refused.
Try again; if it stays so, tell whoever looks after your package index.""",
    ),
    (
        ("no space left", "disk full", "os error 28"),
        "The disk is full. The environment needs about 3 GB; make room and start again.",
    ),
    (
        (
            "dns error",
            "name resolution",
            "name or service not known",
            "getaddrinfo failed",
            "connection refused",
            "network is unreachable",
            "failed to fetch",
            "newconnectionerror",
            "operation timed out",
            "read timed out",
            "error sending request",
            "tunnel error",
        ),
        """\
The Python package index can't be reached.
Check the network; behind a proxy set HTTPS_PROXY, with an index of your own set PIP_INDEX_URL.
Then start again: what is already there is kept.""",
    ),
    (
        ("no wheels", "no matching distribution", "not a supported wheel", "building wheel"),
        """\
A locked package has no ready-made build for this Python or this machine.
Use a 64-bit Python 3.11 to 3.14 on Windows, macOS 14 or Linux with glibc 2.34, or newer:
    python3.12 packaging/dev.py setup""",
    ),
)


def ensure_environment() -> None:
    """See to it that ``.venv`` holds exactly what is locked; at once when nothing changed.

    Raises
    ------
    Stop
        The environment can't be made; the message says why and what to do.
    """
    wanted = _stamp()
    stamp_path = VENV / "bitewing-stamp.json"
    if python_of(VENV).exists() and _read_stamp(stamp_path) == wanted:
        return
    say("Preparing the Python environment in .venv (the first time takes some minutes).")
    _make_venv()
    stamp_path.unlink(missing_ok=True)
    _install_locked()
    _install_bitewing()
    stamp_path.write_text(json.dumps(wanted, indent=1), encoding="utf-8")
    say("The Python environment is ready.")


def _stamp() -> dict[str, str]:
    """Return what an environment depends on: both locks, the place of the clone, this recipe."""
    digest = hashlib.sha256()
    for lock in (BOOTSTRAP_LOCK, REQUIREMENTS_LOCK):
        digest.update(lock.read_bytes().replace(b"\r\n", b"\n"))
    return {"locks": digest.hexdigest(), "clone": str(ROOT), "layout": str(_LAYOUT)}


def _read_stamp(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _make_venv() -> None:
    if _is_usable(VENV):
        return
    ensure_venv_module()
    free_bytes = shutil.disk_usage(ROOT).free
    if free_bytes < _NEEDED_BYTES:
        raise Stop(
            f"Only {free_bytes / 1024**3:.1f} GB are free on this disk; the environment needs "
            "about 3 GB.\nMake room and start again.",
            code=2,
        )
    with step(f"making .venv with Python {sys.version.split()[0]}"):
        if VENV.exists():
            shutil.rmtree(VENV)
        log_path = ROOT / ".venv-setup.log"
        status, output = logged([sys.executable, "-m", "venv", VENV], log_path)
        log_path.unlink(missing_ok=True)
    if status != 0:
        shutil.rmtree(VENV, ignore_errors=True)
        raise Stop(f"Python could not make a virtual environment:\n{tail(output)}")


def _is_usable(venv: Path) -> bool:
    """Return whether the environment's own interpreter runs, is new enough and has pip."""
    if not python_of(venv).exists():
        return False
    try:
        done = subprocess.run(
            [python_of(venv), "-I", "-c", _PROBE + "; import pip"],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0 and done.stdout.split() == ["True", "True"]


def _install_locked() -> None:
    pip: list[str | Path] = [
        python_of(VENV),
        "-I",
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--no-input",
    ]
    options = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--retries", _RETRIES]
    with step("installing uv, which installs the rest"):
        uv_is_here = _run([*pip, "install", *options, "-r", BOOTSTRAP_LOCK])
    if uv_is_here:
        with step("installing the locked packages (about 400 MB to load)"):
            sync: list[str | Path] = [
                "pip",
                "sync",
                "--require-hashes",
                "--no-build",
                "--python",
                python_of(VENV),
            ]
            if _run([program(VENV, "uv"), *sync, REQUIREMENTS_LOCK], uv_environment()):
                return
    with step("uv can't do it here; installing the locked packages with pip"):
        if not _run([*pip, "install", *options, "-r", REQUIREMENTS_LOCK]):
            raise Stop(
                "The locked packages could not be installed. The last lines were:\n"
                f"{tail(_log_path().read_text(encoding='utf-8', errors='replace'))}\n"
                "All of it is in .venv/setup.log."
            )


def _log_path() -> Path:
    return VENV / "setup.log"


def _run(command: list[str | Path], env: dict[str, str] | None = None) -> bool:
    """Run one installation; return whether it worked, stop where another way can't help."""
    try:
        status, output = logged(command, _log_path(), env)
    except Stop:
        return False
    if status == 0:
        return True
    folded = output.casefold()
    for signs, advice in _TROUBLES:
        if any(sign in folded for sign in signs):
            raise Stop(f"{advice}\n\nThe last lines were:\n{tail(output)}")
    return False


def uv_environment() -> dict[str, str]:
    """Return the environment for uv, with what pip is told about index and certificates.

    uv reads no pip settings, so a company's index or a TLS-inspecting proxy that pip knows of
    would stop it.
    """
    env = {**os.environ, "UV_NO_PROGRESS": "1"}
    env.setdefault("UV_SYSTEM_CERTS", "1")
    env.setdefault("UV_HTTP_TIMEOUT", "180")
    env.pop("VIRTUAL_ENV", None)
    listing = subprocess.run(
        [python_of(VENV), "-m", "pip", "--disable-pip-version-check", "config", "list"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    settings = {}
    for line in listing.splitlines():
        name, _, value = line.partition("=")
        settings[name.rpartition(".")[2]] = value.strip("'\"")
    for pip_name, uv_name in (("index-url", "UV_DEFAULT_INDEX"), ("cert", "SSL_CERT_FILE")):
        if settings.get(pip_name):
            env.setdefault(uv_name, settings[pip_name])
    return env


def _install_bitewing() -> None:
    """Put the clone on the environment's path, and the command ``bitewing`` beside its Python."""
    site_packages = subprocess.run(
        [python_of(VENV), "-I", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    # Before 3.13 Python reads path files in the locale's encoding.
    encoding = "utf-8" if sys.version_info >= (3, 13) else "locale"
    Path(site_packages, "bitewing.pth").write_text(f"{ROOT}\n", encoding=encoding)
    folder = scripts_folder(VENV)
    # -P: whatever lies in the folder where the command is typed is not imported.
    if IS_WINDOWS:
        script = '@"%~dp0python.exe" -P -m viewer.main %*\r\n'
        (folder / "bitewing.cmd").write_text(script, encoding="ascii", newline="")
        return
    script = f'#!/bin/sh\nexec {shlex.quote(str(python_of(VENV)))} -P -m viewer.main "$@"\n'
    (folder / "bitewing").write_text(script, encoding="utf-8")
    (folder / "bitewing").chmod(0o755)
