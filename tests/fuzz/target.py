"""What a fuzzer feeds."""

from __future__ import annotations

from collections.abc import Callable

import attrs


@attrs.frozen
class Target:
    """Something to feed, and what well-made input looks like."""

    feed: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
