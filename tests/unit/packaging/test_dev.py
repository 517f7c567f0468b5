"""The set-up script: what it says, what it refuses, and what it leaves running."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import psutil
import pytest

from bootstrap import checks, cli, display, environment, locks, places, system
from bootstrap.messages import Stop
from tests.support.tools import require_tool

CLONE = Path(__file__).resolve().parents[3]
DEV = CLONE / "packaging" / "dev.py"


def dev(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the script as a person would, with the tests' own Python."""
    return subprocess.run(
        [sys.executable, DEV, *arguments],
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_alone_it_names_the_two_commands() -> None:
    done = dev()
    assert done.returncode == 0
    assert "packaging/dev.py demo" in done.stdout
    assert "packaging/dev.py test" in done.stdout


def test_an_unknown_command_is_refused_with_the_help() -> None:
    done = dev("dmeo")
    assert done.returncode == 2
    assert "dmeo" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_imports_nothing_but_the_standard_library() -> None:
    sources = [DEV, *(CLONE / "packaging" / "bootstrap").glob("*.py")]
    imported = {
        name
        for source in sources
        for name in re.findall(r"^(?:from|import) (\w+)", source.read_text("utf-8"), re.MULTILINE)
    }
    assert imported <= set(sys.stdlib_module_names) | {"bootstrap"}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have a display")
def test_demo_without_a_display_says_how_to_get_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    done = dev("demo")
    assert done.returncode == 2
    assert "--screenshots" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_locks_name_no_package_index_and_hash_every_package() -> None:
    for lock in (places.REQUIREMENTS_LOCK, places.BOOTSTRAP_LOCK):
        text = lock.read_text(encoding="utf-8")
        assert not locks._HOST.search(text)
        pins = re.findall(r"^\S+==\S+.*\\\n(?=    --hash=sha256:[0-9a-f]{64})", text, re.MULTILINE)
        assert len(pins) == len(re.findall(r"^[\w.-]+==", text, re.MULTILINE)) > 0


@pytest.fixture
def small_clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty clone whose locks name one tiny package that lies in a local folder."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    wheel = shelf / "speck-1.0-py3-none-any.whl"
    _write_wheel(wheel)
    lock = tmp_path / "speck.lock"
    lock.write_text(f"speck==1.0 --hash=sha256:{_sha256(wheel)}\n", encoding="utf-8")
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(environment, "BOOTSTRAP_LOCK", lock)
    monkeypatch.setattr(environment, "REQUIREMENTS_LOCK", lock)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", os.fspath(shelf))
    return tmp_path


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write_wheel(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("speck.py", "SIZE = 1\n")
        info = "speck-1.0.dist-info"
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: speck\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


def test_pip_steps_in_where_uv_is_unusable_and_the_next_start_does_nothing(
    small_clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.ensure_environment()
    assert "with pip" in capsys.readouterr().out
    python = places.python_of(small_clone / ".venv")
    subprocess.run([python, "-c", "import speck"], check=True)
    assert (small_clone / ".venv" / "bitewing-stamp.json").is_file()
    environment.ensure_environment()
    assert capsys.readouterr().out == ""


def test_a_package_that_is_not_the_locked_one_is_refused(small_clone: Path) -> None:
    wheel = small_clone / "shelf" / "speck-1.0-py3-none-any.whl"
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    with pytest.raises(Stop, match="not the one that was locked"):
        environment.ensure_environment()
    python = places.python_of(small_clone / ".venv")
    assert subprocess.run([python, "-c", "import speck"], check=False).returncode != 0
    assert not (small_clone / ".venv" / "bitewing-stamp.json").exists()


def test_an_index_out_of_reach_is_said_plainly(
    small_clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setattr(environment, "_RETRIES", "1")  # only a retry says why
    with pytest.raises(Stop, match="can't be reached"):
        environment.ensure_environment()


@pytest.mark.skipif(not system.is_debian(), reason="Debian's package tools are not here")
def test_an_ordinary_user_is_shown_the_line_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(
        shutil, "which", lambda name: None if name == "tooth-fairy" else "/bin/true"
    )
    with pytest.raises(Stop, match=r"apt-get install .* tooth-fairy-tools") as stop:
        system.ensure_programs({"tooth-fairy-tools": "tooth-fairy"}, "the tests")
    assert stop.value.code == 2


@pytest.mark.skipif(not system.is_debian(), reason="Debian's package tools are not here")
def test_a_library_counts_as_there_when_another_package_provides_it() -> None:
    assert system._not_installed(["libc6", "no-such-library"]) == ["no-such-library"]


def test_a_python_without_venv_is_said_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(system, "is_debian", lambda: False)
    with pytest.raises(Stop, match="venv and ensurepip"):
        system.ensure_venv_module()


def test_a_full_disk_ends_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_: list[str]) -> int:
        raise OSError(28, "No space left on device", ".venv")

    monkeypatch.setitem(cli._COMMANDS, "setup", full)
    assert cli.main(["setup"]) == 1
    assert "No space left on device" in capsys.readouterr().err


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Xvfb is for Linux")
def test_the_virtual_screen_ends_with_its_use() -> None:
    require_tool("Xvfb")
    with display.virtual_screen() as env:
        assert re.fullmatch(r":\d+", env["DISPLAY"])
        servers = [c for c in psutil.Process().children() if c.name() == "Xvfb"]
        assert len(servers) == 1
    assert not servers[0].is_running()


def test_every_test_runs_in_exactly_one_lane() -> None:
    files = sorted(path.relative_to(CLONE) for path in (CLONE / "tests").glob("**/test_*.py"))
    in_lanes = [
        sum(path.is_relative_to(place) for _, places in checks.lanes() for place in places)
        for path in files
    ]
    assert [path for path, count in zip(files, in_lanes, strict=True) if count != 1] == []
