"""What an import that was stopped by force had done, so that it can be gone on with.

While files come in, a setting of the workstation in the encrypted catalog names what was chosen
and, by digests alone, the files that are dealt with. It is written now and then: what was done
since is read once more and found to be here. An import that ends, or that somebody cancels,
removes it; so whatever is there at a login is of an import that was cut off.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from datetime import datetime
from pathlib import Path

import attrs

from viewer.app.errors import NothingChosen
from viewer.model.ids import UserId
from viewer.model.json import from_json, to_json
from viewer.vault.records import SettingScope
from viewer.vault.store import Vault

_SETTING = "import under way"
_DIGEST_BYTES = 12
_EVERY_S = 2.0
_REST = 20
"""Writing takes at most one part in so many of the time."""

_turn = threading.RLock()
_running: set[str] = set()
"""Imports of this program that are under way: nothing cut them off."""


@attrs.frozen
class Interrupted:
    """An import that was cut off: whose, of what, how far.

    `done` are digests of files that are dealt with, under `salt`; `total` counts all files, and 0
    where the import had not got so far as to know.
    """

    id: str
    owner: UserId
    began: datetime
    paths: tuple[str, ...] = attrs.field(repr=False)
    salt: str
    total: int = 0
    done: tuple[str, ...] = attrs.field(default=(), repr=False)

    @property
    def chosen(self) -> tuple[Path, ...]:
        """What was chosen."""
        return tuple(Path(text) for text in self.paths)


def digest_of(salt: str, token: str) -> str:
    """Return a file's identity so that it tells nothing: neither a name nor a folder."""
    keyed = hashlib.blake2b(token.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES)
    keyed.update(bytes.fromhex(salt))
    return keyed.hexdigest()


class Journal:
    """Keeps what an import has done. One thread.

    Parameters
    ----------
    before : Interrupted or None
        The one that is gone on with.
    """

    def __init__(
        self, vault: Vault, owner: UserId, now: datetime, paths: tuple[Path, ...],
        before: Interrupted | None = None,
    ) -> None:  # fmt: skip
        self._vault = vault
        self._told = before or Interrupted(
            secrets.token_hex(16), owner, now, tuple(str(path) for path in paths),
            secrets.token_hex(16),
        )  # fmt: skip
        self._done = dict.fromkeys(self._told.done)
        self._before = frozenset(self._told.done)
        self.skipped = 0
        self._next_at = 0.0
        with _turn:
            _running.add(self._told.id)
        self._write()

    def has_done(self, token: str) -> bool:
        """Whether a file was dealt with before this import went on; counts those that were."""
        is_done = bool(self._before) and digest_of(self._told.salt, token) in self._before
        self.skipped += is_done
        return is_done

    def expect(self, total: int) -> None:
        """Say how many files there are."""
        self._told = attrs.evolve(self._told, total=total)

    def done_with(self, tokens: tuple[str, ...]) -> None:
        """Note that these files are dealt with; written now and then."""
        self._done.update(dict.fromkeys(digest_of(self._told.salt, token) for token in tokens))
        if time.monotonic() >= self._next_at:
            self._write()

    def close(self) -> None:
        """Forget it: the import ended, or somebody ended it."""
        self.leave()
        forget(self._vault, self._told.id)

    def leave(self) -> None:
        """Let it lie there: the import was cut off."""
        with _turn:
            _running.discard(self._told.id)

    def _write(self) -> None:
        start = time.monotonic()
        self._told = attrs.evolve(self._told, done=tuple(self._done))
        with _turn:
            others = [each for each in _all(self._vault) if each.id != self._told.id]
            _keep(self._vault, [*others, self._told])
        now = time.monotonic()
        self._next_at = now + max(_EVERY_S, _REST * (now - start))


@attrs.frozen
class _Book:
    imports: tuple[Interrupted, ...] = ()


def interrupted(vault: Vault) -> list[Interrupted]:
    """Return the imports that were cut off, oldest first."""
    with _turn:
        return [each for each in _all(vault) if each.id not in _running]


def is_any(vault: Vault) -> bool:
    """Whether any was cut off: reads no more than that where none is under way."""
    with _turn:
        if not _running:
            return vault.setting(SettingScope.WORKSTATION, _SETTING) is not None
    return bool(interrupted(vault))


def one_interrupted(vault: Vault, import_id: str) -> Interrupted:
    """Return one that was cut off.

    Raises
    ------
    NothingChosen
        There is none of this id (any more).
    """
    for each in interrupted(vault):
        if each.id == import_id:
            return each
    raise NothingChosen("There is no such import to go on with.", "Choose the files again.")


def forget(vault: Vault, import_id: str) -> None:
    """Remove one."""
    with _turn:
        _keep(vault, [each for each in _all(vault) if each.id != import_id])


def _all(vault: Vault) -> list[Interrupted]:
    text = vault.setting(SettingScope.WORKSTATION, _SETTING)
    if text is None:
        return []
    try:
        return list(from_json(text, _Book).imports)
    except ValueError:  # of a newer program
        return []


def _keep(vault: Vault, imports: list[Interrupted]) -> None:
    text = to_json(_Book(tuple(imports))) if imports else None
    vault.set_setting(SettingScope.WORKSTATION, _SETTING, text)
