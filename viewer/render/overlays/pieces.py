"""Pieces of overlay as they are laid over a packed picture."""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.imaging import kernels

_APART = 24


@attrs.frozen(eq=False)
class Piece:
    """Ink with its corner at column `left` and row `top` of the pane.

    `ink` has shape (rows, columns), uint32 0xAABBGGRR premultiplied, top row first.
    """

    left: int
    top: int
    ink: NDArray[np.uint32] = attrs.field(repr=False)

    def lay(self, frame: NDArray[np.uint32]) -> None:
        """Lay it over a (height, width) picture of 0xFFRRGGBB."""
        kernels.lay(self.ink, self.left, self.top, frame)

    def wipe(self) -> None:
        """Overwrite it with nothing."""
        self.ink.fill(0)


def premultiplied(painted: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return (rows, columns, 4) red, green, blue, alpha as ink.

    >>> hex(premultiplied(np.array([[[255, 0, 255, 128]]], np.uint8))[0, 0])
    '0x80800080'
    """
    shown = painted.copy()
    alpha = painted[..., 3:].astype(np.float32) / 255
    shown[..., :3] = np.rint(painted[..., :3] * alpha)
    return np.asarray(shown.view("<u4")[..., 0], np.uint32)


def cut_out(layer: NDArray[np.uint32]) -> list[Piece]:
    """Return the pieces of a (height, width) layer that hold ink, each a copy of its box."""
    found = []
    for top, bottom in _stretches(np.any(layer, axis=1)):
        band = layer[top:bottom]
        found += [
            Piece(left, top, band[:, left:right].copy())
            for left, right in _stretches(np.any(band, axis=0))
        ]
    return found


def _stretches(inked: NDArray[np.bool_] | np.bool_) -> list[tuple[int, int]]:
    """Return the stretches that hold ink; narrow gaps are bridged."""
    at = np.flatnonzero(inked)
    if not at.size:
        return []
    breaks = np.flatnonzero(np.diff(at) > _APART)
    starts = at[np.concatenate([[0], breaks + 1])]
    ends = at[np.concatenate([breaks, [at.size - 1]])] + 1
    return [(int(start), int(end)) for start, end in zip(starts, ends, strict=True)]
