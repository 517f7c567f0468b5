"""What can go wrong between a person and the keys.

::

    UserError
    ├── LoginRefused            wrong name or password (one message for both)
    │   ├── WaitFirst           too many wrong passwords: `wait_s` until the next is taken
    │   ├── AccountBlocked      disabled, or a hundred wrong passwords
    │   ├── QuickRefused        a wrong quick PIN or tap, with how many tries are left
    │   └── QuickGone           there is no quick way in (any more): the password is needed
    ├── CodeWrong               an authenticator app that is being set up shows another code
    ├── NotLoggedIn             nobody is logged in, or this session ended
    ├── Locked                  the workstation is locked, or was since the work began
    ├── NotPermitted            the role does not allow it
    ├── FactorMissing           the practice asks a second factor of this role: set one up first
    ├── PasswordMustChange      one's password was given by somebody else: change it first
    ├── WeakPassword            a new password is refused, with the reason
    ├── WeakPin                 a new quick PIN is refused, with the reason
    ├── PasswordFirst           a quick way is set only just after the password, or with it
    ├── AccountRefused          an account cannot be made or changed so
    ├── PolicyRefused           a policy is out of bounds, with the reason
    ├── RecoveryKeyMistyped     the recovery key's checksum is wrong
    ├── RecoveryKeyRefused      it is another practice's, or was replaced
    ├── EmergencyRefused        no reason, no name, or not this person
    │   ├── EmergencyCodeMistyped  the sealed code's checksum is wrong, in which group
    │   └── EmergencyCodeSpent     this code was used or replaced before
    └── EmergencyOver           the half hour is over
    EnvironmentFault
    ├── NoKeyStore              the OS key store cannot be used: fail closed
    ├── ThirdShareMissing       the account's security key (or key server) is not within reach
    │   └── SecurityKeyFault    with what is the matter with the key that was asked
    ├── DeviceSecretMissing     this workstation does not hold the practice's device secret
    ├── AccountsUnwritable      the accounts cannot be written: nothing was changed
    └── TrailUnwritable         the trail cannot be written: the action is refused
    IntegrityError
    ├── CodeRefused             the second step was wrong; the desk makes LoginRefused of it
    ├── AccountsTampered        accounts were changed outside the program, or set back
    └── TrailDamaged            the trail was changed outside the program, or set back
"""

from __future__ import annotations

from viewer.crypto.errors import NotAuthentic
from viewer.model.errors import EnvironmentFault, IntegrityError, UserError


class LoginRefused(UserError):
    """Wrong name or password; nothing tells which."""

    def __init__(
        self,
        what: str = "Name and password do not match.",
        now: str = "Please try again.",
    ) -> None:
        super().__init__(what, now)


class CodeRefused(NotAuthentic):
    """The password was right, but the second step was not; `why` is for the trail alone."""

    def __init__(self, why: str) -> None:
        super().__init__("The second step does not match.")
        self.why = why


class CodeWrong(UserError):
    """An authenticator app that is being set up shows another code."""

    def __init__(self) -> None:
        super().__init__(
            "That code does not match.",
            "Wait for the next one in the app and type it; check that the phone's time is right.",
        )


class WaitFirst(LoginRefused):
    """Too many wrong passwords: nothing is tried for `wait_s` seconds."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(
            "Too many wrong passwords.",
            f"Wait {max(1, round(wait_s))} s, then try again.",
        )
        self.wait_s = wait_s


class AccountBlocked(LoginRefused):
    """The account is disabled or saw too many wrong passwords."""

    def __init__(self) -> None:
        super().__init__(
            "This account is blocked.",
            "Ask the security officer to set a new password.",
        )


class QuickRefused(LoginRefused):
    """A wrong quick PIN, or another security key's tap."""

    def __init__(self, tries_left: int) -> None:
        tries = "One try is" if tries_left == 1 else f"{tries_left} tries are"
        super().__init__("That is not right.", f"{tries} left before the password is needed.")
        self.tries_left = tries_left


class QuickGone(LoginRefused):
    """There is no quick way in for this person, or it has just ended."""

    def __init__(self) -> None:
        super().__init__("The quick way in has ended.", "Please use your password.")


class NotLoggedIn(UserError):
    """Nobody is logged in, or the session has ended."""

    def __init__(self) -> None:
        super().__init__("Nobody is logged in.", "Log in first.")


class Locked(UserError):
    """The workstation is locked, or was locked since the work began."""

    def __init__(self) -> None:
        super().__init__("This workstation is locked.", "Unlock it and start again.")


class NotPermitted(UserError):
    """The user's role does not allow it."""

    def __init__(self, role_title: str, what: str) -> None:
        super().__init__(
            f"{role_title}: this role may not {what}.",
            "Ask somebody who may, or the security officer.",
        )


class FactorMissing(NotPermitted):
    """The practice asks a second factor of this role, and the account has none."""

    def __init__(self) -> None:
        UserError.__init__(
            self,
            "Your role needs a second factor in this practice, and you have none yet.",
            "Set one up under “My sign-in” (“bitewing user factor totp”), then log in again.",
        )


class PasswordMustChange(UserError):
    """Somebody else knows this password, so nothing but its change is done with it."""

    def __init__(self) -> None:
        super().__init__(
            "Your password was given to you by somebody else.",
            "Choose one of your own first (“bitewing user passwd” with your name).",
        )


class WeakPassword(UserError):
    """A new password is refused."""


class WeakPin(UserError):
    """A new quick PIN is refused."""


class PasswordFirst(UserError):
    """A quick way in is set only by somebody who has just given the password."""

    def __init__(self, now: str = "It was too long ago that you logged in with it.") -> None:
        super().__init__("Give your password for this.", now)


class AccountRefused(UserError):
    """An account cannot be made or changed in this way."""


class PolicyRefused(UserError):
    """A policy is out of bounds; `now` says why there is a bound."""


class RecoveryKeyMistyped(UserError):
    """The recovery key has a typing error."""

    def __init__(self) -> None:
        super().__init__(
            "That is not a recovery key.", "Compare it with the sheet, group by group."
        )


class RecoveryKeyRefused(UserError):
    """A recovery key of another practice, or one that was replaced."""

    def __init__(self) -> None:
        super().__init__(
            "That is not this practice's recovery key, or its accounts were changed.",
            "Use the newest sheet of this practice.",
        )


class EmergencyRefused(UserError):
    """Emergency access is not given in this way."""


class EmergencyCodeMistyped(EmergencyRefused):
    """The sealed code has a typing error in a group, counted from 1."""

    def __init__(self, group: int) -> None:
        super().__init__(
            f"Group {group} of the code is not right.",
            "Compare it with the sheet, letter by letter.",
        )
        self.group = group


class EmergencyCodeSpent(EmergencyRefused):
    """A code that was used, replaced or destroyed before. Nothing opens with it, and it is told."""

    def __init__(self) -> None:
        super().__init__(
            "This code was used or replaced before. It opens nothing any more.",
            "Look for the newest envelope, or ask the security officer.",
        )


class EmergencyOver(UserError):
    """The half hour is over."""

    def __init__(self) -> None:
        super().__init__("The emergency access is over.", "Begin it again, with a reason.")


class NoKeyStore(EnvironmentFault):
    """The operating system's key store cannot be used. Nothing is stored in its place."""

    def __init__(self, what: str = "The key store of this computer cannot be used.") -> None:
        super().__init__(
            what, "Unlock it or set it up; without it the store of images stays closed."
        )


class ThirdShareMissing(EnvironmentFault):
    """The account needs a third share that does not answer at this workstation."""

    def __init__(self, label: str) -> None:
        super().__init__(
            f"This account also needs “{label}”, which does not answer.",
            "Plug it in, touch it or connect to it, then try again. If it is lost, ask the "
            "security officer.",
        )


class SecurityKeyFault(ThirdShareMissing):
    """A security key did not answer, with the reason."""

    def __init__(self, what: str, now: str) -> None:
        EnvironmentFault.__init__(self, what, now)


class DeviceSecretMissing(EnvironmentFault):
    """This workstation does not hold the device secret that the accounts were made with."""

    def __init__(self) -> None:
        super().__init__(
            "This workstation does not hold the key that this practice was set up with.",
            "Use the workstation it was set up on, or the practice's recovery key.",
        )


class AccountsUnwritable(EnvironmentFault):
    """The accounts, or the count of wrong passwords, cannot be written."""

    def __init__(self) -> None:
        super().__init__(
            "The accounts cannot be written, so this was not done.",
            "Make room on the disk or check its permissions, then try again.",
        )


class TrailUnwritable(EnvironmentFault):
    """The trail cannot be written, so nothing that needs an entry may happen."""

    def __init__(self) -> None:
        super().__init__(
            "The trail cannot be written, so this was not done.",
            "Make room on the disk or check its permissions, then try again.",
        )


class AccountsTampered(IntegrityError):
    """The accounts are not what this program wrote last."""

    def __init__(
        self,
        what: str = "The accounts of this practice were changed outside the program.",
    ) -> None:
        super().__init__(what, "Stop, keep the computer as it is, and call the security officer.")


class TrailDamaged(IntegrityError):
    """The trail is not what this program wrote last."""

    def __init__(self, what: str = "The trail was changed outside the program.") -> None:
        super().__init__(what, "Stop, keep the computer as it is, and call the security officer.")
