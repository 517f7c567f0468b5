"""Whatever was acknowledged when a snapshot was made comes back from it, and nothing else."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.vault.backup.made_up import PRACTICE, Desk, restored
from tests.unit.vault.made_up import new_keys, new_patient
from viewer.model.ids import ImageId, PatientId
from viewer.vault.backup.forgetting import Replacement, forget
from viewer.vault.backup.writer import back_up
from viewer.vault.records import VaultKeys
from viewer.vault.store import Vault

STEPS = st.lists(
    st.sampled_from(["patient", "put", "put", "delete", "erase", "rotate", "back up", "forget"]),
    max_size=9,
)


class Run:
    """A store, what it acknowledged, and what each snapshot must therefore hold."""

    def __init__(self, root: Path) -> None:
        self.desk = Desk.new(root / "store", root / "medium")
        self.all_keys, self.epoch = new_keys(epochs=12), 1
        self.owners: dict[ImageId, PatientId] = {}
        self.erased: set[PatientId] = set()
        self.snapshots: dict[int, dict[ImageId, Any]] = {}
        self.people = [self.desk.patient]
        self.desk.vault.add_patient(self.desk.patient)
        self.count = 0

    def keys(self) -> VaultKeys:
        epochs = {each: self.all_keys.epochs[each] for each in range(1, self.epoch + 1)}
        return VaultKeys(PRACTICE, epochs, self.epoch)

    def step(self, name: str) -> None:
        getattr(self, name.replace(" ", "_"))()

    def patient(self) -> None:
        self.people.append(new_patient())
        self.desk.vault.add_patient(self.people[-1])

    def put(self) -> None:
        if self.people:
            self.count += 1
            image = self.desk.put(self.count, self.people[-1])
            self.owners[image] = self.people[-1].id

    def delete(self) -> None:
        if self.desk.stored:
            image = next(iter(self.desk.stored))
            self.desk.vault.delete_image(image)
            del self.desk.stored[image]

    def erase(self) -> None:
        if self.people:
            gone = self.people.pop(0).id
            self.desk.vault.erase_patient(gone)
            self.erased.add(gone)
            kept = self.desk.stored.items()
            self.desk.stored = {i: px for i, px in kept if self.owners[i] != gone}

    def rotate(self) -> None:
        self.epoch += 1
        self.desk.vault.rotate(self.keys())

    def back_up(self) -> None:
        source = self.desk.vault.backups.source(self.keys())
        report = back_up(self.desk.repository(), source, self.desk.around())
        self.snapshots[report.manifest.number] = dict(self.desk.stored)

    def forget(self) -> None:
        if self.snapshots and self.erased:
            self.rotate()
            replacement = Replacement("both", "after", {})
            work = self.desk.folder
            forget(self.desk.repository(), self.keys(), self.erased, replacement, work)
            for number, held in self.snapshots.items():
                self.snapshots[number] = {
                    i: px for i, px in held.items() if self.owners[i] not in self.erased
                }


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_backup_and_restore_are_the_identity_on_what_was_acknowledged(steps: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        run = Run(root)
        try:
            for step in [*steps, "back up"]:
                run.step(step)
        finally:
            run.desk.close()
        for number, expected in run.snapshots.items():
            report = restored(run.desk.medium, root / f"new{number}", run.keys(), number)
            assert report.is_whole
            with Vault.open(root / f"new{number}", run.keys()) as vault:
                people = [each.patient.id for each in vault.patients(limit=100)]
                found = {image.id for each in people for image in vault.images(each)}
                assert found == set(expected)
                assert all((vault.open_pixels(i) == px).all() for i, px in expected.items())
                assert vault.check(deep=True).is_sound
