"""A segment: one trail file of one workstation, begun at founding or after a recovery."""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import attrs
import rfc8785

from viewer.crypto.derive import context
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.people import signing_public
from viewer.crypto.secret import Secret
from viewer.session.audit.frames import (
    FIRST_PREVIOUS,
    MAGIC,
    Bytes,
    Frame,
    FrameKind,
    NoFrame,
    checkpoint_body,
    frames_from,
    header_bytes,
    is_ours,
    read_frame_before,
    split_checkpoint,
    write_frame,
)
from viewer.session.audit.merkle import Frontier, leaf_hash
from viewer.session.audit.note import Checkpoint, PublicKey, open_checkpoint, sign_checkpoint
from viewer.session.device import device_id, device_key, workstation_name
from viewer.session.errors import TrailDamaged
from viewer.session.keystore import Head

_SEGMENT_SHIFT = 40
_NAME = re.compile(r"(\d{4})\.trail")


def trail_folder(store_folder: Path) -> Path:
    """Return where a store keeps its trail."""
    return store_folder / "trail"


def public_key_path(store_folder: Path) -> Path:
    """Return the file with one public key line a segment."""
    return trail_folder(store_folder) / "public.key"


def segment_path(store_folder: Path, number: int) -> Path:
    """Return the file of a segment."""
    return trail_folder(store_folder) / f"{number:04d}.trail"


def segment_numbers(store_folder: Path) -> list[int]:
    """Return the numbers of the segments there are, oldest first."""
    folder = trail_folder(store_folder)
    if not folder.is_dir():
        return []
    found = (_NAME.fullmatch(path.name) for path in folder.iterdir())
    return sorted(int(match[1]) for match in found if match)


@contextmanager
def mapped(path: Path) -> Iterator[Bytes]:
    """Look at a whole file without reading it into memory."""
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            yield b""
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
            yield view


@attrs.frozen(eq=False)
class SegmentKeys:
    """What the workstation writes a segment with."""

    practice_id: str
    workstation_id: str
    number: int
    signing: Secret
    chain: Secret
    signer: PublicKey

    @classmethod
    def of_device(cls, secret: Secret, practice_id: str, number: int) -> SegmentKeys:
        """Derive them from the device secret."""
        workstation_id = device_id(secret)
        signing = device_key(secret, "trail signing", practice_id)
        chain = device_key(secret, "trail chain", practice_id)
        origin = f"bitewing/{practice_id}/{workstation_id}/{number}"
        signer = PublicKey(origin, signing_public(signing))
        return cls(practice_id, workstation_id, number, signing, chain, signer)

    def of_segment(self, number: int) -> SegmentKeys:
        """Return the same keys as they sign another segment of this workstation."""
        origin = f"bitewing/{self.practice_id}/{self.workstation_id}/{number}"
        return attrs.evolve(self, number=number, signer=PublicKey(origin, self.signer.key))

    @cached_property
    def context(self) -> bytes:
        """Binds sealed bodies to this segment."""
        return context("bitewing trail v1", self.signer.origin)

    def wipe(self) -> None:
        """Overwrite the keys."""
        self.signing.wipe()
        self.chain.wipe()


@attrs.frozen
class Genesis:
    """The first record of a segment."""

    origin: str
    segment: int
    workstation: str
    public_line: str
    trail_public: bytes
    previous_size: int | None
    previous_root: str | None
    begun: str | None = None
    """The day it began (UTC, ISO 8601): a segment is closed at the end of its year."""

    def to_body(self) -> bytes:
        """Return it as canonical JSON."""
        return rfc8785.dumps(
            attrs.asdict(self) | {"trail_public": self.trail_public.hex(), "format": 1}
        )

    @classmethod
    def from_body(cls, body: bytes) -> Genesis:
        """Read it.

        Raises
        ------
        ValueError
            It is not one.
        """
        try:
            fields = json.loads(body)
            if fields.pop("format") != 1:
                raise ValueError("a trail of another format")
            fields["trail_public"] = bytes.fromhex(fields["trail_public"])
            return cls(**fields)
        except (KeyError, TypeError, AttributeError) as fault:
            raise ValueError("not the first record of a trail") from fault


class Tail:
    """The growing end of a segment: where the next record goes and what it follows."""

    def __init__(self, frontier: Frontier, last_leaf: bytes, end: int, signed: Checkpoint) -> None:
        self.frontier = frontier
        self.last_leaf = last_leaf
        self.end = end
        self.signed = signed

    @classmethod
    def of_new_file(cls) -> Tail:
        """The end of a file that holds the magic alone."""
        frontier = Frontier()
        return cls(frontier, FIRST_PREVIOUS, len(MAGIC), Checkpoint(0, frontier.root()))

    def copy(self) -> Tail:
        """Return an independent tail, to try a write on."""
        return Tail(self.frontier.copy(), self.last_leaf, self.end, self.signed)

    @property
    def unsigned(self) -> int:
        """Records after the last checkpoint."""
        return self.frontier.size - self.signed.size - 1

    def next_header(self, kind: FrameKind) -> bytes:
        """Return the header of the record that would come next."""
        return header_bytes(kind, self.frontier.size, self.last_leaf)

    def add(self, kind: FrameKind, body: bytes, keys: SegmentKeys) -> bytes:
        """Return the next frame's bytes and move behind it."""
        raw = write_frame(self.next_header(kind), body, keys.chain)
        self.last_leaf = leaf_hash(raw[:-4])
        self.frontier.append(self.last_leaf)
        self.end += len(raw)
        return raw

    def add_checkpoint(self, keys: SegmentKeys) -> bytes:
        """Return a signed checkpoint over all there is, as the next frame."""
        signed = Checkpoint(self.frontier.size, self.frontier.root())
        note = sign_checkpoint(signed, keys.signer, keys.signing)
        body = checkpoint_body(note, self.frontier.peaks)
        raw = self.add(FrameKind.CHECKPOINT, body, keys)
        self.signed = signed
        return raw

    def take(self, frame: Frame, file: Bytes, keys: SegmentKeys) -> None:
        """Move behind a frame that another process, or an earlier run, wrote.

        Raises
        ------
        TrailDamaged
            It does not continue this chain, or this workstation did not write it.
        """
        follows = frame.seq == self.frontier.size and frame.previous == self.last_leaf
        if not follows or not is_ours(frame, file, keys.chain):
            raise TrailDamaged
        if frame.kind == FrameKind.CHECKPOINT:
            self.signed = read_checkpoint(frame, keys)[0]
        self.last_leaf = frame.leaf
        self.frontier.append(frame.leaf)
        self.end += frame.end - frame.start


def read_checkpoint(frame: Frame, keys: SegmentKeys) -> tuple[Checkpoint, Frontier]:
    """Return what a checkpoint signs; its peaks are proved by the signed root.

    Raises
    ------
    TrailDamaged
        This workstation did not sign it.
    """
    try:
        note, peaks = split_checkpoint(frame.body)
        checkpoint = open_checkpoint(note, keys.signer)
        frontier = Frontier(checkpoint.size, peaks)
    except (ValueError, NotAuthentic):
        raise TrailDamaged("A checkpoint of the trail is not this workstation's.") from None
    if frontier.root() != checkpoint.root or frame.seq != checkpoint.size:
        raise TrailDamaged("A checkpoint of the trail does not match it.")
    return checkpoint, frontier


def first_bytes(
    keys: SegmentKeys, trail_public: bytes, previous: Checkpoint | None, begun: str
) -> tuple[bytes, Checkpoint]:
    """Return the content of a new segment, its genesis under a checkpoint, and that checkpoint."""
    tail = Tail.of_new_file()
    genesis = Genesis(
        keys.signer.origin,
        keys.number,
        workstation_name(),
        keys.signer.line,
        trail_public,
        previous.size if previous else None,
        previous.root.hex() if previous else None,
        begun,
    )
    first = tail.add(FrameKind.GENESIS, genesis.to_body(), keys)
    raw = MAGIC + first + tail.add_checkpoint(keys)
    return raw, tail.signed


def head_of(number: int, checkpoint: Checkpoint) -> Head:
    """Return the head to keep outside; a later segment always has the larger one."""
    return Head((number << _SEGMENT_SHIFT) + checkpoint.size, checkpoint.root.hex())


def split_head(head: Head) -> tuple[int, int]:
    """Return segment number and size of a head."""
    return head.size >> _SEGMENT_SHIFT, head.size & ((1 << _SEGMENT_SHIFT) - 1)


def genesis_of(file: Bytes, keys: SegmentKeys) -> Genesis:
    """Return the first record, if this workstation wrote it.

    Raises
    ------
    TrailDamaged
        It did not.
    """
    frame = next(frames_from(file, len(MAGIC)), None)
    if frame is None or frame.kind != FrameKind.GENESIS or not is_ours(frame, file, keys.chain):
        raise TrailDamaged("The trail does not begin with this workstation's record.")
    try:
        return Genesis.from_body(frame.body)
    except ValueError:
        raise TrailDamaged("The trail does not begin with this workstation's record.") from None


def resume(file: Bytes, keys: SegmentKeys) -> Tail:
    """Find the end of a segment: read back to the last checkpoint, then forward from there.

    Bytes after `Tail.end` belong to a record that was never finished.

    Raises
    ------
    TrailDamaged
        What follows the last checkpoint is not what this workstation wrote.
    """
    last = _last_complete(file, keys)
    newer: list[Frame] = []
    frame = last
    try:
        while frame.kind != FrameKind.CHECKPOINT:
            newer.append(frame)
            frame = read_frame_before(file, frame.start)
    except NoFrame:
        raise TrailDamaged from None
    if not is_ours(frame, file, keys.chain):
        raise TrailDamaged
    checkpoint, frontier = read_checkpoint(frame, keys)
    frontier.append(frame.leaf)
    tail = Tail(frontier, frame.leaf, frame.end, checkpoint)
    for frame in reversed(newer):
        tail.take(frame, file, keys)
    return tail


def _last_from_the_start(file: Bytes) -> Frame:
    last = None
    for last in frames_from(file, len(MAGIC)):  # noqa: B007 - the last one is wanted
        pass
    if last is None:
        raise TrailDamaged("The trail has no beginning.")
    return last


def _last_complete(file: Bytes, keys: SegmentKeys) -> Frame:
    """Return the last record that was finished.

    A full-length last record with a wrong mac counts as unfinished: a power cut can leave zeros
    in it. It is never dropped silently, see `Trail`.
    """
    if bytes(file[: len(MAGIC)]) != MAGIC:
        raise TrailDamaged("This is not a trail.")
    try:
        frame = read_frame_before(file, len(file))
    except NoFrame:
        frame = _last_from_the_start(file)
    if is_ours(frame, file, keys.chain):
        return frame
    try:
        return read_frame_before(file, frame.start)
    except NoFrame:
        raise TrailDamaged("The trail has no beginning.") from None
