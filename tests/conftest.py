"""Guards around every test, and the real images where they are at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["tests.support.guards", "tests.support.emergencies", "pytester"]

_SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real images beside the clone; the test is skipped where it is absent."""
    if not _SHARED_DATA.is_dir():
        pytest.skip("the folder of real images is not beside this clone")
    return _SHARED_DATA
