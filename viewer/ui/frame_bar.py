"""The line below a picture of several frames: a slider, play and pause, which frame of how many."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QSlider, QWidget

from viewer.ui.parts.buttons import IconButton
from viewer.ui.parts.words import Words

_MS_PER_FRAME = 100
_TOUCH_PX = 44


class FrameBar(QWidget):
    """Chooses a frame. Emits `frame_wanted` (from 0). Hidden for a single frame."""

    frame_wanted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 4, 12, 4)
        layout.setSpacing(8)
        self.play = IconButton("play", self.tr("Play the frames"), size="touch")
        self.play.setMinimumSize(_TOUCH_PX, _TOUCH_PX)
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.slider.setProperty("target", "touch")
        self.slider.setMinimumHeight(_TOUCH_PX)
        self.slider.setAccessibleName(self.tr("Frame"))
        self.words = Words("", "soft")
        layout.addWidget(self.play)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.words)
        self._clock = QTimer(self)
        self._clock.setInterval(_MS_PER_FRAME)
        self._clock.timeout.connect(self.next_in_turn)
        self.play.clicked.connect(self.toggle)
        self.slider.valueChanged.connect(self._on_slider)
        self.hide()

    @property
    def count(self) -> int:
        """How many frames there are."""
        return self.slider.maximum() + 1

    @property
    def is_playing(self) -> bool:
        """Whether the frames go by."""
        return self._clock.isActive()

    def show_frames(self, count: int, frame: int = 0) -> None:
        """Offer so many frames; nothing is emitted."""
        self.stop()
        self.slider.blockSignals(True)
        self.slider.setRange(0, max(count, 1) - 1)
        self.slider.setPageStep(max(count // 10, 1))
        self.slider.setValue(frame)
        self.slider.blockSignals(False)
        self._say()
        self.setVisible(count > 1)

    def step(self, by: int) -> None:
        """Go some frames on or back, as far as there are any."""
        self.slider.setValue(self.slider.value() + by)

    def next_in_turn(self) -> None:
        """Go one frame on; after the last comes the first."""
        self.slider.setValue((self.slider.value() + 1) % self.count)

    def toggle(self) -> None:
        """Play, or stop playing."""
        if self.is_playing:
            self.stop()
        elif self.count > 1:
            self._clock.start()
            self.play.set_icon("pause")
            self.play.set_words(self.tr("Stop the frames"))

    def stop(self) -> None:
        """Stay at this frame."""
        self._clock.stop()
        self.play.set_icon("play")
        self.play.set_words(self.tr("Play the frames"))

    def _on_slider(self, frame: int) -> None:
        self._say()
        self.frame_wanted.emit(frame)

    def _say(self) -> None:
        self.words.setText(f"{self.slider.value() + 1} / {self.count}")
