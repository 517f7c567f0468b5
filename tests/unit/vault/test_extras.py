"""Parts that only some images have: the files as they came, and what is drawn over the pixels."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import attrs
import numpy as np
import pytest

from tests.unit.vault.made_up import new_picture
from viewer.model.image import ImageRecord, ImageState
from viewer.model.patient import Patient
from viewer.vault.catalog.images import Role
from viewer.vault.store import Vault

ORIGINAL = b"\x00" * 128 + b"DICM" + bytes(range(256))
NO_PARTS: Mapping[Role, memoryview] = MappingProxyType({})


def put(vault: Vault, patient: Patient, extras: Mapping[Role, memoryview]) -> ImageRecord:
    made = new_picture(patient.id)
    return vault.put_picture(
        made.study,
        made.series,
        made.record,
        made.pixels,
        made.headers,
        made.thumbnail,
        extras=extras,
    )


def test_the_files_as_they_came_come_back_as_they_were(vault: Vault, patient: Patient) -> None:
    drawn = b"\x01\x80\xff"
    extras = {Role.ORIGINAL: memoryview(ORIGINAL), Role.OVERLAYS: memoryview(drawn)}
    kept = put(vault, patient, extras)
    assert vault.part_of(kept.id, Role.ORIGINAL) == ORIGINAL
    assert vault.part_of(kept.id, Role.OVERLAYS) == drawn


@pytest.mark.parametrize("role", [Role.ORIGINAL, Role.OVERLAYS])
def test_a_picture_without_such_a_part_says_so(vault: Vault, patient: Patient, role: Role) -> None:
    kept = put(vault, patient, NO_PARTS)
    assert vault.part_of(kept.id, role) is None


def test_a_file_is_kept_whole_where_pixels_would_be(vault: Vault, patient: Patient) -> None:
    whole = np.frombuffer(ORIGINAL, np.uint8)
    made = new_picture(patient.id, whole)
    made = attrs.evolve(made, record=attrs.evolve(made.record, state=ImageState.KEPT))
    kept = made.put(vault)
    assert kept.is_file
    assert vault.open_pixels(kept.id).tobytes() == ORIGINAL
    assert vault.check(deep=True).is_sound
