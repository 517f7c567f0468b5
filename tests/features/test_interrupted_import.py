"""Imports that are cut off by force, by a lock or by a person, and what is gone on with."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.practice import (
    OFFICER,
    PASSWORD,
    a_patient,
    found,
    open_clinic,
    write_images,
)
from viewer.app.clinic import Clinic
from viewer.app.errors import NothingChosen
from viewer.app.incoming import run as running
from viewer.app.jobs import JobControl, Progress, SilentControl
from viewer.app.use_cases import importing, library, store
from viewer.ingest.crew import Crew
from viewer.model.errors import Cancelled
from viewer.session.errors import Locked
from viewer.session.keystore import FileKeyStore

MARKER = "Zyxwvutmarker"

IMPORTS = """
import os, signal, sys
from pathlib import Path
from viewer.app.clinic import Clinic
from viewer.app.incoming import journal, run
from viewer.app.use_cases import importing
from viewer.session.keystore import FileKeyStore

store, keys, files, after, name, password = sys.argv[1:]
journal._EVERY_S = journal._REST = 0.0
left, note = int(after), run.Run._note

def and_die(self, tokens):
    global left
    note(self, tokens)
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

run.Run._note = and_die
clinic = Clinic(Path(store), FileKeyStore(Path(keys)))
clinic.log_in(name, password)
importing.import_paths(clinic, importing.ImportPaths((Path(files),)))
"""


def cut_off(root: Path, after: int) -> None:
    """Import in a process of its own that is killed once so many arrivals are dealt with."""
    place = (root / "store", root / "keys.json", root / MARKER, str(after), OFFICER, PASSWORD)
    done = subprocess.run([sys.executable, "-c", IMPORTS, *map(str, place)], check=False)
    assert done.returncode == -signal.SIGKILL


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number, family in enumerate(("Marchetti", "Okafor", "Lindqvist")):
        patient = a_patient(family, f"100{number}")
        write_images(tmp_path / MARKER / str(number), patient, cbct=number == 1, seed=9 + number)
    (tmp_path / MARKER / "notes.txt").write_text("not an image")
    found(tmp_path / "store", FileKeyStore(tmp_path / "keys.json"))
    return tmp_path


def at_work(root: Path):  # type: ignore[no-untyped-def]
    return open_clinic(root / "store", FileKeyStore(root / "keys.json"))


def everything(clinic: Clinic) -> list[tuple[int, ...]]:
    charts = library.list_store(clinic, library.ListStore())
    return sorted(i.shape for chart in charts for study in chart.studies for i in study.images)


WHOLE = sorted([(120, 160)] * 3 + [(130, 260)] * 3 + [(24, 40, 48)])


def test_a_killed_import_goes_on_where_it_was_reads_nothing_twice_and_doubles_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(root, 4)
    decoded: list[object] = []
    decode = Crew.decode

    def counted(self, jobs, pixels):  # type: ignore[no-untyped-def]
        decoded.extend(jobs)
        return decode(self, jobs, pixels)

    monkeypatch.setattr(Crew, "decode", counted)
    with at_work(root) as clinic:
        assert not importing.has_interrupted(clinic)
        clinic.log_in(OFFICER, PASSWORD)
        before = everything(clinic)
        assert importing.has_interrupted(clinic)
        (offer,) = importing.list_interrupted(clinic, importing.ListInterrupted())
        assert offer.total == 31
        report = importing.go_on_importing(clinic, importing.GoOn(offer.id))
        assert everything(clinic) == WHOLE
        assert len(before) + len(report.new) == len(WHOLE)
        assert report.skipped == len(offer.done)
        assert len(decoded) == 31 - len(offer.done) - len(report.refusals)
        assert not any(each.was_there for each in report.stored)
        assert not importing.has_interrupted(clinic)
        assert store.check_store(clinic, store.CheckStore(deep=True)).is_sound


def test_what_was_kept_of_it_names_no_file_outside_the_encrypted_catalog(root: Path) -> None:
    cut_off(root, 2)
    for path in (root / "store").rglob("*"):
        if path.is_file():
            assert MARKER.encode() not in path.read_bytes()
    with at_work(root) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        (offer,) = importing.list_interrupted(clinic, importing.ListInterrupted())
        assert all("dcm" not in digest and len(digest) == 24 for digest in offer.done)


def test_forgetting_keeps_what_was_sealed_and_offers_nothing_again(root: Path) -> None:
    cut_off(root, 2)
    with at_work(root) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        before = everything(clinic)
        (offer,) = importing.list_interrupted(clinic, importing.ListInterrupted())
        importing.forget_interrupted(clinic, importing.ForgetInterrupted(offer.id))
        assert not importing.has_interrupted(clinic)
        assert everything(clinic) == before
        with pytest.raises(NothingChosen):
            importing.go_on_importing(clinic, importing.GoOn(offer.id))


def test_a_file_that_changed_meanwhile_is_read_again(root: Path) -> None:
    cut_off(root, 7)
    changed = root / MARKER / "0" / "pano.dcm"
    changed.write_bytes((root / MARKER / "0" / "bitewing.dcm").read_bytes())
    with at_work(root) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        (offer,) = importing.list_interrupted(clinic, importing.ListInterrupted())
        report = importing.go_on_importing(clinic, importing.GoOn(offer.id))
        told = {each.record.sop_instance_uids for each in report.stored if each.was_there}
        assert len(told) <= 1
        assert report.skipped == len(offer.done) - 1


class AtMoment(SilentControl):
    """Does something at a moment of the progress."""

    def __init__(self, moment: int) -> None:
        super().__init__()
        self._left = moment

    def progress(self, done: int, total: int, what: str) -> None:
        self._left -= 1
        if self._left == 0:
            self.happen()

    def happen(self) -> None:
        self.cancel()


class Dropped(AtMoment):
    def happen(self) -> None:
        self.drop()


@pytest.mark.parametrize("moment", [1, 33, 58])
def test_a_cancel_at_any_moment_leaves_whole_images_and_says_what_stays(
    root: Path, moment: int
) -> None:
    with at_work(root) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        with pytest.raises(importing.ImportStopped) as stopped:
            importing.import_paths(
                clinic, importing.ImportPaths((root / MARKER,)), AtMoment(moment)
            )
        stays = sorted(each.record.shape for each in stopped.value.report.stored)
        assert everything(clinic) == stays
        assert len(stays) < len(WHOLE)
        assert not importing.has_interrupted(clinic)
        assert store.check_store(clinic, store.CheckStore(deep=True)).is_sound


def test_an_import_that_a_lock_ended_is_offered_to_whoever_comes_next(root: Path) -> None:
    with at_work(root) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        with pytest.raises(Cancelled) as ended:
            importing.import_paths(clinic, importing.ImportPaths((root / MARKER,)), Dropped(40))
        assert not isinstance(ended.value, importing.ImportStopped)
        clinic.lock()
        assert not importing.has_interrupted(clinic)
        clinic.log_in(OFFICER, PASSWORD)
        assert importing.has_interrupted(clinic)


def test_the_store_locked_in_the_middle_of_a_seal_is_no_loss(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with at_work(root) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        seal = running.seal

        def locks(*args, **kwargs):  # type: ignore[no-untyped-def]
            stored = seal(*args, **kwargs)
            clinic.lock()
            return stored

        monkeypatch.setattr(running, "seal", locks)
        with pytest.raises(Locked):
            importing.import_paths(clinic, importing.ImportPaths((root / MARKER,)))
        monkeypatch.undo()
        clinic.log_in(OFFICER, PASSWORD)
        (offer,) = importing.list_interrupted(clinic, importing.ListInterrupted())
        importing.go_on_importing(clinic, importing.GoOn(offer.id))
        assert everything(clinic) == WHOLE


def test_an_import_under_way_is_not_offered_as_cut_off(root: Path) -> None:
    offered: list[bool] = []
    with at_work(root) as clinic:
        clinic.log_in(OFFICER, PASSWORD)

        def look(_: Progress) -> None:
            offered.append(importing.has_interrupted(clinic))

        importing.import_paths(clinic, importing.ImportPaths((root / MARKER,)), JobControl(look))
    assert offered
    assert not any(offered)
