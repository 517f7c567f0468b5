"""Key bytes that can be wiped and that no log or traceback shows."""

from __future__ import annotations

import ctypes
import hmac
import secrets
import sys
from types import TracebackType

KEY_BYTES = 32
_BYTES_HEAD = sys.getsizeof(b"") - 1
"""Where the content of a `bytes` object begins in CPython (Include/cpython/bytesobject.h)."""


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
        return cls.consuming(secrets.token_bytes(size_bytes))

    @classmethod
    def consuming(cls, fresh: bytes) -> Secret:
        """Take over what a library just returned as `bytes`, and overwrite that object in place.

        Libraries hand keys out as `bytes`, which Python never wipes. Only for an object that
        nobody else holds: never for a constant, a slice that may be shared, or somebody's argument.

        >>> raw = secrets.token_bytes(32)
        >>> with Secret.consuming(raw) as secret:
        ...     len(secret), raw == bytes(32)
        (32, True)
        """
        secret = cls(fresh)
        if sys.implementation.name == "cpython" and len(fresh) > 1:  # shorter ones are shared
            ctypes.memset(id(fresh) + _BYTES_HEAD, 0, len(fresh))
        return secret

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
