"""Whatever happens in whatever order: an acknowledged image opens here or lies in an archive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from tests.unit.vault.made_up import new_keys, new_patient, new_picture
from tests.unit.vault.test_keeping import NOW, OFFICER, Folder, Trail, pixels_of
from viewer.model.errors import BitewingError
from viewer.model.ids import ImageId
from viewer.vault.errors import KeptElsewhere, UnderLegalHold
from viewer.vault.store import Vault

Choice = TypeVar("Choice")


class Practice:
    """A store, two archives and a memory of what was acknowledged."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.random = folder, np.random.default_rng(seed)
        self.archives = [Folder("usb"), Folder("nas")]
        self.acknowledged: dict[ImageId, int] = {}
        self.trail = Trail()
        self.day = 0
        Vault.create(folder, new_keys())
        self.vault = Vault.open(folder, new_keys())
        self.people = [new_patient(f"P{number}") for number in range(3)]
        for person in self.people:
            self.vault.add_patient(person)
        for archive in self.archives:
            self.vault.keeping.know_archive(archive.archive_id, archive.archive_id.upper())
        self.tell_time()

    def tell_time(self) -> None:
        self.vault.keeping.now = lambda: NOW + timedelta(days=self.day)

    def pick(self, choices: Sequence[Choice]) -> Choice:
        return choices[self.below(len(choices))]

    def below(self, end: int) -> int:
        return int(self.random.integers(end))

    def any_image(self) -> ImageId | None:
        return self.pick(list(self.acknowledged)) if self.acknowledged else None

    def bring_in(self) -> None:
        value = self.below(4000)
        person = self.pick(self.people)
        pixels = np.full((8, 9), value, np.uint16)
        made = new_picture(person.id, pixels, study=f"1.{self.below(9)}")
        self.acknowledged[made.put(self.vault).id] = value

    def back_up(self) -> None:
        archive = self.pick(self.archives)
        held = [
            archive.take(self.vault, image_id)
            for image_id in self.acknowledged
            if self.vault.keeping.is_here(image_id) and self.random.random() < 0.7
        ]
        self.vault.mark_held(archive.archive_id, held)

    def archive_loses_one(self) -> None:
        archive = self.pick(self.archives)
        image_id = self.any_image()
        if image_id is not None and self.vault.keeping.is_here(image_id):
            object_id = pixels_of(self.vault, image_id)
            archive.files.pop(object_id, None)
            self.vault.keeping.declare_lost(archive.archive_id, [object_id])

    def forget_archive(self) -> None:
        archive = self.pick(self.archives)
        try:
            self.vault.forget_held(archive.archive_id)
        except BitewingError:
            return
        archive.files.clear()
        self.vault.keeping.know_archive(archive.archive_id, "anew")

    def evict(self) -> None:
        self.trail.is_full = self.random.random() < 0.2
        is_killed = self.random.random() < 0.3
        if is_killed:
            self.vault._sealed.discard = list  # type: ignore[method-assign, assignment]
        try:
            self.vault.keeping.evict(self.pick([1, 300, 1 << 40]), self.trail)
        except BitewingError:
            assert self.trail.is_full or self.day
        if is_killed:
            self.reopen()

    def open_one(self) -> None:
        image_id = self.any_image()
        if self.random.random() < 0.5:
            self.vault.keeping.connect(self.pick(self.archives))
        if image_id is None:
            return
        try:
            pixels = self.vault.open_pixels(image_id)
        except KeptElsewhere:
            assert not self.vault.keeping.is_here(image_id)
        else:
            assert (pixels == self.acknowledged[image_id]).all()

    def delete_one(self) -> None:
        image_id = self.any_image()
        if image_id is None:
            return
        patient_id = self.vault.record(image_id).patient_id
        was_held = self.vault.keeping.is_held(patient_id)
        try:
            self.vault.delete_image(image_id)
        except UnderLegalHold:
            assert was_held
        else:
            assert not was_held
            del self.acknowledged[image_id]

    def hold_or_release(self) -> None:
        holds = self.vault.keeping.holds()
        if holds and self.random.random() < 0.8:
            self.vault.keeping.release_hold(holds[0].number, "Settled", OFFICER)
        else:
            person = self.pick(self.people)
            self.vault.keeping.put_hold(person.id, "Letter", OFFICER)

    def purge(self) -> None:
        for due in self.vault.keeping.due():
            if due.is_held:
                continue
            try:
                self.vault.keeping.purge(due.patient_id, due.code, self.trail)
            except BitewingError:
                continue
            for image_id in due.image_ids:
                del self.acknowledged[image_id]
            if due.is_whole:
                self.people = [each for each in self.people if each.id != due.patient_id]
                self.people.append(new_patient("anew"))
                self.vault.add_patient(self.people[-1])

    def pass_days(self) -> None:
        self.day += self.pick([1, 1, 5, 20, 40, -30, 4000])

    def say_the_clock_is_right(self) -> None:
        self.vault.keeping.accept_clock()

    def reopen(self) -> None:
        head = self.vault.head()
        self.vault.close()
        (self.folder / "store.open").touch()
        self.vault = Vault.open(self.folder, new_keys(), head)
        self.tell_time()

    def send_all_away(self) -> None:
        """All that is left goes, so that each run ends with everything coming back."""
        self.bring_in()
        for hold in self.vault.keeping.holds():
            self.vault.keeping.release_hold(hold.number, "Settled", OFFICER)
        self.reopen()
        self.vault.keeping.accept_clock()
        archive = self.archives[0]
        here = [each for each in self.acknowledged if self.vault.keeping.is_here(each)]
        self.vault.mark_held("usb", [archive.take(self.vault, each) for each in here])
        self.trail.is_full = False
        gone = self.vault.keeping.evict(1 << 40, self.trail)
        assert sorted(gone.image_ids) == sorted(here)

    def is_promise_kept(self) -> bool:
        """Whether each acknowledged image is whole here or whole in an archive that is known."""
        for image_id, value in self.acknowledged.items():
            if not self.vault.keeping.is_here(image_id):
                object_id = pixels_of(self.vault, image_id)
                if not any(object_id in archive.files for archive in self.archives):
                    return False
                continue
            if not (self.vault.open_pixels(image_id) == value).all():
                return False
        return self.vault.check(deep=True).is_sound


STEPS: dict[Callable[[Practice], None], int] = {
    Practice.bring_in: 4, Practice.back_up: 3, Practice.archive_loses_one: 1,
    Practice.forget_archive: 1, Practice.evict: 3, Practice.open_one: 3,
    Practice.delete_one: 1, Practice.hold_or_release: 1, Practice.purge: 1,
    Practice.pass_days: 1, Practice.say_the_clock_is_right: 1, Practice.reopen: 1,
}  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_every_acknowledged_image_opens_here_or_lies_in_an_archive(
    tmp_path: Path, seed: int
) -> None:
    practice = Practice(tmp_path / "store", seed)
    steps = [step for step, weight in STEPS.items() for _ in range(weight)]
    try:
        for _ in range(60):
            practice.pick(steps)(practice)
        practice.reopen()
        assert practice.is_promise_kept()
        practice.send_all_away()
        assert practice.is_promise_kept()
        for archive in practice.archives:
            practice.vault.keeping.connect(archive)
        for image_id, value in practice.acknowledged.items():
            assert (practice.vault.open_pixels(image_id) == value).all()
    finally:
        practice.vault.close()
