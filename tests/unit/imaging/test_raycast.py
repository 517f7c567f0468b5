"""The 3D picture: where it looks from, what it skips, what it leaves."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from tests.support.pictures import placed, volume
from viewer.imaging.errors import BadPreset
from viewer.imaging.presets import VolumePreset, presets, read_preset
from viewer.imaging.raycast import RayVolume, look, prepare, shot
from viewer.model.view import VolumeView


def _bone() -> VolumePreset:
    return {preset.name: preset for preset in presets()}["bone"]


def _with_marker(flip: float = 1.0) -> RayVolume:
    """A dense cube at the patient's left, in front, below."""
    voxels = np.full((24, 24, 24), -1000, np.int16)
    affine = placed((1, 1, 1), (0, 0, 0), np.diag([flip, 1.0, 1.0]))
    columns = slice(16, 21) if flip > 0 else slice(3, 8)
    voxels[4:9, 3:8, columns] = 2000
    return prepare(volume(voxels, affine))


def _taken(rays: RayVolume, view: VolumeView) -> np.ndarray:
    picture, depth = np.zeros((48, 48, 3), np.uint8), np.zeros((48, 48), np.float32)
    taken = shot(rays, look(rays, _bone()), view, 48, 48, fine=True)
    for first in range(0, 48, 16):
        taken.rows(first, picture[first : first + 16], depth[first : first + 16])
    assert (np.isfinite(depth) <= picture.any(axis=2)).all()
    return picture


def _middle(picture: np.ndarray) -> tuple[float, float]:
    rows, columns = np.nonzero(picture.sum(axis=2) > 60)
    return float(columns.mean()), float(rows.mean())


@pytest.mark.parametrize("flip", [1.0, -1.0])
def test_from_the_front_the_patients_left_is_on_screen_right(flip: float) -> None:
    x, y = _middle(_taken(_with_marker(flip), VolumeView("bone")))
    assert x > 26
    assert y > 26


def test_from_the_back_it_is_on_screen_left() -> None:
    x, _ = _middle(_taken(_with_marker(), VolumeView("bone", azimuth_deg=180)))
    assert x < 22


def test_a_preset_that_shows_nothing_says_so_and_gives_black() -> None:
    rays = prepare(volume(np.zeros((8, 8, 8), np.int16), placed((1, 1, 1))))
    assert look(rays, _bone()).shows_nothing
    assert not _taken(rays, VolumeView("bone")).any()


def test_large_volumes_are_thinned_where_they_are() -> None:
    voxels = np.zeros((30, 24, 26), np.int16)
    voxels[10:20, 8:16, 8:18] = 500
    picture = volume(voxels, placed((0.5, 0.5, 0.5), (7, 8, 9)))
    rays = prepare(picture, longest=10)
    assert max(rays.values.shape) <= 10
    corner = rays.space.index_of((7 + 0.5 * 12.5, 8 + 0.5 * 11.5, 9 + 0.5 * 14.5))
    i, j, k = np.rint(corner).astype(int)
    assert rays.values[k, j, i] == 500


def test_wiping_leaves_nothing() -> None:
    rays = _with_marker()
    rays.wipe()
    assert not rays.values.any()
    assert not rays.highs.any()


def test_opacity_does_not_depend_on_the_step() -> None:
    whole, half = _bone().table(1.0)[:, 3], _bone().table(0.5)[:, 3]
    assert 1 - (1 - half) ** 2 == pytest.approx(whole, abs=1e-4)


def test_a_preset_with_falling_values_is_refused(tmp_path: object) -> None:
    from pathlib import Path

    file = Path(str(tmp_path)) / "odd.toml"
    file.write_text(
        'name="odd"\ntitle="Odd"\n[[points]]\nvalue=5\nopacity=0.0\ncolour="#000000"\n'
        '[[points]]\nvalue=1\nopacity=0.5\ncolour="#FFFFFF"\n',
        encoding="utf-8",
    )
    with pytest.raises(BadPreset):
        read_preset(file)


def test_shipped_presets_are_in_order() -> None:
    assert [preset.name for preset in presets()][:2] == ["teeth", "bone"]
    assert attrs.asdict(presets()[0].shading)["ambient"] > 0


def test_the_coarse_picture_is_the_fine_one_less_sharp() -> None:
    voxels = np.full((60, 64, 57), -1000, np.int16)
    voxels[12:45, 20:40, 30:50] = 1500
    rays = prepare(volume(voxels, placed((0.5, 0.4, 0.5), (3, 4, 5))))
    assert rays.coarse is not None
    assert rays.coarse.values.shape == (30, 32, 28)
    pictures = []
    for fine in (True, False):
        picture, depth = np.zeros((80, 90, 3), np.uint8), np.zeros((80, 90), np.float32)
        view = VolumeView("bone", azimuth_deg=25, elevation_deg=10)
        shot(rays, look(rays, _bone()), view, 90, 80, fine=fine).rows(0, picture, depth)
        pictures.append(picture.astype(int))
    seen = pictures[0].sum(axis=2) > 60
    assert seen.mean() > 0.05
    apart = float(np.abs(pictures[0] - pictures[1])[seen].mean())
    assert apart < 30
    assert np.abs(np.subtract(*[_middle(p) for p in pictures])).max() < 0.7
