"""Any sequence of what people do with keys: acknowledged pictures open, erased ones never do."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.unit.vault.made_up import new_keys, new_patient, new_picture
from viewer.crypto.secret import Secret
from viewer.model.errors import Cancelled
from viewer.model.ids import ImageId, PatientId, new_id
from viewer.vault import reseal, rotation
from viewer.vault.errors import NotInStore, StoreDamaged
from viewer.vault.keys import Wrapping
from viewer.vault.records import VaultHead, VaultKeys
from viewer.vault.store import Vault

Steps = st.integers(0, 6)


class Life(RuleBasedStateMachine):
    """A store, and what a person believes to be in it."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="bitewing-life-"))
        self.folder = self.root / "store"
        self.epoch, self.oldest = 1, 1
        self.head: VaultHead | None = None
        self.kept: dict[PatientId, dict[ImageId, bytes]] = {}
        self.erased: list[ImageId] = []
        Vault.create(self.folder, new_keys())
        self.vault = Vault.open(self.folder, new_keys())

    def keys(self) -> VaultKeys:
        """Every epoch that is not retired."""
        every = new_keys(epochs=self.epoch)
        live = {number: every.epochs[number] for number in range(self.oldest, self.epoch + 1)}
        return VaultKeys(every.practice_id, live, self.epoch)

    def cancelled_after(self, steps: int) -> object:
        left = iter([False] * steps)
        return lambda: next(left, True)

    @precondition(lambda self: len(self.kept) < 3)
    @rule()
    def add_patient(self) -> None:
        patient = new_patient()
        self.vault.add_patient(patient)
        self.kept[patient.id] = {}

    @precondition(lambda self: self.kept)
    @rule(which=st.integers(0, 2), size=st.integers(0, 3000))
    def put(self, which: int, size: int) -> None:
        patient_id = sorted(self.kept)[which % len(self.kept)]
        pixels = np.random.default_rng(size).integers(0, 9999, (1, size + 1), dtype=np.uint16)
        picture = new_picture(patient_id, pixels)
        self.kept[patient_id][picture.put(self.vault).id] = pixels.tobytes()

    @rule()
    def rotate(self) -> None:
        self.epoch += 1
        assert self.vault.rotate(self.keys()).is_complete
        self.oldest = self.epoch

    @rule(steps=Steps)
    def rotate_and_be_cut_off(self, steps: int) -> None:
        self.epoch += 1
        try:
            self.vault.rotate(self.keys(), is_cancelled=self.cancelled_after(steps))  # type: ignore[arg-type]
        except Cancelled:
            return
        self.oldest = self.epoch

    @rule()
    def reseal(self) -> None:
        self.vault.reseal()

    @rule(steps=Steps)
    def reseal_and_be_cut_off(self, steps: int) -> None:
        try:
            self.vault.reseal(is_cancelled=self.cancelled_after(steps))  # type: ignore[arg-type]
        except Cancelled:
            return

    @precondition(lambda self: self.kept)
    @rule(which=st.integers(0, 2))
    def erase(self, which: int) -> None:
        patient_id = sorted(self.kept)[which % len(self.kept)]
        self.vault.erase_patient(patient_id)
        self.erased += self.kept.pop(patient_id)

    @rule()
    def close_and_open(self) -> None:
        self.head = self.vault.head()
        self.vault.close()
        self.vault = Vault.open(self.folder, self.keys(), self.head)

    @rule()
    def be_killed_and_open(self) -> None:
        """What stands on the disk at this moment, opened as after a kill."""
        after = self.root / new_id()
        shutil.copytree(self.folder, after)
        self.vault.close()
        shutil.rmtree(self.folder)
        after.rename(self.folder)
        self.vault = Vault.open(self.folder, self.keys(), self.head)

    @invariant()
    def what_was_acknowledged_opens_and_what_was_erased_does_not(self) -> None:
        for pictures in self.kept.values():
            for image_id, pixels in pictures.items():
                assert self.vault.open_pixels(image_id).tobytes() == pixels
        for image_id in self.erased:
            try:
                self.vault.open_pixels(image_id)
            except NotInStore:
                continue
            raise AssertionError("an erased picture opened")

    def teardown(self) -> None:
        try:
            assert self.vault.check(deep=True).is_sound
            objects = sum(path.is_file() for path in (self.folder / "objects").rglob("*"))
            assert objects == 3 * sum(map(len, self.kept.values()))
        finally:
            self.vault.close()
            shutil.rmtree(self.root)


def test_any_sequence_of_changes_keeps_what_was_acknowledged_and_nothing_that_was_erased() -> None:
    rests, batches = reseal._LONGEST_REST_S, rotation._KEYS_AT_ONCE
    reseal._LONGEST_REST_S, rotation._KEYS_AT_ONCE = 0.0, 1
    try:
        run_state_machine_as_test(
            Life,
            settings=settings(
                max_examples=8,
                stateful_step_count=12,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        reseal._LONGEST_REST_S, rotation._KEYS_AT_ONCE = rests, batches


@settings(max_examples=60, deadline=None)
@given(
    number=st.integers(1, 5),
    epoch=st.integers(1, 3),
    other_number=st.integers(1, 5),
    other_epoch=st.integers(1, 3),
    flip=st.integers(0, 60 * 8 - 1),
)
def test_a_wrapped_key_opens_at_its_own_place_and_nowhere_else(
    number: int, epoch: int, other_number: int, other_epoch: int, flip: int
) -> None:
    every = new_keys(epochs=3)
    keys = VaultKeys(every.practice_id, every.epochs, epoch)
    one, two = PatientId("1" * 32), PatientId("2" * 32)
    with Secret.random() as key, Wrapping(keys) as wrapping:
        wrapped = wrapping.wrap(one, number, key)
        with wrapping.unwrap(one, number, epoch, wrapped) as opened:
            assert opened.equals(key)
        bent = bytearray(wrapped)
        bent[flip // 8] ^= 1 << flip % 8
        wrong = [(two, number, epoch, wrapped), (one, number, epoch, bytes(bent))]
        if (other_number, other_epoch) != (number, epoch):
            wrong.append((one, other_number, other_epoch, wrapped))
        for place in wrong:
            try:
                wrapping.unwrap(*place).wipe()
            except StoreDamaged:
                continue
            raise AssertionError("a key opened where it does not belong")


def test_ten_thousand_wraps_never_share_a_nonce() -> None:
    with Secret.random() as key, Wrapping(new_keys()) as wrapping:
        nonces = {wrapping.wrap(PatientId("1" * 32), 1, key)[:12] for _ in range(10_000)}
    assert len(nonces) == 10_000
