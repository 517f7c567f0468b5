"""Draws text with a dark halo that reads on white enamel as on black air."""

from __future__ import annotations

from vtkmodules.vtkCommonCore import VTK_FONT_FILE
from vtkmodules.vtkRenderingCore import vtkProp, vtkTextActor, vtkTextProperty

from viewer.render.overlays.records import Side, Text
from viewer.render.style import PaneStyle, rgb

_ROUND = ((-1, 0), (1, 0), (0, -1), (0, 1), (1, -1))
_HALO_OPACITY = 0.55


def draw(record: Text, height: int, scale: float, style: PaneStyle) -> list[vtkProp]:
    """Return the halo's actors and, on top, the text's own."""
    words = "\n".join(line for line in record.lines if line)
    if not words:
        return []
    reach = max(1.0, round(scale))
    halo = [
        _actor(words, record, height, style, (dx * reach, dy * reach), is_halo=True)
        for dx, dy in _ROUND
    ]
    return [*halo, _actor(words, record, height, style, (0.0, 0.0), is_halo=False)]


def _actor(
    words: str,
    record: Text,
    height: int,
    style: PaneStyle,
    shift: tuple[float, float],
    *,
    is_halo: bool,
) -> vtkTextActor:
    actor = vtkTextActor()
    actor.SetInput(words)
    actor.SetTextScaleModeToNone()
    _set_type(actor.GetTextProperty(), record, style)
    actor.GetTextProperty().SetColor(*((0.0, 0.0, 0.0) if is_halo else rgb(record.colour)))
    actor.GetTextProperty().SetOpacity(_HALO_OPACITY if is_halo else 1.0)
    actor.SetPosition(round(record.x + shift[0]), round(height - 1 - record.y + shift[1]))
    return actor


def _set_type(look: vtkTextProperty, record: Text, style: PaneStyle) -> None:
    if style.font_file is not None:
        look.SetFontFamily(VTK_FONT_FILE)
        look.SetFontFile(str(style.font_file))
    else:
        look.SetFontFamilyToArial()
    look.SetFontSize(record.size_px)
    look.SetBold(record.is_bold)
    look.SetLineSpacing(1.25)
    look.SetJustification(record.across.value)
    look.SetVerticalJustification({Side.START: 2, Side.MIDDLE: 1, Side.END: 0}[record.down])
