from __future__ import annotations

from collections.abc import Iterator

import pytest

from viewer.bench.practice import BenchPractice
from viewer.bench.sizes import Sizes
from viewer.imaging import kernels

TINY = Sizes(
    edge=128,
    flat=(130, 250),
    pane=(60, 80),
    warm_rounds=1,
    cold_rounds=1,
    import_rounds=1,
    start_rounds=1,
    light_rounds=1,
)


@pytest.fixture
def tiny() -> Sizes:
    return TINY


@pytest.fixture(autouse=True)
def _rested() -> Iterator[None]:
    """End the threads that shared the rows of a large picture."""
    yield
    kernels.rest()


@pytest.fixture
def cooled() -> Iterator[None]:
    """Leave the kernels to the next test as they were."""
    was_warm = kernels.is_warm()
    yield
    if not was_warm:
        kernels.cool()


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BenchPractice]:
    with BenchPractice(TINY, tmp_path_factory.mktemp("bench")) as made:
        yield made
