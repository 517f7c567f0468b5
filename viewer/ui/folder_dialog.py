"""Asking for folders and files without a nested event loop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QFileDialog, QWidget

OnPath = Callable[[Path], None]


def ask_folder(parent: QWidget, title: str, on_path: OnPath) -> QFileDialog:
    """Ask for a folder; `on_path` is called if one is chosen."""
    dialog = QFileDialog(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    return _open(dialog, on_path)


def ask_file(parent: QWidget, title: str, on_path: OnPath) -> QFileDialog:
    """Ask for a file that exists."""
    dialog = QFileDialog(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    return _open(dialog, on_path)


def ask_files(
    parent: QWidget, title: str, on_paths: Callable[[list[Path]], None]
) -> QFileDialog:
    """Ask for one or more files that exist."""
    dialog = QFileDialog(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    dialog.filesSelected.connect(lambda chosen: on_paths([Path(each) for each in chosen]))
    return _open(dialog, lambda _: None)


def ask_where_to_save(parent: QWidget, title: str, name: str, on_path: OnPath) -> QFileDialog:
    """Ask where to write a file; `on_path` is called if a place is chosen."""
    dialog = QFileDialog(parent, title)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.selectFile(name)
    return _open(dialog, on_path)


def _open(dialog: QFileDialog, on_path: OnPath) -> QFileDialog:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    # The platform's own dialog may outlive the lock; Qt's closes with our windows.
    dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
    dialog.fileSelected.connect(lambda chosen: on_path(Path(chosen)))
    dialog.destroyed.connect(_forget_folders)
    dialog.open()
    return dialog


def _forget_folders() -> None:
    """Remove what Qt's dialog noted down of the folders where Qt's settings are not a file."""
    QSettings(QSettings.Scope.UserScope, "QtProject").remove("FileDialog")
