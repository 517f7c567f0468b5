"""Draws straight lines in pane pixels."""

from __future__ import annotations

from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor2D, vtkPolyDataMapper2D, vtkProp

from viewer.render.overlays.records import Segments
from viewer.render.style import PaneStyle, rgb


def draw(record: Segments, height: int, scale: float, _: PaneStyle) -> list[vtkProp]:
    """Return one actor for all the lines of a record."""
    points, cells = vtkPoints(), vtkCellArray()
    for start, end in record.ends:
        cells.InsertNextCell(2)
        for x, y in (start, end):
            cells.InsertCellPoint(points.InsertNextPoint(x + 0.5, height - y - 0.5, 0.0))
    lines = vtkPolyData()
    lines.SetPoints(points)
    lines.SetLines(cells)
    mapper = vtkPolyDataMapper2D()
    mapper.SetInputData(lines)
    actor = vtkActor2D()
    actor.SetMapper(mapper)
    look = actor.GetProperty()
    look.SetColor(*rgb(record.colour))
    look.SetOpacity(record.opacity)
    look.SetLineWidth(max(1.0, round(record.width_px * scale)))
    return [actor]
