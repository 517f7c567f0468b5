"""Messages between parent and child."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from viewer.ingest.protocol import MAX_MESSAGE, ChannelBroken, receive, send

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Return two connected ends."""
    left, right = socket.socketpair()
    yield left, right
    left.close()
    right.close()


def test_a_message_arrives_with_its_open_file(pair: Pair, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    with path.open("rb") as file:
        send(pair[0], {"do": "header", "text": "ä"}, [file.fileno()])
    files: list[int] = []
    message = receive(pair[1], files=files)
    assert message == {"do": "header", "text": "ä"}
    assert os.read(files[0], 100) == b"content"
    os.close(files[0])


@pytest.mark.parametrize(
    "raw",
    [
        (MAX_MESSAGE + 1).to_bytes(4, "big"),
        (4).to_bytes(4, "big") + b"nojs",
        (2).to_bytes(4, "big") + b"[]",
        (2).to_bytes(4, "big") + b"\xff\xfe",
    ],
)
def test_what_is_no_message_breaks_the_channel(pair: Pair, raw: bytes) -> None:
    pair[0].sendall(raw)
    with pytest.raises(ChannelBroken):
        receive(pair[1], deadline=time.monotonic() + 5)


def test_half_a_message_and_then_nothing_breaks_the_channel(pair: Pair) -> None:
    pair[0].sendall((100).to_bytes(4, "big") + b"{")
    pair[0].close()
    with pytest.raises(ChannelBroken, match="closed"):
        receive(pair[1])


def test_silence_ends_at_the_deadline(pair: Pair) -> None:
    with pytest.raises(ChannelBroken, match="late"):
        receive(pair[1], deadline=time.monotonic() + 0.05)


def test_messages_are_plain_json(pair: Pair) -> None:
    send(pair[0], {"a": 1})
    raw = pair[1].recv(100)
    assert json.loads(raw[4:]) == {"a": 1}
