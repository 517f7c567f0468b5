"""Spare children: ready before they are needed, taken once, gone when they are dropped."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support import dicom_files
from viewer.ingest import process
from viewer.ingest.crew import Crew
from viewer.ingest.decoder import Decoder
from viewer.ingest.protocol import Header
from viewer.ingest.source import Source

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no child there yet")


@pytest.fixture(autouse=True)
def _no_spares_left() -> Iterator[None]:
    yield
    process.drop_spares()


def _prepared() -> set[int]:
    before = {child.pid for child in psutil.Process().children()}
    process.prepare_spares()
    return {child.pid for child in psutil.Process().children()} - before


def test_a_reader_takes_a_spare_that_is_ready_and_ends_it(tmp_path: Path) -> None:
    paths = dicom_files.save(tmp_path, [dicom_files.bitewing()])
    spares = _prepared()
    assert process.wait_for_spares()
    with Decoder() as decoder, paths[0].open("rb") as file:
        assert decoder.read_header(file.fileno()).patient.chart_number == "T-0042"
        assert "rlimits" in decoder.in_force
        taken = decoder.process_id
    assert taken in spares
    assert not psutil.pid_exists(taken)
    assert taken not in _prepared()


def test_dropped_spares_are_gone() -> None:
    spares = _prepared()
    assert len(spares) == process.CHILDREN
    process.drop_spares()
    assert process.take_spare() is None
    assert not any(psutil.pid_exists(pid) for pid in spares)


def test_spares_that_died_are_passed_over() -> None:
    for pid in _prepared():
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert process.take_spare() is None


def test_two_children_answer_in_the_order_of_the_files(tmp_path: Path) -> None:
    paths = dicom_files.save(tmp_path, dicom_files.ct(planes=40))
    with Crew() as crew:
        headers = list(
            crew.facts(
                [Source(path) for path in paths],
                lambda decoder, opened: decoder.ask_header(opened.file),
                lambda decoder, _: decoder.header(),
            )
        )
    assert [header.number for header in headers if isinstance(header, Header)] == list(range(1, 41))
