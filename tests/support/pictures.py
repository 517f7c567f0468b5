"""Pictures made of small arrays, for tests of what is shown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from viewer.model.ids import ImageId, PatientId, SeriesUid, StudyUid
from viewer.model.image import (
    GreyScale,
    ImageKind,
    ImageRecord,
    Photometric,
    Picture,
    PixelSpacing,
    to_affine,
)
from viewer.model.tooth import Tooth


def flat(
    pixels: NDArray[np.generic],
    grey: GreyScale | None = None,
    *,
    spacing: PixelSpacing | None = None,
    orientation: tuple[str, str] | None = None,
    teeth: Sequence[int] = (),
    kind: ImageKind = ImageKind.BITEWING,
) -> Picture:
    """Return a flat picture; three channels make it a photo."""
    shown = grey or GreyScale()
    if pixels.ndim == 3 and pixels.shape[2] == 3:
        shown, kind = GreyScale(photometric=Photometric.RGB), ImageKind.PHOTO
    return Picture(_record(pixels, shown, kind, spacing, orientation, teeth, None), pixels)


def volume(
    pixels: NDArray[np.generic], affine: NDArray[np.float64], grey: GreyScale | None = None
) -> Picture:
    """Return a volume of [k, j, i] values with a 4x4 index-to-LPS matrix."""
    known = grey or GreyScale(bits_stored=16, minimum=int(pixels.min()), maximum=int(pixels.max()))
    return Picture(_record(pixels, known, ImageKind.CBCT, None, None, (), affine), pixels)


def _record(
    pixels: NDArray[np.generic],
    grey: GreyScale,
    kind: ImageKind,
    spacing: PixelSpacing | None,
    orientation: tuple[str, str] | None,
    teeth: Sequence[int],
    affine: NDArray[np.float64] | None,
) -> ImageRecord:
    return ImageRecord(
        id=ImageId("1" * 32),
        patient_id=PatientId("2" * 32),
        study_uid=StudyUid("1.2.3"),
        series_uid=SeriesUid("1.2.3.4"),
        sop_instance_uids=(),
        sop_class_uid="",
        modality="CT" if affine is not None else "IO",
        kind=kind,
        shape=pixels.shape,
        dtype=pixels.dtype.name,
        grey=grey,
        spacing=spacing,
        patient_orientation=orientation,
        teeth=tuple(Tooth(tooth) for tooth in teeth),
        affine_lps=None if affine is None else to_affine(affine),
    )


def placed(
    spacing_mm: Sequence[float],
    origin: Sequence[float] = (0.0, 0.0, 0.0),
    directions: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return an affine: unit `directions` as columns i, j, k, spacings and origin."""
    affine = np.eye(4)
    affine[:3, :3] = (np.eye(3) if directions is None else directions) * np.array(spacing_mm)
    affine[:3, 3] = origin
    return affine


def turned_axes(angles_deg: Sequence[float]) -> NDArray[np.float64]:
    """Return a rotation about x, then y, then z."""
    found = np.eye(3)
    for axis, angle in enumerate(np.deg2rad(angles_deg)):
        c, s = np.cos(angle), np.sin(angle)
        one, two = [(1, 2), (0, 2), (0, 1)][axis]
        turn = np.eye(3)
        turn[one, one], turn[one, two], turn[two, one], turn[two, two] = c, -s, s, c
        found = turn @ found
    return found


def blobs(shape: tuple[int, int, int], seed: int = 7) -> NDArray[np.int16]:
    """Return a smooth volume without any symmetry, about -1000 to 2000."""
    random = np.random.default_rng(seed)
    k, j, i = np.meshgrid(*(np.linspace(0, 1, size) for size in shape), indexing="ij")
    field = np.zeros(shape)
    for _ in range(8):
        ck, cj, ci = random.random(3)
        away = (k - ck) ** 2 + (j - cj) ** 2 + (i - ci) ** 2
        field += random.uniform(600, 1800) * np.exp(-away / 0.02)
    return (field * 1.1 - 1000 + 150 * i + 90 * j).astype(np.int16)
