"""What the store takes, what could be freed, and whether the disk is tight."""

from __future__ import annotations

import shutil
from datetime import date, datetime
from pathlib import Path

from viewer.vault.catalog import keeping
from viewer.vault.catalog.connection import Catalog
from viewer.vault.errors import store_fault
from viewer.vault.keeping.eviction import RULES, verified_span
from viewer.vault.keeping.records import KindUsage, Room, Usage
from viewer.vault.keeping.rules import rules_from
from viewer.vault.records import Progress, no_progress
from viewer.vault.v1.order import Pause

TIGHT_BYTES = 4 * 1024**3
"""With less left on the disk there is hardly room for the next few volumes."""


class Measure:
    """Measures one store. Any thread."""

    def __init__(self, folder: Path, catalog: Catalog) -> None:
        self._folder = folder
        self._catalog = catalog

    def usage(self, now: datetime, today: date, progress: Progress, pause: Pause) -> Usage:
        """Walk the images in steps, so that others get their turn at the catalog."""
        kinds: dict[str, KindUsage] = {}
        number = 0
        while True:
            pause()
            progress(number, 0)
            with self._catalog.read() as cursor:
                span = verified_span(cursor, now)
                number, found = keeping.usage_after(cursor, number, span, today)
            if not found:
                break
            for each in found:
                kinds[each.kind] = kinds[each.kind] + each if each.kind in kinds else each
        disk_bytes, disk_free = self._disk()
        with self._catalog.read() as cursor:
            quota = rules_from(keeping.rule(cursor, RULES)).quota
            archives = tuple(keeping.archives(cursor))
        quota_bytes = None if quota is None else quota.of_disk(disk_bytes)
        by_kind = tuple(kinds[kind] for kind in sorted(kinds))
        return Usage(by_kind, quota_bytes, disk_free, disk_bytes, archives)

    def room(self, needed_bytes: int, now: datetime, today: date, pause: Pause) -> Room:
        """Look at the disk; only where it is tight, or a quota stands, at the store."""
        disk_bytes, free = self._disk()
        with self._catalog.read() as cursor:
            quota = rules_from(keeping.rule(cursor, RULES)).quota
        is_tight = free - needed_bytes < min(TIGHT_BYTES, disk_bytes // 10)
        if not is_tight and quota is None:
            return Room(free, is_tight)
        usage = self.usage(now, today, no_progress, pause)
        over = usage.over_quota_bytes
        return Room(free, is_tight, over, usage.free_bytes if is_tight or over else 0)

    def _disk(self) -> tuple[int, int]:
        try:
            disk = shutil.disk_usage(self._folder)
        except OSError as fault:
            raise store_fault(fault) from fault
        return disk.total, disk.free
