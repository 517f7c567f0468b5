"""Break-glass: what it is, for how long, and the code on paper that opens it.

Three ways lead into it, and each gives the same and no more, the list of patients and their images,
for half an hour: a named user whose role does not see them (`Way.ELEVATION`), a named user whose
second step is out of reach (`Way.DOOR`), and the sealed code on paper (`Way.CODE`).
"""

from __future__ import annotations

import secrets
from enum import Enum

import attrs

from viewer.crypto.derive import context, derive
from viewer.crypto.secret import Secret
from viewer.model.ids import PatientId
from viewer.session.clock import Clock
from viewer.session.errors import EmergencyCodeMistyped, EmergencyRefused
from viewer.session.permissions import KeyName, Permission, Role

EMERGENCY_S = 30 * 60.0
"""How long it lasts; asking again takes a reason again."""
SEEN = frozenset({Permission.LIST_PATIENTS, Permission.VIEW_IMAGES})
"""All that it lets anybody do."""
VISITOR_ROLE = Role(
    "emergency",
    "Emergency access",
    "Looks at images for half an hour; everything is recorded",
    SEEN,
    frozenset({KeyName.IMAGES}),
)
"""Of somebody who came in with the code on paper, without an account."""
MARK = "emergency access"
"""Stands in the reason of each look that was taken in an emergency."""

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LIKE = str.maketrans("OIL", "011")
_GROUPS, _TRUE_LETTERS = 6, 3
CODE_BITS = _GROUPS * _TRUE_LETTERS * 5
_SHORTEST_REASON, _LONGEST_REASON, _LONGEST_NAME = 3, 200, 60


class Way(Enum):
    """How somebody got in. The value is what a person reads."""

    ELEVATION = "in an open session"
    DOOR = "with the password alone"
    CODE = "with the sealed code"


@attrs.define(eq=False)
class Emergency:
    """One emergency access that is under way. `number` and `segment` are of its first entry.

    The time comes from the clock since start-up, which nobody can set.
    """

    way: Way
    reason: str
    clock: Clock
    began_s: float
    number: int
    segment: int
    seconds: float = EMERGENCY_S
    images: set[str] = attrs.field(factory=set)
    patients: set[PatientId] = attrs.field(factory=set)

    @property
    def is_alone(self) -> bool:
        """Whether the session is nothing but this: when it ends, the session does."""
        return self.way is not Way.ELEVATION

    @property
    def left_s(self) -> float:
        """Seconds until it ends; 0 once it is over, also for a clock that went back."""
        passed_s = self.clock.boot_s() - self.began_s
        return max(0.0, self.seconds - passed_s) if passed_s >= 0 else 0.0

    @property
    def is_running(self) -> bool:
        """Whether its time is not over."""
        return self.left_s > 0

    def looked(self, patient_id: PatientId | None, images: tuple[str, ...]) -> None:
        """Count a look."""
        if patient_id is not None:
            self.patients.add(patient_id)
        self.images.update(images)

    def words_at_end(self, why: str) -> str:
        """Say for the trail how long it was, how much was seen, and what ended it."""
        minutes = round(max(0.0, self.clock.boot_s() - self.began_s) / 60)
        return (
            f"after {minutes} min, {_count(len(self.images), 'image')} of "
            f"{_count(len(self.patients), 'patient')} looked at; ended {why}"
        )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def checked_reason(typed: str) -> str:
    """Return a reason as it is recorded.

    Raises
    ------
    EmergencyRefused
        There is none.
    """
    reason = " ".join(typed.split())[:_LONGEST_REASON]
    if sum(letter.isalnum() for letter in reason) < _SHORTEST_REASON:
        raise EmergencyRefused(
            "Emergency access needs a reason.", "Choose one, or say it in words."
        )
    return reason


def checked_name(typed: str) -> str:
    """Return the name of somebody without an account, as it is recorded.

    Raises
    ------
    EmergencyRefused
        There is none.
    """
    name = " ".join(typed.split())[:_LONGEST_NAME]
    if sum(letter.isalpha() for letter in name) < 2:
        raise EmergencyRefused("Emergency access needs your name.", "Type your own name.")
    return name


class EmergencyCode:
    """The code on paper: six groups of four, three letters of it random and the fourth a check.

    90 bits in Crockford's alphabet, which has no letters that look alike (O, I and L are read as
    0, 1 and 1). Each group checks itself, so that a slip is found at the group where it is. Half of
    the key is the device secret: code and stolen folder together open nothing elsewhere.
    """

    def __init__(self, letters: str) -> None:
        self._letters = letters

    @classmethod
    def new(cls) -> EmergencyCode:
        """Make a fresh one."""
        return cls("".join(secrets.choice(_LETTERS) for _ in range(_GROUPS * _TRUE_LETTERS)))

    @classmethod
    def from_text(cls, text: str) -> EmergencyCode:
        """Read a typed code; spaces, dashes and case do not matter.

        Raises
        ------
        EmergencyCodeMistyped
            A letter is wrong, missing or too many; it says in which group.
        """
        typed = "".join(each for each in text.upper() if each.isalnum()).translate(_LIKE)
        size = _TRUE_LETTERS + 1
        groups = [typed[at : at + size] for at in range(0, len(typed), size)]
        for place, group in enumerate(groups[:_GROUPS]):
            if not group_is_right(place, group):
                raise EmergencyCodeMistyped(place + 1)
        if len(groups) != _GROUPS:
            raise EmergencyCodeMistyped(min(len(groups) + 1, _GROUPS))
        return cls("".join(group[:_TRUE_LETTERS] for group in groups))

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups as they are printed."""
        starts = range(0, len(self._letters), _TRUE_LETTERS)
        parts = [self._letters[at : at + _TRUE_LETTERS] for at in starts]
        return tuple(part + _check_letter(place, part) for place, part in enumerate(parts))

    @property
    def text(self) -> str:
        """All groups on one line."""
        return "-".join(self.groups)

    def private(self, practice_id: str, device_secret: Secret) -> Secret:
        """Return the X25519 private key that code and device secret give together."""
        info = context("bitewing emergency key v1", practice_id)
        with Secret(self._letters.encode()) as code:
            return derive([code, device_secret], info)

    def __repr__(self) -> str:
        return "EmergencyCode(…)"


def group_is_right(place: int, group: str) -> bool:
    """Whether a typed group, by its place from 0, checks itself.

    >>> all(group_is_right(n, each) for n, each in enumerate(EmergencyCode.new().groups))
    True
    """
    typed = group.upper().translate(_LIKE)
    is_whole = len(typed) == _TRUE_LETTERS + 1 and all(each in _LETTERS for each in typed)
    return is_whole and typed[-1] == _check_letter(place, typed[:-1])


def _check_letter(place: int, letters: str) -> str:
    """Return the fourth letter of a group: a sum over GF(32), so that no single slip passes.

    Neither does a swap of two letters, nor one of two groups, since the place counts, too.
    """
    total = place + 1
    for letter in letters:
        total = _doubled(total) ^ _LETTERS.index(letter)
    return _LETTERS[_doubled(total)]


def _doubled(element: int) -> int:
    """Multiply by x modulo x^5 + x^2 + 1."""
    return (element << 1) ^ (0b100101 if element & 0b10000 else 0)
