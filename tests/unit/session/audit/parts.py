"""A trail of three parts that a test damages, and how it is looked at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.unit.session.audit.conftest import PRACTICE, Log
from viewer.crypto.people import new_signing_pair
from viewer.crypto.secret import Secret
from viewer.session.audit.frames import MAGIC, Frame, FrameKind, frames_from
from viewer.session.audit.note import Checkpoint, PublicKey
from viewer.session.audit.segment import Genesis, SegmentKeys, Tail, segment_path
from viewer.session.audit.verdict import Verdict
from viewer.session.audit.verify import verify_trail
from viewer.session.audit.whole import public_lines

EVENTS = 20
"""Of each part: genesis, checkpoint, key, 20 views, checkpoint (records 0-23)."""


class Parts:
    """Three parts, closed, with their public keys and head kept elsewhere."""

    def __init__(self, log: Log) -> None:
        self.log = log
        for part in (1, 2, 3):
            log.write(EVENTS)
            if part < 3:
                log.trail.close_segment()
        log.trail.close()
        self.lines = public_lines(log.folder)
        self.head = log.keystore.read_head(PRACTICE, "trail")

    def path(self, part: int) -> Path:
        return segment_path(self.log.folder, part)

    def frames(self, part: int) -> list[Frame]:
        return list(frames_from(self.path(part).read_bytes(), len(MAGIC)))

    def pieces(self, part: int) -> list[bytes]:
        raw = self.path(part).read_bytes()
        return [raw[frame.start : frame.end] for frame in self.frames(part)]

    def put(self, part: int, pieces: list[bytes]) -> None:
        self.path(part).write_bytes(MAGIC + b"".join(pieces))

    def keys(self, part: int) -> SegmentKeys:
        """The workstation's own, as a thief of the device secret has them."""
        with self.log.keystore.create_device_secret() as secret:
            return SegmentKeys.of_device(secret, PRACTICE, part)

    def strangers(self, part: int) -> SegmentKeys:
        pair = new_signing_pair()
        signer = PublicKey(self.keys(part).signer.origin, pair.public)
        return SegmentKeys(PRACTICE, "", part, pair.private, Secret.random(), signer)

    def rewrite(
        self,
        part: int,
        keys: SegmentKeys,
        *,
        without: int = -1,
        genesis: Callable[[Genesis], Genesis] = lambda genesis: genesis,
    ) -> Checkpoint:
        """Write a part anew, without one record, as the holder of `keys` can."""
        tail, raw = Tail.of_new_file(), MAGIC
        for frame in self.frames(part):
            if frame.seq == without:
                continue
            if frame.kind == FrameKind.CHECKPOINT:
                raw += tail.add_checkpoint(keys)
            elif frame.kind == FrameKind.GENESIS:
                body = genesis(Genesis.from_body(frame.body)).to_body()
                raw += tail.add(FrameKind.GENESIS, body, keys)
            else:
                raw += tail.add(FrameKind(frame.kind), frame.body, keys)
        self.path(part).write_bytes(raw)
        return tail.signed

    def offline(self) -> Verdict:
        return verify_trail(self.log.folder, self.lines)

    def online(self) -> Verdict:
        return verify_trail(self.log.folder, self.lines, self.head, self.keys(3))
