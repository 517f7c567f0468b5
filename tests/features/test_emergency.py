"""Break-glass with everything else down, from the door to the picture and into the trail."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import numpy as np
import pytest

from tests.support.audit_server import Authority
from tests.support.emergencies import REASON, Prepare
from tests.support.practice import (
    OFFICER,
    PASSWORD,
    FakeClock,
    open_clinic,
)
from tests.support.small_disk import fill, make_read_only, mounted
from viewer.app.clinic import Clinic
from viewer.app.emergencies import open_emergencies
from viewer.app.review.breaking import accesses
from viewer.app.review.material import seen_in
from viewer.app.use_cases import (
    accounts,
    emergency,
    exporting,
    library,
    relay,
    trail,
)
from viewer.model.errors import BitewingError
from viewer.model.image import Picture
from viewer.session.audit.events import Entry, Event, EventKind, Outcome
from viewer.session.emergency import EmergencyCode
from viewer.session.errors import (
    AccountsUnwritable,
    NoKeyStore,
    NotPermitted,
    TrailUnwritable,
)
from viewer.session.keystore import FileKeyStore, MemoryKeyStore
from viewer.session.session import Session


def come_in(clinic: Clinic, code: EmergencyCode | None = None) -> Session:
    """Break the glass with a code, or with the dentist's password alone."""
    if code is not None:
        return clinic.admit(clinic.check_emergency_code(code.text, "Mara Linden", REASON))
    return clinic.admit(clinic.check_in_emergency("dentist person", PASSWORD, REASON))


def filled(disk: Path, keystore: FileKeyStore) -> Path:
    """Fill a disk on which the program ran before, so that its room is taken; what fills it."""
    with open_clinic(disk / "store", keystore):
        pass
    return fill(disk)


def exhaust(clinic: Clinic) -> None:
    """Use up what is left of the trail's last page on a full disk."""
    for _ in range(100):
        try:
            clinic.trail.append(Entry(EventKind.PROGRAM_STARTED))
        except TrailUnwritable:
            return


def look(clinic: Clinic) -> Picture:
    """Find the patient and open an image."""
    found_one = library.find_patients(clinic, library.FindPatients("Exa"))[0].patient
    chart = library.open_chart(clinic, library.OpenChart(found_one.id))
    return library.open_image(clinic, library.OpenImage(chart.studies[0].images[0].id))


def events(clinic: Clinic, *kinds: EventKind) -> list[Event]:
    """Read the trail as the officer, oldest first."""
    clinic.log_in(OFFICER, PASSWORD)
    reader = trail.open_trail(clinic, trail.OpenTrail())
    found_all = [each for each in reader.scan() if not kinds or each.entry.kind in kinds]
    clinic.log_off()
    return found_all


def words(found_events: list[Event]) -> list[tuple[str, str]]:
    return [(each.entry.kind.name, each.entry.outcome.name) for each in found_events]


@pytest.fixture
def keystore() -> MemoryKeyStore:
    return MemoryKeyStore()


# --- what it shows, and what it leaves -----------------------------------------------------


def test_the_officer_looks_at_an_image_and_each_look_says_so(
    tmp_path: Path, keystore: MemoryKeyStore, practice_in_need: Prepare
) -> None:
    practice_in_need(tmp_path / "store", keystore)
    with open_clinic(tmp_path / "store", keystore) as clinic:
        clinic.log_in("security_officer person", PASSWORD)
        with pytest.raises(NotPermitted):
            look(clinic)
        emergency.begin_emergency(clinic, emergency.BeginEmergency(REASON))
        pixels = look(clinic).pixels
        assert np.any(pixels)
        clinic.desk.break_glass.end()
        with pytest.raises(NotPermitted):
            look(clinic)
        looks = events(clinic, EventKind.VIEW, EventKind.LIST, EventKind.EMERGENCY)
    in_it = [each.entry.why for each in looks if "emergency" in each.entry.why]
    assert in_it == [
        "search (emergency access)",
        "chart (emergency access)",
        "image (emergency access)",
    ]
    assert "1 image of 1 patient looked at" in looks[-1].entry.why


def test_the_code_shows_images_and_lets_nothing_out(
    tmp_path: Path, keystore: MemoryKeyStore, practice_in_need: Prepare
) -> None:
    code = practice_in_need(tmp_path / "store", keystore)
    with open_clinic(tmp_path / "store", keystore) as clinic:
        come_in(clinic, code)
        shown = look(clinic)
        for request in (
            lambda: exporting.export_pixels(
                clinic, exporting.ExportPixels(shown.record.id, tmp_path / "x.npy")
            ),
            lambda: accounts.change_password(clinic, accounts.ChangePassword(PASSWORD, "x" * 20)),
            lambda: accounts.list_accounts(clinic, accounts.ListAccounts()),
            lambda: emergency.make_emergency_code(clinic, emergency.MakeEmergencyCode()),
        ):
            with pytest.raises(NotPermitted):
                request()
        clinic.lock()
        assert clinic.desk.session is None
        assert not clinic.is_vault_open
        told = events(clinic, EventKind.EMERGENCY_CODE, EventKind.EMERGENCY)
    assert words(told)[-4:] == [
        ("EMERGENCY_CODE", "INTENT"),
        ("EMERGENCY", "INTENT"),
        ("EMERGENCY_CODE", "DONE"),
        ("EMERGENCY", "DONE"),
    ]


def test_it_waits_for_its_review_until_somebody_signs_it_off(
    tmp_path: Path, keystore: MemoryKeyStore, practice_in_need: Prepare
) -> None:
    code = practice_in_need(tmp_path / "store", keystore)
    with open_clinic(tmp_path / "store", keystore) as clinic:
        come_in(clinic, code)
        clinic.log_off()
        clinic.log_in(OFFICER, PASSWORD)
        waits = emergency.list_emergencies(clinic, emergency.ListEmergencies())
        assert [each.who for each in waits] == ["Emergency: Mara Linden"]
        assert REASON in waits[0].words
        signed = Entry(
            EventKind.REVIEWED, refers_to=waits[0].number, refers_in=waits[0].segment, why="fine"
        )
        clinic.trail.append(signed)
        assert emergency.list_emergencies(clinic, emergency.ListEmergencies()) == ()


def test_a_session_that_ends_with_its_half_hour_leaves_a_closed_store(
    tmp_path: Path, practice_in_need: Prepare
) -> None:
    clock, keystore = FakeClock(), MemoryKeyStore()
    practice_in_need(tmp_path / "store", keystore)
    with open_clinic(tmp_path / "store", keystore, clock=clock) as clinic:
        come_in(clinic)
        shown = look(clinic)
        for _ in range(6):
            clock.pass_s(300)
            clinic.desk.activity()
            clinic.desk.poll()
        assert clinic.desk.session is None
        assert not clinic.is_vault_open
        with pytest.raises(BitewingError):
            clinic.vault.open_pixels(shown.record.id)


# --- with everything down ------------------------------------------------------------------


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every connection to another machine fail at once."""

    def unreachable(*_: object, **__: object) -> None:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", unreachable)
    monkeypatch.setattr(socket, "getaddrinfo", unreachable)


@pytest.mark.parametrize("way", ["password", "code"])
def test_without_any_network_it_opens(
    tmp_path: Path, keystore: MemoryKeyStore, no_network: None, way: str, practice_in_need: Prepare
) -> None:
    code = practice_in_need(tmp_path / "store", keystore)
    with open_clinic(tmp_path / "store", keystore) as clinic:
        come_in(clinic, code if way == "code" else None)
        assert np.any(look(clinic).pixels)


@pytest.mark.parametrize("way", ["password", "code"])
def test_with_the_audit_server_down_it_opens(
    tmp_path: Path, practice_in_need: Prepare, way: str
) -> None:
    keystore = FileKeyStore(tmp_path / "keys" / "keys.json")
    code = practice_in_need(tmp_path / "store", keystore)
    authority = Authority()
    ours = authority.pair("operatory-1")
    with open_clinic(tmp_path / "store", keystore) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        request = relay.SetRelay(
            "127.0.0.1", 1, authority.pem, "audit.practice", ours.certificate, ours.key,
            is_tried=False,
        )  # fmt: skip
        relay.set_relay(clinic, request)
        clinic.log_off()
        come_in(clinic, code if way == "code" else None)
        assert np.any(look(clinic).pixels)
        clinic.log_off()
        assert clinic.relay.status().waiting > 0


@pytest.mark.parametrize("state", ["lying before", "also now"])
def test_the_review_desk_finds_each_use_with_what_was_opened(
    tmp_path: Path, keystore: MemoryKeyStore, practice_in_need: Prepare, state: str
) -> None:
    """What break-glass writes is what the desk's list of emergencies reads."""
    code = practice_in_need(tmp_path / "store", keystore)
    with open_clinic(tmp_path / "store", keystore) as clinic:
        come_in(clinic, code)
        patient = look(clinic).record.patient_id
        clinic.log_off()
        come_in(clinic)
        clinic.log_off()
        clinic.log_in(OFFICER, PASSWORD)
        reader = trail.open_trail(clinic, trail.OpenTrail())
        if state == "also now":
            emergency.make_emergency_code(clinic, emergency.MakeEmergencyCode())
        found = accesses(seen_in(list(reader.scan()), UTC))
    assert [(each.who, each.by_code) for each in found] == [
        ("Emergency: Mara Linden", True),
        ("Dentist Person", False),
    ]
    assert found[0].patients == (patient,)
    assert all(each.ended is not None and each.signed is None for each in found)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk") as place:
        yield place


@pytest.mark.parametrize("way", ["password", "code"])
def test_on_a_full_disk_break_glass_alone_opens_from_the_start_of_the_program(
    tmp_path: Path, disk: Path, way: str, practice_in_need: Prepare
) -> None:
    """Store, trail, accounts and counts share the disk; what waits lies on it, too."""
    keystore = FileKeyStore(disk / "keys" / "keys.json")
    code = practice_in_need(disk / "store", keystore)
    filler = filled(disk, keystore)
    with open_clinic(disk / "store", keystore) as clinic:
        exhaust(clinic)
        with pytest.raises((TrailUnwritable, AccountsUnwritable)):
            clinic.log_in("dentist person", PASSWORD)
        session = come_in(clinic, code if way == "code" else None)
        assert np.any(look(clinic).pixels)
        assert clinic.desk.break_glass.is_trail_waiting
        with pytest.raises((NotPermitted, TrailUnwritable)):
            emergency.begin_emergency(clinic, emergency.BeginEmergency(REASON))
        assert session.emergency is not None
        filler.unlink()
        clinic.log_off()
        assert not clinic.desk.break_glass.is_trail_waiting
        told = events(clinic)
    waited = [each for each in told if each.entry.happened]
    assert EventKind.EMERGENCY in {each.entry.kind for each in waited}
    assert EventKind.VIEW in {each.entry.kind for each in waited}
    first = told.index(waited[0])
    assert told[first : first + len(waited)] == waited  # nothing came before or between


def test_an_officer_who_is_in_when_the_disk_fills_up_sees_images_and_does_nothing_else(
    tmp_path: Path, disk: Path, practice_in_need: Prepare
) -> None:
    keystore = FileKeyStore(tmp_path / "keys" / "keys.json")
    practice_in_need(disk / "store", keystore)
    with open_clinic(disk / "store", keystore) as clinic:
        clinic.log_in("security_officer person", PASSWORD)
        filler = fill(disk)
        exhaust(clinic)
        emergency.begin_emergency(clinic, emergency.BeginEmergency(REASON))
        assert np.any(look(clinic).pixels)
        with pytest.raises(TrailUnwritable):
            accounts.list_accounts(clinic, accounts.ListAccounts())
        with pytest.raises(TrailUnwritable):
            emergency.make_emergency_code(clinic, emergency.MakeEmergencyCode())
        clinic.desk.break_glass.end()
        filler.unlink()
        waited = [each.entry for each in events(clinic) if each.entry.happened]
    assert [each.kind for each in waited] == [
        EventKind.EMERGENCY,
        EventKind.LIST,
        EventKind.VIEW,
        EventKind.VIEW,
        EventKind.EMERGENCY,
    ]


@pytest.mark.parametrize("way", ["password", "code"])
def test_on_a_disk_that_can_only_be_read_it_opens_and_is_told_later(
    tmp_path: Path, disk: Path, way: str, practice_in_need: Prepare
) -> None:
    keystore = FileKeyStore(tmp_path / "keys" / "keys.json")
    code = practice_in_need(disk / "store", keystore)
    make_read_only(disk)
    try:
        with open_clinic(disk / "store", keystore) as clinic:
            come_in(clinic, code if way == "code" else None)
            assert np.any(look(clinic).pixels)
    finally:
        make_read_only(disk, yes=False)
    with open_clinic(disk / "store", keystore) as clinic:
        told = events(clinic, EventKind.EMERGENCY)
        assert [each.entry.outcome for each in told] == [Outcome.INTENT, Outcome.DONE]
        assert all(each.entry.happened for each in told)
        assert clinic.practice.is_spent(code) == (way == "code")


def test_a_key_store_that_is_gone_is_answered_by_the_recovery_sheet(
    tmp_path: Path, practice_in_need: Prepare
) -> None:
    """Half of every key is in it: what cannot work is said, with what does."""
    practice_in_need(tmp_path / "store", MemoryKeyStore())
    with pytest.raises(BitewingError, match="recovery key"):
        Clinic(tmp_path / "store", MemoryKeyStore())


def test_a_key_store_that_is_locked_opens_nothing_and_says_so(
    tmp_path: Path,
    keystore: MemoryKeyStore,
    monkeypatch: pytest.MonkeyPatch,
    practice_in_need: Prepare,
) -> None:
    code = practice_in_need(tmp_path / "store", keystore)
    with open_clinic(tmp_path / "store", keystore) as clinic:

        def locked() -> None:
            raise NoKeyStore

        monkeypatch.setattr(keystore, "device_secret", locked)
        for way in (None, code):
            with pytest.raises(NoKeyStore, match="Unlock it"):
                come_in(clinic, way)
        assert clinic.desk.session is None
        monkeypatch.undo()
        come_in(clinic, code)  # it was not spent by that


# --- killed --------------------------------------------------------------------------------

CHILD = """
    import os, signal, sys
    from pathlib import Path
    from tests.features.test_emergency import come_in, exhaust, look
    from viewer.app.clinic import Clinic
    from viewer.session.emergency import EmergencyCode
    from viewer.session.keystore import FileKeyStore
    folder, keys, typed = sys.argv[1:]
    clinic = Clinic(Path(folder), FileKeyStore(Path(keys)))
    exhaust(clinic)
    come_in(clinic, EmergencyCode.from_text(typed))
    look(clinic)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_killing_the_program_erases_nothing_that_waited(
    tmp_path: Path, disk: Path, practice_in_need: Prepare
) -> None:
    keystore = FileKeyStore(disk / "keys" / "keys.json")
    code = practice_in_need(disk / "store", keystore)
    filler = filled(disk, keystore)
    command = [sys.executable, "-c", textwrap.dedent(CHILD)]
    command += [str(disk / "store"), str(disk / "keys" / "keys.json"), code.text]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    filler.unlink()
    with open_clinic(disk / "store", keystore) as clinic:
        told = [each for each in events(clinic) if each.entry.happened]
        assert clinic.practice.emergency_since is None
        assert clinic.practice.is_spent(code)
    kinds = [each.entry.kind for each in told]
    assert kinds[:3] == [EventKind.EMERGENCY_CODE, EventKind.EMERGENCY, EventKind.EMERGENCY_CODE]
    assert kinds.count(EventKind.VIEW) == 2
    assert "image (emergency access)" in {each.entry.why for each in told}


def test_removing_the_file_where_it_waited_is_told(
    tmp_path: Path, disk: Path, practice_in_need: Prepare
) -> None:
    keystore = FileKeyStore(tmp_path / "keys" / "keys.json")
    practice_in_need(disk / "store", keystore)
    filler = filled(disk, keystore)
    with open_clinic(disk / "store", keystore) as clinic:
        exhaust(clinic)
        come_in(clinic)
        look(clinic)
    waits = list((tmp_path / "keys").glob("*.waits"))
    assert len(waits) == 1
    waits[0].unlink()
    filler.unlink()
    with open_clinic(disk / "store", keystore) as clinic:
        told = [e.entry.why for e in events(clinic, EventKind.EMERGENCY)]
        assert "were removed from where they waited" in told[-1]
        clinic.log_in(OFFICER, PASSWORD)
        reader = trail.open_trail(clinic, trail.OpenTrail())
        assert len(open_emergencies(reader)) == 1
