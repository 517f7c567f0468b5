"""Files that are kept whole: sealed in pieces, known again by their bytes, all or nothing."""

from __future__ import annotations

import hashlib
import tracemalloc

import attrs
import numpy as np
import pytest

from tests.unit.vault.made_up import new_patient, new_picture
from viewer.dicom.headers import pack_headers
from viewer.model.errors import Cancelled
from viewer.model.ids import PatientId
from viewer.model.image import ImageRecord, ImageState
from viewer.vault.errors import ContentChanged
from viewer.vault.records import never
from viewer.vault.store import Vault

_MIB = 1 << 20


class Bytes:
    """Content in memory, read in pieces that are shorter than asked for."""

    def __init__(self, content: bytes) -> None:
        self.content, self.size_bytes = content, len(content)

    def read_into(self, target: memoryview, offset: int) -> int:
        piece = self.content[offset : offset + min(target.nbytes, 300_001)]
        target[: len(piece)] = piece
        return len(piece)


class Pattern:
    """More bytes than anybody wants in memory, made as they are read."""

    size_bytes = 64 * _MIB

    def read_into(self, target: memoryview, offset: int) -> int:
        target[:] = (offset // _MIB % 251).to_bytes(1, "big") * target.nbytes
        return target.nbytes


class Changing(Bytes):
    """Another file at the second reading."""

    reads = 0

    def read_into(self, target: memoryview, offset: int) -> int:
        Changing.reads += offset == 0
        count = super().read_into(target, offset)
        if Changing.reads > 1 and offset == 0:
            target[0] ^= 1
        return count


def a_file(patient_id: PatientId, size: int, **more: object) -> ImageRecord:
    record = new_picture(patient_id).record
    record = attrs.evolve(record, shape=(size,), dtype="uint8", state=ImageState.KEPT)
    return attrs.evolve(record, sop_instance_uids=(), **more)  # type: ignore[arg-type]


def put(vault: Vault, patient_id: PatientId, content: Bytes | Pattern) -> ImageRecord:
    made = new_picture(patient_id)
    record = a_file(patient_id, content.size_bytes)
    small = np.zeros((1, 1), np.uint8)
    return vault.filing.put(made.study, made.series, record, content, pack_headers([]), small)


@pytest.fixture
def patient_id(vault: Vault) -> PatientId:
    patient = new_patient()
    vault.add_patient(patient)
    return patient.id


@pytest.mark.parametrize("size", [1, 1000, _MIB - 1, _MIB, _MIB + 1, 3 * _MIB + 7])
def test_a_file_comes_back_byte_for_byte(vault: Vault, patient_id: PatientId, size: int) -> None:
    content = np.random.default_rng(size).integers(0, 256, size, np.uint8).tobytes()
    record = put(vault, patient_id, Bytes(content))
    assert vault.open_pixels(record.id).tobytes() == content
    assert record.pixel_sha256 == hashlib.sha256(content).hexdigest()
    assert vault.check(deep=True).is_sound


def test_the_same_bytes_are_kept_once_for_one_patient_and_again_for_another(
    vault: Vault, patient_id: PatientId
) -> None:
    first = put(vault, patient_id, Bytes(b"a damaged file"))
    again = put(vault, patient_id, Bytes(b"a damaged file"))
    other = new_patient("Other", chart="2")
    vault.add_patient(other)
    assert again.id == first.id
    assert put(vault, other.id, Bytes(b"a damaged file")).id != first.id
    assert len(vault.images(patient_id)) == 1


def test_a_file_that_changes_while_it_is_sealed_is_not_kept(
    vault: Vault, patient_id: PatientId
) -> None:
    with pytest.raises(ContentChanged):
        put(vault, patient_id, Changing(b"x" * 2 * _MIB))
    assert vault.images(patient_id) == []
    assert vault.check().is_sound


def test_a_file_that_ends_early_is_not_kept(vault: Vault, patient_id: PatientId) -> None:
    content = Bytes(b"y" * 1000)
    content.size_bytes = 1001
    with pytest.raises(ContentChanged):
        put(vault, patient_id, content)
    assert vault.check().is_sound


def test_a_cancel_at_any_piece_leaves_nothing(vault: Vault, patient_id: PatientId) -> None:
    content = Bytes(bytes(4 * _MIB))
    for most in range(0, 8, 2):
        asked = iter([False] * most)
        made = new_picture(patient_id)
        record = a_file(patient_id, content.size_bytes)
        small = np.zeros((1, 1), np.uint8)
        with pytest.raises(Cancelled):
            vault.filing.put(
                made.study, made.series, record, content, pack_headers([]), small,
                lambda asked=asked: next(asked, True),
            )  # fmt: skip
    assert vault.images(patient_id) == []
    assert vault.check().is_sound
    assert never() is False


def test_a_large_file_goes_in_in_the_memory_of_a_few_pieces(
    vault: Vault, patient_id: PatientId
) -> None:
    put(vault, patient_id, Bytes(b"first, so that what is loaded once is loaded"))
    tracemalloc.start()
    try:
        record = put(vault, patient_id, Pattern())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert record.size_bytes == 64 * _MIB
    assert peak < 8 * _MIB
