"""Everything a person can do, one module a subject.

A module is imported by whoever needs it: the door of the viewer opens without what reads and
scrubs DICOM. `import_all` registers every use case there is.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules


def import_all() -> None:
    """Import every module of use cases, so that the gate knows all of them."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
