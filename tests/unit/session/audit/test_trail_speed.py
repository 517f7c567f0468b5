"""How fast the trail is written, verified and read, against the disk's own pace."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.unit.session.audit.conftest import PRACTICE, VIEW, Log
from viewer.session.audit.reader import TrailReader
from viewer.session.audit.verify import verify_trail

APPENDED = 1000
MANY = 100_000


def _seconds_per_bare_fsync(path: Path) -> float:
    with path.open("wb", buffering=0) as file:
        begun = time.perf_counter()
        for _ in range(APPENDED):
            file.write(bytes(330))
            os.fsync(file.fileno())
        return (time.perf_counter() - begun) / APPENDED


@pytest.mark.bench
@pytest.mark.timeout(300)
def test_a_hundred_thousand_records_verify_in_a_few_seconds(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare_s = _seconds_per_bare_fsync(tmp_path / "bare")
    begun = time.perf_counter()
    log.write(APPENDED)
    append_s = (time.perf_counter() - begun) / APPENDED
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        log.write(MANY - APPENDED)
    begun = time.perf_counter()
    verdict = verify_trail(log.folder, log.public, log.keystore.read_head(PRACTICE, "trail"))
    verify_s = time.perf_counter() - begun
    begun = time.perf_counter()
    reader = TrailReader(log.folder, log.reader_pair.private)
    reader.refresh()
    read_s = time.perf_counter() - begun
    print(  # noqa: T201 - a benchmark tells its figures
        f"append {1 / append_s:.0f}/s (bare fsync {1 / bare_s:.0f}/s), "
        f"verify {verdict.records} in {verify_s:.2f} s, decrypt all in {read_s:.2f} s"
    )
    assert verdict.is_whole
    assert reader.count() == MANY
    assert verify_s < 5
    assert VIEW.patient_id is not None
