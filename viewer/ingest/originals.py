"""The files of a picture as they came, for what its other parts would not give back."""

from __future__ import annotations

from collections.abc import Sequence

from viewer.dicom.rebuild import pack_originals
from viewer.ingest.crew import Crew
from viewer.ingest.errors import FileRefused
from viewer.ingest.reading import Reading
from viewer.ingest.source import Source

MAX_ORIGINAL_BYTES = 4 << 30
TOO_LARGE = "The files are too large to be kept as they came; only what was read of them is."
_SENSELESS = "The file gives no sensible answer about itself."


def originals_of(sources: Sequence[Source], crew: Crew) -> memoryview | None:
    """Return the files in one buffer, preambles zeroed; None where they are too large.

    Each goes through the child, which alone unpacks archives; one file at a time is there twice.

    Raises
    ------
    FileRefused, Cancelled, ChildUnavailable
    """
    reading = Reading(crew)
    sizes = [reading.size_of(source) for source in sources]
    if sum(sizes) > MAX_ORIGINAL_BYTES:
        return None
    room, places = pack_originals(sizes)
    for source, place in zip(sources, places, strict=True):
        content, answer = reading.fill(source, {"do": "content"}, place.nbytes)
        if answer.get("done") != place.nbytes:
            raise FileRefused(_SENSELESS, is_damage=True)
        place[:] = content.data
    return memoryview(room)
