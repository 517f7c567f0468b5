"""Watched folders from end to end: taken in once, into the right chart, removed only when safe."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from tests.support import dicom_files
from tests.support.photo_files import marked_png
from tests.support.practice import OFFICER, PASSWORD, a_patient, open_clinic, write_images
from viewer.app.clinic import Clinic
from viewer.app.use_cases import importing, library, trail, watching
from viewer.app.watching.folders import Afterwards, FolderRefused, WatchedFolder, seen_in
from viewer.app.watching.looking import SETTLED_S, FolderLooks, Reach
from viewer.app.watching.removing import remove_if_same
from viewer.app.watching.watcher import Watcher
from viewer.ingest.source import Source
from viewer.model.image import ImageKind
from viewer.session.audit.events import EventFilter, EventKind
from viewer.vault.errors import ObjectDamaged
from viewer.vault.store import Vault


class Hands:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@attrs.frozen
class Room:
    """A practice with somebody in, a sensor's folder, and the looks at it."""

    clinic: Clinic
    sensor: Path
    made: Path
    hands: Hands
    watcher: Watcher

    def watch(self, **said: object) -> WatchedFolder:
        """Watch the sensor's folder."""
        request = watching.WatchFolder(self.sensor, "Sensor 1", **said)  # type: ignore[arg-type]
        return watching.watch_folder(self.clinic, request)

    def write(self, name: str) -> Path:
        """Let the sensor write one of the made pictures."""
        return Path(shutil.copyfile(self.made / name, self.sensor / name))

    def ready(self) -> list[watching.TakeIn]:
        """Look twice, far enough apart; return what is to be taken in."""
        self.watcher.look()
        self.hands.now += SETTLED_S
        states = self.watcher.look()
        return [
            watching.TakeIn(state.folder.id, state.look.ready, state.look.present)
            for state in states
            if state.look.ready
        ]

    def take(self) -> list[watching.TakenIn]:
        """Take in what is ready."""
        return [watching.take_in(self.clinic, each) for each in self.ready()]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = write_images(tmp_path / "made", a_patient(), cbct=False)
    sensor = tmp_path / "sensor"
    sensor.mkdir()
    hands = Hands()
    with open_clinic(tmp_path / "store") as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        yield Room(clinic, sensor, made, hands, Watcher(clinic, hands))


def test_what_a_sensor_writes_is_taken_in_once_and_stays_where_it_is(room: Room) -> None:
    folder = room.watch()
    path = room.write("pano.dcm")
    (taken,) = room.take()
    assert len(taken.report.stored) == 1
    assert path.is_file()
    assert room.ready() == []
    assert len(seen_in(room.clinic.vault, folder)) == 1
    fresh = Watcher(room.clinic, room.hands)
    fresh.look()
    room.hands.now += SETTLED_S
    assert [state.look.ready for state in fresh.look()] == [()]
    path.unlink()
    room.write("bitewing.dcm" if (room.made / "bitewing.dcm").exists() else "pano.dcm")
    room.take()
    assert len(seen_in(room.clinic.vault, folder)) == 1


def test_nobody_in_or_locked_means_no_look_at_all(room: Room) -> None:
    room.watch()
    room.write("pano.dcm")
    room.clinic.lock()
    assert room.watcher.look() == []
    room.clinic.log_off()
    assert room.watcher.look() == []


def test_what_names_no_patient_waits_although_a_chart_is_open(room: Room) -> None:
    opened = importing.import_paths(room.clinic, importing.ImportPaths((room.made,)))
    patient = opened.stored[0].patient
    library.open_chart(room.clinic, library.OpenChart(patient.id))
    before = {record.id for record in room.clinic.vault.images(patient.id)}
    room.watch(kind=ImageKind.PHOTO)
    (room.sensor / "photo.png").write_bytes(marked_png())
    dataset = dicom_files.bitewing()
    dataset.PatientName = dataset.PatientID = dataset.PatientBirthDate = ""
    dicom_files.save(room.sensor, [dataset])
    (taken,) = room.take()
    assert len(taken.report.stored) == 2
    assert taken.report.patient_ids == ()
    assert len(taken.report.waiting) == 2
    assert {record.id for record in room.clinic.vault.images(patient.id)} == before


def test_a_file_is_removed_only_once_it_is_sealed_and_was_read_back(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.watch(after=Afterwards.REMOVE)
    path = room.write("pano.dcm")
    (room.sensor / "notes.txt").write_text("not an image")
    with monkeypatch.context() as patch:

        def damaged(*_: object) -> None:
            raise ObjectDamaged

        patch.setattr(type(room.clinic.vault.hidden), "open_pixels", damaged)
        (taken,) = room.take()
    assert (taken.removed, path.exists()) == (0, True)
    path.touch()
    (taken,) = room.take()
    assert (taken.removed, path.exists()) == (1, False)
    assert (room.sensor / "notes.txt").exists()


def test_a_file_that_took_the_place_of_the_one_that_was_read_is_not_removed(room: Room) -> None:
    path = room.write("pano.dcm")
    token = Source(path).token
    path.write_bytes(b"something else")
    assert not remove_if_same(path, token)
    secret = room.sensor.parent / "elsewhere"
    secret.mkdir()
    (secret / "a").write_bytes(b"secret")
    (room.sensor / "a").symlink_to(secret / "a")
    (room.sensor.parent / "link").symlink_to(secret)
    for each in (room.sensor / "a", room.sensor.parent / "link" / "a"):
        assert not remove_if_same(each, Source(secret / "a").token)
    assert (secret / "a").exists()


def test_a_half_written_file_waits_and_a_damaged_one_is_set_aside_once(room: Room) -> None:
    room.watch()
    whole = (room.made / "pano.dcm").read_bytes()
    path = room.sensor / "pano.dcm"
    path.write_bytes(whole[: len(whole) // 2])
    room.watcher.look()
    path.write_bytes(whole)
    room.hands.now += SETTLED_S
    assert all(not state.look.ready for state in room.watcher.look())
    (taken,) = room.take()
    assert (len(taken.report.stored), taken.report.set_aside) == (1, ())
    (room.sensor / "cut.dcm").write_bytes(whole[: len(whole) // 2])
    (taken,) = room.take()
    assert len(taken.report.set_aside) == 1
    assert room.ready() == []


def test_a_share_that_goes_away_and_a_folder_swapped_for_a_link_bring_nothing(room: Room) -> None:
    room.watch()
    room.write("pano.dcm")
    (request,) = room.ready()
    away = room.sensor.with_name("away")
    shutil.move(room.sensor, away)
    taken = watching.take_in(room.clinic, request)
    assert taken.report.stored == ()
    assert [state.look.reach for state in room.watcher.look()] == [Reach.AWAY]
    room.sensor.symlink_to(away)
    assert [state.look.reach for state in room.watcher.look()] == [Reach.LINK]


def test_files_outside_of_the_folder_are_not_taken_in_under_its_name(room: Room) -> None:
    folder = room.watch()
    looks = FolderLooks(attrs.evolve(folder, path=str(room.made)))
    looks.look(0, frozenset())
    outside = looks.look(SETTLED_S, frozenset()).ready
    assert outside
    with pytest.raises(Exception, match="nothing to take in"):
        watching.take_in(room.clinic, watching.TakeIn(folder.id, outside))


def test_only_a_folder_of_its_own_can_be_watched(room: Room) -> None:
    room.watch()
    link = room.sensor.with_name("link")
    link.symlink_to(room.made)
    inner = room.sensor / "inner"
    inner.mkdir()
    for path in (link, room.sensor, inner, room.sensor.parent, Path("/"), Path.home(), link / "x"):
        with pytest.raises(FolderRefused):
            watching.watch_folder(room.clinic, watching.WatchFolder(path, "Other"))
    with pytest.raises(FolderRefused):
        watching.watch_folder(room.clinic, watching.WatchFolder(room.made, " \n"))
    assert len(watching.list_watched(room.clinic, watching.ListWatched())) == 1


def test_setting_up_and_stopping_are_in_the_trail_without_the_folders_place(room: Room) -> None:
    folder = room.watch(after=Afterwards.REMOVE)
    watching.stop_watching(room.clinic, watching.StopWatching(folder.id))
    reader = trail.open_trail(room.clinic, trail.OpenTrail())
    events = reader.page(EventFilter(kinds=frozenset({EventKind.FOLDER_WATCHED})), 0, 10)
    words = [event.entry.why for event in events]
    assert any("Sensor 1" in each and "removed once" in each for each in words)
    assert any("not watched any more" in each for each in words)
    assert not any(str(room.sensor) in each for each in words)
    assert watching.list_watched(room.clinic, watching.ListWatched()) == ()


def test_the_folders_are_nowhere_on_the_disk_in_clear(room: Room, tmp_path: Path) -> None:
    room.watch()
    room.write("pano.dcm")
    room.take()
    assert isinstance(room.clinic.vault, Vault)
    room.clinic.log_off()
    marks = (b"Sensor 1", str(room.sensor).encode(), b"pano.dcm")
    for path in (tmp_path / "store").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(mark in content for mark in marks)
