"""Files that a person chose and is asked about: looked at first, then read with what he said.

Photos and scans, surfaces and documents name nobody. What names somebody (DICOM) is not for here.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.ingest.arrival import Arrival, KeptFile, Refusal
from viewer.ingest.crew import Crew
from viewer.ingest.decoder import Budget
from viewer.ingest.documents import document_words, page_of, pages_in
from viewer.ingest.errors import FileRefused
from viewer.ingest.families import FAMILIES, REASONS
from viewer.ingest.files import find
from viewer.ingest.foreign.document_facts import Pages
from viewer.ingest.foreign.facts import SMALL_SIDE, Photo
from viewer.ingest.foreign.mesh_facts import MeshFacts, unit_words
from viewer.ingest.models import mesh_in, model_words, picture_of_model
from viewer.ingest.photographs import Label, arrival_of, labelled, photo_in, small_picture
from viewer.ingest.reading import Reading
from viewer.ingest.research_volumes import of_patient, volume_in
from viewer.ingest.sniff import FileKind
from viewer.ingest.source import Source
from viewer.model.image import ImageKind
from viewer.model.patient import Patient

_CHECKS: Mapping[FileKind, Callable[[object, dict[str, Any]], object]] = {
    FileKind.PHOTO: photo_in,
    FileKind.MESH: mesh_in,
    FileKind.PDF: pages_in,
    FileKind.VOLUME: volume_in,
}
"""What a person is asked about, and the check of what the child says of it."""
_IMAGE_KINDS = {FileKind.MESH: ImageKind.MODEL, FileKind.PDF: ImageKind.DOCUMENT}
_NAMES_SOMEBODY = "This file says itself whose it is: import it as usual."
_LOOKING, _READING = "Looking at pictures", "Reading pictures"

Progress = Callable[[int, int, str], None]


@attrs.frozen(eq=False)
class Looked:
    """One picture or file to ask about.

    `taken` is a proposal: what the photo itself says, or where `is_of_file` when the file was
    last changed.
    """

    source: Source
    kind: FileKind
    facts: object
    page: int = 0
    pages: int = 1
    thumbnail: NDArray[np.uint8] | None = None
    taken: datetime | None = None
    is_of_file: bool = False

    @property
    def is_photo(self) -> bool:
        """Whether a person has to say what it shows; a model or a document says so itself."""
        return isinstance(self.facts, Photo)

    @property
    def image_kind(self) -> ImageKind:
        """What a model or a document is; a photo is whatever a person says."""
        return _IMAGE_KINDS.get(self.kind, ImageKind.OTHER)

    @property
    def about(self) -> str:
        """What a model or a document is, and what of it is in doubt; empty for a photo."""
        if isinstance(self.facts, MeshFacts):
            return f"{model_words(self.facts)}. {unit_words(self.facts)}"
        return document_words(self.facts) if isinstance(self.facts, Pages) else ""

    @property
    def name(self) -> str:
        """The file's name, for the eyes."""
        return self.source.name


@attrs.frozen(eq=False)
class Chosen:
    """One picture or file with what the person said of it."""

    looked: Looked
    label: Label


def look(
    paths: Sequence[Path],
    *,
    progress: Progress,
    is_cancelled: Callable[[], bool],
    command: Sequence[str] | None = None,
    budget: Budget | None = None,
) -> Generator[Looked | Refusal, None, None]:
    """Look at files without storing anything; folders are walked.

    Raises
    ------
    Cancelled, ChildUnavailable
    """
    found = list(find(paths))
    with Crew(command=command, budget=budget, is_cancelled=is_cancelled) as crew:
        reading = Reading(crew)
        for done, path in enumerate(found):
            progress(done, len(found), _LOOKING)
            if isinstance(path, Refusal):
                yield path
                continue
            try:
                yield from _look_at(Source(path), crew, reading)
            except FileRefused as refused:
                yield Refusal(path, str(refused), refused.is_damage)
    progress(len(found), len(found), _LOOKING)


def _look_at(source: Source, crew: Crew, reading: Reading) -> Iterator[Looked]:
    opened = source.open()
    opened.close()
    family = FAMILIES.get(opened.kind)
    check = _CHECKS.get(opened.kind)
    if check is None or family is None:
        raise FileRefused(REASONS.get(opened.kind, _NAMES_SOMEBODY))
    facts = crew.one(source, {"do": family.job}, take=lambda answer: check(None, answer))
    changed = datetime.fromtimestamp(source.path.stat().st_mtime)  # noqa: DTZ006  local, as EXIF
    if not isinstance(facts, Photo):
        small = _drawn(source, facts, reading)
        yield Looked(source, opened.kind, facts, 0, 1, small, changed, is_of_file=True)
        return
    taken = facts.captured or changed
    for page in range(len(facts.pages)):
        small = small_picture(source, page, reading)
        pages, is_of_file = len(facts.pages), facts.captured is None
        yield Looked(source, opened.kind, facts, page, pages, small, taken, is_of_file)


def _drawn(source: Source, facts: object, reading: Reading) -> NDArray[np.uint8] | None:
    if isinstance(facts, MeshFacts):
        return picture_of_model(source, reading, SMALL_SIDE)
    return page_of(source, 0, SMALL_SIDE, reading) if isinstance(facts, Pages) else None


def read_chosen(
    chosen: Sequence[Chosen],
    patient: Patient,
    *,
    progress: Progress,
    is_cancelled: Callable[[], bool],
    command: Sequence[str] | None = None,
    budget: Budget | None = None,
) -> Generator[Arrival | KeptFile | Refusal, None, None]:
    """Read what was chosen, each as the person said, for one patient.

    Raises
    ------
    Cancelled, ChildUnavailable
    """
    with Crew(command=command, budget=budget, is_cancelled=is_cancelled) as crew:
        reading = Reading(crew)
        for done, one in enumerate(chosen):
            progress(done, len(chosen), _READING)
            try:
                yield from _read_one(one, patient, reading)
            except FileRefused as refused:
                yield Refusal(one.looked.source.path, str(refused), refused.is_damage)
    progress(len(chosen), len(chosen), _READING)


def _read_one(one: Chosen, patient: Patient, reading: Reading) -> Iterable[Arrival | KeptFile]:
    looked = one.looked
    if isinstance(looked.facts, Photo):
        yield arrival_of(looked.source, looked.facts, looked.page, one.label, patient, reading)
        return
    finish = FAMILIES[looked.kind].finish
    if finish is None:
        raise FileRefused(_NAMES_SOMEBODY)
    for arrived in finish(looked.source, looked.facts, reading):
        if isinstance(arrived, KeptFile):
            yield labelled(arrived, one.label, patient)
        else:
            yield of_patient(arrived, one.label, patient)
