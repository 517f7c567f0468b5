"""Independent readers of DICOM pixels: none of them shares a line with what is tested.

Each takes a path and says what it reads: stored values (frames, rows, columns), or red, green,
blue (frames, rows, columns, 3); None where it does not read the file. `SimpleITK` gives modality
values.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
import SimpleITK as sitk  # noqa: N813  the name its own manual uses
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array

Pixels = NDArray[np.generic]
_UNPACKERS = {
    "1.2.840.10008.1.2.5": "dcmdrle",
    "1.2.840.10008.1.2.4.80": "dcmdjpls",
    "1.2.840.10008.1.2.4.81": "dcmdjpls",
    **{f"1.2.840.10008.1.2.4.{n}": "dcmdjpeg" for n in (50, 51, 53, 55, 57, 70)},
}
_WAVELETS = "1.2.840.10008.1.2.4.9", "1.2.840.10008.1.2.4.20"
_CODECS: dict[str, Callable[[bytes], Pixels]] = {
    **{f"1.2.840.10008.1.2.4.{n}": imagecodecs.jpeg8_decode for n in (50, 51, 53, 55)},
    **{f"1.2.840.10008.1.2.4.{n}": imagecodecs.jpegsof3_decode for n in (57, 70)},
    **{f"1.2.840.10008.1.2.4.{n}": imagecodecs.jpegls_decode for n in (80, 81)},
    # OpenJPEG reads the high-throughput kind as well, which OpenJPH decodes for the viewer.
    **{f"1.2.840.10008.1.2.4.{n}": imagecodecs.jpeg2k_decode for n in (90, 91, 201, 202, 203)},
}
_SECONDS = 60


def pydicom_alone(path: Path) -> Pixels | None:
    """Read with pydicom's own decoders."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ds = pydicom.dcmread(path, force=True)
            if ds.get("PhotometricInterpretation") == "PALETTE COLOR":
                return framed(apply_color_lut(pixel_array(ds, raw=True), ds), ds, is_colour=True)
            is_colour = ds.get("SamplesPerPixel", 1) == 3
            return framed(pixel_array(ds, raw=not is_colour), ds, is_colour=is_colour)
    except Exception:  # noqa: BLE001  whatever it cannot read, it does not read
        return None


def dcmtk(path: Path) -> Pixels | None:
    """Unpack with dcmtk's programs, then read the plain bytes with numpy."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = Path(folder) / "plain.dcm"
        try:
            meta = pydicom.filereader.read_file_meta_info(path)
            syntax = str(meta.get("TransferSyntaxUID", ""))
        except Exception:  # noqa: BLE001  without a meta group dcmtk guesses
            syntax = ""
        if syntax.startswith(_WAVELETS):
            return None
        program = _UNPACKERS.get(syntax, "dcmconv")
        options = ["+te"] if program == "dcmconv" else []
        if not _ran([program, *options, str(path), str(plain)]):
            return None
        ds = pydicom.dcmread(plain)
        if not {"PixelData", "Rows", "Columns"} <= set(ds.dir()):
            return None
        if ds.get("BitsAllocated") not in (8, 16, 32):
            return None
        try:
            return _of_plain_bytes(ds)
        except ValueError:
            return None


def simple_itk(path: Path) -> Pixels | None:
    """Read modality values (or colours) with SimpleITK, which is GDCM inside."""
    sitk.ProcessObject.SetGlobalWarningDisplay(False)  # type: ignore[no-untyped-call]
    try:
        image = sitk.ReadImage(str(path), imageIO="GDCMImageIO")
    except RuntimeError:
        return None
    values = sitk.GetArrayFromImage(image)
    components = image.GetNumberOfComponentsPerPixel()  # type: ignore[no-untyped-call]
    return np.asarray(values if values.ndim == (4 if components > 1 else 3) else values[None])


def imagecodecs_direct(path: Path) -> Pixels | None:
    """Decode grey frames with the codecs alone, cut out of the file by pydicom."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ds = pydicom.dcmread(path, force=True)
            decoder = _CODECS.get(str(ds.file_meta.get("TransferSyntaxUID", "")))
            if decoder is None or ds.get("SamplesPerPixel", 1) != 1:
                return None
            count = int(ds.get("NumberOfFrames") or 1)
            found = [decoder(x) for x in generate_frames(ds.PixelData, number_of_frames=count)]
            return framed(np.stack(found), ds, is_colour=False)
    except Exception:  # noqa: BLE001  whatever it cannot read, it does not read
        return None


READERS: dict[str, Callable[[Path], Pixels | None]] = {
    "pydicom": pydicom_alone,
    "dcmtk": dcmtk,
    "SimpleITK": simple_itk,
    "imagecodecs": imagecodecs_direct,
}
GIVES_MODALITY_VALUES = frozenset(("SimpleITK",))


def are_there() -> bool:
    """Whether dcmtk's programs are installed; the others come with the tests."""
    return all(shutil.which(program) for program in ("dcmconv", *set(_UNPACKERS.values())))


def framed(values: Pixels, ds: Dataset, *, is_colour: bool) -> Pixels:
    """Return the values with an axis for frames, also where there is one frame."""
    frame = (int(ds.Rows), int(ds.Columns), *((3,) if is_colour else ()))
    return np.asarray(values).reshape((-1, *frame))


def _ran(command: list[str]) -> bool:
    done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
    return done.returncode == 0


def _of_plain_bytes(ds: Dataset) -> Pixels | None:
    kind = "i" if ds.get("PixelRepresentation") == 1 else "u"
    samples = int(ds.get("SamplesPerPixel", 1))
    flat = np.frombuffer(ds.PixelData, f"<{kind}{ds.BitsAllocated // 8}")
    frames = int(ds.get("NumberOfFrames") or 1)
    rows, columns = int(ds.Rows), int(ds.Columns)
    wanted = frames * rows * columns * samples
    if flat.size < wanted or samples not in (1, 3):
        return None
    if samples == 1:
        if ds.PhotometricInterpretation == "PALETTE COLOR":
            return None
        return np.asarray(flat[:wanted].reshape(frames, rows, columns))
    if ds.PhotometricInterpretation != "RGB":
        return None
    if ds.get("PlanarConfiguration") == 1:
        return np.moveaxis(flat[:wanted].reshape(frames, 3, rows, columns), 1, -1)
    return np.asarray(flat[:wanted].reshape(frames, rows, columns, 3))
