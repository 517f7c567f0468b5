"""How patients are found: folding, and the time it takes among ten thousand."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from tests.unit.vault.made_up import new_patient
from viewer.crypto.secret import Secret
from viewer.vault.catalog import finding, patients
from viewer.vault.catalog.connection import Catalog
from viewer.vault.catalog.finding import query_of
from viewer.vault.catalog.patients import fold


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("Müller", "muller"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("Łukasz Ørsted", "lukasz orsted"),
        ("İpek ıl", "ipek il"),
        ("山田", "山田"),
        ("Ágnes", "agnes"),
        ("A\u0301gnes", "agnes"),
    ],
)
def test_case_and_accents_do_not_matter(typed: str, folded: str) -> None:
    assert fold(typed) == folded


def test_a_query_holds_words_only() -> None:
    assert query_of('mü* OR "x" NEAR(y) -z') == '"mu"* "or"* "x"* "near"* "y"* "z"*'
    assert query_of(" *-'\"() ") == ""


def test_ten_thousand_patients_are_searched_as_one_types(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    random = np.random.default_rng(3)
    syllables = ["ba", "mül", "ler", "schmi", "dt", "ka", "no", "wit", "sen", "rø"]
    catalog = Catalog(tmp_path / "catalog.db", Secret(b"c" * 32))
    with catalog.write() as cursor:
        for number in range(10_000):
            names = ["".join(random.choice(syllables, 3)).title() for _ in range(2)]
            patients.add(cursor, new_patient(*names, f"BW-{number:05}"), "")
    slowest = 0.0
    with catalog.read() as cursor:
        for typed in ("m", "mu", "mul", "mulb", "sch ba", "bw-0", "09999", "zzz", ""):
            start = time.perf_counter()
            found = finding.search(cursor, typed, 200)
            slowest = max(slowest, time.perf_counter() - start)
            assert bool(found) == (typed != "zzz")
    catalog.close()
    with capsys.disabled():
        print(f" [search in 10,000 patients: at most {slowest * 1e3:.1f} ms]", end="")  # noqa: T201
