"""What scenes draw: against SimpleITK, kernels against VTK, and nothing left after release."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import attrs
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - the name its own documentation uses

from tests.support.pictures import blobs, flat, placed, turned_axes, volume
from viewer.dicom.write import ct_series, intraoral, to_bytes
from viewer.imaging.planes import PlaneGeometry, axes_of, space_of
from viewer.model.ids import PatientId, StudyUid
from viewer.model.image import (
    GreyScale,
    ImageKind,
    Photometric,
    Picture,
    PixelSpacing,
    SpacingSource,
    Window,
)
from viewer.model.patient import Patient, Study
from viewer.model.view import Plane, PlanesView, VolumeView, WindowLevel
from viewer.render.probe import Backend, renderer_name, suits
from viewer.render.radiograph import RadiographScene
from viewer.render.scene import Scene
from viewer.render.screen import SCREEN
from viewer.render.slice import SliceScene
from viewer.render.volume import VolumeScene

_PATIENT = Patient(PatientId("3" * 32), "20431", "Fictional", "Frida", date(1987, 4, 12), "F")
_STUDY = Study(StudyUid("1.2.3"), _PATIENT.id, date(2026, 11, 3))


def _rgb(frame: np.ndarray) -> np.ndarray:
    return frame.view(np.uint8).reshape(*frame.shape, 4)[..., 2::-1].astype(int)


def _windowed(image: sitk.Image, centre: float, width: float) -> np.ndarray:
    """PS3.3 C.11.2.1.2 LINEAR by SimpleITK, unrounded."""
    low = centre - 0.5 - (width - 1) / 2
    floats = sitk.Cast(image, sitk.sitkFloat64)
    return sitk.GetArrayFromImage(sitk.IntensityWindowing(floats, low, low + width - 1, 0, 255))


def _ct_on_disk(
    folder: Path, voxels: np.ndarray, affine: np.ndarray, slope: float, intercept: float
) -> sitk.Image:
    for k, ds in enumerate(
        ct_series(_PATIENT, _STUDY, voxels, affine, slope=slope, intercept=intercept)
    ):
        (folder / f"{k:03}.dcm").write_bytes(to_bytes(ds))
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return reader.Execute()


def _on_plane(image: sitk.Image, g: PlaneGeometry) -> sitk.Image:
    right, down, _ = (np.array(axis, float) for axis in axes_of(g.plane))
    grid = np.stack([right, down, np.cross(right, down)], axis=1)
    return sitk.Resample(
        sitk.Cast(image, sitk.sitkFloat64), [g.width, g.height, 1], sitk.Transform(),
        sitk.sitkLinear, list(g.pane_to_lps((0, 0))), [g.mm_per_px] * 3, grid.ravel().tolist(),
        -9e9,
    )  # fmt: skip


_SERIES = {
    "straight": np.eye(3),
    "rows flipped": np.diag([1.0, -1.0, 1.0]),
    "feet first": np.diag([-1.0, 1.0, -1.0]),
    "coronal": np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
    "oblique": turned_axes((9.0, -14.0, 21.0)),
}


@pytest.mark.parametrize("plane", list(Plane))
@pytest.mark.parametrize("name", list(_SERIES))
def test_displayed_slices_are_those_simpleitk_reads(
    tmp_path: Path, name: str, plane: Plane
) -> None:
    voxels = blobs((20, 24, 28))
    affine = placed((0.5, 0.5, 0.5), (-10, 5, 40), _SERIES[name])
    image = _ct_on_disk(tmp_path, voxels, affine, 2.0, -500.0)
    grey = GreyScale(slope=2.0, intercept=-500.0, windows=(Window(-1200, 3200),))
    space = space_of(voxels.shape, affine)
    scene = SliceScene(plane)
    scene.resize(64, 56)
    scene.show(volume(voxels, affine, grey), space)
    cursor = space.snapped(space.middle_lps)
    scene.look(PlanesView(WindowLevel(-1200, 3200), cursor), cursor, 0.5)
    shown, geometry = scene.picture().astype(float), scene.geometry
    assert geometry is not None
    resampled = _on_plane(image, geometry)
    inside = sitk.GetArrayFromImage(resampled)[0] > -1e9
    expected = _windowed(resampled, -1200, 3200)[0]
    assert inside.mean() > 0.1
    assert np.ptp(expected[inside]) > 100
    assert np.abs(shown - expected)[inside].max() <= 1
    scene.release()


@pytest.mark.parametrize("photometric", [Photometric.MONOCHROME1, Photometric.MONOCHROME2])
def test_a_displayed_radiograph_is_the_one_simpleitk_reads(
    tmp_path: Path, photometric: Photometric
) -> None:
    pixels = np.random.default_rng(5).integers(0, 4096, (60, 80)).astype(np.uint16)
    window = Window(1800, 2500)
    ds = intraoral(
        _PATIENT, _STUDY, pixels, kind=ImageKind.BITEWING, teeth=(), laterality="R",
        spacing_mm=(0.02, 0.02), patient_orientation=("A", "F"), photometric=photometric,
        windows=(window,),
    )  # fmt: skip
    (tmp_path / "io.dcm").write_bytes(to_bytes(ds))
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(tmp_path / "io.dcm"))
    read = reader.Execute()
    if photometric is Photometric.MONOCHROME1:
        read = 4095 - read  # ITK turns MONOCHROME1 round while reading
    assert (np.squeeze(sitk.GetArrayFromImage(read)) == pixels).all()
    expected = np.squeeze(_windowed(read, 1800, 2500))
    if photometric is Photometric.MONOCHROME1:
        expected = 255 - expected
    scene = RadiographScene()
    scene.resize(80, 60)
    scene.show(flat(pixels, GreyScale(photometric=photometric, windows=(window,))))
    assert np.abs(scene.picture().astype(float) - expected).max() <= 1
    scene.release()


def test_the_real_phantom_is_shown_as_simpleitk_reads_it(shared_data: Path) -> None:
    reader = sitk.ImageSeriesReader()
    folder = shared_data / "ct-geometry" / "philips_phantom_5mm"
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    image = reader.Execute()
    voxels = sitk.GetArrayFromImage(image).astype(np.int16)
    directions = np.array(image.GetDirection()).reshape(3, 3)
    affine = placed(image.GetSpacing(), image.GetOrigin(), directions)
    space = space_of(voxels.shape, affine)
    scene = SliceScene(Plane.AXIAL)
    scene.resize(512, 512)
    scene.show(volume(voxels, affine), space)
    k = 11
    low, high = (np.array(end) for end in space.bounds_lps)
    centre = (*((low + high) / 2)[:2], image.GetOrigin()[2] + 5.0 * k)
    scene.look(PlanesView(WindowLevel(40, 400), centre), centre, image.GetSpacing()[0])
    expected = np.clip((voxels[k] - 40) / 400 + 0.5, 0, 1) * 255
    assert np.abs(scene.picture() - expected).max() <= 1
    assert np.ptp(expected) > 200
    scene.release()


def _radiograph() -> tuple[RadiographScene, Picture]:
    pixels = np.random.default_rng(2).integers(30, 255, (300, 400)).astype(np.uint8)
    picture = flat(
        pixels, spacing=PixelSpacing(0.02, 0.02, SpacingSource.DETECTOR),
        orientation=("L", "F"), teeth=(16, 46),
    )  # fmt: skip
    scene = RadiographScene()
    scene.resize(320, 260)
    scene.show(picture, ("Fictional, Frida", "1987-04-12"))
    return scene, picture


def _slices() -> SliceScene:
    voxels = blobs((20, 24, 28))
    space = space_of(voxels.shape, placed((1, 1, 1)))
    scene = SliceScene(Plane.CORONAL)
    scene.resize(240, 200)
    scene.show(volume(voxels, placed((1, 1, 1))), space, ("Fictional, Frida",))
    scene.look(PlanesView(WindowLevel(0, 2000), space.middle_lps), space.middle_lps, 0.2)
    return scene


def _volumes() -> VolumeScene:
    scene = VolumeScene()
    scene.resize(200, 160)
    scene.look(VolumeView())
    scene.show(np.random.default_rng(3).integers(0, 255, (80, 100, 3)).astype(np.uint8))
    return scene


def _scenes() -> list[Scene]:
    photo = RadiographScene()
    photo.resize(200, 160)
    photo.show(flat(np.random.default_rng(4).integers(0, 255, (90, 120, 3)).astype(np.uint8)))
    return [_radiograph()[0], photo, _slices(), _volumes()]


@pytest.mark.parametrize("at", range(4))
def test_kernels_and_vtk_give_the_same_pixels_within_one_grey_level(at: int) -> None:
    scene = _scenes()[at]
    first = _rgb(scene.frame())
    assert scene.is_first_frame
    frame, drawn = _rgb(scene.frame()), scene.snapshot().astype(int)
    assert not scene.is_first_frame
    assert drawn.shape == (scene.height, scene.width, 3)
    assert np.abs(frame - drawn).max() <= 1
    assert np.abs(first - drawn).max() <= 1
    assert len(np.unique(drawn)) > 60
    scene.release()


@pytest.mark.parametrize("at", range(4))
def test_release_leaves_no_pixel_readable(at: int) -> None:
    scene = _scenes()[at]
    scene.frame()
    scene.frame()
    scene.snapshot()
    held = [value for value in vars(scene).values() if isinstance(value, np.ndarray)] + [
        a for v in vars(scene).values() if isinstance(v, list) for a in v
    ]
    stage = scene._stage
    assert stage is not None
    ink = [piece.ink for piece in (*stage.pieces(), *(p for i in scene._inked.values() for p in i))]
    assert any(piece.any() for piece in ink)
    source = [scene._pixels] if isinstance(scene, SliceScene) else []
    scene.release()
    assert scene.is_empty
    for buffer in held:
        if not any(buffer is whole for whole in source):
            assert not buffer.any()
    assert not stage._drawn
    assert not any(piece.any() for piece in ink)
    assert not scene._inked
    assert not SCREEN.is_open
    assert all(not isinstance(v, Picture) for v in vars(scene).values())


def test_a_released_scene_can_show_again() -> None:
    scene, picture = _radiograph()
    before = scene.frame().copy()
    scene.release()
    scene.show(picture, ("Fictional, Frida", "1987-04-12"))
    assert (scene.frame() == before).all()
    scene.release()


def test_overlays_are_in_the_snapshot() -> None:
    scene = _slices()
    picture, drawn = scene.picture().copy(), scene.snapshot().astype(int)
    colourful = np.ptp(drawn, axis=2) > 40
    assert colourful[:, drawn.shape[1] // 2].any()
    assert np.abs(drawn - picture[..., None]).max() > 60
    scene.release()


def test_a_turned_image_says_it_is_not_as_acquired() -> None:
    scene, _ = _radiograph()
    assert scene.view is not None
    plain = scene.frame().copy()
    scene.look(attrs.evolve(scene.view, quarter_turns=2))
    rgb = _rgb(scene.frame())
    amber = (rgb[..., 0] > 200) & (rgb[..., 2] < 120)
    assert amber.any()
    assert not ((_rgb(plain)[..., 0] > 200) & (_rgb(plain)[..., 2] < 120)).any()
    scene.release()


def _amber(frame: np.ndarray) -> int:
    rgb = _rgb(frame)
    return int(((rgb[..., 0] > 150) & (rgb[..., 2] < 90) & (rgb[..., 1] > 100)).sum())


@pytest.mark.parametrize("plane", list(Plane))
def test_what_has_to_be_known_of_a_volume_stands_in_every_pane(plane: Plane) -> None:
    plain = volume(blobs((20, 24, 28)), placed((1, 1, 1)))
    told = attrs.evolve(plain.record, caution="Resampled: tilt 18.5°, uneven slices")
    found = []
    for record in (plain.record, told):
        scene = SliceScene(plane)
        scene.resize(240, 200)
        scene.show(Picture(record, plain.pixels), space_of(record.shape, plain.affine))
        middle = space_of(record.shape, plain.affine).middle_lps
        scene.look(PlanesView(WindowLevel(0, 2000), middle), middle, 0.2)
        found.append(_amber(scene.frame()))
        scene.release()
    assert found[1] > found[0] + 20


def test_what_has_to_be_known_stands_in_the_3d_picture_too() -> None:
    scene = _volumes()
    scene.show_nothing((), ("Part 1 of 2",))
    scene.look(VolumeView())
    scene.show(np.zeros((80, 100, 3), np.uint8))
    assert _amber(scene.frame()) > 20
    scene.release()


def test_padding_is_black_even_inverted() -> None:
    pixels = np.full((40, 40), 100, np.uint8)
    pixels[10:20, 10:20] = 255
    scene = RadiographScene()
    scene.resize(40, 40)
    scene.show(flat(pixels, GreyScale(photometric=Photometric.MONOCHROME1, padding_from=255)))
    assert not scene.picture()[10:20, 10:20].any()
    assert scene.picture()[30, 30] == 155
    scene.release()


def test_double_pixel_density_draws_letters_twice_as_large() -> None:
    heights = []
    for scale in (1.0, 2.0):
        scene = RadiographScene()
        scene.resize(round(300 * scale), round(200 * scale), scale)
        scene.show(flat(np.zeros((20, 30), np.uint8), orientation=("L", "F")))
        rows = np.nonzero((_rgb(scene.frame())[:, : round(40 * scale), 0] > 120).any(axis=1))[0]
        middle = rows[np.abs(rows - 100 * scale) < 30 * scale]
        heights.append(np.ptp(middle))
        scene.release()
    assert heights[1] == pytest.approx(2 * heights[0], abs=3)


def test_the_probe_knows_software_from_hardware() -> None:
    assert suits("llvmpipe (LLVM 15.0.6, 256 bits)") is Backend.KERNELS
    assert suits("NVIDIA GeForce RTX 3060/PCIe/SSE2") is Backend.SHADERS
    assert suits("") is Backend.KERNELS
    assert isinstance(renderer_name(), str)
