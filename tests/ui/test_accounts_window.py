"""The page of accounts: people and what is done about them, roles and what each may."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.fake_accounts import FakeAccounts
from tests.ui.fakes import PEOPLE
from viewer.model.errors import UserError
from viewer.session.permissions import GRANTABLE
from viewer.ui.accounts_forms import LeftForm, NewPersonForm, RenameForm, ResetForm, RoleForm
from viewer.ui.accounts_people import HandOver
from viewer.ui.accounts_window import ROLES, AccountsPanel
from viewer.ui.parts.words import Words
from viewer.ui.role_words import right_words


@pytest.fixture
def accounts() -> FakeAccounts:
    return FakeAccounts()


@pytest.fixture
def panel(dressed: QApplication, qtbot: QtBot, accounts: FakeAccounts) -> AccountsPanel:
    made = AccountsPanel(accounts, PEOPLE[0])
    qtbot.addWidget(made)
    made.resize(1334, 680)
    made.show()
    qtbot.waitExposed(made)
    return made


def press(qtbot: QtBot, widget: QWidget) -> None:
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def said(panel: AccountsPanel) -> str:
    return panel.people.message.words.text()


def names(panel: AccountsPanel) -> list[str]:
    return [row.person.display_name for row in panel.people.rows.values()]


# --- people ------------------------------------------------------------------------------------


def test_an_account_takes_a_name_a_role_and_a_first_password(
    panel: AccountsPanel, accounts: FakeAccounts, qtbot: QtBot
) -> None:
    form = panel.people.form
    assert isinstance(form, NewPersonForm)
    qtbot.keyClicks(form.name, "Noa Probe")
    assert form.login.text() == "noa.probe"
    form.password.make()
    assert not form.go.isEnabled()  # no role is given by default
    form.role.setCurrentIndex(4)
    assert "Holds the key that opens the store of images." in form.role_words.text()
    press(qtbot, form.go)
    assert (accounts.rows[-1].login, accounts.rows[-1].role) == ("noa.probe", "Assistant")
    assert "asked for an own password" in said(panel)


def test_a_first_password_is_shown_once_to_be_handed_over_and_then_forgotten(
    panel: AccountsPanel, accounts: FakeAccounts, qtbot: QtBot
) -> None:
    panel.people.do("reset", accounts.rows[1])
    form = panel.people.form
    assert isinstance(form, ResetForm)
    form.password.make()
    press(qtbot, form.go)
    card = panel.people.form
    assert isinstance(card, HandOver)
    assert card.password.text() == accounts.passwords[-1]
    press(qtbot, card.go)
    assert isinstance(panel.people.form, NewPersonForm)
    assert card.password.text() == ""


@pytest.mark.parametrize(
    ("name", "token", "may_go"),
    [("Reception", "danger", False), ("Reception Anna", "doubt", True), ("Noa Probe", "", True)],
)
def test_a_shared_name_is_refused_and_a_doubtful_one_is_asked_about(
    panel: AccountsPanel, qtbot: QtBot, name: str, token: str, may_go: bool
) -> None:
    form = panel.people.form
    assert isinstance(form, NewPersonForm)
    form.role.setCurrentIndex(2)
    form.password.make()
    qtbot.keyClicks(form.name, name)
    assert form.name_advice.isVisible() == bool(token)
    assert form.go.isEnabled() == may_go
    if token:
        assert form.name_advice.property("role") == token


def test_the_list_is_narrowed_by_name_and_role_and_says_when_nobody_is_left(
    panel: AccountsPanel, qtbot: QtBot
) -> None:
    qtbot.keyClicks(panel.people.search, "desk")
    assert names(panel) == ["Aiko Rei"]
    qtbot.keyClicks(panel.people.search, " xyz")
    assert names(panel) == []

    def seen() -> list[str]:
        return [each.text() for each in panel.people.findChildren(Words) if each.isVisible()]

    qtbot.waitUntil(lambda: "Nobody here has such a name or role." in seen())


def test_who_left_is_out_of_sight_until_asked_for(
    panel: AccountsPanel, accounts: FakeAccounts, qtbot: QtBot
) -> None:
    assert "Lea Leaver" not in names(panel)
    press(qtbot, panel.people.left_chip)
    assert names(panel) == ["Lea Leaver"]
    assert [each.objectName() for each in panel.people.rows["u9"].make_menu().actions()] == ["back"]
    panel.people.do("back", accounts.rows[3])
    assert not panel.people.left_chip.isVisible()  # nobody is left who left
    assert len(names(panel)) == 4


def test_somebody_is_disabled_at_once_and_with_undo(
    panel: AccountsPanel, accounts: FakeAccounts, qtbot: QtBot
) -> None:
    panel.people.do("disable", accounts.rows[1])
    assert not accounts.rows[1].is_enabled
    assert "open session ended" in said(panel)
    press(qtbot, panel.people.message.do_button)
    assert accounts.rows[1].is_enabled


def test_a_role_form_says_what_is_gained_and_lost_before_it_is_given(
    panel: AccountsPanel, accounts: FakeAccounts, qtbot: QtBot
) -> None:
    panel.people.do("role", accounts.rows[1])  # a hygienist
    form = panel.people.form
    assert isinstance(form, RoleForm)
    assert not form.go.isEnabled()
    form.role.setCurrentIndex(form.role.findData("auditor"))
    words = [each.text() for each in form.change.findChildren(QLabel) if not each.isHidden()]
    assert any(each.startswith("May then also: Read the trail") for each in words)
    assert any(each.startswith("No more: Find patients, Look at images") for each in words)
    assert any("new keys become due" in each for each in words)
    assert accounts.rows[1].role == "Hygienist"
    accounts.due = ("the key that signs shares",)
    press(qtbot, form.go)
    assert accounts.rows[1].role == "Auditor"
    assert "the key that signs shares" in said(panel)
    press(qtbot, panel.people.message.do_button)
    assert accounts.rows[1].role == "Hygienist"


def test_a_renamed_account_can_be_given_its_name_back(
    panel: AccountsPanel, accounts: FakeAccounts, qtbot: QtBot
) -> None:
    panel.people.do("rename", accounts.rows[2])
    form = panel.people.form
    assert isinstance(form, RenameForm)
    form.name.clear()
    qtbot.keyClicks(form.name, "Aiko Lind")
    press(qtbot, form.go)
    assert (accounts.rows[2].display_name, accounts.rows[2].login) == ("Aiko Lind", "aiko.lind")
    press(qtbot, panel.people.message.do_button)
    assert accounts.rows[2].display_name == "Aiko Rei"


def test_leaving_is_confirmed_and_thinking_better_of_it_changes_nothing(
    panel: AccountsPanel, accounts: FakeAccounts, qtbot: QtBot
) -> None:
    panel.people.do("left", accounts.rows[1])
    form = panel.people.form
    assert isinstance(form, LeftForm)
    assert form.focusProxy() is form.cancel
    press(qtbot, form.cancel)
    assert accounts.rows[1].left_on is None
    panel.people.do("left", accounts.rows[1])
    press(qtbot, panel.people.form.go)
    assert accounts.rows[1].left_on is not None
    assert "Tomás Ejemplo" not in names(panel)


def test_a_refusal_is_shown_in_the_form_and_nothing_typed_is_lost(
    panel: AccountsPanel, accounts: FakeAccounts, qtbot: QtBot
) -> None:
    panel.people.do("rename", accounts.rows[2])
    form = panel.people.form
    assert isinstance(form, RenameForm)
    qtbot.keyClicks(form.name, "x")
    accounts.fault = UserError("It looks like another.", "Add a middle name.")
    press(qtbot, form.go)
    assert form.error.words.text() == "It looks like another. Add a middle name."
    assert form.name.text() == "Aiko Reix"
    assert form.go.isEnabled()


def test_accounts_that_cannot_be_read_are_said_and_tried_again(
    dressed: QApplication, qtbot: QtBot, accounts: FakeAccounts
) -> None:
    accounts.fault = UserError("The accounts cannot be read.", "")
    panel = AccountsPanel(accounts, PEOPLE[0])
    qtbot.addWidget(panel)
    assert said(panel) == "The accounts cannot be read."
    accounts.fault = None
    panel.people.message.do_button.click()
    assert len(names(panel)) == 3


def test_nobody_does_anything_to_the_account_he_is_using(panel: AccountsPanel) -> None:
    assert not panel.people.rows["u1"].menu_button.isEnabled()
    assert panel.people.rows["u2"].menu_button.isEnabled()


def test_a_menu_button_is_as_large_as_a_gloved_finger(panel: AccountsPanel) -> None:
    button = panel.people.rows["u2"].menu_button
    assert min(button.width(), button.height()) >= 44


# --- roles -------------------------------------------------------------------------------------


def cell(panel: AccountsPanel, right: str, role: str) -> bool | None:
    model = panel.roles.matrix.model()
    rows = [place for place, line in enumerate(model.lines) if line.right == right]  # type: ignore[attr-defined]
    columns = [place for place, card in enumerate(model.roles) if card.id == role]  # type: ignore[attr-defined]
    return bool(model.is_ticked(rows[0], columns[0]))  # type: ignore[attr-defined]


def test_the_table_ticks_what_each_role_may(panel: AccountsPanel, accounts: FakeAccounts) -> None:
    panel.tabs.setCurrentIndex(ROLES)
    for card in accounts.cards:
        for right in GRANTABLE:
            assert cell(panel, right.value, card.id) == (right.value in card.may)


def test_every_right_has_words_of_its_own() -> None:
    groups = {right_words(each.value).group for each in GRANTABLE}
    assert "Other" not in groups
    assert len({right_words(each.value).title for each in GRANTABLE}) == len(GRANTABLE)


def test_the_arrow_keys_walk_the_table_and_the_role_beside_it_follows(
    panel: AccountsPanel, qtbot: QtBot
) -> None:
    panel.tabs.setCurrentIndex(ROLES)
    matrix = panel.roles.matrix
    assert matrix.hasFocus()
    for _ in range(2):
        qtbot.keyClick(matrix, Qt.Key.Key_Right)
    titles = [each.text() for each in panel.roles.card.findChildren(QLabel)]  # type: ignore[union-attr]
    assert "Dentist" in titles
    for _ in range(7):  # over the head of the next group
        qtbot.keyClick(matrix, Qt.Key.Key_Down)
    index = matrix.currentIndex()
    spoken = matrix.model().data(index, Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "Dentist. Read the trail: no"


def test_a_role_of_ones_own_is_made_changed_and_deleted_with_undo(
    panel: AccountsPanel, accounts: FakeAccounts, qtbot: QtBot
) -> None:
    panel.tabs.setCurrentIndex(ROLES)
    press(qtbot, panel.roles.card.new)  # type: ignore[union-attr]
    editor = panel.roles.editor
    assert editor is not None
    qtbot.keyClicks(editor.title, "Implant nurse")
    assert not editor.go.isEnabled()  # it may nothing yet
    for right in ("view images", "share images"):
        editor.ticks[right].click()
    words = [each.text() for each in editor.findChildren(QLabel) if not each.isHidden()]
    assert any(each.endswith("and the one that signs what leaves.") for each in words)
    press(qtbot, editor.go)
    made = accounts.cards[-1]
    assert (made.title, made.may) == ("Implant nurse", {"view images", "share images"})
    press(qtbot, panel.roles.card.change)  # type: ignore[union-attr]
    editor = panel.roles.editor
    assert editor is not None
    editor.ticks["share images"].click()
    press(qtbot, editor.go)
    assert accounts.cards[-1].keys == {"images"}
    press(qtbot, panel.roles.card.drop)  # type: ignore[union-attr]
    press(qtbot, panel.roles.message.do_button)
    assert len(accounts.cards) == 8
    press(qtbot, panel.roles.message.do_button)  # undo
    assert accounts.cards[-1].title == "Implant nurse"


def test_the_programs_roles_are_copied_not_changed(panel: AccountsPanel, qtbot: QtBot) -> None:
    panel.tabs.setCurrentIndex(ROLES)
    card = panel.roles.card
    assert card is not None
    assert not card.change.isVisible()
    assert not card.drop.isVisible()
    panel.roles.matrix.choose_column(2)
    press(qtbot, panel.roles.card.copy)  # type: ignore[union-attr]
    editor = panel.roles.editor
    assert editor is not None
    assert "export images" in editor.may
    assert editor.title.text() == ""
