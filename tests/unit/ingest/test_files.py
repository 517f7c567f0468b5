"""Finding and opening files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from viewer.ingest import files
from viewer.ingest.arrival import Refusal
from viewer.ingest.errors import FileRefused
from viewer.ingest.files import find, opened, require_dicom
from viewer.ingest.sniff import FileKind, sniff


def test_nested_folders_are_walked_in_a_stable_order(tmp_path: Path) -> None:
    for name in ("b/2", "b/1", "a", "c/d/3"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    names = [str(p.relative_to(tmp_path)) for p in find([tmp_path]) if isinstance(p, Path)]
    assert names == ["a", "b/1", "b/2", "c/d/3"]


def test_a_junction_of_windows_is_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("junction", "synchronised"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(b"x")
    tags = {"junction": 0xA0000003, "synchronised": 0x9000001A}
    monkeypatch.setattr(files, "_reparse_tag", lambda entry: tags.get(entry.name, 0))
    found = list(find([tmp_path]))
    assert found == [
        Refusal(tmp_path / "junction", files.LINK),
        tmp_path / "synchronised" / "file",
    ]
    assert list(find([tmp_path / "junction"])) == found[:1]


def test_a_link_is_not_opened_even_when_it_takes_a_files_place(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(FileRefused), opened(tmp_path / "link"):
        pass


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileRefused, match="plain"), opened(tmp_path / "pipe"):
        pass


def test_a_missing_file_is_refused_without_its_path_in_the_message(tmp_path: Path) -> None:
    with pytest.raises(FileRefused) as refused, opened(tmp_path / "gone"):
        pass
    assert str(tmp_path) not in str(refused.value)


def test_only_dicom_passes(tmp_path: Path) -> None:
    (tmp_path / "page").write_bytes(b"<html>" + bytes(300))
    with opened(tmp_path / "page") as file, pytest.raises(FileRefused, match="not an image"):
        require_dicom(file)


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (bytes(128) + b"DICM", FileKind.DICOM),
        (b"\x08\0\5\0CS\x0a\0ISO_IR 100", FileKind.DICOM),
        (b"\x08\0\0\0\4\0\0\0" + bytes(8), FileKind.DICOM),
        (b"\xff\xd8\xff\xe0" + bytes(20), FileKind.PICTURE),
        (b"II*\0" + bytes(20), FileKind.PICTURE),
        (b"PK\3\4" + bytes(20), FileKind.ARCHIVE),
        (b"{}", FileKind.OTHER),
        (b"", FileKind.OTHER),
    ],
)
def test_a_files_kind_is_told_from_its_first_bytes(start: bytes, kind: FileKind) -> None:
    assert sniff(start) is kind
