"""Opens the viewer: the practice of one folder behind its door."""

from __future__ import annotations

import atexit
import logging
import shutil
from collections.abc import Sequence
from importlib import import_module
from logging.handlers import RotatingFileHandler
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import attrs
from platformdirs import user_log_path

from viewer.app.actions import Actions
from viewer.app.hosts.capture import shield_here
from viewer.app.hosts.here import watch_here
from viewer.app.jobs import JobControl, JobRunner
from viewer.app.undo import UndoStack
from viewer.session import hardening
from viewer.session.keystore import KeyStore
from viewer.ui.application import Application
from viewer.ui.crash_dialog import install_crash_hook
from viewer.ui.ending import EndSignals
from viewer.ui.front_desk import FrontDesk
from viewer.ui.ports import DemoUser, Pane, UserTile
from viewer.ui.screen_shield import ScreenShield
from viewer.ui.shell import Practice
from viewer.ui.view_history import ViewHistory
from viewer.wiring.computer import Computer
from viewer.wiring.incoming import ClinicIncoming
from viewer.wiring.pages import pages_of
from viewer.wiring.restoring import WorkstationRestoring
from viewer.wiring.watching import ClinicWatched
from viewer.wiring.workstation import Workstation

if TYPE_CHECKING:
    from viewer.ui.tour import Tour
    from viewer.wiring.sharing import ClinicSharing

_LOG_BYTES = 1_000_000


@attrs.frozen
class Opening:
    """How the viewer opens: theme, size of the window, and what only a demo does."""

    theme: str = "dark"
    size: tuple[int, int] | None = None
    screenshots: Path | None = None
    until_login: bool = False


class Joined:
    """The windows of one workstation, joined with the program."""

    def __init__(
        self, workstation: Workstation, undo: UndoStack, demo_users: Sequence[DemoUser] = ()
    ) -> None:
        self.workstation = workstation
        self.demo_users = demo_users
        self.undo = undo
        self.history = ViewHistory(undo)
        workstation.at_lock(undo.clear)
        self._sharing: ClinicSharing | None = None
        self.front_desk = FrontDesk(
            workstation,
            self.practice_for,
            self.actions,
            demo_users,
            WorkstationRestoring(workstation),
        )

    def practice_for(self, _: UserTile) -> Practice:
        """Return the ports for whoever has just come in.

        What they need is imported by now: `_warm_up` did while the password was typed.
        """
        from viewer.wiring.accounts import ClinicAccounts
        from viewer.wiring.chart import ClinicChart
        from viewer.wiring.drafts import ClinicDrafts
        from viewer.wiring.emergency import ClinicEmergencies
        from viewer.wiring.sharing import ClinicSharing
        from viewer.wiring.store import ClinicStore
        from viewer.wiring.trail import ClinicTrail

        if self._sharing is None:
            self._sharing = ClinicSharing(self.workstation)
        self._sharing.forget()
        self.undo.clear()
        watched = ClinicWatched(self.workstation)
        return Practice(
            chart=ClinicChart(self.workstation, watched.protections),
            watch=self.workstation,
            trail=ClinicTrail(self.workstation),
            sharing=self._sharing,
            accounts=ClinicAccounts(self.workstation),
            radiographs=self.radiograph_pane,
            volumes=self.planes_pane,
            store=ClinicStore(self.workstation),
            drafts=ClinicDrafts(self.workstation),
            history=self.history,
            quick=self.workstation.quick,
            pages=pages_of(self.workstation),
            emergencies=ClinicEmergencies(self.workstation),
            incoming=ClinicIncoming(self.workstation),
            watched=watched,
        )

    def radiograph_pane(self) -> Pane:
        """Make the pane for flat images; imports VTK."""
        from viewer.ui.radiograph_pane import RadiographPane

        pane = RadiographPane()
        self.history.watch(pane)
        return pane

    def planes_pane(self) -> Pane:
        """Make the pane for volumes; imports VTK."""
        from viewer.ui.planes_pane import PlanesPane

        pane = PlanesPane()
        self.history.watch(pane)
        return pane

    def actions(self) -> Actions:
        """Return a table of actions with what the shell does not connect itself."""
        actions = Actions(is_allowed=self.workstation.may)
        actions.connect("undo", self.undo.undo)
        actions.connect("redo", self.undo.redo)
        return actions


def open_viewer(
    folder: Path,
    keystore: KeyStore,
    opening: Opening,
    demo_users: Sequence[DemoUser] = (),
) -> int:
    """Run the viewer until its door is closed; return the exit status.

    Raises
    ------
    DeviceSecretMissing, AccountsTampered, NoKeyStore, TrailDamaged, TrailUnwritable
        The practice cannot be opened here.
    """
    application = Application(opening.theme)
    remove_hook = install_crash_hook(_log_to_file())
    jobs = JobRunner(application.post)
    workstation = Workstation(folder, keystore, jobs)
    joined = Joined(workstation, UndoStack(), demo_users)
    joined.front_desk.finished.connect(application.leave)
    signals = EndSignals(joined.front_desk.close)
    computer = Computer(watch_here(), joined.front_desk, workstation, application.post)
    shield = ScreenShield(shield_here(), workstation.is_capture_refused)
    try:
        workstation.policies_changed = shield.cover_all
        shield.start()
        hardening.leave_unlooked()
        joined.front_desk.open()
        if opening.until_login and joined.front_desk.login is not None:
            application.after_first_paint(joined.front_desk.login, application.leave)
        elif opening.screenshots is not None:
            tour = _make_tour(joined, jobs, opening, opening.screenshots)
            tour.start(application.leave)
        else:
            application.later(200, lambda: _warm_up(jobs, workstation))
            application.later(200, computer.start)
        return application.run()
    finally:
        computer.stop()
        shield.stop()
        signals.close()
        workstation.close()
        remove_hook()


def _make_tour(joined: Joined, jobs: JobRunner, opening: Opening, pictures: Path) -> Tour:
    """Go through this practice, then through the first run of another that is thrown away."""
    from viewer.session.keystore import MemoryKeyStore
    from viewer.ui.tour import Tour
    from viewer.ui.tour_walks import DemoWalk, FirstRunWalk

    scratch = Path(mkdtemp(prefix="bitewing-tour-"))
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    another = Joined(Workstation(scratch / "store", MemoryKeyStore(), jobs), UndoStack())
    walks = (
        DemoWalk(joined.front_desk, joined.demo_users, scratch),
        FirstRunWalk(another.front_desk, scratch / "usb"),
    )
    return Tour(walks, pictures, opening.size or (1920, 1080))


_NEEDED_INSIDE = (
    "viewer.wiring.accounts",
    "viewer.wiring.chart",
    "viewer.wiring.drafts",
    "viewer.wiring.sharing",
    "viewer.wiring.store",
    "viewer.wiring.trail",
    "viewer.ui.planes_pane",
    "viewer.ui.radiograph_pane",
)
"""What the door does without: it reads and scrubs DICOM, and it draws with VTK."""


def _warm_up(jobs: JobRunner, workstation: Workstation) -> None:
    """Import what is needed inside and compile the kernels while somebody types a password."""

    def prepare(_: JobControl) -> None:
        for name in _NEEDED_INSIDE:
            import_module(name)
        from viewer.imaging.kernels import warm

        warm()
        hardening.warm()

    jobs.submit(prepare, lambda _: jobs.when_ended(workstation.settle), lambda _: None)


def _log_to_file() -> str:
    """Send logs (ids and faults only, never patient data) to a file; say in words where."""
    folder = user_log_path("Bitewing", appauthor=False, ensure_exists=True)
    handler = RotatingFileHandler(folder / "bitewing.log", maxBytes=_LOG_BYTES, backupCount=2)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.getLogger().addHandler(handler)
    return "bitewing.log"
