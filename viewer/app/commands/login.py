"""Opening the clinic and logging in for one command."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_data_path

from viewer.app.clinic import Clinic
from viewer.app.commands.console import Console
from viewer.app.errors import NothingChosen
from viewer.app.use_cases import accounts
from viewer.model.errors import EnvironmentFault
from viewer.session.book import TOTP
from viewer.session.errors import PasswordMustChange
from viewer.session.keystore import KeyStore, open_keystore
from viewer.session.security_keys import KeyTalk, platform_keys, share_on
from viewer.session.third import ThirdShare


def store_folder(args: Namespace) -> Path:
    """Return the store's folder: ``--store``, else BITEWING_STORE, else the platform's."""
    chosen = args.store or os.environ.get("BITEWING_STORE")
    return Path(chosen) if chosen else user_data_path("Bitewing", appauthor=False) / "store"


def keystore_of(args: Namespace, console: Console) -> KeyStore:
    """Return the key store, and say so when it would not protect a copied disk."""
    try:
        keystore = open_keystore(args.keystore)
    except ValueError:
        hint = "Use --keystore os or file:PATH."
        raise NothingChosen("There is no such key store.", hint) from None
    if not keystore.protects_a_copied_disk:
        console.warn(f"Warning: {keystore.label}.")
    return keystore


def read_password(args: Namespace, console: Console, prompt: str = "Password: ") -> str:
    """Return the first line of ``--password-file`` (``-``: standard input), else ask.

    Raises
    ------
    EnvironmentFault
        The file cannot be read.
    """
    if not args.password_file:
        return console.ask_secret(prompt)
    if args.password_file == "-":  # noqa: S105 - standard input
        return console.source.readline().rstrip("\r\n")
    return first_line(Path(args.password_file))


def first_line(path: Path) -> str:
    """Return the first line of a text file without its end."""
    try:
        with path.open(encoding="utf-8") as file:
            return file.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as fault:
        raise EnvironmentFault("The password file cannot be read.", "Check its name.") from fault


def require_store(folder: Path) -> None:
    """Raise where there is no practice yet."""
    if not Clinic.is_founded(folder):
        raise NothingChosen(
            "There is no practice in this folder.",
            "Make one with “bitewing init --practice NAME --officer USER”.",
        )


@contextmanager
def opened_clinic(args: Namespace, console: Console) -> Iterator[Clinic]:
    """Open the clinic without logging in."""
    folder = store_folder(args)
    require_store(folder)
    clinic = Clinic(folder, keystore_of(args, console))
    try:
        yield clinic
    finally:
        clinic.close()


@contextmanager
def founded_clinic(folder: Path, keystore: KeyStore) -> Iterator[Clinic]:
    """Open the clinic that was founded just now."""
    clinic = Clinic(folder, keystore)
    try:
        yield clinic
    finally:
        clinic.close()


@contextmanager
def logged_in(
    args: Namespace, console: Console, *, to_repair: bool = False, changes_password: bool = False
) -> Iterator[Clinic]:
    """Open the clinic and log in as ``--user``; log off at the end, whatever happens.

    `to_repair` leaves the store closed, since it may not open. A password that somebody else gave
    is changed first, unless that is what the command does.
    """
    if not args.user:
        raise NothingChosen("Nobody is named to log in.", "Use --user NAME.")
    with opened_clinic(args, console) as clinic:
        log_in = clinic.log_in_to_repair if to_repair else clinic.log_in
        clinic.practice.reach = _reach(console)
        password = read_password(args, console)
        session = log_in(args.user, password, read_code(args, console, clinic))
        if not changes_password and clinic.practice.user(session.user.id).must_change:
            _settle_first_password(clinic, password, console)
        yield clinic


def read_code(args: Namespace, console: Console, clinic: Clinic) -> str:
    """Return the second step of a login: ``--code``, else ask where the account wants one.

    Raises
    ------
    NothingChosen
        It wants one, and nobody can be asked.
    """
    if args.code:
        return str(args.code)
    asked = {user.name: user.second_factors for user in clinic.practice.users()}
    if TOTP not in asked.get(args.user, ()):
        return ""
    if not console.source.isatty():
        raise NothingChosen("This account asks for a code, too.", "Use --code CODE.")
    return console.ask_secret("Code from your phone: ")


def ask_line(console: Console, prompt: str) -> str:
    """Ask for something short on the terminal; else read the next line."""
    if console.source.isatty():
        return console.ask_secret(prompt)
    return console.source.readline().strip()


class ConsoleTalk(KeyTalk):
    """A security key's wishes on a terminal."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def touch_wanted(self) -> None:
        """Say that the key blinks."""
        self._console.warn("Touch your security key.")

    def pin_wanted(self) -> str:
        """Ask for the key's PIN."""
        return self._console.ask_secret("PIN of the security key: ")


def _reach(console: Console) -> Callable[[str, str], ThirdShare | None]:
    return lambda share_id, label: share_on(share_id, label, platform_keys(), ConsoleTalk(console))


def _settle_first_password(clinic: Clinic, given: str, console: Console) -> None:
    if not console.source.isatty():
        raise PasswordMustChange
    console.say("Your password was given to you by somebody else. Choose one of your own.")
    new = console.ask_secret("New password: ")
    if console.ask_secret("Once more: ") != new:
        raise NothingChosen("The two are not the same.", "Log in once more.")
    accounts.change_password(clinic, accounts.ChangePassword(given, new))
