"""A catalog filled with a big practice's made-up people and images, without their objects' files.

Rows go in through the catalog's own connection and tables, but without the log and in a few
transactions: 2,000,000 images in minutes instead of days. Ids are random as in life, so that
looking something up jumps about the file as it would there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

import attrs
import numpy as np

from viewer.bench.people import Person, made_up_people
from viewer.crypto.secret import Secret
from viewer.model.ids import ImageId, PatientId, SeriesUid, SopUid, StudyUid
from viewer.model.image import (
    GreyScale,
    ImageKind,
    ImageRecord,
    PixelSpacing,
    SpacingSource,
    Window,
)
from viewer.model.json import to_json
from viewer.model.patient import Patient, Series, Study
from viewer.vault.catalog import connection, patients
from viewer.vault.catalog.connection import Catalog, Cursor
from viewer.vault.catalog.images import Role

Say = Callable[[str], None]
_BATCH = 20_000
_FIRST_DAY = date(2008, 1, 7)
_COUNTS = """
UPDATE patients SET
    study_count = (SELECT count(*) FROM studies WHERE patient_id = patients.id),
    image_count = (SELECT count(*) FROM images WHERE patient_id = patients.id),
    last_study = (SELECT coalesce(max(date), '') FROM studies WHERE patient_id = patients.id)
"""
_ROLES = ((Role.PIXELS.value, 5_850_000), (Role.HEADERS.value, 2_900), (Role.PREVIEW.value, 49_160))


@attrs.frozen
class Extent:
    """How much: patients, images in all, and how many of them the first patient alone has."""

    patients: int = 100_000
    images: int = 2_000_000
    of_first: int = 2_000

    def images_of(self, number: int) -> int:
        """How many images one patient has."""
        if number == 0:
            return min(self.of_first, self.images)
        rest = self.images - self.images_of(0)
        share, over = divmod(rest, max(1, self.patients - 1))
        # Some have twice as many as others: children and those in long treatment.
        swing = (number % 3 - 1) * (share // 2) if number <= (self.patients - 1) // 3 * 3 else 0
        return share + swing + (number <= over)


def fill(catalog: Catalog, extent: Extent, say: Say) -> list[PatientId]:
    """Fill an empty catalog; return the patients' ids, the one with many images first."""
    random = np.random.default_rng(20_240_229)
    with catalog.read() as cursor:
        _without_log(cursor)
        triggers = _drop_triggers(cursor)
        made = _fill_patients(cursor, extent, random)
        say(f"catalog: {extent.patients:,} patients are in")
        images = _images(made, extent, random)
        done = 0
        while batch := list(islice(images, _BATCH)):
            cursor.execute("BEGIN")
            _put(cursor, batch, random)
            cursor.execute("COMMIT")
            done += len(batch)
            if done % (_BATCH * 10) == 0:
                say(f"catalog: {done:,} images are in")
        for sql in (*triggers, _COUNTS, "ANALYZE"):
            cursor.execute(sql)
    return made


def _drop_triggers(cursor: Cursor) -> list[str]:
    """Take the triggers away, which cost a lookup for each row; return how they are made."""
    rows = cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in rows:
        cursor.execute(f"DROP TRIGGER {name}")
    return [str(sql) for _, sql in rows]


def _without_log(cursor: Cursor) -> None:
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1500000"):
        cursor.execute(f"PRAGMA {pragma}")


def _fill_patients(cursor: Cursor, extent: Extent, random: np.random.Generator) -> list[PatientId]:
    ids = [PatientId(one) for one in _hex_ids(extent.patients, random)]
    cursor.execute("BEGIN")
    for number, person in enumerate(made_up_people(extent.patients, random)):
        patients.add(cursor, _patient(ids[number], number, person), "")
        patients.put_key(cursor, ids[number], 1, 1, random.bytes(60))
    cursor.execute("COMMIT")
    return ids


def _patient(patient_id: PatientId, number: int, person: Person) -> Patient:
    raw = f"{person.family}^{person.given}"
    chart = f"{100_000 + number * 7}"
    return Patient(patient_id, chart, person.family, person.given, person.born, person.sex, raw)


def _hex_ids(count: int, random: np.random.Generator) -> list[str]:
    text = random.bytes(16 * count).hex()
    return [text[at : at + 32] for at in range(0, len(text), 32)]


def _uids(count: int, random: np.random.Generator) -> list[str]:
    return [f"2.25.{int(one, 16)}" for one in _hex_ids(count, random)]


@attrs.frozen
class _Image:
    """One image to be put: where it belongs, and whether it begins a study."""

    patient_id: PatientId
    study_uid: str
    series_uid: str
    number: int
    day: date


def _images(
    ids: Sequence[PatientId], extent: Extent, random: np.random.Generator
) -> Iterator[_Image]:
    for number, patient_id in enumerate(ids):
        count = extent.images_of(number)
        studies = max(1, min(count, 4 if number else count // 10))
        uids = _uids(2 * studies, random)
        day = _FIRST_DAY + timedelta(days=number % 365)
        for index in range(count):
            study, place = index * studies // count, index
            when = day + timedelta(days=180 * study)
            yield _Image(patient_id, uids[2 * study], uids[2 * study + 1], place + 1, when)


def _put(cursor: Cursor, batch: Sequence[_Image], random: np.random.Generator) -> None:
    _put_studies(cursor, batch)
    ids, sops = _hex_ids(len(batch), random), _uids(len(batch), random)
    digests = random.bytes(32 * len(batch)).hex()
    cursor.executemany(
        "INSERT INTO images (id, patient_id, study_uid, series_uid, instance_number, acquired,"
        " pixel_sha256, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        _image_rows(batch, ids, sops, digests),
    )
    cursor.executemany(
        "INSERT INTO image_sops (sop_uid, image_id) VALUES (?, ?)", zip(sops, ids, strict=True)
    )
    objects = iter(_hex_ids(len(batch) * len(_ROLES), random))
    cursor.executemany(
        "INSERT INTO objects (image_id, role, id, plain_bytes) VALUES (?, ?, ?, ?)",
        [(one, role, next(objects), size) for one in ids for role, size in _ROLES],
    )


def _put_studies(cursor: Cursor, batch: Sequence[_Image]) -> None:
    begun = {each.study_uid: each for each in batch}
    studies = [
        (each.patient_id, uid, each.day.isoformat(), to_json(_study(each)))
        for uid, each in begun.items()
    ]
    series = [
        (each.patient_id, uid, each.series_uid, 1, to_json(_series(each)))
        for uid, each in begun.items()
    ]
    cursor.executemany(
        "INSERT OR IGNORE INTO studies (patient_id, uid, date, record) VALUES (?, ?, ?, ?)", studies
    )
    cursor.executemany(
        "INSERT OR IGNORE INTO series (patient_id, study_uid, uid, number, record)"
        " VALUES (?, ?, ?, ?, ?)",
        series,
    )


def _study(image: _Image) -> Study:
    return Study(StudyUid(image.study_uid), image.patient_id, image.day, None, "Intraoral survey")


def _series(image: _Image) -> Series:
    return Series(SeriesUid(image.series_uid), StudyUid(image.study_uid), "IO", 1)


def _image_rows(
    batch: Sequence[_Image], ids: Sequence[str], sops: Sequence[str], digests: str
) -> Iterator[tuple[object, ...]]:
    template = _record_template()
    for at, (image, image_id) in enumerate(zip(batch, ids, strict=True)):
        digest = digests[64 * at : 64 * at + 64]
        record = template % (
            image_id,
            image.patient_id,
            image.study_uid,
            image.series_uid,
            sops[at],
            image.number,
            digest,
        )
        yield (
            image_id,
            image.patient_id,
            image.study_uid,
            image.series_uid,
            image.number,
            f"{image.day.isoformat()}T10:00:00",
            digest,
            record,
        )


def _record_template() -> str:
    """Return a radiograph's record as JSON with a `%s` for each thing that differs."""
    spacing = PixelSpacing(0.0195, 0.0195, SpacingSource.DETECTOR)
    grey = GreyScale(bits_stored=12, windows=(Window(2048.0, 4096.0),), maximum=4095)
    record = ImageRecord(
        ImageId("@"),
        PatientId("@"),
        StudyUid("@"),
        SeriesUid("@"),
        (SopUid("@"),),
        "1.2.840.10008.5.1.4.1.1.1.3.1",
        "IO",
        ImageKind.BITEWING,
        (1300, 2250),
        "uint16",
        grey,
        spacing,
        laterality="R",
        patient_orientation=("A", "F"),
        number=-1,
        description="Bitewing right",
        burned_in="NO",
        pixel_sha256="@",
    )
    text = to_json(record).replace("%", "%%").replace('"@"', '"%s"')
    return text.replace('"number":-1', '"number":%s')


def main() -> None:
    """Fill the catalog that the arguments name; its key, in hex, comes on standard input.

    A process of its own, and without the wiping of memory: that made the filling ten times slower,
    cannot be taken back in a process, and the people are made up.
    """
    path, patients_wanted, images_wanted = sys.argv[1:]
    vars(connection)["BEFORE_KEY"] = ("PRAGMA cipher_log_level = NONE",)
    catalog_key = bytes.fromhex(sys.stdin.readline())
    catalog = Catalog(Path(path), Secret(catalog_key))
    try:
        extent = Extent(int(patients_wanted), int(images_wanted))
        fill(catalog, extent, lambda words: print(words, file=sys.stderr, flush=True))
        with catalog.read() as cursor:  # what was filled in past the transactions is not counted
            cursor.execute("DELETE FROM sums_head")
    finally:
        catalog.close()
    Catalog(Path(path), Secret(catalog_key)).close()  # counts it


if __name__ == "__main__":
    main()
