"""Draws text with a dark halo that reads on white enamel as on black air."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, maximum_filter
from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray, vtk_to_numpy
from vtkmodules.vtkCommonCore import VTK_FONT_FILE, vtkFloatArray, vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkImageData, vtkPolyData
from vtkmodules.vtkRenderingCore import (
    vtkPolyDataMapper2D,
    vtkProp,
    vtkTextProperty,
    vtkTextRenderer,
    vtkTexture,
    vtkTexturedActor2D,
)

from viewer.render.overlays.pieces import Piece, premultiplied
from viewer.render.overlays.records import Text
from viewer.render.style import PaneStyle, Side, rgb

_HALO_OPACITY = 0.82


def draw(record: Text, height: int, scale: float, style: PaneStyle) -> list[vtkProp]:
    """Return one textured rectangle with the text and its halo."""
    return [
        _rectangle(painted, left, height - top - painted.shape[0])
        for painted, left, top in _painted(record, scale, style)
    ]


def ink(record: Text, scale: float, style: PaneStyle) -> list[Piece]:
    """Return the same pixels as a piece."""
    return [
        Piece(left, top, premultiplied(painted))
        for painted, left, top in _painted(record, scale, style)
    ]


def _painted(
    record: Text, scale: float, style: PaneStyle
) -> list[tuple[NDArray[np.uint8], int, int]]:
    """Return red, green, blue, alpha of the text and where its corner lies; none without words."""
    lines = tuple(line for line in record.lines if line)
    if not lines:
        return []
    size_px = record.size_px * scale
    letter = style.lettering or partial(freetype, font_file=style.font_file)
    letters = letter(lines, size_px, record.is_bold, record.across)
    reach = max(2, round(2 * scale))
    painted = _with_halo(np.pad(letters, reach * 2), reach, rgb(record.colour))
    rows, columns = painted.shape[:2]
    left = record.x - reach * 2 - (columns - 1 - reach * 4) * record.across.value / 2
    top = record.y - reach * 2 - (rows - 1 - reach * 4) * record.down.value / 2
    return [(painted, round(left), round(top))]


def freetype(
    lines: tuple[str, ...],
    size_px: float,
    is_bold: bool,  # noqa: FBT001 - the shape of `style.Lettering`
    across: Side,
    font_file: Path | None = None,
) -> NDArray[np.uint8]:
    """Return how much ink lies on each pixel: (rows, columns), uint8, top row first.

    VTK's own lettering: Latin, Greek and Cyrillic of the font file, no shaping. A window passes
    its toolkit's instead, which knows every script.
    """
    look = vtkTextProperty()
    look.SetColor(1.0, 1.0, 1.0)
    look.SetFontSize(max(1, round(size_px)))
    look.SetBold(is_bold)
    look.SetLineSpacing(1.25)
    look.SetJustification(across.value)
    if font_file is not None and font_file.is_file():
        look.SetFontFamily(VTK_FONT_FILE)
        look.SetFontFile(str(font_file))
        look.SetBold(False)
    image, size = vtkImageData(), [0, 0]
    vtkTextRenderer.GetInstance().RenderString(look, "\n".join(lines), image, size, 72)
    columns, rows, _ = image.GetDimensions()
    painted = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(rows, columns, -1)
    return np.ascontiguousarray(painted[: size[1], : size[0], 3][::-1])


def _with_halo(
    letters: NDArray[np.uint8], reach: int, colour: tuple[float, float, float]
) -> NDArray[np.uint8]:
    ink = letters.astype(np.float32) / 255
    around = gaussian_filter(maximum_filter(ink, size=reach + 1), reach / 2.5)
    halo = np.clip(around * 1.6, 0, 1) * _HALO_OPACITY
    alpha = ink + halo * (1 - ink)
    strength = np.divide(ink, alpha, out=np.zeros_like(ink), where=alpha > 0)
    painted = np.empty((*ink.shape, 4), np.uint8)
    for channel in range(3):
        painted[..., channel] = np.rint(strength * colour[channel] * 255)
    painted[..., 3] = np.rint(alpha * 255)
    return painted


def _rectangle(painted: NDArray[np.uint8], left: int, bottom: int) -> vtkTexturedActor2D:
    rows, columns = painted.shape[:2]
    image = vtkImageData()
    image.SetDimensions(columns, rows, 1)
    pixels = np.ascontiguousarray(painted[::-1]).reshape(-1, 4)
    image.GetPointData().SetScalars(numpy_to_vtk(pixels, deep=True))
    texture = vtkTexture()
    texture.SetInputData(image)
    texture.SetColorModeToDirectScalars()
    texture.InterpolateOff()
    mapper = vtkPolyDataMapper2D()
    mapper.SetInputData(_corners(left, bottom, columns, rows))
    actor = vtkTexturedActor2D()
    actor.SetMapper(mapper)
    actor.SetTexture(texture)
    return actor


def _corners(left: int, bottom: int, columns: int, rows: int) -> vtkPolyData:
    points, places = vtkPoints(), vtkFloatArray()
    places.SetNumberOfComponents(2)
    for u, v in ((0, 0), (1, 0), (1, 1), (0, 1)):
        points.InsertNextPoint(left + u * columns, bottom + v * rows, 0.0)
        places.InsertNextTuple2(u, v)
    square = vtkCellArray()
    square.ImportLegacyFormat(numpy_to_vtkIdTypeArray(np.array([4, 0, 1, 2, 3]), deep=True))
    shape = vtkPolyData()
    shape.SetPoints(points)
    shape.SetPolys(square)
    shape.GetPointData().SetTCoords(places)
    return shape


def empty(prop: vtkProp) -> None:
    """Overwrite the pixels of a rectangle that `draw` made: what it said is gone."""
    if isinstance(prop, vtkTexturedActor2D) and prop.GetTexture() is not None:
        image = prop.GetTexture().GetInput()
        if image is not None and image.GetPointData().GetScalars() is not None:
            image.GetPointData().GetScalars().Fill(0)
        prop.GetTexture().SetInputData(vtkImageData())
