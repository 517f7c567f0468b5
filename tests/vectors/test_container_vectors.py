"""Every vector, through the product's reader and through the one written from FORMAT.md."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.vectors.make_container_vectors import bad, good
from tests.vectors.second_reader import Refused, open_object
from viewer.crypto.secret import Secret
from viewer.model.ids import ObjectId
from viewer.vault.errors import ObjectDamaged, StoreTooNew
from viewer.vault.v1.container import ContainerReader

FOLDER = Path(__file__).parent / "container"
LISTED = json.loads((FOLDER / "expected.json").read_text())
KEY = bytes.fromhex(LISTED["patient_key"])
ID = LISTED["object_id"]
GOOD = sorted(name for name, expected in LISTED["vectors"].items() if expected["opens"])
BAD = sorted(set(LISTED["vectors"]) - set(GOOD))


def open_ours(path: Path) -> bytes:
    reader = ContainerReader(path, ObjectId(ID), Secret(KEY))
    plain = bytearray(reader.header.plain_bytes)
    reader.open_into(memoryview(plain), lambda: None)
    return bytes(plain)


@pytest.mark.parametrize("name", GOOD)
def test_both_readers_open_a_genuine_vector(name: str) -> None:
    path = FOLDER / f"{name}.bin"
    theirs = open_object(path.read_bytes(), KEY, ID)
    assert open_ours(path) == theirs
    assert hashlib.sha256(theirs).hexdigest() == LISTED["vectors"][name]["plain_sha256"]


@pytest.mark.parametrize("name", BAD)
def test_both_readers_refuse_a_vector_with_one_failure(name: str) -> None:
    path = FOLDER / f"{name}.bin"
    with pytest.raises(Refused):
        open_object(path.read_bytes(), KEY, ID)
    with pytest.raises((ObjectDamaged, StoreTooNew)):
        open_ours(path)


def test_the_files_are_those_the_generator_makes() -> None:
    made = {name: raw for name, (raw, _) in {**good(), **bad()}.items()}
    assert sorted(made) == sorted(LISTED["vectors"])
    assert all((FOLDER / f"{name}.bin").read_bytes() == raw for name, raw in made.items())
