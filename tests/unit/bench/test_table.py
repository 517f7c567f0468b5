from __future__ import annotations

import os
import platform

import pytest

from viewer.bench.figures import AtMost, Figure
from viewer.bench.table import amount, table

MET = Figure("open: warm", 12.0, "ms", "memcpy", 10.0, AtMost(1.5))
MISSED = Figure("open: cold", 1234.0, "ms", "SimpleITK, plain files", 100.0, AtMost(0.1))
ALONE = Figure("memory: peak", 300.0, "MiB", "psutil", None, AtMost(1.2))


def test_a_line_says_in_words_what_was_measured_against_what() -> None:
    line = table([MET]).splitlines()[1]
    words = "open: warm 12.0 ms memcpy 10.0 ms 1.20 × ≤ 1.5 × holds"
    assert " ".join(line.split()) == words


def test_a_missed_target_stands_out() -> None:
    assert "MISSED" in table([MET, MISSED]).splitlines()[2]


def test_what_could_not_be_compared_says_so_and_is_not_counted() -> None:
    told = table([MET, MISSED, ALONE])
    assert "not measured" in told.splitlines()[3]
    assert "1 of 2 targets hold." in told


def test_columns_stand_below_each_other() -> None:
    lines = table([MET, MISSED]).splitlines()[1:3]
    assert lines[0].index("memcpy") == lines[1].index("SimpleITK")


def test_the_last_line_names_the_machine() -> None:
    last = table([MET]).splitlines()[-1]
    assert f"{os.cpu_count()} cores" in last
    assert platform.python_version() in last


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.004, "0.00 ms"), (9.994, "9.99 ms"), (99.94, "99.9 ms"), (512, "512 ms")],
)
def test_amounts_are_told_in_three_digits_or_so(value: float, words: str) -> None:
    assert amount(value, "ms") == words
