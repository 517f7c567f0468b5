"""The 80 bytes before the chunks: fixed, parsed before anything is allocated or decrypted."""

from __future__ import annotations

import secrets
import struct

import attrs

from viewer.crypto.aead import TAG_BYTES
from viewer.model.ids import ObjectId
from viewer.vault.errors import ObjectDamaged, StoreTooNew

MAGIC = b"\x89BWOBJ\r\n"
VERSION = 1
AES_256_GCM_STREAM = 1
UNCOMPRESSED = 0
SALT_BYTES = 32
CHUNK_BYTES = 1 << 20
SMALLEST_CHUNK_BYTES = 1 << 10
LARGEST_CHUNK_BYTES = 1 << 24
LARGEST_PLAIN_BYTES = 1 << 40

_LAYOUT = struct.Struct(">8sHBBII16sQ32s4x")
HEADER_BYTES = _LAYOUT.size


@attrs.frozen
class Header:
    """What a container says of itself; every byte of it is authenticated with every chunk.

    `plain_bytes` is the length of what was sealed; `epoch` the key epoch in force when it was
    written (it helps recovery and is not needed to open).
    """

    object_id: ObjectId
    epoch: int
    plain_bytes: int
    salt: bytes
    chunk_bytes: int = CHUNK_BYTES

    @classmethod
    def fresh(
        cls, object_id: ObjectId, epoch: int, plain_bytes: int, chunk_bytes: int = CHUNK_BYTES
    ) -> Header:
        """Return a header with its own random salt."""
        salt = secrets.token_bytes(SALT_BYTES)
        return cls(object_id, epoch, plain_bytes, salt, chunk_bytes)

    @property
    def chunk_count(self) -> int:
        """Number of chunks; an empty object has one, empty, too."""
        return max(1, -(-self.plain_bytes // self.chunk_bytes))

    @property
    def file_bytes(self) -> int:
        """The exact size of the whole file."""
        return HEADER_BYTES + self.plain_bytes + TAG_BYTES * self.chunk_count

    def sealed_offset(self, index: int) -> int:
        """Where chunk `index` begins in the file."""
        return HEADER_BYTES + index * (self.chunk_bytes + TAG_BYTES)

    def plain_span(self, index: int) -> tuple[int, int]:
        """Where chunk `index` begins and ends in the plain bytes."""
        start = index * self.chunk_bytes
        return start, min(start + self.chunk_bytes, self.plain_bytes)

    def is_final(self, index: int) -> bool:
        """Whether chunk `index` is the last."""
        return index == self.chunk_count - 1

    def pack(self) -> bytes:
        """Return the 80 bytes as they stand in the file."""
        return _LAYOUT.pack(
            MAGIC,
            VERSION,
            AES_256_GCM_STREAM,
            UNCOMPRESSED,
            self.chunk_bytes,
            self.epoch,
            bytes.fromhex(self.object_id),
            self.plain_bytes,
            self.salt,
        )


def parse_header(raw: bytes, file_bytes: int) -> Header:
    """Parse the beginning of a file whose size on disk is `file_bytes`.

    Nothing here is trusted yet, only checked to be possible: in particular the plain length must
    account for the file's size to the byte, so a lying length never leads to an allocation.

    Raises
    ------
    StoreTooNew
        A later version, algorithm or compression.
    ObjectDamaged
        Not a container, or not a whole one.
    """
    if len(raw) != HEADER_BYTES:
        raise ObjectDamaged
    magic, version, algorithm, packing, chunk, epoch, object_id, plain, salt = _LAYOUT.unpack(raw)
    if magic != MAGIC or raw[-4:] != bytes(4):
        raise ObjectDamaged
    if (version, algorithm, packing) != (VERSION, AES_256_GCM_STREAM, UNCOMPRESSED):
        raise StoreTooNew
    is_power_of_two = chunk & (chunk - 1) == 0
    if not (SMALLEST_CHUNK_BYTES <= chunk <= LARGEST_CHUNK_BYTES and is_power_of_two):
        raise ObjectDamaged
    header = Header(ObjectId(object_id.hex()), epoch, plain, salt, chunk)
    if plain > LARGEST_PLAIN_BYTES or header.file_bytes != file_bytes:
        raise ObjectDamaged
    return header
