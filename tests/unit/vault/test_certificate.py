"""The certificate of destruction: one spelling, one signer."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import attrs
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from viewer.crypto.errors import NotAuthentic
from viewer.crypto.people import new_signing_pair, sign
from viewer.vault.certificate import Certificate, sign_certificate, verify_certificate

PAIR, OTHER = new_signing_pair(), new_signing_pair()
GOOD = Certificate(
    practice_id="a" * 32,
    patient_id="b" * 32,
    image_count=2,
    object_count=6,
    objects_sha256="c" * 64,
    last_epoch=1,
    epochs_destroyed=(1,),
    destroyed_at=datetime(2026, 11, 22, 9, 0, tzinfo=UTC),
    by_user_id="d" * 32,
    by_name="Olga",
    reason="asked to — Löschantrag",
)
FILE = sign_certificate(GOOD, PAIR.private)


def test_a_genuine_one_says_what_was_signed_whichever_of_the_practices_keys_it_was() -> None:
    assert verify_certificate(FILE, PAIR.public) == GOOD
    assert verify_certificate(FILE, OTHER.public, PAIR.public) == GOOD
    with pytest.raises(NotAuthentic):
        verify_certificate(FILE, OTHER.public)
    with pytest.raises(NotAuthentic):
        verify_certificate(FILE)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(FILE) * 8 - 1))
def test_every_flipped_bit_is_refused(bit: int) -> None:
    bent = bytearray(FILE)
    bent[bit // 8] ^= 1 << bit % 8
    with pytest.raises(NotAuthentic):
        verify_certificate(bytes(bent), PAIR.public)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b'{"certificate":1,"signature":"00"}',
        b'{"certificate":{},"signature":"zz"}',
        FILE + b"\n",
        b" " + FILE,
        FILE[:-1],
        b"[" * 100_000,
        json.dumps(json.loads(FILE), indent=1).encode(),
        b"9" * (1 << 21),
    ],
)
def test_another_spelling_or_something_else_is_refused(raw: bytes) -> None:
    with pytest.raises(NotAuthentic):
        verify_certificate(raw, PAIR.public)


def test_a_signature_over_the_bare_text_does_not_pass() -> None:
    """Only what was signed as a certificate counts, not a share's manifest that looks like one."""
    plain = json.loads(FILE)["certificate"]
    signature = sign(PAIR.private, rfc8785.dumps(plain)).hex()
    with pytest.raises(NotAuthentic):
        verify_certificate(
            rfc8785.dumps({"certificate": plain, "signature": signature}), PAIR.public
        )


def test_it_is_final_only_when_no_backup_waits_and_the_epoch_is_destroyed() -> None:
    assert GOOD.is_final
    assert not attrs.evolve(GOOD, backups_pending=("drawer",)).is_final
    assert not attrs.evolve(GOOD, epochs_destroyed=()).is_final
