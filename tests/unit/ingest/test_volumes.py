"""The right side and the right millimetres: affines against SimpleITK and nibabel."""

from __future__ import annotations

import tempfile
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813  its documented name
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from tests.support import dicom_files
from tests.support.series import affine_of, sources, turned
from viewer.dicom import write
from viewer.imaging.planes import (
    PlaneGeometry,
    letters,
    plane_letters,
    sample_plane,
    space_of,
)
from viewer.ingest.grouping import Plan, plan
from viewer.model.view import Plane

_SIX = range(6)
_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_part = st.floats(-1, 1, allow_nan=False)
_turns = st.tuples(_part, _part, _part, _part).filter(lambda q: sum(x * x for x in q) > 0.05)
_sizes = st.tuples(*[st.floats(0.05, 3.0)] * 3)
_places = st.tuples(*[st.floats(-500, 500)] * 3)

_AXES = {
    "axial": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "axial, feet first": ((-1, 0, 0), (0, 1, 0), (0, 0, -1)),
    "axial, prone": ((-1, 0, 0), (0, -1, 0), (0, 0, 1)),
    "axial, prone and feet first": ((1, 0, 0), (0, -1, 0), (0, 0, -1)),
    "coronal": ((1, 0, 0), (0, 0, -1), (0, 1, 0)),
    "sagittal": ((0, 1, 0), (0, 0, -1), (-1, 0, 0)),
    "lying on the right side": ((0, 1, 0), (-1, 0, 0), (0, 0, 1)),
    "flipped columns": ((-1, 0, 0), (0, 1, 0), (0, 0, -1)),
    "flipped rows": ((1, 0, 0), (0, -1, 0), (0, 0, -1)),
}


def _series(affine: NDArray[np.float64]) -> list[Dataset]:
    return dicom_files.ct(affine)


def _plan(datasets: list[Dataset]) -> Plan:
    (made,) = plan(sources(datasets))
    return made


def _read_by_simpleitk(datasets: list[Dataset], folder: Path) -> sitk.Image:
    for n, dataset in enumerate(datasets):
        (folder / f"{n}.dcm").write_bytes(write.to_bytes(dataset))
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return reader.Execute()


def _affine_by_simpleitk(image: sitk.Image) -> NDArray[np.float64]:
    directions = np.array(image.GetDirection()).reshape(3, 3)
    return affine_of(directions, image.GetSpacing(), image.GetOrigin())


def _ordered(affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the affine of the same slices ordered from the lowest place along their normal on."""
    normal = np.cross(affine[:3, 0], affine[:3, 1])
    if affine[:3, 2] @ normal > 0:
        return affine
    turned_round = affine.copy()
    turned_round[:3, 3] += affine[:3, 2] * (len(_SIX) - 1)
    turned_round[:3, 2] *= -1
    return turned_round


@given(turn=_turns, spacing=_sizes, origin=_places)
@settings(max_examples=25, deadline=None)
def test_any_oblique_affine_is_the_one_that_simpleitk_reads(
    turn: tuple[float, ...], spacing: tuple[float, ...], origin: tuple[float, ...]
) -> None:
    affine = affine_of(turned(turn), spacing, origin)
    datasets = _series(affine)
    made = _plan(datasets[::-1])
    assert made.affine is not None
    with tempfile.TemporaryDirectory() as folder:
        peer = _affine_by_simpleitk(_read_by_simpleitk(datasets, Path(folder)))
    assert np.abs(np.array(made.affine) - peer).max() < 1e-6
    assert np.abs(np.array(made.affine) - affine).max() < 1e-6


@given(order=st.permutations(_SIX), turn=_turns)
@settings(max_examples=40, deadline=None)
def test_any_order_of_the_files_gives_the_same_volume(
    order: list[int], turn: tuple[float, ...]
) -> None:
    datasets = _series(affine_of(turned(turn), (0.3, 0.4, 0.5), (1, 2, 3)))
    wanted, found = _plan(datasets), _plan([datasets[n] for n in order])
    assert found.affine == wanted.affine
    assert (found.slots, found.planes, found.regrid) == (wanted.slots, wanted.planes, None)
    assert [each.header.sop_uid for each in found.files] == [
        each.header.sop_uid for each in wanted.files
    ]


@pytest.mark.parametrize("name", list(_AXES))
@pytest.mark.parametrize("is_backwards", [False, True])
def test_each_way_to_lie_in_the_scanner_is_read_as_simpleitk_and_nibabel_read_it(
    name: str, is_backwards: bool, tmp_path: Path
) -> None:
    directions = np.array(_AXES[name], dtype=float).T
    if is_backwards:
        directions[:, 2] *= -1
    affine = affine_of(directions, (0.3, 0.35, 0.4), (-10, 20, 30))
    datasets = _series(affine)
    made = _plan([datasets[n] for n in (4, 1, 5, 0, 3, 2)])
    image = _read_by_simpleitk(datasets, tmp_path)
    assert np.allclose(made.affine, _affine_by_simpleitk(image), atol=1e-9)
    assert np.allclose(made.affine, _ordered(affine), atol=1e-9)
    sitk.WriteImage(image, str(tmp_path / "peer.nii"))
    peer = nibabel.nifti1.Nifti1Image.from_filename(tmp_path / "peer.nii")
    assert np.allclose(_RAS @ np.array(made.affine), peer.affine, atol=1e-4)
    ends = nibabel.orientations.aff2axcodes(_RAS @ np.array(made.affine))
    ours = [letters(tuple(column))[0] for column in np.array(made.affine)[:3, :3].T]
    assert ["HF"["SI".index(x)] if x in "SI" else x for x in ends] == ours


_LIGHTS = {"L": (3000, (1, 0, 0)), "P": (2000, (0, 1, 0)), "H": (1000, (0, 0, 1))}
_EDGES = {"left": (30, 20), "right": (30, 40), "top": (20, 30), "bottom": (40, 30)}


@pytest.mark.parametrize("name", [*_AXES, "oblique"])
def test_the_letter_at_an_edge_is_where_that_side_of_the_patient_is(name: str) -> None:
    directions = turned((1, 0.1, -0.15, 0.2)) if name == "oblique" else np.array(_AXES[name]).T
    affine = affine_of(directions.astype(float), (2.0, 2.0, 2.0), (40, -30, 20))
    shape = (15, 16, 17)
    middle = affine[:3, :3] @ ((np.array(shape[::-1]) - 1) / 2) + affine[:3, 3]
    index = np.stack(np.meshgrid(*map(np.arange, shape[::-1]), indexing="ij"), axis=-1)
    away = (index @ affine[:3, :3].T + affine[:3, 3] - middle).transpose(2, 1, 0, 3)
    light = sum(
        bright * np.exp(-((away - 10 * np.array(side)) ** 2).sum(axis=-1) / 10)
        for bright, side in _LIGHTS.values()
    )
    datasets = write.ct_series(
        dicom_files.PATIENT, dicom_files.study(), np.asarray(light).astype(np.int16), affine
    )
    made = _plan(datasets[::-1])
    by_uid = {str(dataset.SOPInstanceUID): dataset.pixel_array for dataset in datasets}
    pixels = np.stack([by_uid[each.header.sop_uid] for each in made.files])
    space = space_of(pixels.shape, np.array(made.affine))
    x, y, z = (float(v) for v in middle)
    for plane in Plane:
        seen = np.zeros((61, 61), np.float32)
        sample_plane(pixels, space, PlaneGeometry(plane, (x, y, z), 1.0, 61, 61), seen)
        edges = {word: edge for edge, word in plane_letters(plane).items()}
        for letter in (letter for letter in _LIGHTS if letter in edges):
            row, column = (int(n) for n in np.unravel_index(np.nanargmax(seen), seen.shape))
            there = _EDGES[edges[letter]]
            assert np.hypot(row - there[0], column - there[1]) < 2.5
            seen[row - 7 : row + 8, column - 7 : column + 8] = 0


def test_every_voxel_of_a_shuffled_series_is_where_simpleitk_has_it(
    tmp_path: Path,
) -> None:
    datasets = _series(dicom_files.oblique_affine())
    made = _plan([datasets[n] for n in (4, 1, 5, 0, 3, 2)])
    peer = sitk.GetArrayFromImage(_read_by_simpleitk(datasets, tmp_path))
    by_uid = {str(dataset.SOPInstanceUID): dataset.pixel_array for dataset in datasets}
    ours = np.stack([by_uid[each.header.sop_uid] for each in made.files])
    assert np.array_equal(ours - 24, peer)


def test_two_frames_of_reference_sizes_or_orientations_are_never_one_volume() -> None:
    other = _series(affine_of(turned((1, 0.4, 0, 0)), (0.3, 0.35, 0.4), (-10, -20, 30)))
    mixed = _series(dicom_files.axial_affine())
    for dataset in other:
        dataset.StudyInstanceUID = mixed[0].StudyInstanceUID
        dataset.SeriesInstanceUID = mixed[0].SeriesInstanceUID
        dataset.FrameOfReferenceUID = mixed[0].FrameOfReferenceUID
    plans = plan(sources([*mixed, *other][::-1]))
    assert sorted(one.planes for one in plans) == [6, 6]
    for dataset in other:
        dataset.ImageOrientationPatient = mixed[0].ImageOrientationPatient
        dataset.FrameOfReferenceUID = "1.2.3"
    assert sorted(one.planes for one in plan(sources([*mixed, *other])) if one.affine) == [6, 6]


def test_a_localizer_in_the_series_stays_a_picture_of_its_own() -> None:
    datasets = _series(dicom_files.axial_affine())
    datasets[0].ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    flat, volume = sorted(plan(sources(datasets)), key=lambda one: one.planes)
    assert flat.affine is None
    assert volume.planes == 5


def test_points_in_time_of_one_series_are_a_volume_each() -> None:
    early, late = _series(dicom_files.axial_affine()), _series(dicom_files.axial_affine())
    for number, dataset in enumerate([*early, *late]):
        dataset.StudyInstanceUID = early[0].StudyInstanceUID
        dataset.SeriesInstanceUID = early[0].SeriesInstanceUID
        dataset.FrameOfReferenceUID = early[0].FrameOfReferenceUID
        dataset.TemporalPositionIdentifier = 1 + number // 6
    plans = plan(sources([x for pair in zip(late, early, strict=True) for x in pair]))
    assert [one.planes for one in plans] == [6, 6]
    uids = [{each.header.sop_uid for each in one.files} for one in plans]
    assert uids == [{str(x.SOPInstanceUID) for x in series} for series in (early, late)]
    assert "point in time" in plans[0].notes[0]
