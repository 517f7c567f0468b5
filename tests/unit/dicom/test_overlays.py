"""Overlays of headers and of unused bits, against dcmtk's pictures of the same files."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from tests.support import dicom_files
from viewer.dicom.layout import layout_of
from viewer.dicom.overlays import overlays_of
from viewer.dicom.parse import parse
from viewer.dicom.write import to_bytes
from viewer.model.bit_planes import BadBitPlanes, BitPlane, pack, unpack

_ROWS, _COLUMNS = 40, 30


def _read(content: bytes) -> tuple[list[BitPlane], tuple[str, ...]]:
    parsed = parse(memoryview(content))
    assert parsed.pixels is not None
    start = parsed.pixels.start
    value = parsed.body[start : start + parsed.pixels.length]
    return overlays_of(parsed.header, layout_of(parsed), value)


def _with_overlay(
    bits: NDArray[np.bool_], origin: tuple[int, int] = (1, 1), group: int = 0x6000
) -> Dataset:
    ds = dicom_files.bitewing()
    ds.add_new((group, 0x0010), "US", bits.shape[-2])
    ds.add_new((group, 0x0011), "US", bits.shape[-1])
    ds.add_new((group, 0x0040), "CS", "G")
    ds.add_new((group, 0x0050), "SS", list(origin))
    ds.add_new((group, 0x0100), "US", 1)
    ds.add_new((group, 0x0102), "US", 0)
    packed = np.packbits(bits.ravel(), bitorder="little").tobytes()
    ds.add_new((group, 0x3000), "OW", packed + bytes(len(packed) % 2))
    return ds


def _drawing(rows: int = _ROWS, columns: int = _COLUMNS) -> NDArray[np.bool_]:
    drawing = np.random.default_rng(4).integers(0, 2, (rows, columns)).astype(bool)
    drawing[0, 0] = True
    return drawing


@pytest.mark.parametrize("origin", [(1, 1), (5, 9), (-3, -7), (39, 29), (100, 100)])
@pytest.mark.parametrize("size", [(40, 30), (13, 11), (60, 70)])
def test_an_overlay_lies_where_dcmtk_draws_it(
    origin: tuple[int, int], size: tuple[int, int], tmp_path: Path
) -> None:
    ds = _with_overlay(_drawing(*size), origin)
    planes, notes = _read(to_bytes(ds))
    assert notes == ()
    path = tmp_path / "picture.dcm"
    path.write_bytes(to_bytes(ds))
    ours = planes[0].mask(0, _ROWS, _COLUMNS)
    assert np.array_equal(ours, _dcmtk_draws(path, 1))


def test_bits_among_the_pixels_are_cut_out(tmp_path: Path) -> None:
    drawing = _drawing()
    ds = dicom_files.bitewing()
    ds.BitsStored, ds.HighBit = 12, 11
    pixels = np.frombuffer(ds.PixelData, "<u2") & 0x0FFF
    ds.PixelData = (pixels | drawing.ravel().astype(np.uint16) << 14).astype("<u2").tobytes()
    ds.add_new((0x6002, 0x0010), "US", _ROWS)
    ds.add_new((0x6002, 0x0011), "US", _COLUMNS)
    ds.add_new((0x6002, 0x0040), "CS", "R")
    ds.add_new((0x6002, 0x0050), "SS", [1, 1])
    ds.add_new((0x6002, 0x0100), "US", 16)
    ds.add_new((0x6002, 0x0102), "US", 14)
    (plane,), notes = _read(to_bytes(ds))
    assert notes == ()
    assert plane.is_region
    assert np.array_equal(plane.mask(0, _ROWS, _COLUMNS), drawing)


def test_frames_of_an_overlay_belong_to_the_frames_they_name() -> None:
    bits = np.stack([_drawing(), ~_drawing()])
    plane = BitPlane(
        _ROWS, _COLUMNS, 0, 0, np.packbits(bits.ravel(), bitorder="little"), 2, first_frame=3
    )
    assert not plane.mask(2, _ROWS, _COLUMNS).any()
    assert np.array_equal(plane.mask(3, _ROWS, _COLUMNS), bits[0])
    assert np.array_equal(plane.mask(4, _ROWS, _COLUMNS), bits[1])
    assert not plane.mask(5, _ROWS, _COLUMNS).any()


def test_an_overlay_shorter_than_it_says_is_left_out_with_a_note() -> None:
    ds = _with_overlay(_drawing())
    ds[0x6000, 0x0010].value = 4000
    planes, notes = _read(to_bytes(ds))
    assert planes == []
    assert "could not be read" in notes[0]


def test_an_empty_overlay_is_none() -> None:
    planes, notes = _read(to_bytes(_with_overlay(np.zeros((_ROWS, _COLUMNS), bool))))
    assert (planes, notes) == ([], ())


@pytest.mark.parametrize("name", ["examples_overlay.dcm", "MR-SIEMENS-DICOM-WithOverlays.dcm"])
def test_real_overlays_are_those_that_dcmtk_draws(name: str) -> None:
    found = get_testdata_file(name)
    if not found:
        pytest.skip("the file does not come with pydicom")
    _same_as_dcmtk(Path(str(found)))


def test_a_real_file_with_bits_of_both_kinds_is_drawn_as_dcmtk_does(shared_data: Path) -> None:
    folder = shared_data / "dicom" / "weasis_presentation_state"
    _same_as_dcmtk(next(folder.rglob("overlay.dcm")))


@given(st.binary(max_size=200))
def test_anything_else_is_no_stored_form(content: bytes) -> None:
    if content:
        with pytest.raises(BadBitPlanes):
            unpack(content)


def test_the_stored_form_comes_back() -> None:
    plane = BitPlane(3, 5, -1, 2, np.packbits(_drawing(3, 5).ravel(), bitorder="little"), label="L")
    (back,) = unpack(pack([plane]))
    assert np.array_equal(back.packed, plane.packed)
    assert (back.rows, back.columns, back.top, back.left, back.label) == (3, 5, -1, 2, "L")
    with pytest.raises(BadBitPlanes):
        unpack(pack([plane])[:-9])


def _same_as_dcmtk(path: Path) -> None:
    content = path.read_bytes()
    layout = layout_of(parse(memoryview(content)))
    planes, _ = _read(content)
    assert planes
    ours = np.zeros((layout.rows, layout.columns), bool)
    for plane in planes:
        ours |= plane.mask(0, layout.rows, layout.columns)
    assert np.array_equal(ours, _dcmtk_draws(path, 0))


def _dcmtk_draws(path: Path, number: int) -> NDArray[np.bool_]:
    """Return where dcmtk draws an overlay: white on a picture windowed to black."""
    if shutil.which("dcm2pnm") is None:
        pytest.skip("dcmtk is not on this machine")
    command = ["dcm2pnm", "-q", "+Ww", "60000", "1", "+O", str(number), "+Omr", "+opb", str(path)]
    done = subprocess.run(command, capture_output=True, timeout=60, check=True)
    kind, columns, rows, _, *levels = done.stdout.split()
    assert kind == b"P2"
    return np.array(levels, np.int64).reshape(int(rows), int(columns)) > 0
