"""The overview as an object of its own: beside the pixels, added later, refused when it lies."""

from __future__ import annotations

from pathlib import Path

import attrs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.vault.made_up import MadePicture, new_picture
from viewer.model.errors import Cancelled
from viewer.model.ids import ImageId, new_id
from viewer.model.image import ImageRecord, to_affine
from viewer.model.patient import Patient
from viewer.vault.catalog.images import Role
from viewer.vault.errors import DiskFull, NotInStore, ObjectDamaged, StoreFault
from viewer.vault.overview import Overview, pack_overview, unpack_overview
from viewer.vault.records import FindingKind
from viewer.vault.store import Vault


def _volume(patient: Patient, shape: tuple[int, int, int] = (3, 300, 200)) -> MadePicture:
    made = new_picture(patient.id, np.random.default_rng(1).integers(-9, 99, shape, np.int16))
    place = to_affine(np.diag([0.4, 0.4, 1.0, 1.0]))
    return attrs.evolve(made, record=attrs.evolve(made.record, affine_lps=place))


def _overview(shape: tuple[int, int, int] = (3, 100, 100)) -> Overview:
    values = np.arange(np.prod(shape), dtype=np.int16).reshape(shape)
    return Overview((1, 3, 2), values)


def _put(vault: Vault, made: MadePicture, overview: Overview | None = None) -> ImageRecord:
    make = None if overview is None else lambda: overview
    return vault.put_picture(
        made.study, made.series, made.record, made.pixels, made.headers, made.thumbnail,
        overview=make,
    )  # fmt: skip


def test_an_overview_comes_back_as_it_was_put(vault: Vault, patient: Patient) -> None:
    kept = _put(vault, _volume(patient), _overview())
    found = vault.overviews.get(kept)
    assert found is not None
    assert found.factors == (1, 3, 2)
    assert np.array_equal(found.values, _overview().values)
    assert vault.check(deep=True).is_sound


def test_a_volume_from_before_there_were_overviews_gets_one_later(
    vault: Vault, patient: Patient
) -> None:
    kept = _put(vault, _volume(patient))
    assert vault.overviews.get(kept) is None
    assert vault.check(deep=True).is_sound
    assert vault.overviews.keep(kept, _overview())
    found = vault.overviews.get(kept)
    assert found is not None
    assert np.array_equal(found.values, _overview().values)
    assert vault.check(deep=True).objects_checked == 4


def test_a_second_overview_leaves_no_orphan(vault: Vault, patient: Patient) -> None:
    kept = _put(vault, _volume(patient), _overview())
    assert not vault.overviews.keep(kept, _overview())
    assert not vault.check(deep=True).findings


def test_an_overview_for_a_volume_that_is_gone_is_not_kept(vault: Vault, patient: Patient) -> None:
    kept = _put(vault, _volume(patient))
    vault.delete_image(kept.id)
    with pytest.raises(NotInStore):
        vault.overviews.keep(kept, _overview())
    assert not vault.check(deep=True).findings


def test_deleting_a_volume_takes_its_overview_along(
    vault: Vault, patient: Patient, folder: Path
) -> None:
    kept = _put(vault, _volume(patient), _overview())
    vault.delete_image(kept.id)
    assert not [path for path in (folder / "objects").rglob("*") if path.is_file()]


def test_a_check_names_a_damaged_overview(vault: Vault, patient: Patient, folder: Path) -> None:
    before = {path for path in (folder / "objects").rglob("*") if path.is_file()}
    kept = _put(vault, _volume(patient))
    rest = {path for path in (folder / "objects").rglob("*") if path.is_file()}
    vault.overviews.keep(kept, _overview())
    added = {path for path in (folder / "objects").rglob("*") if path.is_file()} - rest
    assert not before
    (path,) = added
    raw = bytearray(path.read_bytes())
    raw[100] ^= 1
    path.write_bytes(raw)
    (finding,) = vault.check(deep=True).findings
    assert finding.kind is FindingKind.DAMAGED
    assert finding.words.startswith("The overview of image")
    with pytest.raises(ObjectDamaged):
        vault.overviews.get(kept)
    assert np.array_equal(vault.open_pixels(kept.id), _volume(patient).pixels)


def test_a_fault_in_making_the_overview_keeps_nothing(
    vault: Vault, patient: Patient, folder: Path
) -> None:
    made = _volume(patient)

    def fail() -> Overview:
        raise DiskFull

    with pytest.raises(StoreFault):
        vault.put_picture(
            made.study, made.series, made.record, made.pixels, made.headers, made.thumbnail,
            overview=fail,
        )  # fmt: skip
    assert not vault.images(patient.id)
    assert not [path for path in (folder / "objects").rglob("*") if path.is_file()]


def test_a_cancelled_import_keeps_nothing_of_either_thread(
    vault: Vault, patient: Patient, folder: Path
) -> None:
    made = _volume(patient, (60, 512, 512))
    asked: list[int] = []

    def after_some() -> bool:
        asked.append(1)
        return len(asked) > 12

    with pytest.raises(Cancelled):
        vault.put_picture(
            made.study, made.series, made.record, made.pixels, made.headers, made.thumbnail,
            after_some,
        )  # fmt: skip
    assert not [path for path in (folder / "objects").rglob("*") if path.is_file()]


def test_an_overview_of_another_volume_is_refused(vault: Vault, patient: Patient) -> None:
    kept = _put(vault, _volume(patient))
    for wrong in (_overview((3, 99, 100)), Overview((1, 2, 2), _overview().values)):
        with pytest.raises(ValueError, match="another volume"):
            vault.overviews.keep(kept, wrong)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=64))
def test_bytes_that_are_no_overview_are_refused(patient: Patient, raw: bytes) -> None:
    record = _volume(patient, (2, 3, 4)).record
    genuine = bytes(
        pack_overview(record, Overview((1, 1, 1), np.zeros((2, 3, 4), np.int16)))[Role.OVERVIEW]
    )
    assert unpack_overview(record, np.frombuffer(genuine, np.uint8)).values.shape == (2, 3, 4)
    if len(raw) != len(genuine):
        with pytest.raises(ObjectDamaged):
            unpack_overview(record, np.frombuffer(raw + b"", np.uint8))
    flat = attrs.evolve(record, id=ImageId(new_id()), shape=(3, 4))
    with pytest.raises(ObjectDamaged):
        unpack_overview(flat, np.frombuffer(genuine, np.uint8))
