"""A store whose list of images was damaged is repaired through the command, as a signed fork."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.support.practice import OFFICER, PASSWORD, found, write_images
from viewer.app.clinic import Clinic
from viewer.app.commands.console import Console
from viewer.app.commands.main import run
from viewer.app.use_cases.importing import ImportPaths, import_paths
from viewer.session.audit.events import EventKind
from viewer.session.keystore import FileKeyStore
from viewer.vault.layout import Layout

OK, DAMAGED = 0, 3


class Office:
    """A practice with imported images and the copy of their list that an import leaves."""

    def __init__(self, root: Path) -> None:
        self.store, self.key_file = root / "store", root / "keys.json"
        (root / "password").write_text(PASSWORD)
        self._password = root / "password"
        found(self.store, FileKeyStore(self.key_file))
        write_images(root / "in")
        clinic = self.clinic()
        try:
            self.count = len(import_paths(clinic, ImportPaths((root / "in",))).stored)
        finally:
            clinic.close()

    def clinic(self) -> Clinic:
        clinic = Clinic(self.store, FileKeyStore(self.key_file))
        clinic.log_in(OFFICER, PASSWORD)
        return clinic

    def bitewing(self, *words: str) -> tuple[int, str]:
        out = io.StringIO()
        options = ("--store", str(self.store), "--keystore", f"file:{self.key_file}")
        who = ("--user", OFFICER, "--password-file", str(self._password))
        console = Console(out=out, err=out)
        return run([*options, *who, *words], console), out.getvalue()


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_a_damaged_list_of_images_is_repaired_and_the_fork_is_in_the_trail(office: Office) -> None:
    catalog = Layout(office.store).catalog
    catalog.write_bytes(b"\xff" * 64 + catalog.read_bytes()[64:])
    status, said = office.bitewing("check")
    assert status == DAMAGED
    assert "check --repair" in said
    status, said = office.bitewing("check", "--repair")
    assert "put back from its copy" in said
    status, said = office.bitewing("check", "--deep")
    assert (status, "sound" in said) == (OK, True)
    clinic = office.clinic()
    try:
        session = clinic.desk.session
        assert session is not None
        events = clinic.open_trail_reader(session).page()
    finally:
        clinic.close()
    kinds = [event.entry.kind for event in events]
    assert kinds.count(EventKind.HISTORY_FORKED) == 1
    assert EventKind.STORE_REPAIRED in kinds


def test_what_has_no_second_place_is_told_as_lost(office: Office) -> None:
    objects = sorted(Layout(office.store).objects.glob("*/*"), key=lambda path: path.stat().st_size)
    for path in objects:
        raw = bytearray(path.read_bytes())
        raw[-1] ^= 1
        path.write_bytes(raw)
    status, said = office.bitewing("check", "--repair", "--deep")
    assert status == DAMAGED
    begins = [line.split(":")[0] for line in said.splitlines()]
    assert begins.count("lost") == len(objects) - 1
    assert begins.count("repaired") == 1  # the overview, which is made again when it is needed
