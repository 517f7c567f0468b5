"""The trail attacked: every attack is convicted, by its kind and the first bad record."""

from __future__ import annotations

import itertools

import pytest

from tests.unit.session.audit.conftest import PRACTICE, Log
from viewer.crypto.people import new_signing_pair
from viewer.crypto.secret import Secret
from viewer.session.audit.frames import FIRST_PREVIOUS, MAGIC, Frame, FrameKind, frames_from
from viewer.session.audit.note import PublicKey
from viewer.session.audit.segment import SegmentKeys, Tail
from viewer.session.audit.verdict import Damage, Verdict
from viewer.session.audit.verify import verify_trail
from viewer.session.errors import TrailDamaged


def _frames(log: Log) -> list[Frame]:
    return list(frames_from(log.path.read_bytes(), len(MAGIC)))


def _pieces(log: Log) -> list[bytes]:
    raw = log.path.read_bytes()
    return [raw[frame.start : frame.end] for frame in _frames(log)]


def _put(log: Log, pieces: list[bytes]) -> None:
    log.path.write_bytes(MAGIC + b"".join(pieces))


def _verify(log: Log) -> Verdict:
    return verify_trail(log.folder, log.public, log.keystore.read_head(PRACTICE, "trail"))


def _offline(log: Log) -> Verdict:
    return verify_trail(log.folder, log.public)


def _expect(verdict: Verdict, damage: Damage, seq: int) -> None:
    assert verdict.finding is not None
    assert (verdict.finding.damage, verdict.finding.seq) == (damage, seq)
    assert str(seq) in verdict.words


@pytest.fixture
def written(log: Log) -> Log:
    """Genesis, checkpoint, key, 20 views, checkpoint: records 0-23."""
    log.write(20)
    log.trail.close()
    return log


def test_a_trail_that_nobody_touched_is_whole_with_the_public_key_alone(written: Log) -> None:
    verdict = _offline(written)
    assert verdict.is_whole
    assert (verdict.records, verdict.signed, verdict.checkpoints) == (24, 23, 2)
    assert verdict.head == written.keystore.read_head(PRACTICE, "trail")


def test_every_single_flipped_byte_is_noticed(written: Log) -> None:
    raw = bytearray(written.path.read_bytes())
    last = _frames(written)[-1]
    for at in itertools.chain(range(0, last.start, 11), range(last.start, len(raw), 3)):
        raw[at] ^= 1
        written.path.write_bytes(raw)
        verdict = _verify(written)
        raw[at] ^= 1
        in_last_mac = last.end - 20 <= at < last.end - 4
        assert not verdict.is_whole or in_last_mac, f"byte {at}"


@pytest.mark.parametrize("seq", [2, 3, 10, 22])
def test_an_edited_record_is_named(written: Log, seq: int) -> None:
    frame = _frames(written)[seq]
    raw = bytearray(written.path.read_bytes())
    raw[frame.start + 60] ^= 1
    written.path.write_bytes(raw)
    _expect(_offline(written), Damage.EDITED, seq)


@pytest.mark.parametrize("seq", [0, 1, 3, 12, 22])
def test_a_removed_record_is_named(written: Log, seq: int) -> None:
    pieces = _pieces(written)
    del pieces[seq]
    _put(written, pieces)
    _expect(_offline(written), Damage.REMOVED, seq)


def test_two_records_that_changed_places_are_named(written: Log) -> None:
    pieces = _pieces(written)
    pieces[7], pieces[11] = pieces[11], pieces[7]
    _put(written, pieces)
    _expect(_offline(written), Damage.REORDERED, 7)


def test_a_record_that_is_there_twice_is_named(written: Log) -> None:
    pieces = _pieces(written)
    pieces.insert(9, pieces[8])
    _put(written, pieces)
    _expect(_offline(written), Damage.REORDERED, 9)


def test_a_cut_at_a_record_is_convicted_by_the_outside_head(written: Log) -> None:
    _put(written, _pieces(written)[:15])
    _expect(_verify(written), Damage.CUT, 15)
    with pytest.raises(TrailDamaged):
        written.open()


def test_a_cut_inside_a_record_is_convicted_by_the_outside_head(written: Log) -> None:
    written.path.write_bytes(written.path.read_bytes()[: _frames(written)[15].start + 9])
    _expect(_verify(written), Damage.CUT, 15)
    with pytest.raises(TrailDamaged):
        written.open()


def test_without_an_outside_head_a_cut_inside_a_record_still_shows(written: Log) -> None:
    written.path.write_bytes(written.path.read_bytes()[: _frames(written)[15].start + 9])
    _expect(_offline(written), Damage.TORN, 15)


def test_a_whole_older_trail_is_convicted_by_the_outside_head(log: Log) -> None:
    log.write(5)
    log.trail.close()
    old = log.path.read_bytes()
    log.open()
    log.write(4)
    log.trail.close()
    log.path.write_bytes(old)
    _expect(_verify(log), Damage.ROLLED_BACK, len(_frames(log)))
    assert _offline(log).is_whole  # alone it cannot be told: that is what the head is for
    with pytest.raises(TrailDamaged):
        log.open()


def _rewrite(log: Log, keys: SegmentKeys, *, without: int) -> None:
    """Write the whole chain anew, without one record, as the holder of `keys` can."""
    tail, raw = Tail.of_new_file(), MAGIC
    for frame in _frames(log):
        if frame.seq == without:
            continue
        if frame.kind == FrameKind.CHECKPOINT:
            raw += tail.add_checkpoint(keys)
        else:
            raw += tail.add(FrameKind(frame.kind), frame.body, keys)
    log.path.write_bytes(raw)


def test_a_chain_rewritten_and_signed_with_another_key_is_convicted(written: Log) -> None:
    pair = new_signing_pair()
    origin = PublicKey.from_line(written.public).origin
    signer = PublicKey(origin, pair.public)
    keys = SegmentKeys(PRACTICE, "", 1, pair.private, Secret.random(), signer)
    _rewrite(written, keys, without=7)
    _expect(_offline(written), Damage.RE_SIGNED, 1)


def test_a_chain_rewritten_without_signing_is_convicted_by_its_checkpoint(written: Log) -> None:
    """The old signatures are kept: the chain holds, the signed root does not."""
    tail, raw = Tail.of_new_file(), MAGIC
    keys = SegmentKeys(PRACTICE, "", 1, Secret.random(), Secret.random(), PublicKey("x", b"x" * 32))
    for frame, piece in zip(_frames(written), _pieces(written), strict=True):
        if frame.seq < 7:
            raw += piece
            tail.last_leaf = frame.leaf
            tail.frontier.append(frame.leaf)
            continue
        body = frame.body if frame.seq != 7 else frame.body[:-1] + b"!"
        raw += tail.add(FrameKind(frame.kind), body, keys)
    written.path.write_bytes(raw)
    verdict = _offline(written)
    assert verdict.finding is not None
    assert verdict.finding.damage is Damage.EDITED
    assert "22" in verdict.words


def test_even_the_device_secret_cannot_rewrite_what_an_outside_head_covers(written: Log) -> None:
    with written.keystore.create_device_secret() as secret:
        keys = SegmentKeys.of_device(secret, PRACTICE, 1)
    head = written.keystore.read_head(PRACTICE, "trail")
    _rewrite(written, keys, without=7)
    assert _offline(written).is_whole  # a thief of the secret can do that
    finding = verify_trail(written.folder, written.public, head).finding
    assert finding is not None
    assert finding.damage is Damage.RE_SIGNED


def test_an_edit_after_the_last_checkpoint_shows_to_the_workstation(log: Log) -> None:
    log.write(3)
    last = _frames(log)[-1]
    raw = bytearray(log.path.read_bytes())
    raw[last.start + 60] ^= 1
    log.path.write_bytes(raw)
    assert _offline(log).is_whole  # not signed yet
    _expect(log.trail.verify(), Damage.EDITED, last.seq)


def test_no_trail_at_all_is_no_whole_trail(log: Log) -> None:
    log.trail.close()
    log.path.unlink()
    assert not _offline(log).is_whole
    assert not _verify(log).is_whole


def test_a_key_line_for_another_trail_is_refused(written: Log) -> None:
    with pytest.raises(ValueError, match="public key"):
        verify_trail(written.folder, "")


def test_the_first_record_follows_nothing(written: Log) -> None:
    assert _frames(written)[0].previous == FIRST_PREVIOUS
