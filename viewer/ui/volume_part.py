"""The 3D picture of a pane: made on workers, coarse while the hand turns it, full when it is still.

Every picture is cast in bands shared among workers; a picture that nobody waits for any more stops
at its next band. Only the latest wish is ever waited for.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial

import attrs
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from viewer.app.jobs import Job, JobControl, JobRunner, Progress
from viewer.imaging import kernels
from viewer.imaging.presets import VolumePreset
from viewer.imaging.raycast import LONGEST, Look, RayVolume, Shot, look, prepare, shot
from viewer.model.errors import Cancelled
from viewer.model.image import Picture
from viewer.model.view import VolumeView
from viewer.render.volume import VolumeScene
from viewer.ui.viewport import Viewport

_BAND_ROWS = 12
_BEGIN_MS = 15
_STILL_MS = 140
_SLOW_MS = 500
_COARSE_PX = (160, 330, 640)
_COARSE_S = 0.045
_FINE_PX = 900
_SKETCH = 64


class _Poster(QObject):
    """Runs callables on the thread it lives on."""

    _asked = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._asked.connect(self._run, Qt.ConnectionType.QueuedConnection)

    def post(self, call: Callable[[], None]) -> None:
        """Run it soon on the main thread; any thread may call this."""
        self._asked.emit(call)

    @Slot(object)
    def _run(self, call: Callable[[], None]) -> None:
        call()


@attrs.define(eq=False)
class _Taking:
    """A picture being taken by several workers."""

    shot: Shot
    is_fine: bool
    picture: NDArray[np.uint8]
    depth: NDArray[np.float32]
    parts: int
    jobs: list[Job[None]] = attrs.field(factory=list)
    done_rows: int = 0
    since_s: float = attrs.field(factory=time.perf_counter)


class VolumePart(QObject):
    """Fills a viewport with the 3D picture of a volume. Main thread only."""

    failed = Signal(object)
    sharpened = Signal()

    def __init__(self, viewport: Viewport, scene: VolumeScene) -> None:
        super().__init__(viewport)
        self._viewport, self._scene = viewport, scene
        self._poster = _Poster(self)
        self._runner: JobRunner | None = None
        self._volume: RayVolume | None = None
        self._made: list[RayVolume] = []
        self._look: Look | None = None
        self._preset: VolumePreset | None = None
        self._view = VolumeView()
        self._picture: Picture | None = None
        self._taking: _Taking | None = None
        self._is_wish_waiting = False
        self._asked = self._shown = 0
        self._coarse_px = float(_COARSE_PX[1])
        self._still = self._timer(_STILL_MS, self._sharpen)
        self._begin = self._timer(_BEGIN_MS, self._prepare)
        self._slow = self._timer(_SLOW_MS, self._say_slow)
        viewport.resized.connect(self._ask_again)

    @property
    def view(self) -> VolumeView:
        """Where the picture looks from, and the preset's name."""
        return self._view

    @property
    def is_busy(self) -> bool:
        """Whether a picture, or the volume for it, is being made or about to be."""
        is_waiting = self._picture is not None or self._shown < self._asked
        return is_waiting or self._taking is not None or self._still.isActive()

    def open(self, picture: Picture, preset: VolumePreset, view: VolumeView) -> None:
        """Make a volume ready and show it."""
        self.close()
        self._preset, self._view = preset, attrs.evolve(view, preset=preset.name)
        self._runner = JobRunner(self._poster.post, workers=max(2, min(os.cpu_count() or 2, 6)))
        self._say(self.tr("Preparing 3D…"))
        self._picture = picture
        self._begin.start()

    def _prepare(self) -> None:
        """Begin with the volume once the planes have been painted: a sketch first."""
        picture, self._picture = self._picture, None
        if picture is None or self._runner is None:
            return
        if max(picture.pixels.shape) > _SKETCH:
            self._make_ready(picture, _SKETCH)
        self._make_ready(picture, LONGEST)

    def refine(self, picture: Picture) -> None:
        """Go on with the same volume in more detail; what is seen stays until that is ready."""
        if self._picture is not None:  # not even begun: begin with this
            self._picture = picture
        elif self._runner is not None:
            self._make_ready(picture, LONGEST)

    def _make_ready(self, picture: Picture, longest: int) -> None:
        """Make a volume of so many voxels each way; those asked for later show more."""
        if self._runner is not None:
            self._asked += 1
            number = self._asked
            self._runner.submit(
                lambda _: self._make(picture, longest),
                lambda volume: self._ready(volume, number),
                self._fault,
            )

    def _make(self, picture: Picture, longest: int) -> RayVolume:
        """On a worker: what is made is noted at once, since its delivery may be dropped."""
        volume = _made_ready(picture, longest)
        self._made.append(volume)
        return volume

    def _wipe(self, *gone: RayVolume) -> None:
        for volume in gone:
            volume.wipe()
        self._made = [made for made in self._made if not any(made is volume for volume in gone)]

    def choose(self, preset: VolumePreset) -> None:
        """Show it with another preset."""
        self._preset, self._view = preset, attrs.evolve(self._view, preset=preset.name)
        self._look = None
        self._ask_again()

    def turn(self, view: VolumeView) -> None:
        """Look from elsewhere: a coarse picture at once, a full one when the hand is still."""
        self._view = view
        if self._volume is not None:
            self._scene.look(view)
            self._viewport.update()
            self._wish_coarse()
            self._still.start()

    def close(self) -> None:
        """Stop all work, wait for the workers to end, overwrite the volume."""
        self._picture = None
        for timer in (self._begin, self._still, self._slow):
            timer.stop()
        if self._runner is not None:
            self._runner.close()
            self._runner = None
        if self._taking is not None:
            self._taking.picture.fill(0)
        self._wipe(*self._made)
        self._volume = self._look = self._taking = None
        self._asked = self._shown = 0
        self._is_wish_waiting = False

    def _ready(self, volume: RayVolume, number: int) -> None:
        if number < self._shown:  # a finer one was sooner
            self._wipe(volume)
            return
        was_coarse = self._taking is not None and not self._taking.is_fine
        self._drop_taking()
        before, self._volume, self._look, self._shown = self._volume, volume, None, number
        self._is_wish_waiting = False
        if before is None:
            self._say("")
            self._ask_again()
            return
        self._wipe(before)
        if was_coarse:  # what was wished for has not been seen yet
            self._wish_coarse()
            self._still.start()
        elif number == self._asked:
            self._still.stop()
            self._sharpen()

    def _ask_again(self) -> None:
        if self._volume is not None:
            self.turn(self._view)

    def _wish_coarse(self) -> None:
        if self._taking is not None and not self._taking.is_fine:
            self._is_wish_waiting = True
            return
        self._take(is_fine=False)

    def _sharpen(self) -> None:
        if self._shown < self._asked:  # a finer volume comes, and sharpens then
            return
        if self._taking is not None and not self._taking.is_fine:
            self._still.start()
            return
        self._take(is_fine=True)
        self._slow.start()

    def _take(self, *, is_fine: bool) -> None:
        self._drop_taking()
        appearance = self._appearance()
        if self._volume is None or self._runner is None or appearance is None:
            return
        width, height = self._size(_FINE_PX if is_fine else round(self._coarse_px))
        wanted = shot(self._volume, appearance, self._view, width, height, fine=is_fine)
        parts = max(1, min(os.cpu_count() or 1, 6))
        picture = np.zeros((height, width, 3), np.uint8)
        depth = np.zeros((height, width), np.float32)
        taking = self._taking = _Taking(wanted, is_fine, picture, depth, parts)
        for part in range(parts):
            job = self._runner.submit(
                partial(_cast, taking, part, parts),
                lambda _: self._part_done(taking),
                self._fault,
                lambda progress: self._progressed(taking, progress),
            )
            taking.jobs.append(job)

    def _appearance(self) -> Look | None:
        if self._look is None and self._volume is not None and self._preset is not None:
            self._look = look(self._volume, self._preset)
            words = self.tr("Nothing this dense in the volume. Try another preset.")
            self._say(words if self._look.shows_nothing else "")
        return self._look

    def _size(self, longest: int) -> tuple[int, int]:
        width, height = self._viewport.size_px
        shrink = min(1.0, longest / max(width, height))
        return max(8, round(width * shrink)), max(8, round(height * shrink))

    def _part_done(self, taking: _Taking) -> None:
        taking.parts -= 1
        if taking.parts or taking is not self._taking:
            return
        self._taking = None
        self._scene.show(taking.picture)
        self._viewport.update()
        if taking.is_fine:
            self._slow.stop()
            self._quiet()
            self.sharpened.emit()
            return
        self._fit_coarse(time.perf_counter() - taking.since_s)
        if self._is_wish_waiting:
            self._is_wish_waiting = False
            self._take(is_fine=False)

    def _fit_coarse(self, took_s: float) -> None:
        """Make the next coarse picture as large as this machine turns smoothly."""
        wanted = self._coarse_px * min(max((_COARSE_S / max(took_s, 1e-4)) ** 0.5, 0.8), 1.15)
        self._coarse_px = min(max(wanted, _COARSE_PX[0]), _COARSE_PX[2])

    def _progressed(self, taking: _Taking, progress: Progress) -> None:
        taking.done_rows += progress.done
        if taking is self._taking and taking.is_fine and not self._slow.isActive():
            percent = min(99, round(100 * taking.done_rows / max(1, taking.shot.height)))
            self._say(self.tr("Sharpening 3D…  {0} %").format(percent))

    def _say_slow(self) -> None:
        if self._taking is not None and self._taking.is_fine:
            self._say(self.tr("Sharpening 3D…"))

    def _quiet(self) -> None:
        if self._look is not None and not self._look.shows_nothing:
            self._say("")

    def _drop_taking(self) -> None:
        self._slow.stop()
        if self._taking is not None:
            for job in self._taking.jobs:
                job.drop()
            self._taking = None
            self._quiet()

    def _fault(self, fault: Exception) -> None:
        if not isinstance(fault, Cancelled):
            self._shown = self._asked
            self._say(self.tr("The 3D picture could not be made."))
            self.failed.emit(fault)

    def _say(self, words: str) -> None:
        if self._scene.message != words:
            self._scene.message = words
            self._viewport.update()

    def _timer(self, wait_ms: int, then: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(wait_ms)
        timer.timeout.connect(then)
        return timer


def _made_ready(picture: Picture, longest: int) -> RayVolume:
    kernels.warm()
    return prepare(picture, longest)


def _cast(taking: _Taking, part: int, stride: int, control: JobControl) -> None:
    """Cast every `stride`-th band; runs on a worker."""
    height = taking.shot.height
    for first in range(part * _BAND_ROWS, height, stride * _BAND_ROWS):
        control.stop_if_cancelled()
        band = slice(first, min(first + _BAND_ROWS, height))
        taking.shot.rows(first, taking.picture[band], taking.depth[band])
        if taking.is_fine:
            control.progress(band.stop - band.start, height, "")
