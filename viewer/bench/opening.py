"""``open``: from the sealed store to pictures, against reading the same plain files."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from viewer.app.clinic import Clinic
from viewer.app.jobs import SilentControl
from viewer.app.use_cases.library import OpenImage, Watcher, open_image
from viewer.bench.bench import Bench
from viewer.bench.cache import can_drop, drop
from viewer.bench.drawing import Panes, flat_picture, grey_of, preview_3d
from viewer.bench.errors import ReadingsDiffer
from viewer.bench.figures import AtMost, Figure
from viewer.bench.peers import Peer, Pydicom
from viewer.bench.practice import BenchPractice
from viewer.bench.timing import Reached, Way, medians_ms, nothing
from viewer.imaging import kernels
from viewer.model.errors import Cancelled
from viewer.model.ids import ImageId
from viewer.model.image import ImageRecord, Picture

Volume = NDArray[np.generic]

_GATED, _BARE, _COPY = "through the gate", "without the gate", "a copy in memory (memcpy)"
_FIRST = "first pictures in three planes"
_FIRST_3D = "first pictures in three planes and in 3D"
_MEMCPY = AtMost(1.5)
_SIMPLEITK = AtMost(0.1)
_FIRST_PLANES = AtMost(0.05)
_RADIOGRAPH = AtMost(1.3)


def measure_opening(bench: Bench) -> Iterator[Figure]:
    """Measure opening a CBCT, warm and cold, and a panoramic."""
    kernels.warm()
    practice = bench.practice
    bench.say("open: comparing what is read")
    record = practice.volume
    _require_same(bench, record)
    bench.say("open: warm")
    yield from _volume_figures(bench, record, "warm", bench.sizes.warm_rounds, nothing)
    if can_drop(practice.slices[0]):
        bench.say("open: cold")
        yield from _volume_figures(
            bench, record, "cold", bench.sizes.cold_rounds, _forget(practice)
        )
    else:
        bench.say("open: this temp folder cannot be read cold, so that is left out")
    bench.say("open: panoramic")
    yield from _flat_figures(bench)


def unsealed(clinic: Clinic, record: ImageRecord) -> Volume:
    """Open an image as a person does: permission, trail on disk, pixels."""
    return open_image(clinic, OpenImage(record.id)).pixels


class _Enough(Exception):
    """The plane that was waited for is there."""


def first_plane(
    clinic: Clinic, image_id: ImageId, plane: int, seen: Callable[[Volume], object]
) -> Reached:
    """Open a volume until one plane of it is there; tell when it had been seen."""
    reached: list[Reached] = []

    def arrived(pixels: Volume, _: range) -> None:
        seen(pixels[plane])
        reached.append(Reached(time.perf_counter()))
        raise _Enough

    with suppress(_Enough):
        clinic.vault.open_outwards(image_id, plane, arrived)
    return reached[0]


def first_pictures(
    clinic: Clinic, record: ImageRecord, seen: Callable[[Picture], object]
) -> Reached:
    """Open a volume as a person does; tell when what came first had been drawn."""
    reached: list[Reached] = []
    control = SilentControl()

    def overview(_: ImageRecord, small: Picture) -> None:
        seen(small)
        reached.append(Reached(time.perf_counter()))
        control.cancel()

    watcher = Watcher(overview, lambda _, __: None)
    with suppress(Cancelled):
        open_image(clinic, OpenImage(record.id, watcher), control)
    return reached[0]


def _require_same(bench: Bench, record: ImageRecord) -> None:
    """Warm everything up, and be sure that all read the same values."""
    ours = unsealed(bench.practice.clinic, record)
    for peer in bench.peers:
        if not np.array_equal(ours, peer.read_series(bench.practice.slices)):
            raise ReadingsDiffer(peer.name)


def _forget(practice: BenchPractice) -> Callable[[], None]:
    def forget() -> None:
        drop([*practice.sealed_files(), *practice.slices, practice.panoramic])

    return forget


def _volume_figures(
    bench: Bench, record: ImageRecord, state: str, rounds: int, before: Callable[[], None]
) -> Iterator[Figure]:
    first, whole, planes = _measured_by_turns(
        [
            _first_ways(bench, record, before),
            _whole_ways(bench, record, before),
            _planes_ways(bench, record, before),
        ],
        rounds,
    )
    for peer in bench.peers:
        name, against = f"first axial picture, {state}, {_BARE}", f"{peer.name}, that plane's file"
        yield Figure(name, first[_BARE], "ms", against, first[peer.name])
    yield from _whole_figures(bench, whole, state)
    name = f"all detail in three planes, {state}"
    for peer in bench.peers:
        yield Figure(name, planes[_GATED], "ms", f"{peer.name}, plain files", planes[peer.name])
    against = f"the whole volume, {state}"
    target = _FIRST_PLANES if state == "cold" else None
    for way in (_FIRST, _FIRST_3D):
        yield Figure(f"{way}, {state}", planes[way], "ms", against, whole[_GATED], target)
        for peer in bench.peers:
            against_peer = f"{peer.name}, plain files"
            yield Figure(f"{way}, {state}", planes[way], "ms", against_peer, planes[peer.name])


def _measured_by_turns(groups: Sequence[Mapping[str, Way]], rounds: int) -> list[dict[str, float]]:
    """Return the median times of each group; all ways of all groups take turns."""
    ways = {f"{i} {name}": way for i, group in enumerate(groups) for name, way in group.items()}
    taken = medians_ms(ways, rounds)
    return [{name: taken[f"{i} {name}"] for name in group} for i, group in enumerate(groups)]


def _whole_figures(bench: Bench, whole: dict[str, float], state: str) -> Iterator[Figure]:
    name = f"whole volume, {state}"
    is_warm = state == "warm"
    if is_warm:
        yield Figure(name, whole[_GATED], "ms", _COPY, whole[_COPY], _MEMCPY)
        bare = f"{name}, {_BARE}"
        yield Figure(bare, whole[_BARE], "ms", _COPY, whole[_COPY])
    for peer in bench.peers:
        target = _SIMPLEITK if is_warm and peer.name == "SimpleITK" else None
        against = f"{peer.name}, plain files"
        yield Figure(name, whole[_GATED], "ms", against, whole[peer.name], target)


def _first_ways(bench: Bench, record: ImageRecord, before: Callable[[], None]) -> dict[str, Way]:
    practice, middle = bench.practice, record.shape[0] // 2
    clinic, file = practice.clinic, practice.slices[middle]

    def of_peer(peer: Peer) -> Way:
        return Way(lambda: grey_of(peer.read_plane(file), record.grey), before)

    def ours() -> object:
        return first_plane(clinic, record.id, middle, lambda seen: grey_of(seen, record.grey))

    return {_BARE: Way(ours, before)} | {peer.name: of_peer(peer) for peer in bench.peers}


def _whole_ways(bench: Bench, record: ImageRecord, before: Callable[[], None]) -> dict[str, Way]:
    practice, clinic = bench.practice, bench.practice.clinic
    plain = unsealed(clinic, record)

    def of_peer(peer: Peer) -> Way:
        return Way(lambda: peer.read_series(practice.slices), before)

    ways = {
        _GATED: Way(lambda: unsealed(clinic, record), before),
        _BARE: Way(lambda: clinic.vault.open_pixels(record.id), before),
        _COPY: Way(plain.copy),
    }
    return ways | {peer.name: of_peer(peer) for peer in bench.peers}


def _planes_ways(bench: Bench, record: ImageRecord, before: Callable[[], None]) -> dict[str, Way]:
    practice, clinic = bench.practice, bench.practice.clinic
    panes = Panes.of(record, bench.sizes.pane)

    def of_peer(peer: Peer) -> Way:
        return Way(lambda: panes.show(peer.read_series(practice.slices)), before)

    def first(seen: Callable[[Picture], object]) -> Way:
        return Way(lambda: first_pictures(clinic, record, seen), before)

    ways = {
        _GATED: Way(lambda: panes.show(unsealed(clinic, record)), before),
        _FIRST: first(panes.show_overview),
        _FIRST_3D: first(lambda small: (panes.show_overview(small), preview_3d(small))),
    }
    return ways | {peer.name: of_peer(peer) for peer in bench.peers}


def _flat_figures(bench: Bench) -> Iterator[Figure]:
    """Compare picture with picture; decoding alone is told, too, but draws nothing."""
    practice, peer = bench.practice, Pydicom()
    record, clinic = practice.flat, practice.clinic
    content = practice.panoramic.read_bytes()
    if not np.array_equal(unsealed(clinic, record), peer.decode(content)):
        raise ReadingsDiffer(peer.name)
    decoding = f"{peer.name}, decoding it in memory"
    picture = f"{decoding}, then the same picture"
    ways = {
        _GATED: Way(lambda: flat_picture(record, unsealed(clinic, record))),
        _BARE: Way(lambda: flat_picture(record, clinic.vault.open_pixels(record.id))),
        picture: Way(lambda: flat_picture(record, peer.decode(content))),
        decoding: Way(lambda: peer.decode(content)),
    }
    taken = medians_ms(ways, bench.sizes.light_rounds)
    name = "picture of a panoramic, warm"
    yield Figure(name, taken[_GATED], "ms", picture, taken[picture], _RADIOGRAPH)
    yield Figure(f"{name}, {_BARE}", taken[_BARE], "ms", picture, taken[picture])
    yield Figure(name, taken[_GATED], "ms", decoding, taken[decoding])
