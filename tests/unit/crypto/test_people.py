"""Sealing to a person and signing."""

from __future__ import annotations

import pytest

from viewer.crypto.errors import NotAuthentic
from viewer.crypto.people import (
    check_signature,
    new_sealing_pair,
    new_signing_pair,
    seal_to,
    sealing_public,
    sign,
    signing_public,
    unseal_from,
)
from viewer.crypto.secret import Secret


def test_only_the_addressee_opens_and_only_in_the_same_context() -> None:
    eva, adam, key = new_sealing_pair(), new_sealing_pair(), Secret.random()
    sealed = seal_to(eva.public, key, b"epoch 1")
    assert unseal_from(eva.private, sealed, b"epoch 1").equals(key)
    for private, raw, context in (
        (adam.private, sealed, b"epoch 1"),
        (eva.private, sealed, b"epoch 2"),
        (eva.private, sealed[:-1], b"epoch 1"),
        (eva.private, b"", b"epoch 1"),
    ):
        with pytest.raises(NotAuthentic):
            unseal_from(private, raw, context)


def test_every_flipped_bit_of_a_sealed_key_is_refused() -> None:
    eva = new_sealing_pair()
    sealed = seal_to(eva.public, Secret.random(), b"")
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(NotAuthentic):
            unseal_from(eva.private, bytes(changed), b"")


def test_a_signature_holds_for_its_message_and_key_only() -> None:
    eva, adam = new_signing_pair(), new_signing_pair()
    signature = sign(eva.private, b"message")
    check_signature(eva.public, b"message", signature)
    for public, message, found in (
        (adam.public, b"message", signature),
        (eva.public, b"massage", signature),
        (eva.public, b"message", bytes(64)),
        (eva.public, b"message", b""),
        (b"short", b"message", signature),
    ):
        with pytest.raises(NotAuthentic):
            check_signature(public, message, found)


def test_public_halves_follow_from_the_private() -> None:
    sealing, signing = new_sealing_pair(), new_signing_pair()
    assert sealing_public(sealing.private) == sealing.public
    assert signing_public(signing.private) == signing.public
