"""What a child acknowledged before it died, and whether what is found afterwards honours it.

The child tells each deed twice: `doing` before and `done` after. What was `doing` when it died is
in doubt and may be there whole or not at all. Everything `done` must be as it was told.
"""

from __future__ import annotations

import json
import os
from typing import Any

import attrs


class Teller:
    """The child's side: one JSON line for each thing it begins or acknowledges."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def doing(self, deed: str, **facts: Any) -> None:
        """Say what is about to be done."""
        self._say("doing", deed, facts)

    def done(self, deed: str, **facts: Any) -> None:
        """Acknowledge it."""
        self._say("done", deed, facts)

    def refused(self, deed: str, fault: BaseException) -> None:
        """Say that it was refused, by the type of the error and what it was raised from."""
        self._say("refused", deed, {"fault": type(fault).__name__, "cause": repr(fault.__cause__)})

    def _say(self, word: str, deed: str, facts: dict[str, Any]) -> None:
        line = json.dumps({"word": word, "deed": deed, **facts}) + "\n"
        os.write(self._descriptor, line.encode())


@attrs.define
class Ledger:
    """All that was acknowledged over the life of one store."""

    patients: set[str] = attrs.field(factory=set)
    images: dict[str, list[str]] = attrs.field(factory=dict)
    """Image → patient, and digests of pixels, headers and thumbnail."""
    erased: set[str] = attrs.field(factory=set)
    perhaps_erased: set[str] = attrs.field(factory=set)
    head: tuple[int, str] | None = None
    facts: dict[str, Any] = attrs.field(factory=dict)
    """The last told value of everything else: the epoch in force, a backup's state …"""
    doubt: dict[str, Any] | None = None
    """What was under way at the end."""
    refusals: list[dict[str, Any]] = attrs.field(factory=list)
    deeds: dict[str, int] = attrs.field(factory=dict)

    def hear(self, told: bytes) -> None:
        """Take over what a child told; a line cut off by its death was never told."""
        self.doubt = None
        for line in told.split(b"\n")[:-1]:
            said = json.loads(line)
            word, deed = said.pop("word"), said.pop("deed")
            if word == "doing":
                self.doubt = {"deed": deed, **said}
                continue
            if word == "refused":
                self.refusals.append({"deed": deed, **said})
                if deed == "erase" and self.doubt:  # refused may mean: done, but the log not cut
                    self.perhaps_erased.add(self.doubt["patient"])
                continue
            self.deeds[deed] = self.deeds.get(deed, 0) + 1
            self.doubt = None
            self._take(deed, said)

    def _take(self, deed: str, said: dict[str, Any]) -> None:
        if "head" in said:
            generation, digest = said.pop("head")
            self.head = (generation, digest)
        if deed == "put":
            self.images[said["image"]] = said["facts"]
        elif deed == "move":
            facts = self.images[said["image"]]
            self.images[said["image"]] = [said["into"], *facts[1:]]
        elif deed == "add":
            self.patients.add(said["patient"])
        elif deed == "delete":
            del self.images[said["image"]]
        elif deed == "erase":
            self._forget(said["patient"])
        else:
            self.facts.update(said)

    def _forget(self, patient: str) -> None:
        self.erased.add(patient)
        self.patients.discard(patient)
        self.images = {i: facts for i, facts in self.images.items() if facts[0] != patient}

    def settle(self, seen: dict[str, Any]) -> list[str]:
        """Compare with what a fresh process found; return the faults, then believe what is there.

        `seen`: `images` (id → facts), `patients`, `findings`, `strays`, `head`.
        """
        if "fault" in seen:
            return [f"the store does not open: {seen['fault']} (in doubt: {self.doubt})"]
        faults = self._lost(seen) + self._risen(seen)
        faults += [f"check: {words}" for words in seen["findings"]]
        faults += [f"left behind: {name}" for name in seen["strays"]]
        self.images = {image: list(facts) for image, facts in seen["images"].items()}
        self.erased |= self.patients - set(seen["patients"])
        self.patients = set(seen["patients"])
        self.head = tuple(seen["head"])
        self.doubt = None
        self.perhaps_erased.clear()
        return faults

    def _doubted(self, deed: str, name: str) -> str:
        doubt = self.doubt or {}
        return str(doubt.get(name, "")) if doubt.get("deed") == deed else ""

    def _lost(self, seen: dict[str, Any]) -> list[str]:
        deleting = self._doubted("delete", "image")
        moving, into = self._doubted("move", "image"), self._doubted("move", "into")
        erasing = self.perhaps_erased | {self._doubted("erase", "patient")}
        faults = []
        for image, facts in self.images.items():
            if image in seen["images"]:
                allowed = [facts, [into, *facts[1:]]] if image == moving else [facts]
                if seen["images"][image] not in allowed:
                    faults.append(f"acknowledged image {image} changed: {seen['images'][image]}")
            elif image != deleting and facts[0] not in erasing:
                faults.append(f"acknowledged image {image} is lost (in doubt: {self.doubt})")
        gone = self.patients - set(seen["patients"]) - erasing
        return faults + [f"acknowledged patient {patient} is lost" for patient in sorted(gone)]

    def _risen(self, seen: dict[str, Any]) -> list[str]:
        putting, adding = self._doubted("put", "image"), self._doubted("add", "patient")
        faults = [f"erased patient {p} is back" for p in self.erased & set(seen["patients"])]
        for image, facts in seen["images"].items():
            if image in self.images:
                continue
            if image != putting:
                faults.append(f"image {image} is listed and was never acknowledged")
            elif facts != (self.doubt or {})["facts"]:
                faults.append(f"the image in doubt is listed half: {facts}")
        new = set(seen["patients"]) - self.patients - self.erased - {adding}
        return faults + [f"patient {patient} was never acknowledged" for patient in sorted(new)]
