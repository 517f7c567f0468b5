"""The bare vault under fire: keys that count upwards, rotation, sealing anew and erasing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from tests.crash.deeds import Work, begin_with, look_at
from tests.crash.ledger import Ledger, Teller
from tests.crash.syscalls import look
from viewer.crypto.secret import Secret
from viewer.vault.records import VaultHead, VaultKeys
from viewer.vault.store import Vault

PRACTICE = "a" * 32


def keys_between(oldest: int, newest: int) -> VaultKeys:
    """Return the epochs that were not retired yet; the newest is in force."""
    made = {epoch: Secret(epoch.to_bytes(2, "big") * 16) for epoch in range(oldest, newest + 1)}
    return VaultKeys(PRACTICE, made, newest)


def keys_of(ledger: Ledger) -> VaultKeys:
    """Return the keys that the accounts would give now."""
    return keys_between(ledger.facts.get("oldest", 1), ledger.facts.get("newest", 1))


@attrs.define
class VaultWork(Work):
    """Work in the bare vault."""

    oldest: int = 1
    newest: int = 1

    def rotate(self) -> bool:
        """Begin an epoch, unless one is under way; move the store to it; retire those before."""
        if self.oldest == self.newest:
            self.newest += 1
            self.teller.done("begin epoch", newest=self.newest)
        complete: list[bool] = []

        def move() -> None:
            with_both = keys_between(self.oldest, self.newest)
            complete.append(self.vault.rotate(with_both).is_complete)

        if not self.do("rotate", move):
            return False
        if not complete[-1]:
            raise RuntimeError("a rotation ended and something was left in the old epoch")
        self.oldest = self.newest
        self.teller.done("retire", oldest=self.oldest)
        return True

    def reseal(self) -> bool:
        """Seal everything anew."""
        return self.do("reseal", self.vault.reseal)

    def move(self) -> bool:
        """Move an image from one patient to another, a fresh one where there is no other."""
        if not self.images:
            return self.put_radiograph()
        place = int(self.random.integers(len(self.images)))
        image, whose = self.images[place]
        others = [each for each in self.patients if each != whose]
        if not others:
            if not self.add():
                return False
            others = [self.patients[-1]]
        into = others[int(self.random.integers(len(others)))]
        moved = self.do(
            "move", lambda: self.vault.moving.move([image], into), image=image, into=into
        )
        if moved:
            self.images[place] = (image, into)
        return moved

    def erase(self) -> bool:
        """Erase a patient; a fresh one comes for it."""
        if not self.add():
            return False
        if self.random.integers(2):
            self.put_radiograph()
        patient = self.patients.pop(int(self.random.integers(len(self.patients))))
        self.images = [pair for pair in self.images if pair[1] != patient]
        return self.do("erase", lambda: self.vault.erase_patient(patient), patient=patient)


def found_in(root: Path) -> None:
    """Make an empty store."""
    Vault.create(root / "store", keys_between(1, 1))


def opened(root: Path, ledger: Ledger) -> Vault:
    """Open the store with the keys that the accounts would give, and the head last seen."""
    head = VaultHead(*ledger.head) if ledger.head else None
    return Vault.open(root / "store", keys_of(ledger), expected=head)


@contextmanager
def at_work(root: Path, ledger: Ledger) -> Iterator[Vault]:
    """Open the store, and close it."""
    with opened(root, ledger) as vault:
        yield vault


def begin_work(root: Path, vault: Vault, ledger: Ledger, teller: Teller, seed: int) -> VaultWork:
    """Return the work of a child that has opened the store."""
    work = begin_with(VaultWork, root / "store", vault, ledger, teller, seed)
    work.oldest, work.newest = ledger.facts.get("oldest", 1), ledger.facts.get("newest", 1)
    return work


def deeds() -> dict[str, Callable[[Any], object]]:
    """Return what can be shot at, by name."""
    return {
        "rotate": VaultWork.rotate,
        "erase": VaultWork.erase,
        "reseal": VaultWork.reseal,
        "put": lambda work: [work.put_radiograph, work.put_volume][int(work.random.integers(2))](),
        "add": VaultWork.add,
        "delete": VaultWork.delete,
        "edit": VaultWork.edit,
        "move": VaultWork.move,
    }


def look_at_fresh(root: Path, ledger: Ledger) -> dict[str, Any]:
    """Look in a process of its own."""

    def observe(root: Path) -> dict[str, Any]:
        return look_at(root / "store", lambda: at_work(root, ledger))

    return look(root, observe)
