"""The words in the corners and at the edges of a pane."""

from __future__ import annotations

from viewer.model.image import ImageRecord, Photometric
from viewer.model.tooth import ToothNotation, display_tooth
from viewer.model.view import RadiographView, WindowLevel
from viewer.render.overlays.records import Overlay, Text
from viewer.render.style import PaneStyle, Side

_KINDS = {
    "bitewing": "Bitewing",
    "periapical": "Periapical",
    "panoramic": "Panoramic",
    "cephalometric": "Cephalometric",
    "photo": "Photo",
    "cbct": "CBCT",
    "other": "Image",
}


_MOST_CAUTIONS = 4
_LINE = 1.4


def caution_mark(
    lines: tuple[str, ...], size: tuple[int, int], scale: float, style: PaneStyle, above: int = 0
) -> list[Text]:
    """Return the caution in the bottom left corner, `above` so many other lines of text.

    In the colour of doubt, small, and in every pane of the volume: a print or a screenshot of one
    of them must say it too.
    """
    if not lines:
        return []
    margin = style.margin_px * scale
    y = size[1] - 1 - margin - above * _LINE * style.text_px * scale
    return [Text(margin, y, lines, style.doubt, style.small_px, Side.START, Side.END)]


def corner(
    across: Side, down: Side, lines: tuple[str, ...], size: tuple[int, int], scale: float,
    style: PaneStyle, colour: str | None = None, *, is_lively: bool = False, is_small: bool = False,
) -> Text:  # fmt: skip
    """Return lines in a corner (or at the middle of an edge) of a pane of `size` pixels."""
    margin = style.margin_px * scale
    x = {Side.START: margin, Side.MIDDLE: size[0] / 2, Side.END: size[0] - 1 - margin}[across]
    y = {Side.START: margin, Side.MIDDLE: size[1] / 2, Side.END: size[1] - 1 - margin}[down]
    size_px = style.small_px if is_small else style.text_px
    return Text(x, y, lines, colour or style.text_quiet, size_px, across, down, is_lively=is_lively)


def edge_marks(
    letters: dict[str, str], size: tuple[int, int], scale: float, style: PaneStyle,
    colour: str | None = None,
) -> list[Overlay]:  # fmt: skip
    """Return the letters at the middle of the four edges."""
    margin = style.margin_px * scale
    width, height = size
    places = {
        "left": (margin, height / 2, Side.START, Side.MIDDLE),
        "right": (width - 1 - margin, height / 2, Side.END, Side.MIDDLE),
        "top": (width / 2, margin, Side.MIDDLE, Side.START),
        "bottom": (width / 2, height - 1 - margin, Side.MIDDLE, Side.END),
    }
    return [
        Text(
            x,
            y,
            (letters[edge],),
            colour or style.text,
            style.letter_px,
            across,
            down,
            is_bold=True,
        )
        for edge, (x, y, across, down) in places.items()
        if letters.get(edge)
    ]


def what_it_is(record: ImageRecord, notation: ToothNotation) -> tuple[str, ...]:
    """Return kind, teeth and date."""
    teeth = " ".join(display_tooth(tooth, notation) for tooth in record.teeth)
    kind = _KINDS.get(record.kind.value, "Image")
    taken = record.acquired.strftime("%Y-%m-%d %H:%M") if record.acquired else ""
    return (f"{kind}  {teeth}" if teeth else kind, taken)


def scale_words(record: ImageRecord, zoom: float) -> tuple[str, ...]:
    """Return the zoom, and the spacing with where it comes from (never a silent mm)."""
    if record.spacing is None:
        size = "No spacing: sizes in pixels"
    else:
        row, column = record.spacing.row_mm, record.spacing.column_mm
        same = abs(row - column) < 1e-6
        figure = f"{row:.3g}" if same else f"{row:.3g} × {column:.3g}"
        size = f"{figure} mm {record.spacing.source.value}"
    return (size, f"Zoom {zoom * 100:.0f} %")


def window_words(window: WindowLevel, record: ImageRecord) -> tuple[str, ...]:
    """Return the window, in a photographer's words for colour."""
    if record.grey.photometric is Photometric.RGB:
        brightness = round(127.5 - window.centre)
        contrast = round(255 / max(window.width, 1e-6) * 100)
        return (f"Brightness {brightness:+d}  Contrast {contrast} %",)
    if window.table is not None and window.table < len(record.grey.tables):
        name = record.grey.tables[window.table].name
        return (f"Header's table  {name}".rstrip(),)
    unit = f" {record.grey.unit}" if record.grey.unit else ""
    return (f"Window {_short(window.width)}  Level {_short(window.centre)}{unit}",)


def overlay_words(view: RadiographView, count: int) -> tuple[str, ...]:
    """Say whether what the file draws over the picture is shown; nothing where there is none."""
    return (("Overlay shown" if view.has_overlays else "Overlay hidden"),) if count else ()


def frame_words(view: RadiographView, record: ImageRecord) -> tuple[str, ...]:
    """Say which frame of how many is shown; nothing of a single one."""
    count = record.frames
    return (f"Frame {min(view.frame, count - 1) + 1} / {count}",) if count > 1 else ()


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 10 else f"{value:.3g}"


def caution_lines(record: ImageRecord) -> tuple[str, ...]:
    """Return what has to be known while looking, a line for each part so that it fits a pane.

    Longer lists stand in the inspector, in full.
    """
    parts = [part for part in record.caution.replace(". ", ", ").split(", ") if part]
    if len(parts) > _MOST_CAUTIONS:
        parts = [*parts[: _MOST_CAUTIONS - 1], "and more"]
    return tuple(parts)


def turned_words(view: RadiographView) -> str:
    """Say how what is shown differs from what was acquired; empty if it does not."""
    ways = []
    if view.flipped_horizontally or view.flipped_vertically:
        ways.append("Flipped")
    if view.quarter_turns % 4:
        ways.append(f"Turned {view.quarter_turns % 4 * 90}°")
    if view.inverted:
        ways.append("Inverted")
    return f"{' · '.join(ways)}: not as acquired" if ways else ""
