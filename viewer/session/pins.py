"""Which quick PINs are taken: digits that a colleague at the same desk would not try first.

A quick PIN has five tries, so what counts is the first few guesses: runs, repetitions, the
pattern of the keys, years and dates of birth.

Source
------
NIST SP 800-63B-4 §3.1.1.2 (a blocklist in place of composition rules), applied to digits.
"""

from __future__ import annotations

import re

from viewer.session.errors import WeakPin

SHORTEST = 6
LONGEST = 16
_PAD = ("123", "456", "789", "147", "258", "369", "159", "357")
_RUNS = (
    "01234567890123456789",
    "98765432109876543210",
    "24680246802468024680",
    "13579135791357913579",
)
_YEAR = r"(?:19[2-9]|20[0-3])\d"
_DAY, _MONTH = r"(?:0[1-9]|[12]\d|3[01])", r"(?:0[1-9]|1[0-2])"
_DATES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_DAY}{_MONTH}\d\d",
        rf"{_MONTH}{_DAY}\d\d",
        rf"\d\d{_MONTH}{_DAY}",
        rf"{_YEAR}\d+",
        rf"\d+{_YEAR}",
    )
)


def require_good_pin(pin: str) -> None:
    """Return only if a new quick PIN is taken.

    Raises
    ------
    WeakPin
        It is not, with the reason.
    """
    fault = fault_of(pin)
    if fault:
        raise WeakPin(fault)


def fault_of(pin: str) -> str:
    """Return what is wrong with a new quick PIN, in words for the person; "" if nothing is.

    >>> fault_of("402917")
    ''
    >>> fault_of("123456")
    'This is among the first that anybody tries.'
    """
    if not pin.isascii() or not pin.isdigit():
        return "A quick PIN is made of digits alone."
    if len(pin) < SHORTEST:
        return f"At least {SHORTEST} digits."
    if len(pin) > LONGEST:
        return f"At most {LONGEST} digits."
    if _is_guessed_first(pin):
        return "This is among the first that anybody tries."
    if any(pattern.fullmatch(pin) for pattern in _DATES):
        return "This looks like a date or a year. Colleagues know those."
    return ""


def _is_guessed_first(pin: str) -> bool:
    if len(set(pin)) <= 2 or any(pin in run for run in _RUNS):
        return True
    for size in range(1, len(pin) // 2 + 1):  # 121212, 123123, 402402
        if pin == (pin[:size] * len(pin))[: len(pin)]:
            return True
    if re.fullmatch(r"(\d)\1(\d)\2(\d)\3(?:(\d)\4)*", pin):  # 112233
        return True
    rows = {*_PAD, *(row[::-1] for row in _PAD)}
    return len(pin) % 3 == 0 and all(pin[at : at + 3] in rows for at in range(0, len(pin), 3))
