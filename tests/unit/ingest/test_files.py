"""Finding and opening files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from viewer.ingest import files
from viewer.ingest.arrival import Refusal
from viewer.ingest.errors import FileRefused
from viewer.ingest.files import find, opened
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


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (bytes(128) + b"DICM", FileKind.DICOM),
        (b"\x08\0\5\0CS\x0a\0ISO_IR 100", FileKind.DICOM),
        (b"\x08\0\0\0\4\0\0\0" + bytes(8), FileKind.DICOM),
        (
            bytes(128) + b"DICM\2\0\0\0UL\4\0xxxx\2\0\2\0UI\x14\x001.2.840.10008.1.3.10",
            FileKind.DICOMDIR,
        ),
        (b"\xff\xd8\xff\xe0" + bytes(20), FileKind.PHOTO),
        (b"II*\0" + bytes(20), FileKind.PHOTO),
        (b"\0\0\0\x18ftypheic" + bytes(20), FileKind.PHOTO),
        (b"PK\3\4" + bytes(20), FileKind.ZIP),
        (b"PK\5\6" + bytes(18), FileKind.ZIP),
        (b"ply\nformat ascii 1.0\n", FileKind.MESH),
        (b"solid jaw\n  facet normal 0 0 1\n", FileKind.MESH),
        (b"NRRD0004\ntype: short\n", FileKind.VOLUME),
        (b"ObjectType = Image\nNDims = 3\n", FileKind.VOLUME),
        (b"\x5c\1\0\0" + bytes(340) + b"n+1\0", FileKind.VOLUME),
        (b"%PDF-1.4\n", FileKind.PDF),
        (b"{}", FileKind.OTHER),
        (b"", FileKind.OTHER),
    ],
)
def test_a_files_kind_is_told_from_its_first_bytes(start: bytes, kind: FileKind) -> None:
    assert sniff(start) is kind


@pytest.mark.parametrize(
    ("start", "name", "size", "kind"),
    [
        (b"# jaw\nv 1 2 3\n", "jaw.OBJ", 40, FileKind.MESH),
        (b"# jaw\nv 1 2 3\n", "notes.txt", 40, FileKind.OTHER),
        (bytes(80) + b"\2\0\0\0" + bytes(100), "", 184, FileKind.MESH),
        (bytes(80) + b"\2\0\0\0" + bytes(100), "", 185, FileKind.OTHER),
        (b"\x1f\x8b\x08" + bytes(20), "head.nii.gz", 900, FileKind.VOLUME),
        (b"\x1f\x8b\x08" + bytes(20), "head.tar.gz", 900, FileKind.OTHER),
        (bytes(128) + b"DICM", "jaw.obj", 900, FileKind.DICOM),
    ],
)
def test_a_name_counts_only_where_the_content_cannot_tell(
    start: bytes, name: str, size: int, kind: FileKind
) -> None:
    assert sniff(start, name, size) is kind
