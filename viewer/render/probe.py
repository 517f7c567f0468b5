"""Looks once at what draws on this machine and decides who prepares pictures.

Without a real GPU (Mesa's llvmpipe, a remote desktop, a virtual machine) VTK's shaders cost far
more than compiled kernels, so kernels prepare the 8-bit picture. Only that back end exists so far;
the shader one will stand behind the same `Scene` interface.
"""

from __future__ import annotations

import sys
from enum import Enum
from functools import cache
from typing import cast

import vtkmodules.vtkRenderingFreeType
import vtkmodules.vtkRenderingOpenGL2  # noqa: F401  (registers the OpenGL classes)
from vtkmodules.vtkCommonCore import vtkSMPTools
from vtkmodules.vtkRenderingCore import vtkRenderWindow

_SOFTWARE = ("llvmpipe", "softpipe", "swrast", "software", "svga3d", "basic render", "gdi generic")


class Backend(Enum):
    """Who turns stored values into grey levels."""

    KERNELS = "compiled kernels"
    SHADERS = "shaders"


@cache
def use_threads() -> None:
    """Let VTK's own loops use threads; its default is one."""
    vtkSMPTools.SetBackend("STDThread")


def new_window() -> vtkRenderWindow:
    """Return a window that never appears and needs no display where the system allows it."""
    use_threads()
    if sys.platform.startswith("linux"):
        from vtkmodules import vtkRenderingOpenGL2

        window = cast(vtkRenderWindow, vtkRenderingOpenGL2.vtkEGLRenderWindow())
    else:
        window = vtkRenderWindow()
    window.SetShowWindow(False)
    window.SetUseOffScreenBuffers(True)
    window.SetOffScreenRendering(1)
    window.SetMultiSamples(0)
    window.SetAlphaBitPlanes(1)
    return window


@cache
def renderer_name() -> str:
    """Return what OpenGL calls the renderer, empty if it says nothing."""
    window = new_window()
    window.SetSize(8, 8)
    window.Render()
    told = str(window.ReportCapabilities())
    window.Finalize()
    for line in told.splitlines():
        if "opengl renderer string" in line.lower():
            return line.split(":", 1)[1].strip()
    return ""


def suits(name: str) -> Backend:
    """Return the back end that suits a renderer of this name.

    >>> suits("llvmpipe (LLVM 15.0.6, 256 bits)"), suits("Mesa Intel(R) Iris(R) Xe Graphics")
    (<Backend.KERNELS: 'compiled kernels'>, <Backend.SHADERS: 'shaders'>)
    """
    plain = name.lower()
    is_software = not plain or any(word in plain for word in _SOFTWARE)
    return Backend.KERNELS if is_software else Backend.SHADERS
