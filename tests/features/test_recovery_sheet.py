"""The recovery sheet on paper, read back by programs that are not ours."""

from __future__ import annotations

import io
import os
import shutil
import stat
import subprocess
from argparse import Namespace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from PIL import Image
from PySide6.QtGui import QPdfWriter
from PySide6.QtWidgets import QApplication

from tests.support.practice import OFFICER, PASSWORD, open_clinic
from viewer.app.commands import paper
from viewer.app.commands.console import Console
from viewer.app.commands.main import run
from viewer.app.errors import NothingChosen
from viewer.app.recovery_sheet import (
    RecoverySheet,
    SheetNotWritten,
    prove_at_founding,
    qr_rows,
    sheet_pdf,
    write_sheet,
)
from viewer.app.use_cases import recovery, trail
from viewer.session.audit.events import EventFilter, EventKind
from viewer.session.errors import RecoveryKeyMistyped
from viewer.session.recovery import RecoveryKey
from viewer.ui.print_sheet import print_on

needs_poppler = pytest.mark.skipif(not shutil.which("pdftotext"), reason="poppler is not here")


@pytest.fixture
def key() -> RecoveryKey:
    return RecoveryKey.new()


@pytest.fixture
def sheet(key: RecoveryKey) -> RecoverySheet:
    return RecoverySheet("Zahnarztpraxis Rosengarten", key.groups, date(2026, 11, 23))


def scan(pixels: np.ndarray) -> str:
    """Read the code as a scanner would."""
    found = zxingcpp.read_barcodes(np.ascontiguousarray(pixels))
    assert [each.format.name for each in found] == ["QRCode"]
    return found[0].text


def text_of(pdf: Path) -> str:
    return subprocess.run(
        ["pdftotext", "-layout", str(pdf), "-"], check=True, capture_output=True, text=True
    ).stdout


def picture_of(pdf: Path) -> np.ndarray:
    """What a printer of 150 dpi would put on the page."""
    raw = subprocess.run(
        ["pdftoppm", "-r", "150", "-gray", str(pdf)], check=True, capture_output=True
    ).stdout
    with Image.open(io.BytesIO(raw)) as page:
        return np.asarray(page.convert("L"))


def test_the_code_holds_the_key_for_any_reader(key: RecoveryKey) -> None:
    rows = np.array(qr_rows(key.text))
    picture = np.where(np.pad(rows, 4), 0, 255).astype(np.uint8).repeat(6, 0).repeat(6, 1)
    back = RecoveryKey.from_text(scan(picture))
    assert back.public == key.public


@needs_poppler
def test_the_page_says_the_key_in_groups_and_in_its_code(
    key: RecoveryKey, sheet: RecoverySheet, tmp_path: Path
) -> None:
    pdf = tmp_path / "sheet.pdf"
    pdf.write_bytes(sheet_pdf(sheet))
    words = text_of(pdf)
    found = [word for word in words.split() if word in key.groups]
    assert found == list(key.groups)
    for said in ("Zahnarztpraxis Rosengarten", "Secret", "checksum", "23 November 2026"):
        assert said in words
    assert RecoveryKey.from_text(scan(picture_of(pdf))).public == key.public


@needs_poppler
def test_the_printed_page_says_the_same(
    key: RecoveryKey, sheet: RecoverySheet, tmp_path: Path, qapp: QApplication
) -> None:
    pdf = tmp_path / "printed.pdf"
    device = QPdfWriter(str(pdf))
    device.setPageSize(device.pageLayout().pageSize())
    print_on(device, sheet)
    words = text_of(pdf)
    assert [word for word in words.split() if word in key.groups] == list(key.groups)
    assert "checksum" in words
    assert RecoveryKey.from_text(scan(picture_of(pdf))).public == key.public


def test_a_page_names_neither_its_program_nor_a_time(sheet: RecoverySheet) -> None:
    assert sheet_pdf(sheet) == sheet_pdf(sheet)
    assert b"2000" in sheet_pdf(sheet)  # the date of a page without one


def test_the_file_is_for_this_account_alone_and_replaces_nothing_unasked(
    sheet: RecoverySheet, tmp_path: Path
) -> None:
    path = tmp_path / "sheet.pdf"
    write_sheet(path, sheet)
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(SheetNotWritten):
        write_sheet(path, sheet)
    write_sheet(path, sheet, replace=True)
    with pytest.raises(SheetNotWritten):
        write_sheet(tmp_path / "no" / "sheet.pdf", sheet)


def test_a_link_that_lies_there_is_not_followed(sheet: RecoverySheet, tmp_path: Path) -> None:
    elsewhere, path = tmp_path / "elsewhere.pdf", tmp_path / "sheet.pdf"
    path.symlink_to(elsewhere)
    with pytest.raises(SheetNotWritten):
        write_sheet(path, sheet)
    write_sheet(path, sheet, replace=True)
    assert not elsewhere.exists()


@pytest.mark.parametrize("at", range(0, 56, 5))
def test_one_wrong_character_is_noticed_before_anything_is_tried(key: RecoveryKey, at: int) -> None:
    letters = list("".join(key.groups))
    letters[at] = "7" if letters[at] != "7" else "8"
    with pytest.raises(RecoveryKeyMistyped):
        RecoveryKey.from_text("".join(letters))


def test_a_proof_at_the_founding_is_kept_and_in_the_trail(tmp_path: Path) -> None:
    with open_clinic(tmp_path / "store") as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        fresh = recovery.replace_recovery(clinic, recovery.ReplaceRecovery())
        assert clinic.practice.recovery_proved_at is None
        assert prove_at_founding(clinic, fresh)
        assert clinic.practice.recovery_proved_at is not None
        assert not prove_at_founding(clinic, RecoveryKey.new())
        reader = trail.open_trail(clinic, trail.OpenTrail())
        page = reader.page(EventFilter(kinds=frozenset({EventKind.STORE_CHECKED})), 0, 9)
        assert any("read back at the founding" in each.entry.why for each in page)


# --- at the terminal ---------------------------------------------------------------------------


class Terminal(io.StringIO):
    """A standard input that is a terminal."""

    def isatty(self) -> bool:
        return True


def console_with(typed: list[str], monkeypatch: pytest.MonkeyPatch) -> Console:
    answers = iter(typed)
    monkeypatch.setattr("getpass.getpass", lambda prompt="": next(answers))
    return Console(io.StringIO(), io.StringIO(), Terminal())


def said(console: Console) -> str:
    return console.out.getvalue() + console.err.getvalue()  # type: ignore[attr-defined]


def test_init_asks_the_sheet_back_and_keeps_the_proof(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The founder's eyes: what is asked for is read off the printed lines."""
    console = Console(io.StringIO(), io.StringIO(), Terminal())

    def answer(prompt: str = "") -> str:
        if "Password" in prompt:
            return PASSWORD
        number = prompt.rpartition("group ")[2].rstrip(": ")
        words = console.out.getvalue().split()  # type: ignore[attr-defined]
        return words[words.index(number) + 1].lower()

    monkeypatch.setattr("getpass.getpass", answer)
    pdf = tmp_path / "sheet.pdf"
    place = ["--store", str(tmp_path / "s"), "--keystore", f"file:{tmp_path / 'k.json'}"]
    order = ["init", "--practice", "Linden", "--officer", "Olga", "--sheet", str(pdf)]
    assert run([*place, *order], console) == 0
    assert "the sheet can be read" in said(console)
    assert "key in plain" in said(console)
    assert pdf.read_bytes().startswith(b"%PDF")
    status = Console(io.StringIO(), io.StringIO(), io.StringIO(f"{PASSWORD}\n"))
    asked = ["--user", "Olga", "--password-file", "-", "recovery", "status"]
    assert run([*place, *asked], status) == 0
    assert "The sheet was proved on" in said(status)


def test_groups_that_are_not_on_the_sheet_prove_nothing(
    key: RecoveryKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    console = console_with(["AAAA"] * 6, monkeypatch)
    assert not paper.read_back(key, console)
    assert "Look at the paper again" in said(console)


def test_without_a_terminal_the_proof_is_put_off_and_said(key: RecoveryKey) -> None:
    console = Console(io.StringIO(), io.StringIO(), io.StringIO())
    assert not paper.read_back(key, console)
    assert "recovery prove" in said(console)


def test_a_sheet_is_refused_before_there_is_a_practice(tmp_path: Path) -> None:
    taken = tmp_path / "sheet.pdf"
    taken.write_text("something")
    for path in (taken, tmp_path / "no" / "sheet.pdf"):
        with pytest.raises(NothingChosen):
            paper.require_sheet_can_be_written(Namespace(sheet=str(path)))


def test_a_terminal_shows_the_code_dark_on_white(key: RecoveryKey) -> None:
    lines = paper.terminal_qr(key.text)
    assert all(each.startswith("\x1b[30;107m") and each.endswith("\x1b[0m") for each in lines)
    halves = {"█": (0, 0), "▀": (0, 255), "▄": (255, 0), " ": (255, 255)}
    cells = [[halves[char] for char in each[9:-4]] for each in lines]
    rows = np.array(cells, dtype=np.uint8).transpose(0, 2, 1).reshape(-1, len(cells[0]))
    assert scan(np.pad(rows, 2, constant_values=255).repeat(6, 0).repeat(6, 1)) == key.text
