"""Keeps pydicom's remarks about odd values, which quote the values, out of logs and consoles."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from pydicom import config


@contextmanager
def quiet_pydicom() -> Iterator[None]:
    """Read and write without remarks: what is odd is decided by rules of ours.

    The settings are pydicom's own and for the whole process; two shares at a time in two threads
    may at worst leave them quiet.
    """
    log, settings = logging.getLogger("pydicom"), config.settings
    before = (log.level, settings.reading_validation_mode, settings.writing_validation_mode)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        log.setLevel(logging.CRITICAL)
        settings.reading_validation_mode = config.IGNORE
        settings.writing_validation_mode = config.IGNORE
        try:
            yield
        finally:
            log.setLevel(before[0])
            settings.reading_validation_mode, settings.writing_validation_mode = before[1:]
