"""`bitewing emergency`: the sealed code at a terminal, from making it to its review."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.features.test_commands import Said, bitewing
from tests.support.practice import OFFICER, PASSWORD, add_person, found, open_clinic, write_images
from viewer.app.emergency_sheet import LINES, EmergencySheet, emergency_pdf
from viewer.app.recovery_sheet import qr_rows
from viewer.app.use_cases import importing
from viewer.session.emergency import EmergencyCode
from viewer.session.keystore import FileKeyStore

REASON = "Patient in the chair"


class Office:
    """A practice with images, and its command line."""

    def __init__(self, root: Path) -> None:
        self.root = root
        keystore = FileKeyStore(root / "keys.json")
        found(root / "store", keystore)
        images = write_images(root / "images", cbct=False)
        with open_clinic(root / "store", keystore) as clinic:
            clinic.log_in(OFFICER, PASSWORD)
            importing.import_paths(clinic, importing.ImportPaths((images,)))

    def officer(self, *words: str) -> Said:
        return self.run("--user", OFFICER, "--password-file", "-", *words, source=f"{PASSWORD}\n")

    def run(self, *words: str, source: str = "") -> Said:
        return bitewing(
            "--store", str(self.root / "store"), "--keystore", f"file:{self.root / 'keys.json'}",
            *words, source=source,
        )  # fmt: skip

    def use(self, typed: str, *words: str) -> Said:
        return self.run(
            "emergency", "use", "--name", "Mara Linden", "--reason", REASON,
            "--code-file", "-", *words, source=f"{typed}\n",
        )  # fmt: skip


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_a_code_is_made_used_once_and_waits_for_its_review(office: Office) -> None:
    assert office.officer("emergency", "status").out.startswith("There is no sealed code.")
    made = office.officer("emergency", "make", "--json")
    typed = made.facts["emergency_code"]
    assert office.officer("emergency", "status", "--json").facts["code_since"]
    used = office.use(typed)
    assert used.status == 0, used.err
    assert "Example" in used.out
    again = office.use(typed)
    assert again.status == 1
    assert again.complaints[0].startswith("This code was used or replaced before.")
    status = office.officer("emergency", "status")
    assert "There is no sealed code." in status.out
    assert "Emergency: Mara Linden, 20" in status.out
    assert REASON in status.out
    assert "New keys are due" in status.out


def test_a_slip_costs_nothing_and_says_where_it_is(office: Office) -> None:
    typed = office.officer("emergency", "make", "--json").facts["emergency_code"]
    groups = typed.split("-")
    groups[4] = ("2" if groups[4][0] != "2" else "3") + groups[4][1:]
    refused = office.use("-".join(groups))
    assert refused.status == 1
    assert refused.complaints[0].startswith("Group 5 of the code is not right.")
    assert office.use(typed).status == 0


def test_a_destroyed_code_opens_nothing(office: Office) -> None:
    typed = office.officer("emergency", "make", "--json").facts["emergency_code"]
    assert office.officer("emergency", "destroy").out == "The code opens nothing any more.\n"
    assert office.officer("emergency", "destroy", "--json").facts == {"destroyed": False}
    assert office.use(typed).status == 1


def test_a_code_is_not_used_up_while_another_program_has_the_store(office: Office) -> None:
    typed = office.officer("emergency", "make", "--json").facts["emergency_code"]
    with open_clinic(office.root / "store", FileKeyStore(office.root / "keys.json")) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        assert "open" in office.use(typed).complaints[0]
    assert office.use(typed).status == 0


def test_who_may_not_manage_keys_makes_no_code(office: Office) -> None:
    with open_clinic(office.root / "store", FileKeyStore(office.root / "keys.json")) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        add_person(clinic, "dentist")
    refused = office.run(
        "--user", "dentist person", "--password-file", "-", "emergency", "make",
        source=f"{PASSWORD}\n",
    )  # fmt: skip
    assert refused.status == 1
    assert "may not manage keys" in refused.err


def test_the_sheet_shows_the_code_its_square_and_five_lines_and_the_label_does_not(
    office: Office, tmp_path: Path
) -> None:
    target = tmp_path / "sheet.pdf"
    made = office.officer("emergency", "make", "--sheet", str(target), "--json")
    code = EmergencyCode.from_text(made.facts["emergency_code"])
    raw = target.read_bytes()
    assert raw.startswith(b"%PDF-")
    assert target.stat().st_mode & 0o077 == 0
    for group in code.groups:
        assert raw.count(group.encode()) == 1  # on the sheet, not on the label
    modules = sum(sum(line) for line in qr_rows(code.text))
    assert raw.count(b" re f") >= modules
    assert len(LINES) == 5
    assert "the code in plain" in made.err
    assert office.officer("emergency", "make", "--sheet", str(target)).status == 1


def test_the_same_sheet_is_the_same_file() -> None:
    code = EmergencyCode.new()
    sheet = EmergencySheet("Practice", "operatory 2", code.groups, date(2026, 11, 23))
    assert emergency_pdf(sheet) == emergency_pdf(sheet)
    assert code.text not in repr(sheet)
