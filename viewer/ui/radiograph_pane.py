"""The pane that shows one flat image: radiograph or photo.

Left-drag is the active tool (window/level at first), middle-drag pans, right-drag and wheel zoom,
Shift-drag is always window/level, Ctrl goes faster; two fingers pinch and pan; a double click
fits. Of a picture of several frames the wheel turns the frames and Ctrl-wheel zooms. Everything
works by method and by action id as well.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from viewer.app.drafts import Pose
from viewer.imaging.flat import FlatGeometry
from viewer.model.image import Picture
from viewer.model.tooth import ToothNotation
from viewer.model.view import RadiographView, WindowLevel, first_window
from viewer.render.radiograph import RadiographScene
from viewer.render.style import PaneStyle
from viewer.tools import flat
from viewer.tools.gestures import DoubleTap, Drag, Gesture, Phase, Pinch, Tool, Wheel, tool_of
from viewer.tools.window_level import drag_window
from viewer.ui.frame_bar import FrameBar
from viewer.ui.pane_style import TOOL_ACTIONS, identity_lines, style_of_theme
from viewer.ui.ports import Identity
from viewer.ui.viewport import Viewport

_CURSORS = {
    Tool.POINTER: Qt.CursorShape.ArrowCursor,
    Tool.WINDOW: Qt.CursorShape.ArrowCursor,
    Tool.PAN: Qt.CursorShape.OpenHandCursor,
    Tool.ZOOM: Qt.CursorShape.SizeVerCursor,
}


_FAST_FRAMES = 10


class RadiographPane(QWidget):
    """Shows one flat picture. Main thread only. Satisfies `viewer.ui.ports.Pane`."""

    view_changed = Signal(object)
    tool_changed = Signal(object)

    def __init__(self, style: PaneStyle | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene = RadiographScene(style or style_of_theme())
        self.viewport = Viewport(self._scene, self)
        self._tool = Tool.WINDOW
        self._picture: Picture | None = None
        self.opening: object = None
        """What the history of edits goes by: another one for each picture."""
        self._hears: Callable[[WindowLevel], None] | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.viewport, 1)
        self.frame_bar = FrameBar(self)
        self.frame_bar.frame_wanted.connect(self.show_frame)
        self._wheel = 0.0
        layout.addWidget(self.frame_bar)
        self.setFocusProxy(self.viewport)
        self.viewport.setAccessibleName(self.tr("Image"))
        self.viewport.gesture.connect(self._on_gesture)
        self._actions: dict[str, Callable[[], None]] = {
            "tool_window": lambda: self.set_tool(Tool.WINDOW),
            "tool_pan": lambda: self.set_tool(Tool.PAN),
            "tool_zoom": lambda: self.set_tool(Tool.ZOOM),
            "invert": self.invert,
            "rotate_right": self.rotate_clockwise,
            "rotate_left": self.rotate_anticlockwise,
            "flip_horizontally": self.flip_horizontally,
            "flip_vertically": self.flip_vertically,
            "fit": self.fit,
            "one_to_one": self.one_to_one,
            "reset_view": self.reset,
            "next_frame": lambda: self.frame_bar.step(1),
            "previous_frame": lambda: self.frame_bar.step(-1),
            "cine": self.frame_bar.toggle,
            "bit_planes": self.toggle_overlays,
        }

    @property
    def picture(self) -> Picture | None:
        """What is shown."""
        return self._picture

    def show_picture(self, picture: Picture, identity: Identity | None = None) -> None:
        """Show it fitted, as acquired, with the window it opens with."""
        self._picture, self.opening = picture, object()
        self._scene.show(picture, identity_lines(identity))
        self.frame_bar.show_frames(picture.record.frames)
        self._announce()

    def clear(self) -> None:
        """Empty the scene, finalise its GL window, overwrite its buffers, drop the picture.

        The picture's own array belongs to whoever opened it, who wipes it.
        """
        self._picture = self.opening = None
        self.frame_bar.show_frames(1)
        self.viewport.release()

    @property
    def view(self) -> RadiographView | None:
        """How the picture is looked at; None when there is none."""
        return self._scene.view

    @view.setter
    def view(self, view: RadiographView) -> None:
        if self._scene.view is not None and view != self._scene.view:
            self._scene.look(view)
            if view.frame != self.frame_bar.slider.value() and self._picture is not None:
                self.frame_bar.show_frames(self._picture.record.frames, view.frame)
            self._announce()

    def show_frame(self, frame: int) -> None:
        """Show another frame, counted from 0, in the same way."""
        self._change(frame=frame)

    def toggle_overlays(self) -> None:
        """Show or hide what the file has to be drawn over the picture."""
        if self.view:
            self._change(has_overlays=not self.view.has_overlays)

    @property
    def window_level(self) -> WindowLevel | None:
        """The window on screen, in modality values."""
        return self._scene.view.window if self._scene.view else None

    def set_window(self, window: WindowLevel) -> None:
        """Change it."""
        self._change(window=window)

    def listen(self, on_window: Callable[[WindowLevel], None]) -> None:
        """Say who wants to know about a new window."""
        self._hears = on_window

    def do(self, action_id: str) -> None:
        """Carry out an action of the groups "image" and "tool".

        Raises
        ------
        KeyError
            This pane knows no such action.
        """
        self._actions[action_id]()

    @property
    def tool(self) -> Tool:
        """What a left-drag does."""
        return self._tool

    def set_tool(self, tool: Tool) -> None:
        """Choose what a left-drag does."""
        self._tool = tool
        self.viewport.setCursor(_CURSORS[tool])
        self.tool_changed.emit(tool)

    def dress(self) -> None:
        """Take the colours of the theme in force."""
        self._scene.restyle(style_of_theme())
        self.viewport.update()

    def set_notation(self, notation: ToothNotation) -> None:
        """Name teeth in another notation."""
        self._scene.notation = notation
        self.viewport.update()

    def invert(self) -> None:
        """Exchange black and white."""
        if self.view:
            self._change(inverted=not self.view.inverted)

    def rotate_clockwise(self) -> None:
        """Turn by 90 degrees clockwise."""
        self._turn(1)

    def rotate_anticlockwise(self) -> None:
        """Turn by 90 degrees anticlockwise."""
        self._turn(3)

    def flip_horizontally(self) -> None:
        """Exchange left and right on screen."""
        self._flip(is_across=True)

    def flip_vertically(self) -> None:
        """Exchange top and bottom on screen."""
        self._flip(is_across=False)

    def fit(self) -> None:
        """Show the whole image."""
        self._change(zoom=None, pan=None)

    def one_to_one(self) -> None:
        """One image pixel per screen pixel, what is in the middle stays there."""
        geometry = self._geometry()
        if geometry is not None:
            middle = ((geometry.width - 1) / 2, (geometry.height - 1) / 2)
            self.view = flat.keep(geometry, 1.0, middle)

    def reset(self) -> None:
        """Show the image as it was made and as it opened."""
        if self._picture is not None:
            frame = self.view.frame if self.view else 0
            self.view = RadiographView(first_window(self._picture.record.grey), frame=frame)

    def zoom_by(self, factor: float) -> None:
        """Enlarge (above 1) about the middle."""
        geometry = self._geometry()
        if geometry is not None:
            self._zoom(factor, ((geometry.width - 1) / 2, (geometry.height - 1) / 2))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Leave nothing behind."""
        self.clear()
        super().closeEvent(event)

    @property
    def pose(self) -> Pose:
        """How the picture is looked at, to come back to."""
        return Pose(flat=self.view, tool=TOOL_ACTIONS.get(self._tool, ""))

    def take_pose(self, pose: Pose) -> None:
        """Look at the picture as before, with the tool that was in hand."""
        if pose.flat is not None:
            self.view = pose.flat
        if pose.tool in self._actions:
            self.do(pose.tool)

    def _geometry(self) -> FlatGeometry | None:
        width, height = self.viewport.size_px
        self._scene.resize(width, height, self.viewport.devicePixelRatioF())
        return self._scene.geometry

    def _change(self, **changes: object) -> None:
        if self.view is not None:
            self.view = attrs.evolve(self.view, **changes)  # type: ignore[arg-type]

    def _turn(self, quarters: int) -> None:
        if self.view:
            self._change(quarter_turns=(self.view.quarter_turns + quarters) % 4)

    def _flip(self, *, is_across: bool) -> None:
        """Flip what is on screen: a turned image flips its other axis, as flips come first."""
        if self.view is None:
            return
        if is_across != (self.view.quarter_turns % 2 == 1):
            self._change(flipped_horizontally=not self.view.flipped_horizontally)
        else:
            self._change(flipped_vertically=not self.view.flipped_vertically)

    def _zoom(self, factor: float, at: tuple[float, float]) -> None:
        geometry = self._geometry()
        if geometry is not None:
            self.view = flat.zoom_at(geometry, factor, at)

    def _pan(self, by: tuple[float, float]) -> None:
        geometry = self._geometry()
        if geometry is not None:
            self.view = flat.pan(geometry, by)

    def _on_gesture(self, gesture: Gesture) -> None:
        if self._picture is None:
            return
        if isinstance(gesture, Wheel) and self._picture.record.frames > 1 and not gesture.is_zoom:
            self._scroll(gesture)
        elif isinstance(gesture, Wheel):
            self._zoom(flat.wheel_factor(gesture.steps), gesture.at)
        elif isinstance(gesture, Pinch):
            self._pan(gesture.by)
            self._zoom(gesture.factor, gesture.at)
        elif isinstance(gesture, DoubleTap):
            self.fit()
        elif gesture.phase is Phase.MOVE:
            self._on_drag(gesture)

    def _scroll(self, wheel: Wheel) -> None:
        """Turn the wheel towards yourself for later frames; touch pads add up to whole ones."""
        self._wheel -= wheel.steps * (_FAST_FRAMES if wheel.is_fast else 1)
        whole = int(self._wheel)
        self._wheel -= whole
        self.frame_bar.step(whole)

    def _on_drag(self, drag: Drag) -> None:
        tool = tool_of(drag, self._tool)
        scale = self.viewport.devicePixelRatioF()
        if tool is Tool.PAN:
            self._pan(drag.by)
        elif tool is Tool.ZOOM:
            middle = self.viewport.size_px
            self._zoom(flat.drag_factor(drag.by, scale), (middle[0] / 2, middle[1] / 2))
        elif self.view is not None and self._picture is not None:
            grey = self._picture.record.grey
            self.set_window(
                drag_window(
                    self.view.window,
                    drag.by,
                    grey,
                    is_inverted=self.view.inverted,
                    is_fast=drag.is_fast,
                    scale=scale,
                )
            )

    def _announce(self) -> None:
        self.viewport.update()
        view = self._scene.view
        self.view_changed.emit(view)
        if view is not None and self._hears is not None:
            self._hears(view.window)
