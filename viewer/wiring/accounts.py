"""Accounts and roles for the officer's window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from viewer.app.due import keys_due
from viewer.app.jobs import Job
from viewer.app.role_table import granted
from viewer.app.use_cases import accounts, factors
from viewer.app.use_cases import roles as role_cases
from viewer.model.ids import UserId
from viewer.session.accounts import User
from viewer.session.custom_roles import RoleDraft
from viewer.session.first_password import first_password
from viewer.session.names import advise_name
from viewer.session.permissions import Permission, Role, keys_for
from viewer.ui import accounts_ports as ui
from viewer.ui import ports
from viewer.wiring.workstation import Workstation, advice, login_name

Answer = TypeVar("Answer")


def person_of(user: User) -> ui.Person:
    """Return an account as the page shows it."""
    left = datetime.fromisoformat(user.left_at).astimezone().date() if user.left_at else None
    return ui.Person(
        user.id,
        user.name,
        user.display_name,
        user.role.id,
        user.role.title,
        user.is_enabled,
        user.is_ready,
        user.must_change,
        user.second_factors,
        user.formerly,
        left,
    )


def card_of(role: Role) -> ui.RoleCard:
    """Return a role as the page shows it."""
    may = frozenset(each.value for each in role.may)
    keys = frozenset(name.value for name in role.holds)
    return ui.RoleCard(role.id, role.title, role.words, may, keys, role.is_custom)


def _draft(role: ui.NewRole) -> RoleDraft:
    return RoleDraft(role.title, role.words, frozenset(map(Permission, role.may)))


class ClinicAccounts:
    """Satisfies the port `Accounts`. Main thread only."""

    def __init__(self, workstation: Workstation) -> None:
        self._workstation = workstation

    # --- what there is ---------------------------------------------------------------------

    def people(self) -> Sequence[ui.Person]:
        """Everybody who has or had an account, by name."""
        clinic = self._workstation.clinic
        return [person_of(u) for u in accounts.list_accounts(clinic, accounts.ListAccounts())]

    def roles(self) -> Sequence[ui.RoleCard]:
        """Every role, the program's first."""
        return [card_of(role) for role in self._workstation.clinic.practice.roles().values()]

    def grantable(self) -> Sequence[ui.Grantable]:
        """All that a role can be given, in order."""
        return [
            ui.Grantable(each.value, frozenset(name.value for name in keys_for({each})))
            for each in granted()
        ]

    def name_advice(self, name: str) -> ui.NameAdvice:
        """Say whether a name is one person's."""
        found = advise_name(name)
        return ui.NameAdvice(found.words, found.refused)

    def login_for(self, display_name: str) -> str:
        """Propose a name to type at login."""
        return login_name(display_name)

    def password_advice(self, password: str, name: str) -> ports.PasswordAdvice:
        """Say how good a new password is."""
        return advice(self._workstation.clinic.practice.advise(password, name))

    def make_password(self) -> str:
        """Return a first password that nobody chose."""
        return first_password()

    def keys_due(self) -> Sequence[str]:
        """Which keys are to be renewed, and why."""
        return [each.words for each in keys_due(self._workstation.clinic)]

    # --- people ----------------------------------------------------------------------------

    def add(self, person: ui.NewPerson, on_done: ui.OnPerson, on_fault: ports.OnFault) -> Job[Any]:
        """Make an account."""
        request = accounts.AddUser(
            person.login, person.display_name, person.role_id, person.password
        )
        return self._submit(accounts.add_user, request, person_of, on_done, on_fault)

    def set_enabled(
        self,
        user_id: UserId,
        enabled: bool,  # noqa: FBT001 - the port is called by position
        on_done: ui.OnPerson,
        on_fault: ports.OnFault,
    ) -> Job[Any]:
        """Let somebody log in, or no longer."""
        request = accounts.SetEnabled(user_id, enabled)
        return self._submit(accounts.set_enabled, request, person_of, on_done, on_fault)

    def change_role(
        self, user_id: UserId, role_id: str, on_done: ui.OnPerson, on_fault: ports.OnFault
    ) -> Job[Any]:
        """Give another role."""
        request = accounts.ChangeRole(user_id, role_id)

        def shown(done: accounts.RoleChanged) -> ui.Person:
            return person_of(done.user)

        return self._submit(accounts.change_role, request, shown, on_done, on_fault)

    def rename(
        self,
        user_id: UserId,
        login: str,
        display_name: str,
        on_done: ui.OnPerson,
        on_fault: ports.OnFault,
    ) -> Job[Any]:
        """Give another name."""
        request = accounts.RenameUser(user_id, login, display_name)
        return self._submit(accounts.rename_user, request, person_of, on_done, on_fault)

    def reset_password(
        self, user_id: UserId, password: str, on_done: ui.OnPerson, on_fault: ports.OnFault
    ) -> Job[Any]:
        """Give a first password again; a security key that is lost is asked for no more."""
        if self._workstation.clinic.practice.user(user_id).third_share:
            without = factors.ResetFactors(user_id, password)
            return self._submit(factors.reset_factors, without, person_of, on_done, on_fault)
        request = accounts.ResetPassword(user_id, password)
        return self._submit(accounts.reset_password, request, person_of, on_done, on_fault)

    def mark_left(self, user_id: UserId, on_done: ui.OnPerson, on_fault: ports.OnFault) -> Job[Any]:
        """Note that somebody left."""
        request = accounts.MarkLeft(user_id)
        return self._submit(accounts.mark_left, request, person_of, on_done, on_fault)

    def bring_back(
        self, user_id: UserId, on_done: ui.OnPerson, on_fault: ports.OnFault
    ) -> Job[Any]:
        """Put somebody on the list again."""
        request = accounts.BringBack(user_id)
        return self._submit(accounts.bring_back, request, person_of, on_done, on_fault)

    # --- roles -----------------------------------------------------------------------------

    def add_role(self, role: ui.NewRole, on_done: ui.OnRole, on_fault: ports.OnFault) -> Job[Any]:
        """Make a role."""
        request = role_cases.AddRole(_draft(role))
        return self._submit(role_cases.add_role, request, card_of, on_done, on_fault)

    def change_role_to(
        self, role_id: str, role: ui.NewRole, on_done: ui.OnRole, on_fault: ports.OnFault
    ) -> Job[Any]:
        """Change a role for everybody who has it."""
        request = role_cases.RedefineRole(role_id, _draft(role))

        def shown(done: role_cases.RoleRedefined) -> ui.RoleCard:
            return card_of(done.role)

        return self._submit(role_cases.redefine_role, request, shown, on_done, on_fault)

    def drop_role(
        self, role_id: str, on_done: Callable[[None], None], on_fault: ports.OnFault
    ) -> Job[Any]:
        """Delete a role that nobody has."""
        request = role_cases.DropRole(role_id)
        return self._submit(role_cases.drop_role, request, lambda _: None, on_done, on_fault)

    def _submit(
        self,
        case: Any,
        request: object,
        shown: Callable[[Any], Answer],
        on_done: Callable[[Answer], None],
        on_fault: ports.OnFault,
    ) -> Job[Answer]:
        clinic = self._workstation.clinic
        return self._workstation.jobs.submit(
            lambda control: shown(case(clinic, request, control)), on_done, on_fault
        )
