"""Accounts for the officer's window."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from viewer.app.due import keys_due
from viewer.app.jobs import Job
from viewer.app.use_cases import accounts
from viewer.model.ids import UserId
from viewer.session.accounts import User
from viewer.session.passwords import advise
from viewer.session.permissions import roles
from viewer.ui import ports
from viewer.wiring.workstation import Workstation, advice, login_name


def _account(user: User) -> ports.Account:
    return ports.Account(user.id, user.display_name, user.role.title, user.is_enabled)


class ClinicAccounts:
    """Satisfies the port `Accounts`. Main thread only."""

    def __init__(self, workstation: Workstation) -> None:
        self._workstation = workstation

    def accounts(self) -> Sequence[ports.Account]:
        """Everybody, by name."""
        clinic = self._workstation.clinic
        return [_account(u) for u in accounts.list_accounts(clinic, accounts.ListAccounts())]

    def roles(self) -> Sequence[tuple[str, str]]:
        """Roles that can be given."""
        return [(role.id, role.title) for role in roles().values()]

    def add(
        self,
        account: ports.NewAccount,
        on_done: Callable[[ports.Account], None],
        on_fault: ports.OnFault,
    ) -> Job[ports.Account]:
        """Make an account."""
        clinic = self._workstation.clinic
        request = accounts.AddUser(
            login_name(account.display_name),
            account.display_name,
            account.role,
            account.password,
        )
        return self._workstation.jobs.submit(
            lambda control: _account(accounts.add_user(clinic, request, control)),
            on_done,
            on_fault,
        )

    def set_enabled(
        self,
        user_id: UserId,
        enabled: bool,  # noqa: FBT001 - the port is called by position
        on_done: Callable[[ports.Account], None],
        on_fault: ports.OnFault,
    ) -> Job[ports.Account]:
        """Let somebody log in, or no longer."""
        clinic = self._workstation.clinic
        request = accounts.SetEnabled(clinic.practice.user(user_id).name, enabled)
        return self._workstation.jobs.submit(
            lambda control: _account(accounts.set_enabled(clinic, request, control)),
            on_done,
            on_fault,
        )

    def change_role(
        self,
        user_id: UserId,
        role: str,
        on_done: Callable[[ports.Account], None],
        on_fault: ports.OnFault,
    ) -> Job[ports.Account]:
        """Give another role."""
        clinic = self._workstation.clinic
        request = accounts.ChangeRole(clinic.practice.user(user_id).name, role)
        return self._workstation.jobs.submit(
            lambda control: _account(accounts.change_role(clinic, request, control).user),
            on_done,
            on_fault,
        )

    def keys_due(self) -> Sequence[str]:
        """Which keys are to be renewed, and why."""
        return [each.words for each in keys_due(self._workstation.clinic)]

    def password_advice(self, password: str, name: str) -> ports.PasswordAdvice:
        """Say how good a new password is."""
        practice = self._workstation.practice_name
        return advice(advise(password, (name, practice)))
