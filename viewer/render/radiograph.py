"""A flat image in a pane: a radiograph, or a photo in colour."""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.imaging import kernels
from viewer.imaging.flat import FlatGeometry, edge_letters, turned
from viewer.imaging.padding import NO_PADDING, padding_of
from viewer.imaging.window import Transfer, transfer_of
from viewer.model.image import GreyScale, Picture
from viewer.model.tooth import ToothNotation
from viewer.model.view import RadiographView, first_window
from viewer.render.corners import (
    corner,
    edge_marks,
    frame_words,
    overlay_words,
    scale_words,
    turned_words,
    what_it_is,
    window_words,
)
from viewer.render.overlays.records import Overlay, Text
from viewer.render.scene import BLACK, Scene
from viewer.render.style import PaneStyle, Side

_WHITE = 0xFFFFFFFF
_FAINTEST = 60.0
"""Share (of 255) of a pane's pixel that a line has to cover: thin ones stay when minified."""


class RadiographScene(Scene):
    """Shows one flat picture through a `RadiographView`. Main thread only."""

    def __init__(self, style: PaneStyle | None = None) -> None:
        super().__init__(style)
        self.notation = ToothNotation.FDI
        self.identity: tuple[str, ...] = ()
        self._shown: Picture | None = None
        self._view: RadiographView | None = None
        self._channels: list[NDArray[np.generic]] = []
        self._values: list[NDArray[np.float32]] = []
        self._drawn: NDArray[np.bool_] | None = None
        self._sampled: RadiographView | None = None
        self._windowed: RadiographView | None = None

    def show(self, picture: Picture, identity: tuple[str, ...] = ()) -> None:
        """Show a picture fitted, as acquired, with the window it opens with."""
        self._forget()
        self._shown, self.identity = picture, identity
        self._view = RadiographView(first_window(picture.record.grey))

    @property
    def is_empty(self) -> bool:
        """Whether there is no picture."""
        return self._shown is None

    @property
    def view(self) -> RadiographView | None:
        """How the picture is looked at; None when there is none."""
        return self._view

    def look(self, view: RadiographView) -> None:
        """Look at it in another way."""
        if self._shown is not None:
            self._view = view

    @property
    def geometry(self) -> FlatGeometry | None:
        """Where its pixels lie in the pane."""
        if self._shown is None or self._view is None:
            return None
        rows, columns = _flat(self._shown, 0).shape[:2]
        aspect = self._shown.record.aspect
        return FlatGeometry(columns, rows, aspect, self.width, self.height, self._view)

    def _resized(self) -> None:
        self._sampled = None

    def _paint(self) -> None:
        view = self._sample_as_looked()
        if view is None:
            self._picture = np.zeros((self.height, self.width), np.uint8)
        elif self._windowed != view:
            self._window(view)

    def _pack(self, frame: NDArray[np.uint32]) -> None:
        view = self._sample_as_looked()
        if view is None:
            frame.fill(BLACK)
        elif len(self._values) == 1:
            kernels.pack_window(self._values[0], self._transfer(view), frame)
            if self._drawn is not None:
                frame[self._drawn] = _WHITE
        else:
            super()._pack(frame)

    def _sample_as_looked(self) -> RadiographView | None:
        """Bring `_values` up to date with turns, zoom and pan; return the view."""
        geometry = self.geometry
        if self._shown is None or self._view is None or geometry is None:
            return None
        view, before = self._view, self._sampled
        if before is None or _source(before) != _source(view):
            self._turn_pixels(view)
        if before is None or _place(before) != _place(view):
            self._sample(geometry)
        return view

    def _transfer(self, view: RadiographView) -> Transfer:
        grey = self._shown.record.grey if self._shown else GreyScale()
        return transfer_of(view.window, grey, inverted=view.inverted)

    def _turn_pixels(self, view: RadiographView) -> None:
        if self._shown is None:
            return
        _wipe(self._channels)
        flat = kernels.supported(_flat(self._shown, view.frame))
        whole = turned(flat, view)
        planes = [whole] if whole.ndim == 2 else [whole[..., c] for c in range(3)]
        self._channels = [np.array(plane, order="C") for plane in planes]

    def _sample(self, geometry: FlatGeometry) -> None:
        size = (self.height, self.width)
        if len(self._values) != len(self._channels) or self._values[0].shape != size:
            _wipe(self._values)
            self._values = [np.empty(size, np.float32) for _ in self._channels]
        across, down = geometry.sampling()
        padding = padding_of(self._shown.record.grey) if self._shown else NO_PADDING
        for channel, values in zip(self._channels, self._values, strict=True):
            kernels.resample(channel, across, down, values, padding)
        self._drawn = self._sample_overlays(geometry)
        self._sampled, self._windowed = self._view, None

    def _sample_overlays(self, geometry: FlatGeometry) -> NDArray[np.bool_] | None:
        """Return which pixels of the pane an overlay lies on; None where none is shown."""
        picture, view = self._shown, geometry.view
        if picture is None or not picture.overlays or not view.has_overlays:
            return None
        mask = np.zeros((geometry.rows, geometry.columns), bool)
        for plane in picture.overlays:
            mask |= plane.mask(view.frame, geometry.rows, geometry.columns)
        across, down = geometry.sampling()
        ink = np.empty((self.height, self.width), np.float32)
        kernels.resample(turned(mask.astype(np.uint8) * np.uint8(255), view), across, down, ink)
        return np.greater(ink, _FAINTEST)

    def _window(self, view: RadiographView) -> None:
        transfer = self._transfer(view)
        shape = (self.height, self.width) + ((3,) if len(self._values) == 3 else ())
        if self._picture.shape != shape:
            self._picture = np.zeros(shape, np.uint8)
        if len(self._values) == 1:
            kernels.window(self._values[0], transfer, self._picture)
        else:
            for channel, values in enumerate(self._values):
                kernels.window(values, transfer, self._picture[..., channel])
        if self._drawn is not None:
            self._picture[self._drawn] = 255
        self._windowed = view

    def _overlays(self) -> tuple[Overlay, ...]:
        geometry = self.geometry
        if self._shown is None or self._view is None or geometry is None:
            return ()
        record, style, scale = self._shown.record, self.style, self.scale
        size = (self.width, self.height)
        fixed: list[Overlay] = [
            corner(Side.START, Side.START, self.identity, size, scale, style, style.text),
            corner(
                Side.END,
                Side.START,
                what_it_is(record, self.notation),
                size,
                scale,
                style,
                style.text,
            ),
        ]
        if record.patient_orientation is not None:
            letters = edge_letters(record.patient_orientation, self._view)
            fixed += edge_marks(letters, size, scale, style)
        words = turned_words(self._view)
        if words:
            mark = corner(Side.MIDDLE, Side.END, (words,), size, scale, style, style.doubt)
            fixed.append(_above_letter(mark, style, scale))
        zoom = scale_words(record, geometry.zoom)
        fixed.append(
            corner(Side.START, Side.END, zoom, size, scale, style, style.text, is_lively=True)
        )
        window = (
            *overlay_words(self._view, len(self._shown.overlays)),
            *frame_words(self._view, record),
            *window_words(self._view.window, record),
        )
        lively = corner(Side.END, Side.END, window, size, scale, style, style.text, is_lively=True)
        return (*fixed, lively)

    def _forget(self) -> None:
        _wipe(self._channels)
        _wipe(self._values)
        if self._drawn is not None:
            self._drawn.fill(False)
        self._channels, self._values, self._drawn = [], [], None
        self._shown = self._view = self._sampled = self._windowed = None
        self.identity = ()


def _above_letter(mark: Text, style: PaneStyle, scale: float) -> Text:
    return attrs.evolve(mark, y=mark.y - (style.letter_px + 10) * scale)


def _flat(picture: Picture, frame: int) -> NDArray[np.generic]:
    """One frame of a stack, the image itself otherwise."""
    pixels, colour = picture.pixels, picture.record.is_colour
    if pixels.ndim != (4 if colour else 3):
        return pixels
    plane: NDArray[np.generic] = pixels[min(max(frame, 0), len(pixels) - 1)]
    return plane


def _source(view: RadiographView) -> tuple[object, ...]:
    turns = view.flipped_horizontally, view.flipped_vertically, view.quarter_turns % 4
    return turns, view.frame


def _place(view: RadiographView) -> tuple[object, ...]:
    return _source(view), view.zoom, view.pan, view.has_overlays


def _wipe(buffers: list[NDArray[np.generic]] | list[NDArray[np.float32]]) -> None:
    for buffer in buffers:
        buffer.fill(0)
