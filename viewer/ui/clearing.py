"""The end of everything on screen: windows, popups, drags, grabs, tooltips, what was copied.

Nothing here waits for an answer or for a loop. Windows are hidden, which a window cannot refuse as
it can a close, and deleted with the next turn of the loop; a dialog that is hidden tells nobody
that it was accepted or rejected, so no caller goes on.
"""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QClipboard, QDrag, QGuiApplication, QPixmapCache, QWindow
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QMenu, QToolTip, QWhatsThis, QWidget

from viewer.ui.parts.fields import PasswordField
from viewer.ui.parts.groups import GroupFields
from viewer.ui.pin_pad import PinPad

_TOOLTIP = "QTipLabel"
"""Qt's own window for tooltips, which it deletes by itself."""

_WITHOUT_OTHERS = {"offscreen", "minimal"}
"""Platforms whose clipboard no other program shares, and which own nothing."""


def clear_screen(kept: tuple[type[QWidget], ...] = ()) -> None:
    """Take everything off every screen but windows of these kinds, for good."""
    stop_hands()
    for _ in range(100):
        popup = QApplication.activePopupWidget()
        if popup is None:
            break
        popup.hide()
        popup.close()
    QToolTip.hideText()
    QWhatsThis.leaveWhatsThisMode()
    QGuiApplication.inputMethod().reset()
    windows = [each for each in QApplication.topLevelWidgets() if not _is_of(each, kept)]
    for window in windows:
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=False)
        window.hide()
        if _stands_alone(window):
            window.deleteLater()
    for bare in QGuiApplication.topLevelWindows():
        if bare.isVisible() and not _belongs_to(bare, kept):
            bare.hide()
    is_private = QGuiApplication.platformName() in _WITHOUT_OTHERS
    clear_own_clipboard(QGuiApplication.clipboard(), is_private=is_private)
    QPixmapCache.clear()


def _stands_alone(window: QWidget) -> bool:
    """Whether a window is nobody's part: others go with what they belong to.

    A completer or a tooltip of Qt's deletes its own popup, which has no parent.
    """
    if window.windowType() is Qt.WindowType.Popup and not isinstance(window, QMenu):
        return False
    if window.metaObject().className() == _TOOLTIP:
        return False
    return window.parentWidget() is None or isinstance(window, QDialog)


def stop_hands() -> None:
    """End drags under way, and take mouse and keyboard from whoever grabbed them."""
    if any(window.findChildren(QDrag) for window in QApplication.topLevelWidgets()):
        QDrag.cancel()
    for grabber, release in (
        (QWidget.mouseGrabber(), QWidget.releaseMouse),
        (QWidget.keyboardGrabber(), QWidget.releaseKeyboard),
    ):
        if grabber is not None:
            release(grabber)
    while QApplication.overrideCursor() is not None:
        QApplication.restoreOverrideCursor()


def forget_typed() -> None:
    """Empty every field for a secret, in whatever window is there, shown plainly or not."""
    for window in QApplication.topLevelWidgets():
        for field in window.findChildren(PasswordField):
            field.wipe()
        for groups in window.findChildren(GroupFields):
            groups.wipe()
        for pad in window.findChildren(PinPad):
            pad.wipe()
        for line in window.findChildren(QLineEdit):
            if line.echoMode() is not QLineEdit.EchoMode.Normal:
                line.clear()


class Clipboard(Protocol):
    """What is used of Qt's clipboard."""

    def supportsSelection(self) -> bool: ...  # noqa: D102
    def supportsFindBuffer(self) -> bool: ...  # noqa: D102
    def ownsClipboard(self) -> bool: ...  # noqa: D102
    def ownsSelection(self) -> bool: ...  # noqa: D102
    def ownsFindBuffer(self) -> bool: ...  # noqa: D102
    def clear(self, mode: QClipboard.Mode) -> None: ...  # noqa: D102


def clear_own_clipboard(clipboard: Clipboard, *, is_private: bool = False) -> None:
    """Empty what we copied or selected; what another program copied stays."""
    if clipboard.ownsClipboard() or is_private:
        clipboard.clear(QClipboard.Mode.Clipboard)
    if clipboard.supportsSelection() and clipboard.ownsSelection():
        clipboard.clear(QClipboard.Mode.Selection)
    if clipboard.supportsFindBuffer() and clipboard.ownsFindBuffer():
        clipboard.clear(QClipboard.Mode.FindBuffer)


def _is_of(widget: QWidget, kept: tuple[type[QWidget], ...]) -> bool:
    """Whether a window is of a kind that stays, or belongs to one."""
    owner: QWidget | None = widget
    while owner is not None:
        if isinstance(owner, kept):
            return True
        owner = owner.parentWidget()
    return False


def _belongs_to(window: QWindow, kept: tuple[type[QWidget], ...]) -> bool:
    return any(
        isinstance(widget, kept) and widget.windowHandle() is window
        for widget in QApplication.topLevelWidgets()
    )
