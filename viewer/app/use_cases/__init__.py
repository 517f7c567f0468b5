"""Everything a person can do, one module a subject. Importing this package registers all of it."""

from viewer.app.use_cases import (
    accounts,
    exporting,
    importing,
    library,
    sharing,
    store,
    trail,
)

__all__ = ["accounts", "exporting", "importing", "library", "sharing", "store", "trail"]
