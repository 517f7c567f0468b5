"""Which family a file belongs to, and what is done with each: a row for every kind.

A family names a job of the child (`viewer/ingest/child.py`, table `_JOBS`) that reads the file's
facts, a check of that job's answer, and a function that makes arrivals of one file once all facts
are read. DICOM pictures alone have no such function: `viewer/ingest/grouping.py` joins them.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from viewer.dicom.headers import pack_headers
from viewer.ingest.arrival import Arrival, KeptFile
from viewer.ingest.decoder import Decoder
from viewer.ingest.documents import arrivals_of_pdf, pages_in
from viewer.ingest.errors import FileRefused
from viewer.ingest.models import arrivals_of_mesh, mesh_in
from viewer.ingest.photographs import arrivals_of_photo, photo_in
from viewer.ingest.protocol import Contents, Directory, Kept
from viewer.ingest.reading import Reading
from viewer.ingest.research.facts import VolumeFacts
from viewer.ingest.research_volumes import arrivals_of_volume, kept_of, volume_in
from viewer.ingest.sniff import FileKind
from viewer.ingest.source import Source
from viewer.model.ids import ImageId, PatientId, SopUid, new_id
from viewer.model.image import ImageRecord, ImageState
from viewer.model.json import from_json

Answer = dict[str, Any]

MAX_FILE_BYTES = 1 << 30
"""A file that is kept whole may have so many bytes."""

_SENSELESS = "The file gives no sensible answer about itself."
_TOO_LARGE = "The file is larger than any of its kind."


@attrs.frozen(eq=False)
class Family:
    """How the files of one kind are read.

    Attributes
    ----------
    job
        The child's job that reads the facts of a file: `{"do": job}` with the file open.
    facts
        Checks its answer, in the parent, and trusts nothing: what it raises of KeyError,
        TypeError or ValueError is one refused file and the child's end. Facts with an attribute
        `companions` (bare names) claim files beside this one, which are then not read alone.
    finish
        Makes what arrives of one file. It raises FileRefused where that fails; None for DICOM
        pictures and for what only leads to other files.
    """

    job: str
    facts: Callable[[Decoder, Answer], object]
    finish: Callable[[Source, Any, Reading], Iterable[Arrival | KeptFile]] | None = None


def keep_whole(source: Source, kept: Kept, reading: Reading) -> list[Arrival | KeptFile]:
    """Take over a file's bytes as they are.

    Raises
    ------
    FileRefused, Cancelled, ChildUnavailable
    """
    size = reading.size_of(source)
    if size > MAX_FILE_BYTES:
        raise FileRefused(_TOO_LARGE, is_damage=True)
    content, answer = reading.fill(source, {"do": "content"}, size)
    if answer.get("done") != size:
        raise FileRefused(_SENSELESS, is_damage=True)
    data_sets = [base64.b64decode(kept.data_set)] if kept.data_set else []
    record = ImageRecord(
        id=ImageId(new_id()),
        patient_id=PatientId(""),
        study_uid=kept.study.uid,
        series_uid=kept.series.uid,
        sop_instance_uids=(SopUid(kept.sop_uid),) if kept.sop_uid else (),
        sop_class_uid=kept.sop_class_uid,
        modality=kept.series.modality,
        kind=kept.kind,
        shape=(size,),
        dtype="uint8",
        laterality=kept.laterality,
        teeth=kept.teeth,
        acquired=kept.acquired,
        number=kept.number,
        description=kept.description or kept.what,
        burned_in=kept.burned_in,
        state=ImageState.KEPT,
        reason=kept.reason,
        notes=kept.notes,
    )
    return [
        KeptFile(
            patient=kept.patient,
            study=kept.study,
            series=kept.series,
            record=record,
            content=content,
            headers=pack_headers(data_sets),
            sources=(source.token,),
        )
    ]


def _volume_or_file(
    source: Source, facts: VolumeFacts, reading: Reading
) -> Iterable[Arrival | KeptFile]:
    """Read a volume; one that is sound but not shown is kept whole, if it is one file."""
    if not facts.why_not:
        return arrivals_of_volume(source, facts, reading)
    if facts.beside or facts.beside_suffix:
        raise FileRefused(facts.why_not)
    return keep_whole(source, kept_of(facts), reading)


FAMILIES: Mapping[FileKind, Family] = {
    FileKind.DICOM: Family("header", lambda decoder, answer: decoder.header_in(answer)),
    FileKind.DICOMDIR: Family(
        "directory", lambda _, answer: from_json(answer["directory"], Directory)
    ),
    FileKind.PDF: Family("pdf", pages_in, arrivals_of_pdf),
    FileKind.MESH: Family("mesh", mesh_in, arrivals_of_mesh),
    FileKind.PHOTO: Family("photo", photo_in, arrivals_of_photo),
    FileKind.VOLUME: Family("volume", volume_in, _volume_or_file),
    FileKind.ZIP: Family("contents", lambda _, answer: from_json(answer["contents"], Contents)),
}
"""What is read. A kind without a row is refused with the reason in `REASONS`."""

REASONS = {
    FileKind.OTHER: "This is not an image file.",
}
