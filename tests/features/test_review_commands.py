"""``bitewing review`` as practice IT meets it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.support.practice import OFFICER, PASSWORD, a_patient, found, write_images
from viewer.app.commands.console import Console
from viewer.app.commands.main import run
from viewer.session.keystore import FileKeyStore

Run = Callable[..., Any]


@attrs.frozen
class Said:
    """What a command said."""

    status: int
    out: str
    err: str

    @property
    def facts(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(scope="module")
def bitewing(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A practice with one patient and one share, and its command line."""
    root = tmp_path_factory.mktemp("office")
    found(root / "store", FileKeyStore(root / "keys.json"))

    def bitewing(*words: str, user: str = OFFICER) -> Said:
        out, err = io.StringIO(), io.StringIO()
        console = Console(out, err, io.StringIO(f"{PASSWORD}\n{PASSWORD}\n"))
        order = (
            "--store", str(root / "store"), "--keystore", f"file:{root / 'keys.json'}",
            "--user", user, "--password-file", "-", *words,
        )  # fmt: skip
        return Said(run(order, console), out.getvalue(), err.getvalue())

    images = write_images(root / "in", a_patient("Example", "20431"), cbct=False)
    stored = bitewing("import", str(images), "--json").facts["stored"]
    said = bitewing(
        "share", stored[0]["id"], "--profile", "referral", "--recipient", "Dr. Castellano",
        "--out", str(root / "x.age"), "--confirm", "all",
    )  # fmt: skip
    assert said.status == 0, said.err
    said = bitewing(
        "export-pixels", stored[0]["id"], "--out", str(root / "x.npy"), "--purpose", "Research",
        "--recipient", "University",
    )  # fmt: skip
    assert said.status == 0, said.err
    return bitewing


def test_a_finding_is_listed_signed_off_and_no_longer_open(bitewing: Run) -> None:
    listed = bitewing("review", "list", "--json").facts
    assert listed["open_findings"] == len(listed["findings"]) > 0
    key_store = next(each for each in listed["findings"] if each["rule"] == "key store")
    said = bitewing("review", "sign-off", key_store["id"][:12], "--note", "a test machine")
    assert said.status == 0, said.err
    again = bitewing("review", "list", "--all", "--json").facts
    signed = next(each for each in again["findings"] if each["id"] == key_store["id"])
    assert (signed["signed_by"], signed["note"]) == (OFFICER, "a test machine")
    assert again["last_review"] is not None


def test_a_sign_off_of_what_is_not_there_is_refused(bitewing: Run) -> None:
    said = bitewing("review", "sign-off", "ffffffffffff", "--note", "nothing")
    assert said.status == 1
    assert "There is no such finding" in said.err


def test_who_saw_a_patient_is_printed_by_chart_number(bitewing: Run) -> None:
    facts = bitewing("review", "patient", "20431", "--json").facts
    assert facts["name"] == "Example, Ada"
    assert {"share", "export", "import"} & {each["kind"] for each in facts["entries"]}
    words = bitewing("review", "patient", "Example").out
    assert words.startswith("Example, Ada\n")
    said = bitewing("review", "patient", "99999")
    assert (said.status, "no such patient" in said.err) == (1, True)


def test_disclosures_are_printed_and_written(bitewing: Run, tmp_path: Path) -> None:
    lines = bitewing("review", "disclosures", "20431", "--json").facts["disclosures"]
    assert [(each["recipient"], each["purpose"], each["required"]) for each in lines] == [
        ("Dr. Castellano", "Referral", False),
        ("University", "Research", True),
    ]
    out = tmp_path / "accounting.pdf"
    said = bitewing("review", "disclosures", "20431", "--out", str(out))
    assert "1 of 2 are asked for" in said.out
    assert out.read_bytes().startswith(b"%PDF")
    assert "University" in out.with_suffix(".csv").read_text("utf-8-sig")


def test_the_report_of_a_month_is_written_once(bitewing: Run, tmp_path: Path) -> None:
    out = tmp_path / "review.pdf"
    facts = bitewing("review", "report", "--out", str(out), "--json").facts
    assert facts["whole"]
    assert len(facts["sha256"]) == 64
    assert out.read_bytes().startswith(b"%PDF")
    again = bitewing("review", "report", "--out", str(out))
    assert (again.status, "already" in again.err) == (1, True)


def test_hours_are_set_and_checked(bitewing: Run) -> None:
    said = bitewing("review", "hours", "--opens", "08:00", "--closes", "18:00", "--json")
    assert said.facts["closes"] == "18:00"
    wrong = bitewing("review", "hours", "--opens", "18:00", "--closes", "08:00")
    assert (wrong.status, "after it opens" in wrong.err) == (1, True)
