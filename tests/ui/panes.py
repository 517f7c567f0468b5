"""A pane that paints a picture without VTK and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QRectF, QSizeF, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from viewer.app.drafts import Pose
from viewer.model.image import Picture
from viewer.model.view import RadiographView, WindowLevel, first_window
from viewer.ui.pictures import fitted, to_image
from viewer.ui.ports import Arriving, Identity


class FakePane(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.done: list[str] = []
        self.arrived: list[Arriving] = []
        self.picture: Picture | None = None
        self.identity: Identity | None = None
        self._window: WindowLevel | None = None
        self._image: QImage | None = None
        self._tell: Callable[[WindowLevel], None] = lambda _: None

    def show_picture(self, picture: Picture, identity: Identity) -> None:
        self.picture, self.identity = picture, identity
        self.set_window(first_window(picture.record.grey))

    def show_arriving(self, arriving: Arriving, identity: Identity) -> None:
        self.arrived.append(arriving)
        self.show_picture(arriving.picture, identity)

    def clear(self) -> None:
        self.picture, self.identity, self._window, self._image = None, None, None, None
        self.update()

    def do(self, action_id: str) -> None:
        self.done.append(action_id)

    @property
    def window_level(self) -> WindowLevel | None:
        return self._window

    def set_window(self, window: WindowLevel) -> None:
        assert self.picture is not None
        self._window = window
        flat = self.picture.pixels
        if flat.ndim == 3 and not self.picture.record.is_colour:
            flat = flat[len(flat) // 2]
        scaled = (flat.astype(np.float32) - window.low) / window.width * 255
        grey = flat if self.picture.record.is_colour else np.clip(scaled, 0, 255)
        self._image = to_image(grey.astype(np.uint8))
        self.update()

    def listen(self, on_window: Callable[[WindowLevel], None]) -> None:
        self._tell = on_window

    @property
    def pose(self) -> Pose:
        if self._window is None:
            return Pose()
        return Pose(flat=RadiographView(self._window, inverted=bool(self.done.count("invert") % 2)))

    def take_pose(self, pose: Pose) -> None:
        if pose.flat is not None:
            self.set_window(pose.flat.window)
            self._tell(pose.flat.window)

    def dress(self) -> None:
        self.done.append("dress")

    def drag_window(self, window: WindowLevel) -> None:
        self.set_window(window)
        self._tell(window)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), Qt.GlobalColor.black)
        if self._image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(fitted(QSizeF(self._image.size()), QRectF(self.rect())), self._image)
