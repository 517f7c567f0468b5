"""What was committed, as those who pass it on or look through it see it.

Three ways in, none of which changes when the trail's files do:

`TrailReader.scan(wanted, since)` yields events that match, oldest first, for whoever holds the
trail key. `TrailReader.facts(wanted)` gives the same events as columns, which cost no decryption:
look there first where many events are counted or compared.

`TrailReader.committed(since)` and `Trail.committed(since)` yield every event after a cursor with
the hash of its record. The trail itself can open only what this process wrote since the last lock
or logoff; of older ones `Committed.event` is None. `Trail.listen` calls with each as it happens.

`Trail.signed_head()` is the newest signed checkpoint: what another machine keeps to convict
whoever writes the trail anew.
"""

from __future__ import annotations

import attrs

from viewer.session.audit.events import Event


@attrs.frozen(order=True)
class Cursor:
    """A place in the trail: the record `seq` of a segment. The next one comes after it."""

    segment: int
    seq: int


@attrs.frozen
class Committed:
    """An event on disk: its place, the hash of its record (32 bytes), and what it says.

    `event` is None where no key at hand opens it.
    """

    cursor: Cursor
    leaf: bytes
    event: Event | None


@attrs.frozen
class SignedHead:
    """The newest signed checkpoint: `size` records of a segment, their Merkle root, and the note.

    `note` is the C2SP signed note itself: whoever has the public key line can check it.
    """

    segment: int
    size: int
    root: bytes
    note: str
