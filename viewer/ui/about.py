"""Version and licences."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from viewer import __version__
from viewer.ui.parts.messages import picture
from viewer.ui.parts.words import Words, column


class AboutPanel(QWidget):
    """The content of a sheet."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedWidth(500)
        layout = column(self, margin=6, gap=3)
        layout.addWidget(picture("mark", "accent", 56), 0, Qt.AlignmentFlag.AlignHCenter)
        for words, role in (
            ("Bitewing", "title"),
            (self.tr("Version {number}").format(number=__version__), "soft"),
            (self.tr("Dental images, sealed where they lie, and a record of who looked."), "body"),
            (
                self.tr(
                    "Apache-2.0. Built with Qt for Python (LGPL-3.0), VTK (BSD-3-Clause) and the "
                    "typeface Inter (OFL-1.1). Not a medical device."
                ),
                "small",
            ),
        ):
            label = Words(words, role, wrap=True)
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(label)
