"""Theme tokens from ``resources/themes`` become a palette, a style sheet, colours and fonts.

Nothing in the windows names a colour or a size of its own: it asks `current()`. Main thread only.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from string import Template

import attrs
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

from viewer.model.errors import EnvironmentFault
from viewer.model.resources import resource_path

THEME_IDS = ("dark", "light", "contrast")
_FONT_FILES = ("Inter-Regular.otf", "Inter-Medium.otf", "Inter-SemiBold.otf")


class ThemeMissing(EnvironmentFault):
    """A theme's file is not where the program keeps its themes, or can't be read."""


@attrs.frozen
class Theme:
    """One look: colours by token (``#rrggbb`` or ``#aarrggbb``) and sizes in device-independent px.

    `font_family` is the shipped typeface; the platform's own stands in where it can't be loaded.
    """

    id: str
    name: str
    is_dark: bool
    colours: Mapping[str, str]
    sizes: Mapping[str, int]
    font_family: str

    def colour(self, token: str) -> QColor:
        """Return a token's colour.

        Raises
        ------
        KeyError
            There is no such token.
        """
        return QColor(self.colours[token])

    def size(self, token: str) -> int:
        """Return a token's size in device-independent pixels.

        Raises
        ------
        KeyError
            There is no such token.
        """
        return self.sizes[token]

    def font(self, role: str = "body", *, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
        """Return the type of a role ("small", "body", "lead", "title", "display").

        Figures are tabular, so that numbers don't dance.
        """
        font = QFont(self.font_family)
        font.setPixelSize(self.sizes[f"text_{role}"])
        font.setWeight(weight)
        font.setFeature(QFont.Tag("tnum"), 1)
        return font

    def style_sheet(self) -> str:
        """Return the Qt style sheet of this theme."""
        template = resource_path("themes", "base.qss").read_text(encoding="utf-8")
        icons = resource_path("icons").as_posix()
        tick = "check-dark" if self.is_dark else "check-light"
        tokens = {**self.colours, **{k: str(v) for k, v in self.sizes.items()}}
        tokens |= {"icons": icons, "tick": tick}
        return Template(template).substitute(tokens)

    def palette(self) -> QPalette:
        """Return the palette that unstyled corners and the platform's own widgets use."""
        palette = QPalette()
        roles = QPalette.ColorRole
        for role, token in (
            (roles.Window, "base"),
            (roles.Base, "raised"),
            (roles.AlternateBase, "overlay"),
            (roles.Button, "overlay"),
            (roles.WindowText, "text"),
            (roles.Text, "text"),
            (roles.ButtonText, "text"),
            (roles.BrightText, "text"),
            (roles.PlaceholderText, "text_faint"),
            (roles.ToolTipBase, "overlay"),
            (roles.ToolTipText, "text"),
            (roles.Highlight, "accent"),
            (roles.HighlightedText, "on_accent"),
            (roles.Link, "accent"),
            (roles.Mid, "line"),
        ):
            palette.setColor(role, self.colour(token))
        for role in (roles.WindowText, roles.Text, roles.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, role, self.colour("text_off"))
        return palette


def load_theme(theme_id: str) -> Theme:
    """Read a theme.

    Raises
    ------
    ThemeMissing
        Its files are absent or malformed.
    """
    try:
        look = tomllib.loads(
            resource_path("themes", f"{theme_id}.toml").read_text(encoding="utf-8")
        )
        sizes = tomllib.loads(resource_path("themes", "sizes.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise ThemeMissing("The theme can't be read.", "Install the program again.") from fault
    family = str(sizes.pop("font"))
    return Theme(theme_id, look["name"], look["is_dark"], look["colour"], sizes, family)


_current: list[Theme] = []


def current() -> Theme:
    """Return the theme in force; the dark one before any was applied."""
    if not _current:
        _current.append(load_theme("dark"))
    return _current[0]


def apply_theme(app: QApplication, theme_id: str) -> Theme:
    """Dress the whole program in a theme, at start or while it runs.

    Raises
    ------
    ThemeMissing
        There is no such theme.
    """
    theme = load_theme(theme_id)
    _load_fonts()
    _current[:] = [theme]
    app.setStyle("Fusion")
    app.setFont(theme.font())
    app.setPalette(theme.palette())
    app.setStyleSheet(theme.style_sheet())
    return theme


def _load_fonts() -> None:
    if current().font_family in QFontDatabase.families():
        return
    for name in _FONT_FILES:
        QFontDatabase.addApplicationFont(str(resource_path("fonts", name)))


def contrast_ratio(front: QColor, back: QColor) -> float:
    """Return the contrast of two opaque colours, 1 to 21.

    Source: WCAG 2.2, "contrast ratio" and "relative luminance".
    """
    bright, dim = sorted((_luminance(front), _luminance(back)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(colour: QColor) -> float:
    def linear(channel: float) -> float:
        return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(c) for c in (colour.redF(), colour.greenF(), colour.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
