"""Which chunk size, codec and number of threads open a volume soonest, measured where it runs.

``python -m viewer.bench.vault_layout [ARRAY.npy …]`` writes volumes as sealed chunks, reads them
back into one array, warm and cold, and prints a table. Without arrays it makes one of 512³ with the
noise of a real scanner. It measures what the format could have been; the store is not asked.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from itertools import accumulate
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.bench.cache import can_drop, drop
from viewer.bench.synthetic import planes
from viewer.bench.timing import Way, medians_ms
from viewer.crypto.aead import TAG_BYTES, ChunkCipher
from viewer.crypto.secret import Secret

Bytes = NDArray[np.uint8]
_codecs: Any = import_module("imagecodecs")  # its types know fewer buffers than it takes
_KIB = 1024
CHUNKS = (256 * _KIB, 1024 * _KIB, 4096 * _KIB)
THREADS = (1, 2, 4)
_ROUNDS = 3


@attrs.frozen
class Codec:
    """How a chunk of 16-bit values is packed and put back into its place."""

    name: str
    pack: Callable[[Bytes], bytes]
    unpack: Callable[[memoryview, Bytes], object]


def _blosc(codec: str, shuffle: int) -> Codec:
    def pack(chunk: Bytes) -> bytes:
        packed: bytes = _codecs.blosc2_encode(
            chunk, level=1, compressor=codec, shuffle=shuffle, typesize=2, numthreads=1
        )
        return packed

    def unpack(packed: memoryview, out: Bytes) -> object:
        return _codecs.blosc2_decode(packed, out=out, numthreads=1)

    names = {1: "shuffle", 2: "bitshuffle"}
    return Codec(f"blosc2 {codec}+{names[shuffle]}", pack, unpack)


def _zstd() -> Codec:
    def pack(chunk: Bytes) -> bytes:
        packed: bytes = _codecs.zstd_encode(chunk, level=1)
        return packed

    return Codec("zstd 1", pack, lambda packed, out: _codecs.zstd_decode(packed, out=out.data))


RAW: Codec | None = None
CODECS: tuple[Codec | None, ...] = (RAW, _blosc("lz4", 2), _blosc("zstd", 2), _zstd())


@attrs.frozen(eq=False)
class Laid:
    """A volume in a file of sealed chunks, packed or not."""

    path: Path
    codec: Codec | None
    chunk_bytes: int
    plain_bytes: int
    ends: tuple[int, ...]
    cipher: ChunkCipher

    @classmethod
    def out(cls, path: Path, plain: Bytes, chunk_bytes: int, codec: Codec | None) -> Laid:
        """Write the file."""
        cipher = ChunkCipher(Secret.random(), b"layout")
        sizes = []
        with path.open("wb") as file:
            for index, start in enumerate(range(0, plain.size, chunk_bytes)):
                chunk = plain[start : start + chunk_bytes]
                packed = chunk.data if codec is None else codec.pack(chunk)
                sizes.append(file.write(cipher.seal(index, packed, is_final=False)))
        return cls(path, codec, chunk_bytes, plain.size, tuple(accumulate(sizes)), cipher)

    def opened(self, threads: int) -> Bytes:
        """Read, decrypt and unpack all of it into a fresh array."""
        whole = np.empty(self.plain_bytes, np.uint8)
        turns = iter(range(len(self.ends)))  # handing out a number holds the interpreter's lock
        with ThreadPoolExecutor(threads) as pool:
            for each in [pool.submit(self._work, turns, whole) for _ in range(threads)]:
                each.result()
        return whole

    def _work(self, turns: Iterator[int], whole: Bytes) -> None:
        largest = 2 * self.chunk_bytes + TAG_BYTES
        sealed, packed = memoryview(bytearray(largest)), memoryview(bytearray(largest))
        with self.path.open("rb", buffering=0) as file:
            for index in turns:
                begin = self.ends[index - 1] if index else 0
                size = self.ends[index] - begin
                file.seek(begin)
                if file.readinto(sealed[:size]) != size:
                    raise EOFError
                place = whole[index * self.chunk_bytes : (index + 1) * self.chunk_bytes]
                target = place.data if self.codec is None else packed[: size - TAG_BYTES]
                self.cipher.open_into(index, sealed[:size], target, is_final=False)
                if self.codec is not None:
                    self.codec.unpack(target, place)


def measure(name: str, plain: Bytes, folder: Path) -> Iterator[str]:
    """Yield lines of a Markdown table.

    Beside the time on the wall it tells processor time, which other work on a busy machine changes
    least, both against a copy of the same bytes in the same rounds.
    """
    yield f"{name}, {plain.size / _KIB**2:.0f} MiB"
    yield "| codec | chunk | threads | size | pack, CPU | open, CPU | warm/memcpy | cold/raw file |"
    yield "|---|---|---|---|---|---|---|---|"
    plain_file = folder / "plain"
    plain.tofile(plain_file)
    for codec in CODECS:
        for chunk in CHUNKS:
            yield from _rows(plain, plain_file, folder / "laid", chunk, codec)


def _rows(
    plain: Bytes, plain_file: Path, path: Path, chunk: int, codec: Codec | None
) -> Iterator[str]:
    made: list[Laid] = []
    pack = Way(lambda: made.append(Laid.out(path, plain, chunk, codec)))
    packing = medians_ms({"": pack}, 1, time.process_time)[""]
    laid = made[0]
    if not np.array_equal(laid.opened(2), plain):
        raise ValueError("what was unpacked is not what was packed")
    ways = {f"{n}": Way(partial(laid.opened, n)) for n in THREADS}
    work = medians_ms(ways, _ROUNDS, time.process_time)
    warm = medians_ms(ways | {"copy": Way(plain.copy)}, _ROUNDS)
    cold: dict[str, float] = {}
    if can_drop(path):
        forget = partial(drop, [path, plain_file])
        ways = {name: Way(way.run, forget) for name, way in ways.items()}
        whole = Way(lambda: np.fromfile(plain_file, np.uint8), forget)
        cold = medians_ms(ways | {"file": whole}, _ROUNDS)
    for n in THREADS:
        of_disk = f"{cold[str(n)] / cold['file']:.2f}" if cold else ""
        yield (
            f"| {codec.name if codec else 'raw'} | {chunk // _KIB} KiB | {n} |"
            f" {laid.ends[-1] / plain.size:.2f} | {packing:.0f} ms | {work[str(n)]:.0f} ms |"
            f" {warm[str(n)] / warm['copy']:.2f} | {of_disk} |"
        )
    path.unlink()


def main(arguments: Sequence[str]) -> int:
    """Measure each array, or a synthetic volume."""
    volumes = {Path(name).stem: np.load(name) for name in arguments}
    if not volumes:
        volumes["synthetic 512³, noise of 90 HU"] = np.stack(list(planes(512, seed=31)))
    with tempfile.TemporaryDirectory(prefix="bitewing-layout-") as folder:
        for name, values in volumes.items():
            plain = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
            for line in measure(name, plain, Path(folder)):
                print(line, flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
