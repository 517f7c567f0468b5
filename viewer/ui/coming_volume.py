"""A volume on its way to the screen: which array each plane is taken from until all is there."""

from __future__ import annotations

from viewer.imaging.planes import Lps, VolumeSpace, axes_of, space_of
from viewer.model.image import ImageRecord, Picture
from viewer.render.slice import SliceScene
from viewer.ui.ports import Arriving


class ComingVolume:
    """What is there of one volume: its overview, and the planes of the array being filled."""

    def __init__(self, record: ImageRecord, overview: Picture) -> None:
        self.overview = overview
        self._record = record
        self._small = space_of(overview.pixels.shape, overview.affine)
        self._whole: Picture | None = None
        self._planes = range(0)
        self._fed: dict[SliceScene, object] = {}

    def is_of(self, other: Picture | Arriving) -> bool:
        """Whether that is the same volume, further on its way."""
        return other.record.id == self._record.id

    def grow(self, arriving: Arriving) -> None:
        """Take note of more planes."""
        self._whole, self._planes = arriving.picture, arriving.planes

    def feed(self, scene: SliceScene, space: VolumeSpace, cursor: Lps) -> None:
        """Give a scene the best there is for the plane through the cursor.

        A plane that is one of the array's own is sharp as soon as its bytes are in place; any
        other would be made of some that are not.
        """
        whole = self._whole
        if whole is not None and _plane_number(scene, space, cursor) in self._planes:
            pixels, source = whole.pixels, space
        else:
            pixels, source = self.overview.pixels, self._small
        if self._fed.get(scene) is not pixels:
            self._fed[scene] = pixels
            scene.sample_from(pixels, source, is_overview=source is self._small)


def _plane_number(scene: SliceScene, space: VolumeSpace, cursor: Lps) -> int:
    """Return which plane of the array (axis 0) a scene shows; -1 where it cuts across them."""
    normal = [abs(step) for step in axes_of(scene.plane)[2]]
    if space.along is None or space.along[normal.index(max(normal))] != 2:
        return -1
    depth = float(space.index_of(cursor)[2])
    return round(depth) if abs(depth - round(depth)) < 1e-6 else -1
