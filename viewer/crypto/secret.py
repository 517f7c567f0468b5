"""Key bytes that can be wiped and that no log or traceback shows."""

from __future__ import annotations

import hmac
import secrets
from types import TracebackType

KEY_BYTES = 32


class Secret:
    """A wipeable buffer of secret bytes. Not thread safe while it is wiped.

    `bytes` objects cannot be wiped (measured: two copies stay behind after the last reference is
    dropped), so keys live here. Use `view()` for the moment of use and do not keep it.
    """

    __slots__ = ("_buffer",)

    def __init__(self, source: bytes | bytearray | memoryview) -> None:
        self._buffer = bytearray(source)

    @classmethod
    def random(cls, size_bytes: int = KEY_BYTES) -> Secret:
        """Return fresh random secret bytes."""
        return cls(secrets.token_bytes(size_bytes))

    @classmethod
    def taking(cls, buffer: bytearray) -> Secret:
        """Take a buffer over without a copy; the caller must not use it any more."""
        secret = cls(b"")
        secret._buffer = buffer
        return secret

    @property
    def is_wiped(self) -> bool:
        """Whether nothing is left."""
        return len(self._buffer) == 0

    def view(self) -> bytearray:
        """Return the live buffer for immediate use.

        Raises
        ------
        ValueError
            The secret was wiped: a key was used after lock or logoff.
        """
        if self.is_wiped:
            raise ValueError("a wiped secret was used")
        return self._buffer

    def copy(self) -> Secret:
        """Return an independent secret with the same bytes."""
        return Secret(self.view())

    def wipe(self) -> None:
        """Overwrite with zeros and forget. Safe to call twice."""
        self._buffer[:] = bytes(len(self._buffer))
        self._buffer = bytearray()

    def equals(self, other: Secret) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self.view(), other.view())

    def __len__(self) -> int:
        return len(self._buffer)

    def __enter__(self) -> Secret:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.wipe()

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> str:
        raise TypeError("secrets are not pickled")
