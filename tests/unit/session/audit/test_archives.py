"""Closed parts go into archives: the chain holds without them, and time is kept."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import attrs
import pytest

from tests.unit.session.audit.conftest import PRACTICE, VIEW, Log
from tests.unit.session.audit.parts import Parts
from viewer.session.audit.archived import ArchiveNote, Whereabouts, note_path
from viewer.session.audit.archiving import Archives, years_later
from viewer.session.audit.errors import ArchiveFault, ArchiveRefused
from viewer.session.audit.reader import TrailReader
from viewer.session.audit.segment import segment_numbers, segment_path
from viewer.session.audit.verdict import Damage
from viewer.session.audit.verify import Looked, verify_trail
from viewer.session.audit.whole import public_lines

PER_PART = 6


@pytest.fixture
def long(log: Log) -> Log:
    """Three closed parts and an open one."""
    for _ in range(3):
        log.write(PER_PART)
        log.trail.close_segment()
    log.write(PER_PART)
    return log


@pytest.fixture
def attic(tmp_path: Path) -> Path:
    return tmp_path / "attic"


def _archives(log: Log, later: timedelta = timedelta()) -> Archives:
    return Archives(log.folder, log.trail, log.clock.wall().date() + later)


def _years(years: float) -> timedelta:
    return timedelta(days=round(years * 365.25) + 1)


def test_the_chain_verifies_with_archived_parts_absent_and_says_which(
    long: Log, attic: Path
) -> None:
    for number in (1, 2):
        _archives(long).archive(number, attic)
    assert segment_numbers(long.folder) == [3, 4]
    verdict = long.trail.verify()
    assert verdict.is_whole
    assert verdict.archived == (1, 2)
    assert "in an archive" in verdict.words
    lines = public_lines(long.folder)
    long.trail.checkpoint()
    outside = long.keystore.read_head(PRACTICE, "trail")
    assert verify_trail(long.folder, lines, outside).is_whole


def test_an_archive_verifies_alone_and_together_with_the_store(long: Log, attic: Path) -> None:
    for number in (1, 2):
        _archives(long).archive(number, attic)
    lines = (attic / "trail" / "public.key").read_text()
    alone = verify_trail(attic, lines, looked=Looked(is_archive=True))
    assert alone.is_whole
    assert segment_numbers(attic) == [1, 2]
    together = long.trail.verify(archives=[attic])
    assert together.is_whole
    assert together.archived == ()
    assert together.records > alone.records


@pytest.mark.parametrize("number", [1, 2])
def test_damage_to_an_archive_is_found_alone_and_together(
    long: Log, attic: Path, number: int
) -> None:
    for each in (1, 2):
        _archives(long).archive(each, attic)
    path = segment_path(attic, number)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    lines = public_lines(long.folder)
    for verdict in (
        verify_trail(attic, lines, looked=Looked(is_archive=True)),
        long.trail.verify(archives=[attic]),
    ):
        assert verdict.finding is not None
        assert (verdict.finding.damage, verdict.finding.segment) == (Damage.EDITED, number)
    note = _archives(long).notes()[number]
    assert not _archives(long).check(note, attic)


def test_a_part_that_was_taken_away_without_a_note_is_removed(long: Log) -> None:
    segment_path(long.folder, 1).unlink()
    finding = long.trail.verify().finding
    assert finding is not None
    assert (finding.damage, finding.segment) == (Damage.REMOVED, 1)


def test_a_made_up_or_moved_note_excuses_nothing(long: Log, attic: Path, tmp_path: Path) -> None:
    _archives(long).archive(1, attic)
    genuine = note_path(long.folder, 1).read_text()
    segment_path(long.folder, 2).unlink()
    note_path(long.folder, 2).write_text(genuine)
    assert _damage(long) is Damage.REMOVED, "another part's note"
    note_path(long.folder, 2).write_text(genuine.replace("archived 1", "archived 2"))
    assert _damage(long) is Damage.REMOVED, "an edited one"
    other = Log(tmp_path / "other", type(long.keystore)(), long.clock)
    other.write(3)
    other.trail.close_segment()
    foreign = _archives(other).archive(1, tmp_path / "else")
    note_path(long.folder, 2).write_text(foreign.sign(other.trail._end.keys))
    assert _damage(long) is Damage.REMOVED, "one of another workstation"
    other.crash()


def _damage(log: Log) -> Damage | None:
    finding = log.trail.verify().finding
    return finding.damage if finding else None


def test_another_history_in_front_of_an_archived_part_is_convicted(long: Log, attic: Path) -> None:
    """The note names the root that the next part must follow."""
    _archives(long).archive(1, attic)
    parts = object.__new__(Parts)
    parts.log = long
    parts.rewrite(2, parts.keys(2), genesis=lambda old: attrs.evolve(old, previous_root="11" * 32))
    finding = long.trail.verify().finding
    assert finding is not None
    assert finding.damage is Damage.RE_SIGNED


def test_an_archived_part_is_read_again_when_its_folder_is_mounted(long: Log, attic: Path) -> None:
    reader = TrailReader(long.folder, long.reader_pair.private)
    reader.refresh()
    everything = list(reader.scan())
    _archives(long).archive(1, attic)
    reader.refresh()
    assert {event.segment for event in reader.scan()} == {2, 3, 4}
    assert reader.mount(attic) == [1]
    reader.refresh()
    assert list(reader.scan()) == everything
    assert reader.unreadable == []


def test_no_part_is_read_from_an_archive_that_holds_another(long: Log, attic: Path) -> None:
    """Anybody can seal entries to the trail's public key; the note says which were archived."""
    _archives(long).archive(1, attic)
    _archives(long).require_unchanged(attic, [1])
    path = segment_path(attic, 1)
    genuine = path.read_bytes()
    for planted in (
        genuine[:-1] + bytes([genuine[-1] ^ 1]),
        genuine[: len(genuine) // 2],
        segment_path(long.folder, 2).read_bytes(),
    ):
        path.write_bytes(planted)
        with pytest.raises(ArchiveRefused, match="as it was archived"):
            _archives(long).require_unchanged(attic, [1])
    path.write_bytes(genuine)
    note_path(long.folder, 1).unlink()
    with pytest.raises(ArchiveRefused, match="as it was archived"):
        _archives(long).require_unchanged(attic, [1])


def test_writing_and_the_next_start_go_on_beside_an_archive(long: Log, attic: Path) -> None:
    _archives(long).archive(1, attic)
    long.trail.append(VIEW)
    long.trail.close()
    trail = long.open()
    assert trail.append(VIEW).segment == 4
    assert trail.verify().is_whole


@pytest.mark.parametrize("number", [4, 5, 0])
def test_only_closed_parts_are_archived(long: Log, attic: Path, number: int) -> None:
    with pytest.raises(ArchiveRefused, match="closed"):
        _archives(long).archive(number, attic)


def test_a_part_that_is_not_whole_stays_as_evidence(long: Log, attic: Path) -> None:
    path = segment_path(long.folder, 2)
    raw = bytearray(path.read_bytes())
    raw[30] ^= 1
    path.write_bytes(raw)
    with pytest.raises(ArchiveRefused, match="evidence"):
        _archives(long).archive(2, attic)
    assert path.exists()


def test_an_archive_inside_the_store_or_over_another_trails_is_refused(
    long: Log, attic: Path
) -> None:
    with pytest.raises(ArchiveRefused, match="inside"):
        _archives(long).archive(1, long.folder / "attic")
    segment_path(attic, 1).parent.mkdir(parents=True)
    segment_path(attic, 1).write_bytes(b"another")
    with pytest.raises(ArchiveRefused, match="Another"):
        _archives(long).archive(1, attic)
    assert segment_path(long.folder, 1).exists()


def test_a_disk_that_refuses_leaves_the_part_in_the_store(
    long: Log, attic: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for name in ("shutil.copyfileobj", "os.fsync"):
        with monkeypatch.context() as patch:
            patch.setattr(f"viewer.session.audit.archiving.{name}", refuse)
            with pytest.raises(ArchiveFault):
                _archives(long).archive(1, attic)
        assert segment_path(long.folder, 1).exists()
        assert not list(attic.rglob("*.part"))
    assert long.trail.verify().is_whole


def test_a_copy_that_reads_back_differently_is_not_kept(
    long: Log, attic: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sloppy(source: object, target: object, size: int) -> None:
        target.write(bytes(500))  # type: ignore[attr-defined]

    monkeypatch.setattr("viewer.session.audit.archiving.shutil.copyfileobj", sloppy)
    with pytest.raises(ArchiveFault):
        _archives(long).archive(1, attic)
    assert segment_path(long.folder, 1).exists()
    assert not segment_path(attic, 1).exists()


def test_killed_between_note_and_removal_the_next_try_ends_it(
    long: Log, attic: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(number: int) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(long.trail.whole, "drop_segment", kill)
        with pytest.raises(Killed):
            _archives(long).archive(1, attic)
    assert long.trail.verify().is_whole
    assert long.trail.verify().archived == ()
    _archives(long).archive(1, attic)
    assert long.trail.verify().archived == (1,)


# --- the end of the time -----------------------------------------------------------------------


def test_nothing_is_purged_before_its_time_and_never_under_six_years(
    long: Log, attic: Path
) -> None:
    with pytest.raises(ArchiveRefused, match="at least 6 years"):
        _archives(long).archive(1, attic, keep_years=5)
    _archives(long).archive(1, attic, keep_years=6)
    _archives(long).archive(2, attic)
    for number, years in ((1, 0), (1, 5.9), (2, 6.5), (2, 9.9)):
        with pytest.raises(ArchiveRefused, match="is kept until"):
            _archives(long, _years(years) - timedelta(days=2)).purge(number, attic)
        assert segment_path(attic, number).exists()
    for number, years in ((1, 6), (2, 10)):
        purged = _archives(long, _years(years)).purge(number, attic)
        assert purged.whereabouts is Whereabouts.PURGED
        assert not segment_path(attic, number).exists()
    assert long.trail.verify().is_whole
    assert long.trail.verify().archived == (1, 2)


def test_a_shorter_time_edited_into_a_note_is_not_believed(long: Log, attic: Path) -> None:
    note = _archives(long).archive(1, attic)
    path = note_path(long.folder, 1)
    path.write_text(path.read_text().replace(note.keep_until.isoformat(), "2020-01-01"))
    with pytest.raises(ArchiveRefused, match="no archive"):
        _archives(long).purge(1, attic)


def test_even_a_signed_note_cannot_go_below_the_floor(long: Log, attic: Path) -> None:
    note = _archives(long).archive(1, attic)
    long.trail.whole.keep_note(attrs.evolve(note, keep_until=date(2020, 1, 1)))
    with pytest.raises(ArchiveRefused, match="is kept until"):
        _archives(long).purge(1, attic)


def test_what_lies_elsewhere_or_was_changed_is_not_purged(
    long: Log, attic: Path, tmp_path: Path
) -> None:
    _archives(long).archive(1, attic)
    with pytest.raises(ArchiveRefused, match="does not hold"):
        _archives(long, _years(11)).purge(1, tmp_path)
    segment_path(attic, 1).write_bytes(b"evidence of something")
    with pytest.raises(ArchiveRefused, match="does not hold"):
        _archives(long, _years(11)).purge(1, attic)
    assert segment_path(attic, 1).exists()


def test_a_note_says_again_what_was_signed(long: Log, attic: Path) -> None:
    note = _archives(long).archive(2, attic)
    assert _archives(long).notes() == {2: note}
    assert isinstance(note, ArchiveNote)
    assert years_later(note.last_day, 10) == note.keep_until


# --- parts close by themselves -----------------------------------------------------------------


def test_a_part_closes_with_its_year(log: Log) -> None:
    log.write(2)
    assert log.trail.segment == 1
    log.clock.pass_s(366 * 24 * 3600)
    log.write(1)
    assert log.trail.segment == 2
    log.write(2)
    assert log.trail.segment == 2
    reader = TrailReader(log.folder, log.reader_pair.private)
    reader.refresh()
    assert [event.segment for event in reader.scan()] == [1, 1, 2, 2, 2]
    assert log.trail.verify().is_whole


def test_a_part_closes_when_it_is_full(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("viewer.session.audit.trail.RECORDS_PER_SEGMENT", 50)
    log.write(120)
    assert log.trail.segment >= 3
    assert log.trail.verify().is_whole
    log.trail.close()
    assert log.open().verify().is_whole
    reader = TrailReader(log.folder, log.reader_pair.private)
    reader.refresh()
    assert reader.count() == 120


@pytest.mark.parametrize("at", [1, 2, 77])
def test_a_note_under_a_key_that_was_put_beside_the_trail_excuses_nothing(
    long: Log, tmp_path: Path, at: int
) -> None:
    """Whoever has the folder, and no device secret, would take a part away and vouch for it."""
    other = Log(tmp_path / "other", type(long.keystore)(), long.clock)
    other.write(1)
    keys = other.trail._end.keys.of_segment(at)
    held = _archives(long)._note(2, "ab" * 32, 10, 10)
    segment_path(long.folder, 2).unlink()
    public_key = segment_path(long.folder, 2).with_name("public.key")
    with public_key.open("a") as file:
        file.write(keys.signer.line + "\n")
    note_path(long.folder, 2).write_text(held.sign(keys))
    assert _damage(long) is not None
    assert 2 not in _archives(long).notes()
    other.crash()


def test_notes_of_an_archived_workstation_are_vouched_for_by_those_behind_them(
    long: Log, attic: Path
) -> None:
    for number in (1, 2, 3):
        _archives(long).archive(number, attic)
    assert sorted(_archives(long).notes()) == [1, 2, 3]
    assert long.trail.verify().is_whole
