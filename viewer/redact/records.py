"""The plan as a record: everything that would leave, for a person to see before it does.

Pure, any thread. The plan holds old values and so patient data: it lives in memory only.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from enum import Enum

import attrs

from viewer.model.ids import ImageId
from viewer.model.image import ImageRecord
from viewer.redact.actions import TagAction
from viewer.redact.profiles import Profile


@attrs.frozen
class ShareFacts:
    """Who sends what to whom, and why: these words go into mark and manifest.

    `number` is the practice's share number; `reference` a claim or case number.
    """

    number: str
    purpose: str
    recipient: str
    practice: str
    made: datetime
    expires: date | None = None
    reference: str = ""

    @property
    def mark_text(self) -> str:
        """The visible mark's words."""
        return " · ".join((self.recipient, self.purpose, self.made.date().isoformat(), self.number))


class DoubtLevel(Enum):
    """NOTE: shown. CONFIRM: a person must look at the image and confirm."""

    NOTE = "note"
    CONFIRM = "confirm"


@attrs.frozen
class Doubt:
    """Something this version cannot decide: shown first, and confirmed where it must be."""

    id: str
    words: str
    level: DoubtLevel
    image_id: ImageId | None = None


@attrs.frozen
class MarkPlan:
    """The band below a flat image: `rows` are appended, `text` is drawn there."""

    text: str
    rows: int


@attrs.frozen
class CoverPlan:
    """The page that carries a volume's mark: a Secondary Capture in a series of its own.

    A band cannot be added to a volume without changing its geometry, so the mark is on this page
    and in the ImageComments of each slice.
    """

    name: str
    text: str
    series_uid: str
    sop_instance_uid: str


@attrs.frozen
class ImagePlan:
    """What leaves of one image.

    `names` and `actions` have one entry for each DICOM object. Names say nothing about anybody.
    """

    record: ImageRecord
    names: tuple[str, ...]
    preview_name: str
    actions: tuple[tuple[TagAction, ...], ...] = attrs.field(repr=False)
    mark: MarkPlan | None
    cover: CoverPlan | None

    @property
    def size_bytes(self) -> int:
        """About how many bytes its files will have."""
        return self.record.size_bytes + 8192 * len(self.names)


@attrs.frozen
class RedactionPlan:
    """Everything that would leave.

    `identity` are (label, value) pairs that stay readable, for the panel. `confirmed_doubts` are
    ids a person has looked at.
    """

    profile: Profile
    facts: ShareFacts
    images: tuple[ImagePlan, ...]
    doubts: tuple[Doubt, ...]
    identity: tuple[tuple[str, str], ...] = attrs.field(default=(), repr=False)
    confirmed_doubts: frozenset[str] = frozenset()

    @property
    def open_doubts(self) -> tuple[Doubt, ...]:
        """Doubts that a person must still look at."""
        return tuple(
            d
            for d in self.doubts
            if d.level is DoubtLevel.CONFIRM and d.id not in self.confirmed_doubts
        )

    @property
    def size_bytes(self) -> int:
        """About how large the bundle will be."""
        return sum(image.size_bytes for image in self.images)

    def confirmed(self, doubt_ids: Collection[str]) -> RedactionPlan:
        """Return the plan with these doubts looked at, too."""
        return attrs.evolve(self, confirmed_doubts=self.confirmed_doubts | frozenset(doubt_ids))
