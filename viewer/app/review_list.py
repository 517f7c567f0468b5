"""What the review list shows: who waits, beside whom, and two images with one identifier."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.app.matching import Doubt
from viewer.dicom.differences import Difference
from viewer.model.ids import ImageId
from viewer.model.image import ImageRecord
from viewer.model.patient import Patient


@attrs.frozen
class NearChart:
    """A chart that may be the person's, and what speaks against it."""

    patient: Patient
    doubts: tuple[Doubt, ...]
    image_count: int = 0
    last_study: date | None = None


@attrs.frozen
class WaitingImage:
    """An image that waits, and the images of charts that bear its identifier."""

    record: ImageRecord
    conflicts: tuple[ImageRecord, ...] = ()


@attrs.frozen(eq=False)
class WaitingCase:
    """Somebody who waits: who the files say it is, why that is doubtful, and what there is."""

    patient: Patient
    since: datetime | None
    doubts: tuple[str, ...]
    near: tuple[NearChart, ...]
    images: tuple[WaitingImage, ...]
    thumbnails: Mapping[ImageId, NDArray[np.uint8]]

    @property
    def conflicts(self) -> tuple[WaitingImage, ...]:
        """Images whose identifier is stored with other contents: each needs a decision."""
        return tuple(each for each in self.images if each.conflicts)


class Keep(Enum):
    """Which of two images with one identifier is kept. The value is what a person reads."""

    STORED = "keep the stored one"
    """What arrived is deleted."""
    BOTH = "keep both"
    ARRIVED = "use the new one"
    """The stored one stays in the chart, kept and not shown any more."""


@attrs.frozen(eq=False)
class Compared:
    """A stored image beside the one that arrived: small pictures, and what differs.

    `pixels_differing` is how many stored values differ, None where their number or type does.
    """

    stored: ImageRecord
    arrived: ImageRecord
    stored_thumbnail: NDArray[np.uint8] | None
    arrived_thumbnail: NDArray[np.uint8] | None
    fields: tuple[Difference, ...]
    pixels_differing: int | None
