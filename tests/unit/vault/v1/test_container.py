"""The object container against everything that can be done to its bytes."""

from __future__ import annotations

import io
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vectors.second_reader import open_object
from viewer.crypto.aead import ChunkCipher
from viewer.crypto.secret import Secret
from viewer.model.errors import Cancelled
from viewer.model.ids import ObjectId, new_id
from viewer.vault.errors import ObjectDamaged, ObjectMissing, StoreDamaged, StoreTooNew
from viewer.vault.v1.container import ContainerReader, object_cipher, write_container
from viewer.vault.v1.header import HEADER_BYTES, Header
from viewer.vault.v1.order import reading_order

KEY = Secret(b"k" * 32)
ID = ObjectId("0123456789abcdef" * 2)
CHUNK = 1024


def go_on() -> None:
    """Neither closed nor cancelled."""


def sealed(plain: bytes, object_id: ObjectId = ID, key: Secret = KEY, chunk: int = CHUNK) -> bytes:
    header = Header.fresh(object_id, 1, len(plain), chunk)
    file = io.BytesIO()
    write_container(file, header, object_cipher(key, header), memoryview(plain), go_on)
    return file.getvalue()


def opened(path: Path, raw: bytes, object_id: ObjectId = ID, key: Secret = KEY) -> bytes:
    path.write_bytes(raw)
    reader = ContainerReader(path, object_id, key)
    plain = bytearray(reader.header.plain_bytes)
    reader.open_into(memoryview(plain), go_on)
    return bytes(plain)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("container") / "object"


@given(st.binary(max_size=5 * CHUNK + 1))
@settings(max_examples=100, deadline=None)
def test_what_is_sealed_comes_back_and_the_second_reader_agrees(path: Path, plain: bytes) -> None:
    raw = sealed(plain)
    assert opened(path, raw) == plain
    assert open_object(raw, bytes(KEY.view()), ID) == plain


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 7 * CHUNK, 7 * CHUNK + 3])
def test_lengths_about_the_chunk_size_come_back(path: Path, size: int) -> None:
    plain = bytes(i % 251 for i in range(size))
    assert opened(path, sealed(plain)) == plain


def test_every_single_flipped_bit_is_refused(path: Path) -> None:
    raw = sealed(b"a small object of just over one kibibyte, in two chunks" * 20)
    survivors = []
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            opened(path, bytes(changed))
        except (StoreDamaged, StoreTooNew):
            continue
        survivors.append(bit)
    assert survivors == []


def test_every_truncation_is_refused(path: Path) -> None:
    raw = sealed(b"x" * (2 * CHUNK + 5))
    for size in [*range(0, len(raw), 97), HEADER_BYTES - 1, HEADER_BYTES, len(raw) - 1]:
        with pytest.raises(ObjectDamaged):
            opened(path, raw[:size])


@pytest.mark.parametrize("tail", [b"\0", b"\0" * 16, b"x" * (CHUNK + 16)])
def test_appended_bytes_are_refused(path: Path, tail: bytes) -> None:
    with pytest.raises(ObjectDamaged):
        opened(path, sealed(b"x" * 3 * CHUNK) + tail)


def test_swapped_chunks_are_refused(path: Path) -> None:
    raw = sealed(b"a" * CHUNK + b"b" * CHUNK + b"c" * CHUNK)
    step = CHUNK + 16
    head, chunks = raw[:HEADER_BYTES], raw[HEADER_BYTES:]
    swapped = head + chunks[step : 2 * step] + chunks[:step] + chunks[2 * step :]
    with pytest.raises(ObjectDamaged):
        opened(path, swapped)


def test_a_chunk_of_another_object_under_the_same_patient_is_refused(path: Path) -> None:
    one, other = sealed(b"a" * 2 * CHUNK), sealed(b"b" * 2 * CHUNK)
    with pytest.raises(ObjectDamaged):
        opened(path, one[: HEADER_BYTES + CHUNK + 16] + other[HEADER_BYTES + CHUNK + 16 :])


def test_an_object_under_another_objects_name_is_refused(path: Path) -> None:
    raw = sealed(b"x", ObjectId(new_id()))
    with pytest.raises(ObjectDamaged):
        opened(path, raw)


def test_an_object_given_the_other_objects_id_is_refused(path: Path) -> None:
    raw = sealed(b"x", ObjectId(new_id()))
    with pytest.raises(ObjectDamaged):
        opened(path, raw[:20] + bytes.fromhex(ID) + raw[36:])


def test_another_patients_key_is_refused(path: Path) -> None:
    with pytest.raises(ObjectDamaged):
        opened(path, sealed(b"x"), key=Secret(b"l" * 32))


@pytest.mark.parametrize("chunks", [2, 9])
def test_a_failed_open_leaves_a_zeroed_buffer(path: Path, chunks: int) -> None:
    raw = bytearray(sealed(b"plaintext!" * (chunks * CHUNK // 10 + 1)))
    raw[-1] ^= 1
    path.write_bytes(raw)
    reader = ContainerReader(path, ID, KEY)
    plain = bytearray(b"?" * reader.header.plain_bytes)
    with pytest.raises(ObjectDamaged):
        reader.open_into(memoryview(plain), go_on)
    assert plain == bytes(len(plain))


def test_a_huge_length_is_refused_before_anything_is_allocated(path: Path) -> None:
    raw = sealed(b"x" * 100)
    lying = raw[:36] + (1 << 39).to_bytes(8, "big") + raw[44:]
    tracemalloc.start()
    with pytest.raises(ObjectDamaged):
        opened(path, lying)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ObjectMissing):
        ContainerReader(tmp_path / "gone", ID, KEY)


def test_a_file_that_shrinks_after_its_header_was_read_is_refused(path: Path) -> None:
    raw = sealed(b"x" * 3 * CHUNK)
    path.write_bytes(raw)
    reader = ContainerReader(path, ID, KEY)
    path.write_bytes(raw[:-CHUNK])
    with pytest.raises(ObjectDamaged):
        reader.open_into(memoryview(bytearray(3 * CHUNK)), go_on)


def test_opening_stops_between_chunks_and_leaves_nothing(path: Path) -> None:
    path.write_bytes(sealed(b"x" * 8 * CHUNK))
    plain, asked = bytearray(8 * CHUNK), []

    def after_three() -> None:
        asked.append(1)
        if len(asked) > 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        ContainerReader(path, ID, KEY).open_into(memoryview(plain), after_three)
    assert plain == bytes(len(plain))


def test_chunks_open_from_the_wanted_one_outwards(path: Path) -> None:
    plain = bytes(i % 251 for i in range(30 * CHUNK + 7))
    path.write_bytes(sealed(plain))
    target, spans = bytearray(len(plain)), []
    ContainerReader(path, ID, KEY).open_outwards(
        20, memoryview(target), go_on, lambda start, stop: spans.append((start, stop))
    )
    assert (20 * CHUNK, 21 * CHUNK) in spans[:2]
    assert {start for start, _ in spans[:13]} <= {i * CHUNK for i in range(16, 31)}
    assert len(spans) == len(set(spans)) == 31
    assert bytes(target) == plain


def test_a_fault_of_whoever_is_told_ends_the_opening(path: Path) -> None:
    path.write_bytes(sealed(b"x" * 30 * CHUNK))
    target = bytearray(30 * CHUNK)

    def refuse(_: int, __: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        ContainerReader(path, ID, KEY).open_outwards(5, memoryview(target), go_on, refuse)
    assert target == bytes(30 * CHUNK)


@given(st.integers(1, 100), st.integers(0, 99))
def test_the_reading_order_visits_each_chunk_once(count: int, first: int) -> None:
    order = reading_order(min(first, count - 1), count)
    assert sorted(order) == list(range(count))
    assert order[0] == min(first, count - 1)


def test_no_key_and_nonce_pair_is_used_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: Counter[tuple[bytes, bytes]] = Counter()
    made: dict[int, bytes] = {}
    start, seal = ChunkCipher.__init__, ChunkCipher.seal

    def remember(self: ChunkCipher, key: Secret, header: bytes) -> None:
        made[id(self)] = bytes(key.view())
        start(self, key, header)

    def count(self: ChunkCipher, index: int, plain: memoryview, *, is_final: bool) -> bytes:
        seen[made[id(self)], ChunkCipher._nonce(index, is_final=is_final)] += 1
        return seal(self, index, plain, is_final=is_final)

    monkeypatch.setattr(ChunkCipher, "__init__", remember)
    monkeypatch.setattr(ChunkCipher, "seal", count)
    for _ in range(500):
        sealed(b"the same content" * 130)
        sealed(b"the same content" * 130, ObjectId(new_id()))
    assert len(seen) == 3000
    assert max(seen.values()) == 1
