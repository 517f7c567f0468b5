"""Surfaces in the parent: kept whole as they came, with what they are and how they look."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.ingest.arrival import Arrival, KeptFile
from viewer.ingest.foreign.mesh_facts import MeshFacts, is_sensible, unit_words
from viewer.ingest.photographs import NOBODY, VISIT, drawn
from viewer.ingest.protocol import Kept
from viewer.ingest.source import Source
from viewer.model.ids import PatientId, SeriesUid, SopUid, StudyUid
from viewer.model.image import ImageKind
from viewer.model.json import from_json
from viewer.model.patient import Series, Study

if TYPE_CHECKING:
    from viewer.ingest.reading import Reading

SMALL = 256
_REASON = "Surface models are kept as they came; they are shown here as a small picture."


def mesh_in(_decoder: object, answer: dict[str, Any]) -> MeshFacts:
    """Check what the child says of a surface.

    Raises
    ------
    ValueError, KeyError, TypeError
        It makes no sense.
    """
    facts = from_json(answer["mesh"], MeshFacts)
    if not is_sensible(facts):
        raise ValueError("no such surface")
    return facts


def model_words(facts: MeshFacts) -> str:
    """Say what a surface is, on one line."""
    return f"{facts.written_as} model, {facts.triangles} triangles"


def picture_of_model(source: Source, reading: Reading, side: int = SMALL) -> NDArray[np.uint8]:
    """Have a surface drawn.

    Raises
    ------
    FileRefused, Cancelled, ChildUnavailable
    """
    return drawn(source, {"do": "mesh_small", "side": side}, reading)


def arrivals_of_mesh(
    source: Source, facts: MeshFacts, reading: Reading
) -> Iterable[Arrival | KeptFile]:
    """Take a surface over as it is.

    Raises
    ------
    FileRefused, Cancelled, ChildUnavailable
    """
    small = picture_of_model(source, reading)
    kept = kept_of_nobody(ImageKind.MODEL, "M3D", model_words(facts), _REASON, unit_words(facts))
    yield whole(source, kept, small, reading)


def kept_of_nobody(kind: ImageKind, modality: str, what: str, reason: str, *notes: str) -> Kept:
    """Return what is kept of a file that names nobody; its identity comes from its bytes."""
    study = Study(StudyUid(""), PatientId(""), None, None, VISIT)
    series = Series(SeriesUid(""), study.uid, modality, None, VISIT)
    return Kept(what, reason, NOBODY, study, series, kind, notes=notes)


def whole(source: Source, kept: Kept, small: NDArray[np.uint8], reading: Reading) -> KeptFile:
    """Take a file over as it is, known again by its bytes.

    Raises
    ------
    FileRefused, Cancelled, ChildUnavailable
    """
    from viewer.ingest.families import keep_whole

    (taken,) = keep_whole(source, kept, reading)
    if not isinstance(taken, KeptFile):
        raise TypeError("a file that is kept whole is no picture")
    digest = hashlib.sha256(taken.content.data).digest()
    uid = f"2.25.{int.from_bytes(digest[:16], 'big')}"
    study = attrs.evolve(taken.study, uid=StudyUid(f"{uid}.1"))
    series = attrs.evolve(taken.series, uid=SeriesUid(f"{uid}.2"), study_uid=study.uid)
    record = attrs.evolve(
        taken.record,
        study_uid=study.uid,
        series_uid=series.uid,
        sop_instance_uids=(SopUid(uid),),
    )
    return attrs.evolve(taken, study=study, series=series, record=record, thumbnail=small)
