"""Accounts for the windows: the three people of the fakes, one who left, and the real roles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import attrs

from tests.ui.fakes import PEOPLE, FakeDoor, FakeRunning
from viewer.model.errors import UserError
from viewer.model.ids import UserId
from viewer.session.names import advise_name
from viewer.session.permissions import GRANTABLE, Permission, keys_for, roles
from viewer.ui import accounts_ports as ui
from viewer.ui import ports
from viewer.wiring.accounts import card_of

_ROLE_IDS = {role.title: role.id for role in roles().values()}


class FakeAccounts:
    """Does at once what is asked; `fault` is raised instead where one is set."""

    def __init__(self) -> None:
        self.cards = [card_of(role) for role in roles().values()]
        self.rows = [
            ui.Person(
                tile.id,
                tile.display_name.lower().replace(" ", "."),
                tile.display_name,
                _ROLE_IDS.get(tile.role, "dentist"),
                tile.role,
            )
            for tile in PEOPLE
        ]
        self.rows.append(
            ui.Person(
                UserId("u9"), "lea.leaver", "Lea Leaver", "assistant", "Assistant",
                is_enabled=False, is_ready=False, left_on=date(2026, 9, 30),
            )
        )  # fmt: skip
        self.due: tuple[str, ...] = ()
        self.fault: UserError | None = None
        self.passwords: list[str] = []

    def people(self) -> Sequence[ui.Person]:
        if self.fault:
            raise self.fault
        return list(self.rows)

    def roles(self) -> Sequence[ui.RoleCard]:
        return list(self.cards)

    def grantable(self) -> Sequence[ui.Grantable]:
        return [
            ui.Grantable(each.value, frozenset(key.value for key in keys_for({each})))
            for each in Permission
            if each in GRANTABLE
        ]

    def name_advice(self, name: str) -> ui.NameAdvice:
        found = advise_name(name)
        return ui.NameAdvice(found.words, found.refused)

    def login_for(self, display_name: str) -> str:
        return ".".join(display_name.lower().split())

    def password_advice(self, password: str, name: str) -> ports.PasswordAdvice:
        return FakeDoor().password_advice(password, name)

    def make_password(self) -> str:
        return "acorn violet tundra meadow six"

    def keys_due(self) -> Sequence[str]:
        return self.due

    def _change(
        self, user_id: UserId, on_done: ui.OnPerson, on_fault: ports.OnFault, **to: Any
    ) -> FakeRunning:
        if self.fault:
            on_fault(self.fault)
            return FakeRunning()
        place = next(n for n, each in enumerate(self.rows) if each.id == user_id)
        self.rows[place] = attrs.evolve(self.rows[place], **to)
        on_done(self.rows[place])
        return FakeRunning()

    def add(
        self, person: ui.NewPerson, on_done: ui.OnPerson, on_fault: ports.OnFault
    ) -> FakeRunning:
        if self.fault:
            on_fault(self.fault)
            return FakeRunning()
        self.passwords.append(person.password)
        title = next(card.title for card in self.cards if card.id == person.role_id)
        made = ui.Person(
            UserId(f"n{len(self.rows)}"), person.login, person.display_name, person.role_id, title,
            must_change=True,
        )  # fmt: skip
        self.rows.append(made)
        on_done(made)
        return FakeRunning()

    def set_enabled(
        self, user_id: UserId, enabled: bool, on_done: ui.OnPerson, on_fault: ports.OnFault
    ) -> FakeRunning:
        return self._change(user_id, on_done, on_fault, is_enabled=enabled)

    def change_role(
        self, user_id: UserId, role_id: str, on_done: ui.OnPerson, on_fault: ports.OnFault
    ) -> FakeRunning:
        title = next(card.title for card in self.cards if card.id == role_id)
        return self._change(user_id, on_done, on_fault, role_id=role_id, role=title)

    def rename(
        self,
        user_id: UserId,
        login: str,
        display_name: str,
        on_done: ui.OnPerson,
        on_fault: ports.OnFault,
    ) -> FakeRunning:
        return self._change(user_id, on_done, on_fault, login=login, display_name=display_name)

    def reset_password(
        self, user_id: UserId, password: str, on_done: ui.OnPerson, on_fault: ports.OnFault
    ) -> FakeRunning:
        self.passwords.append(password)
        return self._change(user_id, on_done, on_fault, must_change=True)

    def mark_left(
        self, user_id: UserId, on_done: ui.OnPerson, on_fault: ports.OnFault
    ) -> FakeRunning:
        today = date(2026, 11, 22)
        return self._change(user_id, on_done, on_fault, left_on=today, is_enabled=False)

    def bring_back(
        self, user_id: UserId, on_done: ui.OnPerson, on_fault: ports.OnFault
    ) -> FakeRunning:
        return self._change(user_id, on_done, on_fault, left_on=None, is_ready=False)

    def _card(self, role_id: str, role: ui.NewRole) -> ui.RoleCard:
        keys = frozenset(key.value for key in keys_for(map(Permission, role.may)))
        return ui.RoleCard(role_id, role.title, role.words, role.may, keys, is_custom=True)

    def add_role(
        self, role: ui.NewRole, on_done: ui.OnRole, on_fault: ports.OnFault
    ) -> FakeRunning:
        if self.fault:
            on_fault(self.fault)
            return FakeRunning()
        self.cards.append(self._card(f"custom:{len(self.cards)}", role))
        on_done(self.cards[-1])
        return FakeRunning()

    def change_role_to(
        self, role_id: str, role: ui.NewRole, on_done: ui.OnRole, on_fault: ports.OnFault
    ) -> FakeRunning:
        place = next(n for n, each in enumerate(self.cards) if each.id == role_id)
        self.cards[place] = self._card(role_id, role)
        on_done(self.cards[place])
        return FakeRunning()

    def drop_role(
        self, role_id: str, on_done: Callable[[None], None], on_fault: ports.OnFault
    ) -> FakeRunning:
        self.cards = [each for each in self.cards if each.id != role_id]
        on_done(None)
        return FakeRunning()
