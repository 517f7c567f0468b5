"""What every reader of photos gives: facts first, samples when they are asked for."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from viewer.ingest.foreign.colours import Samples
from viewer.ingest.foreign.facts import Photo

MAX_FILE_BYTES = 400 << 20


@attrs.frozen(eq=False)
class Opened:
    """A file whose header has been read, and how its pages are decoded.

    `decode` takes a page and a longest side that is enough (0: all pixels), and may give more.
    `orientation` is what is still to be done to the samples.
    """

    photo: Photo
    decode: Callable[[int, int], Samples]
    orientation: tuple[int, ...] = (1,)


Reader = Callable[[bytes], Opened]
