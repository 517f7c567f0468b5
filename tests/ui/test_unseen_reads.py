"""A minute in the real windows: whatever is read of a patient, an entry says so beforehand."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from tests.support.watching import watched_store
from tests.ui import test_whole_path


def test_from_login_to_share_and_trail_nothing_is_read_unseen(tmp_path: Path, qtbot: QtBot) -> None:
    """Lists, warm-ups, thumbnails, drafts that come back, previews and the share itself."""
    with watched_store() as watched:
        test_whole_path.test_from_login_to_share_and_trail(tmp_path, qtbot)
    assert len(watched.content) > 10
    assert not watched.unseen, watched.words()
