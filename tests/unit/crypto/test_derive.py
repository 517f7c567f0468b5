"""Keys from passwords and keys from keys."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from viewer.crypto.derive import (
    DEFAULT_STRETCH,
    LARGEST_STRETCH,
    SMALLEST_STRETCH,
    Stretch,
    context,
    derive,
    digest,
    is_acceptable,
    is_same_tag,
    keyed_tag,
    stretch_password,
)
from viewer.crypto.secret import Secret

SALT = b"s" * 16


@given(st.lists(st.binary(max_size=6), max_size=4), st.lists(st.binary(max_size=6), max_size=4))
def test_two_lists_of_parts_never_give_the_same_context(
    one: list[bytes], other: list[bytes]
) -> None:
    assert (context(*one) == context(*other)) == (one == other)


def test_derivation_is_hkdf_over_length_prefixed_shares() -> None:
    info, salt = b"purpose", b"salt"
    plain = b"\0\0\0\x01a" + b"\0\0\0\x02bc"
    expected = HKDF(SHA256(), 32, salt, info).derive(plain)
    assert bytes(derive([Secret(b"a"), Secret(b"bc")], info, salt).view()) == expected


def test_purpose_salt_and_each_share_change_the_key() -> None:
    one, two = Secret(b"a" * 32), Secret(b"b" * 32)
    keys = [
        derive(one, b"x"),
        derive(one, b"y"),
        derive(one, b"x", SALT),
        derive(two, b"x"),
        derive([one, two], b"x"),
        derive([two, one], b"x"),
    ]
    assert len({bytes(key.view()) for key in keys}) == len(keys)


def test_moving_a_byte_between_shares_changes_the_key() -> None:
    one = derive([Secret(b"ab"), Secret(b"c")], b"x")
    assert not one.equals(derive([Secret(b"a"), Secret(b"bc")], b"x"))


def test_a_password_gives_the_same_key_however_its_accents_are_typed() -> None:
    composed = stretch_password("Zähne", SALT, SMALLEST_STRETCH)
    assert composed.equals(stretch_password("Za\u0308hne", SALT, SMALLEST_STRETCH))
    assert not composed.equals(stretch_password("Zahne", SALT, SMALLEST_STRETCH))
    assert not composed.equals(stretch_password("Zähne", b"t" * 16, SMALLEST_STRETCH))


@pytest.mark.parametrize(
    "cost", [Stretch(1024, 2, 1), Stretch(passes=1), Stretch(8 << 20, 3, 1), Stretch(passes=1000)]
)
def test_a_cost_edited_on_disk_is_refused(cost: Stretch) -> None:
    assert not is_acceptable(cost)
    with pytest.raises(ValueError, match="cost"):
        stretch_password("x", SALT, cost)


def test_the_usual_costs_are_accepted_and_a_short_salt_is_not() -> None:
    assert all(map(is_acceptable, (DEFAULT_STRETCH, SMALLEST_STRETCH, LARGEST_STRETCH)))
    with pytest.raises(ValueError, match="salt"):
        stretch_password("x", b"short")


def test_a_tag_is_the_key_holders_alone() -> None:
    tag = keyed_tag(Secret(b"a"), b"message")
    assert is_same_tag(tag, keyed_tag(Secret(b"a"), b"message"))
    assert not is_same_tag(tag, keyed_tag(Secret(b"b"), b"message"))
    assert not is_same_tag(tag, keyed_tag(Secret(b"a"), b"other"))


def test_the_digest_is_sha256() -> None:
    assert digest(b"abc").hex().startswith("ba7816bf8f01cfea414140de5dae2223")
