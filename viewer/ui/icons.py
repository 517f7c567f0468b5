"""The program's own icons: SVG on a 24 px grid, coloured by theme tokens, sharp at any scale."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from viewer.model.image import ImageKind
from viewer.model.resources import resource_path
from viewer.ui import theme

KIND_ICONS = {
    ImageKind.BITEWING: "bitewing",
    ImageKind.PERIAPICAL: "periapical",
    ImageKind.PANORAMIC: "panoramic",
    ImageKind.CEPHALOMETRIC: "ceph",
    ImageKind.PHOTO: "photo",
    ImageKind.CBCT: "cbct",
    ImageKind.MODEL: "model",
    ImageKind.DOCUMENT: "document",
    ImageKind.OTHER: "other",
}
_RATIOS = (1.0, 1.5, 2.0, 3.0)


@lru_cache(maxsize=256)
def _source(name: str) -> str:
    return resource_path("icons", f"{name}.svg").read_text(encoding="utf-8")


@lru_cache(maxsize=512)
def _render(name: str, colour: str, size: int, ratio: float, gap: int = 0) -> QPixmap:
    renderer = QSvgRenderer(QByteArray(_source(name).replace("currentColor", colour).encode()))
    side = round(size * ratio)
    pixmap = QPixmap(QSize(side + round(gap * ratio), side))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(0, 0, side, side))
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def pixmap(name: str, token: str = "text_soft", size: int = 20, ratio: float = 1.0) -> QPixmap:
    """Return an icon as a pixmap of `size` device-independent pixels in a token's colour.

    Raises
    ------
    FileNotFoundError
        There is no such icon.
    """
    return _render(name, theme.current().colours[token], size, ratio)


def icon(
    name: str, token: str = "text_soft", on_token: str = "accent", size: int = 20, gap: int = 0
) -> QIcon:
    """Return an icon in the current theme, with its disabled and checked looks.

    `gap` px at its right stay free: Qt sets words too close to an icon.

    Raises
    ------
    FileNotFoundError
        There is no such icon.
    """
    looks = (
        (QIcon.Mode.Normal, QIcon.State.Off, token),
        (QIcon.Mode.Normal, QIcon.State.On, on_token),
        (QIcon.Mode.Disabled, QIcon.State.Off, "text_off"),
        (QIcon.Mode.Disabled, QIcon.State.On, "text_off"),
    )
    made = QIcon()
    for mode, state, colour_token in looks:
        for ratio in _RATIOS:
            colour = theme.current().colours[colour_token]
            made.addPixmap(_render(name, colour, size, ratio, gap), mode, state)
    return made
