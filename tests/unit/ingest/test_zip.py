"""Archives: read as Python's own reader reads them, and bombs, lies and links that cost nothing."""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
from pathlib import Path

import psutil
import pytest

from tests.support import dicom_files
from tests.support.discs import write_disc
from tests.support.zip_files import Member, by_hand, ordinary
from viewer.dicom.errors import Malformed
from viewer.dicom.write import to_bytes
from viewer.ingest.arrival import Arrival, KeptFile, Refusal
from viewer.ingest.importer import read
from viewer.ingest.protocol import Contents
from viewer.ingest.zip_reader import LIMITS, Limits, contents, unpack


def _reading(content: bytes):  # type: ignore[no-untyped-def]
    def read_into(target: memoryview, offset: int) -> int:
        part = content[offset : offset + len(target)]
        target[: len(part)] = part
        return len(part)

    return read_into


def _contents(content: bytes, limits: Limits = LIMITS) -> Contents:
    return contents(_reading(content), len(content), limits)


def _read(*paths: Path) -> tuple[list[Arrival | KeptFile], list[Refusal]]:
    found = list(read(paths, progress=lambda *_: None, is_cancelled=lambda: False))
    refusals = [one for one in found if isinstance(one, Refusal)]
    return [one for one in found if not isinstance(one, Refusal)], refusals


@pytest.fixture
def picture() -> bytes:
    """Return a picture's file."""
    return to_bytes(dicom_files.bitewing())


def _saved(folder: Path, content: bytes, name: str = "sent.zip") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_entries_are_what_pythons_own_reader_unpacks(packing: int) -> None:
    files = {"a/b.bin": os.urandom(70_000), "empty": b"", "Zähne/bild.txt": b"x" * 400_000}
    content = ordinary(files, packing)
    found = _contents(content)
    assert found.refused == ()
    assert {"/".join(entry.names) for entry in found.entries} == set(files)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in found.entries:
            mine = unpack(_reading(content), len(content), entry)
            assert mine == archive.read("/".join(entry.names))


def test_an_archive_written_as_a_stream_and_one_with_wide_fields_are_read() -> None:
    class OneWay(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

    for target, wide in ((OneWay(), False), (io.BytesIO(), True)):
        with (
            zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open("slice", "w", force_zip64=wide) as stream,
        ):
            stream.write(b"content" * 1000)
        content = target.getvalue()
        entry = _contents(content).entries[0]
        assert unpack(_reading(content), len(content), entry) == b"content" * 1000


def test_a_table_with_64_bits_is_read_and_its_lies_are_not_believed() -> None:
    plain = ordinary({"a": b"x"}, zipfile.ZIP_STORED)
    end = plain.rfind(b"PK\5\6")
    count, _, size, start = struct.unpack_from("<HHII", plain, end + 8)
    record = struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, size, start)
    wide = plain[:end] + b"PK\6\6" + record + b"PK\6\7" + struct.pack("<IQI", 0, end, 1)
    wide += b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, 2**32 - 1, 2**32 - 1, 0)
    assert zipfile.ZipFile(io.BytesIO(wide)).namelist() == ["a"]
    assert [entry.names for entry in _contents(wide).entries] == [("a",)]
    lie = wide.replace(struct.pack("<QQ", count, count), struct.pack("<QQ", 2**62, 2**62))
    with pytest.raises(Malformed):
        _contents(lie)


def test_a_folder_of_slices_in_an_archive_is_the_volume_that_the_folder_is(tmp_path: Path) -> None:
    folder = tmp_path / "series"
    folder.mkdir()
    paths = dicom_files.save(folder, dicom_files.ct(planes=30))
    archive = ordinary({f"disc/IM/{path.name}": path.read_bytes() for path in paths})
    from_folder, _ = _read(folder)
    from_archive, refusals = _read(_saved(tmp_path, archive))
    assert refusals == []
    here, there = from_folder[0], from_archive[0]
    assert isinstance(here, Arrival)
    assert isinstance(there, Arrival)
    assert (there.picture.pixels == here.picture.pixels).all()
    assert there.picture.record.affine_lps == here.picture.record.affine_lps
    assert there.headers == here.headers


def test_a_disc_in_an_archive_is_read_whole_and_what_it_lacks_is_told(tmp_path: Path) -> None:
    disc = write_disc(tmp_path, [dicom_files.bitewing(), dicom_files.photo()])
    inside = {
        f"CD of Muster/{path.relative_to(disc)}": path.read_bytes()
        for path in disc.rglob("*")
        if path.is_file()
    }
    arrivals, refusals = _read(_saved(tmp_path, ordinary(inside)))
    assert (len(arrivals), refusals) == (2, [])
    lost = next(name for name in inside if not name.endswith("DICOMDIR"))
    del inside[lost]
    arrivals, refusals = _read(_saved(tmp_path, ordinary(inside)))
    assert len(arrivals) == 1
    assert [refusal.name_hint for refusal in refusals] == [Path(lost).name]


def test_an_archive_within_an_archive_is_opened_and_no_deeper_one(
    tmp_path: Path, picture: bytes
) -> None:
    other = to_bytes(dicom_files.photo())
    deepest = ordinary({"picture.dcm": to_bytes(dicom_files.bitewing())})
    inner = ordinary({"a.dcm": picture, "b.dcm": other, "deepest.zip": deepest})
    arrivals, refusals = _read(_saved(tmp_path, ordinary({"inner.zip": inner})))
    assert len(arrivals) == 2
    assert [one.name_hint for one in refusals] == ["deepest.zip"]
    assert "not opened" in refusals[0].reason


_NAMES = [
    "../../../../etc/cron.d/evil",
    "/etc/passwd",
    "C:\\Windows\\evil.dll",
    "..\\..\\evil",
    "..",
    "a/../..",
    "nul\0byte",
    "\u202egnp.exe",
    "x" * 5000,
]


def test_a_name_is_for_the_eyes_and_never_a_path(tmp_path: Path) -> None:
    folder = tmp_path / "in" / "here"
    folder.mkdir(parents=True)
    content = by_hand([Member(name.encode(), b"text", flags=1 << 11) for name in _NAMES])
    path = _saved(folder, content)
    before = sorted(tmp_path.rglob("*"))
    _, refusals = _read(path)
    assert len(refusals) == len(_NAMES)
    assert all(refusal.source.parent == path for refusal in refusals)
    assert sorted(tmp_path.rglob("*")) == before
    for entry in _contents(content).entries:
        assert (folder / entry.bare_name).resolve().parent == folder.resolve()
        assert entry.bare_name.isprintable()
        assert len(entry.bare_name) <= 120


def _overlapped(copies: int) -> bytes:
    """Return entries that all point at one kernel, as of Fifield's first construction."""
    kernel = Member(b"k", bytes(1 << 20))
    return by_hand([kernel, *(Member(b"k", bytes(1 << 20), at=0) for _ in range(copies))])


def _quoted() -> bytes:
    """Return a header that lies inside of another entry's stored content."""
    hidden = b"PK\3\4" + struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 0, 0, 3, 3, 1, 0) + b"hAAA"
    outer = Member(b"o", hidden, method=0)
    return by_hand([outer, Member(b"h", b"AAA", method=0, at=31, crc=0)])


def _bomb() -> bytes:
    return by_hand([Member(b"b.dcm", bytes(300 << 20))])


def _lying_size() -> bytes:
    return by_hand([Member(b"b.dcm", b"PK" * 100, size=(1 << 30) - 1)])


def _four_gibibytes() -> bytes:
    return by_hand([Member(b"b.dcm", b"x", method=0, size=0xFFFFFFFE)])


def _own_copy() -> bytes:
    """Return an archive one of whose entries is the archive itself, so far as sizes go."""
    inner = by_hand([Member(b"r.zip", b"PK\3\4" + bytes(400))])
    return by_hand([Member(b"r.zip", inner, at=None), Member(b"r.zip", inner, at=0)])


_HOSTILE = {
    "overlapped": _overlapped(200),
    "quoted": _quoted(),
    "bomb": _bomb(),
    "lying_size": _lying_size(),
    "four_gibibytes": _four_gibibytes(),
    "own_copy": _own_copy(),
    "no_table": b"PK\3\4" + bytes(400),
    "many": by_hand([], count=0xFFFE),
    "names_differ": by_hand([Member(b"a", b"x", local_name=b"b")]),
    "password": by_hand([Member(b"a.dcm", b"x" * 20, flags=1)]),
    "aes": by_hand([Member(b"a.dcm", b"x" * 20, method=99)]),
    "link": by_hand([Member(b"a", b"/etc/passwd", attributes=(stat.S_IFLNK | 0o777) << 16)]),
    "device": by_hand([Member(b"a", b"", attributes=(stat.S_IFCHR | 0o666) << 16)]),
    "other_packing": by_hand([Member(b"a.dcm", b"x" * 20, method=12)]),
    "wrong_checksum": by_hand([Member(b"a.dcm", to_bytes(dicom_files.photo()), crc=7)]),
    "before": b"PK\3\4junk" + ordinary({"a": b"x"}),
    "parts": ordinary({"a": b"x"})[:-18] + b"\1\0\1\0" + ordinary({"a": b"x"})[-14:],
}


def test_each_hostile_archive_costs_refusals_and_little_memory(tmp_path: Path) -> None:
    good = tmp_path / "z_good.dcm"
    good.write_bytes(to_bytes(dicom_files.bitewing()))
    paths = [_saved(tmp_path, content, f"{name}.zip") for name, content in _HOSTILE.items()]
    before = psutil.Process().memory_info().rss
    arrivals, refusals = _read(tmp_path)
    assert psutil.Process().memory_info().rss - before < 96 << 20
    assert len(arrivals) == 1
    refused = {path.name for each in refusals for path in (each.source, each.source.parent)}
    assert {path.name for path in paths} <= refused
    assert len(refusals) <= 2 * len(paths)
    assert all(refusal.reason and str(tmp_path) not in refusal.reason for refusal in refusals)
    assert sorted(tmp_path.iterdir()) == sorted([*paths, good])


def test_an_entry_never_unpacks_to_more_than_it_says() -> None:
    content = by_hand([Member(b"a", bytes(50 << 20), size=1000)])
    entry = _contents(content).entries[0]
    with pytest.raises(Malformed):
        unpack(_reading(content), len(content), entry)


def test_the_whole_archive_has_a_bound_too(tmp_path: Path) -> None:
    content = by_hand([Member(b"%d" % n, bytes(1 << 20)) for n in range(40)])
    assert len(_contents(content).entries) == 40
    with pytest.raises(Malformed, match="far more"):
        _contents(content, Limits(total_bytes=30 << 20))
    with pytest.raises(Malformed, match="more files"):
        _contents(content, Limits(entries=39))


def test_an_archive_that_is_changed_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = _saved(tmp_path, ordinary({"a.dcm": to_bytes(dicom_files.bitewing())}))
    other = ordinary({"a.dcm": to_bytes(dicom_files.photo())})

    def change(done: int, _total: int, _what: str) -> None:
        if done == 2:
            path.write_bytes(other)

    found = list(read([path], progress=change, is_cancelled=lambda: False))
    assert [type(one) for one in found] == [Refusal]
    assert "changed while it was read" in getattr(found[0], "reason", "")


def test_a_real_archive_is_read_entry_by_entry(shared_data: Path) -> None:
    path = shared_data / "dicom" / "dwv_sr_dicomdir" / "data" / "dwv-test_bad.zip"
    arrivals, refusals = _read(path)
    assert len(arrivals) == 1
    assert [refusal.source for refusal in refusals] == [path / "dwv-test_no-number-rows.dcm"]
    assert "how large" in refusals[0].reason
