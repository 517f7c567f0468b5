"""Games with whole chunks, lengths and flags: what an attacker who holds no key can rearrange."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.vault.v1.test_container import CHUNK, ID, KEY, go_on, opened, sealed
from viewer.crypto.aead import ChunkCipher
from viewer.crypto.secret import Secret
from viewer.model.ids import ObjectId, new_id
from viewer.vault.errors import ObjectDamaged, StoreDamaged, StoreTooNew
from viewer.vault.v1.container import ContainerReader, object_cipher
from viewer.vault.v1.header import HEADER_BYTES, Header

STEP = CHUNK + 16


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("games") / "object"


def is_refused(path: Path, raw: bytes, key: Secret = KEY) -> bool:
    try:
        opened(path, raw, key=key)
    except (StoreDamaged, StoreTooNew):
        return True
    return False


def split(raw: bytes) -> tuple[bytes, list[bytes]]:
    """Return the header and the chunks."""
    body = raw[HEADER_BYTES:]
    return raw[:HEADER_BYTES], [body[at : at + STEP] for at in range(0, len(body), STEP)]


def sealed_by(seal: object, size: int = 3 * CHUNK) -> bytes:
    """Return a container whose chunks `seal(cipher, index, plain, is_final)` made."""
    header = Header.fresh(ID, 1, size, CHUNK)
    cipher = object_cipher(KEY, header)
    body = b""
    for index in range(header.chunk_count):
        start, stop = header.plain_span(index)
        is_final = header.is_final(index)
        body += seal(cipher, index, bytes(stop - start), is_final)  # type: ignore[operator]
    return header.pack() + body


def genuine(cipher: ChunkCipher, index: int, plain: bytes, is_final: bool) -> bytes:
    return cipher.seal(index, plain, is_final=is_final)


def test_the_forge_itself_makes_what_opens(path: Path) -> None:
    assert opened(path, sealed_by(genuine)) == bytes(3 * CHUNK)


def test_every_bit_of_a_three_hundred_byte_object_counts(path: Path) -> None:
    raw = sealed(b"a radiograph's thumbnail, in small" * 6)
    assert len(raw) == 300
    survivors = []
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        if not is_refused(path, bytes(changed)):
            survivors.append(bit)
    assert survivors == []


@given(st.sets(st.integers(0, (HEADER_BYTES + 2 * STEP) * 8 - 1), min_size=1, max_size=9))
@settings(max_examples=300, deadline=None)
def test_any_set_of_flipped_bits_is_refused(path: Path, bits: set[int]) -> None:
    changed = bytearray(sealed(b"two chunks of this" * 113 + b"and fourteen.."))
    for bit in bits:
        changed[bit // 8] ^= 1 << bit % 8
    assert is_refused(path, bytes(changed))


@given(st.integers(0, HEADER_BYTES - 1), st.binary(min_size=1, max_size=12))
@settings(max_examples=300, deadline=None)
def test_overwritten_header_bytes_are_refused_unless_they_say_the_same(
    path: Path, offset: int, other: bytes
) -> None:
    raw = sealed(b"x" * 600)
    changed = raw[:offset] + other[: HEADER_BYTES - offset] + raw[offset + len(other) :]
    changed = changed[:HEADER_BYTES] + raw[HEADER_BYTES:]
    assert (changed == raw) != is_refused(path, changed)


def test_every_length_it_can_be_cut_to_is_refused(path: Path) -> None:
    raw = sealed(b"y" * (CHUNK + 300))
    path.write_bytes(raw)
    opens = []
    for size in reversed(range(len(raw))):
        os.truncate(path, size)
        try:
            ContainerReader(path, ID, KEY).open_into(memoryview(bytearray(CHUNK + 300)), go_on)
        except ObjectDamaged:
            continue
        opens.append(size)
    assert opens == []


def test_every_way_to_order_drop_or_repeat_chunks_but_the_right_one_is_refused(path: Path) -> None:
    header, chunks = split(sealed(b"".join(bytes([i]) * CHUNK for i in range(3))))
    tried = 0
    for count in range(5):
        for code in range(3**count):
            order = [code // 3**place % 3 for place in range(count)]
            if order == [0, 1, 2]:
                continue
            tried += 1
            assert is_refused(path, header + b"".join(chunks[index] for index in order)), order
    assert tried == 1 + 3 + 9 + 26 + 81


def test_a_dropped_chunk_is_refused_though_the_length_is_corrected(path: Path) -> None:
    header, chunks = split(sealed(b"z" * 3 * CHUNK))
    shorter = header[:36] + (2 * CHUNK).to_bytes(8, "big") + header[44:]
    for kept in ([0, 1], [0, 2], [1, 2]):
        assert is_refused(path, shorter + b"".join(chunks[index] for index in kept))


def test_an_added_chunk_is_refused_though_the_length_is_corrected(path: Path) -> None:
    header, chunks = split(sealed(b"z" * 2 * CHUNK))
    longer = header[:36] + (3 * CHUNK).to_bytes(8, "big") + header[44:]
    for index in (0, 1):
        assert is_refused(path, longer + b"".join(chunks) + chunks[index])


def test_another_chunk_size_is_refused_though_the_files_size_agrees(path: Path) -> None:
    raw = sealed(b"w" * 700)
    for power in range(11, 25):
        assert is_refused(path, raw[:12] + (1 << power).to_bytes(4, "big") + raw[16:])


@pytest.mark.parametrize("flags", [(0, 0, 0), (1, 0, 1), (0, 1, 1), (1, 1, 1), (0, 1, 0)])
def test_a_final_flag_in_another_place_is_refused(path: Path, flags: tuple[int, int, int]) -> None:
    def flagged(cipher: ChunkCipher, index: int, plain: bytes, _: bool) -> bytes:
        return cipher.seal(index, plain, is_final=bool(flags[index]))

    assert is_refused(path, sealed_by(flagged))


@pytest.mark.parametrize("shift", [1, 2, 1 << 40])
def test_chunks_counted_from_elsewhere_are_refused(path: Path, shift: int) -> None:
    def shifted(cipher: ChunkCipher, index: int, plain: bytes, is_final: bool) -> bytes:
        return cipher.seal(index + shift, plain, is_final=is_final)

    assert is_refused(path, sealed_by(shifted))


def test_the_end_of_one_object_under_anothers_header_is_refused(path: Path) -> None:
    one, other = sealed(b"a" * 900), sealed(b"a" * 900)
    assert is_refused(path, one[:HEADER_BYTES] + other[HEADER_BYTES:])


def test_another_stores_object_of_the_same_id_is_refused(path: Path) -> None:
    raw = sealed(b"from the other practice", key=Secret(b"o" * 32))
    assert is_refused(path, raw)
    assert opened(path, raw, key=Secret(b"o" * 32)) == b"from the other practice"


def test_a_genuine_object_of_the_same_patient_is_refused_under_another_id(path: Path) -> None:
    raw = sealed(b"genuine", ObjectId(new_id()))
    with pytest.raises(ObjectDamaged):
        opened(path, raw)
