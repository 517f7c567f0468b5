"""The sealed index beside the trail: facts that were read before, for whoever holds the trail key.

::

    trail/index/<segment>.index = block*
    block  = length(u32) sealed
    sealed = AES-GCM(HKDF(trail key, origin), header length(u32) ‖ header JSON ‖ rows)

A block says from which byte of the segment to which it goes, and the hash of the record that ends
there; it is bound to where it begins. So blocks of another segment, an edited one, a missing one
or one of a trail that was written anew since are not used: the trail itself is read instead. The
index holds nothing that is not in the trail, and can be deleted at any time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from viewer.crypto.aead import seal, unseal
from viewer.crypto.derive import context, derive
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.secret import Secret
from viewer.model.ids import PatientId
from viewer.session.audit.facts import (
    FACT,
    KINDS,
    OUTCOMES,
    Ledger,
    Names,
    Rows,
    actor_of,
    local_days,
)
from viewer.session.audit.frames import MAGIC, Bytes, NoFrame, read_frame_before
from viewer.session.audit.segment import trail_folder
from viewer.session.files import process_lock

_LENGTH_BYTES = 4
_LARGEST_BLOCK = 1 << 30


def index_folder(store_folder: Path) -> Path:
    """Return where a store keeps the index of its trail."""
    return trail_folder(store_folder) / "index"


@attrs.frozen
class Block:
    """Facts of the records from byte `start` to byte `end` of a segment."""

    start: int
    end: int
    leaf: bytes
    rows: Rows
    unreadable: tuple[int, ...] = ()


class SegmentIndex:
    """The index file of one segment."""

    def __init__(self, store_folder: Path, number: int, origin: str, trail_key: Secret) -> None:
        self._path = index_folder(store_folder) / f"{number:04d}.index"
        self._number = number
        self._origin = origin
        self._key = derive(trail_key, context("bitewing trail index v1", origin))
        self._end = 0
        self.kept_to = len(MAGIC)
        """Up to which byte of the segment the index goes."""
        self.unreadable: set[int] = set()
        """Numbers of the records up to there that could not be opened."""

    def blocks(self, file: Bytes, ledger: Ledger) -> Iterator[Block]:
        """Yield what is known of a segment, as it follows on from its beginning.

        Names are entered into `ledger`, rows are not.
        """
        try:
            raw = memoryview(self._path.read_bytes())
        except OSError:
            return
        while (block := self._block(raw, self.kept_to, file, ledger)) is not None:
            self.kept_to = block.end
            self.unreadable.update(block.unreadable)
            yield block

    def _block(self, raw: memoryview, start: int, file: Bytes, ledger: Ledger) -> Block | None:
        first = self._end + _LENGTH_BYTES
        length = int.from_bytes(raw[self._end : first], "big")
        if first + length > len(raw) or not 0 < length < _LARGEST_BLOCK:
            return None
        try:
            plain = unseal(self._key, raw[first : first + length], self._bound(start))
            block = self._from_plain(plain, ledger)
            last = read_frame_before(file, block.end) if block.end <= len(file) else None
        except (NotAuthentic, ValueError, KeyError, NoFrame):
            return None
        if last is None or last.leaf != block.leaf:
            return None
        self._end = first + length
        return block

    def write(self, block: Block, ledger: Ledger) -> None:
        """Append a block behind those that were loaded or written.

        Raises
        ------
        OSError
            The disk refused; the index is as good as before.
        """
        sealed = seal(self._key, self._to_plain(block, ledger), self._bound(block.start))
        self._path.parent.mkdir(exist_ok=True)
        with process_lock(self._path.parent / "lock"):
            self._path.touch(0o600)
            with self._path.open("r+b") as file:
                file.seek(self._end)
                file.write(len(sealed).to_bytes(_LENGTH_BYTES, "big") + sealed)
                file.truncate()
        self._end += _LENGTH_BYTES + len(sealed)
        self.kept_to = block.end
        self.unreadable.update(block.unreadable)

    def wipe(self) -> None:
        """Overwrite the key."""
        self._key.wipe()

    def _bound(self, start: int) -> bytes:
        return context("bitewing trail index v1", self._origin, start)

    def _to_plain(self, block: Block, ledger: Ledger) -> bytes:
        actors, rows = Names[int](), block.rows.copy()
        patients, workstations = Names[int](), Names[int]()
        rows["actor"] = _renumbered(rows["actor"], actors)
        rows["workstation"] = _renumbered(rows["workstation"], workstations)
        has_patient = rows["patient"] >= 0
        rows["patient"][has_patient] = _renumbered(rows["patient"][has_patient], patients)
        who = [ledger.actors.all[place] for place in actors.all]
        header = json.dumps({
            "start": block.start,
            "end": block.end,
            "leaf": block.leaf.hex(),
            "unreadable": block.unreadable,
            "kinds": [kind.name for kind in KINDS],
            "outcomes": [outcome.name for outcome in OUTCOMES],
            "actors": [(each.user_id, each.name, each.role) for each in who],
            "patients": [ledger.patients.all[place] for place in patients.all],
            "workstations": [ledger.workstations.all[place] for place in workstations.all],
            "rows": rows.dtype.descr,
        }).encode()  # fmt: skip
        return len(header).to_bytes(_LENGTH_BYTES, "big") + header + rows.tobytes()

    def _from_plain(self, plain: bytes, ledger: Ledger) -> Block:
        size = int.from_bytes(plain[:_LENGTH_BYTES], "big")
        header = json.loads(plain[_LENGTH_BYTES : _LENGTH_BYTES + size])
        if header["rows"] != [list(each) for each in FACT.descr]:
            raise ValueError("an index of another format")
        rows = np.frombuffer(plain, FACT, offset=_LENGTH_BYTES + size).copy()
        known_kinds = {kind.name: place for place, kind in enumerate(KINDS)}
        known_outcomes = {each.name: place for place, each in enumerate(OUTCOMES)}
        rows["kind"] = _mapped(rows["kind"], [known_kinds[name] for name in header["kinds"]])
        outcomes = [known_outcomes[name] for name in header["outcomes"]]
        rows["outcome"] = _mapped(rows["outcome"], outcomes)
        actors = [ledger.actors.place(actor_of(each)) for each in header["actors"]]
        rows["actor"] = _mapped(rows["actor"], actors)
        names = [ledger.workstations.place(name) for name in header["workstations"]]
        rows["workstation"] = _mapped(rows["workstation"], names)
        patients = [ledger.patients.place(PatientId(name)) for name in header["patients"]]
        has_patient = rows["patient"] >= 0
        rows["patient"][has_patient] = _mapped(rows["patient"][has_patient], patients)
        rows["day"] = local_days(rows["wall_us"])  # the machine may stand elsewhere now
        return Block(
            header["start"],
            header["end"],
            bytes.fromhex(header["leaf"]),
            rows,
            tuple(header["unreadable"]),
        )


def _renumbered(column: np.ndarray[Any, Any], met: Names[int]) -> np.ndarray[Any, Any]:
    """Return a column that counts in the order of `met`, which takes what occurs in it."""
    values, places = np.unique(column, return_inverse=True)
    for value in values.tolist():
        met.place(value)
    return places


def _mapped(column: np.ndarray[Any, Any], table: list[int]) -> np.ndarray[Any, Any]:
    mapped: np.ndarray[Any, Any] = np.array(table or [0])[column]
    return mapped
