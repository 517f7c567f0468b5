"""The scan for plaintext finds a marker in each disguise, and nothing in random bytes."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.support.plaintext import assert_no_plaintext, find_plaintext

MARKER = "Grünwald^Ottilie"
RUN = (np.arange(700, 740, dtype="<i2") * 37).tobytes()

DISGUISES: dict[str, Callable[[str], bytes]] = {
    "utf-8": str.encode,
    "utf-16-le": lambda text: text.encode("utf-16-le"),
    "utf-16-be": lambda text: text.encode("utf-16-be"),
    "latin-1": lambda text: text.encode("latin-1"),
    "upper case": lambda text: text.upper().encode(),
    "hex": lambda text: text.encode().hex().encode(),
    "upper-case hex": lambda text: text.encode().hex().upper().encode(),
    "JSON": lambda text: json.dumps(text).encode(),
    "base64": lambda text: base64.b64encode(text.encode()),
    "base64, one byte on": lambda text: base64.b64encode(b"-" + text.encode() + b"tail"),
    "base64, two bytes on": lambda text: base64.b64encode(b"--" + text.encode() + b"tails"),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(b"n=" + text.encode()),
}


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES.keys())
def test_a_marker_is_found_in_each_disguise(
    tmp_path: Path, disguise: Callable[[str], bytes]
) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "log").write_bytes(b"\x00\x01" + disguise(MARKER) + b"\xff")
    with pytest.raises(AssertionError, match="plaintext on disk"):
        assert_no_plaintext(tmp_path, [MARKER])


@pytest.mark.parametrize("run", [RUN, np.frombuffer(RUN, "<i2").astype(">i2").tobytes()])
def test_pixels_are_found_in_both_byte_orders(tmp_path: Path, run: bytes) -> None:
    (tmp_path / "x").write_bytes(b"abc" + run + b"def")
    assert find_plaintext(tmp_path, [], [RUN])


def test_a_marker_is_found_across_the_border_of_two_blocks(tmp_path: Path) -> None:
    border = 8 * 1024 * 1024
    (tmp_path / "x").write_bytes(bytes(border - 5) + MARKER.encode() + bytes(50))
    assert find_plaintext(tmp_path, [MARKER])


def test_a_marker_is_found_in_a_file_name(tmp_path: Path) -> None:
    (tmp_path / f"{MARKER}.dcm").write_bytes(b"sealed")
    assert find_plaintext(tmp_path, [MARKER])


def test_nothing_is_found_in_sealed_bytes(tmp_path: Path) -> None:
    sealed = np.random.default_rng(7).integers(0, 256, 2_000_000, dtype=np.uint8).tobytes()
    (tmp_path / "object").write_bytes(sealed)
    assert_no_plaintext(tmp_path, [MARKER], [RUN])


def test_a_marker_that_chance_could_write_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="6 characters"):
        find_plaintext(tmp_path, ["Otto"])
