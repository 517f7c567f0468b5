"""What every pane's scene does: prepare an 8-bit picture, lay the overlays over it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from viewer.imaging import kernels
from viewer.render.overlays import Overlay
from viewer.render.stage import Stage
from viewer.render.style import PaneStyle


class Scene:
    """A picture in a pane. Main thread only; subclasses fill `_picture` and say what lies on it.

    The stage (a GL context) is made with the first frame and gone with `release`; a released scene
    may show another picture.
    """

    def __init__(self, style: PaneStyle | None = None) -> None:
        self.style = style or PaneStyle()
        self.width, self.height, self.scale = 1, 1, 1.0
        self._stage: Stage | None = None
        self._picture: NDArray[np.uint8] = np.zeros((1, 1), np.uint8)
        self._frame = np.zeros((1, 1), np.uint32)

    def resize(self, width: int, height: int, scale: float = 1.0) -> None:
        """Take a pane's size in physical pixels, and how many of them make a logical one."""
        wanted = (max(1, width), max(1, height), scale)
        if wanted != (self.width, self.height, self.scale):
            self.width, self.height, self.scale = wanted
            self._resized()

    def frame(self) -> NDArray[np.uint32]:
        """Return what the pane shows: (height, width), 0xFFRRGGBB, top row first.

        Owned by the scene and overwritten by the next call.
        """
        self._paint()
        if self._frame.shape != (self.height, self.width):
            self._frame = np.zeros((self.height, self.width), np.uint32)
        kernels.compose(self._picture, self._ready_stage().overlay(), self._frame)
        return self._frame

    def picture(self) -> NDArray[np.uint8]:
        """Return the grey levels or colours alone, without overlays; owned by the scene.

        Shape (height, width) or (height, width, 3), uint8, top row first.
        """
        self._paint()
        return self._picture

    def snapshot(self) -> NDArray[np.uint8]:
        """Return the same as VTK draws it: (height, width, 3), uint8, top row first, a copy."""
        self._paint()
        return self._ready_stage().snapshot(self._picture)

    def release(self) -> None:
        """Empty the scene, finalise its window and overwrite every buffer with zeros."""
        self._forget()
        for buffer in (self._picture, self._frame):
            buffer.fill(0)
        self._picture = np.zeros((1, 1), np.uint8)
        self._frame = np.zeros((1, 1), np.uint32)
        if self._stage is not None:
            self._stage.release()
            self._stage = None

    def restyle(self, style: PaneStyle) -> None:
        """Take other colours and lettering; everything is drawn anew."""
        self.style = style
        if self._stage is not None:
            self._stage.release()
            self._stage = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        raise NotImplementedError

    def _ready_stage(self) -> Stage:
        if self._stage is None:
            self._stage = Stage(self.style)
        self._stage.resize(self.width, self.height, self.scale)
        self._stage.set_overlays(self._overlays())
        return self._stage

    def _resized(self) -> None:
        """React to another size."""

    def _paint(self) -> None:
        """Bring `_picture` (height, width) or (height, width, 3) up to date."""
        raise NotImplementedError

    def _overlays(self) -> tuple[Overlay, ...]:
        """Return what lies over the picture."""
        raise NotImplementedError

    def _forget(self) -> None:
        """Drop and overwrite what the subclass holds."""
        raise NotImplementedError
