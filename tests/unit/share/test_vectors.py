"""Sealed files, each with one failure."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from viewer.model.errors import BitewingError
from viewer.share.open import open_bundle

FOLDER = Path(__file__).parents[2] / "vectors" / "bundle"
EXPECTED: dict[str, str] = json.loads((FOLDER / "expected.json").read_text("ascii"))
TODAY = date(2026, 12, 1)


@pytest.mark.parametrize("name", [name for name, fault in EXPECTED.items() if fault])
def test_each_vector_fails_as_it_should(name: str) -> None:
    identity = (FOLDER / "identity.txt").read_text("ascii")
    with pytest.raises(BitewingError) as caught:
        open_bundle(FOLDER / f"{name}.age", identity, today=TODAY)
    assert type(caught.value).__name__ == EXPECTED[name]


def test_the_good_vector_opens() -> None:
    identity = (FOLDER / "identity.txt").read_text("ascii")
    opened = open_bundle(FOLDER / "good.age", identity, today=TODAY)
    assert opened.manifest.share_number == "S-2026-0042"
    assert len(opened.images) == 1
