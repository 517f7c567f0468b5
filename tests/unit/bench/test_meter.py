from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from viewer.bench import meter, peak
from viewer.bench.practice import BenchPractice

LARGE = 64 << 20


def test_the_peak_knows_of_memory_that_was_given_back() -> None:
    before = meter.resident_bytes()
    block = np.ones(LARGE, np.uint8)
    del block
    assert meter.peak_bytes() >= before + LARGE * 0.9


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets the peak begin anew")
def test_the_peak_can_begin_anew() -> None:
    block = np.ones(LARGE, np.uint8)
    del block
    before = meter.peak_bytes()
    meter.forget_peak()
    assert meter.peak_bytes() < before


def test_the_runner_prints_what_reading_a_series_took(
    practice: BenchPractice, capsys: pytest.CaptureFixture[str]
) -> None:
    assert peak.main(["plain", "pydicom", str(practice.series)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["peak"] >= told["before"] > 0


def test_the_runner_says_what_is_not_installed(
    practice: BenchPractice,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "SimpleITK", None)
    assert peak.main(["plain", "SimpleITK", str(practice.series)]) == 1
    assert "SimpleITK is not installed" in capsys.readouterr().err
