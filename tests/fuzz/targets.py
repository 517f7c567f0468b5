"""What reads bytes that a stranger may have written, and how each is fed.

A target takes any bytes and returns; only a `BitewingError` (or what it documents instead) may
come out of what it calls, and that is caught here. Everything else is a finding.
"""

from __future__ import annotations

import io
from contextlib import suppress

import numpy as np

from tests.fuzz import incoming
from tests.fuzz.scratch import scratch
from tests.fuzz.target import Target
from viewer.crypto.secret import Secret
from viewer.model.errors import BitewingError
from viewer.model.ids import ImageId, ObjectId, PatientId, SeriesUid, SopUid, StudyUid
from viewer.model.image import GreyScale, ImageKind, ImageRecord, Photometric
from viewer.model.json import from_json, to_json
from viewer.model.patient import Patient, Series, Study
from viewer.session.accounts import Practice
from viewer.session.keystore import MemoryKeyStore
from viewer.session.recovery import RecoveryKey
from viewer.vault.backup import manifest
from viewer.vault.backup.repository import Repository
from viewer.vault.certificate import verify_certificate
from viewer.vault.layout import Layout
from viewer.vault.overview import unpack_overview
from viewer.vault.pictures import unpack_thumbnail
from viewer.vault.v1.container import ContainerReader, object_cipher, write_container
from viewer.vault.v1.header import HEADER_BYTES, Header, parse_header

_ID = ObjectId("0123456789abcdef" * 2)
_KEY = Secret(b"k" * 32)
_CHUNK = 1024
_RECORD = ImageRecord(
    ImageId("1" * 32),
    PatientId("2" * 32),
    StudyUid("1.2"),
    SeriesUid("1.2.3"),
    (SopUid("1.2.3.4"),),
    "1.2.840.10008.5.1.4.1.1.2",
    "CT",
    ImageKind.CBCT,
    (7, 9, 11),
    "int16",
    GreyScale(Photometric.MONOCHROME2, bits_stored=12),
)
_PATIENT = Patient(PatientId("2" * 32), "BW-1", "Muster", "Eva")


def _header(raw: bytes) -> None:
    size = int.from_bytes(raw[HEADER_BYTES : HEADER_BYTES + 6], "big")
    with suppress(BitewingError):
        parse_header(raw[:HEADER_BYTES], size)


def _container(raw: bytes) -> None:
    path = scratch() / "object"
    path.write_bytes(raw)
    with suppress(BitewingError):
        reader = ContainerReader(path, _ID, _KEY)
        plain = bytearray(reader.header.plain_bytes)
        reader.open_into(memoryview(plain), lambda: None)


def _thumbnail(raw: bytes) -> None:
    with suppress(BitewingError):
        unpack_thumbnail(raw)


def _overview(raw: bytes) -> None:
    with suppress(BitewingError):
        unpack_overview(_RECORD, np.frombuffer(raw, np.uint8))


def _manifest(raw: bytes) -> None:
    with suppress(BitewingError):
        made = manifest.from_bytes(raw)
        _ = [made.name, made.head, made.parts]


def _object_list(raw: bytes) -> None:
    with suppress(BitewingError):
        assert manifest.pack_ids(manifest.unpack_ids(raw)) is not None


def _backup_marker(raw: bytes) -> None:
    (scratch() / "bitewing-backup.json").write_bytes(raw)
    with suppress(BitewingError):
        Repository.open(scratch())


def _key_sheet(raw: bytes) -> None:
    folder = scratch() / "sheet"
    folder.mkdir(exist_ok=True)
    (folder / "bitewing-backup.json").write_bytes(_MARKER)
    (folder / "keys-000001-a.json").write_bytes(raw)
    with suppress(BitewingError):
        Repository.open(folder).key_sheet()


def _accounts(raw: bytes) -> None:
    folder = scratch() / "restored"
    recovery = RecoveryKey(Secret(b"r" * 32))
    with suppress(BitewingError):
        Practice.restored(folder, MemoryKeyStore(), raw, recovery, "Olga", "maple wagon teapot")
    (folder / "accounts.json").unlink(missing_ok=True)


def _records(raw: bytes) -> None:
    for kind in (ImageRecord, Patient, Study, Series):
        with suppress(ValueError):  # the catalog's rows are authenticated before this
            from_json(raw, kind)


def _recovery_text(raw: bytes) -> None:
    with suppress(BitewingError):
        RecoveryKey.from_text(raw.decode("utf-8", errors="replace"))


def _store_marker(raw: bytes) -> None:
    folder = scratch() / "marked"
    folder.mkdir(exist_ok=True)
    (folder / "vault.json").write_bytes(raw)
    with suppress(BitewingError):
        Layout(folder).check_marker()


def _certificate(raw: bytes) -> None:
    with suppress(BitewingError):
        verify_certificate(raw, b"p" * 32)


def _sealed(plain: bytes) -> bytes:
    header = Header.fresh(_ID, 1, len(plain), _CHUNK)
    file = io.BytesIO()
    write_container(file, header, object_cipher(_KEY, header), memoryview(plain), lambda: None)
    return file.getvalue()


_MARKER = (
    b'{"format": "bitewing backup", "version": 1, "repository": "' + b"3" * 32
    + b'", "practice": "' + b"4" * 32 + b'"}'
)  # fmt: skip
_SHEET = (
    b'{"format":"bitewing backup keys","version":1,"sheet":"{}","sha256":'
    b'"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}'
)
_MANIFEST = (
    b'{"format":1,"practice_id":"p","repository_id":"r","number":1,"id":"' + b"5" * 32
    + b'","epoch":1,"made":"2026-11-22T10:00:00+00:00","workstation":"w","generation":3,'
    b'"head_digest":"ab","catalog_id":"c","files":[{"name":"catalog.db","parts":[{"id":"'
    + b"6" * 32 + b'","size_bytes":9,"sha256":"ff"}]}],"object_count":1,"object_bytes":2,'
    b'"damaged":[],"elsewhere":[]}'
)  # fmt: skip
_ACCOUNTS = b'{"format":1,"practice_id":"p","practice_name":"n","users":[],"epochs":[]}'

STORED: dict[str, Target] = {
    "header": Target(
        _header,
        (Header.fresh(_ID, 1, 5).pack() + (101).to_bytes(6, "big"), bytes(HEADER_BYTES + 6)),
    ),
    "container": Target(
        _container, (_sealed(b""), _sealed(b"x" * 100), _sealed(b"y" * (2 * _CHUNK + 7)))
    ),
    "thumbnail": Target(_thumbnail, (b"\0\2\0\3\0\1\0\0" + bytes(6), b"\0\1\0\1\0\3\0\0abc")),
    "overview": Target(_overview, (b"\0\2\0\2\0\2\0\0" + bytes(2 * 4 * 5 * 6), b"\0\1\0\1")),
    "manifest": Target(_manifest, (_MANIFEST, b'{"format":2}')),
    "object list": Target(_object_list, (b"", bytes(range(32)), bytes(17))),
    "backup marker": Target(_backup_marker, (_MARKER, b"[]", b'{"version": 2}')),
    "key sheet": Target(_key_sheet, (_SHEET, b"{}")),
    "accounts": Target(_accounts, (_ACCOUNTS, b'{"book": {}, "mac": "00"}')),
    "records": Target(_records, (to_json(_RECORD).encode(), to_json(_PATIENT).encode(), b"{}")),
    "recovery text": Target(
        _recovery_text, (RecoveryKey(Secret(b"r" * 32)).text.encode(), b"0OIL-1234")
    ),
    "store marker": Target(_store_marker, (b'{"format": "bitewing store", "version": 1}', b"null")),
    "certificate": Target(_certificate, (b'{"certificate":{},"signature":"00"}',)),
}
"""Parsers of what lies in a store, by name."""

INCOMING = incoming.targets()
"""Parsers of files from outside, by name."""

TARGETS = STORED | INCOMING
