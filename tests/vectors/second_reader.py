"""A reader of sealed objects written from viewer/vault/FORMAT.md alone; shares no code with it."""

from __future__ import annotations

import struct
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlcipher3 import dbapi2 as sqlcipher

OverviewRead = tuple[tuple[int, ...], tuple[int, ...], tuple[float, ...]]
"""Factors and sizes along planes, rows and columns, and the values in C order."""


class Refused(Exception):
    """The file is not what the document describes."""


def ctx(*parts: str | int) -> bytes:
    """Join texts and numbers as in §2."""
    texts = [str(part).encode() for part in parts]
    return b"".join(struct.pack(">I", len(text)) + text for text in texts)


def hkdf(key: bytes, info: bytes, salt: bytes | None = None) -> bytes:
    """Derive a key as in §2."""
    return HKDF(SHA256(), 32, salt, info).derive(struct.pack(">I", len(key)) + key)


def unwrap_patient_key(
    epoch_key: bytes, practice_id: str, patient_id: str, number: int, epoch: int, wrapped: bytes
) -> bytes:
    """Return a patient's key from its row in the catalog (§2)."""
    wrapping = hkdf(epoch_key, ctx("bitewing patient keys v1", practice_id, epoch))
    aad = ctx("bitewing patient key v2", patient_id, number, epoch)
    if number == 1:
        aad = ctx("bitewing patient key v1", patient_id, epoch)
    try:
        return AESGCM(wrapping).decrypt(wrapped[:12], wrapped[12:], aad)
    except InvalidTag:
        raise Refused("patient key") from None


def catalog_key(epoch_key: bytes, practice_id: str, epoch: int) -> bytes:
    """Return the raw key of the catalog in an epoch (§2)."""
    return hkdf(epoch_key, ctx("bitewing catalog v1", practice_id, epoch))


def open_store(folder: Path, epoch_key: bytes, practice_id: str, epoch: int) -> dict[str, bytes]:
    """Return what every object of a closed store holds, by object id (§1, §2, §4)."""
    connection = sqlcipher.connect(folder / "catalog.db", isolation_level=None)
    key = catalog_key(epoch_key, practice_id, epoch).hex()
    connection.execute(f"PRAGMA key = \"x'{key}'\"")
    try:
        rows = connection.execute(
            "SELECT objects.id, images.patient_id, patient_keys.number, epoch, wrapped FROM objects"
            " JOIN images ON images.id = objects.image_id JOIN patient_keys"
            " ON patient_keys.patient_id = images.patient_id AND patient_keys.number = key_number"
        ).fetchall()
    except sqlcipher.DatabaseError:
        raise Refused("catalog") from None
    finally:
        connection.close()
    opened = {}
    for object_id, patient_id, number, wrapped_in, wrapped in rows:
        if wrapped_in != epoch:
            raise Refused("epoch")
        patient = unwrap_patient_key(epoch_key, practice_id, patient_id, number, epoch, wrapped)
        raw = (folder / "objects" / object_id[:2] / object_id).read_bytes()
        opened[object_id] = open_object(raw, patient, object_id)
    return opened


def open_object(raw: bytes, patient_key: bytes, object_id: str) -> bytes:
    """Return what a sealed object holds (§3)."""
    if len(raw) < 80:
        raise Refused("header")
    header = raw[:80]
    magic, version, algorithm, packing, size, _, found_id, length = struct.unpack_from(
        ">8sHBBII16sQ", header
    )
    if magic != bytes.fromhex("8942574F424A0D0A") or header[76:] != bytes(4):
        raise Refused("magic")
    if (version, algorithm, packing) != (1, 1, 0):
        raise Refused("version")
    if size not in {1 << power for power in range(10, 25)} or length > 1 << 40:
        raise Refused("bounds")
    count = max(1, -(-length // size))
    if len(raw) != 80 + length + 16 * count:
        raise Refused("size")
    if found_id.hex() != object_id:
        raise Refused("object id")
    key = AESGCM(hkdf(patient_key, ctx("bitewing object v1", object_id), header[44:76]))
    plain = b""
    for index in range(count):
        start = 80 + index * (size + 16)
        nonce = bytes(3) + struct.pack(">Q?", index, index == count - 1)
        try:
            plain += key.decrypt(nonce, raw[start : start + size + 16], header)
        except InvalidTag:
            raise Refused(f"chunk {index}") from None
    return plain


def read_overview(plain: bytes, dtype: str, shape: tuple[int, int, int]) -> OverviewRead:
    """Return what an overview object of a volume of this dtype and shape holds (§5)."""
    *factors, zero = struct.unpack_from(">4H", plain)
    if zero or 0 in factors:
        raise Refused("overview")
    counts = tuple(-(-size // by) for size, by in zip(shape, factors, strict=True))
    letter = {"int16": "h", "uint16": "H", "uint8": "B", "int32": "i", "float32": "f"}[dtype]
    values = struct.unpack_from(f"<{counts[0] * counts[1] * counts[2]}{letter}", plain, 8)
    if len(plain) != 8 + struct.calcsize(letter) * len(values):
        raise Refused("overview")
    return tuple(factors), counts, values
