"""Which images were looked at, gathered in memory and written a batch at a time."""

from __future__ import annotations

from datetime import date
from threading import Lock

from viewer.model.errors import BitewingError
from viewer.model.ids import ImageId
from viewer.vault.catalog import keeping
from viewer.vault.catalog.connection import Catalog, Cursor

_BATCH = 256


class Uses:
    """Looks at images since the store was opened. Any thread.

    A look costs no write. If the program ends by force, the last batch is forgotten: some images
    then count as looked at earlier than they were, which at worst sends them away sooner.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._guard = Lock()
        self._since_open: set[ImageId] = set()
        self._days: dict[ImageId, date] = {}
        self._written: set[tuple[ImageId, date]] = set()

    def looked_at(self, image_id: ImageId, today: date) -> None:
        """Note a look; once a batch is full it is written."""
        with self._guard:
            self._since_open.add(image_id)
            if (image_id, today) not in self._written:
                self._days[image_id] = today
            is_full = len(self._days) >= _BATCH
        if is_full:
            self.write_quietly()

    def since_open(self) -> frozenset[ImageId]:
        """Return what was looked at since the store was opened: any of it may be on screen."""
        with self._guard:
            return frozenset(self._since_open)

    @property
    def has_news(self) -> bool:
        """Whether there is something to write."""
        with self._guard:
            return bool(self._days)

    def write(self, cursor: Cursor) -> None:
        """Write what was gathered, inside the caller's transaction."""
        with self._guard:
            days, self._days = self._days, {}
            self._written |= set(days.items())
        for day in sorted(set(days.values())):
            keeping.put_uses(cursor, [each for each in days if days[each] == day], day)

    def write_quietly(self) -> None:
        """Write; a store that cannot be written now loses a batch of days, nothing else."""
        try:
            with self._catalog.write() as cursor:
                self.write(cursor)
        except BitewingError:
            return
