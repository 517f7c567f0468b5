"""One's own sign-in, and what a security key wants while somebody waits for it."""

from __future__ import annotations

import queue
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from viewer.app.jobs import Job, JobControl, JobRunner
from viewer.app.use_cases import accounts, factors
from viewer.model.errors import EnvironmentFault
from viewer.session.accounts import User
from viewer.session.book import TOTP
from viewer.session.errors import NotLoggedIn
from viewer.session.passwords import advise
from viewer.session.security_keys import KeyTalk, SecurityKeys, platform_keys, share_on
from viewer.session.totp import Enrolment
from viewer.ui import ports
from viewer.ui.security_ports import AppSecret, OnCodes, Standing

if TYPE_CHECKING:
    from viewer.app.clinic import Clinic
    from viewer.wiring.workstation import Workstation

Answer = TypeVar("Answer")


class WindowKeys(KeyTalk):
    """Satisfies the port `KeyDoor`. A worker waits on it for what the main thread answers."""

    def __init__(self, jobs: JobRunner, keys: SecurityKeys | None = None) -> None:
        super().__init__()
        self._jobs = jobs
        self._keys = keys
        self._pins: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._on_touch: Callable[[], None] | None = None
        self._on_pin: Callable[[], None] | None = None

    @property
    def within_reach(self) -> SecurityKeys:
        """The security keys of this workstation; the library loads when the first is needed."""
        if self._keys is None:
            self._keys = platform_keys()
        return self._keys

    def join(self, clinic: Clinic) -> None:
        """Let the accounts of a practice find the keys that they name."""
        clinic.practice.reach = lambda share_id, label: share_on(
            share_id, label, self.within_reach, self
        )

    def renew(self) -> None:
        """Begin to wait anew: an earlier cancel is forgotten."""
        while not self._pins.empty():
            self._pins.get_nowait()
        self.is_cancelled = False
        self.stop.clear()

    # the main thread

    def listen(self, on_touch: Callable[[], None], on_pin: Callable[[], None]) -> None:
        """Say who is told what the key wants."""
        self._on_touch, self._on_pin = on_touch, on_pin

    def leave(self) -> None:
        """Tell nobody any more."""
        self._on_touch = self._on_pin = None

    def give_pin(self, pin: str) -> None:
        """Answer with the PIN."""
        self._pins.put(pin)

    def cancel(self) -> None:
        """Stop waiting. Any thread."""
        super().cancel()
        self._pins.put("")

    def _tell_touch(self) -> None:
        if self._on_touch is not None:  # whoever listens by now
            self._on_touch()

    def _tell_pin(self) -> None:
        if self._on_pin is None:  # who asked has gone meanwhile
            self._pins.put("")
        else:
            self._on_pin()

    # the worker

    def touch_wanted(self) -> None:
        """Tell the window that the key blinks."""
        self._jobs.soon(self._tell_touch)

    def pin_wanted(self) -> str:
        """Ask the window, and wait for what it says; "" where that is cancelled or nobody hears."""
        if self.is_cancelled or self._on_pin is None:
            return ""
        self._jobs.soon(self._tell_pin)
        return self._pins.get()


class ClinicSecurity:
    """Satisfies the port `MySecurity`. Main thread only."""

    def __init__(self, workstation: Workstation) -> None:
        self._workstation = workstation
        self._enrolment: Enrolment | None = None
        workstation.at_lock(self.forget_app)

    @property
    def keys(self) -> WindowKeys:
        """What the security key wants meanwhile."""
        return self._workstation.keys

    def standing(self) -> Standing:
        """How it stands now."""
        user = self._user
        return Standing(TOTP in user.second_factors, user.third_share, user.codes_left)

    def password_advice(self, password: str, name: str) -> ports.PasswordAdvice:
        """Say how good a new password is for whoever is in."""
        user = self._user
        words = (name, user.name, self._workstation.practice_name)
        found = advise(password, words, has_second_factor=user.has_second_factor)
        return ports.PasswordAdvice(found.score, found.is_accepted, found.words)

    def change_password(
        self, old: str, new: str, on_done: Callable[[None], None], on_fault: ports.OnFault
    ) -> Job[None]:
        """Change it."""
        request = accounts.ChangePassword(old, new)
        return self._submit(
            lambda clinic, control: accounts.change_password(clinic, request, control),
            on_done,
            on_fault,
        )

    def begin_app(self) -> AppSecret:
        """Make a secret; it lives here until it is confirmed, forgotten, or the lock comes."""
        from viewer.app.recovery_sheet import qr_rows

        self.forget_app()
        made = self._workstation.clinic.practice.begin_totp(self._user.id)
        self._enrolment = made
        return AppSecret(qr_rows(made.uri), made.text)

    def forget_app(self) -> None:
        """Let go of the secret that was not confirmed."""
        enrolment, self._enrolment = self._enrolment, None
        if enrolment is not None:
            enrolment.wipe()

    def confirm_app(
        self, password: str, code: str, on_done: OnCodes, on_fault: ports.OnFault
    ) -> Job[tuple[str, ...]]:
        """Enrol the app that shows this code."""
        if self._enrolment is None:
            raise NotLoggedIn
        request = factors.ConfirmTotp(password, self._enrolment, code)
        return self._submit(
            lambda clinic, control: factors.confirm_totp(clinic, request, control),
            on_done,
            on_fault,
        )

    def remove_app(
        self, password: str, code: str, on_done: Callable[[None], None], on_fault: ports.OnFault
    ) -> Job[None]:
        """Do without the app."""
        request = factors.DropTotp(password, code)
        return self._submit(
            lambda clinic, control: factors.drop_totp(clinic, request, control), on_done, on_fault
        )

    def add_key(
        self, password: str, label: str, on_done: OnCodes, on_fault: ports.OnFault
    ) -> Job[tuple[str, ...]]:
        """Add the security key that is plugged in."""

        def work(clinic: Clinic, control: JobControl) -> tuple[str, ...]:
            request = factors.AddSecurityKey(password, label, self.keys.within_reach, self.keys)
            return factors.add_security_key(clinic, request, control)

        return self._submit(work, on_done, on_fault)

    def remove_key(
        self, password: str, code: str, on_done: Callable[[None], None], on_fault: ports.OnFault
    ) -> Job[None]:
        """Do without the key."""
        request = factors.DropSecurityKey(password, code)
        return self._submit(
            lambda clinic, control: factors.drop_security_key(clinic, request, control),
            on_done,
            on_fault,
        )

    def renew_codes(
        self, password: str, code: str, on_done: OnCodes, on_fault: ports.OnFault
    ) -> Job[tuple[str, ...]]:
        """Make ten fresh recovery codes."""
        request = factors.RenewCodes(password, code)
        return self._submit(
            lambda clinic, control: factors.renew_codes(clinic, request, control),
            on_done,
            on_fault,
        )

    def save_codes(
        self,
        codes: tuple[str, ...],
        path: Path,
        on_done: Callable[[None], None],
        on_fault: ports.OnFault,
    ) -> Job[None]:
        """Write a page to print, readable by its owner alone."""
        practice, person = self._workstation.practice_name, self._user.display_name
        made_on = self._workstation.clinic.clock.wall().date()

        def work(_: JobControl) -> None:
            from viewer.app.codes_sheet import codes_pdf

            page = codes_pdf(practice, person, codes, made_on)
            try:
                path.touch(mode=0o600)
                path.write_bytes(page)
            except OSError:
                raise EnvironmentFault(
                    "The page could not be saved.", "Choose another place."
                ) from None

        return self._workstation.jobs.submit(work, on_done, on_fault)

    def _submit(
        self,
        work: Callable[[Clinic, JobControl], Answer],
        on_done: Callable[[Answer], None],
        on_fault: ports.OnFault,
    ) -> Job[Answer]:
        clinic = self._workstation.clinic
        self.keys.renew()
        return self._workstation.jobs.submit(
            lambda control: work(clinic, control), on_done, on_fault
        )

    @property
    def _user(self) -> User:
        session = self._workstation.clinic.desk.session
        if session is None:
            raise NotLoggedIn
        return self._workstation.clinic.practice.user(session.user.id)
