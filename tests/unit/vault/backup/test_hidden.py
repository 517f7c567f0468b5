"""What is in no chart is backed up and comes back hidden as it was."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.vault.backup.made_up import Desk, pixels_of, restored
from tests.unit.vault.made_up import new_keys, new_patient, new_picture
from viewer.vault.errors import NotInStore
from viewer.vault.store import Vault

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_what_waits_comes_back_from_a_backup_and_waits_still(desk: Desk, tmp_path: Path) -> None:
    waits = new_patient("Wartend")
    desk.vault.hidden.add_waiting(waits, "", NOW)
    picture = new_picture(waits.id, pixels_of(9))
    kept = picture.put(desk.vault)
    desk.back_up()
    assert restored(desk.medium, tmp_path / "new").lost == ()
    with Vault.open(tmp_path / "new", new_keys()) as vault:
        (there,) = vault.hidden.waiting()
        assert (there.patient, there.since, there.image_count) == (waits, NOW, 1)
        assert (vault.hidden.open_pixels(kept.id) == picture.pixels).all()
        assert vault.patients("Wartend") == []
        with pytest.raises(NotInStore):
            vault.record(kept.id)
        vault.moving.move([kept.id], desk.patient.id)
        assert (vault.open_pixels(kept.id) == picture.pixels).all()
        assert vault.hidden.waiting() == []
        assert vault.check(deep=True).is_sound
