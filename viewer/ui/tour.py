"""Drives the demo through each screen and writes a PNG of each.

A tour uses the windows as they are: it fills fields, presses the buttons that a person presses and
waits until a screen has settled. One step that does not settle ends the tour with status 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from viewer.model.image import ImageKind, ImageRecord
from viewer.ui.front_desk import FrontDesk
from viewer.ui.ports import DemoUser, PatientRow, Visit
from viewer.ui.share_panel import SharePanel
from viewer.ui.shell import Shell

Ready = Callable[[], bool]
Step = tuple[str, Ready]
"""The picture's name (empty: no picture) and when the screen has settled."""

_POLL_MS = 50
_SETTLE_MS = 600
_GIVE_UP_MS = 60_000
_PICTURES = (
    (ImageKind.PERIAPICAL, "full-mouth-series"),
    (ImageKind.BITEWING, "bitewing"),
    (ImageKind.PANORAMIC, "panoramic"),
    (ImageKind.CEPHALOMETRIC, "cephalogram"),
    (ImageKind.PHOTO, "photo"),
    (ImageKind.CBCT, "cbct"),
)


class Tour(QObject):
    """One walk through the demo; `start` it once, with a running event loop."""

    def __init__(
        self,
        front_desk: FrontDesk,
        users: Sequence[DemoUser],
        folder: Path,
        size: tuple[int, int],
    ) -> None:
        super().__init__()
        self._desk, self._users = front_desk, users
        self._folder, self._size = folder, size
        self._number = 0
        self._waited_ms = 0
        self._done: Callable[[int], None] = lambda _: None
        self._steps = self._walk()
        self._step: Step | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._poll)

    def start(self, done: Callable[[int], None]) -> None:
        """Begin; `done` gets 0, or 1 where a screen did not settle."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._done = done
        self._next()

    # --- the walk ------------------------------------------------------------------------------

    def _walk(self) -> Iterator[Step]:
        yield "login", self._has_login
        yield from self._log_in(self._users[0])
        yield "patients", lambda: bool(self._shell.patients.rows)
        for kind, name in _PICTURES:
            if self._open(kind):
                yield name, self._is_shown
        yield from self._share()
        self._shell.show_palette()
        yield "commands", lambda: bool(self._shell.sheets)
        self._shell.sheets[0].close_sheet()
        self._desk.lock()
        yield "lock", lambda: self._desk.lock_screen is not None
        yield from self._officer()

    def _log_in(self, user: DemoUser) -> Iterator[Step]:
        sign_in = self._desk.login.sign_in if self._desk.login else None
        if self._desk.lock_screen is not None and self._desk.lock_screen.window is not None:
            sign_in = self._desk.lock_screen.window.sign_in
        if sign_in is None:
            return
        tile = next(t for t in sign_in.tiles if t.person.display_name == user.display_name)
        sign_in.fill_in(tile.person, user.password)
        sign_in.go.click()
        yield "", lambda: self._desk.shell is not None

    def _share(self) -> Iterator[Step]:
        if not self._open(ImageKind.PANORAMIC):
            return
        yield "", self._is_shown
        self._shell.show_share()
        panel = self._shell.sheets[0].content
        if isinstance(panel, SharePanel):
            panel.side.recipient.setText("Dr. Castellano, oral surgery")
            panel.side.recipient.editingFinished.emit()
        yield "share", lambda: True
        self._shell.sheets[0].close_sheet()

    def _officer(self) -> Iterator[Step]:
        officer = next((u for u in self._users if "fficer" in u.role), None)
        if officer is None:
            return
        yield from self._log_in(officer)
        yield "officer", lambda: True
        self._shell.show_trail()
        yield "trail", lambda: bool(self._shell.sheets)
        self._shell.sheets[0].close_sheet()
        self._shell.show_accounts()
        yield "accounts", lambda: bool(self._shell.sheets)

    # --- what it looks at ----------------------------------------------------------------------

    @property
    def _shell(self) -> Shell:
        if self._desk.shell is None:
            raise RuntimeError("the tour has no shell to look at")
        return self._desk.shell

    def _has_login(self) -> bool:
        return self._desk.login is not None and self._desk.login.isVisible()

    def _is_shown(self) -> bool:
        pane = self._shell.workspace.pane
        return pane is not None and pane.window is not None

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

    # --- the clockwork -------------------------------------------------------------------------

    def _next(self) -> None:
        self._step = next(self._steps, None)
        if self._step is None:
            self._done(0)
            return
        self._waited_ms = 0
        self._fit_window()
        self._timer.start()

    def _poll(self) -> None:
        if self._step is None:
            return
        self._waited_ms += _POLL_MS
        if self._waited_ms > _GIVE_UP_MS:
            self._timer.stop()
            self._done(1)
            return
        name, is_ready = self._step
        if not is_ready():
            return
        self._timer.stop()
        if not name:
            self._next()
            return
        self._fit_window()
        wait = _SETTLE_MS * (6 if name == "cbct" else 1)
        QTimer.singleShot(wait, lambda: self._take(name))

    def _take(self, name: str) -> None:
        window = self._window()
        if window is not None:
            self._number += 1
            size = f"{self._size[0]}x{self._size[1]}"
            window.grab().save(str(self._folder / f"{self._number:02d}-{name}-{size}.png"))
        self._next()

    def _window(self) -> QWidget | None:
        lock = self._desk.lock_screen
        if lock is not None and lock.window is not None:
            return lock.window
        return self._desk.shell or self._desk.login or QApplication.activeWindow()

    def _fit_window(self) -> None:
        window = self._window()
        if window is not None and (window.width(), window.height()) != self._size:
            window.showNormal()
            window.resize(*self._size)
