"""The pane that shows a volume: axial, coronal and sagittal planes, linked, and the 3D picture.

Left-drag sets the cursor (or is the active tool), Shift-drag is window/level for all planes,
middle-drag pans, right-drag and Ctrl+wheel zoom, the wheel and the arrow keys scroll voxel by
voxel, a double click maximises a viewport and returns. In 3D a drag turns, the wheel zooms.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import attrs
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QHBoxLayout, QPushButton, QWidget

from viewer.app.drafts import Pose
from viewer.imaging.planes import Lps, PlaneGeometry, VolumeSpace, fit_mm_per_px, space_of
from viewer.imaging.presets import VolumePreset, presets
from viewer.model.image import ImageRecord, Picture
from viewer.model.view import Plane, PlanesView, VolumeView, WindowLevel, first_window
from viewer.render.corners import caution_lines
from viewer.render.slice import SliceScene
from viewer.render.style import PaneStyle
from viewer.render.volume import VolumeScene
from viewer.tools import flat, planes
from viewer.tools.gestures import DoubleTap, Drag, Gesture, Phase, Pinch, Tool, Wheel, tool_of
from viewer.tools.window_level import drag_window
from viewer.ui.coming_volume import ComingVolume
from viewer.ui.pane_style import (
    SPATIAL,
    TOOL_ACTIONS,
    identity_lines,
    short_identity,
    style_of_theme,
)
from viewer.ui.ports import Arriving, Identity
from viewer.ui.viewport import Viewport
from viewer.ui.volume_part import VolumePart

_ORDER = (Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL)
_KEYS = {
    Qt.Key.Key_Up: 1,
    Qt.Key.Key_Down: -1,
    Qt.Key.Key_PageUp: 10,
    Qt.Key.Key_PageDown: -10,
    Qt.Key.Key_Home: 10**6,
    Qt.Key.Key_End: -(10**6),
}


class PlanesPane(QWidget):
    """Shows one volume. Main thread only. Satisfies `viewer.ui.ports.Pane`.

    Call `clear` before dropping it: it ends the 3D picture's workers.
    """

    view_changed = Signal(object)
    tool_changed = Signal(object)

    def __init__(self, style: PaneStyle | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._style = style or style_of_theme()
        self._tool = Tool.POINTER
        self._picture: Picture | None = None
        self._space: VolumeSpace | None = None
        self._view: PlanesView | None = None
        self._coming: ComingVolume | None = None
        self.opening: object = None
        """What the history of edits goes by: the same from a volume's overview to all of it."""
        self._arrived: NDArray[np.generic] | None = None
        self._centre: Lps = (0.0, 0.0, 0.0)
        self._alone: Viewport | None = None
        self._wheel: dict[Plane, float] = dict.fromkeys(_ORDER, 0.0)
        self._hears: Callable[[WindowLevel], None] | None = None
        self._presets = presets()
        self._scenes = {plane: SliceScene(plane, self._style) for plane in _ORDER}
        self._scenes[Plane.CORONAL].shows_window = True
        self._volume_scene = VolumeScene(self._style)
        self.viewports = {plane: Viewport(self._scenes[plane], self) for plane in _ORDER}
        self.volume_viewport = Viewport(self._volume_scene, self)
        self.volume = VolumePart(self.volume_viewport, self._volume_scene)
        self._picker = self._make_picker()
        self._lay_out()
        self._actions = self._make_actions()

    @property
    def picture(self) -> Picture | None:
        """What is shown."""
        return self._picture

    def show_picture(self, picture: Picture, identity: Identity | None = None) -> None:
        """Show a volume: cursor in its middle, the window it opens with, 3D to follow.

        One that was shown while it came goes on as it is: nothing moves, only detail is added.

        Raises
        ------
        ValueError
            The picture is not a volume.
        """
        if self._coming is not None and self._coming.is_of(picture):
            self._settle(picture)
        elif self._arrived is None or self._arrived is not picture.pixels:
            self._begin(picture, picture.record, identity)

    def show_arriving(self, arriving: Arriving, identity: Identity | None = None) -> None:
        """Show what there is of a volume on its way: its overview, or the planes in place."""
        if self._coming is None or not self._coming.is_of(arriving):
            if not arriving.is_overview:
                return
            coming = ComingVolume(arriving.record, arriving.picture)
            self._begin(arriving.picture, arriving.record, identity, coming)
        elif len(arriving.planes) == arriving.record.shape[0]:
            self._settle(arriving.picture)
            return
        else:
            self._coming.grow(arriving)
            self._look()

    def _begin(
        self,
        picture: Picture,
        whole: ImageRecord,
        identity: Identity | None,
        coming: ComingVolume | None = None,
    ) -> None:
        """Show a picture of a volume whose voxels lie as `whole` says."""
        self.volume.close()
        self._coming, self._arrived = coming, None
        self._picture, self.opening = picture, object()
        self._space = space_of(whole.shape, Picture(whole, picture.pixels).affine)
        lines = identity_lines(identity)
        for plane, scene in self._scenes.items():
            scene.is_identity_small = plane is not Plane.AXIAL
            scene.show(
                picture, self._space, short_identity(lines) if scene.is_identity_small else lines
            )
        self._volume_scene.show_nothing(short_identity(lines), caution_lines(whole))
        self._view = self._first_view(whole)
        self._centre = self._space.middle_lps
        self.volume.open(picture, self._preset(self.volume.view.preset), VolumeView())
        self._picker.show()
        self._announce()

    def _settle(self, whole: Picture) -> None:
        """All of a volume is there: take every plane from it, at the same place."""
        coming, self._coming = self._coming, None
        if coming is None or self._space is None:
            return
        self._picture, self._arrived = whole, whole.pixels
        for scene in self._scenes.values():
            scene.sample_from(whole.pixels, self._space, is_overview=False)
        self._look()
        if whole.pixels.shape != coming.overview.pixels.shape:
            self.volume.refine(whole)

    def clear(self) -> None:
        """Empty the scenes, end the workers, overwrite the buffers, drop the picture.

        The picture's own array belongs to whoever opened it, who wipes it.
        """
        self.volume.close()
        self._picture = self._space = self._view = self._coming = self._arrived = None
        self.opening = None
        self._picker.hide()
        for viewport in (*self.viewports.values(), self.volume_viewport):
            viewport.release()

    @property
    def view(self) -> PlanesView | None:
        """Cursor, window and zoom of the planes; None when there is no volume."""
        return self._view

    @view.setter
    def view(self, view: PlanesView) -> None:
        if self._view is not None and view != self._view:
            self._view = view
            self._announce()

    @property
    def window_level(self) -> WindowLevel | None:
        """The window on screen, in modality values."""
        return self._view.window if self._view else None

    def set_window(self, window: WindowLevel) -> None:
        """Change it, in all planes."""
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
        """What a left-drag does in the planes."""
        return self._tool

    def set_tool(self, tool: Tool) -> None:
        """Choose what a left-drag does in the planes."""
        self._tool = tool
        is_pointer = tool is Tool.POINTER
        for viewport in self.viewports.values():
            viewport.setCursor(
                Qt.CursorShape.CrossCursor if is_pointer else Qt.CursorShape.ArrowCursor
            )
        self.tool_changed.emit(tool)

    def dress(self) -> None:
        """Take the colours of the theme in force."""
        self._style = style = style_of_theme()
        for viewport in (*self.viewports.values(), self.volume_viewport):
            viewport.scene.restyle(style)
            viewport.update()
        self._dress()

    def set_preset(self, name: str) -> None:
        """Show the 3D picture with another preset.

        Raises
        ------
        KeyError
            There is no such preset.
        """
        self.volume.choose(self._preset(name))
        self._buttons[name].setChecked(True)

    def invert(self) -> None:
        """Exchange black and white."""
        if self._view is not None:
            self._change(inverted=not self._view.inverted)

    def fit(self) -> None:
        """Show the whole volume."""
        if self._space is not None:
            self._centre = self._space.middle_lps
            self._change(zoom=1.0)
            self._announce()

    def reset(self) -> None:
        """Show the volume as it opened."""
        if self._picture is not None:
            self.view = self._first_view(self._picture.record)
            self.fit()
            self.volume.turn(attrs.evolve(VolumeView(), preset=self.volume.view.preset))

    def zoom_by(self, factor: float) -> None:
        """Enlarge (above 1) about the middle of the panes."""
        if self._view is not None:
            self._change(zoom=self._view.zoom * factor)

    def maximise(self, plane: Plane | None) -> None:
        """Show one plane alone, or the 3D picture (None)."""
        self._show_alone(self.volume_viewport if plane is None else self.viewports[plane])

    def show_all(self) -> None:
        """Show the four viewports again."""
        self._show_alone(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Scroll the plane that has the focus."""
        steps = _KEYS.get(Qt.Key(event.key()))
        focused = [plane for plane, v in self.viewports.items() if v is self.focusWidget()]
        if steps is None or not focused or self._view is None or self._space is None:
            super().keyPressEvent(event)
            return
        count = self._space.count(focused[0])
        self.view = planes.scroll(
            self._view, self._space, focused[0], max(-count, min(steps, count))
        )

    def closeEvent(self, event: QCloseEvent) -> None:
        """Leave nothing behind."""
        self.clear()
        super().closeEvent(event)

    @property
    def pose(self) -> Pose:
        """How the volume is looked at, to come back to."""
        names: dict[Viewport | None, str] = {None: "", self.volume_viewport: SPATIAL}
        names |= {viewport: plane.value for plane, viewport in self.viewports.items()}
        return Pose(
            planes=self._view,
            centre_lps=self._centre,
            alone=names[self._alone],
            volume=self.volume.view,
            tool=TOOL_ACTIONS[self._tool],
        )

    def take_pose(self, pose: Pose) -> None:
        """Look at the volume as before: cursor, centre, planes shown, 3D picture, tool."""
        if self._view is None or pose.planes is None:
            return
        self._centre = pose.centre_lps or self._centre
        self.view = pose.planes
        if pose.volume is not None and pose.volume.preset in self._buttons:
            self.set_preset(pose.volume.preset)
            self.volume.turn(pose.volume)
        alone: dict[str, Viewport] = {SPATIAL: self.volume_viewport}
        alone |= {plane.value: viewport for plane, viewport in self.viewports.items()}
        self._show_alone(alone.get(pose.alone))
        if pose.tool in self._actions:
            self.do(pose.tool)
        self._announce()

    def _first_view(self, record: ImageRecord) -> PlanesView:
        space = self._space or space_of(record.shape, np.array(record.affine_lps))
        return PlanesView(first_window(record.grey), space.snapped(space.middle_lps))

    def _change(self, **changes: object) -> None:
        if self._view is not None:
            self.view = attrs.evolve(self._view, **changes)  # type: ignore[arg-type]

    def _announce(self) -> None:
        self._look()
        self.view_changed.emit(self._view)
        if self._view is not None and self._hears is not None:
            self._hears(self._view.window)

    def _look(self) -> None:
        """Hand every plane the view at one common scale."""
        if self._view is None or self._space is None:
            return
        shown = [plane for plane, v in self.viewports.items() if not v.isHidden()] or list(_ORDER)
        fits = [fit_mm_per_px(self._space, p, *self.viewports[p].size_px) for p in shown]
        mm_per_px = max(fits) * 1.04 / self._view.zoom
        for plane, scene in self._scenes.items():
            if self._coming is not None:
                self._coming.feed(scene, self._space, self._view.cursor_lps)
            scene.look(self._view, self._centre, mm_per_px)
            viewport = self.viewports[plane]
            scene.resize(*viewport.size_px, viewport.devicePixelRatioF())
            viewport.update()

    def _on_gesture(self, plane: Plane, gesture: Gesture) -> None:
        geometry = self._scenes[plane].geometry
        if self._view is None or self._space is None or geometry is None:
            return
        if isinstance(gesture, Wheel):
            self._on_wheel(plane, geometry, gesture)
        elif isinstance(gesture, Pinch):
            self._centre = planes.pan(self._centre, geometry, gesture.by)
            self._zoom(geometry, gesture.factor, gesture.at)
        elif isinstance(gesture, DoubleTap):
            self._toggle_alone(self.viewports[plane])
        elif gesture.phase is not Phase.END:
            self._on_drag(geometry, gesture)

    def _on_wheel(self, plane: Plane, geometry: PlaneGeometry, wheel: Wheel) -> None:
        if self._view is None or self._space is None:
            return
        if wheel.is_zoom:
            self._zoom(geometry, flat.wheel_factor(wheel.steps), wheel.at)
            return
        turned = self._wheel[plane] + wheel.steps
        whole = int(turned)
        self._wheel[plane] = turned - whole
        if whole:
            self.view = planes.scroll(self._view, self._space, plane, whole, is_fast=wheel.is_fast)

    def _on_drag(self, geometry: PlaneGeometry, drag: Drag) -> None:
        if self._view is None or self._space is None or self._picture is None:
            return
        tool = tool_of(drag, self._tool)
        if tool is Tool.POINTER:
            self.view = planes.place_cursor(self._view, self._space, geometry, drag.at)
        elif drag.phase is Phase.BEGIN:
            return
        elif tool is Tool.PAN:
            self._centre = planes.pan(self._centre, geometry, drag.by)
            self._announce()
        elif tool is Tool.ZOOM:
            middle = ((geometry.width - 1) / 2, (geometry.height - 1) / 2)
            self._zoom(geometry, flat.drag_factor(drag.by, self.devicePixelRatioF()), middle)
        else:
            self.set_window(
                drag_window(
                    self._view.window,
                    drag.by,
                    self._picture.record.grey,
                    is_inverted=self._view.inverted,
                    is_fast=drag.is_fast,
                    scale=self.devicePixelRatioF(),
                )
            )

    def _zoom(self, geometry: PlaneGeometry, factor: float, at: tuple[float, float]) -> None:
        if self._view is not None:
            self._view, self._centre = planes.zoom_at(
                self._view, self._centre, geometry, factor, at
            )
            self._announce()

    def _on_volume_gesture(self, gesture: Gesture) -> None:
        view, scale = self.volume.view, self.devicePixelRatioF()
        if isinstance(gesture, DoubleTap):
            self._toggle_alone(self.volume_viewport)
        elif isinstance(gesture, Wheel):
            self.volume.turn(planes.zoom_volume(view, flat.wheel_factor(gesture.steps)))
        elif isinstance(gesture, Pinch):
            self.volume.turn(planes.zoom_volume(view, gesture.factor))
        elif gesture.phase is Phase.MOVE:
            if tool_of(gesture, Tool.POINTER) is Tool.ZOOM:
                factor = flat.drag_factor(gesture.by, scale)
                self.volume.turn(planes.zoom_volume(view, factor))
            else:
                self.volume.turn(planes.turn(view, gesture.by, scale))

    def _toggle_alone(self, viewport: Viewport) -> None:
        self._show_alone(None if self._alone is viewport else viewport)

    def _show_alone(self, viewport: Viewport | None) -> None:
        self._alone = viewport
        for one in (*self.viewports.values(), self.volume_viewport):
            one.setVisible(viewport is None or one is viewport)
        self._share_room()
        layout = self.layout()
        if layout is not None:
            layout.activate()
        self._look()

    def _preset(self, name: str) -> VolumePreset:
        return {preset.name: preset for preset in self._presets}[name]

    def _make_actions(self) -> dict[str, Callable[[], None]]:
        return {
            "tool_window": lambda: self.set_tool(Tool.WINDOW),
            "tool_pan": lambda: self.set_tool(Tool.PAN),
            "tool_zoom": lambda: self.set_tool(Tool.ZOOM),
            "tool_crosshair": lambda: self.set_tool(Tool.POINTER),
            "invert": self.invert,
            "fit": self.fit,
            "reset_view": self.reset,
        }

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(self._style.gap_px)
        names = {
            Plane.AXIAL: self.tr("Axial plane"),
            Plane.CORONAL: self.tr("Coronal plane"),
            Plane.SAGITTAL: self.tr("Sagittal plane"),
        }
        for at, plane in enumerate(_ORDER):
            viewport = self.viewports[plane]
            viewport.setAccessibleName(names[plane])
            viewport.gesture.connect(partial(self._on_gesture, plane))
            viewport.resized.connect(self._look)
            grid.addWidget(viewport, at // 2, at % 2)
        self.volume_viewport.setAccessibleName(self.tr("3D picture"))
        self.volume_viewport.gesture.connect(self._on_volume_gesture)
        grid.addWidget(self.volume_viewport, 1, 1)
        self._share_room()
        self._dress()

    def _share_room(self) -> None:
        """Equal quarters, or everything for the one that is shown."""
        grid = self.layout()
        if isinstance(grid, QGridLayout):
            for at, viewport in enumerate((*self.viewports.values(), self.volume_viewport)):
                if self._alone is None or viewport is self._alone:
                    grid.setRowStretch(at // 2, 1)
                    grid.setColumnStretch(at % 2, 1)
                if self._alone is viewport:
                    grid.setRowStretch(1 - at // 2, 0)
                    grid.setColumnStretch(1 - at % 2, 0)

    def _make_picker(self) -> QWidget:
        picker = QWidget(self.volume_viewport)
        picker.setObjectName("presetPicker")
        row = QHBoxLayout(picker)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(2)
        group = QButtonGroup(picker)
        self._buttons: dict[str, QPushButton] = {}
        for preset in self._presets:
            button = QPushButton(preset.title, picker)
            button.setCheckable(True)
            button.setChecked(preset.name == VolumeView().preset)
            button.setToolTip(self.tr("Show {0} in 3D").format(preset.title.lower()))
            button.clicked.connect(lambda _=False, name=preset.name: self.set_preset(name))
            group.addButton(button)
            row.addWidget(button)
            self._buttons[preset.name] = button
        picker.move(self._style.margin_px - 4, self._style.margin_px - 4)
        picker.hide()
        return picker

    def _dress(self) -> None:
        style = self._style
        self.setAutoFillBackground(True)
        self.setStyleSheet(
            f"PlanesPane {{ background: {style.line}; }}"
            f"#presetPicker {{ background: {style.raised}; border-radius: {style.radius_px}px; }}"
            f"#presetPicker QPushButton {{ color: {style.text_quiet}; background: transparent;"
            f" border: 0; border-radius: {style.radius_px - 2}px; padding: 0 12px;"
            f" min-height: {style.target_px - 4}px; font-size: {style.text_px}px; }}"
            f"#presetPicker QPushButton:hover {{ color: {style.text}; }}"
            f"#presetPicker QPushButton:focus {{ color: {style.accent}; }}"
            f"#presetPicker QPushButton:checked {{ color: {style.text};"
            f" background: {style.line}; }}"
        )
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
