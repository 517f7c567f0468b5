"""One anatomical plane through a volume in a pane, with the crosshair of the other two."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from viewer.imaging import kernels
from viewer.imaging.padding import padding_of
from viewer.imaging.planes import (
    Lps,
    PlaneGeometry,
    VolumeSpace,
    plane_letters,
    sample_plane,
    with_depth,
)
from viewer.imaging.window import Transfer, transfer_of
from viewer.model.image import Picture
from viewer.model.view import Plane, PlanesView
from viewer.render.corners import caution_lines, caution_mark, corner, edge_marks, window_words
from viewer.render.overlays.records import Overlay, Text, crosshair
from viewer.render.scene import BLACK, Scene
from viewer.render.style import PaneStyle, Side

_TITLES = {Plane.AXIAL: "Axial", Plane.CORONAL: "Coronal", Plane.SAGITTAL: "Sagittal"}
_CROSSING = {
    Plane.AXIAL: (Plane.SAGITTAL, Plane.CORONAL),
    Plane.CORONAL: (Plane.SAGITTAL, Plane.AXIAL),
    Plane.SAGITTAL: (Plane.CORONAL, Plane.AXIAL),
}
_GAP_PX = 14.0


class SliceScene(Scene):
    """Shows one plane of a volume. Main thread only."""

    def __init__(self, plane: Plane, style: PaneStyle | None = None) -> None:
        super().__init__(style)
        self.plane = plane
        self.identity: tuple[str, ...] = ()
        self.shows_window = False
        self.is_identity_small = False
        self._shown: Picture | None = None
        self._space: VolumeSpace | None = None
        self._source: VolumeSpace | None = None
        self.is_overview = False
        self._view: PlanesView | None = None
        self._centre: Lps = (0.0, 0.0, 0.0)
        self._mm_per_px = 1.0
        self._pixels: NDArray[np.generic] = np.zeros((1, 1, 1), np.uint8)
        self._values = np.zeros((1, 1), np.float32)
        self._sampled: PlaneGeometry | None = None
        self._windowed: tuple[PlaneGeometry, object, bool] | None = None

    def show(self, picture: Picture, space: VolumeSpace, identity: tuple[str, ...] = ()) -> None:
        """Take a volume; its array is read in place, never copied. `look` says what to see."""
        self._forget()
        self._pixels = kernels.supported(picture.pixels)
        self._shown, self._space, self.identity = picture, space, identity
        self._source = space

    def sample_from(
        self, pixels: NDArray[np.generic], source: VolumeSpace, *, is_overview: bool
    ) -> None:
        """Take the values from another array of the same volume; the view stays as it is.

        Parameters
        ----------
        pixels : ndarray, shape (planes, rows, columns)
            The same picture in other voxels, which lie where `source` says.
        is_overview : bool
            Say on screen that detail is still to come.
        """
        if self._shown is not None:
            self._pixels, self._source = kernels.supported(pixels), source
            self._sampled = self._windowed = None
            self.is_overview = is_overview

    def look(self, view: PlanesView, centre: Lps, mm_per_px: float) -> None:
        """Look at the plane through the view's cursor, with `centre` in the pane's middle."""
        if self._shown is not None:
            self._view, self._centre, self._mm_per_px = view, centre, mm_per_px

    @property
    def is_empty(self) -> bool:
        """Whether there is no volume, or nobody said yet how to look at it."""
        return self._shown is None or self._view is None

    @property
    def geometry(self) -> PlaneGeometry | None:
        """Where points lie in the pane."""
        if self._view is None:
            return None
        centre = with_depth(self.plane, self._centre, self._view.cursor_lps)
        return PlaneGeometry(self.plane, centre, self._mm_per_px, self.width, self.height)

    def _paint(self) -> None:
        geometry, transfer = self._sample(), self._transfer()
        if geometry is None or self._view is None or transfer is None:
            self._picture = np.zeros((self.height, self.width), np.uint8)
            return
        wanted = (geometry, self._view.window, self._view.inverted)
        if self._windowed != wanted:
            if self._picture.shape != self._values.shape:
                self._picture = np.zeros(self._values.shape, np.uint8)
            kernels.window(self._values, transfer, self._picture)
            self._windowed = wanted

    def _pack(self, frame: NDArray[np.uint32]) -> None:
        geometry, transfer = self._sample(), self._transfer()
        if geometry is None or transfer is None:
            frame.fill(BLACK)
        else:
            kernels.pack_window(self._values, transfer, frame)

    def _sample(self) -> PlaneGeometry | None:
        """Bring `_values` up to date with where the pane looks."""
        geometry = self.geometry
        if self._shown is None or self._source is None or geometry is None:
            return None
        if self._sampled != geometry:
            if self._values.shape != (self.height, self.width):
                self._values.fill(0)
                self._values = np.empty((self.height, self.width), np.float32)
            padding = padding_of(self._shown.record.grey)
            sample_plane(self._pixels, self._source, geometry, self._values, padding)
            self._sampled = geometry
        return geometry

    def _transfer(self) -> Transfer | None:
        if self._shown is None or self._view is None:
            return None
        grey = self._shown.record.grey
        return transfer_of(self._view.window, grey, inverted=self._view.inverted)

    def _overlays(self) -> tuple[Overlay, ...]:
        geometry = self.geometry
        if self._shown is None or self._space is None or self._view is None or geometry is None:
            return ()
        size, scale, style = (self.width, self.height), self.scale, self.style
        margin = style.margin_px * scale
        name = Text(
            margin, margin, (_TITLES[self.plane],), style.plane(self.plane), style.text_px,
            is_bold=True,
        )  # fmt: skip
        fixed: list[Overlay] = edge_marks(plane_letters(self.plane), size, scale, style)
        fixed.append(name)
        if self.identity:
            fixed.append(
                corner(
                    Side.END, Side.START, self.identity, size, scale, style,
                    is_small=self.is_identity_small,
                )
            )  # fmt: skip
        below = 2 if self.is_overview else 1
        fixed += caution_mark(caution_lines(self._shown.record), size, scale, style, below)
        if self.shows_window:
            words = window_words(self._view.window, self._shown.record)
            fixed.append(corner(Side.END, Side.END, words, size, scale, style, is_lively=True))
        return (*self._crosshair(geometry), *fixed, self._position())

    def _position(self) -> Overlay:
        space, cursor = self._space, self._view.cursor_lps if self._view else (0.0, 0.0, 0.0)
        words: tuple[str, ...] = ("Overview. Detail is coming…",) if self.is_overview else ()
        if space is not None:
            number, count = space.number(self.plane, cursor), space.count(self.plane)
            words = (*words, f"{number} / {count}   {space.step_mm(self.plane):.2f} mm")
        size = (self.width, self.height)
        return corner(Side.START, Side.END, words, size, self.scale, self.style, is_lively=True)

    def _crosshair(self, geometry: PlaneGeometry) -> tuple[Overlay, ...]:
        if self._view is None:
            return ()
        x, y = geometry.lps_to_pane(self._view.cursor_lps)
        first, second = _CROSSING[self.plane]
        colours = (self.style.plane(first), self.style.plane(second))
        gap, wide = round(_GAP_PX * self.scale), max(1, round(self.scale))
        return crosshair((round(x), round(y)), (self.width, self.height), colours, gap, wide)

    def _forget(self) -> None:
        self._values.fill(0)
        self._values = np.zeros((1, 1), np.float32)
        self._shown = self._space = self._source = None
        self._view = self._sampled = self._windowed = None
        self.is_overview = False
        self._pixels = np.zeros((1, 1, 1), np.uint8)
        self.identity = ()
