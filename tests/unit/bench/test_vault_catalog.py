"""The catalog's benchmark fills a catalog of its own and measures what a person does in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from viewer.bench.bench import Bench
from viewer.bench.people import made_up_people
from viewer.bench.sizes import Sizes
from viewer.bench.vault_catalog import measure_catalog
from viewer.bench.vault_fill import Extent, fill
from viewer.crypto.secret import Secret
from viewer.vault.catalog import finding, images
from viewer.vault.catalog.connection import Catalog


def test_a_filled_catalog_is_as_if_the_vault_had_written_it(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.db", Secret(b"c" * 32))
    extent = Extent(patients=30, images=300, of_first=40)
    ids = fill(catalog, extent, lambda words: None)
    with catalog.read() as cursor:
        rows = finding.search(cursor, "", 100)
        timeline = images.studies(cursor, ids[0])
        triggers = cursor.execute("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'")
        assert triggers.fetchone() != (0,)
    assert catalog.faults() == []
    catalog.close()
    assert len(rows) == 30
    assert sum(row.image_count for row in rows) == 300
    assert sum(len(study.images) for study in timeline) == 40


def test_some_people_share_a_name_and_few_have_the_commonest() -> None:
    people = list(made_up_people(5_000, np.random.default_rng(1)))
    families = [person.family for person in people]
    commonest = max(families.count(name) for name in set(families[:200]))
    assert 10 < commonest < 500


def test_the_benchmark_tells_searches_timelines_and_the_size() -> None:
    with Bench(Sizes(catalog_images=600, light_rounds=1), lambda words: None) as bench:
        figures = list(measure_catalog(bench))
    names = " ".join(figure.name for figure in figures)
    assert all(word in names for word in ("search", "timeline", "size", "copy", "check"))
    assert all(figure.value > 0 for figure in figures)
