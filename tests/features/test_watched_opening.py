"""A volume is seen while it comes: overview, then the planes around its middle, then all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import numpy as np
import pytest

from tests.support.practice import OFFICER, PASSWORD, open_clinic
from tests.unit.vault.made_up import new_patient, new_picture
from viewer.app.clinic import Clinic
from viewer.app.jobs import JobControl, SilentControl
from viewer.app.use_cases import library, trail
from viewer.imaging import kernels
from viewer.imaging.overview import make_overview
from viewer.model.errors import Cancelled
from viewer.model.image import ImageRecord, Picture, to_affine
from viewer.session.audit.events import EventKind, Outcome
from viewer.session.audit.reader import EventFilter
from viewer.session.errors import Locked
from viewer.vault.errors import ObjectDamaged, StoreClosed
from viewer.vault.overview import Overview

SHAPE = (80, 512, 512)
VOXELS = np.random.default_rng(4).integers(-1000, 3000, SHAPE, np.int16)


@pytest.fixture(autouse=True)
def _rested() -> Iterator[None]:
    yield
    kernels.rest()


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with open_clinic(tmp_path / "store") as made:
        made.log_in(OFFICER, PASSWORD)
        yield made


class Seen:
    """Remembers what it was shown, and does something then."""

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        self.overviews: list[Picture] = []
        self.planes: list[range] = []
        self.whole: list[Picture] = []
        self._then = then
        self.watcher = library.Watcher(self.overview, self.some)

    def overview(self, _: ImageRecord, picture: Picture) -> None:
        self.overviews.append(picture)

    def some(self, picture: Picture, planes: range) -> None:
        found = picture.pixels[planes.start : planes.stop]
        assert np.array_equal(found, VOXELS[planes.start : planes.stop])
        self.planes.append(planes)
        self.whole.append(picture)
        self._then()


def put_volume(clinic: Clinic, *, has_overview: bool = True) -> ImageRecord:
    patient = new_patient()
    clinic.vault.add_patient(patient)
    made = new_picture(patient.id, VOXELS)
    place = to_affine(np.diag([0.4, 0.4, 0.4, 1.0]))
    record = attrs.evolve(made.record, affine_lps=place)
    overview = Overview(*make_overview(record, VOXELS))
    return clinic.vault.put_picture(
        made.study, made.series, record, made.pixels, made.headers, made.thumbnail,
        overview=(lambda: overview) if has_overview else None,
    )  # fmt: skip


def watch(
    clinic: Clinic, record: ImageRecord, seen: Seen, control: JobControl | None = None
) -> Picture:
    return library.open_image(clinic, library.OpenImage(record.id, seen.watcher), control)


def views(clinic: Clinic) -> list[tuple[Outcome, str]]:
    reader = trail.open_trail(clinic, trail.OpenTrail())
    events = reversed(reader.page(EventFilter(kinds=frozenset({EventKind.VIEW})), 0, 50))
    return [(event.entry.outcome, event.entry.why) for event in events]


def test_the_overview_comes_first_then_the_middle_then_all(clinic: Clinic) -> None:
    record = put_volume(clinic)
    order: list[str] = []
    seen = Seen(lambda: order.append("planes"))
    whole = watch(clinic, record, seen)
    (overview,) = seen.overviews
    assert overview.pixels.shape == (80, 128, 128)
    assert np.allclose(overview.affine @ (1, 1, 1, 1), (2.2, 2.2, 0.4, 1))
    assert 40 in seen.planes[0]
    assert seen.planes[-1] == range(80)
    assert all(picture.pixels is whole.pixels for picture in seen.whole)
    assert np.array_equal(whole.pixels, VOXELS)
    assert views(clinic) == [(Outcome.DONE, "image")]


def test_nothing_is_seen_before_the_view_is_in_the_trail(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = put_volume(clinic)
    committed: list[int] = []
    append = clinic.trail.append
    monkeypatch.setattr(clinic.trail, "append", lambda entry: committed.append(1) or append(entry))
    seen = Seen(lambda: committed.append(2))
    watch(clinic, record, seen)
    assert committed[:2] == [1, 2]


def test_a_lock_in_the_middle_drops_and_overwrites_everything(clinic: Clinic) -> None:
    record = put_volume(clinic)
    seen = Seen(clinic.lock)
    with pytest.raises((StoreClosed, Locked)):
        watch(clinic, record, seen)
    assert len(seen.planes) < 4
    assert not seen.whole[0].pixels.any()


def test_cancelling_in_the_middle_drops_everything_and_is_in_the_trail(clinic: Clinic) -> None:
    record = put_volume(clinic)
    control = SilentControl()
    seen = Seen(control.cancel)
    with pytest.raises(Cancelled):
        watch(clinic, record, seen, control)
    assert not seen.whole[0].pixels.any()
    assert views(clinic)[-1][0] is Outcome.CANCELLED


def test_damage_in_the_middle_drops_everything_and_is_in_the_trail(
    clinic: Clinic, tmp_path: Path
) -> None:
    record = put_volume(clinic)
    flip(largest(tmp_path), -1)
    seen = Seen()
    with pytest.raises(ObjectDamaged, match="damaged and is not shown"):
        watch(clinic, record, seen)
    assert seen.planes
    assert range(80) not in seen.planes
    assert not seen.whole[0].pixels.any()
    assert views(clinic)[-1][0] is Outcome.FAILED


def test_a_damaged_overview_is_in_the_trail_and_hides_nothing(
    clinic: Clinic, tmp_path: Path
) -> None:
    record = put_volume(clinic)
    flip(sorted_files(tmp_path)[-2], 200)
    seen = Seen()
    assert np.array_equal(watch(clinic, record, seen).pixels, VOXELS)
    assert not seen.overviews
    assert (Outcome.FAILED, "overview: ObjectDamaged") in views(clinic)


def test_a_volume_of_an_older_store_gets_its_overview_when_it_is_first_seen(
    clinic: Clinic,
) -> None:
    record = put_volume(clinic, has_overview=False)
    first, second = Seen(), Seen()
    watch(clinic, record, first)
    assert not first.overviews
    assert first.planes[-1] == range(80)
    watch(clinic, record, second)
    (overview,) = second.overviews
    assert np.array_equal(overview.pixels, make_overview(record, VOXELS)[1])
    assert not clinic.vault.check(deep=True).findings


def test_a_flat_picture_is_not_watched(clinic: Clinic) -> None:
    patient = new_patient()
    clinic.vault.add_patient(patient)
    record = new_picture(patient.id).put(clinic.vault)
    seen = Seen()
    assert watch(clinic, record, seen).record == record
    assert not seen.overviews
    assert not seen.planes


def sorted_files(folder: Path) -> list[Path]:
    files = [path for path in (folder / "store" / "objects").rglob("*") if path.is_file()]
    return sorted(files, key=lambda path: path.stat().st_size)


def largest(folder: Path) -> Path:
    return sorted_files(folder)[-1]


def flip(path: Path, offset: int) -> None:
    raw = bytearray(path.read_bytes())
    raw[offset] ^= 1
    path.write_bytes(raw)
