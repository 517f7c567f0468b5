"""The append-only trail: each record sealed, chained and on disk before `append` returns.

Records are sealed under a record key that lives in this process alone; the record key itself is
sealed to the trail's public key and written down first. So the workstation can write at any time,
before anybody has logged in, but only holders of the practice's trail key can read.

A segment is closed when its year is over or it holds a million records, or when the trail's key
was renewed; the next one goes on with the chain. Closed segments can be archived.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from viewer.session.audit.beginning import begin_segment_file
from viewer.session.audit.committed import Committed, Cursor, SignedHead
from viewer.session.audit.events import Entry, Event, EventKind, Outcome
from viewer.session.audit.frames import FrameKind, split_checkpoint
from viewer.session.audit.growing import GrowingEnd, settle
from viewer.session.audit.outside import HEAD_NAME, OutsideHead
from viewer.session.audit.sealing import RecordSealer
from viewer.session.audit.segment import (
    SegmentKeys,
    Tail,
    head_of,
    segment_numbers,
    segment_path,
)
from viewer.session.audit.verdict import Verdict
from viewer.session.audit.verify import Told, last_checkpoint, untold
from viewer.session.audit.whole import WholeTrail, files_of
from viewer.session.clock import Clock
from viewer.session.device import require_device_secret, workstation_name
from viewer.session.errors import TrailDamaged, TrailUnwritable
from viewer.session.keystore import Head, KeyStore

Written = TypeVar("Written")
RECORDS_PER_CHECKPOINT = 256
SECONDS_PER_CHECKPOINT = 60
RECORDS_PER_SEGMENT = 1_000_000
"""More begin the next segment, so that each can be archived and is verified in seconds."""

_SIGNED_AT_ONCE = {
    EventKind.PROGRAM_ENDED,
    EventKind.PRACTICE_FOUNDED,
    EventKind.PRACTICE_RECOVERED,
    EventKind.LOGOFF,
    EventKind.ACCOUNT_CHANGED,
    EventKind.PASSWORD_CHANGED,
    EventKind.EXPORT,
    EventKind.SHARE,
    EventKind.TRAIL_REPAIRED,
    EventKind.RESTORED,
    EventKind.HISTORY_FORKED,
    EventKind.SET_BACK,
    EventKind.KEYS_ROTATED,
    EventKind.PATIENT_ERASED,
    EventKind.PURGED,
    EventKind.CHART_CORRECTED,
    EventKind.TRAIL_ARCHIVED,
    EventKind.EMERGENCY,
    EventKind.EMERGENCY_CODE,
    EventKind.FACTOR_CHANGED,
    EventKind.ROLE_DEFINED,
    EventKind.POLICY_CHANGED,
    EventKind.REVIEWED,
    EventKind.REPORT,
}
"""What somebody would most like to cut off again."""


class Trail:
    """One workstation's trail in `<store>/trail/`. Safe from threads and other processes."""

    def __init__(self, folder: Path, keystore: KeyStore, keys: SegmentKeys, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._turn = threading.RLock()
        self.workstation = workstation_name()
        self._sealer = RecordSealer(clock, self.workstation)
        self._end = GrowingEnd(folder, keys, self._sealer)
        self._checkpoint_s = clock.boot_s()
        self._listeners: list[Callable[[Committed], None]] = []
        self.before_append: Callable[[], None] = lambda: None
        """What goes in before any other entry: it may append, and raises TrailUnwritable."""
        self._is_to_open = False
        self._keep_words: Callable[[Event], None] = lambda _: None
        self._outside = OutsideHead(folder, keystore, keys.practice_id)
        self.whole = WholeTrail(folder, self._end, self._outside, self._turn)
        """Its files together: verifying, and what archives do."""

    # --- begin and resume ------------------------------------------------------------------

    @classmethod
    def create(
        cls, folder: Path, keystore: KeyStore, practice_id: str, trail_public: bytes, clock: Clock
    ) -> Trail:
        """Begin a trail, or after a recovery its next segment. `folder` is the store's folder.

        Raises
        ------
        TrailUnwritable, DeviceSecretMissing, NoKeyStore
            It cannot be begun.
        """
        numbers = segment_numbers(folder)
        number = numbers[-1] + 1 if numbers else 1
        begun = clock.wall().date().isoformat()
        with require_device_secret(keystore) as secret:
            keys = SegmentKeys.of_device(secret, practice_id, number)
        try:
            if numbers:
                sealer = RecordSealer(clock, workstation_name())
                settle(folder, keys.of_segment(numbers[-1]), sealer)
            previous = last_checkpoint(segment_path(folder, numbers[-1])) if numbers else None
            signed = begin_segment_file(folder, keys, trail_public, previous, begun)
        except OSError:
            raise TrailUnwritable from None
        finally:
            keys.wipe()
        keystore.write_head(practice_id, HEAD_NAME, head_of(number, signed))
        return cls.open(folder, keystore, practice_id, clock)

    @classmethod
    def open(cls, folder: Path, keystore: KeyStore, practice_id: str, clock: Clock) -> Trail:
        """Open the newest segment.

        Raises
        ------
        TrailDamaged
            It was changed, cut or set back outside the program.
        TrailUnwritable, DeviceSecretMissing, NoKeyStore
            It cannot be opened for writing.
        """
        numbers = segment_numbers(folder)
        if not numbers:
            raise TrailDamaged("The trail is missing.")
        with require_device_secret(keystore) as secret:
            keys = SegmentKeys.of_device(secret, practice_id, numbers[-1])
        try:
            trail = cls(folder, keystore, keys, clock)
            trail._resume()
        except OSError:
            raise TrailUnwritable from None
        return trail

    @classmethod
    def open_or_wait(
        cls, folder: Path, keystore: KeyStore, practice_id: str, clock: Clock
    ) -> Trail:
        """As `open`; but one that cannot be written is opened by the first entry that it takes.

        Until then every entry is `TrailUnwritable`: that is for break-glass, which goes on.

        Raises
        ------
        TrailDamaged, DeviceSecretMissing, NoKeyStore
            As `open`.
        """
        try:
            return cls.open(folder, keystore, practice_id, clock)
        except TrailUnwritable:
            with require_device_secret(keystore) as secret:
                number = segment_numbers(folder)[-1]
                keys = SegmentKeys.of_device(secret, practice_id, number)
            trail = cls(folder, keystore, keys, clock)
            trail._is_to_open = True
            return trail

    def _open_at_last(self) -> None:
        with self._turn:
            if self._is_to_open:
                try:
                    self._resume()
                except OSError:
                    raise TrailUnwritable from None
                self._is_to_open = False

    def _resume(self) -> None:
        with self._end.lock():
            self._end.find()
            self._outside.compare(self._head())
            self._end.open()
        self._keep_head_outside()

    def close_segment(self) -> int:
        """Close the open segment, so that it can be archived, and go on in the next; its number.

        Raises
        ------
        TrailUnwritable
            The disk refused: the open segment goes on.
        """
        with self._turn:
            try:
                with self._end.lock():
                    self._end.catch_up()
                    closed = self.segment
                    self._end.begin_next(self._end.trail_public, self._today())
            except OSError:
                raise TrailUnwritable from None
            self._keep_head_outside()
        return closed

    def begin_segment(self, publics: Sequence[bytes]) -> bool:
        """Go on in a fresh segment where the trail's key was renewed; whether it was needed.

        `publics` are the public halves of the key's epochs, oldest first. If the open segment is
        sealed to one before the last, it is signed to its end and the next one, sealed to the
        last, follows it. What others append comes before or after, and nobody, not even another
        process, appends to the old one any more. A crash leaves the old segment alone or both, and
        then opening goes on in the new one.

        Raises
        ------
        TrailUnwritable
            The disk refused: the open segment goes on.
        TrailDamaged
            The file was changed under us.
        """
        with self._turn:
            try:
                with self._end.lock():
                    self._end.catch_up()
                    if self._end.trail_public not in publics[:-1]:
                        return False
                    self._end.begin_next(publics[-1], self._today())
            except OSError:
                raise TrailUnwritable from None
            self._keep_head_outside()
        return True

    # --- what it is ------------------------------------------------------------------------

    @property
    def segment(self) -> int:
        """The number of the segment that is written to."""
        return self._end.keys.number

    @property
    def trail_public(self) -> bytes:
        """Public half of the key that reads the segment that is written to."""
        return self._end.trail_public

    @property
    def public_key_line(self) -> str:
        """What an offline verifier needs (C2SP vkey); also a line of `trail/public.key`."""
        return self._end.keys.signer.line

    @property
    def records(self) -> int:
        """How many records the segment holds."""
        return self._end.tail.frontier.size

    def signed_head(self) -> SignedHead:
        """Return the newest signed checkpoint of the segment that is written to.

        Raises
        ------
        TrailUnwritable
            The file cannot be read.
        """
        with self._turn:
            try:
                frames = self._end.newest_first()
                newest = next(each for each in frames if each.kind == FrameKind.CHECKPOINT)
            except OSError:
                raise TrailUnwritable from None
            signed, number = self._end.tail.signed, self.segment
            note = split_checkpoint(newest.body)[0]
        return SignedHead(number, signed.size, signed.root, note)

    @property
    def is_head_behind(self) -> bool:
        """Whether the last checkpoint could not be kept outside yet; it is tried again."""
        return self._outside.is_behind

    # --- write -----------------------------------------------------------------------------

    def append(self, entry: Entry) -> Event:
        """Commit an entry: when this returns, it is on disk.

        Raises
        ------
        TrailUnwritable
            It is not: the caller does NOT do what the entry is about.
        TrailDamaged
            The file was changed under us.
        """
        self._open_at_last()
        self.before_append()
        at_once = entry.kind in _SIGNED_AT_ONCE and entry.outcome is not Outcome.INTENT
        with self._turn:
            committed, event = self._write(lambda tail: self._frames(tail, entry), sign=at_once)
            if entry.kind in {EventKind.LOCK, EventKind.LOGOFF}:
                self._sealer.forget()
        for hear in tuple(self._listeners):
            hear(committed)
        return event

    def keep_words(self, keep: Callable[[Event], None]) -> None:
        """Call with each event right before it is written, in the writer's turn.

        For what waits to be sent to another machine: when the record can be seen in the file, its
        words are kept already. It may neither raise, nor wait, nor append. An event that could not
        be written after all is followed by another of the same number.
        """
        self._keep_words = keep

    def listen(self, hear: Callable[[Committed], None]) -> Callable[[], None]:
        """Call with each entry that this process commits, after it is on disk; returns the end.

        It is called on the thread that acts, which waits: it only takes note, and raises nothing.
        """
        self._listeners.append(hear)
        return lambda: self._listeners.remove(hear)

    def committed(self, since: Cursor | None = None) -> Iterator[Committed]:
        """Yield the entries of the open segment after `since`, oldest first, with their hashes.

        `event` is None where this process cannot open it (any more): see `committed`.

        Raises
        ------
        TrailUnwritable
            The file cannot be read.
        """
        with self._turn:
            keys = self._end.keys
            after = since.seq if since and since.segment == keys.number else -1
            found: list[Committed] = []
            try:
                for frame in self._end.newest_first():
                    if frame.seq <= after:
                        break
                    if frame.kind == FrameKind.EVENT:
                        event = self._sealer.opened(frame, keys)
                        found.append(Committed(Cursor(keys.number, frame.seq), frame.leaf, event))
            except OSError:
                raise TrailUnwritable from None
        yield from reversed(found)

    def checkpoint(self) -> None:
        """Sign what there is and keep the head outside.

        Raises
        ------
        TrailUnwritable
            The disk refused.
        """
        with self._turn:
            if self._end.tail.unsigned > 0:
                self._write(lambda _: (b"", None), sign=True)

    def checkpoint_if_due(self) -> None:
        """Sign if the last checkpoint is a minute old; call it now and then."""
        if self._clock.boot_s() - self._checkpoint_s >= SECONDS_PER_CHECKPOINT:
            self.checkpoint()
        if self.is_head_behind:
            self._keep_head_outside()

    def close(self) -> None:
        """Sign what there is and let go of keys and file. Safe to call twice."""
        with self._turn:
            if not self._end.is_open:
                return
            try:
                self.checkpoint()
            finally:
                self._sealer.forget()
                self._end.close()
                self._end.keys.wipe()

    def _frames(self, tail: Tail, entry: Entry) -> tuple[bytes, tuple[Committed, Event]]:
        end = self._end
        raw, committed, event = self._sealer.frames(tail, entry, end.keys, end.trail_public)
        self._keep_words(event)
        return raw, (committed, event)

    def _write(self, build: Callable[[Tail], tuple[bytes, Written]], *, sign: bool) -> Written:
        """Append what `build` makes, all of it or nothing; sign when asked or when due."""
        end = self._end
        try:
            with end.lock():
                end.catch_up()
                if self._is_segment_over():
                    end.begin_next(end.trail_public, self._today())
                    sign = True
                tail = end.tail.copy()
                raw, written = build(tail)
                is_signed = sign or tail.unsigned >= RECORDS_PER_CHECKPOINT
                if is_signed:
                    raw += tail.add_checkpoint(end.keys)
                end.put(raw, tail)
        except OSError:
            self._sealer.forget()  # its KEY frame may not be in the file
            raise TrailUnwritable from None
        if is_signed:
            self._keep_head_outside()
        return written

    def _is_segment_over(self) -> bool:
        genesis = self._end.genesis
        begun = genesis.begun if genesis else None
        is_old = begun is not None and self._today()[:4] > begun[:4]
        return is_old or self.records >= RECORDS_PER_SEGMENT

    def _today(self) -> str:
        return self._clock.wall().date().isoformat()

    # --- the head outside ------------------------------------------------------------------

    def _head(self) -> Head:
        """The last checkpoint; a later segment is always the larger head."""
        return head_of(self.segment, self._end.tail.signed)

    def _keep_head_outside(self) -> None:
        """Keep the head outside; a key store that fails is asked again later.

        Raises
        ------
        TrailDamaged
            The one that is kept covers a segment that is not there any more.
        """
        self._outside.keep(self._head())
        self._checkpoint_s = self._clock.boot_s()

    # --- look at the whole -----------------------------------------------------------------

    def verify(
        self, told: Told = untold, *, is_whole: bool = True, archives: Sequence[Path] = ()
    ) -> Verdict:
        """Verify the trail: see `WholeTrail.verify`."""
        return self.whole.verify(told, is_whole=is_whole, archives=archives)

    def numbers(self) -> list[int]:
        """Return the segments that are in the store, oldest first."""
        return segment_numbers(self._folder)

    def settled_files(self) -> list[tuple[Path, int]]:
        """Sign what there is, and return the trail's files with the sizes that belong together.

        Files only grow, so that many first bytes of each are one moment of the trail, to its last
        record, however much is appended meanwhile.

        Raises
        ------
        TrailUnwritable
            The disk refused.
        """
        self.checkpoint()
        return self.whole.settled(files_of)
