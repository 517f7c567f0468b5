"""A whole practice under fire: accounts, trail, outside heads and store, through the use cases."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from tests.crash.deeds import Work, begin_with, contents, strays
from tests.crash.ledger import Ledger, Teller
from tests.crash.syscalls import look
from tests.support.practice import OFFICER, PASSWORD
from viewer.app import restoring
from viewer.app.clinic import Clinic, Founding
from viewer.app.use_cases import backups, keeping, keys
from viewer.crypto.derive import SMALLEST_STRETCH
from viewer.model.errors import BitewingError
from viewer.model.ids import UserId
from viewer.session.audit.verify import verify_trail
from viewer.session.keystore import FileKeyStore
from viewer.session.recovery import RecoveryKey
from viewer.vault.errors import StoreExists

_NEW = "copper lantern meadow bicycle"  # made up for tests
_AT_REST = frozenset(
    {
        "throttle.lock",
        "throttle.json",
        "accounts.json",
        "accounts.lock",
        "catalog.copy",
        "catalog.copy.new",
        "trail",
        "steps.json",
        "steps.lock",
    }
)


def keystore_of(root: Path) -> FileKeyStore:
    """Return the key store of the practice below `root`."""
    return FileKeyStore(root / "keys" / "keys.json")


def store_of(root: Path) -> Path:
    """Return the store's folder."""
    return root / "store"


def found_in(root: Path) -> None:
    """Found the practice, and keep its recovery sheet beside it."""
    founding = Founding("Test Practice", OFFICER, PASSWORD, stretch=SMALLEST_STRETCH)
    recovery = Clinic.found(store_of(root), keystore_of(root), founding)
    (root / "sheet.txt").write_text(recovery.text)
    recovery.wipe()


@contextmanager
def at_work(root: Path, ledger: Ledger | None = None) -> Iterator[Clinic]:
    """Open the practice and log in; it keeps its own heads, whatever a ledger says."""
    clinic = Clinic(store_of(root), keystore_of(root))
    try:
        clinic.log_in(OFFICER, PASSWORD)
        yield clinic
    finally:
        clinic.close()


@attrs.define
class PracticeWork(Work):
    """Work in a practice: the same deeds, and those that need more than the vault."""

    clinic: Clinic | None = None
    backed: list[str] = attrs.field(factory=list)
    """The images that the last acknowledged backup must hold."""

    def head(self) -> list[Any]:
        """Return nothing to keep: the practice keeps its own heads outside."""
        return [0, ""]

    @property
    def here(self) -> Clinic:
        """The practice, logged in."""
        if self.clinic is None:
            raise RuntimeError("work without a practice")
        return self.clinic

    def keep_head(self) -> bool:
        """Keep the catalog's head outside, as an import does at its end."""
        return self.do("keep head", lambda: self.here.keep_catalog_head(self.vault))

    def draft(self) -> bool:
        """Keep unfinished work."""
        blob = self.random.bytes(200)
        return self.do("draft", lambda: self.vault.save_draft(UserId("d" * 32), "desk", blob))

    def rotate(self) -> bool:
        """Begin an epoch, move the store to it, retire those before."""
        return self.do("rotate", lambda: keys.rotate_keys(self.here, keys.RotateKeys()))

    def reseal(self) -> bool:
        """Seal everything anew."""
        return self.do("reseal", lambda: keys.seal_anew(self.here, keys.SealAnew()))

    def erase(self) -> bool:
        """Erase a patient, with all that goes with it; a fresh one comes for it."""
        self.add()
        if self.random.integers(2):
            self.put_radiograph()
        patient = self.patients.pop(int(self.random.integers(len(self.patients))))
        self.images = [pair for pair in self.images if pair[1] != patient]
        request = keys.ErasePatient(patient, "asked for by the patient")
        return self.do("erase", lambda: keys.erase_patient(self.here, request), patient=patient)

    @property
    def root(self) -> Path:
        """Where store, keys, medium and sheet lie."""
        return self.folder.parent

    def backup(self) -> bool:
        """Make a snapshot on the medium."""
        request = backups.BackUp(self.root / "medium")
        held = sorted(image for image, _ in self.images)
        return self.do("backup", lambda: backups.back_up(self.here, request), backed=held)

    def evict(self) -> bool:
        """Send away whatever a backup holds; the next look brings it back."""
        request = keeping.EvictImages(1 << 40)
        return self.do("evict", lambda: keeping.evict_images(self.here, request))

    def restore(self) -> bool:
        """Restore on an empty machine with the sheet alone, and compare all that must be there."""
        if not self.backed and not self.backup():
            return False
        sheet = RecoveryKey.from_text((self.root / "sheet.txt").read_text())
        target, keystore = self.root / "restored", FileKeyStore(self.root / "keys2" / "keys.json")
        request = restoring.RestoreRequest(self.root / "medium", target, OFFICER, _NEW)

        def bring_back() -> None:
            try:
                restoring.restore(keystore, request, sheet)
            except StoreExists:  # an earlier child ended it, maybe from an older snapshot
                shutil.rmtree(
                    target.rename(self.root / f"restored {self.random.integers(1 << 60)}")
                )
                restoring.restore(keystore, request, sheet)

        if not self.do("restore", bring_back):
            return False
        clinic = Clinic(target, keystore)
        try:
            clinic.log_in(OFFICER, _NEW)
            found = contents(clinic.vault)
        finally:
            clinic.close()
        here = contents(self.vault)["images"]
        lost = [i for i in self.backed if i in here and found["images"].get(i) != here[i]]
        if lost or found["findings"]:
            raise RuntimeError(f"restored, but lost {lost} or found {found['findings']}")
        gone = target.rename(self.root / f"restored {self.random.integers(1 << 60)}")
        shutil.rmtree(gone)
        self.teller.done("restored whole")
        return True


def begin_work(
    root: Path, clinic: Clinic, ledger: Ledger, teller: Teller, seed: int
) -> PracticeWork:
    """Return the work of a child that has logged in."""
    work = begin_with(PracticeWork, store_of(root), clinic.vault, ledger, teller, seed)
    work.clinic, work.backed = clinic, ledger.facts.get("backed", [])
    return work


def deeds() -> dict[str, Callable[[Any], object]]:
    """Return what can be shot at, by name; a deed stands here as soon as the product has it."""
    return {
        "add": PracticeWork.add,
        "put": lambda work: [work.put_radiograph, work.put_volume][int(work.random.integers(2))](),
        "edit": PracticeWork.edit,
        "delete": PracticeWork.delete,
        "keep head": PracticeWork.keep_head,
        "draft": PracticeWork.draft,
        "rotate": PracticeWork.rotate,
        "reseal": PracticeWork.reseal,
        "erase": PracticeWork.erase,
        "backup": PracticeWork.backup,
        "evict": PracticeWork.evict,
        "restore": PracticeWork.restore,
    }


def look_at_fresh(root: Path, ledger: Ledger | None = None) -> dict[str, Any]:
    """Look in a process of its own."""
    return look(root, look_at_practice)


def look_at_practice(root: Path) -> dict[str, Any]:
    """Start as the next morning would, and return all there is."""
    folder = store_of(root)
    try:
        with at_work(root) as clinic:
            seen = contents(clinic.vault)
            lines = (folder / "trail" / "public.key").read_text()
            practice_id = clinic.practice.id
    except BitewingError as fault:
        return {"fault": f"{type(fault).__name__}: {fault}"}
    verdict = verify_trail(folder, lines, keystore_of(root).read_head(practice_id, "trail"))
    if not verdict.is_whole:
        seen["findings"].append(verdict.words)
    left = [name for name in strays(folder, _AT_REST) if not _waits_for_next_write(folder, name)]
    return {**seen, "strays": left}


def _waits_for_next_write(folder: Path, name: str) -> bool:
    """Whether a stray is of a kind that the next write of its file, or the next backup, removes.

    A leftover of the accounts may hold keys: none may outlive a later write of the accounts.
    """
    if name.startswith("backup-"):
        return True
    kept = next((kept for kept in _AT_REST if name.startswith(f".{kept}.")), None)
    if kept is None or not (folder / kept).exists():
        return False
    return (folder / name).stat().st_mtime_ns > (folder / kept).stat().st_mtime_ns
