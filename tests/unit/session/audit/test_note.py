"""Signed checkpoints in the C2SP form."""

from __future__ import annotations

import pytest

from viewer.crypto.errors import NotAuthentic
from viewer.crypto.people import check_signature, new_signing_pair
from viewer.session.audit.note import Checkpoint, PublicKey, open_checkpoint, sign_checkpoint

PAIR = new_signing_pair()
SIGNER = PublicKey("bitewing/practice/workstation/1", PAIR.public)
CHECKPOINT = Checkpoint(7, bytes(range(32)))


def test_a_public_key_line_names_origin_key_id_and_key() -> None:
    origin, key_id, _ = SIGNER.line.split("+", 2)
    assert (origin, key_id) == (SIGNER.origin, SIGNER.key_id.hex())
    assert PublicKey.from_line(SIGNER.line + "\n") == SIGNER


def test_the_key_of_go_s_checksum_database_is_read() -> None:
    """A verifier key in the wild, for the encoding and the key id."""
    line = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
    assert PublicKey.from_line(line).line == line


def test_a_signed_note_opens_to_what_was_signed() -> None:
    note = sign_checkpoint(CHECKPOINT, SIGNER, PAIR.private)
    assert open_checkpoint(note, SIGNER) == CHECKPOINT
    assert note.splitlines()[:2] == [SIGNER.origin, "7"]
    assert note.splitlines()[4].startswith(f"— {SIGNER.origin} ")


def test_the_signature_is_over_the_text_with_its_last_newline() -> None:
    import base64

    note = sign_checkpoint(CHECKPOINT, SIGNER, PAIR.private)
    text, _, line = note.partition("\n\n")
    blob = base64.b64decode(line.split(" ")[2])
    check_signature(PAIR.public, (text + "\n").encode(), blob[4:])
    assert blob[:4] == SIGNER.key_id


def test_every_changed_character_is_noticed() -> None:
    note = sign_checkpoint(CHECKPOINT, SIGNER, PAIR.private)
    for at in range(len(note)):
        changed = note[:at] + ("x" if note[at] != "x" else "y") + note[at + 1 :]
        with pytest.raises(NotAuthentic):
            open_checkpoint(changed, SIGNER)


def test_another_key_of_the_same_name_is_noticed() -> None:
    other = new_signing_pair()
    note = sign_checkpoint(CHECKPOINT, PublicKey(SIGNER.origin, other.public), other.private)
    with pytest.raises(NotAuthentic):
        open_checkpoint(note, SIGNER)


@pytest.mark.parametrize("line", ["", "a", "a+b+c", SIGNER.line[:-4], "x" + SIGNER.line])
def test_something_else_is_no_public_key(line: str) -> None:
    with pytest.raises(ValueError, match="public key"):
        PublicKey.from_line(line)
