"""Secrets are wiped, copied on purpose only, and shown nowhere."""

from __future__ import annotations

import copy
import pickle  # noqa: TID251 - the test proves that it refuses
import traceback

import pytest

from viewer.crypto.secret import Secret


def test_a_wiped_secret_is_zeros_and_cannot_be_used() -> None:
    secret = Secret(b"key")
    buffer = secret.view()
    secret.wipe()
    secret.wipe()
    assert buffer == bytes(3)
    assert secret.is_wiped
    with pytest.raises(ValueError, match="wiped"):
        secret.view()


def test_a_block_wipes_even_when_it_fails() -> None:
    secret = Secret(b"key")
    with pytest.raises(KeyError), secret:
        {}["missing"]
    assert secret.is_wiped


def test_a_taken_buffer_is_the_same_and_a_copy_is_another() -> None:
    buffer = bytearray(b"key")
    taken = Secret.taking(buffer)
    other = taken.copy()
    taken.wipe()
    assert buffer == bytes(3)
    assert bytes(other.view()) == b"key"


def test_equality_is_by_bytes_and_asked_for_by_name() -> None:
    assert Secret(b"a").equals(Secret(b"a"))
    assert not Secret(b"a").equals(Secret(b"b"))


def test_fresh_secrets_differ_and_have_the_size_of_a_key() -> None:
    assert len({bytes(Secret.random().view()) for _ in range(100)}) == 100
    assert len(Secret.random()) == 32


def test_no_print_trace_or_pickle_shows_it() -> None:
    secret = Secret(b"marker-of-a-key")
    with pytest.raises(UnicodeError) as told:
        str(secret).encode("ascii")
    trace = traceback.TracebackException.from_exception(told.value, capture_locals=True)
    shown = "".join(trace.format())
    assert "marker" not in f"{secret}{secret!r}{shown}"
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            leak(secret)


def test_what_a_library_returned_is_overwritten_where_it_lay() -> None:
    fresh = bytes(range(1, 33))
    returned = bytes(bytearray(fresh))  # an object of its own
    with Secret.consuming(returned) as secret:
        assert bytes(secret.view()) == bytes(range(1, 33))
        assert returned == bytes(32)
        assert fresh == bytes(range(1, 33))


@pytest.mark.parametrize("short", [b"", b"a"])
def test_bytes_that_python_shares_are_left_alone(short: bytes) -> None:
    with Secret.consuming(short):
        assert len(short) in {0, 1}
    assert bytes([97]) == b"a"


def test_random_secrets_differ() -> None:
    assert not Secret.random().equals(Secret.random())
