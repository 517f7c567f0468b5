"""``catalog``: finding, opening and changing among 2,000,000 images of 100,000 patients."""

from __future__ import annotations

import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from viewer.bench.bench import Bench
from viewer.bench.figures import AtMost, Figure
from viewer.bench.timing import Way, medians_ms
from viewer.crypto.secret import Secret
from viewer.model.errors import EnvironmentFault
from viewer.model.ids import ImageId, PatientId
from viewer.model.image import ImageRecord
from viewer.vault.catalog import finding, images
from viewer.vault.catalog.connection import Catalog
from viewer.vault.catalog.images import Role, StoredObject
from viewer.vault.records import StudySummary

_EYE_MS = 50.0
_EYE = "what one types through"
_LIMIT = 200
_TYPED = ("a", "s", "m", "1", "19", "mu", "mull", "mullerba", "anna m", "s m", "1980-05", "zzz", "")
_IMAGES_A_PATIENT = 20
_SAMPLES = 200


def measure_catalog(bench: Bench) -> Iterator[Figure]:
    """Fill a catalog once, then measure what a person does in it."""
    wanted = bench.sizes.catalog_images
    with tempfile.TemporaryDirectory(prefix="bitewing-bench-") as name:
        path, key = Path(name) / "catalog.db", Secret(secrets.token_bytes(32))
        bench.say(f"catalog: filling it with {wanted:,} images")
        start = time.perf_counter()
        _fill(path, key, wanted)
        yield _bare("filling it, without its objects", time.perf_counter() - start, "s")
        size = path.stat().st_size
        yield _bare("its size on disk, an image", size / wanted, "B")
        bench.say("catalog: measuring")
        catalog = Catalog(path, key)
        try:
            yield from _figures(catalog, bench.sizes.light_rounds)
            yield from _whole(catalog, path, key)
        finally:
            catalog.close()
        yield _opening(path, key)


def _fill(path: Path, key: Secret, wanted: int) -> None:
    words = [sys.executable, "-m", "viewer.bench.vault_fill", str(path)]
    words += [str(max(1, wanted // _IMAGES_A_PATIENT)), str(wanted)]
    done = subprocess.run(
        words, input=key.view().hex() + "\n", text=True, capture_output=True, check=False
    )
    if done.returncode:
        raise EnvironmentFault("The catalog to be measured could not be made.", done.stderr[-300:])


def _bare(name: str, value: float, unit: str) -> Figure:
    return Figure(name, value, unit, "nothing", None)


def _felt(name: str, value_ms: float) -> Figure:
    return Figure(name, value_ms, "ms", _EYE, _EYE_MS, AtMost(1.0))


def _figures(catalog: Catalog, rounds: int) -> Iterator[Figure]:
    ways = {f"search “{typed}”": Way(partial(_search, catalog, typed)) for typed in _TYPED}
    for name, taken in medians_ms(ways, rounds).items():
        yield _felt(name, taken)
    people, pictures = _somebody(catalog)
    long_ms = _each_ms(people[:1] * 5, _timeline(catalog))
    yield Figure("timeline of 2,000 images", long_ms, "ms", _EYE, _EYE_MS)
    yield _felt("timeline of one of many", _each_ms(people[1:], _timeline(catalog)))
    yield _felt("an image's record and object", _each_ms(pictures, _look_up(catalog)))
    records = [_record(catalog, picture) for picture in pictures[:20]]
    taken = _each_ms(records, lambda record: _remove_and_add(catalog, *record))
    yield _felt("taking an image out and putting it in, both on disk", taken)
    yield _felt("the head", _each_ms(range(_SAMPLES), lambda _: catalog.head()))


def _search(catalog: Catalog, typed: str) -> object:
    with catalog.read() as cursor:
        return finding.search(cursor, typed, _LIMIT)


def _timeline(catalog: Catalog) -> Callable[[PatientId], object]:
    def show(patient_id: PatientId) -> object:
        with catalog.read() as cursor:
            return images.studies(cursor, patient_id)

    return show


def _look_up(catalog: Catalog) -> Callable[[ImageId], object]:
    def look(image_id: ImageId) -> object:
        with catalog.read() as cursor:
            images.get(cursor, image_id)
            return images.stored_object(cursor, image_id, Role.PIXELS)

    return look


Kept = tuple[ImageRecord, list[StoredObject], list[StudySummary]]


def _record(catalog: Catalog, image_id: ImageId) -> Kept:
    with catalog.read() as cursor:
        record = images.get(cursor, image_id)
        parts = [
            images.stored_object(cursor, image_id, role)
            for role in (Role.PIXELS, Role.HEADERS, Role.PREVIEW)
        ]
        return record, parts, images.studies(cursor, record.patient_id)


def _remove_and_add(
    catalog: Catalog,
    record: ImageRecord,
    parts: list[StoredObject],
    studies: list[StudySummary],
) -> None:
    with catalog.write() as cursor:
        images.remove(cursor, record.id)
    mine = next(each for each in studies if each.study.uid == record.study_uid)
    with catalog.write() as cursor:
        images.put_study(cursor, mine.study, mine.series[0].series)
        images.add(cursor, record, parts)


def _each_ms(wanted: Sequence[object], do: Callable[..., object]) -> float:
    start = time.perf_counter()
    for one in wanted:
        do(one)
    return (time.perf_counter() - start) / max(1, len(wanted)) * 1e3


def _somebody(catalog: Catalog) -> tuple[list[PatientId], list[ImageId]]:
    """Return patients, the one with many images first, and images from all over the file."""
    with catalog.read() as cursor:
        last = cursor.execute("SELECT max(number) FROM images").fetchone()
        step = max(1, (int(last[0]) if last else 1) // _SAMPLES)
        sql = "SELECT id, patient_id FROM images WHERE number % ? = 1 LIMIT ?"
        rows = cursor.execute(sql, (step, _SAMPLES)).fetchall()
        first = cursor.execute("SELECT id FROM patients WHERE number = 1").fetchall()
    people = [PatientId(row[1]) for row in rows if row[1] != first[0][0]]
    return [PatientId(first[0][0]), *people], [ImageId(row[0]) for row in rows]


def _whole(catalog: Catalog, path: Path, key: Secret) -> Iterator[Figure]:
    size = path.stat().st_size
    plain_s = _reading_s(path)
    start = time.perf_counter()
    catalog.faults()
    yield Figure(
        "check of the whole catalog", time.perf_counter() - start, "s", "reading its file", plain_s
    )
    start = time.perf_counter()
    catalog.export_to(path.with_name("copy"), key)
    taken = time.perf_counter() - start
    yield Figure("a copy of the whole catalog", taken, "s", "reading its file", plain_s)
    yield _bare("copying it", size / taken / 1e6, "MB/s")


def _reading_s(path: Path) -> float:
    start = time.perf_counter()
    with path.open("rb", buffering=0) as file:
        while file.read(1 << 20):
            pass
    return time.perf_counter() - start


def _opening(path: Path, key: Secret) -> Figure:
    start = time.perf_counter()
    Catalog(path, key).close()
    return _felt("opening and closing the catalog", (time.perf_counter() - start) * 1e3)
