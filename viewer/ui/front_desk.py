"""From the door to the shell, to the lock, and back: which window is there at any moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QApplication

from viewer.app.actions import Actions
from viewer.model.ids import UserId
from viewer.ui import theme
from viewer.ui.activity import Activity
from viewer.ui.clearing import clear_screen, forget_typed
from viewer.ui.countdown import Countdown
from viewer.ui.lock_watch import LockWatch
from viewer.ui.lock_window import Curtain, Lock
from viewer.ui.login_window import LoginWindow
from viewer.ui.ports import DemoUser, Door, UserTile
from viewer.ui.shell import Practice, Shell
from viewer.ui.store_ports import Restoring

MakePractice = Callable[[UserTile], Practice]


class FrontDesk(QObject):
    """Holds the one window that is open. `finished` when the door was closed.

    Parameters
    ----------
    make_practice : callable
        Gives the ports for whoever has just logged in or unlocked.
    make_actions : callable
        Gives a fresh `Actions` for each shell, with what the shell does not connect itself.
    restoring : Restoring, optional
        Brings a store back from a backup before anybody can log in.
    """

    finished = Signal()
    cleared, covered = Signal(), Signal()
    """Nothing is left on any screen; every screen is covered, and the rest is about to go."""

    def __init__(
        self,
        door: Door,
        make_practice: MakePractice,
        make_actions: Callable[[], Actions],
        demo_users: Sequence[DemoUser] = (),
        restoring: Restoring | None = None,
    ) -> None:
        super().__init__()
        self._door, self._restoring = door, restoring
        self._make_practice, self._make_actions = make_practice, make_actions
        self._demo_users = tuple(demo_users)
        self._was_there: UserId | None = None
        self._activity: Activity | None = None
        self._countdown: Countdown | None = None
        self.login: LoginWindow | None = None
        self.shell: Shell | None = None
        self.lock_screen: Lock | None = None
        self._lock_watch: LockWatch | None = None

    def open(self) -> None:
        """Open the door."""
        self.login = LoginWindow(self._door, self._demo_users, self._restoring)
        self.login.welcomed.connect(self._let_in)
        self.login.closed.connect(self._on_door_closed)
        self.login.show()

    def switch(self) -> None:
        """Lock, and ask who is next."""
        self.lock("to switch users", is_switch=True)

    def lock(self, why: str = "by the user", *, is_switch: bool = False) -> None:
        """Lock now: cover every screen, forget the keys, destroy the rest. Safe to call twice."""
        shell = self.shell
        if shell is None:
            forget_typed()
            return
        self._was_there = shell.user.id
        watch = shell.practice.watch
        self._stop_watching()
        clear_screen((Curtain,))
        self.cleared.emit()
        self.lock_screen = Lock(self._door, None if is_switch else shell.user.id)
        self.lock_screen.welcomed.connect(self._let_in)
        self.lock_screen.log_off_wanted.connect(self._log_off_from_lock)
        self.lock_screen.emergency_wanted.connect(self._begin_emergency_at_lock)
        self.lock_screen.draw()
        self.covered.emit()
        if not watch.is_locked:
            watch.lock(why)
        self._close_shell()
        self._watch_of_lock = watch
        self._lock_watch = LockWatch(watch)
        self._lock_watch.ended.connect(self._log_off_from_lock)
        self._lock_watch.start()
        if watch.current_user is None:  # an emergency access: nobody is there to unlock it
            self._log_off_from_lock()

    def go_away(self, why: str) -> None:
        """Lock because of the computer: also what is typed at the door or the lock is forgotten."""
        self.lock(why)
        sign_in = self.login.sign_in if self.login is not None else None
        if self.lock_screen is not None:
            sign_in = self.lock_screen.window.sign_in
        if sign_in is not None:
            sign_in.drop()
        if self.login is not None and self.login.emergency is not None:
            self.login.emergency.drop()

    def log_off(self) -> None:
        """Close the store and go back to the door."""
        if self.shell is None:
            return
        watch = self.shell.practice.watch
        self._was_there = None
        self.shell.whereabouts.leave()
        self._close_shell()
        watch.log_off()
        self.open()

    def close(self) -> None:
        """Log off, whoever is there, and close the door."""
        self.log_off()
        self._log_off_from_lock()
        if self.login is not None:
            self.login.close()

    def _let_in(self, person: UserTile) -> None:
        shell = Shell(self._make_practice(person), person, self._make_actions())
        shell.lock_wanted.connect(lambda: self.lock())
        shell.log_off_wanted.connect(self.log_off)
        shell.theme_wanted.connect(self._dress)
        shell.shift.switch_wanted.connect(self.switch)
        shell.emergency.changed.connect(self._renew, Qt.ConnectionType.QueuedConnection)
        self.shell = shell
        self._activity = Activity(shell.practice.watch)
        self._countdown = Countdown(shell)
        self._activity.ticked.connect(self._on_tick)
        self._activity.ran_out.connect(lambda: self.lock())
        self._activity.start()
        shell.showMaximized()
        is_back = self._is_back(person)
        self._leave_door()
        shell.whereabouts.begin(is_back=is_back)
        shell.emergency.look_for_reviews()
        shell.imports.offer()
        shell.watching.begin()
        if not is_back:
            shell.shift.offer()

    def _renew(self) -> None:
        """Make the shell anew for what is seen since an emergency access began or ended."""
        if self.shell is None:
            return
        person = self.shell.practice.watch.current_user
        self._close_shell()
        if person is not None:
            self._let_in(person)
            return
        self._was_there = None
        self.open()

    def _begin_emergency_at_lock(self) -> None:
        """Log off whoever was there, and ask for the reason."""
        self._log_off_from_lock()
        if self.login is not None:
            self.login.show_emergency()

    def _is_back(self, person: UserTile) -> bool:
        """Whether this is an unlock or a quick switch, after which one goes on at once."""
        sign_in = self.login.sign_in if self.login is not None else None
        if self.lock_screen is not None:
            sign_in = self.lock_screen.window.sign_in
        was_there, self._was_there = self._was_there, None
        return person.id == was_there or (sign_in is not None and sign_in.was_quick)

    def _leave_door(self) -> None:
        if self.login is not None:
            login, self.login = self.login, None
            login.closed.disconnect(self._on_door_closed)
            login.close()
            login.deleteLater()
            self._demo_users = ()
        self._take_curtains_away()

    def _take_curtains_away(self) -> None:
        if self._lock_watch is not None:
            self._lock_watch.stop()
            self._lock_watch = None
        if self.lock_screen is not None:
            self.lock_screen.draw_back()
            self.lock_screen = None

    def _on_tick(self, left_s: float) -> None:
        if self.shell is not None and self._countdown is not None:
            self.shell.show_time_left()
            self._countdown.show_left(left_s, self.shell.practice.watch.warning_s)

    def _stop_watching(self) -> None:
        if self._activity is not None:
            self._activity.stop()
            self._activity = None

    def _close_shell(self) -> None:
        self._stop_watching()
        shell, self.shell = self.shell, None
        self._countdown = None
        if shell is not None:
            shell.hide()
            shell.empty()
            clear_screen((Curtain,))
            shell.deleteLater()

    def _log_off_from_lock(self) -> None:
        if self.lock_screen is None:
            return
        self._was_there = None
        self._watch_of_lock.log_off()
        self.open()
        self._take_curtains_away()

    def _on_door_closed(self) -> None:
        self.login = None
        self.finished.emit()

    def _dress(self, theme_id: str) -> None:
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply_theme(app, theme_id)
