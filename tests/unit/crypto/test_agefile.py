"""age files: right secret, wrong secret, damage."""

from __future__ import annotations

import pyrage
import pytest

from viewer.crypto.agefile import (
    open_with_identity,
    open_with_passphrase,
    seal_to_recipients,
    seal_with_passphrase,
)
from viewer.crypto.errors import NotAuthentic
from viewer.model.errors import UserError


def test_a_passphrase_opens_its_file_and_no_other_does() -> None:
    sealed = seal_with_passphrase(b"share", "correct horse")
    assert sealed.startswith(b"age-encryption.org/v1\n-> scrypt")
    assert open_with_passphrase(sealed, "correct horse") == b"share"
    with pytest.raises(NotAuthentic):
        open_with_passphrase(sealed, "wrong horse")


def test_an_identity_opens_what_is_for_it_unless_changed() -> None:
    eva, adam = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    sealed = seal_to_recipients(b"share", [str(eva.to_public())])
    assert open_with_identity(sealed, str(eva)) == b"share"
    for raw, identity in ((sealed, adam), (sealed[:-1], eva), (b"no age file", eva)):
        with pytest.raises(NotAuthentic):
            open_with_identity(raw, str(identity))


def test_what_is_no_key_is_told_to_the_person() -> None:
    with pytest.raises(UserError, match="age"):
        seal_to_recipients(b"share", ["age1nonsense"])
    with pytest.raises(UserError, match="age"):
        open_with_identity(b"", "nonsense")
