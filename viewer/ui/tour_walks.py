"""The ways a tour goes: through the demo practice, and through the first run of a new one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs
from PySide6.QtWidgets import QWidget

from viewer.app.matching import Doubt
from viewer.app.review_list import NearChart, WaitingCase, WaitingImage
from viewer.model.image import ImageKind, ImageRecord, ImageState
from viewer.ui.countdown import Countdown
from viewer.ui.crash_dialog import CrashDialog
from viewer.ui.erase_patient import ErasePage, ErasePanel
from viewer.ui.founding import FoundingPage
from viewer.ui.front_desk import FrontDesk
from viewer.ui.keeping_sheets import HoldSheet
from viewer.ui.parts.words import Words
from viewer.ui.ports import DemoUser, PatientRow, Visit
from viewer.ui.quarantine_page import QuarantinePanel
from viewer.ui.review_window import ReviewPanel
from viewer.ui.share_panel import SharePanel
from viewer.ui.shell import Shell
from viewer.ui.sign_in import SignIn
from viewer.ui.store_backups import BackupsPage
from viewer.ui.store_keeping import KeepingPage
from viewer.ui.store_keys import KeysPage
from viewer.ui.store_window import StorePanel
from viewer.ui.tour import Step
from viewer.ui.tour_files import photo_steps
from viewer.ui.trail_window import TrailPanel
from viewer.ui.user_menu import UserMenu
from viewer.ui.waiting_page import WaitingPanel

_PICTURES = (
    (ImageKind.PERIAPICAL, "full-mouth-series", 500),
    (ImageKind.BITEWING, "bitewing", 500),
    (ImageKind.PANORAMIC, "panoramic", 500),
    (ImageKind.CEPHALOMETRIC, "cephalogram", 500),
    (ImageKind.PHOTO, "photo", 500),
    (ImageKind.CBCT, "cbct", 4000),
)
_WRONG_TRIES = 6


class _DeskWalk:
    """What walks through a front desk share."""

    def __init__(self, front_desk: FrontDesk) -> None:
        self._desk = front_desk

    def window(self) -> QWidget | None:
        """Return the lock, the shell or the door."""
        lock = self._desk.lock_screen
        if lock is not None:
            return lock.window
        return self._desk.shell or self._desk.login

    @property
    def _shell(self) -> Shell:
        if self._desk.shell is None:
            raise RuntimeError("the tour has no shell to look at")
        return self._desk.shell

    @property
    def _sign_in(self) -> SignIn:
        lock, door = self._desk.lock_screen, self._desk.login
        found = lock.window.sign_in if lock is not None else door.sign_in if door else None
        if found is None:
            raise RuntimeError("the tour has no door to come in by")
        return found

    def _log_in(self, user: DemoUser) -> Iterator[Step]:
        sign_in = self._sign_in
        tile = next(t for t in sign_in.tiles if t.person.display_name == user.display_name)
        sign_in.fill_in(tile.person, user.password)
        sign_in.go.click()
        yield Step("", lambda: self._desk.shell is not None)

    def _close_sheet(self) -> None:
        self._shell.sheets[-1].close_sheet()

    def _has_sheet(self) -> bool:
        return bool(self._shell.sheets)


class DemoWalk(_DeskWalk):
    """Door, patients, every kind of image, share, sheets, menu, looks, lock, officer, trail."""

    def __init__(self, front_desk: FrontDesk, users: Sequence[DemoUser], scratch: Path) -> None:
        super().__init__(front_desk)
        self._users, self._scratch = users, scratch
        self._someone = self._another = ""

    def steps(self) -> Iterator[Step]:
        """Walk through it all."""
        yield Step("login", lambda: self._desk.login is not None and self._desk.login.isVisible())
        yield from self._log_in(self._users[0])
        yield Step("patients", lambda: bool(self._shell.patients.rows))
        numbers = [row.patient.chart_number for row in self._shell.patients.rows]
        self._someone, self._another = numbers[0], numbers[-1]
        for kind, name, settle_ms in _PICTURES:
            if self._open(kind):
                yield Step(name, self._is_shown, settle_ms)
        self._shell.inspector.tabs.setCurrentIndex(1)
        yield Step("facts")
        self._shell.inspector.tabs.setCurrentIndex(0)
        yield from self._share()
        yield from self._sheets()
        yield from self._pages("my_sign_in", "quick_pin", "emergency", "set_teeth", "move_image")
        yield from self._whose_images()
        yield from self._looks()
        yield from self._lock()
        yield from self._officer()

    def _share(self) -> Iterator[Step]:
        if not self._open(ImageKind.PANORAMIC):
            return
        yield Step("", self._is_shown)
        self._shell.show_share()
        panel = self._shell.sheets[0].content
        if not isinstance(panel, SharePanel):
            return
        yield Step("", lambda: panel.plan is not None)
        panel.recipient.setText("Dr. Castellano, oral surgery")
        panel.recipient.editingFinished.emit()
        yield Step("share", settle_ms=2000)
        panel.show_tags("removed")
        yield Step("share-tags")
        for box in panel.doubt_boxes:
            box.setChecked(True)
        panel.seal_to(self._scratch / "sealed-for-the-tour.age")
        yield Step("share-receipt", lambda: panel.pages.count() > 1)
        self._close_sheet()

    def _sheets(self) -> Iterator[Step]:
        yield from self._commands()
        self._shell.show_about()
        yield Step("about", self._has_sheet)
        self._close_sheet()
        self._shell.start_import([self._make_bad_folder()])
        yield Step("import-report", self._has_sheet)
        self._close_sheet()
        yield from self._set_aside_and_kept()
        yield from photo_steps(self._shell, self._scratch)
        crash = CrashDialog("5C0FFEE5", "bitewing.log", self._shell)
        crash.open()
        yield Step("crash", crash.isVisible, window=crash)
        crash.accept()

    def _pages(self, *action_ids: str) -> Iterator[Step]:
        """Open what these actions open, one after another, for whoever is allowed it."""
        for action_id in action_ids:
            if not self._shell.actions_bar.is_offered(action_id):
                continue
            self._shell.actions_bar.by_id[action_id].trigger()
            yield Step(action_id.replace("_", "-"), self._has_sheet)
            self._close_sheet()

    def _whose_images(self) -> Iterator[Step]:
        shell = self._shell
        if shell.patient is None or shell.image is None:
            return
        shell.actions_bar.by_id["waiting"].trigger()
        panel = shell.sheets[-1].content
        if isinstance(panel, WaitingPanel):
            yield Step("review-list-empty", lambda: not panel.is_busy)
            mine = shell.patient
            case = WaitingCase(
                attrs.evolve(mine, given_name=f"{mine.given_name}a"),
                None,
                (Doubt.SPELT_DIFFERENTLY.value,),
                (NearChart(mine, (Doubt.SPELT_DIFFERENTLY,)),),
                (WaitingImage(shell.image),),
                {},
            )
            panel.show_cases((case,))
            panel.cards[0].ask_to_assign(mine)
            yield Step("review-list")
        self._close_sheet()

    def _set_aside_and_kept(self) -> Iterator[Step]:
        shell = self._shell
        shell.actions_bar.by_id["quarantine"].trigger()
        panel = shell.sheets[-1].content
        if isinstance(panel, QuarantinePanel):
            yield Step("files-set-aside", lambda: panel.model.rowCount() > 0)
        self._close_sheet()
        if shell.image is not None:
            words = "Structured reports are kept whole; they are not shown yet."
            kept = attrs.evolve(
                shell.image,
                kind=ImageKind.DOCUMENT,
                state=ImageState.KEPT,
                shape=(48_213,),
                description="Radiologist's report",
                reason=words,
            )
            shell.workspace.show_kept(kept)
            yield Step("kept-file")
            shell.open_image(shell.image, self._visit_of(shell.image))

    def _visit_of(self, image: ImageRecord) -> Visit:
        return next(visit for visit in self._shell.visits if image in visit.images)

    def _commands(self) -> Iterator[Step]:
        self._shell.show_palette()
        yield Step("commands", self._has_sheet)
        self._close_sheet()

    def _make_bad_folder(self) -> Path:
        """Make a folder of files that an import refuses, each for its own reason."""
        folder = self._scratch / "from-a-stick"
        folder.mkdir(exist_ok=True)
        cut = b"\0" * 128 + b"DICM" + bytes(range(64))
        for name, content in (
            ("cut-short-when-it-was-copied-from-the-other-practice-in-2024.dcm", cut),
            ("letter.pdf", b"%PDF-1.7\n"),
            ("empty.dcm", b""),
        ):
            (folder / name).write_bytes(content)
        return folder

    def _looks(self) -> Iterator[Step]:
        menu = UserMenu(self._shell.user, self._shell.actions_bar, self._shell)
        menu.popup(self._shell.mapToGlobal(self._shell.rect().center()))
        yield Step("user-menu", menu.isVisible, window=menu)
        menu.close()
        countdown = self._shell.findChild(Countdown)
        if isinstance(countdown, Countdown):
            countdown.show_left(42.0)
            yield Step("countdown", settle_ms=0)
        self._shell.toggle_sides()
        yield Step("image-alone")
        self._shell.toggle_sides()

    def _lock(self) -> Iterator[Step]:
        self._desk.lock()
        yield Step("lock", lambda: self._desk.lock_screen is not None)
        sign_in = self._sign_in
        guest = next(t.person for t in sign_in.tiles if t.person.display_name in self._guests)
        for turn in range(_WRONG_TRIES):
            if not sign_in.field.isEnabled():
                break
            sign_in.fill_in(guest, "not the password")
            sign_in.go.click()
            yield Step("wrong-password" if turn == 0 else "", lambda: not sign_in.is_busy)
        yield Step("back-off")

    @property
    def _guests(self) -> set[str]:
        """Who is not needed any more, so that a back-off holds nobody up."""
        return {u.display_name for u in self._users[1:] if "fficer" not in u.role}

    def _officer(self) -> Iterator[Step]:
        officer = next((u for u in self._users if "fficer" in u.role), None)
        if officer is None:
            return
        yield from self._log_in(officer)
        yield Step("officer")
        self._shell.show_trail()
        panel = self._shell.sheets[0].content
        yield Step("trail", self._has_sheet)
        if isinstance(panel, TrailPanel):
            panel.verify()
            panel.table.selectRow(3)
            yield Step("trail-verified", settle_ms=1500)
        self._close_sheet()
        yield from self._review()
        self._shell.show_accounts()
        yield Step("accounts", self._has_sheet)
        self._close_sheet()
        yield from self._pages("watched", "relay", "archive", "workstation", "emergency_code")
        yield from self._store()

    def _review(self) -> Iterator[Step]:
        self._shell.actions_bar.by_id["review"].trigger()
        panel = self._shell.sheets[0].content
        if isinstance(panel, ReviewPanel):
            yield Step("review", lambda: panel.review is not None)
            for part in ("people", "leaving", "emergency", "timeline", "reports"):
                panel.show_part(part)
                yield Step(f"review-{part}")
        self._close_sheet()

    def _is_idle(self) -> bool:
        return not self._shell.store_work.is_busy

    def _store(self) -> Iterator[Step]:
        """Every part of the store; a backup into a folder of the tour; nothing is erased."""
        panel = self._shell.show_store("backups")
        yield Step("store-no-backup", self._is_idle)
        page = panel.pages["backups"]
        if isinstance(page, BackupsPage):
            page.back_up(self._scratch / "usb", "USB 1, safe")
            yield Step("store-backing-up", settle_ms=0)
            yield Step("store-backups", self._is_idle)
            page.ask_label(self._scratch / "other")
            yield Step("store-backup-name")
            self._close_sheet()
        if panel.health is not None:
            panel.show_part("health")
            panel.health.check_deeply()
            yield Step("store-health", self._is_idle)
        yield from self._store_keys(panel)
        yield from self._store_keeping(panel)
        yield from self._erasing(panel)
        self._close_sheet()

    def _store_keys(self, panel: StorePanel) -> Iterator[Step]:
        panel.show_part("keys")
        yield Step("store-keys", self._is_idle)
        page = panel.pages["keys"]
        if isinstance(page, KeysPage):
            page.ask_change()
            yield Step("store-keys-question")
            self._close_sheet()
            page.ask_proof()
            yield Step("store-recovery-sheet")
            self._close_sheet()

    def _store_keeping(self, panel: StorePanel) -> Iterator[Step]:
        panel.show_part("keeping")
        yield Step("store-keeping", self._is_idle)
        page = panel.pages["keeping"]
        if not isinstance(page, KeepingPage):
            return
        page.ask_hold()
        sheet = self._shell.sheets[-1].content
        if isinstance(sheet, HoldSheet):
            sheet.finder.field.setText(self._someone)
            sheet.finder.look()
            yield Step("store-hold")
            sheet.finder.buttons[0].click()
            sheet.reason.setText("Letter of the insurer of 2026-11-02")
            sheet.yes.click()
        yield Step("", self._is_idle)
        page.ask_freeing()
        yield Step("store-freeing")
        self._close_sheet()
        scroll = page.verticalScrollBar()
        scroll.setValue(scroll.maximum())
        yield Step("store-keeping-below")

    def _erasing(self, panel: StorePanel) -> Iterator[Step]:
        panel.show_part("erase")
        yield Step("store-erase")
        page = panel.pages["erase"]
        if not isinstance(page, ErasePage):
            return
        yield from self._before_erasing(page, "held", self._someone)
        yield from self._before_erasing(page, "confirm", self._another)

    def _before_erasing(self, page: ErasePage, name: str, number: str) -> Iterator[Step]:
        page.open_sheet()
        sheet = self._shell.sheets[-1].content
        if isinstance(sheet, ErasePanel):
            sheet.finder.field.setText(number)
            sheet.finder.look()
            sheet.finder.buttons[0].click()
            yield Step(f"store-erase-{name}", lambda: sheet.plan is not None)
        self._close_sheet()

    def _is_shown(self) -> bool:
        pane = self._shell.workspace.pane
        return pane is not None and pane.window_level is not None

    def _open(self, kind: ImageKind) -> bool:
        """Open the first image of a kind, in the visit that has most of it."""
        best: tuple[int, PatientRow, Visit, ImageRecord] | None = None
        for row in self._shell.practice.chart.find_patients(""):
            for visit in self._shell.practice.chart.visits(row.patient.id):
                images = [image for image in visit.images if image.kind is kind]
                if images and (best is None or len(images) > best[0]):
                    best = (len(images), row, visit, images[0])
        if best is None:
            return False
        _, row, visit, image = best
        if self._shell.patient != row.patient:
            self._shell.open_patient(row.patient)
        self._shell.open_image(image, visit)
        return True


class FirstRunWalk(_DeskWalk):
    """The three steps of founding a practice, its door, and a store with nothing in it."""

    _PRACTICE = "Dental practice Rosengarten"
    _NAME = "Dr Ines Beispiel"
    _PASSWORD = "lanterns drift over quiet harbours"

    def __init__(self, front_desk: FrontDesk, backup: Path) -> None:
        super().__init__(front_desk)
        self._backup = backup

    def steps(self) -> Iterator[Step]:
        """Found a practice and look at it."""
        self._desk.open()
        page = self._founding
        yield Step("founding-1")
        page.restore.click()
        yield Step("restore-1")
        yield from self._restoring()
        page = self._founding
        page.practice.setText(self._PRACTICE)
        page.officer.setText(self._NAME)
        page.password.field.line.setText(self._PASSWORD)
        yield Step("founding-1-filled")
        page.submit()
        yield Step("founding-2", lambda: bool(_groups_on(page)))
        paper = _groups_on(page)
        page.written.click()
        yield Step("founding-3")
        page.answers[0].setText("WRONG")
        page.answers[1].setText("WRONG")
        page.check_answers()
        yield Step("founding-3-wrong")
        for place, field in zip(page.asked_groups, page.answers, strict=True):
            field.setText(paper[place])
        page.check_answers()
        yield Step("first-login", lambda: self._desk.login is not None)
        yield from self._log_in(DemoUser(self._NAME, "", self._PASSWORD))
        yield Step("empty-store")

    def _restoring(self) -> Iterator[Step]:
        """Look into the backup of the walk before; the sheet is not known here."""
        door = self._desk.login
        page = door.restore if door is not None else None
        if page is None:
            return
        page.look_at(self._backup)
        yield Step("restore-2", lambda: page.folder is not None)
        page.groups.fill("2" * 4 * len(page.groups.fields))
        page.open.click()
        yield Step("restore-2-wrong", page.message.isVisible)
        page.back.click()

    @property
    def _founding(self) -> FoundingPage:
        door = self._desk.login
        if door is None or door.founding is None:
            raise RuntimeError("the tour has nothing to found")
        return door.founding


def _groups_on(page: FoundingPage) -> list[str]:
    """Write down the groups of the recovery key that are on screen."""
    return [words.text() for words in page.findChildren(Words) if words.property("role") == "code"]
