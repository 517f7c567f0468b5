"""The `headers` object of an image: its data sets without pixels, packed.

zlib over a JSON list with one base64 text per instance: the data set in Explicit VR Little
Endian, without preamble and meta group.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable

from viewer.model.errors import IntegrityError

_LEVEL = 1
"""Slices repeat each other almost wholly: a higher level costs time and saves little."""

MAX_UNPACKED = 512 << 20
"""A packed list unpacks to no more bytes than this."""


def pack_headers(datasets: Iterable[bytes]) -> bytes:
    """Pack data sets, one per instance."""
    texts = [base64.b64encode(dataset).decode("ascii") for dataset in datasets]
    return zlib.compress(json.dumps(texts, separators=(",", ":")).encode("ascii"), _LEVEL)


def unpack_headers(packed: bytes) -> list[bytes]:
    """Return the data sets.

    Raises
    ------
    IntegrityError
        The bytes are not what `pack_headers` wrote, or unpack beyond the bound.
    """
    stream = zlib.decompressobj()
    try:
        plain = stream.decompress(packed, MAX_UNPACKED)
        if not stream.eof:
            raise IntegrityError("The stored headers are larger than they may be.")
        texts = json.loads(plain)
        return [base64.b64decode(text, validate=True) for text in _checked(texts)]
    except (zlib.error, ValueError) as fault:
        raise IntegrityError("The stored headers are damaged.") from fault


def _checked(texts: object) -> list[str]:
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise IntegrityError("The stored headers are damaged.")
    return texts
