"""What VTK draws of a pane: a picture as textured background, overlays on top."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkUnsignedCharArray
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkRenderingCore import vtkProp, vtkRenderer, vtkTexture

from viewer.render.overlays import DRAWERS, Overlay, Piece
from viewer.render.overlays.pieces import cut_out
from viewer.render.overlays.text import empty
from viewer.render.screen import SCREEN
from viewer.render.style import PaneStyle, rgb


class Stage:
    """Draws overlays into a layer of their own, and the whole picture for snapshots.

    Main thread only. Sizes are physical pixels; `scale` is physical per logical pixel.
    """

    def __init__(self, style: PaneStyle) -> None:
        self._style = style
        self._renderer = vtkRenderer()
        self._renderer.SetBackground(*rgb(style.canvas))
        self._texture = vtkTexture()
        self._texture.SetColorModeToDirectScalars()
        self._texture.InterpolateOff()
        self._texture.MipmapOff()
        self._drawn: list[tuple[Overlay, list[vtkProp]]] = []
        self._pieces: list[Piece] | None = None
        self._scale = 1.0
        self._size = (1, 1)

    def resize(self, width: int, height: int, scale: float) -> None:
        """Take another size; every overlay is drawn anew."""
        if (width, height) == self._size and scale == self._scale:
            return
        self._size, self._scale = (width, height), scale
        self._clear()

    def set_overlays(self, overlays: tuple[Overlay, ...]) -> None:
        """Draw these, in this order; those that did not change stay."""
        if overlays == tuple(record for record, _ in self._drawn):
            return
        kept = {record: props for record, props in self._drawn if record in overlays}
        gone = [(record, props) for record, props in self._drawn if record not in kept]
        self._renderer.RemoveAllViewProps()
        self._strike(gone)
        self._drawn = []
        for record in overlays:
            props = kept.pop(record, None) or self._draw(record)
            for prop in props:
                self._renderer.AddViewProp(prop)
            self._drawn.append((record, props))
        self._forget_pieces()

    def _draw(self, record: Overlay) -> list[vtkProp]:
        return DRAWERS[type(record)](record, self._size[1], self._scale, self._style)

    def pieces(self) -> list[Piece]:
        """Return the overlays alone, as VTK draws them, cut into the boxes that hold ink.

        Owned by the stage, valid until the next change. Nothing is drawn that did not change.
        """
        if self._pieces is None:
            self._pieces = self._cut_out() if self._drawn else []
        return self._pieces

    def _cut_out(self) -> list[Piece]:
        width, height = self._size
        self._renderer.TexturedBackgroundOff()
        self._renderer.SetBackground(0.0, 0.0, 0.0)
        self._renderer.SetBackgroundAlpha(0.0)
        window = SCREEN.draw(self._renderer, self._size)
        layer = vtkUnsignedCharArray()
        window.GetRGBACharPixelData(0, 0, width - 1, height - 1, 0, layer, 0)
        whole: NDArray[np.uint8] = vtk_to_numpy(layer)
        found = cut_out(whole.view(np.uint32).reshape(height, width)[::-1])
        layer.Fill(0)
        return found

    def snapshot(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Let VTK draw the picture and the overlays.

        Parameters
        ----------
        picture : ndarray, shape (height, width) or (height, width, 3), uint8
            Top row first.

        Returns
        -------
        ndarray, shape (height, width, 3), uint8
            Top row first, C order, a copy.
        """
        width, height = self._size
        upright = np.ascontiguousarray(picture[::-1])
        image = vtkImageData()
        image.SetDimensions(width, height, 1)
        image.GetPointData().SetScalars(
            numpy_to_vtk(upright.reshape(width * height, -1), deep=False)
        )
        self._texture.SetInputData(image)
        self._renderer.SetBackgroundTexture(self._texture)
        self._renderer.TexturedBackgroundOn()
        window = SCREEN.draw(self._renderer, self._size)
        drawn = vtkUnsignedCharArray()
        window.GetPixelData(0, 0, width - 1, height - 1, 0, drawn, 0)
        shown: NDArray[np.uint8] = vtk_to_numpy(drawn).reshape(height, width, 3)[::-1].copy()
        self._renderer.TexturedBackgroundOff()
        self._texture.SetInputData(vtkImageData())
        upright.fill(0)
        drawn.Fill(0)
        return shown

    def release(self) -> None:
        """Leave the window and overwrite what was drawn. The stage is of no use afterwards."""
        self._clear()
        self._renderer.SetBackgroundTexture(vtkTexture())
        SCREEN.leave(self._renderer)

    def _clear(self) -> None:
        self._renderer.RemoveAllViewProps()
        self._strike(self._drawn)
        self._drawn = []
        self._forget_pieces()

    def _forget_pieces(self) -> None:
        for piece in self._pieces or []:
            piece.wipe()
        self._pieces = None

    def _strike(self, gone: list[tuple[Overlay, list[vtkProp]]]) -> None:
        window = SCREEN.free(self._renderer)
        for _, props in gone:
            for prop in props:
                if window is not None:
                    prop.ReleaseGraphicsResources(window)
                empty(prop)
