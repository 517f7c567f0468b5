"""The main window: who, what, the image in the middle, and what protects it.

It reads the chart, sends images to the panes, and turns keys and clicks into actions. It holds no
keys and decides nothing about who may do what.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QCloseEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLayout, QStackedWidget, QWidget

from viewer.app.actions import Actions, Need
from viewer.model.ids import PatientId
from viewer.model.image import ImageRecord, ImageState, Picture
from viewer.model.patient import Patient
from viewer.model.view import WindowLevel
from viewer.ui import icons, theme
from viewer.ui.accounts_ports import Accounts
from viewer.ui.command_palette import CommandPalette
from viewer.ui.emergency_ports import Emergencies
from viewer.ui.import_panel import DropZone, ProgressCard
from viewer.ui.incoming_ports import Incoming, NoIncoming
from viewer.ui.inspector import Inspector, doubts_of
from viewer.ui.parts.messages import Toast, error_words
from viewer.ui.parts.sheet import Sheet
from viewer.ui.parts.words import column, row, rule
from viewer.ui.patient_bar import PatientBar
from viewer.ui.patient_list import PatientList
from viewer.ui.ports import (
    Arriving,
    Chart,
    Identity,
    PaneFactory,
    Running,
    Sharing,
    Trail,
    UserTile,
    Visit,
    Watch,
)
from viewer.ui.shell_actions import ShellActions
from viewer.ui.shell_emergency import ShellEmergency
from viewer.ui.shell_import import ShellImport
from viewer.ui.shell_pages import Pages, open_page
from viewer.ui.shell_shift import ShellShift
from viewer.ui.shell_watching import ShellWatching
from viewer.ui.shift_ports import DraftBox, History, NoDrafts, NoHistory, QuickDoor
from viewer.ui.status_line import StatusLine
from viewer.ui.store_ports import Store
from viewer.ui.store_work import StoreWork
from viewer.ui.thumbnails import Thumbnails
from viewer.ui.timeline import Timeline
from viewer.ui.tool_bar import ToolBar
from viewer.ui.watch_ports import NoWatched, WatchedFolders
from viewer.ui.whereabouts import Whereabouts
from viewer.ui.workspace import Workspace

if TYPE_CHECKING:
    from viewer.ui.store_window import StorePanel

_NARROW_PX = 1280
_TINY_PX = 960
_FOLD_PX = 1000
"""Narrower windows, among them a full screen at 200 %, give the left side to four panes."""


@attrs.frozen
class Practice:
    """The ports that a logged-in person works with, and the makers of the two panes."""

    chart: Chart
    watch: Watch
    trail: Trail
    sharing: Sharing
    accounts: Accounts
    radiographs: PaneFactory
    volumes: PaneFactory
    store: Store
    drafts: DraftBox = attrs.field(factory=NoDrafts)
    history: History = attrs.field(factory=NoHistory)
    quick: QuickDoor | None = None
    pages: Pages = attrs.field(factory=dict)
    emergencies: Emergencies | None = None
    incoming: Incoming = attrs.field(factory=NoIncoming)
    watched: WatchedFolders = attrs.field(factory=NoWatched)


class Shell(QWidget):
    """A top-level window for one logged-in person; made at login, deleted at lock."""

    lock_wanted = Signal()
    log_off_wanted = Signal()
    theme_wanted = Signal(str)

    def __init__(self, practice: Practice, user: UserTile, actions: Actions) -> None:
        super().__init__()
        self.practice, self.user = practice, user
        self.patient: Patient | None = None
        self.visit: Visit | None = None
        self.image: ImageRecord | None = None
        self.visits: Sequence[Visit] = ()
        self._opening: Running | None = None
        self.sheets: list[Sheet] = []
        self._store_sheet: Sheet | None = None
        self.setWindowTitle("Bitewing")
        self.setWindowIcon(icons.icon("mark", "accent", size=64))
        self.setProperty("surface", "base")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.resize(1366, 768)
        self.thumbnails = Thumbnails(practice.chart, self)
        self._build(actions)
        self._join()
        self._connect_actions(actions)
        self._sees_patients = self.actions_bar.is_offered("search")
        if not self._sees_patients:
            self._arrange_without_patients()
        self.refresh()

    # --- made once ---------------------------------------------------------------------------

    def _build(self, actions: Actions) -> None:
        self.bar = PatientBar(self.user)
        self.patients = PatientList(self.practice.chart)
        self.timeline = Timeline(self.thumbnails)
        self.left = QStackedWidget()
        self.left.setProperty("surface", "raised")
        self.left.setFixedWidth(theme.current().size("side_left"))
        self.left.addWidget(self.patients)
        self.left.addWidget(self.timeline)
        self.workspace = Workspace(
            self.thumbnails, self.practice.radiographs, self.practice.volumes
        )
        self.inspector = Inspector()
        self.inspector.setFixedWidth(theme.current().size("side_right"))
        self.actions_bar = ShellActions(actions, self, self.workspace)
        self.tools = ToolBar(self.actions_bar)
        self.status = StatusLine()
        layout = column(self, gap=0)
        # The sides fold when the window gets small, so their width must not hold it open.
        layout.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self.setMinimumSize(640, 440)
        layout.addWidget(self.bar)
        layout.addWidget(rule())
        layout.addLayout(self._make_middle(), 1)
        self._foot_rules = (rule(), rule())
        for part in (self._foot_rules[0], self.tools, self._foot_rules[1], self.status):
            layout.addWidget(part)
        self.patients.search.setFocus()
        self.toast = Toast(self)
        self.progress = ProgressCard(self, self.tr("Importing images"))
        self.imports, self.watching = ShellImport(self), ShellWatching(self)
        self.store_work = StoreWork(self)
        self.store_progress = ProgressCard(self, self.tr("Store"))
        self.drops = DropZone(self)
        self.whereabouts, self.shift = Whereabouts(self), ShellShift(self)
        self.emergency = ShellEmergency(self)
        layout.insertWidget(1, self.emergency.review)

    def _make_middle(self) -> QHBoxLayout:
        middle = row(gap=0)
        self._side_rules = (rule(upright=True), rule(upright=True))
        middle.addWidget(self.left)
        middle.addWidget(self._side_rules[0])
        middle.addWidget(self.workspace, 1)
        middle.addWidget(self._side_rules[1])
        middle.addWidget(self.inspector)
        return middle

    def _join(self) -> None:
        self.patients.chosen.connect(self.open_patient)
        self.timeline.back.connect(self.show_patients)
        self.timeline.view.chosen.connect(self.open_image)
        self.workspace.films.chosen.connect(self._open_film)
        self.workspace.window_changed.connect(self.inspector.show_window)
        self.workspace.import_wanted.connect(self.ask_import)
        self.workspace.kept.look_wanted.connect(partial(self._do_from_status, "document"))
        self.workspace.cancel_wanted.connect(self._cancel_opening)
        self.inspector.window_wanted.connect(self._set_window)
        self.progress.cancelled.connect(self.imports.cancel)
        self.store_work.changed.connect(self._show_store_work)
        self.store_work.ended.connect(self._on_store_work_ended)
        self.store_progress.cancelled.connect(self._cancel_store_work)
        self.drops.dropped.connect(self.start_import)
        self.drops.hovering.connect(self.workspace.empty.set_target)
        self.tools.left_toggled.connect(self._toggle_left)
        self.tools.right_toggled.connect(self._toggle_right)
        self.bar.palette_wanted.connect(self.show_palette)
        self.bar.lock_wanted.connect(self.lock_wanted)
        self.bar.user_menu_wanted.connect(self._show_user_menu)
        self.status.wanted.connect(self._do_from_status)

    def _connect_actions(self, actions: Actions) -> None:
        own: dict[str, Callable[[], None]] = {
            "import": self.ask_import,
            "share": self.show_share,
            "search": self.show_patients,
            "palette": self.show_palette,
            "previous_image": lambda: self.workspace.films.step(-1),
            "next_image": lambda: self.workspace.films.step(1),
            "trail": self.show_trail,
            "accounts": self.show_accounts,
            "check": self.check_store,
            "store": partial(self._turn_store_to, ""),
            "back_up": partial(self._turn_store_to, "backups"),
            "repair": partial(self._turn_store_to, "health"),
            "change_keys": partial(self._turn_store_to, "keys"),
            "keeping": partial(self._turn_store_to, "keeping"),
            "erase_patient": partial(self._turn_store_to, "erase"),
            "lock": self.lock_wanted.emit,
            "log_off": self.log_off_wanted.emit,
            "hide_sides": self.toggle_sides,
            "about": self.show_about,
        }
        own |= self.shift.handlers()
        for record in actions.table.values():
            if record.group in {"tool", "image"}:
                own[record.id] = partial(self._do_in_pane, record.id)
        own |= {name: partial(open_page, self, page) for name, page in self.practice.pages.items()}
        for action_id, handler in own.items():
            actions.connect(action_id, handler)
        self._connected = frozenset(own)

    # --- patients and images -----------------------------------------------------------------

    def refresh(self) -> None:
        """Read patients, safeguards and the clock anew."""
        self.patients.refresh()
        self.status.show_protections(self.practice.chart.protections())
        self.show_time_left()
        if self.patient is None:
            self._show_start()

    def _arrange_without_patients(self) -> None:
        """For the roles that look at no images: no empty lists, but what there is to do."""
        self.bar.set_what_to_do(self.user.role)
        wanted = ("review", "trail", "accounts", "store")
        offered = [i for i in wanted if self.actions_bar.is_offered(i)]
        self.workspace.empty.offer([self.actions_bar.by_id[i] for i in offered])
        self._fit_to_width()

    def _show_start(self) -> None:
        self.bar.show_patient(None)
        self.inspector.show_picture(None)
        some = bool(self.patients.rows) or bool(self.patients.search.text())
        can_import = self.actions_bar.is_offered("import")
        if not self.actions_bar.is_offered("search"):
            title = self.tr("No patients in this role")
            words = self.tr("You look after the practice. Every command is under Ctrl+K.")
        elif some:
            title = self.tr("Choose a patient")
            words = self.tr("Type a name or a chart number on the left, or press Ctrl+K.")
        else:
            title = self.tr("No images yet")
            words = self.tr("Drop a folder here, or press I.")
        self.workspace.show_nothing(title, words, can_import=can_import)
        self._set_scene()

    def show_patients(self) -> None:
        """Go to the list of all patients, ready to type; the image stays."""
        self._show_sides(True)
        self._fold(self.left, self._side_rules[0], shown=True)
        self.left.setCurrentWidget(self.patients)
        self.patients.search.setFocus()
        self.patients.search.selectAll()

    def open_patient(self, patient: Patient) -> None:
        """Show somebody's visits and the newest image."""
        self._drop_opening()
        self.patient, self.image, self.visit = patient, None, None
        self.visits = self.practice.chart.visits(patient.id)
        self.timeline.show_visits(self.visits)
        self.timeline.mark_image(None)
        self.left.setCurrentWidget(self.timeline)
        self.bar.show_patient(patient)
        self._mark_hold()
        self.inspector.show_picture(None)
        first = next((visit for visit in self.visits if visit.images), None)
        if first is None:
            words = self.tr("Drop a folder here, or press I.")
            self.workspace.show_nothing(self.tr("No images of this patient yet"), words)
            self._set_scene()
            return
        self.open_image(first.images[0], first)
        self.timeline.view.setFocus()

    def open_image(self, image: ImageRecord, visit: Visit) -> None:
        """Ask for an image; it is shown when it is unsealed."""
        self._drop_opening()
        self.image, self.visit = image, visit
        self.bar.show_patient(self.patient, visit.study.date)
        self.timeline.mark_image(image)
        self.workspace.films.show_visit(visit, image)
        if image.state is not ImageState.SHOWN:
            self.inspector.show_picture(None)
            self.workspace.show_kept(image)
            self._set_scene()
            return
        self.inspector.show_coming()
        self.workspace.show_coming(image)
        self._set_scene()
        self._opening = self.practice.chart.open_image(
            image.id,
            self._show,
            self._on_not_opened,
            self.workspace.coming.show_progress,
            self._show_arriving,
        )

    def _open_film(self, image: ImageRecord) -> None:
        if self.visit is not None and image is not self.image:
            self.open_image(image, self.visit)

    def _show_arriving(self, arriving: Arriving) -> None:
        """Show what is there of a volume; what else the shell says waits for all of it."""
        if self.patient is None or self.image is None or arriving.record.id != self.image.id:
            return
        is_first = self.workspace.pane is None
        self.workspace.show_arriving(arriving, self._identity(self.patient, arriving.record))
        if is_first:
            self._make_room(arriving.record)
            self.whereabouts.put_back()

    def _identity(self, patient: Patient, record: ImageRecord) -> Identity:
        day = self.visit.study.date if self.visit else None
        return Identity(patient, day, record.study_uid)

    def _make_room(self, record: ImageRecord) -> None:
        if record.is_volume and self.width() < _FOLD_PX:
            self._fold(self.left, self._side_rules[0], shown=False)

    def _show(self, shown: Picture) -> None:
        self._opening = None
        if self.patient is None or self.image is None or shown.record.id != self.image.id:
            return
        was_seen = self.workspace.pane is not None
        self.workspace.show_picture(shown, self._identity(self.patient, shown.record))
        self.inspector.show_picture(shown)
        if not was_seen:
            self._make_room(shown.record)
            self.whereabouts.put_back()
        if self.workspace.pane is not None and self.workspace.pane.window_level is not None:
            self.inspector.show_window(self.workspace.pane.window_level)
        for note in doubts_of(shown.record)[:1]:
            self.workspace.banner.say(note, "doubt")
        self._set_scene(shown.record)
        self._mark_tool()

    def _mark_tool(self) -> None:
        """Show which tool the pane has in hand."""
        pane = self.workspace.pane
        self.actions_bar.check_tool((pane.pose.tool if pane else "") or "tool_window")

    def _on_not_opened(self, fault: Exception) -> None:
        self._opening = None
        words = error_words(fault)
        title = self.tr("This image can't be shown") if words else self.tr("Cancelled")
        self.inspector.show_picture(None)
        self.workspace.show_nothing(title, words, can_import=False)
        self.workspace.films.show_visit(self.visit, self.image)

    def _cancel_opening(self) -> None:
        if self._opening is not None:
            self._opening.cancel()

    def _drop_opening(self) -> None:
        if self._opening is not None:
            self._opening.drop()
            self._opening = None

    def _set_scene(self, record: ImageRecord | None = None) -> None:
        needs: set[Need] = set()
        if self.patient is not None:
            needs.add(Need.PATIENT)
        if record is not None:
            needs |= {Need.PICTURE, Need.VOLUME if record.is_volume else Need.RADIOGRAPH}
            needs |= {Need.FRAMES} if record.frames > 1 else set()
        elif self.image is not None:
            needs.add(Need.PICTURE)
        self.actions_bar.set_scene(needs)

    def _do_in_pane(self, action_id: str) -> None:
        if self.workspace.pane is None:
            return
        self.workspace.pane.do(action_id)
        if self.actions_bar.record(action_id).group == "tool":
            self.actions_bar.check_tool(action_id)

    def _set_window(self, window: WindowLevel) -> None:
        if self.workspace.pane is not None:
            self.workspace.pane.set_window(window)
            self.inspector.show_window(window)

    # --- import ------------------------------------------------------------------------------

    def ask_import(self) -> None:
        """Ask for a folder to import."""
        self.imports.ask()

    def start_import(self, paths: Sequence[Path]) -> None:
        """Import files and folders, one import at a time."""
        self.imports.start(paths)

    def open_patient_by_id(self, patient_id: PatientId | None) -> None:
        """Open somebody who was just imported, if he has a chart."""
        patient = self.practice.chart.patient(patient_id) if patient_id else None
        if patient is not None:
            self.open_patient(patient)

    # --- sheets ------------------------------------------------------------------------------

    def open_sheet(self, title: str, content: QWidget, *, wide: bool = False) -> Sheet:
        """Lay a page over the shell; its keys rest until it is closed."""
        sheet = Sheet(self, title, content, wide=wide, top=self.bar.height())
        self.sheets.append(sheet)
        self.actions_bar.set_blocked(True)
        self.drops.is_open = False
        sheet.closed.connect(lambda: self._on_sheet_closed(sheet))
        return sheet

    def _on_sheet_closed(self, sheet: Sheet) -> None:
        if sheet in self.sheets:
            self.sheets.remove(sheet)
        self.actions_bar.set_blocked(bool(self.sheets))
        self.drops.is_open = not self.sheets

    def show_palette(self) -> None:
        """Open the command palette."""
        palette = CommandPalette(self.actions_bar, self.practice.chart, self.open_patient)
        sheet = self.open_sheet(self.tr("Search or command"), palette)

        def run(what: Callable[[], None]) -> None:
            sheet.close_sheet()
            what()

        palette.done.connect(run)
        palette.field.setFocus()

    def show_trail(self) -> None:
        """Open the trail."""
        from viewer.ui.trail_window import TrailPanel

        panel = TrailPanel(self.practice.trail)
        self.open_sheet(self.tr("Trail"), panel, wide=True).closed.connect(panel.drop)

    def show_share(self) -> None:
        """Open the share page on the images of this visit, the one on screen chosen."""
        from viewer.ui.share_panel import SharePanel

        if self.visit is None or self.patient is None:
            return
        images = tuple(each for each in self.visit.images if each.state is ImageState.SHOWN)
        chosen = {each.id for each in images if each == self.image}
        panel = SharePanel(self.practice.sharing, images, chosen, self.thumbnails)
        sheet = self.open_sheet(self.tr("Share"), panel, wide=True)
        sheet.closed.connect(panel.drop)
        panel.done.connect(sheet.close_sheet)
        panel.trail_wanted.connect(sheet.close_sheet)
        panel.trail_wanted.connect(self.show_trail)

    def show_accounts(self) -> None:
        """Open the accounts."""
        from viewer.ui.accounts_window import AccountsPanel

        panel = AccountsPanel(self.practice.accounts, self.user)
        self.open_sheet(self.tr("Accounts"), panel, wide=True)

    def show_about(self) -> None:
        """Open the about page."""
        from viewer.ui.about import AboutPanel

        self.open_sheet(self.tr("About Bitewing"), AboutPanel())

    def show_store(self, part: str = "") -> StorePanel:
        """Open the page of the store; what is under way in it goes on when it is closed."""
        from viewer.ui.store_page import Surroundings
        from viewer.ui.store_window import StorePanel

        offers = self.actions_bar.is_offered
        around = Surroundings(
            self.practice.store,
            self.store_work,
            self.open_sheet,
            offers,
            self._leave_patient,
            emergencies=self.practice.emergencies,
        )
        panel = StorePanel(around, part)
        self._store_sheet = self.open_sheet(self.tr("Store"), panel, wide=True)
        self._store_sheet.closed.connect(self._on_store_closed)
        self.store_progress.hide()
        return panel

    def _turn_store_to(self, part: str) -> None:
        self.show_store(part)

    def _on_store_closed(self) -> None:
        self._store_sheet = None
        self.store_work.drop_loads()
        self.status.show_protections(self.practice.chart.protections())
        self._mark_hold()
        for name in self.store_work.under_way:
            self._show_store_work(name)

    def check_store(self) -> None:
        """Open the page of the store and check that everything stored is whole."""
        panel = self.show_store("health")
        if panel.health is not None:
            panel.health.check()

    def _show_store_work(self, name: str) -> None:
        """Show in the corner what goes on without its page."""
        progress = self.store_work.progress(name)
        if self._store_sheet is not None or progress is None:
            return
        if self.store_progress.isHidden():
            self.store_progress.start()
        self.store_progress.show_progress(progress)

    def _on_store_work_ended(self, name: str) -> None:
        if name == "repair" and self.image is not None and self.visit is not None:
            self.open_image(self.image, self.visit)  # the store was closed for it
        if self._store_sheet is not None:
            return
        self.store_progress.hide()
        outcome = self.store_work.outcome(name)
        if outcome is not None:
            self.workspace.banner.say(outcome.words, outcome.tone)
        self.status.show_protections(self.practice.chart.protections())

    def _cancel_store_work(self) -> None:
        for name in self.store_work.under_way:
            self.store_work.cancel(name)

    def _leave_patient(self, patient_id: str) -> None:
        """Take everything of somebody off the screen whose images were just removed."""
        if self.patient is not None and self.patient.id == patient_id:
            self._drop_opening()
            self.workspace.empty_panes()
            self.workspace.films.show_visit(None, None)
            self.timeline.show_visits(())
            self.thumbnails.clear()
            self.patient, self.image, self.visit, self.visits = None, None, None, ()
            self.left.setCurrentWidget(self.patients)
        self.refresh()

    def _mark_hold(self) -> None:
        """Say in the bar that nothing of this patient may be removed."""
        is_held = self.patient is not None and self.practice.store.is_held(self.patient.id)
        self.bar.show_hold(is_held)

    def _do_from_status(self, action_id: str) -> None:
        if self.actions_bar.can(action_id):
            self.actions_bar.by_id[action_id].trigger()

    def _show_user_menu(self) -> None:
        from viewer.ui.user_menu import UserMenu

        menu = UserMenu(self.user, self.actions_bar, self)
        menu.theme_wanted.connect(self.theme_wanted)
        menu.popup(self.bar.ring.mapToGlobal(self.bar.ring.rect().bottomLeft()))

    # --- time, size, end -----------------------------------------------------------------------

    def show_time_left(self) -> None:
        """Move the ring on; called once a second."""
        watch = self.practice.watch
        self.bar.show_time_left(watch.seconds_left(), watch.allowed_s)
        self.emergency.tick()

    def toggle_sides(self) -> None:
        """Hide all but the image, or bring it back."""
        self._show_sides(self.tools.isHidden())

    def _show_sides(self, shown: bool) -> None:
        parts: tuple[QWidget, ...] = (
            self.left,
            self.inspector,
            self.tools,
            self.status,
            *self._side_rules,
            *self._foot_rules,
        )
        for part in parts:
            part.setVisible(shown)
        self.workspace.films.setVisible(shown and self.workspace.films.film_model.rowCount() > 1)
        if shown:
            self._fit_to_width()
        else:
            self.workspace.setFocus()

    def changeEvent(self, event: QEvent) -> None:
        """Dress actions and panes in a theme chosen while the program runs."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "actions_bar"):
            self.actions_bar.dress()
            self.workspace.dress()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give a small window to the image."""
        super().resizeEvent(event)
        width = (event.oldSize().width(), event.size().width())
        if width[0] != width[1] and not self.tools.isHidden():
            self._fit_to_width()

    def _fit_to_width(self) -> None:
        is_narrow, is_tiny = self.width() < _NARROW_PX, self.width() < _TINY_PX
        has_picture = self.workspace.pane is not None
        has_sides = self._sees_patients
        self._fold(self.inspector, self._side_rules[1], shown=has_sides and not is_narrow)
        self._fold(
            self.left, self._side_rules[0], shown=has_sides and not (is_tiny and has_picture)
        )
        self.bar.set_narrow(is_narrow)
        self.tools.set_narrow(narrow=is_narrow, tiny=is_tiny)

    @staticmethod
    def _fold(side: QWidget, line: QWidget, *, shown: bool) -> None:
        side.setVisible(shown)
        line.setVisible(shown)

    def _toggle_left(self) -> None:
        self._fold(self.left, self._side_rules[0], shown=self.left.isHidden())

    def _toggle_right(self) -> None:
        self._fold(self.inspector, self._side_rules[1], shown=self.inspector.isHidden())

    def empty(self) -> None:
        """Drop everything of patients: work, sheets, scenes, thumbnails, lists, names."""
        self.whereabouts.stop()
        self.emergency.drop()
        self._drop_opening()
        self.imports.drop()
        self.watching.drop()
        self.store_work.drop()
        for sheet in reversed(self.sheets[:]):
            sheet.close_sheet()
        self.workspace.empty_panes()
        self.workspace.films.show_visit(None, None)
        self.inspector.show_picture(None)
        self.timeline.show_visits(())
        self.thumbnails.clear()
        self.patients.clear()
        self.bar.show_patient(None)
        self.progress.hide()
        self.store_progress.hide()
        self.toast.hide()
        self.patient, self.image, self.visit, self.visits = None, None, None, ()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Closing the window logs off."""
        event.ignore()
        self.log_off_wanted.emit()
