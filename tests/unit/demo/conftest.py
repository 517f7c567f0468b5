"""One coarse phantom for all tests of the demo."""

from __future__ import annotations

import pytest

from viewer.demo.phantom import Phantom, PhantomSpec, make_cbct


@pytest.fixture(scope="session")
def coarse_cbct() -> Phantom:
    """A CBCT at 1 mm."""
    return make_cbct(PhantomSpec(voxel_mm=1.0))
