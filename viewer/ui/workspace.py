"""The middle of the shell: nothing yet, a picture coming, a radiograph or three planes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from PySide6.QtCore import QRectF, QSizeF, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QPainter, QPaintEvent
from PySide6.QtWidgets import QProgressBar, QStackedWidget, QWidget

from viewer.app.jobs import Progress
from viewer.model.image import ImageRecord, Picture
from viewer.model.view import WindowLevel
from viewer.ui import theme
from viewer.ui.film_strip import FilmStrip
from viewer.ui.kept_page import KeptPage
from viewer.ui.parts.buttons import button
from viewer.ui.parts.messages import Banner, picture
from viewer.ui.parts.words import Words, column, row
from viewer.ui.pictures import fitted
from viewer.ui.ports import Arriving, Identity, Pane, PaneFactory, VolumePane
from viewer.ui.thumbnails import Thumbnails
from viewer.ui.wording import image_words

_PATIENCE_MS = 500


class Workspace(QWidget):
    """A stack of pages over the film strip. Panes are made when they are first needed."""

    window_changed = Signal(object)
    import_wanted = Signal()
    cancel_wanted = Signal()

    def __init__(
        self, thumbnails: Thumbnails, radiographs: PaneFactory, volumes: PaneFactory
    ) -> None:
        super().__init__()
        self._factories = {False: radiographs, True: volumes}
        self._panes: dict[bool, Pane] = {}
        self.pane: Pane | None = None
        self.setProperty("surface", "canvas")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        layout = column(self, gap=0)
        self.banner = Banner()
        self.stack = QStackedWidget()
        self.empty = EmptyPage()
        self.empty.import_button.clicked.connect(self.import_wanted)
        self.coming = ComingPage(thumbnails)
        self.coming.cancel_button.clicked.connect(self.cancel_wanted)
        self.kept = KeptPage(thumbnails)
        for page in (self.empty, self.coming, self.kept):
            self.stack.addWidget(page)
        self.films = FilmStrip(thumbnails)
        self.films.hide()
        place = column()
        place.setContentsMargins(12, 0, 12, 0)
        place.addSpacing(0)
        place.addWidget(self.banner)
        layout.addLayout(place)
        layout.addWidget(self.stack, 1)
        layout.addWidget(self.films)

    def show_nothing(self, title: str, words: str, *, can_import: bool = True) -> None:
        """Empty the middle, and say what to do."""
        self.empty_panes()
        self.empty.say(title, words)
        self.empty.import_button.setVisible(can_import)
        self.films.hide()
        self.stack.setCurrentWidget(self.empty)

    def show_coming(self, image: ImageRecord) -> None:
        """Show the thumbnail large while the image is being unsealed."""
        self.empty_panes()
        self.coming.show_image(image)
        self.stack.setCurrentWidget(self.coming)

    def show_kept(self, image: ImageRecord) -> None:
        """Say what is known of a file that is kept and not shown."""
        self.empty_panes()
        self.kept.show_image(image)
        self.stack.setCurrentWidget(self.kept)

    def show_picture(self, shown: Picture, identity: Identity) -> None:
        """Hand a picture to the pane for its kind."""
        self.coming.stop()
        pane = self._pane_for(is_volume=shown.record.is_volume)
        pane.show_picture(shown, identity)
        self.pane = pane
        self.stack.setCurrentWidget(cast(QWidget, pane))

    def show_arriving(self, arriving: Arriving, identity: Identity) -> None:
        """Let the pane of volumes show what is there of one."""
        pane = cast(VolumePane, self._pane_for(is_volume=True))
        pane.show_arriving(arriving, identity)
        if self.pane is not pane:
            self.coming.stop()
            self.pane = pane
            self.stack.setCurrentWidget(cast(QWidget, pane))

    def empty_panes(self) -> None:
        """Empty every scene and drop every array."""
        self.coming.stop()
        self.kept.forget()
        self.banner.hide()
        for pane in self._panes.values():
            pane.clear()
        self.pane = None

    def dress(self) -> None:
        """Dress the panes, shown or not, in the theme in force."""
        for pane in self._panes.values():
            pane.dress()

    def _pane_for(self, *, is_volume: bool) -> Pane:
        if is_volume not in self._panes:
            made = self._factories[is_volume]()
            made.listen(self._tell_window)
            self._panes[is_volume] = made
            self.stack.addWidget(cast(QWidget, made))
        return self._panes[is_volume]

    def _tell_window(self, window: WindowLevel) -> None:
        self.window_changed.emit(window)


class EmptyPage(QWidget):
    """What to do when there is nothing to see."""

    def __init__(self) -> None:
        super().__init__()
        layout = column(self, gap=3)
        layout.setContentsMargins(32, 32, 32, 32)
        layout.addStretch(1)
        layout.addWidget(picture("bitewing", "text_off", 72), 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(8)
        self.title = Words("", "title", wrap=True)
        self.words = Words("", "lead-soft", wrap=True)
        for label in (self.title, self.words):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(label)
        layout.addSpacing(12)
        self.import_button = button(self.tr("Import images"), lambda: None, "", "import")
        self.import_button.setMinimumHeight(44)
        line = row()
        line.addStretch(1)
        line.addWidget(self.import_button)
        self._offers = line
        line.addStretch(1)
        layout.addLayout(line)
        self._cards = column(gap=3)
        self._cards.setContentsMargins(0, 20, 0, 0)
        layout.addLayout(self._cards)
        layout.addStretch(1)
        self._is_target = False

    def say(self, title: str, words: str) -> None:
        """Change what it teaches."""
        self.title.setText(title)
        self.words.setText(words)

    def offer(self, actions: Sequence[QAction]) -> None:
        """Offer these instead of an import: what there is to do in a role without images."""
        for action in actions:
            made = button(action.text(), action.trigger)
            made.setToolTip(action.toolTip())
            made.setMinimumHeight(44)
            self._offers.insertWidget(self._offers.count() - 1, made)

    def add_card(self, card: QWidget) -> None:
        """Lay a quiet offer below, where nobody has to answer it."""
        self._cards.addWidget(card, 0, Qt.AlignmentFlag.AlignHCenter)
        card.show()

    def set_target(self, is_target: bool) -> None:
        """Show that a drop would be taken."""
        self._is_target = is_target
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint black, and a dashed frame where something can be dropped."""
        look = theme.current()
        painter = QPainter(self)
        painter.fillRect(self.rect(), look.colour("canvas" if look.is_dark else "base"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = painter.pen()
        pen.setColor(look.colour("accent" if self._is_target else "line"))
        pen.setWidthF(2.0 if self._is_target else 1.0)
        pen.setDashPattern([6, 5])
        painter.setPen(pen)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(24, 24, -24, -24), 12, 12)


class ComingPage(QWidget):
    """The picture coming: its thumbnail, enlarged, and after half a second a bar and Cancel."""

    def __init__(self, thumbnails: Thumbnails) -> None:
        super().__init__()
        self._thumbnails = thumbnails
        self._image: ImageRecord | None = None
        self._card = QWidget(self)
        layout = column(self._card, margin=3, gap=2)
        self.words = Words("", "soft")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.cancel_button = button(self.tr("Cancel"), lambda: None, "quiet")
        for part in (self.words, self.bar, self.cancel_button):
            layout.addWidget(part)
        self._card.setFixedWidth(280)
        self._card.hide()
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_PATIENCE_MS)
        self._patience.timeout.connect(self._show_card)
        thumbnails.arrived.connect(lambda _: self.update())

    def show_image(self, image: ImageRecord) -> None:
        """Say which picture is coming."""
        self._image = image
        self.words.setText(self.tr("Opening {image}").format(image=image_words(image)))
        self.bar.setRange(0, 0)
        self._card.hide()
        self._patience.start()
        self.update()

    def show_progress(self, progress: Progress) -> None:
        """Move the bar."""
        self.bar.setRange(0, progress.total)
        self.bar.setValue(progress.done)

    def stop(self) -> None:
        """It is here, or never will be."""
        self._patience.stop()
        self._card.hide()
        self._image = None

    def _show_card(self) -> None:
        self._card.adjustSize()
        self._card.move((self.width() - self._card.width()) // 2, self.height() - 140)
        self._card.show()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the thumbnail over all of it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.current().colour("canvas"))
        small = self._thumbnails.look_up(self._image) if self._image else None
        if small is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.setOpacity(0.6)
            where = fitted(QSizeF(small.size()), QRectF(self.rect()))
            painter.drawPixmap(where, small, QRectF(small.rect()))
