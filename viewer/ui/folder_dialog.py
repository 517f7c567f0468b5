"""Asking for folders and files without a nested event loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QFileDialog, QGridLayout, QWidget

from viewer.ui.parts.buttons import button
from viewer.ui.parts.cards import touchable

OnPath = Callable[[Path], None]
_ROOMY_PX = (880, 600)
OnPaths = Callable[[Sequence[Path]], None]


def ask_folder(parent: QWidget, title: str, on_path: OnPath) -> QFileDialog:
    """Ask for a folder; `on_path` is called if one is chosen."""
    dialog = QFileDialog(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    return _open(dialog, on_path)


def ask_to_import(parent: QWidget, title: str, at: Path | None, on_paths: OnPaths) -> QFileDialog:
    """Ask for files, as many as wanted, or for folders: a button of its own takes those.

    Parameters
    ----------
    at : Path or None
        Where it opens.
    """
    dialog = QFileDialog(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    dialog.setLabelText(QFileDialog.DialogLabel.Accept, parent.tr("Import files"))
    opened = _prepared(dialog)
    dialog.resize(*_ROOMY_PX)
    if at is not None and at.is_dir():
        dialog.setDirectory(str(at))
    whole = touchable(button(parent.tr("Import this whole folder"), lambda: _take_folder(dialog)))
    whole.setObjectName("whole_folder")
    layout = dialog.layout()
    if isinstance(layout, QGridLayout):
        layout.addWidget(whole, layout.rowCount(), 1)
    dialog.filesSelected.connect(lambda chosen: on_paths([Path(each) for each in chosen]))
    opened.open()
    return opened


def _take_folder(dialog: QFileDialog) -> None:
    """Choose the folders that are marked, or the one that is shown."""
    marked = [path for path in map(Path, dialog.selectedFiles()) if path.is_dir()]
    folders = marked or [Path(dialog.directory().absolutePath())]
    dialog.filesSelected.emit([str(each) for each in folders])
    dialog.close()


def ask_file(parent: QWidget, title: str, on_path: OnPath) -> QFileDialog:
    """Ask for a file that exists."""
    dialog = QFileDialog(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    return _open(dialog, on_path)


def ask_files(parent: QWidget, title: str, on_paths: Callable[[list[Path]], None]) -> QFileDialog:
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
    _prepared(dialog)
    dialog.fileSelected.connect(lambda chosen: on_path(Path(chosen)))
    dialog.open()
    return dialog


def _prepared(dialog: QFileDialog) -> QFileDialog:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    # The platform's own dialog may outlive the lock; Qt's closes with our windows.
    dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
    dialog.destroyed.connect(_forget_folders)
    return dialog


def _forget_folders() -> None:
    """Remove what Qt's dialog noted down of the folders where Qt's settings are not a file."""
    QSettings(QSettings.Scope.UserScope, "QtProject").remove("FileDialog")
