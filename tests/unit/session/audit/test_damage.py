"""A trail of three parts under every kind of attack, looked at by the workstation and offline."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest

from tests.unit.session.audit.conftest import VIEW, Log
from tests.unit.session.audit.parts import EVENTS, Parts
from viewer.session.audit.frames import FrameKind, write_frame
from viewer.session.audit.segment import Tail
from viewer.session.audit.verdict import Damage, Verdict
from viewer.session.audit.verify import Looked, verify_trail

Attack = Callable[[Parts, int], None]


@pytest.fixture
def parts(log: Log) -> Parts:
    return Parts(log)


def edit(parts: Parts, part: int) -> None:
    frame = parts.frames(part)[9]
    raw = bytearray(parts.path(part).read_bytes())
    raw[frame.start + 60] ^= 1
    parts.path(part).write_bytes(raw)


def remove(parts: Parts, part: int) -> None:
    pieces = parts.pieces(part)
    del pieces[9]
    parts.put(part, pieces)


def reorder(parts: Parts, part: int) -> None:
    pieces = parts.pieces(part)
    pieces[9], pieces[12] = pieces[12], pieces[9]
    parts.put(part, pieces)


def repeat(parts: Parts, part: int) -> None:
    pieces = parts.pieces(part)
    pieces.insert(9, pieces[8])
    parts.put(part, pieces)


def cut_inside(parts: Parts, part: int) -> None:
    frame = parts.frames(part)[9]
    parts.path(part).write_bytes(parts.path(part).read_bytes()[: frame.start + 20])


def cut_between(parts: Parts, part: int) -> None:
    parts.put(part, parts.pieces(part)[:9])


def roll_back(parts: Parts, part: int) -> None:
    parts.put(part, parts.pieces(part)[:2])


def re_sign(parts: Parts, part: int) -> None:
    parts.rewrite(part, parts.strangers(part), without=9)


@pytest.mark.parametrize("part", [1, 2, 3])
@pytest.mark.parametrize(
    ("attack", "damage", "seq"),
    [
        (edit, Damage.EDITED, 9),
        (remove, Damage.REMOVED, 9),
        (reorder, Damage.REORDERED, 9),
        (repeat, Damage.REORDERED, 9),
        (cut_inside, Damage.CUT, 9),
        (cut_between, Damage.CUT, 9),
        (roll_back, Damage.ROLLED_BACK, 2),
        (re_sign, Damage.RE_SIGNED, 1),
    ],
)
def test_every_kind_of_damage_is_named_with_its_entry_in_every_part(
    parts: Parts, part: int, attack: Attack, damage: Damage, seq: int
) -> None:
    assert parts.online().is_whole
    attack(parts, part)
    _expect(parts.online(), damage, part, seq)
    offline = parts.offline()
    if part < 3:  # what follows tells as much as a head
        _expect(offline, damage, part, seq)
    elif attack is cut_inside:
        _expect(offline, Damage.TORN, part, seq)
    elif attack in {cut_between, roll_back}:
        assert offline.is_whole, "the newest part's end shows to a head kept elsewhere alone"
        assert verify_trail(parts.log.folder, parts.lines, parts.head).finding is not None
    else:
        _expect(offline, damage, part, seq)


def _expect(verdict: Verdict, damage: Damage, part: int, seq: int) -> None:
    finding = verdict.finding
    assert finding is not None
    assert (finding.damage, finding.segment, finding.seq) == (damage, part, seq)
    assert finding.words.endswith(".")
    assert part == 1 or f"Part {part}" in finding.words


@pytest.mark.parametrize("part", [1, 2])
def test_an_older_part_that_its_own_workstation_wrote_anew_is_convicted_by_the_next(
    parts: Parts, part: int
) -> None:
    """A thief of the device secret drops an entry of a closed part and signs it again."""
    parts.rewrite(part, parts.keys(part), without=9)
    for verdict in (parts.online(), parts.offline()):
        assert verdict.finding is not None
        assert verdict.finding.segment == part
        assert verdict.finding.damage in {Damage.RE_SIGNED, Damage.ROLLED_BACK}


def test_who_writes_all_parts_anew_with_the_device_secret_is_convicted_by_a_head_alone(
    parts: Parts,
) -> None:
    signed = parts.rewrite(1, parts.keys(1), without=9)
    for part in (2, 3):
        size, root = signed.size, signed.root.hex()
        signed = parts.rewrite(
            part,
            parts.keys(part),
            genesis=lambda old, size=size, root=root: attrs.evolve(  # type: ignore[misc]
                old, previous_size=size, previous_root=root
            ),
        )
    assert parts.offline().is_whole, "this is what offline cannot see"
    _expect(parts.online(), Damage.RE_SIGNED, 3, 0)
    assert verify_trail(parts.log.folder, parts.lines, parts.head).finding is not None


@pytest.mark.parametrize("part", [1, 2])
def test_a_part_that_is_gone_is_removed(parts: Parts, part: int) -> None:
    parts.path(part).unlink()
    for verdict in (parts.online(), parts.offline()):
        _expect(verdict, Damage.REMOVED, part, 0)
        assert "whole part is gone" in verdict.words


def test_the_newest_part_gone_is_rolled_back_and_needs_a_head(parts: Parts) -> None:
    parts.path(3).unlink()
    _expect(parts.online(), Damage.ROLLED_BACK, 3, 0)
    assert parts.offline().is_whole


def test_two_parts_that_changed_places_are_named(parts: Parts) -> None:
    first, second = parts.path(1).read_bytes(), parts.path(2).read_bytes()
    parts.path(1).write_bytes(second)
    parts.path(2).write_bytes(first)
    for verdict in (parts.online(), parts.offline()):
        _expect(verdict, Damage.REORDERED, 1, 0)
        assert "another part stands in its place" in verdict.words


@pytest.mark.parametrize("part", [1, 2, 3])
def test_a_first_record_taken_from_another_part_is_an_edit(parts: Parts, part: int) -> None:
    pieces = parts.pieces(part)
    pieces[0] = parts.pieces(part % 3 + 1)[0]
    parts.put(part, pieces)
    for verdict in (parts.online(), parts.offline()):
        _expect(verdict, Damage.EDITED, part, 0)


def test_a_part_that_follows_another_history_is_convicted(parts: Parts) -> None:
    """The device secret's thief begins part 2 anew over a made-up part 1, and keeps part 3."""
    parts.rewrite(2, parts.keys(2), genesis=lambda old: attrs.evolve(old, previous_root="00" * 32))
    for verdict in (parts.online(), parts.offline()):
        assert verdict.finding is not None
        assert verdict.finding.damage is Damage.RE_SIGNED


@pytest.mark.parametrize("part", [1, 2])
def test_entries_put_behind_the_end_of_a_closed_part_are_named(parts: Parts, part: int) -> None:
    """Without any key: the body is sealed to a public key, as everybody can."""
    last = parts.frames(part)[-1]
    tail = Tail.of_new_file()
    tail.frontier.size, tail.last_leaf = last.seq + 1, last.leaf
    forged = write_frame(
        tail.next_header(FrameKind.KEY), parts.frames(part)[2].body, parts.strangers(1).chain
    )
    with parts.path(part).open("ab") as file:
        file.write(forged)
    assert not parts.online().is_whole
    _expect(parts.offline(), Damage.ADDED, part, last.seq + 1)


def test_an_edit_in_a_chain_that_was_linked_anew_is_named_to_the_entry_by_the_workstation(
    parts: Parts,
) -> None:
    """Without the device secret: the links hold, the mac and the signed root do not."""
    keys, tail = parts.strangers(2), Tail.of_new_file()
    pieces = parts.pieces(2)[:9]
    for frame in parts.frames(2)[:9]:
        tail.frontier.append(frame.leaf)
        tail.last_leaf = frame.leaf
    for frame in parts.frames(2)[9:]:
        body = frame.body if frame.seq != 9 else frame.body[:-1] + b"!"
        pieces.append(tail.add(FrameKind(frame.kind), body, keys))
    parts.put(2, pieces)
    _expect(parts.online(), Damage.EDITED, 2, 9)
    offline = parts.offline().finding
    assert offline is not None
    assert (offline.damage, offline.segment) == (Damage.EDITED, 2)
    assert "one of those up to" in offline.words


def test_the_mac_of_the_last_checkpoint_shows_to_the_workstation_alone(parts: Parts) -> None:
    last = parts.frames(3)[-1]
    raw = bytearray(parts.path(3).read_bytes())
    raw[last.end - 10] ^= 1
    parts.path(3).write_bytes(raw)
    _expect(parts.online(), Damage.EDITED, 3, last.seq)
    assert parts.offline().is_whole


def test_one_line_of_the_workstation_is_enough_for_all_its_parts(parts: Parts) -> None:
    first = parts.lines.splitlines()[0]
    assert verify_trail(parts.log.folder, first).is_whole
    edit(parts, 3)
    assert not verify_trail(parts.log.folder, first).is_whole


def test_a_later_check_looks_at_what_is_new_and_says_so(log: Log) -> None:
    parts = Parts(log)
    whole = parts.online()
    trail = log.open()
    assert trail.verify().skipped == 0
    log.write(5)
    again = trail.verify(is_whole=False)
    assert again.is_whole
    assert again.skipped == whole.records
    assert again.records == whole.records + 6  # a key and five views
    edit(parts, 3)
    assert trail.verify(is_whole=False).is_whole, "what was good before is not looked at again"
    assert not trail.verify().is_whole


def test_a_later_check_begins_anew_where_the_trail_is_another(log: Log) -> None:
    parts = Parts(log)
    checked = parts.online().checked
    assert checked is not None
    parts.rewrite(3, parts.keys(3), without=9)
    verdict = verify_trail(
        log.folder, parts.lines, parts.head, parts.keys(3), Looked(since=checked)
    )
    assert not verdict.is_whole
    assert verdict.skipped == 0


def test_a_check_says_how_far_it_is_and_can_be_stopped(parts: Parts) -> None:
    told: list[tuple[int, int]] = []
    looked = Looked(told=lambda done, total: told.append((done, total)))
    verify_trail(parts.log.folder, parts.lines, looked=looked)
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1] == sum(parts.path(n).stat().st_size for n in (1, 2, 3))

    class Stopped(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        verify_trail(parts.log.folder, parts.lines, looked=Looked(told=stop))


def test_writing_goes_on_while_the_trail_is_verified(log: Log) -> None:
    log.write(EVENTS)
    written: list[int] = []

    def write(done: int, total: int) -> None:
        written.append(log.trail.append(VIEW).seq)

    assert log.trail.verify(write).is_whole
    assert written
    assert log.trail.verify().is_whole
