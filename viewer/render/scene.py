"""What every pane's scene does: prepare an 8-bit picture, lay the overlays over it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from viewer.imaging import kernels
from viewer.render.overlays import INKERS, Overlay, Piece
from viewer.render.screen import SCREEN
from viewer.render.stage import Stage
from viewer.render.style import PaneStyle

BLACK = 0xFF000000


class Scene:
    """A picture in a pane. Main thread only; subclasses paint it and say what lies on it.

    The stage (a GL context) is made with the first frame and gone with `release`; a released scene
    may show another picture.
    """

    def __init__(self, style: PaneStyle | None = None) -> None:
        self.style = style or PaneStyle()
        self.width, self.height, self.scale = 1, 1, 1.0
        self._stage: Stage | None = None
        self._picture: NDArray[np.uint8] = np.zeros((1, 1), np.uint8)
        self._frame = np.zeros((1, 1), np.uint32)
        self.is_first_frame = False
        self._inked: dict[Overlay, list[Piece]] = {}

    def resize(self, width: int, height: int, scale: float = 1.0) -> None:
        """Take a pane's size in physical pixels, and how many of them make a logical one."""
        wanted = (max(1, width), max(1, height), scale)
        if wanted != (self.width, self.height, self.scale):
            self.width, self.height, self.scale = wanted
            self._resized()

    def frame(self) -> NDArray[np.uint32]:
        """Return what the pane shows: (height, width), 0xFFRRGGBB, top row first.

        Owned by the scene and overwritten by the next call. Where VTK's window would have to be
        made first, its overlays are inked too (`is_first_frame`), so that a picture is there at
        once; the next frame has VTK's.
        """
        if self._frame.shape != (self.height, self.width):
            self._frame = np.zeros((self.height, self.width), np.uint32)
        self._pack(self._frame)
        overlays = self._overlays()
        self.is_first_frame = not (
            self.is_first_frame or SCREEN.is_open or self._stage is not None or self.is_empty
        )
        fixed = tuple(r for r in overlays if not (r.is_lively or self.is_first_frame))
        first = overlays.index(fixed[0]) if fixed else 0
        under = overlays[:first]
        over = tuple(r for r in overlays[first:] if r not in fixed)
        inked = self._ink((*under, *over))
        layer = self._ready_stage(fixed).pieces() if fixed else []
        for pieces in (*(inked[r] for r in under), layer, *(inked[r] for r in over)):
            for piece in pieces:
                piece.lay(self._frame)
        return self._frame

    def _ink(self, lively: tuple[Overlay, ...]) -> dict[Overlay, list[Piece]]:
        """Return the pieces of records that change with the hand; those that did not stay."""
        before = self._inked
        self._inked = {
            record: before[record]
            if record in before
            else INKERS[type(record)](record, self.scale, self.style)
            for record in lively
        }
        return self._inked

    def picture(self) -> NDArray[np.uint8]:
        """Return the grey levels or colours alone, without overlays; owned by the scene.

        Shape (height, width) or (height, width, 3), uint8, top row first.
        """
        self._paint()
        return self._picture

    def snapshot(self) -> NDArray[np.uint8]:
        """Return the same as VTK draws it: (height, width, 3), uint8, top row first, a copy."""
        self._paint()
        return self._ready_stage(self._overlays()).snapshot(self._picture)

    def release(self) -> None:
        """Empty the scene, wipe or finalise its window, overwrite every buffer with zeros."""
        self._forget()
        self._drop_ink()
        self.is_first_frame = False
        kernels.rest()
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
        self._drop_ink()
        if self._stage is not None:
            self._stage.release()
            self._stage = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        raise NotImplementedError

    def _drop_ink(self) -> None:
        for pieces in self._inked.values():
            for piece in pieces:
                piece.wipe()
        self._inked = {}

    def _ready_stage(self, overlays: tuple[Overlay, ...]) -> Stage:
        if self._stage is None:
            self._stage = Stage(self.style)
        self._stage.resize(self.width, self.height, self.scale)
        self._stage.set_overlays(overlays)
        return self._stage

    def _resized(self) -> None:
        """React to another size."""

    def _pack(self, frame: NDArray[np.uint32]) -> None:
        """Write the picture into `frame` (height, width), 0xFFRRGGBB."""
        self._paint()
        kernels.pack(self._picture, frame)

    def _paint(self) -> None:
        """Bring `_picture` (height, width) or (height, width, 3) up to date."""
        raise NotImplementedError

    def _overlays(self) -> tuple[Overlay, ...]:
        """Return what lies over the picture."""
        raise NotImplementedError

    def _forget(self) -> None:
        """Drop and overwrite what the subclass holds."""
        raise NotImplementedError
