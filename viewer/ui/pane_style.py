"""What panes take from the theme, and the lines that say whose picture it is."""

from __future__ import annotations

from viewer.render.style import PaneStyle
from viewer.tools.gestures import Tool
from viewer.ui import theme
from viewer.ui.ports import Identity
from viewer.ui.viewport import qt_lettering
from viewer.ui.wording import isolated

SPATIAL = "3D"
"""Stands for the 3D picture where a plane's name stands."""
TOOL_ACTIONS = {
    Tool.POINTER: "tool_crosshair",
    Tool.WINDOW: "tool_window",
    Tool.PAN: "tool_pan",
    Tool.ZOOM: "tool_zoom",
}
"""Which action puts a tool into the hand."""


def style_of_theme() -> PaneStyle:
    """Return the colours of what lies over pictures: those of a dark theme, on any canvas."""
    look = theme.current()
    colours = (look if look.is_dark else theme.load_theme("dark")).colours
    return PaneStyle(
        canvas=look.colours["canvas"],
        raised=colours["raised"],
        line=colours["hover"],  # words lie on it, which a line of high contrast would drown
        accent=colours["accent"],
        doubt=colours["doubt"],
        axial=colours["axial"],
        coronal=colours["coronal"],
        sagittal=colours["sagittal"],
        lettering=qt_lettering,
    )


def identity_lines(identity: Identity | None) -> tuple[str, ...]:
    """Return name, birth date and chart number, and study date; empty where nobody is named."""
    if identity is None:
        return ()
    patient = identity.patient
    known = [
        patient.birth_date.isoformat() if patient.birth_date else "",
        f"#{patient.chart_number}" if patient.chart_number else "",
    ]
    date = identity.study_date.isoformat() if identity.study_date else ""
    return (isolated(patient.whole_name), "  ".join(part for part in known if part), date)


def short_identity(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Return the same facts in two lines, for the small viewports beside the first.

    >>> short_identity(("Rossi, Lena", "1987-04-12  #20431", "2026-11-03"))
    ('Rossi, Lena', '1987-04-12  #20431  2026-11-03')
    """
    return (lines[0], "  ".join(part for part in lines[1:] if part)) if lines else ()
