"""What the decoding child does with volumes that are not DICOM: a function for each kind of job."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np

from viewer.dicom.errors import Malformed
from viewer.ingest.hosts.port import Handed
from viewer.ingest.research import meta, nifti, nrrd
from viewer.ingest.research.facts import MAX_HEADER_BYTES, VolumeFacts, is_sensible, is_slanted
from viewer.ingest.research.values import fill
from viewer.model.json import from_json, to_json

Job = dict[str, Any]

_GZIP = b"\x1f\x8b"


def _volume(_job: Job, handed: Handed) -> Job:
    """Read a volume's header."""
    facts = read_facts(handed.start(MAX_HEADER_BYTES))
    if not is_sensible(facts):
        raise Malformed("The header of the volume makes no sense.")
    if is_slanted(np.array(facts.affine)) and not facts.why_not:
        facts = attrs.evolve(facts, why_not="Its axes are not perpendicular to each other.")
    return {"volume": to_json(facts)}


def read_facts(start: bytes) -> VolumeFacts:
    """Read a header from the first bytes of a file.

    Raises
    ------
    Malformed
    """
    if start.startswith(_GZIP):
        try:
            inner = zlib.decompressobj(31).decompress(start, nifti.HEADER_BYTES)
        except zlib.error:
            raise Malformed("The volume's packed header is damaged.") from None
        return attrs.evolve(nifti.read(inner), is_wrapped=True)
    if start.startswith(b"NRRD000"):
        return nrrd.read(start)
    if start[344:347] in (b"n+1", b"ni1") or start[4:7] in (b"n+2", b"ni2"):
        return nifti.read(start)
    return meta.read(start)


def _volume_values(job: Job, handed: Handed) -> Job:
    """Read a volume's values into the shared memory; the file is the one that holds them."""
    facts = from_json(job["volume"], VolumeFacts)
    if not is_sensible(facts):
        raise ValueError("no such volume")
    fill(facts, handed, handed.room())
    return {"done": facts.count}


JOBS: dict[str, Callable[[Job, Handed], Job]] = {
    "volume": _volume,
    "volume_values": _volume_values,
}
