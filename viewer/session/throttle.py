"""Wrong passwords are counted before they are tried, and cost time that no restart gives back.

The count is on disk before the password is looked at, so killing the program saves nothing. Delays
run on the clock since start-up, which nobody can set; where the machine was restarted, the delay
begins anew. After a hundred wrong ones the account waits for the security officer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from viewer.session.clock import Clock
from viewer.session.errors import AccountBlocked, AccountsTampered, WaitFirst
from viewer.session.files import accounts_lock
from viewer.session.keystore import KeyStore
from viewer.session.tagged import TaggedFile

FREE_TRIES = 3
LIMIT = 100
LONGEST_DELAY_S = 900.0


def delay_s(failures: int) -> float:
    """Return seconds to wait after so many wrong passwords in a row.

    >>> [delay_s(count) for count in (1, 2, 3, 4, 8, 50)]
    [0.0, 0.0, 1.0, 2.0, 32.0, 900.0]
    """
    if failures < FREE_TRIES:
        return 0.0
    return min(2.0 ** min(failures - FREE_TRIES, 20), LONGEST_DELAY_S)


class Throttle:
    """Failures by account on this workstation. Safe from threads and other processes."""

    def __init__(self, folder: Path, keystore: KeyStore, practice_id: str) -> None:
        self._file = TaggedFile(folder / "throttle.json", keystore, practice_id, "throttle")
        self._lock_path = folder / "throttle.lock"

    def start_over(self) -> None:
        """Begin without failures, at founding or by right of the recovery key."""
        with accounts_lock(self._lock_path):
            self._file.replace({})

    def begin(self, account: str, clock: Clock, limit: float = LIMIT) -> None:
        """Count a try; it stays counted unless `succeeded` follows.

        Without a `limit` (infinity) wrong ones only make the next wait.

        Raises
        ------
        WaitFirst
            The delay is not over; nothing was counted.
        AccountBlocked
            A hundred were wrong.
        AccountsTampered
            The count was removed or set back.
        """
        with accounts_lock(self._lock_path):
            rows = self._file.read()
            failures, at_s = _row(rows, account)
            if failures >= limit:
                raise AccountBlocked
            now_s = clock.boot_s()
            if now_s < at_s:  # restarted since: the delay begins anew
                at_s = now_s
                self._file.write(rows | {account: [failures, at_s]})
            left_s = at_s + delay_s(failures) - now_s
            if left_s > 0:
                raise WaitFirst(left_s)
            self._file.write(rows | {account: [failures + 1, now_s]})

    def add(self, account: str, failures: int, clock: Clock) -> None:
        """Count tries that were made while nothing could be counted here."""
        with accounts_lock(self._lock_path):
            rows = self._file.read()
            before, _ = _row(rows, account)
            self._file.write(rows | {account: [before + failures, clock.boot_s()]})

    def succeeded(self, account: str) -> None:
        """Forget the failures: the password was right, or the officer set a new one."""
        with accounts_lock(self._lock_path):
            rows = self._file.read()
            if rows.pop(account, None) is not None:
                self._file.write(rows)

    def take_back(self, account: str) -> None:
        """Take back the try that was just counted: it was right, but not all that is asked for.

        Wrong ones before it stay counted.
        """
        with accounts_lock(self._lock_path):
            rows = self._file.read()
            failures, at_s = _row(rows, account)
            if failures > 0:
                self._file.write(rows | {account: [failures - 1, at_s]})

    def wait_s(self, account: str, clock: Clock) -> float:
        """Return seconds until the next password is taken; infinity where it is blocked."""
        with accounts_lock(self._lock_path):
            failures, at_s = _row(self._file.read(), account)
        if failures >= LIMIT:
            return float("inf")
        return max(0.0, min(at_s, clock.boot_s()) + delay_s(failures) - clock.boot_s())


def _row(rows: dict[str, Any], account: str) -> tuple[int, float]:
    try:
        failures, at_s = rows.get(account, (0, 0.0))
        return int(failures), float(at_s)
    except (TypeError, ValueError):
        raise AccountsTampered from None
