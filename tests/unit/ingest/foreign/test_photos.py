from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from tests.support.heif_files import heic
from tests.support.photo_files import (
    TAKEN,
    TEXTS,
    marked_exif,
    marked_jpeg,
    marked_png,
    saved,
)
from viewer.ingest.foreign import colours as said
from viewer.ingest.foreign.facts import DecodedPage, Stripped, scale_note
from viewer.ingest.foreign.photos import decode_page, open_photo, small_page
from viewer.ingest.foreign.refusals import PhotoRefused
from viewer.model.json import to_json

VECTORS = Path(__file__).parents[3] / "vectors/photos"
RNG = np.random.default_rng(5)
GREY8 = RNG.integers(0, 256, (40, 61), dtype=np.uint8)
GREY16 = RNG.integers(0, 65536, (40, 61), dtype=np.uint16)
RGB8 = RNG.integers(0, 256, (40, 61, 3), dtype=np.uint8)
RGB16 = RNG.integers(0, 65536, (40, 61, 3), dtype=np.uint16)
SMOOTH = np.dstack([np.add.outer(np.arange(40) * k, np.arange(61)) for k in (1, 2, 3)]).astype("u1")


def read(content: bytes, page: int = 0) -> tuple[NDArray[Any], DecodedPage]:
    return decode_page(open_photo(content), page)


def by_itk(content: bytes, suffix: str, tmp_path: Path) -> NDArray[Any]:
    path = tmp_path / f"picture{suffix}"
    path.write_bytes(content)
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))


@pytest.mark.parametrize("values", [GREY8, GREY16, RGB8], ids=["grey8", "grey16", "rgb8"])
@pytest.mark.parametrize("kind", ["png", "tif"])
def test_lossless_files_give_the_very_values_that_itk_wrote_and_reads(
    values: NDArray[Any], kind: str, tmp_path: Path
) -> None:
    path = tmp_path / f"written.{kind}"
    sitk.WriteImage(sitk.GetImageFromArray(values, isVector=values.ndim == 3), str(path))

    pixels, decoded = read(path.read_bytes())

    assert np.array_equal(pixels, by_itk(path.read_bytes(), f".{kind}", tmp_path))
    assert np.array_equal(pixels, values)
    assert decoded.dtype == values.dtype.name


@pytest.mark.parametrize("codec", ["png", "tif"])
def test_sixteen_bits_a_colour_without_colour_stay_sixteen_bits_of_grey(codec: str) -> None:
    three = np.dstack([GREY16] * 3)
    encode = imagecodecs.png_encode if codec == "png" else imagecodecs.tiff_encode

    pixels, decoded = read(encode(three))

    assert np.array_equal(pixels, GREY16)
    assert decoded == DecodedPage((40, 61), "uint16")


def test_sixteen_bits_a_colour_become_eight_and_say_so() -> None:
    pixels, decoded = read(imagecodecs.png_encode(RGB16))

    assert np.abs(pixels - RGB16 / 257).max() <= 0.5
    assert decoded.notes == (said.EIGHT_BITS,)


def test_a_colour_picture_without_colour_is_a_grey_one() -> None:
    pixels, _ = read(saved(Image.fromarray(np.dstack([GREY8] * 3)), "PNG"))

    assert np.array_equal(pixels, GREY8)


@pytest.mark.parametrize("mode", ["1", "P", "CMYK", "YCbCr"])
@pytest.mark.parametrize("packing", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_every_colour_model_of_tiff_is_read_as_pillow_reads_it(mode: str, packing: str) -> None:
    colours = Image.fromarray(SMOOTH)
    image = colours.quantize(60) if mode == "P" else colours.convert(mode)
    content = saved(image, "TIFF", compression=packing)
    theirs = Image.open(io.BytesIO(content)).convert("L" if mode == "1" else "RGB")

    pixels, _ = read(content)

    most = 4 if mode in ("YCbCr", "CMYK") else 0  # two roundings of one formula
    assert np.abs(pixels.astype(int) - np.asarray(theirs).astype(int)).max() <= most


@pytest.mark.parametrize("values", [GREY8, RGB8], ids=["grey", "rgb"])
def test_jpeg_in_tiff_is_read_as_itk_reads_it(values: NDArray[Any], tmp_path: Path) -> None:
    content = saved(Image.fromarray(values), "TIFF", compression="jpeg", quality=95)
    theirs = by_itk(content, ".tif", tmp_path)

    pixels, _ = read(content)

    assert np.array_equal(pixels, theirs)


def test_group_four_fax_is_read_as_pillow_reads_it() -> None:
    image = Image.fromarray(GREY8).convert("1")

    pixels, _ = read(saved(image, "TIFF", compression="group4"))

    shown = (
        255 - pixels if read(saved(image, "TIFF", compression="group4"))[1].is_inverted else pixels
    )
    assert np.array_equal(shown, np.asarray(image.convert("L")))


@pytest.mark.parametrize("values", [GREY8, GREY16], ids=["8 bits", "16 bits"])
def test_white_is_zero_keeps_its_values_and_says_that_they_are_inverted(
    values: NDArray[Any],
) -> None:
    content = imagecodecs.tiff_encode(values, photometric="miniswhite")

    pixels, decoded = read(content)

    assert np.array_equal(pixels, values)
    assert decoded.is_inverted
    assert abs(int(small_page(open_photo(content), 0).mean()) - 127) < 12


def test_planes_of_colour_one_after_the_other_come_out_side_by_side() -> None:
    content = imagecodecs.tiff_encode(
        np.moveaxis(RGB8, -1, 0), planarconfig="separate", photometric="rgb"
    )

    assert np.array_equal(read(content)[0], RGB8)


def test_tiles_are_put_together() -> None:
    large = RNG.integers(0, 65536, (300, 500), dtype=np.uint16)

    assert np.array_equal(read(imagecodecs.tiff_encode(large, tile=(64, 64)))[0], large)


def test_each_page_of_a_tiff_is_a_picture_of_its_own() -> None:
    pages = [Image.fromarray(GREY8), Image.fromarray(RGB8), Image.fromarray(GREY8.T.copy())]
    content = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:])

    photo = open_photo(content).photo

    assert [(page.rows, page.columns, page.samples) for page in photo.pages] == [
        (40, 61, 1),
        (40, 61, 3),
        (61, 40, 1),
    ]
    for number, page in enumerate(pages):
        assert np.array_equal(read(content, number)[0], np.asarray(page))


@pytest.mark.parametrize("how", [{}, {"progressive": True}], ids=str)
@pytest.mark.parametrize("values", [GREY8, SMOOTH], ids=["grey", "colour"])
def test_jpegs_are_read_as_another_binding_and_itk_read_them(
    values: NDArray[Any], how: dict[str, Any], tmp_path: Path
) -> None:
    content = saved(Image.fromarray(values), "JPEG", quality=92, subsampling=0, **how)

    pixels, _ = read(content)

    assert np.array_equal(pixels, imagecodecs.jpeg8_decode(content))
    assert np.array_equal(pixels, by_itk(content, ".jpg", tmp_path))


def test_adobes_inverted_cmyk_looks_like_the_picture_it_was_made_of() -> None:
    flat = np.full((32, 32, 3), (200, 40, 90), np.uint8)
    content = saved(Image.fromarray(flat).convert("CMYK"), "JPEG", quality=100)

    assert b"Adobe" in content
    assert np.abs(read(content)[0].astype(int) - flat).max() <= 4


def test_twelve_bits_of_jpeg_are_kept() -> None:
    values = (np.add.outer(np.arange(64) * 20, np.arange(64) * 20)).astype(np.uint16)
    content = imagecodecs.jpeg8_encode(values, bitspersample=12, level=98)

    pixels, decoded = read(content)

    assert decoded.dtype == "uint16"
    assert np.array_equal(pixels, imagecodecs.jpeg8_decode(content))
    assert pixels.max() > 2000


def test_lossless_jpeg_is_read() -> None:
    content = imagecodecs.ljpeg_encode(GREY16, bitspersample=16)

    assert np.array_equal(read(content)[0], GREY16)


@pytest.mark.parametrize("kind", ["BMP", "GIF", "WEBP"])
def test_other_plain_formats_are_read(kind: str) -> None:
    image = Image.fromarray(SMOOTH if kind != "GIF" else GREY8)

    pixels, _ = read(saved(image, kind, **({"lossless": True} if kind == "WEBP" else {})))

    assert np.array_equal(pixels, np.asarray(image))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_every_orientation_is_undone_as_pillow_undoes_it(orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    how = {"lossless": True} if kind == "WEBP" else {}
    how |= {"tiffinfo": exif} if kind == "TIFF" else {"exif": exif}
    content = saved(Image.fromarray(SMOOTH), kind, **how)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))

    opened = open_photo(content)
    pixels, _ = decode_page(opened, 0)

    assert np.array_equal(pixels, np.asarray(upright))
    assert (opened.photo.pages[0].rows, opened.photo.pages[0].columns) == pixels.shape[:2]
    assert small_page(opened, 0).shape[:2] == pixels.shape[:2]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_first_row_and_column_go_where_the_standard_says(orientation: int) -> None:
    """CIPA DC-008, tag 274: the visual sides of the 0th row and of the 0th column."""
    row, column = {
        1: ("top", "left"), 2: ("top", "right"), 3: ("bottom", "right"), 4: ("bottom", "left"),
        5: ("left", "top"), 6: ("right", "top"), 7: ("right", "bottom"), 8: ("left", "bottom"),
    }[orientation]  # fmt: skip
    sides = {"top": np.s_[0, :], "bottom": np.s_[-1, :], "left": np.s_[:, 0], "right": np.s_[:, -1]}
    first_row, first_column = np.zeros((2, 5, 7), int)
    first_row[0], first_column[:, 0] = 1, 1

    assert said.turned(first_row, orientation)[sides[row]].all()
    assert said.turned(first_column, orientation)[sides[column]].all()


@pytest.mark.parametrize("name", ["RGB_8__29x100", "L_8__29x100"])
def test_heic_shows_the_picture_that_another_program_saved_beside_it(name: str) -> None:
    theirs = imagecodecs.png_decode((VECTORS / f"{name}.png").read_bytes())

    pixels, _ = read((VECTORS / f"{name}.heif").read_bytes())

    assert pixels.shape == theirs.shape
    assert np.abs(pixels.astype(int) - theirs.astype(int)).mean() < 3  # HEVC is lossy


def test_ten_bits_of_heic_become_eight_and_say_so() -> None:
    opened = open_photo((VECTORS / "RGB_10__29x100.heif").read_bytes())
    theirs = imagecodecs.png_decode((VECTORS / "RGB_10__29x100.png").read_bytes()) / 257

    pixels, _ = decode_page(opened, 0)

    assert opened.photo.notes == ("The picture had 10 bits a value and is kept with 8.",)
    assert np.abs(pixels - theirs).mean() < 8


def test_heic_is_turned_by_its_own_boxes_and_never_a_second_time_by_exif() -> None:
    upright, _ = read(heic())
    exif = Image.Exif()
    exif[274] = 6

    assert np.array_equal(read(heic(turns=1))[0], np.rot90(upright))
    assert np.array_equal(read(heic(turns=3, exif=exif.tobytes()))[0], np.rot90(upright, 3))
    assert np.array_equal(read(heic(mirror=0))[0], upright[::-1])
    assert np.array_equal(read(heic(mirror=1))[0], upright[:, ::-1])
    assert np.array_equal(read(heic(exif=exif.tobytes()))[0], upright)


def test_a_grid_of_heic_is_one_picture() -> None:
    tile, _ = read(heic())

    pixels, _ = read(heic(grid=(2, 3, 200, 384)))

    assert np.array_equal(pixels, np.tile(tile, (2, 3, 1))[:200])


def test_what_is_transparent_is_laid_on_white_and_says_so() -> None:
    ink = np.zeros((10, 10, 4), np.uint8)
    ink[:, 5:, 3] = 255
    ink[0, 0] = (100, 100, 100, 127)

    pixels, decoded = read(saved(Image.fromarray(ink), "PNG"))

    assert pixels.ndim == 2
    assert pixels[0, 0] == round(100 * 127 / 255 + 255 * 128 / 255)
    assert (pixels[1:, :5] == 255).all()
    assert (pixels[:, 5:] == 0).all()
    assert decoded.notes == (said.ON_WHITE,)


@pytest.mark.parametrize("alpha", [0, 255])
def test_an_alpha_that_says_nothing_changes_nothing(alpha: int) -> None:
    four = np.dstack([RGB8, np.full(RGB8.shape[:2], alpha, np.uint8)])

    pixels, decoded = read(saved(Image.fromarray(four), "PNG"))

    assert np.array_equal(pixels, RGB8)
    assert decoded.notes == ()


def test_alpha_of_tiff_is_told_from_other_channels() -> None:
    four = np.dstack([SMOOTH, np.full(SMOOTH.shape[:2], 128, np.uint8)])
    unknown = imagecodecs.tiff_encode(four, photometric="rgb", extrasample="unspecified")

    assert np.array_equal(read(unknown)[0], SMOOTH)


def test_colours_of_another_profile_become_srgb_and_say_so() -> None:
    swapped = _profile_with_red_and_blue_exchanged()
    flat = np.full((16, 16, 3), (250, 20, 30), np.uint8)

    pixels, decoded = read(saved(Image.fromarray(flat), "PNG", icc_profile=swapped))

    assert decoded.notes == (said.CONVERTED,)
    assert np.abs(pixels[0, 0].astype(int) - (30, 20, 250)).max() <= 3


def test_srgb_and_damaged_profiles_leave_the_colours_alone() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

    pixels, decoded = read(saved(Image.fromarray(RGB8), "PNG", icc_profile=srgb))
    damaged, with_doubt = read(saved(Image.fromarray(RGB8), "PNG", icc_profile=b"no profile" * 20))

    assert np.array_equal(pixels, RGB8)
    assert np.array_equal(damaged, RGB8)
    assert (decoded.notes, with_doubt.notes) == ((), (said.BAD_PROFILE,))


def test_grey_values_are_kept_whatever_their_profile_says() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

    pixels, decoded = read(saved(Image.fromarray(np.dstack([GREY8] * 3)), "PNG", icc_profile=srgb))

    assert np.array_equal(pixels, GREY8)
    assert decoded.notes == (said.GREY_PROFILE,)


def test_dots_an_inch_are_told_and_are_no_measure() -> None:
    opened = open_photo(saved(Image.fromarray(GREY8), "TIFF", dpi=(300, 300)))

    assert opened.photo.dots_per_inch == pytest.approx(300)
    assert "0.085 mm a pixel" in scale_note(opened.photo.dots_per_inch)
    assert scale_note(72) == scale_note(96) == scale_note(0) == ""


def test_nothing_but_kinds_and_the_time_comes_out_of_what_a_photo_says() -> None:
    for content in (marked_jpeg(), marked_png(), heic(exif=marked_exif().tobytes())):
        opened = open_photo(content)
        pixels, decoded = decode_page(opened, 0)

        told = to_json(opened.photo) + to_json(decoded) + scale_note(opened.photo.dots_per_inch)
        everything = told.encode() + pixels.tobytes() + small_page(opened, 0).tobytes()
        assert not [text for text in TEXTS if text.encode() in everything]
        assert "48" not in told  # the latitude
        assert opened.photo.captured is not None
        assert opened.photo.captured.isoformat() == TAKEN
        kinds = set(opened.photo.stripped)
        assert kinds >= {Stripped.PLACE, Stripped.DEVICE, Stripped.PERSON, Stripped.MAKER_NOTE}


def png_that_says(columns: int, rows: int, kind: int = 2) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        check = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", columns, rows, 8, kind, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def tiff_that_says(**tags: int) -> bytes:
    numbers = {"columns": 256, "rows": 257, "bits": 258, "samples": 277, "tile_columns": 322,
               "tile_rows": 323, "photometric": 262, "offset": 273, "length": 279}  # fmt: skip
    entries = sorted((numbers[name], value) for name, value in tags.items())
    body = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + b"\0" * 64


BOMBS = {
    "png of 50000 x 50000": png_that_says(50_000, 50_000),
    "png of no rows": png_that_says(100, 0),
    "tiff of 60000 x 60000": tiff_that_says(columns=60_000, rows=60_000, bits=8, photometric=1),
    "tiff with one huge tile": tiff_that_says(
        columns=64, rows=64, bits=8, photometric=1, tile_columns=60_000, tile_rows=60_000
    ),
    "heic that says 60000 x 60000": heic(grid=(1, 1, 60_000, 60_000)),
    "heic of 40000 parts": heic(grid=(200, 200, 25_600, 25_600)),
    "bmp of 60000 x 60000": b"BM"
    + struct.pack("<IIIIiiHH", 54, 0, 54, 40, 60_000, 60_000, 1, 24)
    + b"\0" * 24,
}  # fmt: skip


@pytest.mark.parametrize("content", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_is_refused_by_its_header(content: bytes) -> None:
    with pytest.raises(PhotoRefused):
        open_photo(content)


@pytest.mark.parametrize(
    "content",
    [
        saved(Image.fromarray(RGB8), "PNG"),
        saved(Image.fromarray(RGB8), "JPEG"),
        saved(Image.fromarray(RGB8), "TIFF", compression="tiff_lzw"),
        saved(Image.fromarray(RGB8), "BMP"),
        heic(),
    ],
    ids=["png", "jpeg", "tiff", "bmp", "heic"],
)
def test_a_file_that_was_cut_off_is_refused_and_not_half_shown(content: bytes) -> None:
    for share in (0.1, 0.5, 0.9):
        with pytest.raises(PhotoRefused):
            read(content[: int(len(content) * share)])


def test_a_tiff_whose_pages_run_in_a_circle_is_refused() -> None:
    circle = bytearray(saved(Image.fromarray(GREY8), "TIFF"))
    first = int.from_bytes(circle[4:8], "little")
    count = int.from_bytes(circle[first : first + 2], "little")
    place = first + 2 + 12 * count
    circle[place : place + 4] = first.to_bytes(4, "little")

    with pytest.raises(PhotoRefused):
        open_photo(bytes(circle))


@pytest.mark.parametrize("values", [GREY8.astype(np.float32), GREY8.astype(np.int16)], ids=str)
def test_values_that_are_no_photo_are_refused_with_their_reason(values: NDArray[Any]) -> None:
    with pytest.raises(PhotoRefused, match="not read"):
        open_photo(imagecodecs.tiff_encode(values))


def test_real_photos_are_read_as_itk_reads_them(shared_data: Path, tmp_path: Path) -> None:
    files = [
        p for p in (shared_data / "dental/2d").rglob("*") if p.suffix.lower() in (".png", ".jpg")
    ]
    assert len(files) >= 6
    for path in files:
        pixels, _ = read(path.read_bytes())
        theirs = by_itk(path.read_bytes(), path.suffix.lower(), tmp_path)
        if theirs.ndim > pixels.ndim:
            assert (theirs[..., 0] == theirs[..., 1]).all()
            theirs = theirs[..., 0]
        # ITK spreads halved colours without smoothing; grey and full colours agree exactly.
        most = 0 if pixels.ndim == 2 else 0.5
        assert np.abs(pixels.astype(int) - theirs.astype(int)).mean() <= most, path.name


def _profile_with_red_and_blue_exchanged() -> bytes:
    """Return sRGB's profile with the tags of two colorants exchanged."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exchanged = profile.replace(b"rXYZ", b"\0\1\2\3").replace(b"bXYZ", b"rXYZ")
    exchanged = exchanged.replace(b"\0\1\2\3", b"bXYZ")
    return exchanged.replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))
