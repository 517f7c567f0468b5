"""Parsers of what a stranger may have written: nothing but our own errors, and no big memory."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from tests.fuzz.target import Target
from tests.fuzz.targets import INCOMING, STORED, TARGETS
from viewer.model.errors import BitewingError
from viewer.vault.backup.repository import Repository
from viewer.vault.layout import Layout

_ROOT = Path(__file__).resolve().parents[2]
_MUTANTS, _FILES = 250, 60
_MOST_BYTES = 8 << 20
_WORDS = (
    b"null", b"-1", b"1e999", b"NaN", b"Infinity", b'"\\ud800"', b"[" * 3000, b'{"a":' * 3000,
    b"9" * 5000, b"\xff\xfe", b"\0", b"true", b"18446744073709551616", b'""', b"[]", b"{}",
)  # fmt: skip


def mutant(random: np.random.Generator, seed: bytes) -> bytes:
    """Return a seed with a few things done to it."""
    raw = bytearray(seed)
    for _ in range(int(random.integers(1, 5))):
        at = int(random.integers(len(raw) + 1))
        until = min(len(raw), at + int(random.integers(1, 12)))
        match int(random.integers(6)):
            case 0 if at < len(raw):
                raw[at] ^= 1 << int(random.integers(8))
            case 1:
                del raw[at:until]
            case 2:
                raw[at:until] = random.bytes(int(random.integers(1, 9)))
            case 3:
                raw[at:at] = raw[at:until] * int(random.integers(1, 40))
            case 4:
                raw[at:until] = _WORDS[int(random.integers(len(_WORDS)))]
            case _:
                del raw[at:]
    return bytes(raw)


def inputs_of(target: Target, count: int) -> list[bytes]:
    """Return well-made, empty, senseless and damaged inputs, the same each time."""
    random = np.random.default_rng(20261122)
    damaged = [mutant(random, target.seeds[n % len(target.seeds)]) for n in range(count)]
    return [*target.seeds, b"", *_WORDS, *damaged]


@pytest.mark.parametrize("name", STORED)
def test_a_damaged_input_is_refused_in_our_own_words_and_with_little_memory(name: str) -> None:
    target = TARGETS[name]
    tracemalloc.start()
    try:
        for raw in inputs_of(target, _MUTANTS):
            target.feed(raw)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < _MOST_BYTES


@pytest.mark.parametrize("name", INCOMING)
def test_a_damaged_file_from_outside_never_ends_the_import_nor_holds_it_up(name: str) -> None:
    for raw in inputs_of(INCOMING[name], _FILES):
        came = INCOMING[name].feed(raw)
        assert isinstance(came, list)
        # What came is sealed or told: nothing of a file just goes missing.
        assert came or not raw.strip(b"\0")


def read_backup(folder: Path) -> None:
    Repository.open(folder).key_sheet()


@pytest.mark.parametrize("name", ["bitewing-backup.json", "keys-000001-a.json", "vault.json"])
def test_a_huge_file_in_a_small_ones_place_is_not_read_into_memory(
    tmp_path: Path, name: str
) -> None:
    TARGETS["key sheet"].feed(b"{}")  # what is imported once is no part of it
    marker = TARGETS["backup marker"].seeds[0]
    (tmp_path / "bitewing-backup.json").write_bytes(marker)
    with (tmp_path / name).open("wb") as file:
        file.truncate(1 << 30)
    is_store = name == "vault.json"
    read = Layout(tmp_path).check_marker if is_store else lambda: read_backup(tmp_path)
    tracemalloc.start()
    try:
        with pytest.raises(BitewingError):
            read()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 128 << 20


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", TARGETS)
def test_a_coverage_guided_search_finds_no_other_error(name: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris has builds for Linux on x86_64 alone")
    seconds = os.environ.get("BITEWING_FUZZ_SECONDS", "60")
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.run", name, seconds, str(tmp_path / "corpus")],
        cwd=_ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=1700,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    executed = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    assert executed is not None
    print(f"{name}: {executed[1]} executions in {seconds} s")  # noqa: T201
    assert int(executed[1]) > 1000
