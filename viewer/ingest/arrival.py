"""What comes out of reading: pictures that arrived and files that were left out."""

from __future__ import annotations

from pathlib import Path

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.model.image import ImageRecord, Picture
from viewer.model.patient import Patient, Series, Study

_LONGEST_NAME = 200


@attrs.frozen(eq=False)
class Arrival:
    """One picture or volume, ready to be stored.

    `patient.id`, `study.patient_id` and the record's `patient_id` are empty: the chart
    decides. So is its `pixel_sha256`: the store takes the digest of what it seals.
    `headers` is packed by `viewer.dicom.headers`; `thumbnail` is (rows, columns) or
    (rows, columns, 3) uint8, its longest side at most 256, ready to be shown as it is.
    """

    patient: Patient
    study: Study
    series: Series
    picture: Picture
    headers: bytes
    thumbnail: NDArray[np.uint8]
    sources: tuple[str, ...] = attrs.field(default=(), repr=False)
    """Which files it came of, each by its `Source.token`."""
    original: memoryview | None = attrs.field(default=None, repr=False)
    """The files as they came (`viewer.dicom.rebuild.pack_originals`), where `headers` and pixels
    do not give every element of them back."""
    overlays: memoryview | None = attrs.field(default=None, repr=False)
    """What is drawn over it (`viewer.model.bit_planes`), where a flat picture has such."""


@attrs.frozen(eq=False)
class KeptFile:
    """One file that is no picture of ours and is kept whole: a report, a surface, a page.

    `content` are its bytes (uint8, a preamble zeroed), of which the record says the shape, with
    state KEPT and a plain reason why it is not shown. Without a thumbnail one is drawn by its
    kind. The ids are empty as those of an arrival are.
    """

    patient: Patient
    study: Study
    series: Series
    record: ImageRecord
    content: NDArray[np.uint8]
    headers: bytes
    thumbnail: NDArray[np.uint8] | None = None
    sources: tuple[str, ...] = attrs.field(default=(), repr=False)


def eyes_only(name: str) -> str:
    """Return a file's bare name so that it can be shown: no control, no broken character."""
    return "".join(char if char.isprintable() else "\ufffd" for char in name)[:_LONGEST_NAME]


@attrs.frozen
class Refusal:
    """One file that was left out. `source` is for the person's eyes, never for a log.

    `is_damage`: it broke off its reading, ran out of its budget or contradicts itself, so its
    bytes are worth keeping aside. They are `content` where the file is no plain one on disk (a
    member of an archive), else what `source` holds.
    """

    source: Path
    reason: str
    is_damage: bool = False
    content: NDArray[np.uint8] | None = attrs.field(default=None, eq=False, repr=False)
    token: str = attrs.field(default="", eq=False, repr=False)

    @property
    def name_hint(self) -> str:
        """The file's name, for a list in the window: nothing unprintable, not without end."""
        return eyes_only(self.source.name)
