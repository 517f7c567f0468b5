"""The door and the watch: who may come in, who is in, and for how long."""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viewer.app.backup_look import is_restore_unfinished, was_set_back
from viewer.app.clinic import Clinic, Founding
from viewer.app.jobs import Job, JobControl, JobRunner
from viewer.model.errors import BitewingError
from viewer.model.ids import UserId
from viewer.model.image import Picture
from viewer.session import hardening
from viewer.session.accounts import User
from viewer.session.desk import Admission
from viewer.session.emergency import SEEN
from viewer.session.errors import NotLoggedIn
from viewer.session.idle import OPERATORY, IdlePolicy
from viewer.session.keystore import KeyStore
from viewer.session.passwords import Advice, advise
from viewer.session.permissions import Permission
from viewer.session.policy import CaptureRule
from viewer.session.recovery import RecoveryKey
from viewer.ui import ports
from viewer.ui.store_ports import StoreSetBack
from viewer.wiring.admitting import unless_gone
from viewer.wiring.emergency import ClinicEmergencyDoor
from viewer.wiring.own_password import choose_password, unless_given
from viewer.wiring.quick import ClinicQuick
from viewer.wiring.security import ClinicSecurity, WindowKeys


def tile_of(user: User) -> ports.UserTile:
    """Return a user as the login window shows it."""
    is_officer = user.role.allows(Permission.MANAGE_ACCOUNTS)
    return ports.UserTile(
        user.id, user.display_name, user.role.title, is_officer, user.second_factors
    )


def advice(found: Advice) -> ports.PasswordAdvice:
    """Return a password check as the windows show it."""
    return ports.PasswordAdvice(found.score, found.is_accepted, found.words)


def login_name(display_name: str) -> str:
    """Return the name to type at login: lower case, words joined by dots.

    >>> login_name("Dr Mara  Linden")
    'dr.mara.linden'
    """
    return ".".join(re.findall(r"\w+", display_name.casefold()))


_MOMENT_S = 0.4


class Workstation:
    """Holds the clinic of one folder; there is none before the practice is founded.

    Main thread only. Satisfies the ports `Door` and `Watch`.
    """

    def __init__(
        self,
        folder: Path,
        keystore: KeyStore,
        jobs: JobRunner,
        *,
        policy: IdlePolicy | None = None,
        open_clinic: Callable[[Path, KeyStore, IdlePolicy | None], Clinic] | None = None,
    ) -> None:
        self.jobs = jobs
        self._folder = folder
        self._keystore = keystore
        self._policy = policy
        self._open = open_clinic or _open_clinic
        self._clinic: Clinic | None = None
        self.last_fault: BitewingError | None = None
        self._opened: list[weakref.ref[NDArray[np.generic]]] = []
        self._overview: NDArray[np.generic] | None = None
        self._forgetters: list[Callable[[], None]] = []
        self._after_forgetting: list[Callable[[], None]] = []
        self._looks_to_come = 0
        self._is_closed = False
        self.quick = ClinicQuick(self)
        self.emergency = ClinicEmergencyDoor(self)
        self.keys = WindowKeys(jobs)
        self.security = ClinicSecurity(self)
        self.hears_the_computer: Callable[[], bool] = lambda: False
        self.policies_changed: Callable[[], None] = lambda: None
        self.enter_practice()

    @property
    def clinic(self) -> Clinic:
        """The practice.

        Raises
        ------
        NotLoggedIn
            It was not founded yet.
        """
        if self._clinic is None:
            raise NotLoggedIn
        return self._clinic

    def _enter(self, clinic: Clinic) -> None:
        self._clinic = clinic
        self.keys.join(clinic)
        clinic.closed.connect(self._forget)

    @property
    def folder(self) -> Path:
        """The store's folder."""
        return self._folder

    @property
    def keystore(self) -> KeyStore:
        """What holds this workstation's key."""
        return self._keystore

    def leave_practice(self) -> None:
        """Let go of the practice, so that its folder may be replaced."""
        clinic, self._clinic = self._clinic, None
        if clinic is not None:
            clinic.closed.disconnect(self._forget)
            clinic.close()

    def enter_practice(self) -> None:
        """Open the practice of the folder, once there is one again."""
        if self._clinic is not None or is_restore_unfinished(self._folder):
            return
        if Clinic.is_founded(self._folder):
            self._enter(self._open(self._folder, self._keystore, self._policy))

    def may(self, permission: Permission) -> bool:
        """Whether whoever is logged in is allowed it; for what is offered, never for the gate."""
        session = self._clinic.desk.session if self._clinic else None
        if session is None or not session.may(permission):
            return False
        if self.clinic.desk.lacks_factor(permission):
            return False
        if permission is Permission.EMERGENCY_ACCESS:  # who sees images needs none
            return not all(session.may(each) for each in SEEN)
        return True

    def wipe_at_lock(self, picture: Picture) -> Picture:
        """Overwrite this picture's pixels when the vault closes, if anybody still holds them."""
        for array in (picture.pixels, *(plane.packed for plane in picture.overlays)):
            self.wipe_pixels_at_lock(array)
        return picture

    def wipe_pixels_at_lock(self, pixels: NDArray[np.generic]) -> None:
        """Overwrite an array when the vault closes, if anybody still holds it."""
        self._opened = [ref for ref in self._opened if ref() is not None]
        if not any(ref() is pixels for ref in self._opened):
            self._opened.append(weakref.ref(pixels))

    def hold_overview(self, pixels: NDArray[np.generic]) -> None:
        """Keep a volume's overview until the next one or the lock, to overwrite it then.

        Who shows it lets go of it as soon as the whole is there, and freed memory keeps its words.
        """
        before, self._overview = self._overview, pixels
        if before is not None and before is not pixels:
            before.fill(0)

    def at_lock(self, forget: Callable[[], None]) -> None:
        """Call this whenever the vault closes: drop what it gave out."""
        self._forgetters.append(forget)

    def _forget(self) -> None:
        self.keys.cancel()
        for forget in self._forgetters:
            forget()
        self._wipe_pictures()
        # Windows are taken away behind this call, and deleted in the turn of the loop after it.
        self._begin_forgetting(lambda: self.jobs.soon(lambda: self.jobs.soon(self._forget_memory)))
        if self.jobs.is_busy:  # what was dropped may hold pixels until its next look
            self._begin_forgetting(lambda: self.jobs.when_ended(self._forget_memory))
        # What lets go of its last piece only behind all that is found by a second look.
        self._begin_forgetting(
            lambda: self.jobs.submit_lasting(
                _a_moment, lambda _: self.jobs.when_ended(self._forget_memory)
            )
        )

    def _begin_forgetting(self, begin: Callable[[], None]) -> None:
        self._looks_to_come += 1
        begin()

    def _forget_memory(self) -> None:
        """Collect here, where windows are at home, and overwrite on a worker meanwhile."""
        if self._is_closed:  # the program ends, and its memory with it
            self._tell_forgotten()
            return
        self.jobs.renew()
        hardening.collect()
        self.jobs.submit_lasting(
            lambda _: hardening.overwrite_freed_memory(), lambda _: self._on_forgotten()
        )

    def _on_forgotten(self) -> None:
        hardening.empty_hand()
        self._tell_forgotten()

    def _tell_forgotten(self) -> None:
        self._looks_to_come -= 1
        calls, self._after_forgetting = self._after_forgetting, []
        for call in calls:
            call()

    @property
    def is_forgetting(self) -> bool:
        """Whether freed memory is still to be overwritten after a lock."""
        return self._looks_to_come > 0

    def settle(self) -> None:
        """Prepare for forgetting quickly, if nobody has come in or is about to."""
        session = self._clinic.desk.session if self._clinic else None
        if session is None and not self.jobs.is_busy:
            hardening.collect()
            hardening.leave_unlooked()

    def after_forgetting(self, call: Callable[[], None]) -> None:
        """Run a call on the main thread once what a lock forgets at once is forgotten."""
        if self.is_forgetting:
            self._after_forgetting.append(call)
        else:
            self.jobs.soon(call)

    def _wipe_pictures(self) -> None:
        for reference in self._opened:
            pixels = reference()
            if pixels is not None and pixels.flags.writeable:
                pixels.fill(0)
        self._opened.clear()
        overview, self._overview = self._overview, None
        if overview is not None:
            overview.fill(0)

    def close(self) -> None:
        """Log off, drop every job, let go of everything."""
        self._is_closed = True
        self.jobs.drop_all()
        if self._clinic is not None:
            self._clinic.close()
        self.jobs.close()

    # Door

    @property
    def practice_name(self) -> str:
        """The practice's name; empty before it is founded."""
        return self._clinic.practice.name if self._clinic else ""

    @property
    def is_founded(self) -> bool:
        """Whether there is a practice."""
        return self._clinic is not None

    def people(self) -> Sequence[ports.UserTile]:
        """Who may log in, by name."""
        if self._clinic is None:
            return ()
        users = self._clinic.practice.users()
        return [tile_of(user) for user in users if user.is_enabled and user.is_ready]

    def wait_s(self, user_id: UserId) -> float:
        """Seconds until another password is taken from this user."""
        return self.clinic.desk.wait_s(user_id)

    def log_in(
        self,
        user_id: UserId,
        password: str,
        on_done: Callable[[ports.UserTile], None],
        on_fault: ports.OnFault,
        code: str = "",
    ) -> Job[Admission]:
        """Log in, or unlock the session of the same user."""
        clinic = self.clinic
        return self.let_in(lambda: clinic.check(user_id, password, code), on_done, on_fault)

    def let_in(
        self,
        check: Callable[[], Admission],
        on_done: Callable[[ports.UserTile], None],
        on_fault: ports.OnFault,
    ) -> Job[Admission]:
        """Try a password, PIN or tap on a worker, and admit whoever it is of."""
        clinic = self.clinic
        self.keys.renew()

        def admit(admission: Admission) -> None:
            try:
                session = clinic.admit(admission)
            except BitewingError as fault:
                on_fault(StoreSetBack(fault.what, fault.now) if was_set_back(fault) else fault)
            else:
                self.jobs.submit(
                    lambda control: clinic.keep_spare_copy(control.is_cancelled), _ignore, _ignore
                )
                on_done(tile_of(session.user))

        return self.jobs.submit(
            lambda control: unless_given(clinic, unless_gone(control, check())), admit, on_fault
        )

    def choose_password(
        self,
        user_id: UserId,
        given: str,
        new: str,
        on_done: Callable[[ports.UserTile], None],
        on_fault: ports.OnFault,
    ) -> Job[Admission]:
        """Log in with a password that somebody else gave, by changing it to one's own."""

        def welcome(user: User) -> None:
            on_done(tile_of(user))

        return choose_password(self.clinic, self.jobs, user_id, (given, new), welcome, on_fault)

    def found(
        self,
        founding: ports.Founding,
        on_done: Callable[[ports.RecoveryKey], None],
        on_fault: ports.OnFault,
    ) -> Job[ports.RecoveryKey]:
        """Make the practice, the officer's account and the recovery key."""
        order = Founding(founding.practice_name, founding.officer_name, founding.password)

        def work(_: object) -> ports.RecoveryKey:
            recovery = Clinic.found(self._folder, self._keystore, order)
            groups = recovery.groups
            recovery.wipe()
            return ports.RecoveryKey(groups, founding.practice_name)

        def done(key: ports.RecoveryKey) -> None:
            self._enter(self._open(self._folder, self._keystore, self._policy))
            on_done(key)

        return self.jobs.submit(work, done, on_fault)

    def keep_proof(
        self,
        key: ports.RecoveryKey,
        on_done: Callable[[None], None],
        on_fault: ports.OnFault,
    ) -> Job[None]:
        """Keep when the founder showed that the sheet is on paper."""
        clinic = self.clinic

        def work(_: object) -> None:
            from viewer.app.recovery_sheet import prove_at_founding

            recovery = RecoveryKey.from_text("-".join(key.groups))
            with recovery.private:
                prove_at_founding(clinic, recovery)

        return self.jobs.submit(work, on_done, on_fault)

    def password_advice(self, password: str, name: str) -> ports.PasswordAdvice:
        """Say how good a new password is."""
        return advice(advise(password, (name, self.practice_name)))

    # Watch

    @property
    def current_user(self) -> ports.UserTile | None:
        """Who is logged in; None at the door."""
        session = self._clinic.desk.session if self._clinic else None
        return tile_of(session.user) if session is not None else None

    @property
    def is_locked(self) -> bool:
        """Whether the workstation is locked."""
        session = self._clinic.desk.session if self._clinic else None
        return session is not None and session.is_locked

    @property
    def allowed_s(self) -> float:
        """Seconds without a touch after which it locks."""
        return self._times.lock_after_s

    @property
    def warning_s(self) -> float:
        """The last of those seconds, which are counted down aloud."""
        return self._times.countdown_s

    @property
    def _times(self) -> IdlePolicy:
        return self._clinic.desk.idle.policy if self._clinic else self._policy or OPERATORY

    def seconds_left(self) -> float:
        """Seconds until it locks; when they are over, it is locked by this very call."""
        if self._clinic is None:
            return self._times.lock_after_s
        try:
            return self._clinic.desk.poll().seconds_left
        except BitewingError as fault:  # the accounts were changed under us: logged off already
            self.last_fault = fault
            return 0.0

    def someone_is_here(self) -> None:
        """A person touched the workstation."""
        if self._clinic is not None:
            self._clinic.desk.activity()

    def lock(self, why: str = "by the user") -> None:
        """Lock now."""
        self.jobs.drop_all()
        self.clinic.lock(why)

    def is_capture_refused(self) -> bool:
        """Whether no window here may be taken into another program's picture."""
        if self._clinic is None:
            return False
        return self._clinic.policies.now.capture is CaptureRule.EVERYWHERE

    def end_shift(self, why: str) -> None:
        """Nobody comes back with a quick PIN: the computer was locked, slept, or changed hands."""
        if self._clinic is not None:
            self._clinic.desk.end_shift(why)

    def log_off(self) -> None:
        """Close the store and go back to the door."""
        self.jobs.drop_all()
        self.clinic.log_off()


def _a_moment(control: JobControl) -> None:
    control.wait(_MOMENT_S)


def _ignore(_: object) -> None:
    return


def _open_clinic(folder: Path, keystore: KeyStore, policy: IdlePolicy | None) -> Clinic:
    return Clinic(folder, keystore, policy=policy)
