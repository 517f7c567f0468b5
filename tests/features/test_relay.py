"""The trail on another machine, from the command line to a real rsyslog and back."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.support.audit_server import AuditServer, Authority
from tests.support.practice import OFFICER, PASSWORD, found
from viewer.app.commands.console import Console
from viewer.app.commands.main import run
from viewer.relay.syslog import AUDIT, RECORD, read_received
from viewer.session.keystore import FileKeyStore


@attrs.frozen
class Office:
    """A practice, its audit server and the certificates between them."""

    root: Path
    server: AuditServer

    def bitewing(self, *words: str, user: str = OFFICER) -> tuple[int, str, str]:
        """Run a command; status, output, complaints."""
        out, err = io.StringIO(), io.StringIO()
        console = Console(out, err, io.StringIO(f"{PASSWORD}\n"))
        fixed = ("--store", str(self.root / "store"), "--keystore", f"file:{self.root / 'keys'}")
        status = run((*fixed, "--user", user, "--password-file", "-", *words), console)
        return status, out.getvalue(), err.getvalue()

    def facts(self, *words: str) -> Any:
        """Run a command with --json."""
        status, out, err = self.bitewing("--json", *words)
        assert status in {0, 1, 3}, err
        return json.loads(out)

    def set_server(self, *more: str) -> tuple[int, str, str]:
        """Name the audit server, with our certificate."""
        return self.bitewing(
            "relay", "set", f"127.0.0.1:{self.server.port}", "--name", self.server.name,
            "--ca", str(self.root / "ca.pem"), "--cert", str(self.root / "ours.pem"),
            "--key", str(self.root / "ours.key.pem"), *more,
        )  # fmt: skip


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    authority = Authority()
    ours = authority.pair("operatory-1")
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    (tmp_path / "ours.pem").write_bytes(ours.certificate)
    (tmp_path / "ours.key.pem").write_bytes(ours.key)
    found(tmp_path / "store", FileKeyStore(tmp_path / "keys"))
    server = AuditServer(tmp_path / "server", authority)
    yield Office(tmp_path, server)
    server.stop()


def kinds(server: AuditServer) -> list[str]:
    found_lines = (read_received(line) for line in server.lines())
    return [each.kind for each in found_lines if each]


def test_a_practice_sends_its_trail_and_compares_it_without_an_account(office: Office) -> None:
    with office.server:
        status, out, err = office.set_server()
        assert status == 0, err
        assert "Test Practice" not in out
        office.bitewing("audit", "verify")
        assert office.bitewing("relay", "send")[0] == 0
        office.server.wait_for(6)
        assert RECORD in kinds(office.server)  # from before it was set: their words came later
        assert AUDIT in kinds(office.server)
        assert office.facts("relay", "show")["without_words"] == 0
    kept = office.root / "server" / "received"
    compared = office.facts("relay", "compare", str(kept))
    assert compared["same"] is True
    assert compared["records"] >= 5


def test_a_server_that_is_away_costs_nothing_but_time(office: Office) -> None:
    status, _, err = office.set_server()
    assert status == 1
    assert "was not reached" in err
    assert office.facts("relay", "show")["state"] == "off"
    assert office.set_server("--untried")[0] == 0
    assert office.bitewing("audit", "verify")[0] == 0  # work goes on
    assert office.facts("relay", "show")["waiting"] > 3
    with office.server:
        assert office.bitewing("relay", "send")[0] == 0
        office.server.wait_for(6)
    assert office.facts("relay", "compare", str(office.root / "server" / "received"))["same"]


def test_a_line_that_somebody_changed_on_either_side_is_found(office: Office) -> None:
    with office.server:
        office.set_server()
        office.bitewing("relay", "send")
        lines = office.server.wait_for(5)
    kept = office.root / "kept"
    spoiled = [line.replace('leaf="', 'leaf="00', 1)[:-2] if n == 2 else line
               for n, line in enumerate(lines)]  # fmt: skip
    spoiled[2] = lines[2].replace(lines[2].split('leaf="')[1][:4], "0000", 1)
    kept.write_text("\n".join(spoiled), encoding="utf-8")
    status, out, _ = office.bitewing("relay", "compare", str(kept))
    assert status == 3
    assert "another one than was sent" in out


def test_what_cannot_be_an_audit_server_is_refused_in_one_line(office: Office) -> None:
    authority = str(office.root / "ca.pem")
    status, _, err = office.bitewing("relay", "set", "bad host", "--ca", authority)
    assert status == 1
    assert "no address" in err
    status, _, err = office.bitewing("relay", "set", "h", "--ca", str(office.root / "missing"))
    assert status == 1
    assert "cannot be read" in err
    assert office.bitewing("relay", "off")[0] == 0
    assert office.facts("relay", "show")["state"] == "off"
