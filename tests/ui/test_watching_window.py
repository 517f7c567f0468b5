"""What a sensor writes while somebody is in, in the real windows over a real store."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.support import dicom_files
from tests.support.practice import OFFICER, FakeClock, write_images
from tests.support.windows import log_in, open_windows, wait_until
from viewer.app.use_cases import watching
from viewer.app.watching.looking import SETTLED_S
from viewer.ui.shell import Shell
from viewer.ui.watch_page import WatchPanel


def _rounds(shell: Shell, clock: FakeClock) -> None:
    """Go round until what lies there is whole and was taken in."""
    watched = shell.practice.watched
    for _ in range(3):
        wait_until(lambda: not watched._is_round)  # type: ignore[attr-defined]
        clock.pass_s(SETTLED_S + 1)
        shell.watching.go_round()
    wait_until(lambda: not watched._is_round)  # type: ignore[attr-defined]


def test_a_sensors_picture_comes_in_by_itself_and_never_into_the_open_chart(
    tmp_path: Path,
) -> None:
    made = write_images(tmp_path / "made", cbct=False)
    sensor = tmp_path / "sensor"
    sensor.mkdir()
    clock = FakeClock()
    with open_windows(tmp_path / "store", clock=clock) as joined:
        shell = log_in(joined, OFFICER)
        assert not shell.watching.is_on
        request = watching.WatchFolder(sensor, "Sensor 1")
        watching.watch_folder(joined.workstation.clinic, request)
        shell.watching.begin()
        assert shell.watching.is_on
        shutil.copyfile(made / "pano.dcm", sensor / "pano.dcm")
        _rounds(shell, clock)
        assert "Sensor 1: 1 image" in shell.toast.words.text()
        assert len(shell.patients.rows) == 1
        shell.open_patient(shell.patients.rows[0].patient)
        nobody = dicom_files.bitewing()
        nobody.PatientName = nobody.PatientID = nobody.PatientBirthDate = ""
        dicom_files.save(sensor, [nobody])
        before = [visit.study.uid for visit in shell.visits]
        _rounds(shell, clock)
        assert "1 waiting on the review list" in shell.toast.words.text()
        shell.refresh()
        assert [visit.study.uid for visit in shell.visits] == before
        assert sum(row.image_count for row in shell.patients.rows) == 1

        shell.actions_bar.by_id["watched"].trigger()
        panel = shell.sheets[0].content
        assert isinstance(panel, WatchPanel)
        wait_until(lambda: len(panel.cards) == 1)
        shutil.move(sensor, tmp_path / "away")
        _rounds(shell, clock)
        panel._look_again()
        assert "cannot be reached" in panel.cards[0].fact.text()
        assert any("not watched" in made.text() for made in shell.status.buttons)

        joined.front_desk.lock()
        wait_until(lambda: joined.front_desk.shell is None)
        shutil.move(tmp_path / "away", sensor)
        shutil.copyfile(made / "pano.dcm", sensor / "other.dcm")
        clock.pass_s(60)
        shell = log_in(joined, OFFICER)
        assert shell.watching.is_on
        again = shell.practice.watched
        wait_until(lambda: not again._is_round)  # type: ignore[attr-defined]
        wait_until(lambda: not joined.workstation.jobs.is_busy)
