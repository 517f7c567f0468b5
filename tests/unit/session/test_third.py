"""The third share: needed once required, and not to be edited away."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.session.conftest import OFFICER, OTHER, PASSWORD, Clinic, FakeClock
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.secret import Secret
from viewer.model.json import to_plain
from viewer.session.accounts import Practice
from viewer.session.audit.events import EventKind, Outcome
from viewer.session.errors import AccountsTampered, LoginRefused, ThirdShareMissing
from viewer.session.keystore import MemoryKeyStore
from viewer.session.permissions import KeyName
from viewer.session.third import MemoryThirdShare, ThirdShare, challenge_of

NEW = "amber kettle prairie two"


class UntouchedShare(MemoryThirdShare):
    """A security key that nobody touches."""

    def answer(self, challenge: bytes) -> Secret:
        raise ThirdShareMissing(self.label)


@pytest.fixture
def share(clinic: Clinic) -> MemoryThirdShare:
    """Hal's, already required."""
    made = MemoryThirdShare("blue key")
    hal = clinic.add("Hal", "dentist")
    clinic.practice.require_third_share(hal.id, OTHER, made, clinic.clock)
    return made


def _hal_row(content: dict[str, Any]) -> dict[str, Any]:
    return next(row for row in content["users"] if row["name"] == "Hal")


def _written(clinic: Clinic, **fields: object) -> Practice:
    """Edit Hal's row as somebody who also holds the device secret could."""
    content = to_plain(clinic.practice._book)
    _hal_row(content).update(fields)
    clinic.practice._file.write(content)
    return Practice.load(clinic.folder, clinic.keystore)


def test_with_password_and_share_everything_opens(clinic: Clinic, share: ThirdShare) -> None:
    session = clinic.desk.log_in("Hal", OTHER)
    assert sorted(session.epochs(KeyName.IMAGES)) == [1]
    assert clinic.practice.user("Hal").third_share == "blue key"
    assert clinic.practice.user(OFFICER).third_share == ""


def test_the_password_alone_is_refused_with_the_shares_name(
    clinic: Clinic, share: ThirdShare
) -> None:
    clinic.practice.third_shares.clear()
    with pytest.raises(ThirdShareMissing, match="blue key"):
        clinic.desk.log_in("Hal", OTHER)
    newest = clinic.events()[-1].entry
    assert (newest.kind, newest.outcome) == (EventKind.LOGIN_FAILED, Outcome.REFUSED)
    assert newest.why == "third share missing"


def test_a_share_that_was_forgotten_counts_as_no_wrong_password(
    clinic: Clinic, share: ThirdShare
) -> None:
    clinic.practice.third_shares.clear()
    for _ in range(10):
        with pytest.raises(ThirdShareMissing):
            clinic.desk.log_in("Hal", OTHER)
    assert clinic.desk.wait_s("Hal") == 0


def test_a_share_that_nobody_touches_lets_nobody_in(clinic: Clinic, share: ThirdShare) -> None:
    untouched = UntouchedShare("blue key")
    untouched.id = share.id
    clinic.practice.third_shares[share.id] = untouched
    with pytest.raises(ThirdShareMissing):
        clinic.desk.log_in("Hal", OTHER)


def test_another_share_under_the_same_id_does_not_open(clinic: Clinic, share: ThirdShare) -> None:
    forged = MemoryThirdShare("blue key")
    forged.id = share.id
    clinic.practice.third_shares[share.id] = forged
    with pytest.raises(LoginRefused):
        clinic.desk.log_in("Hal", OTHER)


def test_a_wrong_password_with_the_right_share_does_not_open(
    clinic: Clinic, share: ThirdShare
) -> None:
    with pytest.raises(LoginRefused):
        clinic.desk.log_in("Hal", PASSWORD)


def test_the_requirement_edited_away_leaves_a_key_that_does_not_open(
    clinic: Clinic, share: ThirdShare
) -> None:
    hal = clinic.practice.user("Hal").id
    stripped = _written(clinic, third="", third_label="")
    stripped.third_shares[share.id] = share
    with pytest.raises(NotAuthentic):
        stripped.open_keys(hal, OTHER)


def test_the_requirement_moved_to_the_attackers_share_does_not_open(
    clinic: Clinic, share: ThirdShare
) -> None:
    hal, mine = clinic.practice.user("Hal").id, MemoryThirdShare("mine")
    moved = _written(clinic, third=mine.id, third_label="mine")
    moved.third_shares = {share.id: share, mine.id: mine}
    with pytest.raises(NotAuthentic):
        moved.open_keys(hal, OTHER)


def test_the_wrapped_key_from_before_the_share_cannot_be_put_back(clinic: Clinic) -> None:
    hal = clinic.add("Hal", "dentist")
    before = dict(_hal_row(to_plain(clinic.practice._book)))
    clinic.practice.require_third_share(hal.id, OTHER, MemoryThirdShare(), clinic.clock)
    put_back = _written(clinic, **before)
    with pytest.raises(AccountsTampered):  # the old key pair: nothing is sealed to it any more
        put_back.open_keys(hal.id, OTHER)


def test_requiring_and_dropping_takes_the_password(clinic: Clinic, share: ThirdShare) -> None:
    hal, clock = clinic.practice.user("Hal").id, clinic.clock
    with pytest.raises(NotAuthentic):
        clinic.practice.drop_third_share(hal, PASSWORD, clock)
    with pytest.raises(NotAuthentic):
        clinic.practice.require_third_share(hal, PASSWORD, MemoryThirdShare(), clock)
    assert clinic.practice.user("Hal").third_share == "blue key"
    clinic.practice.drop_third_share(hal, OTHER, clock)
    clinic.practice.third_shares.clear()
    clinic.practice.open_keys(hal, OTHER).wipe()


def test_dropping_takes_the_share_too(clinic: Clinic, share: ThirdShare) -> None:
    clinic.practice.third_shares.clear()
    with pytest.raises(ThirdShareMissing):
        clinic.practice.drop_third_share(clinic.practice.user("Hal").id, OTHER, clinic.clock)


def test_trying_passwords_by_way_of_the_share_is_throttled(
    clinic: Clinic, share: ThirdShare, clock: FakeClock
) -> None:
    hal = clinic.practice.user("Hal").id
    for _ in range(3):
        with pytest.raises(NotAuthentic):
            clinic.practice.drop_third_share(hal, PASSWORD, clock)
    with pytest.raises(LoginRefused, match="Too many"):
        clinic.practice.drop_third_share(hal, OTHER, clock)


def test_a_changed_password_keeps_the_requirement(clinic: Clinic, share: ThirdShare) -> None:
    hal = clinic.practice.user("Hal").id
    clinic.practice.change_password(hal, OTHER, NEW, clinic.clock)
    clinic.practice.open_keys(hal, NEW).wipe()
    clinic.practice.third_shares.clear()
    with pytest.raises(ThirdShareMissing):
        clinic.practice.open_keys(hal, NEW)


def test_a_reset_keeps_the_requirement_unless_the_share_is_declared_lost(
    clinic: Clinic, share: ThirdShare
) -> None:
    hal = clinic.practice.user("Hal").id
    with clinic.ring() as ring:
        clinic.practice.reset_password(ring, hal, NEW)
        clinic.practice.third_shares.clear()
        with pytest.raises(ThirdShareMissing):
            clinic.practice.reset_password(ring, hal, OTHER)
        with pytest.raises(ThirdShareMissing):
            clinic.practice.open_keys(hal, NEW)
        clinic.practice.reset_without_share(ring, hal, OTHER)
    clinic.practice.open_keys(hal, OTHER).wipe()


def test_a_lost_key_store_is_survived_without_the_share(clinic: Clinic) -> None:
    share = MemoryThirdShare()
    clinic.practice.require_third_share(clinic.officer.id, PASSWORD, share, clinic.clock)
    fresh = MemoryKeyStore()
    practice = Practice.recover(clinic.folder, fresh, clinic.recovery, OFFICER, NEW)
    practice.open_keys(clinic.officer.id, NEW).wipe()


def test_a_share_answers_each_challenge_with_the_same_32_bytes() -> None:
    share = MemoryThirdShare()
    one, two = (challenge_of("practice", "user", bytes([salt]) * 16) for salt in (1, 2))  # type: ignore[arg-type]
    assert share.answer(one).equals(share.answer(one))
    assert not share.answer(one).equals(share.answer(two))
    assert not share.answer(one).equals(MemoryThirdShare().answer(one))
    assert len(share.answer(one)) == 32
