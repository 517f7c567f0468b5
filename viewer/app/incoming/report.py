"""What an import did, file by file: everything is stored, set aside, or refused with a reason."""

from __future__ import annotations

from enum import Enum

import attrs

from viewer.ingest.arrival import Refusal
from viewer.model.errors import Cancelled
from viewer.model.ids import ImageId, PatientId, StudyUid
from viewer.model.image import ImageRecord, ImageState
from viewer.model.patient import Patient
from viewer.vault.keeping.records import Room


class Place(Enum):
    """Where something that was stored went."""

    CHART = "chart"
    WAITING = "waiting"
    """It is not sure whose it is: it waits for a person to say, and is in no chart."""


@attrs.frozen
class Stored:
    """One image or file that is in the store now, and whether it was there before."""

    record: ImageRecord
    patient: Patient
    was_there: bool
    study_description: str = ""
    place: Place = Place.CHART


@attrs.frozen
class SetAside:
    """One file that could not be read safely and is sealed away.

    `file_name` is for the person's eyes. Where the file was larger than what is set aside,
    `is_whole` is false: the store has its reason, size and digest alone.
    """

    image_id: ImageId
    file_name: str = attrs.field(repr=False)
    reason: str
    size_bytes: int
    sha256: str
    is_whole: bool = True
    was_there: bool = False


@attrs.frozen
class ImportReport:
    """What an import did: everything is stored, set aside, or refused with a reason."""

    stored: tuple[Stored, ...]
    refusals: tuple[Refusal, ...]
    room: Room | None = None
    """How much room the disk has left afterwards, and what could be freed if it is tight."""
    set_aside: tuple[SetAside, ...] = ()
    skipped: int = 0
    """Files that the import before, which this one goes on with, had dealt with already."""

    @property
    def new(self) -> tuple[Stored, ...]:
        """Images and files that were not there before."""
        return tuple(each for each in self.stored if not each.was_there)

    @property
    def shown(self) -> tuple[Stored, ...]:
        """Of what is new in a chart, the images: what can be looked at."""
        return tuple(each for each in self._in_charts if each.record.state is ImageState.SHOWN)

    @property
    def kept(self) -> tuple[Stored, ...]:
        """Of what is new in a chart, the files that are kept and not shown."""
        return tuple(each for each in self._in_charts if each.record.state is ImageState.KEPT)

    @property
    def waiting(self) -> tuple[Stored, ...]:
        """What waits for a person to say whose it is."""
        return tuple(each for each in self.new if each.place is Place.WAITING)

    @property
    def _in_charts(self) -> tuple[Stored, ...]:
        return tuple(each for each in self.new if each.place is Place.CHART)

    @property
    def patient_ids(self) -> tuple[PatientId, ...]:
        """Into whose charts, in the order of arrival, each once."""
        in_charts = (each for each in self.stored if each.place is Place.CHART)
        return tuple(dict.fromkeys(each.patient.id for each in in_charts))

    @property
    def study_uids(self) -> tuple[StudyUid, ...]:
        """Which studies, in the order of arrival, each once."""
        return tuple(dict.fromkeys(each.record.study_uid for each in self.stored))


class ImportStopped(Cancelled):
    """Somebody cancelled an import; `report` says what was sealed before, which stays."""

    def __init__(self, report: ImportReport) -> None:
        super().__init__()
        self.report = report
