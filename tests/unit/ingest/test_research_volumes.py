"""NRRD, NIfTI and MetaImage: values and places as SimpleITK, nibabel and pynrrd read them."""

from __future__ import annotations

import gzip
from pathlib import Path

import attrs
import nibabel
import nrrd
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813  its documented name
from numpy.typing import NDArray

from tests.support.pictures import blobs
from tests.support.series import affine_of, turned
from viewer.ingest.arrival import Arrival, KeptFile, Refusal
from viewer.ingest.importer import read
from viewer.model.image import ImageKind

_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_SHAPE = (5, 7, 9)
_OBLIQUE = affine_of(turned((1, 0.2, -0.3, 0.1)), (0.4, 0.5, 0.7), (-12.5, 30, 8))
_LEFT_HANDED = affine_of(np.diag([1.0, -1.0, 1.0]), (0.4, 0.5, 0.7), (-12.5, 30, 8))
_TYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64", "int64")


def _voxels(dtype: str = "int16") -> NDArray[np.generic]:
    values = blobs(_SHAPE).astype(np.float64)
    if dtype in ("uint8", "int8"):
        values = values % 251 - (100 if dtype == "int8" else 0)
    return (values if dtype.startswith("f") else np.abs(values) if "u" in dtype else values).astype(
        dtype
    )


def _image(voxels: NDArray[np.generic], affine: NDArray[np.float64] = _OBLIQUE) -> sitk.Image:
    image = sitk.GetImageFromArray(voxels)
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    image.SetSpacing(spacing.tolist())
    image.SetDirection((affine[:3, :3] / spacing).ravel().tolist())
    image.SetOrigin(affine[:3, 3].tolist())
    return image


def _write_all(folder: Path) -> None:
    for dtype in _TYPES:
        for suffix in ("nrrd", "mha", "nii"):
            if not (suffix == "nii" and dtype == "int8"):
                sitk.WriteImage(_image(_voxels(dtype)), str(folder / f"{dtype}.{suffix}"))
    image, left = _image(_voxels()), _image(_voxels(), _LEFT_HANDED)
    for name in ("packed.nrrd", "packed.mha", "packed.nii.gz", "packed.mhd", "packed2.nhdr"):
        sitk.WriteImage(image, str(folder / name), useCompression=True)
    for name in ("plain.mhd", "beside.nhdr", "pair.hdr"):
        sitk.WriteImage(image, str(folder / name))
    for suffix in ("nrrd", "mha", "nii"):
        sitk.WriteImage(left, str(folder / f"lefthanded.{suffix}"))
    for encoding in ("ascii", "hex", "bzip2", "gzip", "raw"):
        header = {
            "encoding": encoding, "space": "right-anterior-superior", "endian": "big",
            "space directions": (_RAS @ _OBLIQUE)[:3, :3].T,
            "space origin": (_RAS @ _OBLIQUE)[:3, 3],
        }  # fmt: skip
        if encoding != "hex":
            nrrd.write(str(folder / f"ras-{encoding}.nrrd"), _voxels().T, header)
        las = np.diag([1.0, -1.0, 1.0, 1.0]) @ _OBLIQUE
        header |= {"space": "LAS", "space directions": las[:3, :3].T, "space origin": las[:3, 3]}
        if encoding != "hex":
            nrrd.write(str(folder / f"las-{encoding}.nhdr"), _voxels().T, header)
    _write_by_nibabel(folder)


def _write_by_nibabel(folder: Path) -> None:
    voxels, ras = np.asarray(_voxels()).T, _RAS @ _OBLIQUE
    for name, kind in (("one", nibabel.Nifti1Image), ("two", nibabel.Nifti2Image)):
        for unit, scale in (("mm", 1.0), ("meter", 0.001), ("micron", 1000.0)):
            image = kind(voxels, np.diag([scale, scale, scale, 1]) @ ras)
            image.header.set_xyzt_units(unit)
            nibabel.save(image, folder / f"{name}-{unit}.nii")
    only_q = nibabel.Nifti1Image(voxels, None)
    only_q.set_qform(ras, code=1)
    only_q.header.set_xyzt_units("mm")
    nibabel.save(only_q, folder / "only-qform.nii.gz")
    both = nibabel.Nifti1Image(voxels, ras)
    both.set_qform(np.diag([0.4, 0.5, 0.7, 1]), code=1)
    both.header.set_xyzt_units("mm")
    nibabel.save(both, folder / "two-places.nii")
    nowhere = nibabel.Nifti1Image(voxels, None)
    nowhere.header.set_zooms((0.4, 0.5, 0.7))
    nibabel.save(nowhere, folder / "nowhere.nii")
    series = nibabel.Nifti1Image(np.stack([voxels, voxels + 9], axis=3), ras)
    series.header.set_xyzt_units("mm", "sec")
    nibabel.save(series, folder / "series.nii")
    scaled = nibabel.Nifti1Image(voxels, ras)
    scaled.header.set_xyzt_units("mm")
    scaled.header.set_slope_inter(2.5, -1000)
    nibabel.save(scaled, folder / "scaled.nii")
    big = nibabel.Nifti1Image(voxels, ras, nibabel.Nifti1Header(endianness=">"))
    big.header.set_xyzt_units("mm")
    nibabel.save(big, folder / "big-endian.nii")
    colour = np.zeros((9, 7, 5), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    nibabel.save(nibabel.Nifti1Image(colour, ras), folder / "colour.nii")
    slanted = ras.copy()
    slanted[:3, 2] += 0.3 * slanted[:3, 1]
    nibabel.save(nibabel.Nifti1Image(voxels, slanted), folder / "slanted.nii")
    labels = np.asarray((blobs(_SHAPE).T > 0).astype(np.uint8) * 3)
    nibabel.save(nibabel.Nifti1Image(labels, ras), folder / "labels.nii.gz")


def _write_bad(folder: Path) -> None:
    (folder / "no-space.nrrd").write_bytes(
        b"NRRD0004\ntype: short\ndimension: 3\nsizes: 9 7 5\nendian: little\nencoding: raw\n"
        b"spacings: 0.4 0.5 0.7\n\n" + _voxels().tobytes()
    )
    (folder / "hex.nrrd").write_bytes(
        b"NRRD0005\n# by hand\ntype: int16\ndimension: 3\nspace: LPS\nsizes: 9 7 5\nendian: big\n"
        b"space directions: (0.4,0,0) (0,0.5,0) (0,0,0.7)\nspace origin: (1,2,3)\nencoding: hex\n"
        b"key:=value\n\n" + _voxels().astype(">i2").tobytes().hex("\n", 30).encode()
    )
    (folder / "letters-only.mha").write_bytes(
        b"ObjectType = Image\nNDims = 3\nAnatomicalOrientation = LPI\nElementSpacing = 1 1 1\n"
        b"DimSize = 9 7 5\nElementType = MET_SHORT\nElementDataFile = LOCAL\n" + _voxels().tobytes()
    )
    (folder / "contradicts.mha").write_bytes(
        b"ObjectType = Image\nNDims = 3\nTransformMatrix = 1 0 0 0 1 0 0 0 1\n"
        b"AnatomicalOrientation = LAI\nElementSpacing = 1 1 1\nDimSize = 9 7 5\n"
        b"ElementType = MET_SHORT\nElementDataFile = LOCAL\n" + _voxels().tobytes()
    )
    gaps = np.asarray(_voxels("float32")).copy()
    gaps[2, 3, 4] = np.nan
    gaps[0, 0, 0] = np.inf
    sitk.WriteImage(_image(gaps), str(folder / "gaps.nrrd"))
    vectors = sitk.GetImageFromArray(np.zeros((*_SHAPE, 3), np.float32), isVector=True)
    sitk.WriteImage(vectors, str(folder / "vectors.nrrd"))
    zeros = bytes(700)
    header = "NRRD0004\ntype: short\ndimension: 3\nsizes: {}\nendian: little\nencoding: {}\n{}\n"
    for name, sizes, encoding, more, content in (
        ("outside", "9 7 5", "raw", "data file: ../secret.raw\n", b""),
        ("absolute", "9 7 5", "raw", "data file: /etc/passwd\n", b""),
        ("windows", "9 7 5", "raw", "data file: C:\\secret.raw\n", b""),
        ("missing", "9 7 5", "raw", "data file: nobody.raw\n", b""),
        ("list", "9 7 5", "raw", "data file: LIST\n", b""),
        ("short", "9 7 5", "raw", "", b"\0" * 600),
        ("promise", "60000 60000 5", "raw", "", b"\0" * 600),
        ("bomb", "900 900 900", "gzip", "", gzip.compress(bytes(1000))),
        ("cut", "9 7 5", "gzip", "", gzip.compress(_voxels().tobytes())[:-40]),
        ("noise", "9 7 5", "gzip", "", b"\x1f\x8b\x08" + b"\xee" * 300),
        ("words", "9 7 5", "ascii", "", b"one " * 400),
        ("nan", "9 7 5", "raw", "space: LPS\nspace directions: (nan,0,0) (0,1,0) (0,0,1)\n", zeros),
        ("flat", "9 7 5", "raw", "space: LPS\nspace directions: (1,0,0) (1,0,0) (0,0,1)\n", zeros),
    ):  # fmt: skip
        head = header.format(sizes, encoding, more).encode()
        (folder / f"bad-{name}.nrrd").write_bytes(head + content)
    (folder.parent / "secret.raw").write_bytes(_voxels().tobytes())


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Write all files, read them in one go, and return what came of each by its name."""
    folder = tmp_path_factory.mktemp("volumes") / "in"
    folder.mkdir()
    _write_all(folder)
    _write_bad(folder)
    arrived: dict[str, object] = {}
    for one in read([folder], progress=lambda *_: None, is_cancelled=lambda: False):
        if isinstance(one, Refusal):
            arrived[one.source.name] = one
        elif isinstance(one, (Arrival, KeptFile)):
            arrived[Path(one.sources[0].split("\0")[0]).name] = one
    arrived["folder"] = folder
    return arrived


def _arrival(found: dict[str, object], name: str) -> Arrival:
    one = found[name]
    assert isinstance(one, Arrival), one
    return one


def _right_handed(
    voxels: NDArray[np.generic], affine: NDArray[np.float64]
) -> tuple[NDArray[np.generic], NDArray[np.float64]]:
    if np.linalg.det(affine[:3, :3]) > 0:
        return voxels, affine
    turned_round = affine.copy()
    turned_round[:3, 3] += affine[:3, 2] * (len(voxels) - 1)
    turned_round[:3, 2] *= -1
    return voxels[::-1], turned_round


def _affine(image: sitk.Image) -> NDArray[np.float64]:
    return affine_of(
        np.array(image.GetDirection()).reshape(3, 3), image.GetSpacing(), image.GetOrigin()
    )


_BY_SIMPLEITK = [
    *(f"{dtype}.{suffix}" for dtype in _TYPES for suffix in ("nrrd", "mha", "nii")
      if (dtype, suffix) != ("int8", "nii")),
    "packed.nrrd", "packed.mha", "packed.nii.gz", "packed.mhd", "packed2.nhdr", "plain.mhd",
    "beside.nhdr", "pair.hdr", "lefthanded.nrrd", "lefthanded.mha", "lefthanded.nii",
    "ras-ascii.nrrd", "ras-gzip.nrrd", "ras-raw.nrrd",
    "las-gzip.nhdr", "las-raw.nhdr", "only-qform.nii.gz", "big-endian.nii", "one-mm.nii",
]  # fmt: skip


@pytest.mark.parametrize("name", _BY_SIMPLEITK)
def test_values_and_places_are_those_that_simpleitk_reads(
    found: dict[str, object], name: str
) -> None:
    picture = _arrival(found, name).picture
    folder = found["folder"]
    assert isinstance(folder, Path)
    image = sitk.ReadImage(str(folder / name))
    voxels, affine = _right_handed(sitk.GetArrayFromImage(image), _affine(image))
    assert np.array_equal(picture.pixels, voxels.astype(picture.pixels.dtype))
    assert np.allclose(picture.affine, affine, atol=2e-5)
    spacing = picture.record.spacing
    assert spacing is not None
    assert np.allclose((spacing.column_mm, spacing.row_mm), image.GetSpacing()[:2], atol=1e-5)
    assert picture.record.caution == ""
    assert picture.record.notes in ((), ("The header has no window; one was chosen.",))


@pytest.mark.parametrize(
    "name",
    [
        *(f"{kind}-{unit}.nii" for kind in ("one", "two") for unit in ("mm", "meter", "micron")),
        "two-places.nii", "only-qform.nii.gz", "scaled.nii", "series.nii", "labels.nii.gz",
    ],
)  # fmt: skip
def test_values_and_places_are_those_that_nibabel_reads(
    found: dict[str, object], name: str
) -> None:
    picture = _arrival(found, name).picture
    folder = found["folder"]
    assert isinstance(folder, Path)
    peer = nibabel.load(folder / name)
    scale = {"meter": 1000.0, "micron": 0.001}.get(peer.header.get_xyzt_units()[0], 1.0)
    values = peer.get_fdata()
    first = values[..., 0] if values.ndim == 4 else values
    ras = np.diag([scale, scale, scale, 1.0]) @ peer.affine
    voxels, affine = _right_handed(first.T, _RAS @ ras)
    grey = picture.record.grey
    assert np.allclose(picture.pixels * grey.slope + grey.intercept, voxels)
    assert np.allclose(picture.affine, affine, atol=1e-4)


@pytest.mark.parametrize("name", ["ras-bzip2.nrrd", "las-bzip2.nhdr", "las-ascii.nhdr"])
def test_what_itk_does_not_unpack_is_what_pynrrd_reads(found: dict[str, object], name: str) -> None:
    picture = _arrival(found, name).picture
    folder = found["folder"]
    assert isinstance(folder, Path)
    values, _ = nrrd.read(str(folder / name))
    assert np.array_equal(picture.pixels, values.T)
    assert np.allclose(picture.affine, _OBLIQUE, atol=1e-9)


def test_values_in_hexadecimal_digits_are_read(found: dict[str, object]) -> None:
    picture = _arrival(found, "hex.nrrd").picture
    assert np.array_equal(picture.pixels, _voxels())
    assert np.allclose(picture.affine[:3, 3], (1, 2, 3))


@pytest.mark.parametrize(
    ("name", "caution", "note"),
    [
        ("no-space.nrrd", "Side not certain", "left and right"),
        ("nowhere.nii", "Size not certain, Side not certain", "left and right"),
        ("contradicts.mha", "Side not certain", "in two ways"),
        ("two-places.nii", "Position not certain", "sform and qform"),
        ("series.nii", "First of 2 volumes", "holds 2 volumes"),
        ("labels.nii.gz", "Labels and no scan", "map of 1 label "),
    ],
)
def test_a_doubt_stands_in_the_picture_and_is_told_in_full(
    found: dict[str, object], name: str, caution: str, note: str
) -> None:
    record = _arrival(found, name).picture.record
    assert caution in record.caution
    assert any(note in each for each in record.notes)


def test_letters_alone_say_how_it_lies(found: dict[str, object]) -> None:
    arrival = _arrival(found, "letters-only.mha")
    assert arrival.picture.record.caution == ""
    assert np.allclose(arrival.picture.affine[:3, :3], np.diag([-1.0, -1.0, 1.0]))


def test_what_is_no_number_is_no_image(found: dict[str, object]) -> None:
    picture = _arrival(found, "gaps.nrrd").picture
    nothing = picture.record.grey.padding_from
    assert nothing is not None
    assert picture.pixels[2, 3, 4] == picture.pixels[0, 0, 0] == nothing
    assert (picture.pixels == nothing).sum() == 2
    assert nothing < picture.record.grey.minimum


def test_labels_are_no_scan(found: dict[str, object]) -> None:
    assert _arrival(found, "labels.nii.gz").picture.record.kind is ImageKind.OTHER
    assert _arrival(found, "uint8.nii").picture.record.kind is ImageKind.CBCT


def test_nobody_is_named_and_the_same_file_is_the_same_again(found: dict[str, object]) -> None:
    one, other = _arrival(found, "plain.mhd"), _arrival(found, "packed.mha")
    assert attrs.astuple(one.patient)[:4] == ("", "", "", "")
    assert one.picture.record.sop_instance_uids == other.picture.record.sop_instance_uids
    assert one.original is not None


@pytest.mark.parametrize("name", ["colour.nii", "slanted.nii", "vectors.nrrd"])
def test_what_is_sound_but_not_shown_is_kept_whole_with_the_reason(
    found: dict[str, object], name: str
) -> None:
    kept, folder = found[name], found["folder"]
    assert isinstance(kept, KeptFile)
    assert isinstance(folder, Path)
    assert kept.record.reason
    assert kept.content.tobytes() == (folder / name).read_bytes()


@pytest.mark.parametrize(
    "name",
    [
        "outside", "absolute", "windows", "short", "promise", "bomb", "cut", "noise", "words",
        "nan", "flat",
    ],
)  # fmt: skip
def test_a_hostile_or_broken_volume_is_refused_as_damage(
    found: dict[str, object], name: str
) -> None:
    refusal = found[f"bad-{name}.nrrd"]
    assert isinstance(refusal, Refusal)
    assert refusal.is_damage
    assert "secret" not in refusal.reason


def test_values_that_are_elsewhere_are_not_looked_for(found: dict[str, object]) -> None:
    missing, several = found["bad-missing.nrrd"], found["bad-list.nrrd"]
    assert isinstance(missing, Refusal)
    assert missing.reason == "The file that holds this header's values is not in the same folder."
    assert isinstance(several, Refusal)
    assert "spread over several files" in several.reason


def test_files_that_hold_values_are_no_strangers(found: dict[str, object]) -> None:
    names = {name for name, one in found.items() if isinstance(one, Refusal)}
    assert not {name for name in names if name.endswith((".raw", ".zraw", ".img", ".raw.gz"))}


def test_a_real_tooth_and_a_real_map_of_a_jaw_are_read_as_their_peers_read_them(
    shared_data: Path,
) -> None:
    volumes = shared_data / "dental" / "volumes"
    tooth_path = volumes / "tooth_ct" / "tooth.nhdr"
    map_path = volumes / "cbct_segmentation" / "PostDentalSurgery_Segmentation.nii.gz"
    paths = [tooth_path, volumes / "tooth_ct" / "tooth.raw", map_path]
    tooth, jaw = read(paths, progress=lambda *_: None, is_cancelled=lambda: False)
    assert isinstance(tooth, Arrival)
    assert isinstance(jaw, Arrival)
    assert np.array_equal(tooth.picture.pixels, nrrd.read(str(tooth_path))[0].T)
    assert tooth.picture.record.caution == "Side not certain"
    image = sitk.ReadImage(str(map_path))
    voxels, affine = _right_handed(sitk.GetArrayFromImage(image), _affine(image))
    assert np.array_equal(jaw.picture.pixels, voxels)
    assert np.allclose(jaw.picture.affine, affine, atol=1e-4)
    assert "map of 5 labels" in jaw.picture.record.notes[0]
