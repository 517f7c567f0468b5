from __future__ import annotations

from pathlib import Path

from viewer.bench.cache import can_drop, drop


def test_dropping_a_file_from_the_cache_changes_nothing_in_it(tmp_path: Path) -> None:
    path = tmp_path / "plane.dcm"
    path.write_bytes(b"x" * 100_000)
    drop([path])
    assert path.read_bytes() == b"x" * 100_000


def test_a_file_that_lives_in_memory_cannot_be_read_cold() -> None:
    memory = Path("/proc/self/status")
    assert can_drop(memory) is False
