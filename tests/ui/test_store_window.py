"""The page of the store: what its people click, over a fake and over a real practice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import attrs
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from tests.support.practice import OFFICER, write_images
from tests.support.windows import log_in, open_windows, wait_until
from tests.ui.fake_store import GROUPS, LUCIA, NOW, FakeStore
from tests.ui.fakes import PEOPLE, FakeChart
from viewer.app.actions import Actions
from viewer.app.jobs import Progress
from viewer.model.errors import UserError
from viewer.session.permissions import KeyName, Permission
from viewer.ui.erase_patient import ErasePanel
from viewer.ui.keeping_sheets import FreeingSheet, HoldSheet, QuotaSheet
from viewer.ui.parts.cards import Card, Question
from viewer.ui.parts.words import Words
from viewer.ui.shell import Practice, Shell
from viewer.ui.store_backups import BackupsPage
from viewer.ui.store_health import HealthPage
from viewer.ui.store_keeping import KeepingPage
from viewer.ui.store_keys import KeysPage, NewSheetPanel, ProofPanel
from viewer.ui.store_ports import BackupPlace, StoreFinding
from viewer.ui.store_window import StorePanel
from viewer.vault.certificate import verify_certificate


@pytest.fixture
def panel(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> StorePanel:
    monkeypatch.setattr("viewer.ui.store_page._now", lambda: NOW)
    made = shell.show_store()
    object.__setattr__(made.around, "now", lambda: NOW)
    for page in made.pages.values():
        page.refresh()
    return made


def page(panel: StorePanel, kind: type[QWidget]) -> QWidget:
    name = next(name for name, each in panel.pages.items() if isinstance(each, kind))
    panel.entries[name].click()
    return panel.pages[name]


def backups(panel: StorePanel) -> BackupsPage:
    found = page(panel, BackupsPage)
    assert isinstance(found, BackupsPage)
    return found


def keys(panel: StorePanel) -> KeysPage:
    found = page(panel, KeysPage)
    assert isinstance(found, KeysPage)
    return found


def keeping(panel: StorePanel) -> KeepingPage:
    found = page(panel, KeepingPage)
    assert isinstance(found, KeepingPage)
    return found


def asked(shell: Shell) -> Question:
    question = shell.sheets[-1].content
    assert isinstance(question, Question)
    return question


def words_in(widget: QWidget) -> str:
    QApplication.processEvents()
    parts = [part for part in widget.findChildren(Words) if part.isVisibleTo(widget)]
    return "\n".join(part.text() for part in parts)


def click(qtbot: QtBot, widget: QWidget) -> None:
    assert widget.isEnabled()
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def button_named(widget: QWidget, words: str) -> QPushButton:
    QApplication.processEvents()
    return next(
        b for b in widget.findChildren(QPushButton) if b.text() == words and b.isVisibleTo(widget)
    )


# --- health -----------------------------------------------------------------------------------


def test_a_check_says_what_it_found_and_when(
    panel: StorePanel, qtbot: QtBot, store: FakeStore
) -> None:
    health = panel.health
    assert health is not None
    assert "Not checked" in panel.entries["health"].fact.text()
    click(qtbot, health.quick)
    assert ("check", False) in store.done
    assert "Whole." in health.check_card.fact.text()
    assert panel.entries["health"].fact.text() == "Whole, checked just now"


def test_a_running_check_shows_how_far_it_is_and_can_be_cancelled(
    panel: StorePanel, qtbot: QtBot, store: FakeStore
) -> None:
    store.holds_work = True
    health = panel.health
    assert health is not None
    click(qtbot, health.deep)
    assert health.check_card.work.words.text() == "Check  25%"
    assert not health.quick.isEnabled()
    click(qtbot, health.check_card.work.cancel)
    assert store.running is not None
    assert store.running.is_cancelled
    assert health.quick.isEnabled()
    assert health.check_card.message.isHidden()


def test_findings_are_listed_with_what_to_do_and_a_repair_says_what_is_lost(
    panel: StorePanel, qtbot: QtBot, store: FakeStore, shell: Shell
) -> None:
    store.findings = (
        StoreFinding("The thumbnail of an image is damaged.", "Repair draws it anew."),
        StoreFinding("A file that no image needs lies in the store.", is_harmless=True),
    )
    health = panel.health
    assert health is not None
    click(qtbot, health.quick)
    assert "Repair draws it anew." in words_in(health.found_card)
    assert panel.entries["health"].fact.text().startswith("1 finding,")
    click(qtbot, health.repair_button)
    assert "named as lost" in words_in(asked(shell))
    click(qtbot, asked(shell).yes)
    assert "are lost" in words_in(health.found_card)
    assert "1 part could not be repaired" in health.found_card.message.words.text()


# --- backups ----------------------------------------------------------------------------------


def test_without_a_backup_the_page_says_so_in_amber_and_what_to_do(
    panel: StorePanel, store: FakeStore
) -> None:
    store.places.clear()
    found = backups(panel)
    assert found.card.fact.text() == "No backup yet."
    assert found.card.fact.property("role") == "doubt"
    assert "Connect a USB disk" in words_in(found.card)
    assert panel.entries["backups"].fact.property("role") == "doubt"


@pytest.mark.parametrize(("days", "role"), [(7, "soft"), (8, "doubt")])
def test_a_backup_older_than_a_week_is_amber(
    panel: StorePanel, store: FakeStore, days: int, role: str
) -> None:
    store.places = [BackupPlace("b1", "USB 1", NOW - timedelta(days=days))]
    assert backups(panel).card.fact.property("role") == role


def test_a_new_backup_asks_for_a_name_and_shows_up(
    panel: StorePanel, qtbot: QtBot, store: FakeStore, shell: Shell, tmp_path: Path
) -> None:
    found = backups(panel)
    found.ask_label(tmp_path)
    assert not asked(shell).yes.isEnabled()
    qtbot.keyClicks(asked(shell).reason, "USB 7")
    qtbot.keyClick(asked(shell).reason, Qt.Key.Key_Return)
    assert store.done[-1] == ("back up", (tmp_path, "USB 7"))
    assert "“USB 7” now holds 1\u202f240 objects" in found.card.message.words.text()
    assert ("bUSB 7", "Verify") in found.row_buttons


def test_a_place_that_is_not_connected_can_only_be_given_up_with_a_reason(
    panel: StorePanel, qtbot: QtBot, store: FakeStore, shell: Shell
) -> None:
    found = backups(panel)
    assert not found.row_buttons["b2", "Back up"].isEnabled()
    click(qtbot, found.row_buttons["b2", "Remove…"])
    assert "still opens patients that were erased" in words_in(asked(shell))
    qtbot.keyClicks(asked(shell).reason, "stolen")
    click(qtbot, asked(shell).yes)
    assert store.done[-1] == ("give up", ("b2", "stolen"))
    assert [place.id for place in store.places] == ["b1"]


def test_a_store_that_a_restore_set_aside_is_shown_and_given_up(
    panel: StorePanel, qtbot: QtBot, store: FakeStore, shell: Shell
) -> None:
    aside = BackupPlace(
        "set-aside-1", "set-aside-1", is_pending=True, is_connected=False, is_set_aside=True
    )
    store.places.append(aside)
    found = backups(panel)
    found.refresh()
    assert "until it is given up" in words_in(found.card)
    assert ("set-aside-1", "Back up") not in found.row_buttons
    click(qtbot, found.row_buttons["set-aside-1", "Give up…"])
    qtbot.keyClicks(asked(shell).reason, "nothing is missing")
    click(qtbot, asked(shell).yes)
    assert store.done[-1] == ("give up", ("set-aside-1", "nothing is missing"))


def test_a_place_without_a_finished_snapshot_shows_no_date(
    panel: StorePanel, store: FakeStore
) -> None:
    store.places[:] = [BackupPlace("b9", "USB 9")]
    found = backups(panel)
    found.refresh()
    assert "no snapshot yet" in words_in(found.card)
    assert "1970" not in words_in(found.card)
    assert "No backup yet" in words_in(found.card)


def test_a_backup_goes_on_when_its_page_is_closed(
    panel: StorePanel, qtbot: QtBot, store: FakeStore, shell: Shell
) -> None:
    store.holds_work = True
    click(qtbot, backups(panel).row_buttons["b1", "Back up"])
    backup = store.running
    assert backup is not None
    shell.sheets[-1].close_sheet()
    assert not backup.is_dropped
    backup.on_progress(Progress(6, 12, "Backing up"))
    assert shell.store_progress.isVisible()
    backup.finish()
    assert shell.store_progress.isHidden()
    assert "now holds" in shell.workspace.banner.words.text()


# --- keys -------------------------------------------------------------------------------------


def test_due_keys_are_amber_with_their_reason_until_they_are_changed(
    panel: StorePanel, qtbot: QtBot, shell: Shell
) -> None:
    found = keys(panel)
    assert "somebody was disabled" in found.keys.fact.text()
    assert found.keys.fact.property("role") == "doubt"
    click(qtbot, found.change)
    click(qtbot, asked(shell).yes)
    assert "Epoch 4 is in force" in found.keys.message.words.text()
    assert "NAS, cellar" in found.keys.message.words.text()
    assert found.keys.fact.property("role") == "soft"


def test_the_sheet_is_proved_by_typing_it_and_nothing_typed_stays(
    panel: StorePanel, qtbot: QtBot, shell: Shell
) -> None:
    found = keys(panel)
    click(qtbot, found.prove)
    proof = shell.sheets[-1].content
    assert isinstance(proof, ProofPanel)
    for place, group in enumerate(GROUPS):
        qtbot.keyClicks(proof.groups.fields[place], group.lower())
    assert QApplication.focusWidget() is proof.groups.fields[-1]
    click(qtbot, proof.go)
    assert "Proved" in proof.message.words.text()
    assert {field.text() for field in proof.groups.fields} == {""}
    assert "Proved just now" in found.paper.fact.text()


def test_a_wrong_sheet_is_said_to_be_wrong(panel: StorePanel, qtbot: QtBot, shell: Shell) -> None:
    click(qtbot, keys(panel).prove)
    proof = shell.sheets[-1].content
    assert isinstance(proof, ProofPanel)
    proof.groups.fill("A" * 56)
    click(qtbot, proof.go)
    assert proof.message.property("surface") == "danger"
    assert proof.go.isEnabled()


def test_a_new_sheet_is_shown_once(panel: StorePanel, qtbot: QtBot, shell: Shell) -> None:
    click(qtbot, keys(panel).replace)
    click(qtbot, asked(shell).yes)
    new = shell.sheets[-1].content
    assert isinstance(new, NewSheetPanel)
    assert [words.text() for words in new.words] == list(GROUPS)
    click(qtbot, new.written)
    assert {words.text() for words in new.words} == {""}


def test_sealing_anew_asks_first_and_runs_in_the_background(
    panel: StorePanel, qtbot: QtBot, shell: Shell, store: FakeStore
) -> None:
    store.holds_work = True
    found = keys(panel)
    click(qtbot, found.seal)
    assert "hours" in words_in(asked(shell))
    click(qtbot, asked(shell).yes)
    assert found.anew.work.isVisible()
    click(qtbot, found.anew.work.cancel)
    assert not found.anew.work.isVisible()


# --- keeping ----------------------------------------------------------------------------------


def test_room_is_told_by_kind_with_what_is_elsewhere(panel: StorePanel) -> None:
    found = keeping(panel)
    assert "214.0 GB of images are here" in found.room.fact.text()
    assert "Panoramic" in words_in(found.kinds)
    assert "107.0 GB of images are verifiably in “USB 1”" in found.free.fact.text()


def test_what_would_leave_is_seen_before_it_leaves(
    panel: StorePanel, qtbot: QtBot, shell: Shell, store: FakeStore
) -> None:
    found = keeping(panel)
    click(qtbot, found.free_button)
    sheet = shell.sheets[-1].content
    assert isinstance(sheet, FreeingSheet)
    sheet.field.setFocus()
    sheet.field.selectAll()
    qtbot.keyClicks(sheet.field, "2")
    assert not sheet.yes.isEnabled()
    qtbot.keyClick(sheet.field, Qt.Key.Key_Return)
    assert "42 images of 17 patients, 2.0 GB" in words_in(sheet)
    click(qtbot, sheet.yes)
    assert ("free up", 2 << 30) in store.done
    assert "42 images left this disk" in found.free.message.words.text()


def test_a_limit_is_set_and_dropped(panel: StorePanel, qtbot: QtBot, shell: Shell) -> None:
    found = keeping(panel)
    for typed, told in (("100", "over the limit"), ("", "are free.")):
        click(qtbot, found.limit)
        sheet = shell.sheets[-1].content
        assert isinstance(sheet, QuotaSheet)
        sheet.field.clear()
        qtbot.keyClicks(sheet.field, typed)
        click(qtbot, sheet.yes)
        assert told in found.room.fact.text()
    assert "limit" not in found.room.fact.text()


def test_a_hold_is_put_on_whom_one_finds_and_released_with_a_reason(
    panel: StorePanel, qtbot: QtBot, shell: Shell, store: FakeStore
) -> None:
    found = keeping(panel)
    click(qtbot, found.put)
    sheet = shell.sheets[-1].content
    assert isinstance(sheet, HoldSheet)
    qtbot.keyClicks(sheet.finder.field, LUCIA.chart_number)
    qtbot.keyClick(sheet.finder.field, Qt.Key.Key_Return)
    assert "Marchetti" in sheet.who.text()
    assert not sheet.yes.isEnabled()
    qtbot.keyClicks(sheet.reason, "court order")
    click(qtbot, sheet.yes)
    assert "2 patients under legal hold" in found.holds.fact.text()
    click(qtbot, button_named(found.holds, "Release…"))
    qtbot.keyClicks(asked(shell).reason, "closed")
    click(qtbot, asked(shell).yes)
    assert "1 patient under legal hold" in found.holds.fact.text()


def test_a_purge_needs_a_reason_and_the_chart_number(
    panel: StorePanel, qtbot: QtBot, shell: Shell, store: FakeStore
) -> None:
    found = keeping(panel)
    click(qtbot, button_named(found.due, "Purge…"))
    question = asked(shell)
    qtbot.keyClicks(question.reason, "period over")
    qtbot.keyClicks(question.typed, "2043")
    assert not question.yes.isEnabled()
    qtbot.keyClicks(question.typed, "1")
    click(qtbot, question.yes)
    assert ("purge", (LUCIA.id, "0011aabb", "period over")) in store.done
    assert "14 images were removed" in found.due.message.words.text()
    assert not button_named(found.due, "Purge…").isEnabled()  # the other one is under hold


# --- erasing ----------------------------------------------------------------------------------


def erase_panel(panel: StorePanel, qtbot: QtBot, shell: Shell) -> ErasePanel:
    panel.entries["erase"].click()
    click(qtbot, button_named(panel.pages["erase"], "Find the patient…"))
    found = shell.sheets[-1].content
    assert isinstance(found, ErasePanel)
    return found


def test_a_patient_is_erased_in_two_steps_and_leaves_a_certificate(
    panel: StorePanel, qtbot: QtBot, shell: Shell, store: FakeStore, tmp_path: Path
) -> None:
    erasing = erase_panel(panel, qtbot, shell)
    qtbot.keyClicks(erasing.finder.field, LUCIA.chart_number)
    qtbot.keyClick(erasing.finder.field, Qt.Key.Key_Return)
    told = words_in(erasing)
    assert "2016-02-28 to 2026-11-04" in told
    assert "Not connected: “NAS, cellar”" in told
    assert not erasing.yes.isEnabled()
    qtbot.keyClicks(erasing.reason, "asked to be forgotten")
    qtbot.keyClicks(erasing.typed, "20432")
    assert not erasing.yes.isEnabled()
    erasing.typed.clear()
    qtbot.keyClicks(erasing.typed, LUCIA.chart_number)
    click(qtbot, erasing.yes)
    assert ("erase", (LUCIA.id, "asked to be forgotten")) in store.done
    assert "Still in “NAS, cellar”" in words_in(erasing)
    assert "Marchetti" not in words_in(erasing)
    erasing.save_to(tmp_path / "certificate.json")
    assert (tmp_path / "certificate.json").read_bytes() == b'{"certificate":1}'


def test_a_patient_under_hold_cannot_be_erased(
    panel: StorePanel, qtbot: QtBot, shell: Shell, store: FakeStore
) -> None:
    erasing = erase_panel(panel, qtbot, shell)
    qtbot.keyClicks(erasing.finder.field, "20117")
    qtbot.keyClick(erasing.finder.field, Qt.Key.Key_Return)
    assert "under legal hold" in words_in(erasing)
    assert erasing.yes.isHidden()
    erasing.erase()
    assert not any(name == "erase" for name, _ in store.done)


def test_an_erasure_that_fails_is_told_in_place(
    panel: StorePanel, qtbot: QtBot, shell: Shell, store: FakeStore
) -> None:
    erasing = erase_panel(panel, qtbot, shell)
    erasing.look_at(LUCIA)
    qtbot.keyClicks(erasing.reason, "asked")
    qtbot.keyClicks(erasing.typed, LUCIA.chart_number)
    store.holds_work = True
    click(qtbot, erasing.yes)
    assert erasing.work.isVisible()
    assert store.running is not None
    store.running.on_fault(UserError("This patient is under legal hold.", "Ask who put it."))
    assert "under legal hold" in erasing.message.words.text()
    assert erasing.yes.isEnabled()


# --- the page in the shell --------------------------------------------------------------------


def test_the_lock_ends_what_is_under_way_and_leaves_nobody_on_the_page(
    panel: StorePanel, qtbot: QtBot, shell: Shell, store: FakeStore
) -> None:
    erasing = erase_panel(panel, qtbot, shell)
    erasing.look_at(LUCIA)
    qtbot.keyClicks(erasing.typed, "204")
    store.holds_work = True
    shell.store_work.start(
        "back up", "Backing up", lambda *calls: store.back_up_again("b1", *calls), lambda _: None
    )
    running = store.running
    shell.empty()
    assert running is not None
    assert running.is_dropped
    assert shell.sheets == []
    assert shell.store_work.under_way == ()
    assert erasing.plan is None
    assert erasing.typed.text() == ""


def test_each_part_is_there_only_for_whom_may_use_it(
    dressed: QApplication, qtbot: QtBot, practice: Practice
) -> None:
    may = {Permission.LOGGED_IN, Permission.CHECK_STORE, Permission.BACK_UP}
    dentist = Shell(practice, PEOPLE[0], Actions(is_allowed=lambda p: p in may))
    qtbot.addWidget(dentist)
    panel = dentist.show_store()
    assert set(panel.pages) == {"health", "backups"}
    assert not any(verb == "Remove…" for _, verb in backups(panel).row_buttons)
    dentist.empty()


def test_check_store_opens_the_page_and_checks(shell: Shell, store: FakeStore) -> None:
    shell.actions_bar.by_id["check"].trigger()
    panel = shell.sheets[-1].content
    assert isinstance(panel, StorePanel)
    assert isinstance(panel.stack.currentWidget(), HealthPage)
    assert ("check", False) in store.done


def test_a_patient_under_hold_is_marked_in_the_bar(
    shell: Shell, store: FakeStore, chart: FakeChart
) -> None:
    one, other = chart.patients[:2]
    shell.open_patient(other)
    assert shell.bar.hold.isVisible()
    shell.open_patient(one)
    assert shell.bar.hold.isHidden()
    shell.open_patient(other)
    shell.empty()
    assert shell.bar.hold.isHidden()


def test_an_image_that_is_elsewhere_says_where_and_what_to_do(
    shell: Shell, chart: FakeChart
) -> None:
    chart.holds_open = True
    shell.open_patient(chart.patients[0])
    assert chart.open_running is not None
    chart.open_running.on_fault(
        UserError(
            "This image is kept in “USB 1”, not on this computer.",
            "Connect it and open the image again.",
        )
    )
    told = words_in(shell.workspace)
    assert "“USB 1”" in told
    assert "Connect it and open the image again." in told


def test_after_a_repair_the_image_on_screen_is_opened_anew(
    shell: Shell, chart: FakeChart, store: FakeStore, qtbot: QtBot
) -> None:
    shell.open_patient(chart.patients[0])
    before = len(chart.opened)
    panel = shell.show_store()
    assert panel.health is not None
    panel.health.repair()
    assert len(chart.opened) == before + 1


def test_every_button_of_the_page_is_as_high_as_a_finger_and_has_a_name(
    panel: StorePanel, shell: Shell, qtbot: QtBot
) -> None:
    for name, entry in panel.entries.items():
        entry.click()
        qtbot.waitUntil(lambda n=name: panel.pages[n].isVisible())  # type: ignore[misc]
        for card in panel.pages[name].findChildren(Card):
            for each in card.findChildren(QPushButton):
                if each.isVisible():
                    assert each.height() >= 44 or each.parent() is card.message, each.text()
                    assert each.accessibleName() or each.text()


def test_the_page_is_walked_by_the_keyboard_alone(
    panel: StorePanel, qtbot: QtBot, shell: Shell
) -> None:
    entry = panel.entries["keys"]
    entry.setFocus()
    qtbot.keyClick(entry, Qt.Key.Key_Space)
    assert panel.stack.currentWidget() is panel.pages["keys"]
    reached = set()
    for _ in range(30):
        shell.sheets[-1].focusNextPrevChild(True)
        here = QApplication.focusWidget()
        if isinstance(here, QPushButton):
            reached.add(here.text())
    assert {"Change keys…", "Seal anew…", "Prove it now…", "Replace…"} <= reached


def test_a_card_keeps_its_outcome_until_it_is_dismissed(
    panel: StorePanel, qtbot: QtBot, shell: Shell
) -> None:
    click(qtbot, keys(panel).change)
    click(qtbot, asked(shell).yes)
    shell.sheets[-1].close_sheet()
    again = keys(shell.show_store())
    assert "Epoch 4" in again.keys.message.words.text()
    again.keys.message._close()
    shell.sheets[-1].close_sheet()
    assert keys(shell.show_store()).keys.message.isHidden()


def test_unfinished_changes_and_pending_backups_are_told(
    panel: StorePanel, store: FakeStore
) -> None:
    store.facts = attrs.evolve(
        store.facts, due_why="", is_unfinished=True, pending=("NAS",), recovery_proved=None
    )
    found = keys(panel)
    assert "goes on with it" in found.keys.fact.text()
    assert "“NAS”" in found.keys.fact.text()
    assert found.paper.fact.property("role") == "doubt"
    assert "sheet not proved" in panel.entries["keys"].fact.text()


# --- over a real practice ---------------------------------------------------------------------


@pytest.fixture
def real(tmp_path: Path, qapp: QApplication) -> Iterator[tuple[Shell, Path]]:
    with open_windows(tmp_path / "store") as joined:
        shell = log_in(joined, OFFICER)
        shell.resize(1366, 768)
        shell.start_import([write_images(tmp_path / "in", cbct=False)])
        wait_until(lambda: shell.patient is not None and shell.workspace.pane is not None)
        yield shell, tmp_path


def settle(shell: Shell) -> None:
    wait_until(lambda: not shell.store_work.is_busy)


def test_the_officer_checks_backs_up_and_changes_keys_of_a_real_practice(
    real: tuple[Shell, Path], qtbot: QtBot
) -> None:
    shell, folder = real
    panel = shell.show_store("keys")
    settle(shell)
    changing = keys(panel)
    settle(shell)
    assert changing.keys.fact.text().startswith("Epoch 1, since ")
    click(qtbot, changing.change)
    click(qtbot, asked(shell).yes)
    settle(shell)
    assert "Epoch 2 is in force for 1 patient." in changing.keys.message.words.text()
    assert "Older keys are destroyed." in changing.keys.message.words.text()

    found = backups(panel)
    settle(shell)
    assert found.card.fact.text() == "No backup yet."
    found.ask_label(folder / "usb")
    asked(shell).reason.setText("USB 1")
    click(qtbot, asked(shell).yes)
    settle(shell)
    assert "“USB 1” now holds" in found.card.message.words.text()
    (place,) = {place_id for place_id, _ in found.row_buttons}
    click(qtbot, found.row_buttons[place, "Verify"])
    settle(shell)
    assert "is whole" in found.card.message.words.text()
    assert "verified just now" in words_in(found.card)

    health = panel.health
    assert health is not None
    panel.entries["health"].click()
    click(qtbot, health.deep)
    settle(shell)
    assert "Whole." in health.check_card.fact.text()
    shell.sheets[-1].close_sheet()
    assert shell.show_store().health is not None


def test_a_real_patient_is_held_released_and_erased_with_a_certificate_that_verifies(
    real: tuple[Shell, Path], qtbot: QtBot
) -> None:
    shell, folder = real
    assert shell.patient is not None
    chart = shell.patient.chart_number
    panel = shell.show_store("keeping")
    settle(shell)
    found = keeping(panel)
    settle(shell)
    assert "2 " not in found.holds.fact.text()
    click(qtbot, found.put)
    sheet = shell.sheets[-1].content
    assert isinstance(sheet, HoldSheet)
    qtbot.keyClicks(sheet.finder.field, chart)
    qtbot.keyClick(sheet.finder.field, Qt.Key.Key_Return)
    sheet.reason.setText("court order")
    click(qtbot, sheet.yes)
    settle(shell)
    assert "1 patient under legal hold" in found.holds.fact.text()

    erasing = erase_panel(panel, qtbot, shell)
    qtbot.keyClicks(erasing.finder.field, chart)
    qtbot.keyClick(erasing.finder.field, Qt.Key.Key_Return)
    wait_until(lambda: erasing.plan is not None)
    assert erasing.yes.isHidden()
    click(qtbot, erasing.no)
    shell.sheets[-1].close_sheet()
    assert shell.bar.hold.isVisible()

    found = keeping(shell.show_store("keeping"))
    settle(shell)
    click(qtbot, button_named(found.holds, "Release…"))
    asked(shell).reason.setText("closed")
    click(qtbot, asked(shell).yes)
    settle(shell)
    current = shell.sheets[-1].content
    assert isinstance(current, StorePanel)
    erasing = erase_panel(current, qtbot, shell)
    qtbot.keyClicks(erasing.finder.field, chart)
    qtbot.keyClick(erasing.finder.field, Qt.Key.Key_Return)
    wait_until(lambda: erasing.plan is not None)
    assert "2" in words_in(erasing)
    qtbot.keyClicks(erasing.reason, "asked to be forgotten")
    qtbot.keyClicks(erasing.typed, chart)
    click(qtbot, erasing.yes)
    wait_until(lambda: erasing.result is not None)
    erasing.save_to(folder / "certificate.json")
    publics = shell.practice.store._clinic.practice.publics(KeyName.SHARE)  # type: ignore[attr-defined]
    certificate = verify_certificate((folder / "certificate.json").read_bytes(), *publics.values())
    assert certificate.image_count == 2
    assert certificate.is_final
    for sheet_ in reversed(shell.sheets[:]):
        sheet_.close_sheet()
    assert shell.patient is None
    assert shell.practice.chart.find_patients("") == []
