"""The plan: everything that would leave, as a record that a person sees before it does.

Pure, any thread. The plan holds old values and so patient data: it lives in memory only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from enum import Enum

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.model.ids import ImageId
from viewer.model.image import ImageRecord
from viewer.redact.profiles import Profile


@attrs.frozen(eq=False)
class ShareSubject:
    """One image as the store has it.

    `pixels` has the record's shape and dtype; `headers` are the packed original data sets
    without pixels, one for each instance.
    """

    record: ImageRecord
    pixels: NDArray[np.generic] = attrs.field(repr=False)
    headers: bytes = attrs.field(repr=False)


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


class Fate(Enum):
    """What happens to one attribute: the action codes of PS3.15 Table E.1-1, and one of ours."""

    KEEP = "K"
    REMOVE = "X"
    EMPTY = "Z"
    DUMMY = "D"
    NEW_UID = "U"
    SET = "S"


@attrs.frozen
class TagAction:
    """What happens to one attribute of one instance.

    `path` is the attribute's place: tags as eight hex digits, joined by ``[item].`` where
    nested, such as ``00081140[0].00081155``. `old` and `new` are the values as text, cut at 80
    characters; the new value of an attribute that leaves as it is equals the old one. `rule`
    says in one word which rule decided.
    """

    path: str
    name: str
    fate: Fate
    old: str
    new: str
    rule: str


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
class ImagePlan:
    """What leaves of one image: names, tag actions (one tuple for each instance) and mark."""

    record: ImageRecord
    names: tuple[str, ...]
    preview_name: str
    actions: tuple[tuple[TagAction, ...], ...] = attrs.field(repr=False)
    mark: MarkPlan | None
    comment: str
    size_bytes: int


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


def make_plan(
    subjects: Sequence[ShareSubject],
    profile: Profile,
    facts: ShareFacts,
    *,
    fresh_uid: Callable[[], str] | None = None,
) -> RedactionPlan:
    """Work out what would leave; nothing is changed and nothing is written.

    Parameters
    ----------
    fresh_uid : callable, optional
        Where new UIDs come from; random ones (``2.25.…``) by default. Within one plan the same
        old UID always becomes the same new one; no two plans share any.

    Raises
    ------
    PlanRefused
        The profile cannot let one of these images leave safely, or the images are of more than
        one patient under a profile that keeps the identity.
    SourceUnreadable
        A stored header does not belong to its picture.
    """
    raise NotImplementedError


def preview_pixels(subject: ShareSubject, image: ImagePlan) -> NDArray[np.generic]:
    """Return the pixels exactly as they will leave, band included (stored values)."""
    raise NotImplementedError
