"""What may leave the store, how it leaves and comes back, and what attackers try."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import BinaryIO

import numpy as np
import pytest

from tests.unit.vault.made_up import new_keys, new_patient, new_picture, object_files
from viewer.model.errors import Cancelled, EnvironmentFault
from viewer.model.ids import ImageId, ObjectId, PatientId, UserId, new_id
from viewer.model.image import ImageRecord
from viewer.vault.catalog import images
from viewer.vault.catalog.images import Role
from viewer.vault.errors import (
    ArchiveUnknown,
    ClockDoubtful,
    KeepingRefused,
    KeptElsewhere,
    NotInStore,
    ObjectDamaged,
    ObjectMissing,
)
from viewer.vault.keeping.records import Leaving
from viewer.vault.keeping.rules import Quota
from viewer.vault.records import FindingKind
from viewer.vault.store import Vault

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
USB = "usb-1"
OFFICER = UserId("f" * 32)
EVERYTHING = 1 << 60


class Folder:
    """An archive in memory: sealed files by object id."""

    def __init__(self, archive_id: str = USB) -> None:
        self.archive_id = archive_id
        self.files: dict[ObjectId, bytes] = {}
        self.asked = 0

    def take(self, vault: Vault, image_id: ImageId) -> ObjectId:
        """Copy an image's pixels as a backup would."""
        object_id = pixels_of(vault, image_id)
        self.files[object_id] = vault._sealed.folder.path(object_id).read_bytes()
        return object_id

    def fetch(self, object_id: ObjectId) -> BinaryIO:
        self.asked += 1
        if object_id not in self.files:
            raise ObjectMissing
        return io.BytesIO(self.files[object_id])


class Trail:
    """Remembers what it was told, and can be full."""

    def __init__(self) -> None:
        self.told: list[Leaving] = []
        self.is_full = False

    def __call__(self, leaving: Leaving) -> None:
        if self.is_full:
            raise EnvironmentFault("The trail cannot be written.")
        self.told.append(leaving)


def pixels_of(vault: Vault, image_id: ImageId) -> ObjectId:
    with vault._catalog.read() as cursor:
        return images.stored_object(cursor, image_id, Role.PIXELS).id


def file_of(vault: Vault, image_id: ImageId) -> Path:
    return vault._sealed.folder.path(pixels_of(vault, image_id))


def reopened(folder: Path, days: float = 0) -> Vault:
    vault = Vault.open(folder, new_keys())
    vault.keeping.now = lambda: NOW + timedelta(days=days)
    return vault


@pytest.fixture
def usb() -> Folder:
    return Folder()


@pytest.fixture
def trail() -> Trail:
    return Trail()


@pytest.fixture
def records(folder: Path, usb: Folder) -> list[ImageRecord]:
    """Four pictures of two patients, all held by the archive; nothing looked at."""
    with Vault.open(folder, new_keys()) as vault:
        vault.keeping.now = lambda: NOW
        people = [new_patient("First"), new_patient("Second", chart="BW-2")]
        made = []
        for number, person in enumerate([people[0], people[1]] * 2):
            if number < 2:
                vault.add_patient(person)
            pixels = np.full((40, 50), number, np.uint16)
            made.append(new_picture(person.id, pixels, study=f"1.2.{number}").put(vault))
        vault.keeping.know_archive(USB, "USB 1")
        vault.mark_held(USB, [usb.take(vault, record.id) for record in made])
    return made


@pytest.fixture
def store(folder: Path, records: list[ImageRecord]) -> Iterator[Vault]:
    with reopened(folder) as vault:
        yield vault


SIZE = 40 * 50 * 2


# what goes and what stays


def test_the_least_recently_looked_at_leave_first_and_only_as_many_as_are_wanted(
    store: Vault, folder: Path, records: list[ImageRecord], trail: Trail
) -> None:
    store.open_pixels(records[0].id)
    store.close()
    with reopened(folder, days=1) as vault:
        vault.open_pixels(records[1].id)
    with reopened(folder, days=2) as vault:
        gone = vault.keeping.evict(2 * SIZE, trail)
        assert set(gone.image_ids) == {records[2].id, records[3].id}
        assert gone.is_enough
        rest = vault.keeping.evict(1, trail)
        assert rest.image_ids == (records[0].id,)


def test_only_pixels_leave_so_the_chart_stays_browsable(
    store: Vault, records: list[ImageRecord], trail: Trail
) -> None:
    gone = store.keeping.evict(EVERYTHING, trail)
    assert set(gone.image_ids) == {record.id for record in records}
    assert not gone.is_enough
    for record in records:
        assert store.thumbnail(record.id).size
        assert store.headers(record.id)
        assert not file_of(store, record.id).exists()
        assert not store.keeping.is_here(record.id)
    assert len(store.studies(records[0].patient_id)) == 2


def test_what_no_archive_holds_never_leaves(
    store: Vault, records: list[ImageRecord], trail: Trail
) -> None:
    alone = new_picture(records[0].patient_id, study="1.9").put(store)
    assert alone.id not in store.keeping.evict(EVERYTHING, trail).image_ids
    assert store.open_pixels(alone.id).shape == alone.shape


def test_even_the_rows_cannot_say_that_an_unheld_picture_is_elsewhere(
    store: Vault, records: list[ImageRecord]
) -> None:
    alone = new_picture(records[0].patient_id, study="1.9").put(store)
    with pytest.raises(Exception, match="last copy"), store._catalog.write() as cursor:
        cursor.execute("UPDATE objects SET is_here = 0 WHERE image_id = ?", (alone.id,))
    assert store.keeping.is_here(alone.id)


def test_a_verification_counts_for_thirty_days_or_as_the_practice_says(
    store: Vault, records: list[ImageRecord], trail: Trail
) -> None:
    store.keeping.now = lambda: NOW + timedelta(days=31)
    assert store.keeping.evict(EVERYTHING, trail).image_ids == ()
    store.keeping.set_verified_days(40)
    assert len(store.keeping.evict(EVERYTHING, trail).image_ids) == 4


def test_an_archive_that_lost_the_object_since_is_no_reason_to_let_it_go(
    store: Vault, usb: Folder, records: list[ImageRecord], trail: Trail
) -> None:
    lost = pixels_of(store, records[0].id)
    assert store.keeping.declare_lost(USB, [lost]) == 0
    gone = store.keeping.evict(EVERYTHING, trail)
    assert records[0].id not in gone.image_ids
    assert len(gone.image_ids) == 3


def test_pinned_patients_stay_until_their_day_is_over(
    store: Vault, records: list[ImageRecord], trail: Trail
) -> None:
    here = store.keeping.today
    store.keeping.pin(records[0].patient_id, here + timedelta(days=1))
    gone = store.keeping.evict(EVERYTHING, trail)
    assert set(gone.image_ids) == {records[1].id, records[3].id}
    store.keeping.now = lambda: NOW + timedelta(days=2)
    assert store.keeping.pinned() == []
    assert len(store.keeping.evict(EVERYTHING, trail).image_ids) == 2


def test_a_pin_is_for_a_day_to_come_and_for_somebody_who_is_there(
    store: Vault, records: list[ImageRecord]
) -> None:
    today = store.keeping.today
    for day in (today - timedelta(days=1), today + timedelta(days=400)):
        with pytest.raises(KeepingRefused):
            store.keeping.pin(records[0].patient_id, day)
    with pytest.raises(NotInStore):
        store.keeping.pin(PatientId(new_id()), today)


def test_what_was_opened_since_the_store_was_opened_stays_for_it_may_be_on_screen(
    store: Vault, records: list[ImageRecord], trail: Trail
) -> None:
    store.open_pixels(records[2].id)
    assert records[2].id not in store.keeping.evict(EVERYTHING, trail).image_ids


def test_what_a_draft_speaks_of_stays(
    store: Vault, records: list[ImageRecord], trail: Trail
) -> None:
    store.save_draft(OFFICER, "desk", f'{{"image":"{records[3].id}"}}'.encode())
    assert records[3].id not in store.keeping.evict(EVERYTHING, trail).image_ids


def test_looks_cost_no_write_and_are_written_once_in_a_batch(
    store: Vault, records: list[ImageRecord]
) -> None:
    before = store.head().generation
    for record in records * 3:
        store.open_pixels(record.id)
    assert store.head().generation == before


# the trail comes first


def test_nothing_leaves_if_the_trail_cannot_be_written(
    store: Vault, records: list[ImageRecord], trail: Trail
) -> None:
    trail.is_full = True
    with pytest.raises(EnvironmentFault):
        store.keeping.evict(EVERYTHING, trail)
    assert all(store.keeping.is_here(record.id) for record in records)
    assert all(file_of(store, record.id).exists() for record in records)


def test_the_trail_is_told_patient_objects_and_digests_before_anything_leaves(
    store: Vault, records: list[ImageRecord]
) -> None:
    seen: list[Leaving] = []

    def witness(leaving: Leaving) -> None:
        for object_id in leaving.object_ids:
            assert store._sealed.folder.path(object_id).exists()
        seen.append(leaving)

    store.keeping.evict(EVERYTHING, witness)
    assert len(seen) == 2
    assert {each.patient_id for each in seen} == {record.patient_id for record in records}
    told = {(image, digest) for each in seen for image, digest in zip(
        each.image_ids, each.digests, strict=True)}  # fmt: skip
    assert told == {(record.id, record.pixel_sha256) for record in records}
    assert {each for one in seen for each in one.object_ids} == {
        pixels_of(store, record.id) for record in records
    }


def test_an_eviction_can_be_cancelled_between_patients(
    store: Vault, records: list[ImageRecord], trail: Trail
) -> None:
    with pytest.raises(Cancelled):
        store.keeping.evict(EVERYTHING, trail, is_cancelled=lambda: bool(trail.told))
    assert len(trail.told) == 1
    here = [record for record in records if store.keeping.is_here(record.id)]
    assert len(here) == 2


# coming back


def test_opening_an_evicted_image_says_where_it_is(
    store: Vault, records: list[ImageRecord], trail: Trail
) -> None:
    store.keeping.evict(EVERYTHING, trail)
    with pytest.raises(KeptElsewhere, match=r"“USB 1”.*Connect it"):
        store.open_pixels(records[0].id)


def test_with_the_archive_connected_it_comes_back_when_opened_and_stays(
    store: Vault, usb: Folder, records: list[ImageRecord], trail: Trail
) -> None:
    store.keeping.evict(EVERYTHING, trail)
    store.keeping.connect(usb)
    for _ in range(2):
        assert (store.open_pixels(records[1].id) == 1).all()
    assert usb.asked == 1
    assert store.keeping.is_here(records[1].id)
    store.keeping.disconnect(USB)
    with pytest.raises(KeptElsewhere):
        store.open_pixels(records[0].id)


def spoiled(raw: bytes, how: str, usb: Folder) -> bytes:
    if how == "one bit":
        return raw[:200] + bytes([raw[200] ^ 1]) + raw[201:]
    if how == "another picture":
        return next(each for each in usb.files.values() if each != raw)
    return raw[:-1] if how == "cut" else raw + bytes(1 << 20) if how == "endless" else b""


@pytest.mark.parametrize("how", ["one bit", "cut", "endless", "empty", "another picture"])
def test_what_comes_back_changed_is_refused_and_leaves_nothing(
    store: Vault, usb: Folder, records: list[ImageRecord], trail: Trail, how: str
) -> None:
    store.keeping.evict(EVERYTHING, trail)
    store.keeping.connect(usb)
    object_id = pixels_of(store, records[0].id)
    usb.files[object_id] = spoiled(usb.files[object_id], how, usb)
    with pytest.raises(ObjectDamaged):
        store.open_pixels(records[0].id)
    assert not store.keeping.is_here(records[0].id)
    assert not list(file_of(store, records[0].id).parent.glob(object_id + "*"))


def test_an_archive_that_is_not_listed_as_holder_is_not_asked(
    store: Vault, usb: Folder, records: list[ImageRecord], trail: Trail
) -> None:
    store.keeping.evict(EVERYTHING, trail)
    stranger = Folder("somebody else")
    stranger.files = usb.files
    store.keeping.connect(stranger)
    with pytest.raises(KeptElsewhere):
        store.open_pixels(records[0].id)
    assert stranger.asked == 0


def test_where_the_connected_archive_fails_the_other_one_is_named(
    store: Vault, usb: Folder, records: list[ImageRecord], trail: Trail
) -> None:
    store.keeping.know_archive("nas", "NAS")
    store.mark_held("nas", [pixels_of(store, record.id) for record in records])
    store.keeping.evict(EVERYTHING, trail)
    usb.files = {}
    store.keeping.connect(usb)
    with pytest.raises(KeptElsewhere, match="“NAS”"):
        store.open_pixels(records[2].id)


def test_a_second_archive_helps_where_the_first_is_damaged(
    store: Vault, usb: Folder, records: list[ImageRecord], trail: Trail
) -> None:
    other = Folder("nas")
    store.keeping.know_archive("nas", "NAS")
    store.mark_held("nas", [other.take(store, record.id) for record in records])
    store.keeping.evict(EVERYTHING, trail)
    usb.files = {}
    store.keeping.connect(usb)
    store.keeping.connect(other)
    assert (store.open_pixels(records[2].id) == 2).all()


# crashes


def test_a_kill_between_row_and_file_loses_nothing_and_the_file_counts_again(
    store: Vault, records: list[ImageRecord], trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store._sealed, "discard", list)
    store.keeping.evict(EVERYTHING, trail)
    assert all(file_of(store, record.id).exists() for record in records)
    assert (store.open_pixels(records[0].id) == 0).all()
    assert store.keeping.is_here(records[0].id)
    assert store.check(deep=True).is_sound


def test_after_a_forced_end_an_eviction_is_finished_only_in_the_newest_catalog(
    store: Vault,
    folder: Path,
    records: list[ImageRecord],
    trail: Trail,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store._sealed, "discard", list)
    monkeypatch.setattr("viewer.vault.keeping.clock.wall_clock", lambda: NOW)
    store.keeping.evict(EVERYTHING, trail)
    paths = [file_of(store, record.id) for record in records]
    head = store.head()
    monkeypatch.undo()
    store.close()
    monkeypatch.setattr("viewer.vault.keeping.clock.wall_clock", lambda: NOW)
    (folder / "store.open").touch()
    Vault.open(folder, new_keys()).close()
    assert all(path.exists() for path in paths)
    (folder / "store.open").touch()
    Vault.open(folder, new_keys(), expected=head).close()
    assert not any(path.exists() for path in paths)


def test_an_image_opened_in_the_middle_of_its_eviction_is_whole_afterwards(
    store: Vault,
    usb: Folder,
    records: list[ImageRecord],
    trail: Trail,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store.keeping.connect(usb)
    discard = store._sealed.discard
    opened: list[Thread] = []

    def discard_while_somebody_opens(gone: Iterable[ObjectId]) -> None:
        opened.append(Thread(target=store.open_pixels, args=(records[0].id,)))
        opened[-1].start()
        discard(gone)

    monkeypatch.setattr(store._sealed, "discard", discard_while_somebody_opens)
    store.keeping.evict(EVERYTHING, trail)
    for thread in opened:
        thread.join()
    monkeypatch.undo()
    assert store.keeping.is_here(records[0].id)
    assert (store.open_pixels(records[0].id) == 0).all()
    assert store.check(deep=True).is_sound


# the check


def test_the_check_calls_an_evicted_picture_kept_and_a_lost_one_missing(
    store: Vault, records: list[ImageRecord], trail: Trail
) -> None:
    store.keeping.evict(EVERYTHING, trail)
    report = store.check(deep=True)
    assert [finding.kind for finding in report.findings] == [FindingKind.KEPT_ELSEWHERE]
    assert report.is_sound
    assert "4 pictures" in report.findings[0].words
    assert store.keeping.declare_lost(USB) == 4
    report = store.check()
    assert [finding.kind for finding in report.findings] == [FindingKind.MISSING] * 4
    assert not report.is_sound
    with pytest.raises(ObjectMissing):
        store.open_pixels(records[0].id)


# forged claims


def test_an_archive_that_nobody_set_up_cannot_claim_to_hold_anything(
    store: Vault, records: list[ImageRecord]
) -> None:
    with pytest.raises(ArchiveUnknown):
        store.mark_held("forged", [pixels_of(store, records[0].id)])


def test_a_lost_archive_cannot_go_on_claiming(store: Vault, records: list[ImageRecord]) -> None:
    store.keeping.declare_lost(USB)
    with pytest.raises(ArchiveUnknown):
        store.mark_held(USB, [pixels_of(store, records[0].id)])


def test_one_archives_verification_does_not_freshen_anothers(
    store: Vault, records: list[ImageRecord], trail: Trail
) -> None:
    object_id = pixels_of(store, records[0].id)
    store.keeping.know_archive("nas", "NAS")
    store.keeping.mark_held("nas", [object_id], NOW - timedelta(days=29))
    store.keeping.declare_lost(USB)
    store.keeping.now = lambda: NOW + timedelta(days=5)
    assert store.keeping.evict(EVERYTHING, trail).image_ids == ()


def test_an_older_verification_never_replaces_a_later_one_nor_one_from_the_future_counts(
    store: Vault, records: list[ImageRecord], trail: Trail
) -> None:
    object_id = pixels_of(store, records[0].id)
    assert store.keeping.mark_held(USB, [object_id], NOW - timedelta(days=300)) == 0
    with pytest.raises(KeepingRefused):
        store.keeping.mark_held(USB, [object_id], NOW + timedelta(days=300))
    assert records[0].id in store.keeping.evict(EVERYTHING, trail).image_ids


def test_a_verification_made_under_a_clock_that_was_ahead_is_replaced(
    store: Vault, records: list[ImageRecord], trail: Trail
) -> None:
    object_id = pixels_of(store, records[0].id)
    store.keeping.now = lambda: NOW + timedelta(days=20)
    store.mark_held(USB, [object_id])
    store.keeping.now = lambda: NOW
    store.keeping.accept_clock()
    assert records[0].id not in store.keeping.evict(EVERYTHING, trail).image_ids
    store.mark_held(USB, [object_id])
    assert records[0].id in store.keeping.evict(EVERYTHING, trail).image_ids


def test_previews_and_headers_are_never_noted_as_held(
    store: Vault, records: list[ImageRecord]
) -> None:
    with store._catalog.read() as cursor:
        other = [images.stored_object(cursor, records[0].id, role).id
                 for role in (Role.PREVIEW, Role.HEADERS)]  # fmt: skip
    assert store.mark_held(USB, [*other, ObjectId(new_id())]) == 0


def test_the_last_archive_of_an_evicted_picture_is_not_forgotten(
    store: Vault, records: list[ImageRecord], trail: Trail
) -> None:
    store.keeping.evict(SIZE, trail)
    with pytest.raises(KeepingRefused, match="1 pictures"):
        store.forget_held(USB)
    assert [each.id for each in store.keeping.archives()] == [USB]


def test_an_archive_that_holds_no_last_copy_is_forgotten(
    store: Vault, records: list[ImageRecord], trail: Trail
) -> None:
    store.forget_held(USB)
    assert store.keeping.archives() == []
    assert store.keeping.evict(EVERYTHING, trail).image_ids == ()


# the clock


@pytest.mark.parametrize(
    ("days", "words"), [(-10, "earlier"), (60, "60 days later"), (365 * 40, "later")]
)
def test_under_a_clock_that_jumped_nothing_leaves(
    store: Vault, records: list[ImageRecord], trail: Trail, days: int, words: str
) -> None:
    store.keeping.now = lambda: NOW + timedelta(days=days)
    with pytest.raises(ClockDoubtful, match=words):
        store.keeping.evict(EVERYTHING, trail)


def test_opening_and_closing_under_a_wrong_date_does_not_make_it_right(
    store: Vault, folder: Path, records: list[ImageRecord], trail: Trail
) -> None:
    store.close()
    for _ in range(3):
        with reopened(folder, days=4000) as vault:
            vault.open_pixels(records[0].id)
    with reopened(folder, days=4000) as vault, pytest.raises(ClockDoubtful):
        vault.keeping.evict(EVERYTHING, trail)
    with reopened(folder, days=1) as vault:
        assert vault.keeping.evict(1, trail).is_enough


def test_somebody_who_may_can_say_that_the_clock_is_right(
    store: Vault, records: list[ImageRecord], trail: Trail
) -> None:
    store.keeping.now = lambda: NOW + timedelta(days=60)
    store.keeping.accept_clock()
    store.mark_held(USB, [pixels_of(store, records[0].id)])
    assert store.keeping.evict(EVERYTHING, trail).image_ids == (records[0].id,)


# usage, quota, room


def test_usage_says_what_is_here_elsewhere_held_and_could_go(
    store: Vault, records: list[ImageRecord], trail: Trail
) -> None:
    store.keeping.pin(records[0].patient_id, store.keeping.today)
    store.keeping.evict(SIZE, trail)
    usage = store.keeping.usage()
    [kind] = usage.kinds
    assert (kind.kind, kind.images) == ("periapical", 4)
    assert kind.elsewhere_bytes == SIZE
    assert kind.held_bytes == 4 * SIZE
    assert kind.free_bytes == usage.free_bytes == SIZE
    assert usage.here_bytes > 3 * SIZE
    assert [(each.label, each.objects_held) for each in usage.archives] == [("USB 1", 4)]


def test_a_quota_is_a_size_or_a_share_and_evicts_nothing_by_itself(
    store: Vault, records: list[ImageRecord]
) -> None:
    store.keeping.set_quota(Quota(size_bytes=100))
    usage = store.keeping.usage()
    assert usage.over_quota_bytes == usage.here_bytes - 100
    assert all(store.keeping.is_here(record.id) for record in records)
    assert store.keeping.room().free_able_bytes == 4 * SIZE
    store.keeping.set_quota(Quota(percent=10))
    assert store.keeping.usage().quota_bytes == store.keeping.usage().disk_bytes // 10
    store.keeping.set_quota(None)
    assert store.keeping.usage().over_quota_bytes == 0


@pytest.mark.parametrize(
    ("size", "percent"), [(None, None), (1, 1), (-1, None), (None, 0), (None, 101)]
)
def test_a_quota_that_makes_no_sense_is_refused(size: int | None, percent: int | None) -> None:
    with pytest.raises(KeepingRefused):
        Quota(size, percent)


def test_a_tight_disk_is_told_together_with_what_could_go(
    store: Vault, records: list[ImageRecord]
) -> None:
    assert store.keeping.room(1 << 60).is_tight
    assert store.keeping.room(1 << 60).free_able_bytes == 4 * SIZE
    assert len(object_files(store._layout.folder)) == 12


def test_a_patient_is_found_by_id_or_chart_number(store: Vault, records: list[ImageRecord]) -> None:
    second = records[1].patient_id
    assert store.keeping.patients_named("BW-2") == [second]
    assert store.keeping.patients_named(second) == [second]
    assert store.keeping.patients_named("BW") == []


def test_the_day_is_the_workstations(store: Vault) -> None:
    assert abs(store.keeping.today - date(2026, 6, 15)) <= timedelta(days=1)
