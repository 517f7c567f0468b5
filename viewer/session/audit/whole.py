"""The trail's files as a whole: their sizes at one moment, verified, archived, taken out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

import attrs

from viewer.session.audit.archived import ArchiveNote, note_path
from viewer.session.audit.growing import GrowingEnd
from viewer.session.audit.note import PublicKey
from viewer.session.audit.outside import OutsideHead
from viewer.session.audit.segment import (
    public_key_path,
    segment_numbers,
    segment_path,
    trail_folder,
)
from viewer.session.audit.verdict import Checked, Verdict
from viewer.session.audit.verify import Looked, Told, untold, verify_trail
from viewer.session.errors import TrailDamaged, TrailUnwritable
from viewer.session.files import sync_folder, write_atomically

Looking = TypeVar("Looking")
_SUFFIXES = {".trail", ".key", ".bin", ".note"}


def sizes_of(store_folder: Path) -> dict[int, int]:
    """Return each segment's size. Under the trail's lock it ends between two records.

    Raises
    ------
    OSError
        The files cannot be read.
    """
    numbers = segment_numbers(store_folder)
    return {number: segment_path(store_folder, number).stat().st_size for number in numbers}


def files_of(store_folder: Path) -> list[tuple[Path, int]]:
    """Return the trail's files, but for what can be made anew, with their sizes.

    Raises
    ------
    OSError
        The folder cannot be read.
    """
    folder = trail_folder(store_folder)
    names = sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES)
    return [(path, path.stat().st_size) for path in names]


def public_lines(store_folder: Path) -> str:
    """Return the public key lines beside the trail; what is none is left out."""
    try:
        lines = public_key_path(store_folder).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    return "\n".join(line for line in lines if _is_public_key(line))


def _is_public_key(line: str) -> bool:
    try:
        return PublicKey.from_line(line).origin.rpartition("/")[2].isdigit()
    except ValueError:
        return False


class WholeTrail:
    """All files of one workstation's trail. Any thread, beside the writing."""

    def __init__(
        self,
        folder: Path,
        end: GrowingEnd,
        outside: OutsideHead,
        turn: AbstractContextManager[object],
    ) -> None:
        self._folder = folder
        self._end = end
        self._outside = outside
        self._turn = turn
        self._checked: Checked | None = None

    def verify(
        self, told: Told = untold, *, is_whole: bool = True, archives: Sequence[Path] = ()
    ) -> Verdict:
        """Verify the trail against the head kept outside and this workstation's key.

        Segments of an earlier workstation are checked with the keys that lie beside them; each is
        held by the first record of the next, and so in the end by this workstation's signature.
        Writing goes on meanwhile. Unless `is_whole`, what this process found good before is taken
        for good, and `Verdict.skipped` says how much that is. `told` may raise to stop it. Archived
        segments are looked for in `archives`.

        Raises
        ------
        TrailUnwritable
            The files cannot be read.
        TrailDamaged
            The public key of an older segment is missing.
        """
        with self._turn:
            own = self._end.keys
            outside = self._outside.read()
            sizes = self.settled(sizes_of)
            newest = max(own.number, *sizes, 0)  # another process may have gone on
            keys = attrs.evolve(own.of_segment(newest), chain=own.chain.copy())
        since = None if is_whole else self._checked
        looked = Looked(sizes, since, archives, told=told)
        try:
            verdict = verify_trail(self._folder, public_lines(self._folder), outside, keys, looked)
        except ValueError:
            raise TrailDamaged("A public key of the trail is missing.") from None
        except OSError:
            raise TrailUnwritable from None
        finally:
            keys.chain.wipe()
        self._checked = verdict.checked if verdict.is_whole else None
        return verdict

    def settled(self, look: Callable[[Path], Looking]) -> Looking:
        """Look at the files between two records.

        Raises
        ------
        TrailUnwritable
            They cannot be looked at.
        """
        try:
            with self._end.lock():
                return look(self._folder)
        except OSError:
            raise TrailUnwritable from None

    def keep_note(self, note: ArchiveNote) -> str:
        """Sign the note of an archived segment, keep it beside the trail, and return it.

        Raises
        ------
        OSError
            The disk refused.
        """
        with self._turn:
            signed = note.sign(self._end.keys)
            with self._end.lock():
                write_atomically(note_path(self._folder, note.segment), signed.encode())
        return signed

    def drop_segment(self, number: int) -> None:
        """Take a closed segment out of the store; its note is there.

        Raises
        ------
        OSError
            The disk refused.
        """
        with self._turn, self._end.lock():
            segment_path(self._folder, number).unlink(missing_ok=True)
            sync_folder(trail_folder(self._folder))
        self._checked = None
