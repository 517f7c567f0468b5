"""Packed headers."""

from __future__ import annotations

import json
import zlib

import pytest

from viewer.dicom import headers
from viewer.dicom.headers import pack_headers, unpack_headers
from viewer.model.errors import IntegrityError


def test_headers_come_back_as_they_were_packed() -> None:
    datasets = [b"\x08\0\5\0CS\2\0AB", b"", bytes(range(256))]
    assert unpack_headers(pack_headers(datasets)) == datasets


@pytest.mark.parametrize(
    "packed",
    [
        b"no zlib",
        zlib.compress(b"no json"),
        zlib.compress(json.dumps([1]).encode()),
        zlib.compress(json.dumps(["&&&"]).encode()),
        zlib.compress(b"[]")[:-3],
    ],
)
def test_damaged_headers_are_an_integrity_error(packed: bytes) -> None:
    with pytest.raises(IntegrityError):
        unpack_headers(packed)


def test_headers_unpack_to_no_more_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headers, "MAX_UNPACKED", 1000)
    with pytest.raises(IntegrityError, match="larger"):
        unpack_headers(zlib.compress(b'["' + b"A" * 100_000 + b'"]'))
