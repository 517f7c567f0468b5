"""The store for whoever looks after it: checks, backups, keys, keeping, erasing."""

from __future__ import annotations

from viewer.wiring.store_backups import StoreBackups
from viewer.wiring.store_erasing import StoreErasing
from viewer.wiring.store_health import StoreHealth
from viewer.wiring.store_keeping import StoreKeeping
from viewer.wiring.store_keys import StoreKeys


class ClinicStore(StoreHealth, StoreBackups, StoreKeys, StoreKeeping, StoreErasing):
    """Satisfies the port `Store`, one part of it each. Main thread only."""
