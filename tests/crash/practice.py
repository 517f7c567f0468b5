"""A whole practice under fire: accounts, trail, outside heads and store, through the use cases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tests.crash.deeds import Work, digest_of
from tests.crash.ledger import Ledger, Teller
from tests.crash.syscalls import look
from tests.support.practice import OFFICER, PASSWORD, found
from viewer.app.clinic import Clinic
from viewer.app.use_cases import store
from viewer.model.errors import BitewingError
from viewer.model.ids import ImageId, PatientId, UserId
from viewer.session.audit.verify import verify_trail
from viewer.session.keystore import FileKeyStore

_AT_REST = {
    "vault.json", "catalog.db", "store.lock", "objects", "throttle.lock", "throttle.json",
    "accounts.json", "accounts.lock", "trail",
}  # fmt: skip


def keystore_of(root: Path) -> FileKeyStore:
    """Return the key store of the practice below `root`."""
    return FileKeyStore(root / "keys" / "keys.json")


def store_of(root: Path) -> Path:
    """Return the store's folder."""
    return root / "store"


def found_in(root: Path) -> None:
    """Found the practice."""
    found(store_of(root), keystore_of(root))


@contextmanager
def at_work(root: Path) -> Iterator[Clinic]:
    """Open the practice and log in."""
    clinic = Clinic(store_of(root), keystore_of(root))
    try:
        clinic.log_in(OFFICER, PASSWORD)
        yield clinic
    finally:
        clinic.close()


class PracticeWork(Work):
    """Work in a practice: the same deeds, and those that need more than the vault."""

    def head(self) -> list[Any]:
        """Return nothing to keep: the practice keeps its own heads outside."""
        return [0, ""]

    def keep_head(self) -> bool:
        """Keep the catalog's head outside, as an import does at its end."""
        return self.do("keep head", lambda: self.clinic.keep_catalog_head(self.vault))

    def draft(self) -> bool:
        """Keep unfinished work."""
        blob = self.random.bytes(200)
        return self.do("draft", lambda: self.vault.save_draft(UserId("d" * 32), "desk", blob))

    clinic: Clinic
    root: Path


def begin_work(root: Path, clinic: Clinic, ledger: Ledger, teller: Teller, seed: int) -> Any:
    """Return the work of a child that has logged in."""
    people = [PatientId(patient) for patient in sorted(ledger.patients)]
    images = [(ImageId(i), PatientId(facts[0])) for i, facts in sorted(ledger.images.items())]
    random = np.random.default_rng(seed)
    work = PracticeWork(store_of(root), clinic.vault, teller, random, people, images)
    work.clinic, work.root = clinic, root
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
    }


def look_at_fresh(root: Path) -> dict[str, Any]:
    """Look in a process of its own."""
    return look(root, look_at_practice)


def look_at_practice(root: Path) -> dict[str, Any]:
    """Start as the next morning would, and return all there is."""
    try:
        with at_work(root) as clinic:
            people = [one.patient.id for one in clinic.vault.patients(limit=10_000)]
            images = {i.id: i for person in people for i in clinic.vault.images(person)}
            report = store.check_store(clinic, store.CheckStore(deep=True))
            head = clinic.vault.head()
            seen = {
                "patients": people,
                "images": {image: _facts(clinic, image) for image in images},
                "findings": [finding.words for finding in report.findings],
                "head": [head.generation, head.digest],
            }
            trail = clinic.folder
            lines = (trail / "trail" / "public.key").read_text()
            practice_id = clinic.practice.id
    except BitewingError as fault:
        return {"fault": f"{type(fault).__name__}: {fault}"}
    verdict = verify_trail(trail, lines, keystore_of(root).read_head(practice_id, "trail"))
    if not verdict.is_whole:
        seen["findings"].append(verdict.words)
    return {**seen, "strays": strays(root)}


def _facts(clinic: Clinic, image: ImageId) -> list[str]:
    vault = clinic.vault
    whose = vault.record(image).patient_id
    try:
        parts = (vault.open_pixels(image), vault.headers(image), vault.thumbnail(image))
    except BitewingError as fault:
        return [whose, type(fault).__name__]
    return [whose, *(digest_of(part) for part in parts)]


def strays(root: Path) -> list[str]:
    """Return what lies in a closed practice's folder and has no business there."""
    folder = store_of(root)
    odd = [path.name for path in folder.iterdir() if path.name not in _AT_REST]
    objects = (path for path in (folder / "objects").rglob("*") if path.is_file())
    return odd + [path.name for path in objects if len(path.name) != 32]
