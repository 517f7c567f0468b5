"""The container's header: bytes that nobody has vouched for yet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.model.ids import ObjectId
from viewer.vault.errors import ObjectDamaged, StoreTooNew
from viewer.vault.v1.header import HEADER_BYTES, Header, parse_header

ID = ObjectId("ab" * 16)


@given(
    st.integers(0, 1 << 40),
    st.integers(0, (1 << 32) - 1),
    st.integers(10, 24).map(lambda n: 1 << n),
)
def test_a_header_comes_back_as_it_was_packed(plain: int, epoch: int, chunk: int) -> None:
    header = Header.fresh(ID, epoch, plain, chunk)
    assert parse_header(header.pack(), header.file_bytes) == header


@given(st.binary(min_size=HEADER_BYTES, max_size=HEADER_BYTES), st.integers(0, 1 << 41))
def test_random_bytes_are_no_header(raw: bytes, size: int) -> None:
    with pytest.raises((ObjectDamaged, StoreTooNew)):
        parse_header(raw, size)


@pytest.mark.parametrize("chunk", [0, 512, 1000, 1 << 25, 3 << 20])
def test_a_chunk_size_out_of_bounds_is_refused(chunk: int) -> None:
    header = Header.fresh(ID, 1, 5, 1024)
    raw = header.pack()
    with pytest.raises(ObjectDamaged):
        parse_header(raw[:12] + chunk.to_bytes(4, "big") + raw[16:], header.file_bytes)


def test_a_length_beyond_a_tebibyte_is_refused_though_the_size_agrees() -> None:
    header = Header.fresh(ID, 1, (1 << 40) + 1)
    with pytest.raises(ObjectDamaged):
        parse_header(header.pack(), header.file_bytes)


@pytest.mark.parametrize(("offset", "value"), [(9, 2), (10, 2), (11, 1), (11, 2)])
def test_a_later_format_is_told_from_damage(offset: int, value: int) -> None:
    header = Header.fresh(ID, 1, 5)
    raw = bytearray(header.pack())
    raw[offset] = value
    with pytest.raises(StoreTooNew):
        parse_header(bytes(raw), header.file_bytes)


@given(st.integers(0, 1 << 24))
def test_the_chunks_account_for_every_plain_byte(plain: int) -> None:
    header = Header.fresh(ID, 1, plain, 1 << 16)
    spans = [header.plain_span(index) for index in range(header.chunk_count)]
    assert sum(stop - start for start, stop in spans) == plain
    assert spans[-1][1] == plain
    assert header.is_final(header.chunk_count - 1)
