"""Every command as practice IT meets it: exit status, JSON, and one plain line where it fails."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pydicom
import pytest

from tests.support.practice import OFFICER, PASSWORD, found, write_images
from viewer.app.commands.console import Console
from viewer.app.commands.main import run
from viewer.session.keystore import FileKeyStore
from viewer.vault.store import Vault
from viewer.wiring import commands

_FIELDS = {
    "id", "patient_id", "study_uid", "series_uid", "sop_instance_uids", "modality", "shape",
    "state",
}  # fmt: skip


@attrs.frozen
class Said:
    """What a command said."""

    status: int
    out: str
    err: str

    @property
    def facts(self) -> Any:
        return json.loads(self.out)

    @property
    def complaints(self) -> list[str]:
        """Lines on standard error, without the notice that every start with a key file gives."""
        lines = self.err.splitlines()
        return [line for line in lines if not line.startswith("Warning: KEY FILE")]


@attrs.frozen
class Office:
    """A practice of IT's own, and its command line."""

    root: Path
    images: Path
    ids: dict[str, str]

    def bitewing(self, *words: str, user: str = OFFICER, password: str = PASSWORD) -> Said:
        """Run a command in this process, the password on standard input."""
        return bitewing(
            "--store", str(self.root / "store"), "--keystore", f"file:{self.root / 'keys.json'}",
            "--user", user, "--password-file", "-", *words, source=f"{password}\n{password}\n",
        )  # fmt: skip


def bitewing(*words: str, source: str = "") -> Said:
    out, err = io.StringIO(), io.StringIO()
    console = Console(out, err, io.StringIO(source))
    try:
        status = run(words, console, more=(commands.add_demo, commands.add_bench))
    except SystemExit as end:  # argparse
        status = int(end.code or 0)
    return Said(status, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """A practice with a bitewing, a panoramic and a CBCT, imported on the command line."""
    root = tmp_path_factory.mktemp("office")
    found(root / "store", FileKeyStore(root / "keys.json"))
    images = write_images(root / "in")
    office = Office(root, images, {})
    said = office.bitewing("import", str(images), "--json")
    assert said.status == 0, said.err
    office.ids.update({each["kind"]: each["id"] for each in said.facts["stored"]})
    assert said.facts["refused"] == []
    return office


def fails(said: Said, *, status: int = 1) -> str:
    """Check that a command failed as promised; return its one line."""
    assert said.status == status, said
    assert len(said.complaints) == 1, said.err
    assert said.out == ""
    assert "Traceback" not in said.err
    return said.complaints[0]


# --- the store and its accounts ----------------------------------------------------------------


def test_help_names_every_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "viewer.main", "--help"],
        cwd=Path(__file__).resolve().parents[2], capture_output=True, text=True, timeout=60,
        check=True,
    )  # fmt: skip
    words = [
        "demo", "init", "user", "import", "list", "export-pixels", "check", "audit", "share",
        "open", "bench", "rekey", "erase", "certificate", "review",
    ]  # fmt: skip
    assert [word for word in words if word not in done.stdout] == []
    assert done.stderr == ""


def test_init_makes_a_practice_and_prints_the_recovery_key_once(tmp_path: Path) -> None:
    place = ["--store", str(tmp_path / "s"), "--keystore", f"file:{tmp_path / 'k.json'}"]
    order = ["init", "--practice", "Linden", "--officer", "olga", "--password-file", "-", "--json"]
    said = bitewing(*place, *order, source=f"{PASSWORD}\n")
    assert said.status == 0, said.err
    assert said.facts["practice"] == "Linden"
    assert len(said.facts["recovery_key"]) > 50
    assert "already" in fails(bitewing(*place, *order, source=f"{PASSWORD}\n"))
    listed = bitewing(*place, "--user", "olga", "--password-file", "-", "user", "list", "--json",
                      source=f"{PASSWORD}\n")  # fmt: skip
    assert [(user["name"], user["enabled"]) for user in listed.facts] == [("olga", True)]


def test_init_refuses_a_weak_password_and_leaves_nothing(tmp_path: Path) -> None:
    said = bitewing(
        "--store", str(tmp_path / "s"), "--keystore", f"file:{tmp_path / 'k.json'}", "init",
        "--practice", "L", "--officer", "olga", "--password-file", "-", source="short\n",
    )  # fmt: skip
    assert "more characters" in fails(said)
    assert not (tmp_path / "s" / "accounts.json").exists()


def test_accounts_are_added_listed_disabled_and_given_passwords(
    office: Office, tmp_path: Path
) -> None:
    secret = tmp_path / "new.txt"
    secret.write_text("violet harbour nine lamps\n", encoding="utf-8")
    add = ["user", "add", "vera.vale", "--role", "dentist", "--new-password-file", str(secret)]
    assert office.bitewing(*add, "--json").facts[0]["role"] == "dentist"
    assert fails(office.bitewing(*add))
    assert "vera.vale" in office.bitewing("user", "list").out
    given = {"user": "vera.vale", "password": "violet harbour nine lamps"}
    assert "given to you" in fails(office.bitewing("list", **given))
    own = tmp_path / "own.txt"
    own.write_text("a sentence of one's own\n", encoding="utf-8")
    words = ("user", "passwd", "vera.vale", "--new-password-file", str(own))
    change = office.bitewing(*words, **given)
    assert change.status == 0, change.err
    assert office.bitewing("list", user="vera.vale", password="a sentence of one's own").status == 0
    secret.write_text("another sentence to type\n", encoding="utf-8")
    passwd = office.bitewing("user", "passwd", "vera.vale", "--new-password-file", str(secret))
    assert passwd.status == 0, passwd.err
    assert fails(office.bitewing("list", user="vera.vale", password="a sentence of one's own"))
    assert office.bitewing("user", "disable", "vera.vale").status == 0
    assert fails(office.bitewing("list", user="vera.vale", password="another sentence to type"))


# --- images ------------------------------------------------------------------------------------


def test_list_has_the_documented_fields(office: Office) -> None:
    listed = office.bitewing("list", "--json").facts
    assert len(listed) == 3
    for image in listed:
        assert set(image) >= _FIELDS
        assert image["state"] == "shown"
    volume = next(image for image in listed if len(image["shape"]) == 3)
    files = [pydicom.dcmread(p, stop_before_pixels=True) for p in office.images.glob("ct*.dcm")]
    assert sorted(volume["sop_instance_uids"]) == sorted(f.SOPInstanceUID for f in files)
    assert {volume["series_uid"]} == {f.SeriesInstanceUID for f in files}
    assert {volume["study_uid"]} == {f.StudyInstanceUID for f in files}
    assert (volume["modality"], volume["shape"]) == ("CT", [24, 40, 48])


def test_list_of_one_patient_takes_id_or_chart_number(office: Office) -> None:
    everybody = office.bitewing("list", "--json").facts
    by_chart = office.bitewing("list", "--patient", "1001", "--json").facts
    by_id = office.bitewing("list", "--patient", everybody[0]["patient_id"], "--json").facts
    assert by_chart == by_id == everybody
    assert office.bitewing("list", "--patient", "nobody", "--json").facts == []


def test_import_says_what_was_refused_and_goes_on(office: Office, tmp_path: Path) -> None:
    again = tmp_path / "in"
    shutil.copytree(office.images, again)
    (again / "broken.dcm").write_bytes(bytes(128) + b"DICM" + b"nonsense")
    said = office.bitewing("import", str(again))
    assert said.status == 0
    assert "refused broken.dcm" in said.out
    assert "0 images stored" in said.out
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "broken.dcm").write_bytes(bytes(128) + b"DICM" + b"nonsense")
    assert office.bitewing("import", str(tmp_path / "bad")).status == 1


def test_export_pixels_writes_the_values_of_the_files_and_an_entry(
    office: Office, tmp_path: Path
) -> None:
    out = tmp_path / "pano.npy"
    said = office.bitewing("export-pixels", office.ids["panoramic"], "--out", str(out), "--json")
    assert said.facts["dtype"] == "uint16"
    stored = pydicom.dcmread(office.images / "pano.dcm").pixel_array
    np.testing.assert_array_equal(np.load(out), stored)
    newest = office.bitewing("audit", "list", "--last", "9", "--json").facts
    assert any(each["kind"] == "export" and each["outcome"] == "done" for each in newest)
    before = out.read_bytes()
    fails(office.bitewing("export-pixels", office.ids["panoramic"], "--out", str(out)))
    assert out.read_bytes() == before


def test_check_opens_every_object(office: Office) -> None:
    facts = office.bitewing("check", "--deep", "--json").facts
    assert (facts["sound"], facts["deep"]) == (True, True)
    assert facts["objects"] >= 9
    assert "sound" in office.bitewing("check").out


def test_check_finds_a_changed_byte_and_exits_with_3(tmp_path: Path) -> None:
    root = tmp_path
    found(root / "store", FileKeyStore(root / "keys.json"))
    hurt = Office(root, write_images(root / "in", cbct=False), {})
    assert hurt.bitewing("import", str(hurt.images)).status == 0
    largest = max(
        (p for p in (root / "store").rglob("*") if p.is_file() and "objects" in p.parts),
        key=lambda p: p.stat().st_size,
    )
    content = bytearray(largest.read_bytes())
    content[len(content) // 2] ^= 1
    largest.write_bytes(content)
    said = hurt.bitewing("check", "--deep", "--json")
    assert said.status == 3
    assert not said.facts["sound"]
    assert said.facts["findings"]


# --- the trail ---------------------------------------------------------------------------------


def test_the_trail_is_listed_exported_and_verified(office: Office) -> None:
    listed = office.bitewing("audit", "list", "--json").facts
    assert {"login", "import"} <= {each["kind"] for each in listed}
    assert "login" in office.bitewing("audit", "list").out
    lines = office.bitewing("audit", "export", "jsonl").out.splitlines()
    assert json.loads(lines[0])["number"] < json.loads(lines[-1])["number"]
    rows = list(csv.DictReader(io.StringIO(office.bitewing("audit", "export", "csv").out)))
    assert set(rows[0]) == set(json.loads(lines[0]))
    verdict = office.bitewing("audit", "verify", "--json").facts
    assert verdict["whole"]
    assert verdict["first_bad_entry"] is None


def test_the_trail_is_verified_offline_and_an_edit_exits_with_3(
    office: Office, tmp_path: Path
) -> None:
    trail = next((office.root / "store").rglob("public.key")).parent
    copy = tmp_path / "trail"
    copy.mkdir()
    for path in trail.iterdir():
        if path.is_file():
            (copy / path.name).write_bytes(path.read_bytes())
    offline = ["audit", "verify", "--public-key", str(copy / "public.key"), "--trail", str(copy)]
    assert "whole" in bitewing(*offline).out
    segment = max(copy.iterdir(), key=lambda path: path.stat().st_size)
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 1
    segment.write_bytes(content)
    said = bitewing(*offline, "--json")
    assert said.status == 3
    assert not said.facts["whole"]
    assert fails(bitewing(*offline[:4]))
    assert "no trail" in fails(bitewing(*offline[:5], str(tmp_path / "elsewhere")))
    offline[3] = str(tmp_path / "no.key")
    assert fails(bitewing(*offline))


# --- sharing -----------------------------------------------------------------------------------


def share(office: Office, out: Path, *more: str) -> Said:
    return office.bitewing(
        "share", office.ids["panoramic"], "--profile", "referral", "--recipient", "Dr. Castellano",
        "--out", str(out), *more,
    )  # fmt: skip


def test_a_share_is_sealed_and_opens_with_its_passphrase_alone(
    office: Office, tmp_path: Path
) -> None:
    out = tmp_path / "share.age"
    sealed = share(office, out, "--confirm", "all", "--json")
    assert sealed.status == 0, sealed.err
    facts = sealed.facts
    assert facts["size_bytes"] == out.stat().st_size
    again = share(office, out, "--confirm", "all")
    assert fails(again)
    opened = bitewing(
        "open", str(out), "--to", str(tmp_path / "got"), "--password-file", "-", "--json",
        source=facts["passphrase"] + "\n",
    )  # fmt: skip
    assert opened.status == 0, opened.err
    assert opened.facts["images"] == [{"kind": "panoramic", "files": 1}]
    got = list((tmp_path / "got").iterdir())
    assert [path.name for path in got] == ["IM00001.dcm"]
    wrong = bitewing("open", str(out), "--password-file", "-", source="not-the-words\n")
    assert fails(wrong, status=wrong.status)
    content = bytearray(out.read_bytes())
    content[-40] ^= 1
    out.write_bytes(content)
    damaged = bitewing("open", str(out), "--password-file", "-", source=facts["passphrase"] + "\n")
    assert damaged.status in {1, 3}
    assert fails(damaged, status=damaged.status)


# --- what goes wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "hint"),
    [
        (lambda o: o.bitewing("list", password="not the password"), "password"),
        (lambda o: o.bitewing("list", user="nobody"), "password"),
        (lambda o: o.bitewing("list", "--store", str(o.root / "empty")), "init"),
        (lambda o: o.bitewing("list", "--keystore", "paper"), "os"),
        (lambda o: o.bitewing("list", "--keystore", f"file:{o.root / 'other.json'}"), "key"),
        (lambda o: o.bitewing("list", "--password-file", str(o.root / "none")), "password"),
        (lambda o: o.bitewing("list", "--user", ""), "--user"),
        (lambda o: o.bitewing("export-pixels", "0" * 32, "--out", str(o.root / "x.npy")), ""),
        (lambda o: o.bitewing("export-pixels", "../x", "--out", str(o.root / "x.npy")), ""),
        (lambda o: o.bitewing("import", str(o.root / "nowhere")), ""),
        (lambda o: o.bitewing("share", "0" * 32, "--profile", "referral", "--recipient", "X",
                              "--out", str(o.root / "x.age")), ""),
        (lambda o: o.bitewing("open", str(o.root / "none.age")), ""),
        (lambda o: o.bitewing("open", str(o.images / "pano.dcm")), ""),
        (lambda o: o.bitewing("user", "disable", "nobody"), ""),
    ],
)  # fmt: skip
def test_a_fault_is_one_plain_line(
    office: Office, ask: Callable[[Office], Said], hint: str
) -> None:
    said = ask(office)
    assert said.status in {1, 3}, said
    assert len(said.complaints) == 1 or said.out, said
    text = said.err + said.out
    assert hint in text
    assert str(office.root) not in text
    assert "Traceback" not in text


def test_a_store_in_use_by_another_process_says_so(office: Office) -> None:
    script = (
        "import sys; from tests.support.practice import *; from viewer.session.keystore import *\n"
        "from pathlib import Path\n"
        f"with open_clinic(Path({str(office.root / 'store')!r}),"
        f" FileKeyStore(Path({str(office.root / 'keys.json')!r}))) as clinic:\n"
        "    clinic.log_in(OFFICER, PASSWORD); print('open', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=Path(__file__).resolve().parents[2],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as other:  # fmt: skip
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        assert "open" in fails(office.bitewing("list"))
        other.communicate()
    assert other.returncode == 0


def test_wrong_usage_exits_with_2_and_says_how(capsys: pytest.CaptureFixture[str]) -> None:
    assert bitewing("export-pixels").status == 2
    assert "--out" in capsys.readouterr().err
    assert bitewing("nonsense").status == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.expects_log("command failed with ZeroDivisionError")
def test_a_bug_shows_neither_traceback_nor_the_text_of_the_fault(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object, **__: object) -> Iterator[None]:
        raise ZeroDivisionError("Example, Ada")

    monkeypatch.setattr(Vault, "patients", break_down)
    assert "Ada" not in fails(office.bitewing("list"), status=4)


def test_a_failed_login_is_in_the_trail(office: Office) -> None:
    fails(office.bitewing("list", password="not the password"))
    kinds = [each["kind"] for each in office.bitewing("audit", "list", "--json").facts]
    assert "login failed" in kinds


# --- keys and erasing ---------------------------------------------------------------------------


def test_rekey_and_erase_say_what_they_did_and_the_certificate_can_be_checked(
    tmp_path: Path,
) -> None:
    found(tmp_path / "store", FileKeyStore(tmp_path / "keys.json"))
    office = Office(tmp_path, write_images(tmp_path / "in", cbct=False), {})
    stored = office.bitewing("import", str(office.images), "--json").facts["stored"]
    said = office.bitewing("rekey", "--reseal", "--json")
    assert (said.status, said.facts["epoch"], said.facts["retired_epochs"]) == (0, 2, [1])
    assert said.facts["resealed"]["objects"] == 6

    certificate = tmp_path / "certificate.json"
    order = ["erase", "1001", "--reason", "asked to", "--certificate", str(certificate)]
    assert "--yes" in fails(office.bitewing(*order))
    said = office.bitewing(*order, "--yes", "--json")
    assert said.status == 0, said.err
    facts = said.facts["certificate"]
    assert (facts["patient_id"], facts["image_count"]) == (stored[0]["patient_id"], 2)
    assert (said.facts["retired_epochs"], facts["epochs_destroyed"]) == ([2], [1, 2])
    assert office.bitewing("list", "--json").facts == []
    assert "exists" in fails(office.bitewing(*order, "--yes"))

    checked = office.bitewing("certificate", str(certificate), "--json")
    assert (checked.status, checked.facts["is_final"]) == (0, True)
    certificate.write_bytes(certificate.read_bytes().replace(b"asked to", b"asked no"))
    fails(office.bitewing("certificate", str(certificate)), status=3)
    fails(office.bitewing("certificate", str(certificate), "--public", "ab" * 32), status=3)
