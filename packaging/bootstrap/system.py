"""System libraries and programs: which are missing, and how a Debian gets them."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from bootstrap.messages import Stop, say, step
from bootstrap.processes import logged, tail

# What Qt's xcb platform and VTK load at run time, with the file that shows where it is missing.
# Fonts come with libfontconfig1, Mesa's software renderer with libgl1.
RUN_PACKAGES = {
    "libgl1": "libGL.so.1",
    "libegl1": "libEGL.so.1",
    "libglib2.0-0": "libglib-2.0.so.0",
    "libdbus-1-3": "libdbus-1.so.3",
    "libfontconfig1": "libfontconfig.so.1",
    "libxkbcommon0": "libxkbcommon.so.0",
    "libxkbcommon-x11-0": "libxkbcommon-x11.so.0",
    "libxcb-cursor0": "libxcb-cursor.so.0",
    "libxcb-icccm4": "libxcb-icccm.so.4",
    "libxcb-image0": "libxcb-image.so.0",
    "libxcb-keysyms1": "libxcb-keysyms.so.1",
    "libxcb-randr0": "libxcb-randr.so.0",
    "libxcb-render-util0": "libxcb-render-util.so.0",
    "libxcb-shape0": "libxcb-shape.so.0",
    "libxcb-sync1": "libxcb-sync.so.1",
    "libxcb-xfixes0": "libxcb-xfixes.so.0",
    "libxcb-xkb1": "libxcb-xkb.so.1",
    "libx11-xcb1": "libX11-xcb.so.1",
    "libxcursor1": "libXcursor.so.1",
    "libxrender1": "libXrender.so.1",
}

# A virtual screen, for tests and for screenshots where there is no display.
SCREEN_PACKAGES = {"xvfb": "Xvfb"}

# Independent readers that the tests check Bitewing's own work against, with the program of each.
TEST_PACKAGES = {
    **SCREEN_PACKAGES,
    "dcmtk": "dcmdump",
    "dicom3tools": "dciodvfy",
    "age": "age",
    "dbus-daemon": "dbus-run-session",
    "gnome-keyring": "gnome-keyring-daemon",
    "rsyslog": "rsyslogd",
    "rsyslog-gnutls": "",  # a plug-in, no program
    "libxml2-utils": "xmllint",
    "poppler-utils": "pdftotext",
}


def is_debian() -> bool:
    """Return whether Debian's package tools are here (Debian, Ubuntu and their kin)."""
    return sys.platform == "linux" and shutil.which("dpkg-query") is not None


def ensure_libraries() -> None:
    """See to it that the viewer's system libraries are installed.

    Raises
    ------
    Stop
        Some are missing and can't be installed from here.
    """
    if not sys.platform.startswith("linux"):
        return
    if is_debian():
        _ensure_packages(_not_installed(RUN_PACKAGES), "the viewer")
        return
    missing = [library for library in RUN_PACKAGES.values() if not _loads(library)]
    if missing:
        raise Stop(
            "The viewer needs these system libraries: " + " ".join(missing) + "\n"
            "Install them with your system's package tool and start again.",
            code=2,
        )


def ensure_programs(packages: dict[str, str], purpose: str) -> None:
    """See to it that programs are on the path, by way of their Debian packages.

    Parameters
    ----------
    packages : dict[str, str]
        Debian package name to the program that shows it is there; "" asks Debian's list instead.
    purpose : str
        Who needs them, for the message.
    """
    missing = [name for name, command in packages.items() if command and not shutil.which(command)]
    if not is_debian():
        return
    missing += _not_installed(name for name, command in packages.items() if not command)
    if missing:
        _ensure_packages(missing, purpose)


def ensure_venv_module() -> None:
    """See to it that this Python can make virtual environments with pip in them.

    Debian splits ``ensurepip`` off into a package of its own.
    """
    if importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip"):
        return
    if is_debian() and sys.base_prefix == "/usr":
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        _ensure_packages([f"python{version}-venv"], "making Python environments")
        importlib.invalidate_caches()
        if importlib.util.find_spec("ensurepip"):
            return
    raise Stop(
        "This Python comes without the modules venv and ensurepip.\n"
        "Install them with your system's package tool, or use a Python from python.org.",
        code=2,
    )


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _not_installed(packages: Iterable[str]) -> list[str]:
    """Return the packages that neither are installed nor provided by an installed one."""
    listing = subprocess.run(
        ["dpkg-query", "--show", "--showformat", "${db:Status-Status}|${Package}|${Provides}\n"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    present = set()
    for line in listing.splitlines():
        status, name, provides = line.split("|", 2)
        if status == "installed":
            present.add(name)
            present.update(part.split()[0] for part in provides.split(",") if part.strip())
    return [name for name in packages if name not in present]


def _ensure_packages(missing: Sequence[str], purpose: str) -> None:
    if not missing:
        return
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    if not is_root:
        line = (
            f"apt-get update && apt-get install --yes --no-install-recommends {' '.join(missing)}"
        )
        prefix = "sudo" if shutil.which("sudo") else "su -c"
        raise Stop(
            f"Debian packages are missing for {purpose}. Run this line, then start again:\n\n"
            f'    {prefix} {"sh -c " if prefix == "sudo" else ""}"{line}"\n',
            code=2,
        )
    with step(f"installing Debian packages for {purpose}: {' '.join(missing)}"):
        _apt(install)


def _apt(install: Sequence[str]) -> None:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    wait_for_others = ["-o", "DPkg::Lock::Timeout=300"]
    with tempfile.TemporaryDirectory(prefix="bitewing-apt-") as folder:
        log_path = Path(folder) / "apt.log"
        status, output = 1, ""
        if any(Path("/var/lib/apt/lists").glob("*_Packages*")):
            status, output = logged([*install, *wait_for_others], log_path, env)
        if status != 0:
            say("  renewing Debian's package lists")
            status, output = logged(["apt-get", "update", *wait_for_others], log_path, env)
            # A list that can't be renewed is no reason to stop: the install says what it lacks.
            status, output = logged([*install, *wait_for_others], log_path, env)
    if status != 0:
        raise Stop(
            "Debian's package tool could not install them. Its last lines:\n"
            f"{tail(output)}\n"
            f"Check the network and the disk, then try:\n\n    {' '.join(install)}\n"
        )
