"""The recovery key survives paper and typing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.crypto.people import new_sealing_pair
from viewer.crypto.secret import Secret
from viewer.session.errors import RecoveryKeyMistyped
from viewer.session.recovery import RecoveryKey


@given(st.binary(min_size=32, max_size=32))
def test_what_is_printed_can_be_typed_back(raw: bytes) -> None:
    key = RecoveryKey(Secret(raw))
    typed = key.text.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert bytes(RecoveryKey.from_text(typed).private.view()) == raw


def test_it_is_fourteen_groups_of_four() -> None:
    groups = RecoveryKey.of_pair(new_sealing_pair()).groups
    assert [len(group) for group in groups] == [4] * 14


def test_every_single_mistyped_character_is_noticed() -> None:
    text = RecoveryKey(Secret(bytes(range(32)))).text
    for at, letter in enumerate(text):
        if letter != "-":
            wrong = text[:at] + ("7" if letter != "7" else "8") + text[at + 1 :]
            with pytest.raises(RecoveryKeyMistyped):
                RecoveryKey.from_text(wrong)


@pytest.mark.parametrize("text", ["", "ABCD", "UUUU-" * 14, "é" * 56, "0" * 55])
def test_something_else_is_no_recovery_key(text: str) -> None:
    with pytest.raises(RecoveryKeyMistyped):
        RecoveryKey.from_text(text)


def test_nothing_shows_it_by_accident() -> None:
    key = RecoveryKey.of_pair(new_sealing_pair())
    assert key.groups[0] not in repr(key)
