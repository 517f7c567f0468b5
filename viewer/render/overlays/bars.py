"""Draws filled boxes of whole pixels: the lines of a crosshair."""

from __future__ import annotations

import numpy as np
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor2D, vtkPolyDataMapper2D, vtkProp

from viewer.render.overlays.pieces import Piece, premultiplied
from viewer.render.overlays.records import Bars
from viewer.render.style import PaneStyle, rgb


def draw(record: Bars, height: int, _: float, __: PaneStyle) -> list[vtkProp]:
    """Return one actor for all the boxes of a record."""
    points, cells = vtkPoints(), vtkCellArray()
    for left, top, right, bottom in _boxes(record):
        cells.InsertNextCell(4)
        for x, y in ((left, bottom), (right, bottom), (right, top), (left, top)):
            cells.InsertCellPoint(points.InsertNextPoint(x, height - y, 0.0))
    shape = vtkPolyData()
    shape.SetPoints(points)
    shape.SetPolys(cells)
    mapper = vtkPolyDataMapper2D()
    mapper.SetInputData(shape)
    actor = vtkActor2D()
    actor.SetMapper(mapper)
    actor.GetProperty().SetColor(*rgb(record.colour))
    actor.GetProperty().SetOpacity(record.opacity)
    return [actor]


def ink(record: Bars, _: float, __: PaneStyle) -> list[Piece]:
    """Return the same boxes as pieces."""
    colour = np.rint(np.array([*rgb(record.colour), record.opacity]) * 255).astype(np.uint8)
    dot = premultiplied(colour[None, None])[0, 0]
    return [
        Piece(left, top, np.full((bottom - top, right - left), dot, np.uint32))
        for left, top, right, bottom in _boxes(record)
    ]


def _boxes(record: Bars) -> list[tuple[int, int, int, int]]:
    return [box for box in record.boxes if box[0] < box[2] and box[1] < box[3]]
