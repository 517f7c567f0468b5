"""A sealed volume opened into its array, against a copy of its bytes and against a plain file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.bench.bench import Bench
from viewer.bench.cache import can_drop, drop
from viewer.bench.errors import ReadingsDiffer
from viewer.bench.figures import AtMost, Figure
from viewer.bench.synthetic import planes
from viewer.bench.timing import Way, medians_ms, nothing
from viewer.crypto.secret import Secret
from viewer.model.ids import ObjectId, new_id
from viewer.vault.v1.container import ContainerReader, object_cipher, write_container
from viewer.vault.v1.folder import ObjectFolder
from viewer.vault.v1.header import Header

_MEMCPY = AtMost(1.5)
_COPY, _PLAIN = "a copy in memory (memcpy)", "reading the plain file"
_THREADS = (1, 2)

Bytes = NDArray[np.uint8]


def measure_reading(bench: Bench) -> Iterator[Figure]:
    """Measure one container: reading, decrypting and authenticating it into a fresh array."""
    bench.say("vault: a sealed file and the same bytes in a plain one")
    file = _SealedFile.made(bench.practice.root / "reading", bench.sizes.edge)
    if not np.array_equal(file.opened(2), file.read_plain()):
        raise ReadingsDiffer("The plain file")
    yield from _figures(file, "warm", bench.sizes.warm_rounds, nothing)
    if can_drop(file.plain):
        yield from _figures(file, "cold", bench.sizes.cold_rounds, file.forget)
    file.remove()


def _figures(
    file: _SealedFile, state: str, rounds: int, before: Callable[[], None]
) -> Iterator[Figure]:
    whole = file.read_plain()
    ways = {f"{count} threads": Way(_opening(file, count), before) for count in _THREADS}
    ways |= {_PLAIN: Way(file.read_plain, before), _COPY: Way(whole.copy)}
    taken = medians_ms(ways, rounds)
    for count in _THREADS:
        name = f"sealed file into its array, {count} thread{'s' * (count > 1)}, {state}"
        value = taken[f"{count} threads"]
        yield Figure(name, value, "ms", f"{_PLAIN}, {state}", taken[_PLAIN])
        if state == "warm":
            target = _MEMCPY if count > 1 else None
            yield Figure(name, value, "ms", _COPY, taken[_COPY], target)


def _opening(file: _SealedFile, threads: int) -> Callable[[], object]:
    return lambda: file.opened(threads)


@attrs.frozen(eq=False)
class _SealedFile:
    """A volume's bytes sealed in a container, and beside it in a plain file."""

    plain: Path
    sealed: Path
    id: ObjectId
    key: Secret
    size_bytes: int

    @classmethod
    def made(cls, root: Path, edge: int) -> _SealedFile:
        root.mkdir()
        folder = ObjectFolder(root / "objects")
        folder.create()
        values = np.stack(list(planes(edge, seed=21))).reshape(-1).view(np.uint8)
        made, key = ObjectId(new_id()), Secret.random()
        header = Header.fresh(made, 1, values.nbytes)
        cipher = object_cipher(key, header)
        folder.write(made, lambda file: write_container(file, header, cipher, values.data, nothing))
        values.tofile(root / "plain")
        return cls(root / "plain", folder.path(made), made, key, values.nbytes)

    def opened(self, threads: int) -> Bytes:
        """Open the container into a fresh array."""
        reader = ContainerReader(self.sealed, self.id, self.key)
        array = np.empty(reader.header.plain_bytes, np.uint8)
        reader.open_outwards(0, array.data, nothing, lambda _, __: None, threads)
        return array

    def read_plain(self) -> Bytes:
        """Read the plain file into a fresh array."""
        return np.fromfile(self.plain, np.uint8)

    def forget(self) -> None:
        """Put both files out of the system's cache."""
        drop([self.plain, self.sealed])

    def remove(self) -> None:
        """Make room again."""
        self.plain.unlink()
        self.sealed.unlink()
        self.key.wipe()
