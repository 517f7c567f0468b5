"""What the rooms around say to, and hear from, the keeping of the store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import BinaryIO, Protocol

import attrs

from viewer.crypto.derive import context, digest
from viewer.model.ids import ImageId, ObjectId, PatientId, UserId


@attrs.frozen
class Archive:
    """A place that holds sealed objects besides the store: a backup's repository, later a PACS."""

    id: str
    label: str
    is_lost: bool = False
    objects_held: int = 0
    verified_at: datetime | None = None
    """When it was last seen to hold the object that was asked about."""


class ObjectSource(Protocol):
    """An archive that is connected now, and gives sealed objects back."""

    @property
    def archive_id(self) -> str:
        """Which archive."""

    def fetch(self, object_id: ObjectId) -> BinaryIO:
        """Return the sealed file, open for reading; the caller closes it.

        Nothing of it is believed: the store verifies it to its last byte before it counts.

        Raises
        ------
        ObjectMissing
            The archive does not hold it.
        StoreFault
            The archive cannot be read now.
        """


@attrs.frozen
class Evictable:
    """A picture whose pixels may leave the store; the smallest `turn` goes first."""

    image_id: ImageId
    patient_id: PatientId
    object_id: ObjectId
    size_bytes: int
    pixel_sha256: str
    turn: tuple[int, int]


@attrs.frozen
class Leaving:
    """One patient's pictures that are about to leave; the trail is told before they do."""

    patient_id: PatientId
    image_ids: tuple[ImageId, ...]
    object_ids: tuple[ObjectId, ...]
    digests: tuple[str, ...]
    size_bytes: int


Witness = Callable[[Leaving], None]
"""Writes down what is about to happen, durably. If it raises, it does not happen."""


@attrs.frozen
class Evicted:
    """What left the store."""

    image_ids: tuple[ImageId, ...]
    size_bytes: int
    wanted_bytes: int

    @property
    def is_enough(self) -> bool:
        """Whether as much was freed as was wanted."""
        return self.size_bytes >= self.wanted_bytes


@attrs.frozen
class KindUsage:
    """What images of one kind take, in plain bytes.

    `held_bytes` are pixels, here or not, that an archive was lately seen to hold; `free_bytes` of
    those could leave the store now.
    """

    kind: str
    images: int
    here_bytes: int
    elsewhere_bytes: int
    held_bytes: int
    free_bytes: int

    def __add__(self, other: KindUsage) -> KindUsage:
        """Add what another stretch of the store has of the same kind."""
        return KindUsage(
            self.kind,
            self.images + other.images,
            self.here_bytes + other.here_bytes,
            self.elsewhere_bytes + other.elsewhere_bytes,
            self.held_bytes + other.held_bytes,
            self.free_bytes + other.free_bytes,
        )


@attrs.frozen
class Usage:
    """What the store takes, what is held elsewhere too, and what could be freed."""

    kinds: tuple[KindUsage, ...]
    quota_bytes: int | None
    disk_free_bytes: int
    disk_bytes: int
    archives: tuple[Archive, ...] = ()

    @property
    def here_bytes(self) -> int:
        """Plain bytes of all objects in the store's folder (what the disk holds is no more)."""
        return sum(each.here_bytes for each in self.kinds)

    @property
    def free_bytes(self) -> int:
        """Bytes that could leave now."""
        return sum(each.free_bytes for each in self.kinds)

    @property
    def over_quota_bytes(self) -> int:
        """Bytes above the quota; 0 without one."""
        return 0 if self.quota_bytes is None else max(0, self.here_bytes - self.quota_bytes)


@attrs.frozen
class Room:
    """How much room the disk has left, asked before and after something is brought in.

    `free_able_bytes` is worked out only where it is tight.
    """

    disk_free_bytes: int
    is_tight: bool
    over_quota_bytes: int = 0
    free_able_bytes: int = 0


@attrs.frozen
class HoldRequest:
    """Whom to put under hold, why, and who says so."""

    patient_id: PatientId
    reason: str = attrs.field(repr=False)
    by: UserId


@attrs.frozen
class Hold:
    """A legal hold: while one stands nothing of the patient is removed by anybody."""

    number: int
    patient_id: PatientId
    reason: str = attrs.field(repr=False)
    placed_by: UserId
    placed_at: datetime
    released_by: UserId | None = None
    released_at: datetime | None = None
    release_reason: str = attrs.field(default="", repr=False)

    @property
    def is_standing(self) -> bool:
        """Whether it has not been released."""
        return self.released_at is None


@attrs.frozen
class Due:
    """Images of one patient whose period has ended.

    `kept_until` is the latest end among them; `is_whole` says that the patient has no others.
    """

    patient_id: PatientId
    chart_number: str = attrs.field(repr=False)
    image_ids: tuple[ImageId, ...]
    kept_until: date
    last_visit: date
    is_whole: bool
    is_held: bool = False

    @property
    def code(self) -> str:
        """Eight hex digits that stand for exactly this: whoever confirms has seen this list."""
        parts = context(
            "bitewing purge v1", self.patient_id, *sorted(self.image_ids), str(self.kept_until)
        )
        return digest(parts).hex()[:8]
