"""Words are found in every encoding, and not in the noise."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from viewer.redact.search import SHORTEST_IN_PIXELS, found_in, patterns_of

WORD = "Quastenflößer"


@pytest.mark.parametrize("lead", [0, 1, 2, 3, 7])
@pytest.mark.parametrize("case", [str, str.upper, str.lower], ids=["plain", "upper", "lower"])
def test_a_word_is_found_in_every_encoding_at_every_offset(lead: int, case: type[str]) -> None:
    text = case("Quastenflosser")
    patterns = patterns_of(["Quastenflosser"])
    writings = [
        text.encode(),
        text.encode("utf-16-le"),
        text.encode("utf-16-be"),
        text.encode().hex().encode(),
        base64.b64encode(b"." * lead + text.encode() + b" and more"),
    ]
    assert [found_in(b"\1" * lead + raw + b"\2\3", patterns) for raw in writings] == [{0}] * 5


def test_a_word_with_umlauts_is_found_in_latin_1_and_utf_8() -> None:
    patterns = patterns_of([WORD])
    assert found_in(b"^" + WORD.encode("latin-1") + b"^", patterns) == {0}
    assert found_in(b"^" + WORD.encode() + b"^", patterns) == {0}


def test_a_part_of_another_word_is_no_find() -> None:
    assert found_in(b"the mandible", patterns_of(["Mandi"])) == frozenset()


def test_noise_holds_no_word() -> None:
    noise = np.random.default_rng(3).integers(0, 256, 4_000_000, dtype=np.uint8).tobytes()
    dark = np.random.default_rng(4).integers(60, 130, 2_000_000, dtype=np.uint16).tobytes()
    patterns = patterns_of(["Mustermann", "Wilhelmina"], shortest=SHORTEST_IN_PIXELS)
    assert found_in(noise, patterns) == found_in(dark, patterns) == frozenset()
