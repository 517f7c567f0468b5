"""The one widget that shows rendered pictures: it blits them and turns hands into gestures.

The scene draws off screen; this widget copies its frame in `paintEvent`, so that it works on every
platform plugin, at every scaling, and a `grab()` is what a person sees. It decides nothing: what a
gesture means is the pane's business.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QGuiApplication,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTouchEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from viewer.render.scene import Scene
from viewer.render.style import Side
from viewer.tools.gestures import Button, DoubleTap, Drag, Phase, Pinch, Wheel

_BUTTONS = {
    Qt.MouseButton.LeftButton: Button.LEFT,
    Qt.MouseButton.MiddleButton: Button.MIDDLE,
    Qt.MouseButton.RightButton: Button.RIGHT,
}
_PER_WHEEL_STEP = 120.0
_DOUBLE_TAP_PX = 40.0
_SOON_MS = 40

Point = tuple[float, float]


class Viewport(QWidget):
    """Shows one scene. Emits `gesture` with positions in physical pixels. Main thread only."""

    gesture = Signal(object)
    resized = Signal()

    def __init__(self, scene: Scene, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scene = scene
        self._held: Button | None = None
        self._last: Point = (0.0, 0.0)
        self._pair: tuple[Point, float] | None = None
        self._tapped: tuple[int, Point] | None = None
        self._soon = QTimer(self, singleShot=True, interval=_SOON_MS)
        self._soon.timeout.connect(self.update)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(96, 96)

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height in physical pixels."""
        ratio = self.devicePixelRatioF()
        return max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio))

    def sizeHint(self) -> QSize:
        """Say what size is pleasant."""
        return QSize(480, 360)

    def release(self) -> None:
        """Empty the scene, overwrite its buffers and paint the bare canvas at once."""
        self.scene.release()
        self._soon.stop()
        self._held = self._pair = self._tapped = None
        if self.isVisible():
            self.repaint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Copy the scene's frame onto the screen.

        The frame comes first: a fault while a painter is open would end the process.
        """
        width, height = self.size_px
        self.scene.resize(width, height, self.devicePixelRatioF())
        frame = None if self.scene.is_empty else self.scene.frame()
        painter = QPainter(self)
        if frame is None:
            painter.fillRect(self.rect(), QColor(self.scene.style.canvas))
        else:
            image = QImage(frame.data, width, height, width * 4, QImage.Format.Format_RGB32)
            image.setDevicePixelRatio(self.devicePixelRatioF())
            painter.drawImage(QPointF(0, 0), image)
            if self.scene.is_first_frame:
                self._soon.start()
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Tell the pane that points lie elsewhere now."""
        super().resizeEvent(event)
        self.resized.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a drag; one button at a time."""
        button = _BUTTONS.get(event.button())
        if button is not None and self._held is None:
            self._held = button
            self._drag(Phase.BEGIN, self._px(event.position()), event.modifiers())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with a drag."""
        if self._held is not None:
            self._drag(Phase.MOVE, self._px(event.position()), event.modifiers())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag."""
        if self._held is not None and _BUTTONS.get(event.button()) is self._held:
            self._drag(Phase.END, self._px(event.position()), event.modifiers())
            self._held = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Report a double click of the left button."""
        if event.button() is Qt.MouseButton.LeftButton:
            self.gesture.emit(DoubleTap(self._px(event.position())))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Report wheel steps; Ctrl zooms, Shift goes faster."""
        turned = event.angleDelta()
        steps = (turned.y() or turned.x()) / _PER_WHEEL_STEP
        keys = event.modifiers()
        self.gesture.emit(
            Wheel(
                self._px(event.position()),
                steps,
                is_fast=bool(keys & Qt.KeyboardModifier.ShiftModifier),
                is_zoom=bool(keys & Qt.KeyboardModifier.ControlModifier),
            )
        )
        event.accept()

    def event(self, event: QEvent) -> bool:
        """Take touches before Qt makes mouse events of them."""
        if isinstance(event, QTouchEvent) and event.type() in _TOUCHES:
            self._touch(event)
            event.accept()
            return True
        return super().event(event)

    def _touch(self, event: QTouchEvent) -> None:
        points = [self._px(point.position()) for point in event.points()]
        if event.type() == QEvent.Type.TouchEnd or not points:
            self._lift(event, points)
        elif len(points) >= 2:
            self._two_fingers(points[0], points[1])
        elif self._pair is None:
            self._one_finger(event, points[0])

    def _one_finger(self, event: QTouchEvent, at: Point) -> None:
        if event.type() == QEvent.Type.TouchBegin:
            self._held = Button.LEFT
            self._drag(Phase.BEGIN, at, event.modifiers())
        elif self._held is not None:
            self._drag(Phase.MOVE, at, event.modifiers())

    def _two_fingers(self, first: Point, second: Point) -> None:
        middle = ((first[0] + second[0]) / 2, (first[1] + second[1]) / 2)
        apart = max(float(np.hypot(first[0] - second[0], first[1] - second[1])), 1.0)
        if self._held is not None:
            self._drag(Phase.END, self._last, Qt.KeyboardModifier.NoModifier)
            self._held = None
        if self._pair is not None:
            before, was_apart = self._pair
            by = (middle[0] - before[0], middle[1] - before[1])
            self.gesture.emit(Pinch(middle, by, apart / was_apart))
        self._pair = (middle, apart)

    def _lift(self, event: QTouchEvent, points: list[Point]) -> None:
        was_pair, self._pair = self._pair, None
        if self._held is None:
            return
        at = points[0] if points else self._last
        self._drag(Phase.END, at, event.modifiers())
        self._held = None
        now, before = event.timestamp(), self._tapped
        self._tapped = (now, at) if was_pair is None else None
        limit = QGuiApplication.styleHints().mouseDoubleClickInterval()
        if before is not None and now - before[0] <= limit and _is_near(before[1], at):
            self._tapped = None
            self.gesture.emit(DoubleTap(at))

    def _drag(self, phase: Phase, at: Point, keys: Qt.KeyboardModifier) -> None:
        if self._held is None:
            return
        came = (
            (0.0, 0.0) if phase is Phase.BEGIN else (at[0] - self._last[0], at[1] - self._last[1])
        )
        self._last = at
        self.gesture.emit(
            Drag(
                phase,
                self._held,
                at,
                came,
                is_fast=bool(keys & Qt.KeyboardModifier.ControlModifier),
                is_window=bool(keys & Qt.KeyboardModifier.ShiftModifier),
            )
        )

    def _px(self, position: QPointF) -> Point:
        """Logical to physical; the first pixel's centre is 0."""
        ratio = self.devicePixelRatioF()
        return (position.x() + 0.5) * ratio - 0.5, (position.y() + 0.5) * ratio - 0.5


_TOUCHES = (
    QEvent.Type.TouchBegin,
    QEvent.Type.TouchUpdate,
    QEvent.Type.TouchEnd,
    QEvent.Type.TouchCancel,
)


def _is_near(one: Point, two: Point) -> bool:
    return float(np.hypot(one[0] - two[0], one[1] - two[1])) <= _DOUBLE_TAP_PX


def qt_lettering(
    lines: tuple[str, ...], size_px: float, is_bold: bool, across: Side
) -> NDArray[np.uint8]:
    """Letter overlays with the windows' own type: every script, shaped; see `style.Lettering`."""
    font = QFont(QGuiApplication.font())
    font.setPixelSize(max(1, round(size_px)))
    font.setWeight(QFont.Weight.DemiBold if is_bold else QFont.Weight.Medium)
    font.setFeature(QFont.Tag("tnum"), 1)
    words = "\n".join(lines)
    sides = (Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignHCenter, Qt.AlignmentFlag.AlignRight)
    flags = int(sides[across.value] | Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignAbsolute)
    box = QFontMetrics(font).boundingRect(QRect(0, 0, 4096, 4096), flags, words)
    width, height = max(1, box.width() + 2), max(1, box.height())
    image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    painter.setFont(font)
    painter.setPen(QColor("white"))
    painter.drawText(QRect(0, 0, width, height), flags, words)
    painter.end()
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(height, image.bytesPerLine())
    return pixels[:, 3 : width * 4 : 4].copy()
