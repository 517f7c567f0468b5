"""Writes tests/vectors/container anew: ``python tests/vectors/make_container_vectors.py``.

Made with the second reader's primitives, not with the product's writer, so that the vectors test
both. Keys, ids and salts are fixed: the same files come out each time.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.vectors.second_reader import ctx, hkdf

FOLDER = Path(__file__).parent / "container"
KEY = hashlib.sha256(b"patient key of the vectors").digest()
ID = hashlib.sha256(b"object id of the vectors").hexdigest()[:32]
CHUNK = 1024


def plain_of(size: int) -> bytes:
    """Return bytes that are easy to make in any language: i * 7 mod 251."""
    return bytes(i * 7 % 251 for i in range(size))


def header_of(size: int, **changed: int) -> bytes:
    """Return a header; `changed` replaces version, algorithm, packing or chunk."""
    field = {"version": 1, "algorithm": 1, "packing": 0, "chunk": CHUNK, "epoch": 1} | changed
    salt = hashlib.sha256(b"salt of the vectors" + bytes([size % 256])).digest()
    return (
        bytes.fromhex("8942574F424A0D0A")
        + struct.pack(">HBB", field["version"], field["algorithm"], field["packing"])
        + struct.pack(">II", field["chunk"], field["epoch"])
        + bytes.fromhex(ID)
        + struct.pack(">Q", size)
        + salt
        + bytes(4)
    )


def chunks_of(size: int, header: bytes, *, final_flag: bool = True) -> list[bytes]:
    """Return the sealed chunks; without `final_flag` even the last says that more follow."""
    key = AESGCM(hkdf(KEY, ctx("bitewing object v1", ID), header[44:76]))
    plain, count = plain_of(size), max(1, -(-size // CHUNK))
    return [
        key.encrypt(
            bytes(3) + struct.pack(">Q?", index, final_flag and index == count - 1),
            plain[index * CHUNK : (index + 1) * CHUNK],
            header,
        )
        for index in range(count)
    ]


def sealed_with(
    nonce_of: Callable[[int], tuple[int, bool]],
    *,
    context: bytes | None = None,
    patient_key: bytes = KEY,
    object_id: str = ID,
) -> bytes:
    """Return a container of 3000 bytes that is genuine but for what is asked otherwise.

    `nonce_of` gives the number (of 11 bytes) and the flag that a chunk is sealed with.
    """
    header = header_of(3000)
    header = header[:20] + bytes.fromhex(object_id) + header[36:]
    key = AESGCM(hkdf(patient_key, ctx("bitewing object v1", object_id), header[44:76]))
    plain = plain_of(3000)
    body = b""
    for index in range(3):
        number, is_final = nonce_of(index)
        nonce = number.to_bytes(11, "big") + bytes([is_final])
        part = plain[index * CHUNK : (index + 1) * CHUNK]
        body += key.encrypt(nonce, part, header if context is None else context)
    return header + body


def whole(size: int, **changed: int) -> bytes:
    """Return a whole container."""
    header = header_of(size, **changed)
    return header + b"".join(chunks_of(size, header))


def flipped(raw: bytes, offset: int) -> bytes:
    """Return the bytes with the lowest bit at `offset` flipped."""
    return raw[:offset] + bytes([raw[offset] ^ 1]) + raw[offset + 1 :]


def good() -> dict[str, tuple[bytes, int]]:
    """Return name → (file, plain length) of what must open."""
    sizes = {"empty": 0, "one-byte": 1, "one-chunk": CHUNK, "two-chunks": CHUNK + 1, "many": 4500}
    return {name: (whole(size), size) for name, size in sizes.items()}


def bad() -> dict[str, tuple[bytes, str]]:
    """Return name → (file, its ONE failure) of what must not open."""
    raw, header = whole(3000), header_of(3000)
    first, second, last = chunks_of(3000, header)
    lying = header[:36] + struct.pack(">Q", 1 << 39) + header[44:]
    too_long = header[:36] + struct.pack(">Q", (1 << 64) - 1) + header[44:]
    shorter = header[:36] + struct.pack(">Q", 2 * CHUNK) + header[44:]
    small = whole(700)
    return {
        "bad-magic": (flipped(raw, 0), "the magic's first byte"),
        "bad-version": (whole(3000, version=2), "a later version, else genuine"),
        "bad-algorithm": (whole(3000, algorithm=2), "an unknown algorithm, else genuine"),
        "bad-compression": (whole(3000, packing=1), "a reserved compression, else genuine"),
        "bad-epoch": (flipped(raw, 19), "one bit of the epoch: only the tags know"),
        "bad-id": (flipped(raw, 20), "one bit of the object id"),
        "bad-salt": (flipped(raw, 44), "one bit of the salt"),
        "bad-zeros": (flipped(raw, 79), "the last header byte is not zero"),
        "bad-chunk-size": (whole(3000, chunk=1000), "a chunk size that is no power of two"),
        "chunk-too-small": (whole(3000, chunk=512), "a chunk size below 2^10, else genuine"),
        "chunk-too-large": (whole(3000, chunk=1 << 25), "a chunk size above 2^24, else genuine"),
        "other-chunk-size": (
            small[:12] + struct.pack(">I", 2048) + small[16:],
            "a chunk size that fits the file's size but was not sealed: only the tag knows",
        ),
        "bad-ciphertext": (flipped(raw, 80), "one bit of the first ciphertext"),
        "bad-tag": (flipped(raw, len(raw) - 1), "one bit of the last tag"),
        "swapped": (header + second + first + last, "the first two chunks swapped"),
        "repeated": (header + first + first + last, "the first chunk twice"),
        "no-final": (
            header + b"".join(chunks_of(3000, header, final_flag=False)),
            "no chunk is marked as the last",
        ),
        "all-final": (sealed_with(lambda i: (i, True)), "every chunk is marked as the last"),
        "early-final": (
            sealed_with(lambda i: (i, i > 0)),
            "the second chunk too is marked",
        ),
        "shifted": (sealed_with(lambda i: (i + 1, i == 2)), "the chunks are counted from 1"),
        "nonce-front": (
            sealed_with(lambda i: (i + (1 << 64), i == 2)),
            "the first three nonce bytes are not zero",
        ),
        "no-context": (
            sealed_with(lambda i: (i, i == 2), context=b""),
            "the header was not authenticated with the chunks",
        ),
        "other-patient": (
            sealed_with(lambda i: (i, i == 2), patient_key=bytes(32)),
            "sealed under another patient's key",
        ),
        "other-id": (
            sealed_with(lambda i: (i, i == 2), object_id="0f" * 16),
            "genuine, but of another id than the one asked for",
        ),
        "transplanted": (
            header + b"".join(chunks_of(3000, header_of(3000, epoch=2))),
            "the chunks of an object that differs in its header alone",
        ),
        "cut-and-corrected": (
            shorter + first + second,
            "the last chunk is missing and the length says so",
        ),
        "cut-at-chunk": (header + first + second, "the last chunk is missing"),
        "cut-in-tag": (raw[:-1], "the last byte is missing"),
        "longer": (raw + b"\0", "one byte too many"),
        "huge-length": (lying + first + second + last, "says that it holds 512 GiB"),
        "length-overflow": (too_long + first + second + last, "a length that no file can have"),
        "header-only": (header, "no chunk at all"),
        "cut-header": (header[:79], "not even a header"),
    }


def main() -> None:
    """Write every vector and the list of what to expect."""
    FOLDER.mkdir(exist_ok=True)
    expected: dict[str, dict[str, object]] = {}
    for name, (raw, size) in good().items():
        (FOLDER / f"{name}.bin").write_bytes(raw)
        digest = hashlib.sha256(plain_of(size)).hexdigest()
        expected[name] = {"opens": True, "plain_bytes": size, "plain_sha256": digest}
    for name, (raw, failure) in bad().items():
        (FOLDER / f"{name}.bin").write_bytes(raw)
        expected[name] = {"opens": False, "failure": failure}
    listed = {"patient_key": KEY.hex(), "object_id": ID, "vectors": expected}
    (FOLDER / "expected.json").write_text(json.dumps(listed, indent=1) + "\n")


if __name__ == "__main__":
    main()
