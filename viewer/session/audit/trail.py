"""The append-only trail: each record sealed, chained and on disk before `append` returns.

Records are sealed under a record key that lives in this process alone; the record key itself is
sealed to the trail's public key and written down first. So the workstation can write at any time,
before anybody has logged in, but only holders of the practice's trail key can read.

A file that ends inside a record was cut, or the machine went down while writing. If the head kept
outside covers more records than are there, it was cut: `TrailDamaged`. Otherwise the unfinished
bytes, whose `append` never returned, are kept aside and that is recorded.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from io import FileIO
from pathlib import Path
from typing import TypeVar

from viewer.crypto.aead import seal
from viewer.crypto.derive import digest
from viewer.crypto.people import seal_to
from viewer.crypto.secret import Secret
from viewer.session.audit.beginning import begin_segment_file
from viewer.session.audit.events import Entry, Event, EventKind, Outcome
from viewer.session.audit.frames import (
    FrameKind,
    event_to_json,
    frames_from,
)
from viewer.session.audit.note import PublicKey
from viewer.session.audit.segment import (
    SegmentKeys,
    Tail,
    genesis_of,
    head_of,
    mapped,
    public_key_path,
    resume,
    segment_numbers,
    segment_path,
    split_head,
    trail_folder,
)
from viewer.session.audit.verify import Verdict, last_checkpoint, verify_trail
from viewer.session.clock import Clock
from viewer.session.device import require_device_secret, workstation_name
from viewer.session.errors import NoKeyStore, TrailDamaged, TrailUnwritable
from viewer.session.files import process_lock, write_atomically
from viewer.session.keystore import Head, KeyStore

Written = TypeVar("Written")
HEAD_NAME = "trail"
_SUFFIXES = {".trail", ".key", ".bin"}
RECORDS_PER_CHECKPOINT = 256
SECONDS_PER_CHECKPOINT = 60
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
}
"""What somebody would most like to cut off again."""


class Trail:
    """One workstation's trail in `<store>/trail/`. Safe from threads and other processes."""

    def __init__(self, folder: Path, keystore: KeyStore, keys: SegmentKeys, clock: Clock) -> None:
        self._folder = folder
        self._keystore = keystore
        self._keys = keys
        self._clock = clock
        self._turn = threading.RLock()
        self._tail = Tail.of_new_file()
        self._trail_public = b""
        self._record_key: Secret | None = None
        self._record_key_at = 0
        self._checkpoint_s = clock.boot_s()
        self._file: FileIO | None = None
        self.workstation = workstation_name()
        self.is_head_behind = False
        """Whether the last checkpoint could not be kept outside yet; it is tried again."""

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
        with require_device_secret(keystore) as secret:
            keys = SegmentKeys.of_device(secret, practice_id, number)
        try:
            previous = last_checkpoint(segment_path(folder, numbers[-1])) if numbers else None
            signed = begin_segment_file(folder, keys, trail_public, previous)
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

    def _resume(self) -> None:
        path = segment_path(self._folder, self._keys.number)
        with process_lock(self._lock_path):
            with mapped(path) as content:
                self._trail_public = genesis_of(content, self._keys).trail_public
                self._tail = resume(content, self._keys)
                size = len(content)
            self._compare_with_outside()
            self._file = path.open("r+b", buffering=0)
            if self._tail.end < size:
                self._set_aside(self._file, size)
        self._keep_head_outside()

    def _compare_with_outside(self) -> None:
        outside = self._keystore.read_head(self._keys.practice_id, HEAD_NAME)
        here = self._head()
        if outside is None or outside.size > here.size:
            raise TrailDamaged("The trail was cut or set back to an earlier state.")
        if outside.size == here.size and outside.digest != here.digest:
            raise TrailDamaged("The trail was replaced by another one.")

    # --- the next segment ------------------------------------------------------------------

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
                with process_lock(self._lock_path):
                    file = self._caught_up()
                    if self._trail_public not in publics[:-1]:
                        return False
                    self._begin_after(file, publics[-1])
                    self._caught_up()
            except OSError:
                raise TrailUnwritable from None
            self._keep_head_outside()
        return True

    def _begin_after(self, file: FileIO, trail_public: bytes) -> None:
        if self._tail.unsigned > 0:
            tail = self._tail.copy()
            self._put(file, tail.add_checkpoint(self._keys))
            self._tail = tail
        keys = self._keys.of_segment(self._keys.number + 1)
        begin_segment_file(self._folder, keys, trail_public, self._tail.signed)

    def _caught_up(self) -> FileIO:
        """Return the file to write to: the newest segment, as other processes left it."""
        while True:
            if self._file is None:
                raise TrailUnwritable
            self._catch_up(self._file)
            path = segment_path(self._folder, self._keys.number + 1)
            if not path.exists():
                return self._file
            self._file = self._opened_next(self._file, path)

    def _opened_next(self, before: FileIO, path: Path) -> FileIO:
        """Leave a segment that another follows; it must be this workstation's and follow it."""
        keys = self._keys.of_segment(self._keys.number + 1)
        with mapped(path) as content:
            genesis = genesis_of(content, keys)
            signed = self._tail.signed
            if (genesis.previous_size, genesis.previous_root) != (signed.size, signed.root.hex()):
                raise TrailDamaged("The next part of the trail does not follow this one.")
            tail = resume(content, keys)
        file = path.open("r+b", buffering=0)
        self._forget_record_key()
        self._keys, self._tail, self._trail_public = keys, tail, genesis.trail_public
        before.close()
        return file

    # --- write -----------------------------------------------------------------------------

    @property
    def segment(self) -> int:
        """The number of the segment that is written to."""
        return self._keys.number

    @property
    def trail_public(self) -> bytes:
        """Public half of the key that reads the segment that is written to."""
        return self._trail_public

    @property
    def public_key_line(self) -> str:
        """What an offline verifier needs (C2SP vkey); also a line of `trail/public.key`."""
        return self._keys.signer.line

    @property
    def records(self) -> int:
        """How many records the segment holds."""
        return self._tail.frontier.size

    def append(self, entry: Entry) -> Event:
        """Commit an entry: when this returns, it is on disk.

        Raises
        ------
        TrailUnwritable
            It is not: the caller does NOT do what the entry is about.
        TrailDamaged
            The file was changed under us.
        """
        at_once = entry.kind in _SIGNED_AT_ONCE and entry.outcome is not Outcome.INTENT
        with self._turn:
            event = self._write(lambda tail: self._event_frames(tail, entry), sign=at_once)
            if entry.kind in {EventKind.LOCK, EventKind.LOGOFF}:
                self._forget_record_key()
        return event

    def checkpoint(self) -> None:
        """Sign what there is and keep the head outside.

        Raises
        ------
        TrailUnwritable
            The disk refused.
        """
        with self._turn:
            if self._tail.unsigned > 0:
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
            if self._file is None:
                return
            try:
                self.checkpoint()
            finally:
                self._forget_record_key()
                self._file.close()
                self._file = None
                self._keys.wipe()

    def verify(self) -> Verdict:
        """Verify the whole trail against the head kept outside and this workstation's key.

        Segments of an earlier workstation are checked with the keys that lie beside them; each is
        held by the first record of the next, and so in the end by this workstation's signature.

        Raises
        ------
        TrailUnwritable
            The files cannot be read.
        TrailDamaged
            The public key of an older segment is missing.
        """
        with self._turn:
            outside = self._keystore.read_head(self._keys.practice_id, HEAD_NAME)
            with process_lock(self._lock_path):
                newest = max(self._keys.number, *segment_numbers(self._folder), 0)
                keys = self._keys.of_segment(newest)  # another process may have gone on
                try:
                    return verify_trail(self._folder, self._public_lines(), outside, keys)
                except ValueError:
                    raise TrailDamaged("A public key of the trail is missing.") from None

    def _public_lines(self) -> str:
        """Return the public keys beside the trail; this workstation's own segment needs none."""
        try:
            lines = public_key_path(self._folder).read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return ""
        return "\n".join(line for line in lines if _is_public_key(line))

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
        folder = trail_folder(self._folder)
        try:
            with process_lock(self._lock_path):
                names = sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES)
                return [(path, path.stat().st_size) for path in names]
        except OSError:
            raise TrailUnwritable from None

    @property
    def _lock_path(self) -> Path:
        return trail_folder(self._folder) / "lock"

    def _event_frames(self, tail: Tail, entry: Entry) -> tuple[bytes, Event]:
        raw = b""
        if self._record_key is None:
            fresh = Secret.random()
            at = tail.end
            raw = tail.add(
                FrameKind.KEY, seal_to(self._trail_public, fresh, self._keys.context), self._keys
            )
            self._record_key, self._record_key_at = fresh, at
        header = tail.next_header(FrameKind.EVENT)
        event = Event(
            seq=tail.frontier.size,
            workstation=self.workstation,
            wall=self._clock.wall(),
            boot_s=self._clock.boot_s(),
            entry=entry,
            segment=self._keys.number,
        )
        sealed = seal(self._record_key, event_to_json(event), self._keys.context + header)
        body = self._record_key_at.to_bytes(8, "big") + sealed
        return raw + tail.add(FrameKind.EVENT, body, self._keys), event

    def _write(self, build: Callable[[Tail], tuple[bytes, Written]], *, sign: bool) -> Written:
        """Append what `build` makes, all of it or nothing; sign when asked or when due."""
        try:
            with process_lock(self._lock_path):
                file = self._caught_up()
                tail = self._tail.copy()
                raw, written = build(tail)
                is_signed = sign or tail.unsigned >= RECORDS_PER_CHECKPOINT
                if is_signed:
                    raw += tail.add_checkpoint(self._keys)
                self._put(file, raw)
                self._tail = tail
        except OSError:
            self._forget_record_key()  # its KEY frame may not be in the file
            raise TrailUnwritable from None
        if is_signed:
            self._keep_head_outside()
        return written

    def _put(self, file: FileIO, raw: bytes) -> None:
        """Write at the end and wait for the disk; after a refusal the file is as before."""
        end = self._tail.end
        try:
            file.seek(end)
            left = memoryview(raw)
            while left:
                left = left[file.write(left) :]
            os.fsync(file.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                file.truncate(end)
            raise

    def _catch_up(self, file: FileIO) -> None:
        """Take in what another process appended; it holds the lock only while it writes."""
        size = os.fstat(file.fileno()).st_size
        if size < self._tail.end:
            raise TrailDamaged("The trail was cut while the program ran.")
        if size == self._tail.end:
            return
        file.seek(self._tail.end)
        newer = file.read(size - self._tail.end)
        for frame in frames_from(newer, 0):
            self._tail.take(frame, newer, self._keys)
        if self._tail.end < size:
            self._set_aside(file, size)

    def _set_aside(self, file: FileIO, size: int) -> None:
        """Move the bytes of an unfinished record out of the way, and record that."""
        file.seek(self._tail.end)
        torn = file.read(size - self._tail.end)
        name = f"unfinished-{self._keys.number:04d}-{self._tail.frontier.size}.bin"
        write_atomically(trail_folder(self._folder) / name, torn)
        file.truncate(self._tail.end)
        why = "Bytes of a record that was never finished were kept aside."
        entry = Entry(
            EventKind.TRAIL_REPAIRED, why=why, digests=(digest(torn).hex(),), size_bytes=len(torn)
        )
        tail = self._tail.copy()
        raw = self._event_frames(tail, entry)[0] + tail.add_checkpoint(self._keys)
        self._put(file, raw)
        self._tail = tail

    def _head(self) -> Head:
        """The last checkpoint; a later segment is always the larger head."""
        return head_of(self._keys.number, self._tail.signed)

    def _keep_head_outside(self) -> None:
        """Keep the head outside; one that is larger already, another process's, stays.

        Raises
        ------
        TrailDamaged
            It covers a segment that is not there any more.
        """
        place, here = (self._keys.practice_id, HEAD_NAME), self._head()
        try:
            outside = self._keystore.read_head(*place)
            if outside is None or outside.size <= here.size:
                self._keystore.write_head(*place, here)
            elif not segment_path(self._folder, split_head(outside)[0]).exists():
                raise TrailDamaged("The trail was set back while the program ran.")
        except NoKeyStore:
            self.is_head_behind = True
        else:
            self.is_head_behind = False
        self._checkpoint_s = self._clock.boot_s()

    def _forget_record_key(self) -> None:
        """What was written so far can now be read with the trail key alone."""
        if self._record_key is not None:
            self._record_key.wipe()
            self._record_key = None


def _is_public_key(line: str) -> bool:
    try:
        return PublicKey.from_line(line).origin.rpartition("/")[2].isdigit()
    except ValueError:
        return False
