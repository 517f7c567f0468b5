"""Sealed blobs, wrapped keys and numbered chunks against changed bytes, keys and contexts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.crypto.aead import TAG_BYTES, ChunkCipher, seal, unseal, unwrap, wrap
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.secret import Secret

KEY = Secret(b"k" * 32)


@given(st.binary(max_size=200), st.binary(max_size=20))
def test_a_sealed_blob_comes_back(plain: bytes, context: bytes) -> None:
    assert unseal(KEY, seal(KEY, plain, context), context) == plain


def test_every_flipped_bit_of_a_blob_is_refused() -> None:
    sealed = seal(KEY, b"plain", b"context")
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(NotAuthentic):
            unseal(KEY, changed, b"context")


@pytest.mark.parametrize("size", range(0, 33, 4))
def test_a_cut_blob_is_refused(size: int) -> None:
    with pytest.raises(NotAuthentic):
        unseal(KEY, seal(KEY, b"plain", b"")[:size], b"")


def test_another_context_or_key_is_refused() -> None:
    sealed = seal(KEY, b"plain", b"one")
    for key, context in ((KEY, b"two"), (Secret(b"l" * 32), b"one")):
        with pytest.raises(NotAuthentic):
            unseal(key, sealed, context)


def test_nonces_do_not_repeat() -> None:
    assert len({seal(KEY, b"same", b"")[:12] for _ in range(10_000)}) == 10_000


def test_a_wrapped_key_comes_back_for_its_context_only() -> None:
    inner = Secret.random()
    wrapped = wrap(KEY, inner, b"patient 1")
    assert unwrap(KEY, wrapped, b"patient 1").equals(inner)
    for raw, context in ((wrapped, b"patient 2"), (wrapped[:20], b"patient 1"), (b"", b"")):
        with pytest.raises(NotAuthentic):
            unwrap(KEY, raw, context)


def test_a_chunk_opens_only_in_its_place_with_its_header_and_flag() -> None:
    sealed = ChunkCipher(KEY, b"header").seal(3, b"chunk", is_final=False)
    tries = [(b"header", 3, False), (b"header", 4, False), (b"header", 3, True), (b"h", 3, False)]
    opened = []
    for header, index, is_final in tries:
        plain = bytearray(5)
        try:
            ChunkCipher(KEY, header).open_into(index, sealed, memoryview(plain), is_final=is_final)
        except NotAuthentic:
            assert plain == bytes(5)
        else:
            opened.append((header, index, is_final))
            assert plain == b"chunk"
    assert opened == tries[:1]


def test_a_failed_chunk_leaves_zeros_and_no_unverified_plaintext() -> None:
    cipher = ChunkCipher(KEY, b"header")
    sealed = bytearray(cipher.seal(0, b"secret" * 1000, is_final=True))
    sealed[-1] ^= 1
    plain = bytearray(b"?" * 6000)
    with pytest.raises(NotAuthentic):
        cipher.open_into(0, sealed, memoryview(plain), is_final=True)
    assert plain == bytes(6000)


@pytest.mark.parametrize("size", [0, 4, 6])
def test_a_target_of_another_size_is_refused(size: int) -> None:
    cipher = ChunkCipher(KEY, b"header")
    sealed = cipher.seal(0, b"chunk", is_final=True)
    assert len(sealed) == 5 + TAG_BYTES
    with pytest.raises(NotAuthentic):
        cipher.open_into(0, sealed, memoryview(bytearray(size)), is_final=True)
