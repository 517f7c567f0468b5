"""The import contracts hold: a planted forbidden import is found, wherever it hides."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

CLONE = Path(__file__).resolve().parents[3]
ROOMS = [
    *("model", "crypto", "session", "vault", "dicom", "ingest", "imaging", "redact", "share"),
    *("tools", "relay", "app", "render", "ui", "demo", "bench", "wiring"),
]

INSIDE_A_FUNCTION = "def late() -> None:\n    import {0}\n    assert {0}\n"
FOR_TYPES_ONLY = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import {0}\n"

# Where the import is planted, what is imported, and the contract that must break.
BREACHES = [
    ("model/planted.py", "viewer.app", "layers"),
    ("app/planted.py", "viewer.render", "layers"),
    ("ui/planted.py", "viewer.vault", "vault"),
    ("share/planted.py", "viewer.vault", "vault"),
    ("crypto/planted.py", "viewer.model.image", "crypto"),
    ("ingest/planted.py", "viewer.crypto", "ingest"),
    ("redact/planted.py", "viewer.crypto", "redact"),
    ("share/planted.py", "viewer.dicom", "share"),
    ("tools/planted.py", "viewer.session", "tools"),
    ("demo/planted.py", "viewer.session", "demo"),
    ("relay/planted.py", "viewer.redact", "relay"),
    ("session/planted.py", "viewer.dicom", "stores"),
    ("render/planted.py", "viewer.dicom", "render"),
    ("ui/planted.py", "viewer.session", "ui"),
    ("bench/planted.py", "viewer.ui", "bench"),
    ("app/planted.py", "PySide6.QtCore", "headless"),
    ("imaging/planted.py", "vtkmodules.vtkCommonCore", "headless"),
    ("render/planted.py", "PySide6.QtGui", "qt"),
    ("ui/planted.py", "vtkmodules.vtkCommonCore", "vtk"),
    ("wiring/planted.py", "PySide6.QtCore", "wiring"),
    ("wiring/planted.py", "viewer.vault", "vault"),
    ("session/planted.py", "cryptography.hazmat", "cryptography"),
    ("app/planted.py", "pydicom", "pydicom"),
    ("dicom/planted.py", "SimpleITK", "peers"),
]


@pytest.fixture(scope="module")
def empty_house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a house whose rooms stand empty, under the real contracts."""
    root = tmp_path_factory.mktemp("house")
    shutil.copy(CLONE / "pyproject.toml", root)
    for room in ROOMS:
        (root / "viewer" / room).mkdir(parents=True)
        (root / "viewer" / room / "__init__.py").touch()
    for module in ("__init__.py", "main.py", "model/errors.py", "model/image.py", "ui/viewport.py"):
        (root / "viewer" / module).touch()
    return root


def broken_contracts(root: Path) -> set[str]:
    """Return the names of the contracts that import-linter finds broken below a folder."""
    program = (
        "import sys; sys.path.insert(0, '.')\n"
        "from importlinter.cli import lint_imports_command\n"
        "lint_imports_command(['--no-logo', '--no-cache'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=root,
        env={**os.environ, "COLUMNS": "200", "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    names = {contract["name"]: contract["id"] for contract in contracts()}
    broken = {
        names[line.removesuffix(" BROKEN")]
        for line in done.stdout.splitlines()
        if line.endswith(" BROKEN")
    }
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    assert bool(broken) == bool(done.returncode), done.stdout + done.stderr
    return broken


def contracts() -> list[dict[str, str]]:
    settings = tomllib.loads((CLONE / "pyproject.toml").read_text(encoding="utf-8"))
    found: list[dict[str, str]] = settings["tool"]["importlinter"]["contracts"]
    return found


def test_every_contract_breaks_on_an_import_that_it_forbids(empty_house: Path) -> None:
    assert broken_contracts(empty_house) == set()
    # One house for each way to hide an import; all breaches of it are planted at once.
    for disguise in (INSIDE_A_FUNCTION, FOR_TYPES_ONLY):
        for place, imported, _ in BREACHES:
            with (empty_house / "viewer" / place).open("a", encoding="utf-8") as file:
                file.write(disguise.format(imported))
        assert broken_contracts(empty_house) == {contract for _, _, contract in BREACHES}
        for planted in empty_house.rglob("planted.py"):
            planted.unlink()


def test_every_contract_has_a_breach_that_proves_it() -> None:
    assert {contract["id"] for contract in contracts()} == {contract for _, _, contract in BREACHES}


def test_a_room_without_a_place_in_the_layers_breaks_them(empty_house: Path) -> None:
    attic = empty_house / "viewer" / "attic"
    attic.mkdir()
    (attic / "__init__.py").touch()
    assert broken_contracts(empty_house) == {"layers"}
    shutil.rmtree(attic)


def test_the_viewport_may_touch_vtk(empty_house: Path) -> None:
    viewport = empty_house / "viewer" / "ui" / "viewport.py"
    viewport.write_text("import vtkmodules.vtkCommonCore\n", encoding="utf-8")
    assert broken_contracts(empty_house) == set()
    viewport.write_text("", encoding="utf-8")
