"""The one off-screen render window that all stages draw into, one at a time.

A context costs tens of milliseconds to make and compiles its shaders anew: it is made for the first
stage that draws and gone with the last one. Main thread only.
"""

from __future__ import annotations

from vtkmodules.vtkRenderingCore import vtkRenderer, vtkRenderWindow

from viewer.render.probe import new_window


class Screen:
    """A render window, its users, and an empty renderer that wipes it."""

    def __init__(self) -> None:
        self._window: vtkRenderWindow | None = None
        self._blank = vtkRenderer()
        self._users: list[vtkRenderer] = []

    @property
    def is_open(self) -> bool:
        """Whether there is a context."""
        return self._window is not None

    def draw(self, renderer: vtkRenderer, size: tuple[int, int]) -> vtkRenderWindow:
        """Render one stage's renderer alone at `size`, and return the window to read it from."""
        window = self._ready()
        if renderer not in self._users:
            self._users.append(renderer)
            window.AddRenderer(renderer)
        window.SetSize(*size)
        for one in (*self._users, self._blank):
            one.SetDraw(one is renderer)
        window.Render()
        return window

    def leave(self, renderer: vtkRenderer) -> None:
        """Forget a renderer and wipe what the window holds; the last one finalises it."""
        if self._window is None or renderer not in self._users:
            return
        self._users.remove(renderer)
        self._window.RemoveRenderer(renderer)
        for one in self._users:
            one.DrawOff()
        self._blank.DrawOn()
        self._window.Render()
        if not self._users:
            self._window.RemoveRenderer(self._blank)
            self._window.Finalize()
            self._window = None

    def free(self, renderer: vtkRenderer) -> vtkRenderWindow | None:
        """Return the window whose resources the props of a renderer hold; None if it never drew."""
        return self._window if renderer in self._users else None

    def _ready(self) -> vtkRenderWindow:
        if self._window is None:
            self._window = new_window()
            self._blank.SetBackground(0.0, 0.0, 0.0)
            self._window.AddRenderer(self._blank)
        return self._window


SCREEN = Screen()
