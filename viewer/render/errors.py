"""Errors of the render room.

::

    RenderFault (EnvironmentFault)    the machine cannot draw
"""

from __future__ import annotations

from viewer.model.errors import EnvironmentFault


class RenderFault(EnvironmentFault):
    """No OpenGL context, not even a software one."""
