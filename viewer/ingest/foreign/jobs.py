"""What the decoding child does with files that are not DICOM: a function for each kind of job.

Their libraries are loaded when the first such file comes: most imports have none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from viewer.ingest.foreign.document_facts import MAX_PAGE_SIDE
from viewer.ingest.foreign.facts import SMALL_SIDE
from viewer.ingest.foreign.refusals import PhotoRefused
from viewer.ingest.hosts.port import Handed
from viewer.model.json import to_json

Job = dict[str, Any]


def _refusing(work: Callable[[Job, Handed], Job]) -> Callable[[Job, Handed], Job]:
    """Answer a refusal so that sound files of a kind that is not read are no damage."""

    def done(job: Job, handed: Handed) -> Job:
        try:
            return work(job, handed)
        except PhotoRefused as refused:
            return {"refused": [refused.what, refused.now], "damage": refused.is_damage}

    return done


def _photo(_job: Job, handed: Handed) -> Job:
    """Read a photo's facts."""
    from viewer.ingest.foreign.photos import open_photo

    return {"photo": to_json(open_photo(bytes(handed.whole())).photo)}


def _photo_page(job: Job, handed: Handed) -> Job:
    """Decode one page of a photo into the shared memory."""
    from viewer.ingest.foreign.photos import decode_page, open_photo

    values, decoded = decode_page(open_photo(bytes(handed.whole())), int(job["page"]))
    room = handed.room()
    room[: values.nbytes] = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
    return {"page": to_json(decoded)}


def _photo_small(job: Job, handed: Handed) -> Job:
    """Decode one page of a photo for a list."""
    from viewer.ingest.foreign.photos import open_photo, small_page

    small = small_page(open_photo(bytes(handed.whole())), int(job["page"]))
    handed.room()[: small.nbytes] = small.reshape(-1)
    return {"shape": list(small.shape)}


def _mesh(_job: Job, handed: Handed) -> Job:
    """Measure a surface."""
    from viewer.ingest.foreign.meshes import open_mesh
    from viewer.ingest.foreign.surfaces import facts_of

    return {"mesh": to_json(facts_of(open_mesh(bytes(handed.whole()))))}


def _mesh_small(job: Job, handed: Handed) -> Job:
    """Draw a surface."""
    from viewer.ingest.foreign.meshes import open_mesh
    from viewer.ingest.foreign.surfaces import picture_of

    small = picture_of(open_mesh(bytes(handed.whole())), min(int(job["side"]), SMALL_SIDE))
    handed.room()[: small.nbytes] = small.reshape(-1)
    return {"shape": list(small.shape)}


def _pdf(_job: Job, handed: Handed) -> Job:
    """Count a document's pages."""
    from viewer.ingest.foreign.pages import pages_of

    return {"pages": to_json(pages_of(bytes(handed.whole())))}


def _pdf_page(job: Job, handed: Handed) -> Job:
    """Draw one page of a document."""
    from viewer.ingest.foreign.pages import page_picture

    longest = min(int(job["longest"]), MAX_PAGE_SIDE)
    drawn = page_picture(bytes(handed.whole()), int(job["page"]), longest)
    handed.room()[: drawn.nbytes] = drawn.reshape(-1)
    return {"shape": list(drawn.shape)}


def _report(_job: Job, handed: Handed) -> Job:
    """Read a report as text."""
    from viewer.ingest.foreign.reports import report_of

    return {"report": to_json(report_of(bytes(handed.whole())))}


JOBS: dict[str, Callable[[Job, Handed], Job]] = {
    "photo": _refusing(_photo),
    "photo_page": _refusing(_photo_page),
    "photo_small": _refusing(_photo_small),
    "pdf": _refusing(_pdf),
    "pdf_page": _refusing(_pdf_page),
    "report": _refusing(_report),
    "mesh": _refusing(_mesh),
    "mesh_small": _refusing(_mesh_small),
}
