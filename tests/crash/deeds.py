"""What a child does with a store under fire, and the look that a fresh process takes afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

import attrs
import numpy as np
from numpy.typing import NDArray

from tests.crash.ledger import Ledger, Teller
from tests.unit.vault.made_up import MadePicture, new_patient, new_picture
from viewer.model.errors import BitewingError
from viewer.model.ids import ImageId, PatientId
from viewer.vault.store import Vault

_AT_REST = {"vault.json", "catalog.db", "store.lock", "objects"}


def digest_of(raw: bytes | NDArray[np.generic]) -> str:
    """Return SHA-256 in hex."""
    whole = raw if isinstance(raw, bytes) else np.ascontiguousarray(raw).tobytes()
    return hashlib.sha256(whole).hexdigest()


AnyWork = TypeVar("AnyWork", bound="Work")


@attrs.define
class Work:
    """An open store in the child, and what it has done in it."""

    folder: Path
    vault: Vault
    teller: Teller
    random: np.random.Generator
    patients: list[PatientId]
    images: list[tuple[ImageId, PatientId]]
    goes_on: bool = False
    """Whether a refused deed ends the child (False) or is told and gone past (True)."""

    def head(self) -> list[Any]:
        """Return what is kept outside the store."""
        head = self.vault.head()
        return [head.generation, head.digest]

    def do(self, deed: str, act: Callable[[], object], /, **facts: Any) -> bool:
        """Tell, act, tell; return whether it was done."""
        self.teller.doing(deed, **facts)
        try:
            act()
        except BitewingError as fault:
            if not self.goes_on:
                raise
            self.teller.refused(deed, fault)
            return False
        self.teller.done(deed, head=self.head(), **facts)
        return True

    def add(self) -> bool:
        """Add a patient."""
        made = new_patient()
        is_done = self.do("add", lambda: self.vault.add_patient(made), patient=made.id)
        if is_done:
            self.patients.append(made.id)
        return is_done

    def put(self, shape: tuple[int, ...]) -> bool:
        """Put a picture of noise."""
        patient = self.patients[int(self.random.integers(len(self.patients)))]
        made = new_picture(patient, self.random.integers(0, 4000, shape).astype(np.uint16))
        made = attrs.evolve(made, headers=self.random.bytes(300))
        facts = facts_of(made)
        is_done = self.do("put", lambda: made.put(self.vault), image=made.record.id, facts=facts)
        if is_done:
            self.images.append((made.record.id, patient))
        return is_done

    def put_radiograph(self) -> bool:
        """Put a small radiograph: three objects of one chunk."""
        return self.put((20, 30))

    def put_volume(self) -> bool:
        """Put a small volume: two chunks of pixels."""
        return self.put((6, 400, 300))

    def delete(self) -> bool:
        """Delete an image if there is one."""
        if not self.images:
            return self.put_radiograph()
        image, _ = self.images.pop(int(self.random.integers(len(self.images))))
        return self.do("delete", lambda: self.vault.delete_image(image), image=image)

    def edit(self) -> bool:
        """Change what is known about an image."""
        if not self.images:
            return self.put_radiograph()
        image, _ = self.images[int(self.random.integers(len(self.images)))]
        record = attrs.evolve(self.vault.record(image), description=f"{self.random.integers(99)}")
        return self.do("edit", lambda: self.vault.update_record(record))


def facts_of(made: MadePicture) -> list[str]:
    """Return whose a picture is, and the digests of its parts."""
    parts = (made.pixels, made.headers, made.thumbnail)
    return [made.record.patient_id, *(digest_of(part) for part in parts)]


def begin_with(
    kind: type[AnyWork], folder: Path, vault: Vault, ledger: Ledger, teller: Teller, seed: int
) -> AnyWork:
    """Return the work of a child on a store that it has opened."""
    people = [PatientId(patient) for patient in sorted(ledger.patients)]
    images = [(ImageId(i), PatientId(facts[0])) for i, facts in sorted(ledger.images.items())]
    return kind(folder, vault, teller, np.random.default_rng(seed), people, images)


def look_at(folder: Path, opened: Callable[[], AbstractContextManager[Vault]]) -> dict[str, Any]:
    """Open a store and return all there is, bit for bit."""
    try:
        with opened() as vault:
            seen = contents(vault)
    except BitewingError as fault:
        return {"fault": f"{type(fault).__name__}: {fault}"}
    return {**seen, "strays": strays(folder)}


def contents(vault: Vault) -> dict[str, Any]:
    """Return everything an open store holds, and what its check finds."""
    people = [one.patient.id for one in vault.patients(limit=10_000)]
    images = [image.id for person in people for image in vault.images(person)]
    head = vault.head()
    return {
        "patients": people,
        "images": {image: _facts(vault, image) for image in images},
        "findings": [finding.words for finding in vault.check(deep=True).findings],
        "head": [head.generation, head.digest],
    }


def _facts(vault: Vault, image: ImageId) -> list[str]:
    whose = vault.record(image).patient_id
    try:
        parts = (vault.open_pixels(image), vault.headers(image), vault.thumbnail(image))
    except BitewingError as fault:
        return [whose, type(fault).__name__]
    return [whose, *(digest_of(part) for part in parts)]


def strays(folder: Path, more: frozenset[str] = frozenset()) -> list[str]:
    """Return what lies in a closed store's folder and has no business there."""
    odd = [path.name for path in folder.iterdir() if path.name not in _AT_REST | more]
    objects = (path for path in (folder / "objects").rglob("*") if path.is_file())
    return odd + [path.name for path in objects if len(path.name) != 32]
