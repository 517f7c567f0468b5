"""A security key as third share, against a key in software that speaks all of CTAP's CBOR."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fido2.client import Fido2Client, UserInteraction, WebAuthnClient
from fido2.ctap import CtapDevice
from fido2.ctap2.base import Ctap2

from tests.support.soft_key import Port, SoftKey
from tests.unit.session.conftest import OTHER, PASSWORD, Clinic, FakeClock
from viewer.session import fido
from viewer.session.audit.events import EventKind
from viewer.session.errors import LoginRefused, SecurityKeyFault, WeakPassword
from viewer.session.fido import UsbKeys, WindowsKeys
from viewer.session.permissions import KeyName
from viewer.session.security_keys import FidoShare, KeyTalk, new_share, parsed, share_on

CHALLENGE = bytes(range(32))
SHORT = "brine-kelp-42"
NEW = "amber kettle prairie two"


class Person(KeyTalk):
    """Somebody who knows a PIN, and counts how often the key blinked."""

    def __init__(self, pin: str = "") -> None:
        super().__init__()
        self.pin, self.touches_wanted, self.pins_wanted = pin, 0, 0

    def touch_wanted(self) -> None:
        self.touches_wanted += 1

    def pin_wanted(self) -> str:
        self.pins_wanted += 1
        return self.pin


class CancellingPerson(Person):
    """Somebody who thinks better of it when the key blinks."""

    def touch_wanted(self) -> None:
        self.cancel()


@pytest.fixture
def key() -> SoftKey:
    return SoftKey()


@pytest.fixture
def port(key: SoftKey) -> Port:
    return Port(key)


@pytest.fixture
def share(clinic: Clinic, port: Port) -> FidoShare:
    """Hal's, already required; the workstation finds it on demand."""
    keys, talk = UsbKeys(port), Person()
    hal = clinic.add("Hal", "dentist")
    made = new_share("Hal", "blue key", keys, talk)
    clinic.practice.require_third_share(hal.id, OTHER, made, clinic.clock)
    clinic.practice.third_shares.clear()
    clinic.practice.reach = lambda share_id, label: share_on(share_id, label, keys, talk)
    return made


def _enrolled(key: SoftKey, pin: str = "") -> FidoShare:
    return new_share("Hal", "blue key", UsbKeys(Port(key)), Person(pin))


@pytest.mark.parametrize("protocols", [(2, 1), (2,), (1,)])
def test_a_key_answers_a_challenge_always_alike_and_no_other_key_does(
    protocols: tuple[int, ...],
) -> None:
    one, other = _enrolled(SoftKey(protocols=protocols)), _enrolled(SoftKey(protocols=protocols))
    assert one.answer(CHALLENGE).equals(one.answer(CHALLENGE))
    assert not one.answer(CHALLENGE).equals(one.answer(bytes(32)))
    assert not one.answer(CHALLENGE).equals(other.answer(CHALLENGE))
    assert len(one.answer(CHALLENGE)) == 32


def test_two_accounts_on_one_key_have_shares_of_their_own(key: SoftKey) -> None:
    assert not _enrolled(key).answer(CHALLENGE).equals(_enrolled(key).answer(CHALLENGE))


def test_each_answer_takes_a_touch(key: SoftKey) -> None:
    share = _enrolled(key)
    before = key.touches
    share.answer(CHALLENGE).wipe()
    assert key.touches == before + 1


def test_password_and_key_let_in_and_the_key_is_touched_once(
    clinic: Clinic, share: FidoShare, key: SoftKey
) -> None:
    before = key.touches
    session = clinic.desk.log_in("Hal", OTHER)
    assert sorted(session.epochs(KeyName.IMAGES)) == [1]
    assert key.touches == before + 1
    assert clinic.practice.user("Hal").second_factors == ("security key",)


def test_without_the_key_nobody_gets_in_and_no_try_is_counted(
    clinic: Clinic, share: FidoShare, port: Port
) -> None:
    port.keys.clear()
    for _ in range(10):
        with pytest.raises(SecurityKeyFault, match="No security key is plugged in"):
            clinic.desk.log_in("Hal", OTHER)
    assert clinic.desk.wait_s("Hal") == 0
    assert clinic.events()[-1].entry.why == "third share missing"


def test_another_key_is_told_apart_without_a_touch(
    clinic: Clinic, share: FidoShare, port: Port
) -> None:
    other = SoftKey()
    port.keys[:] = [other]
    with pytest.raises(SecurityKeyFault, match="not the security key of this account"):
        clinic.desk.log_in("Hal", OTHER)
    assert other.touches == 0


def test_the_right_one_of_two_keys_is_asked(
    clinic: Clinic, share: FidoShare, port: Port, key: SoftKey
) -> None:
    other = SoftKey()
    port.keys[:] = [other, key]
    clinic.desk.log_in("Hal", OTHER)
    assert other.touches == 0


@pytest.mark.parametrize(
    "command", [Ctap2.CMD.GET_INFO, Ctap2.CMD.CLIENT_PIN, Ctap2.CMD.GET_ASSERTION]
)
def test_a_key_that_is_pulled_out_midway_gives_a_plain_message(
    clinic: Clinic, share: FidoShare, key: SoftKey, command: int
) -> None:
    key.pulled_at = command
    with pytest.raises(SecurityKeyFault, match="stopped answering"):
        clinic.desk.log_in("Hal", OTHER)
    key.pulled_at, key.is_plugged_in = None, True
    clinic.desk.log_in("Hal", OTHER)


def test_a_key_that_is_not_touched_lets_nobody_in(
    clinic: Clinic, share: FidoShare, key: SoftKey
) -> None:
    key.is_touched = False
    with pytest.raises(SecurityKeyFault, match="was not touched"):
        clinic.desk.log_in("Hal", OTHER)


def test_waiting_for_the_touch_can_be_cancelled(key: SoftKey) -> None:
    share = _enrolled(key)
    waiting = FidoShare(share.id, "blue key", UsbKeys(Port(key)), CancellingPerson())
    with pytest.raises(SecurityKeyFault, match="cancelled"):
        waiting.answer(CHALLENGE)


def test_a_wrong_password_with_the_right_key_is_a_wrong_password(
    clinic: Clinic, share: FidoShare
) -> None:
    with pytest.raises(LoginRefused):
        clinic.desk.log_in("Hal", PASSWORD)
    assert clinic.events()[-1].entry.why == "wrong password"


def test_a_key_that_knows_no_hmac_secret_cannot_be_added() -> None:
    with pytest.raises(SecurityKeyFault, match="cannot keep a part"):
        _enrolled(SoftKey(has_hmac_secret=False))


def test_with_two_keys_plugged_in_none_is_added() -> None:
    with pytest.raises(SecurityKeyFault, match="2 security keys"):
        new_share("Hal", "blue key", UsbKeys(Port(SoftKey(), SoftKey())), Person())


def test_a_key_with_a_pin_that_may_do_without_asks_for_the_touch_alone() -> None:
    key = SoftKey("2468")
    person = Person()
    share = new_share("Hal", "blue key", UsbKeys(Port(key)), person)
    share.answer(CHALLENGE).wipe()
    assert person.pins_wanted == 0


def test_a_key_that_always_verifies_asks_for_its_pin_each_time() -> None:
    key, person = SoftKey("2468", always_uv=True), Person("2468")
    keys = UsbKeys(Port(key))
    share = new_share("Hal", "blue key", keys, person)
    assert share.id.startswith("fido2:uv:")
    first = share.answer(CHALLENGE)
    assert person.pins_wanted == 2
    assert first.equals(share.answer(CHALLENGE))


def test_a_wrong_pin_says_how_many_are_left_and_a_missing_one_says_so() -> None:
    key = SoftKey("2468", always_uv=True)
    share = _enrolled(key, "2468")
    for pin, words in (("1111", "7 more"), ("1111", "6 more"), ("", "asks for its PIN")):
        typed = FidoShare(share.id, "blue key", UsbKeys(Port(key)), Person(pin))
        with pytest.raises(SecurityKeyFault, match=words):
            typed.answer(CHALLENGE)
    share.answer(CHALLENGE).wipe()
    assert key.retries == 8


def test_a_key_whose_pins_are_used_up_says_so() -> None:
    key = SoftKey("2468", always_uv=True)
    share = _enrolled(key, "2468")
    key.retries = 0
    with pytest.raises(SecurityKeyFault, match="takes no PIN any more"):
        share.answer(CHALLENGE)


def test_a_key_whose_settings_changed_says_so_and_counts_no_wrong_password(
    clinic: Clinic, share: FidoShare, key: SoftKey
) -> None:
    key.pin, key.always_uv = "2468", True
    talk = Person("2468")
    keys = UsbKeys(Port(key))
    clinic.practice.reach = lambda share_id, label: share_on(share_id, label, keys, talk)
    with pytest.raises(SecurityKeyFault, match="settings of the security key were changed"):
        clinic.desk.log_in("Hal", OTHER)
    assert clinic.desk.wait_s("Hal") == 0


def test_with_a_key_eight_characters_will_do_until_it_is_dropped(
    clinic: Clinic, share: FidoShare, clock: FakeClock
) -> None:
    hal = clinic.practice.user("Hal").id
    clinic.practice.change_password(hal, OTHER, SHORT, clock)
    clinic.desk.log_in("Hal", SHORT)
    with pytest.raises(WeakPassword):
        clinic.practice.drop_third_share(hal, SHORT, clock)
    clinic.practice.change_password(hal, SHORT, NEW, clock)
    clinic.practice.drop_third_share(hal, NEW, clock)
    assert clinic.desk.log_in("Hal", NEW).user.second_factors == ()


def test_no_web_site_can_ask_the_key_for_what_it_keeps_for_us(key: SoftKey) -> None:
    share = _enrolled(key)
    other = Ctap2(key)
    with pytest.raises(Exception, match="NO_CREDENTIALS"):
        other.get_assertion(
            "example.com", bytes(32), [{"type": "public-key", "id": parsed(share.id)[0]}]
        )
    assert fido.RP_ID.endswith(".invalid")


class SystemOwned(UserInteraction):
    """Where the system asks for PIN and touch itself."""

    def __init__(self, pin: str) -> None:
        self._pin = pin

    def request_pin(self, permissions: object, rp_id: str | None) -> str | None:
        return self._pin


def _system_client(key: CtapDevice, pin: str = "") -> Callable[[], WebAuthnClient]:
    """A client as `WindowsClient` is one, with the key behind it."""
    return lambda: Fido2Client(key, fido._collector(), SystemOwned(pin), [fido._hmac_secret()])


@pytest.mark.parametrize(("pin", "always"), [("", False), ("2468", True)])
def test_where_the_system_asks_the_key_the_share_is_the_same(pin: str, always: bool) -> None:
    key = SoftKey(pin, always_uv=always)
    keys = WindowsKeys(_system_client(key, pin))
    share = new_share("Hal", "blue key", keys, KeyTalk())
    assert share.id.startswith("fido2:uv:" if always else "fido2:up:")
    assert share.answer(CHALLENGE).equals(share.answer(CHALLENGE))
    by_usb = FidoShare(share.id, "blue key", UsbKeys(Port(key)), Person(pin))
    assert by_usb.answer(CHALLENGE).equals(share.answer(CHALLENGE))


def test_where_the_system_asks_a_wrong_key_gives_a_plain_message() -> None:
    share = new_share("Hal", "blue key", WindowsKeys(_system_client(SoftKey())), KeyTalk())
    elsewhere = FidoShare(share.id, "x", WindowsKeys(_system_client(SoftKey())), KeyTalk())
    with pytest.raises(SecurityKeyFault, match="not the security key of this account"):
        elsewhere.answer(CHALLENGE)


def test_a_lost_key_is_survived_by_a_recovery_code_once(
    clinic: Clinic, port: Port, key: SoftKey, clock: FakeClock
) -> None:
    keys, talk = UsbKeys(port), Person()
    hal = clinic.add("Hal", "dentist")
    codes = clinic.practice.require_third_share(
        hal.id, OTHER, new_share("Hal", "blue key", keys, talk), clock
    )
    assert len(codes) == 10
    clinic.practice.third_shares.clear()
    session = clinic.desk.log_in("Hal", OTHER, codes[3].lower().replace("-", " "))
    assert sorted(session.epochs(KeyName.IMAGES)) == [1]
    assert session.user.codes_left == 9
    used = [e.entry for e in clinic.events() if e.entry.kind is EventKind.FACTOR_CHANGED]
    assert used[-1].why == "recovery code used, 9 left"
    clinic.desk.log_off()
    with pytest.raises(LoginRefused):
        clinic.desk.log_in("Hal", OTHER, codes[3])
    clinic.practice.drop_third_share(hal.id, OTHER, clock, codes[4])
    assert clinic.desk.log_in("Hal", OTHER).user.second_factors == ()
