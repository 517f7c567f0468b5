"""The trail, sent to a real rsyslog over mutual TLS: nothing is lost, and nobody else gets it."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from pathlib import Path

import pytest

from tests.support.audit_server import AuditServer, Authority
from tests.unit.relay.conftest import PRACTICE, WHO, Station
from viewer.crypto.secret import Secret
from viewer.relay.compare import Difference, compare
from viewer.relay.errors import RelayFault, RelayRefused
from viewer.relay.relay import TOLD_AFTER_S, RelayState
from viewer.relay.syslog import AUDIT, HEAD, RECORD, read_received
from viewer.session.audit.events import Entry, EventKind
from viewer.session.audit.segment import public_key_path, segment_path
from viewer.session.errors import AccountsTampered, NoKeyStore


def positions(lines: list[str], kind: str = AUDIT) -> list[int]:
    found = (read_received(line) for line in lines)
    return [each.mark.seq for each in found if each and each.kind == kind]


def words(lines: list[str]) -> str:
    return "\n".join(each.words for line in lines if (each := read_received(line)))


def test_what_is_committed_arrives_with_its_words_and_its_leaf(
    station: Station, server: AuditServer, authority: Authority
) -> None:
    with server:
        station.send_to(server, authority)
        station.write(5)
        station.trail.checkpoint()
        station.relay.send_now()
        lines = server.wait_for(7)
    assert len(positions(lines)) == 5
    assert "bitewings 4" in words(lines)
    public = public_key_path(station.folder).read_text(encoding="utf-8")
    compared = compare(station.folder, lines, public)
    assert compared.is_same
    assert compared.heads >= 1


def test_records_from_before_the_server_was_set_arrive_by_their_leaves(
    station: Station, server: AuditServer, authority: Authority
) -> None:
    station.write(4, "before")
    with server:
        station.send_to(server, authority)
        station.relay.send_now()
        lines = server.wait_for(4)
        assert len(positions(lines, RECORD)) == 4
        assert "before" not in "\n".join(lines)
        assert len(station.relay.blanks()) == 4


def test_an_outage_and_restarts_lose_nothing(
    station: Station, server: AuditServer, authority: Authority
) -> None:
    station.send_to(server, authority)  # nobody listens
    station.write(6, "first outage")
    station.restart()
    station.relay.start()
    station.write(6, "second outage")
    assert station.relay.status().waiting >= 12
    station.restart()
    station.relay.start()
    with server:
        station.relay.send_now()
        lines = server.wait_for(12)
    assert len(set(positions(lines))) == 12
    assert "first outage 5" in words(lines)
    assert "second outage 5" in words(lines)
    assert station.relay.status().waiting == 0


def test_a_server_that_is_killed_again_and_again_misses_nothing_that_it_confirmed(
    station: Station, server: AuditServer, authority: Authority
) -> None:
    station.send_to(server, authority)
    for turn in range(6):
        server.start()
        station.write(20, f"turn {turn}")
        with contextlib.suppress(RelayFault):  # killed under another thread's send: sent again
            station.relay.send_now()
        server.stop(signal.SIGKILL if turn % 2 else signal.SIGTERM)
    with server:
        station.relay.send_now()
        server.wait_for(120)
        lines = server.lines()
    found = compare(station.folder, lines).first
    missing = 120 - len(set(positions(lines)))
    # rsyslog confirms what it has read, and may be killed before it has written that: such a
    # loss is the server's own, and the comparison must name it.
    assert missing == 0 or (found is not None and found.difference is Difference.NOT_SENT)


def test_another_server_gets_nothing(
    station: Station, server: AuditServer, authority: Authority, tmp_path: Path
) -> None:
    stranger = AuditServer(tmp_path / "stranger", Authority("somebody else"))
    with stranger:
        policy = station.relay.policies.made(
            "127.0.0.1", stranger.port, authority.pem, peer_name=stranger.name
        )
        station.relay.policies.write(policy)
        station.relay.start()
        station.write(3)
        with pytest.raises(RelayFault, match="not the one that it should be"):
            station.relay.send_now()
        assert stranger.lines() == []


def test_a_server_of_another_name_gets_nothing(
    station: Station, server: AuditServer, authority: Authority
) -> None:
    with server:
        station.send_to(server, authority, name="audit.elsewhere")
        station.write(3)
        with pytest.raises(RelayFault, match="not the one"):
            station.relay.send_now()
        assert server.lines() == []


def test_a_server_that_asks_for_a_certificate_gets_ours_and_takes_no_stranger(
    station: Station, server: AuditServer, authority: Authority
) -> None:
    with server:
        policy = station.relay.policies.made(
            "127.0.0.1", server.port, authority.pem, peer_name=server.name
        )
        station.relay.policies.write(policy)
        station.relay.start()
        station.write(3)
        with pytest.raises(RelayFault):
            station.relay.send_now()  # without a certificate
        station.send_to(server, authority)
        station.relay.send_now()
        assert len(set(positions(server.wait_for(3)))) == 3


def test_words_that_wait_are_sealed(
    station: Station, server: AuditServer, authority: Authority
) -> None:
    station.send_to(server, authority)
    station.write(3, "quartz marker")
    station.relay.stop()
    raw = b"".join(p.read_bytes() for p in (station.folder / "relay").iterdir() if p.is_file())
    assert b"quartz marker" not in raw
    assert WHO.name.encode() not in raw


def test_the_key_of_the_certificate_is_not_in_the_store_in_clear(
    station: Station, server: AuditServer, authority: Authority
) -> None:
    ours = authority.pair("operatory-1")
    policies = station.relay.policies
    policy = policies.made(
        "127.0.0.1", 6514, authority.pem, certificate=ours.certificate, private_key=ours.key
    )
    assert "ENCRYPTED" in policy.private_key
    assert ours.key.decode().splitlines()[1] not in policy.private_key


def test_a_removed_spool_costs_words_and_no_records(
    station: Station, server: AuditServer, authority: Authority
) -> None:
    station.send_to(server, authority)
    station.write(5, "lost words")
    station.restart()
    (station.folder / "relay" / "spool").unlink()
    station.relay.start()
    with server:
        station.relay.send_now()
        lines = server.wait_for(5)
        assert len(positions(lines, RECORD)) >= 5
        assert compare(station.folder, lines).is_same


def test_an_edited_policy_sends_nothing_anywhere(
    station: Station, server: AuditServer, authority: Authority
) -> None:
    station.send_to(server, authority)
    station.relay.stop()
    path = station.folder / "relay" / "policy.json"
    path.write_text(
        path.read_text(encoding="utf-8").replace("127.0.0.1", "127.0.0.2"), encoding="utf-8"
    )
    with pytest.raises(AccountsTampered):
        station.relay.start()
    assert station.relay.status().state is RelayState.OFF


def test_a_long_outage_and_its_end_are_in_the_trail(
    station: Station, server: AuditServer, authority: Authority
) -> None:
    station.send_to(server, authority)
    station.write(1)
    wait_until(lambda: station.relay.status().state is RelayState.BEHIND)
    station.clock.pass_s(TOLD_AFTER_S + 1)
    before = station.trail.records
    wait_until(lambda: station.trail.records > before)
    with server:
        wait_until(lambda: "caught up" in words(server.lines()))
        assert "behind: The audit server was not reached." in words(server.lines())


def test_a_policy_that_cannot_be_used_is_refused_with_the_reason(
    station: Station, authority: Authority
) -> None:
    made = station.relay.policies.made
    ours, others = authority.pair("a"), authority.pair("b")
    with pytest.raises(RelayRefused, match="no address"):
        made("bad host!", 6514, authority.pem)
    with pytest.raises(RelayRefused, match="no address"):
        made("host", 70000, authority.pem)
    with pytest.raises(RelayRefused, match="no certificate"):
        made("host", 6514, b"nothing")
    with pytest.raises(RelayRefused, match="another certificate's"):
        made("h", 1, authority.pem, certificate=ours.certificate, private_key=others.key)
    with pytest.raises(RelayRefused, match="needs its key"):
        made("h", 1, authority.pem, certificate=ours.certificate)
    with pytest.raises(RelayRefused, match="not valid any more"):
        made("h", 1, authority.pair("old", days=-1).certificate)


def test_a_local_history_written_anew_is_found_by_comparing(
    make_station: object, server: AuditServer, authority: Authority, tmp_path: Path
) -> None:
    """The attacker holds the device secret: he writes another trail and signs it properly."""
    station = make_station()  # type: ignore[operator]
    with server:
        station.send_to(server, authority)
        station.write(8, "as it was")
        station.trail.checkpoint()
        station.relay.send_now()
        lines = server.wait_for(9)
    station.close()
    for path in segment_path(station.folder, 1).parent.iterdir():
        path.unlink()
    from viewer.session.audit.trail import Trail

    forged = Trail.create(station.folder, station.keystore, PRACTICE, station.public, station.clock)
    for number in range(8):
        forged.append(Entry(EventKind.VIEW, WHO, why=f"as he likes it {number}"))
    assert forged.verify().is_whole  # nothing on this workstation can tell
    public = public_key_path(station.folder).read_text(encoding="utf-8")
    forged.close()
    found = compare(station.folder, lines, public).first
    assert found is not None
    assert found.difference is Difference.CHANGED


def test_a_cut_history_is_found_by_comparing(
    station: Station, server: AuditServer, authority: Authority
) -> None:
    with server:
        station.send_to(server, authority)
        station.write(3)
        station.trail.checkpoint()
        kept = segment_path(station.folder, 1).read_bytes()
        station.write(5)
        station.relay.send_now()
        lines = server.wait_for(8)
    station.close()
    segment_path(station.folder, 1).write_bytes(kept)
    found = compare(station.folder, lines).first
    assert found is not None
    assert found.difference is Difference.MISSING


def test_a_head_with_another_signature_is_found(
    station: Station, server: AuditServer, authority: Authority
) -> None:
    with server:
        station.send_to(server, authority)
        station.write(2)
        station.trail.checkpoint()
        station.relay.send_now()
        lines = server.wait_for(3)
    assert positions(lines, HEAD)
    public = public_key_path(station.folder).read_text(encoding="utf-8")
    forged = list(lines)
    last = max(n for n, line in enumerate(forged) if "BITEWING-HEAD" in line)
    head, _, note = forged[last].rpartition("\ufeff")
    forged[last] = f"{head}\ufeff{note[:40]}{'A' if note[40] != 'A' else 'B'}{note[41:]}"
    found = compare(station.folder, forged, public).first
    assert found is not None
    assert found.difference is Difference.BAD_HEAD


def wait_until(is_so: object, within: int = 600) -> None:
    """Poll until something is so: another thread and another process work on it."""
    pause = threading.Event()
    for _ in range(within):
        if is_so():  # type: ignore[operator]
            return
        pause.wait(0.05)
    pytest.fail("it did not happen")


def test_a_server_that_takes_the_call_and_says_nothing_keeps_no_program_open(
    station: Station, server: AuditServer, authority: Authority
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server.port = silent.getsockname()[1]
        station.relay._pauses = (0.05, 0.0, 3600.0)
        station.send_to(server, authority)
        station.write(3)
        line, _ = silent.accept()
        ending = threading.Thread(target=station.relay.stop)
        ending.start()
        ending.join(60)
        is_ended = not ending.is_alive()
        line.close()
        ending.join()
    assert is_ended


def test_a_key_store_that_does_not_answer_for_a_while_ends_no_sending(
    station: Station,
    server: AuditServer,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = threading.Event()
    passphrase = station.relay.policies.passphrase

    def refuses() -> Secret:
        if threading.current_thread().name == "relay" and not asked.is_set():
            asked.set()
            raise NoKeyStore
        return passphrase()

    with server:
        monkeypatch.setattr(station.relay.policies, "passphrase", refuses)
        station.send_to(server, authority)
        station.write(3)
        lines = server.wait_for(3)
    assert asked.is_set()
    assert len(set(positions(lines))) == 3
