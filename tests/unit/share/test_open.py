"""Opening a bundle that was changed, cut, swapped, re-signed or has expired."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

import pytest
import rfc8785

from tests.support import shares
from viewer.crypto.agefile import new_identity, open_with_identity, seal_to_recipients
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.people import signing_public
from viewer.crypto.secret import Secret
from viewer.model.errors import BitewingError, UserError
from viewer.share import manifest as manifests
from viewer.share.container import pack, unpack
from viewer.share.errors import BundleDamaged, BundleExpired, BundleForged, BundleUnknown
from viewer.share.formats.age_bundle import ToRecipients, write_bundle
from viewer.share.open import Signer, open_bundle, open_content
from viewer.share.words import is_strong, new_passphrase, tidied

KEY, OTHER_KEY = Secret(bytes(range(32))), Secret(bytes(range(1, 33)))
IN_TIME = date(2026, 12, 1)
Files = dict[str, bytes]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, str, str]:
    """Return a sealed bundle and the identity that opens it."""
    path = tmp_path_factory.mktemp("bundle") / "share.age"
    secret, public = new_identity()
    patient = shares.somebody()
    subjects = [shares.a_panoramic(patient), shares.a_bitewing(patient)]
    plan = shares.a_plan("referral", *subjects)
    write_bundle(path, plan, subjects, KEY, ToRecipients((public,)))
    return path.read_bytes(), secret, public


def test_a_bundle_opens_and_says_from_whom(made: tuple[bytes, str, str]) -> None:
    known = {signing_public(KEY): "Lindenplatz"}
    opened = open_content(made[0], made[1], today=IN_TIME, known_keys=known)
    assert (opened.signer, opened.signer_name) == (Signer.KNOWN, "Lindenplatz")
    assert [image.kind for image in opened.images] == ["panoramic", "bitewing"]
    assert opened.manifest.recipient == "Dr. Ines Weiß"
    assert len(opened.fingerprint.split(" ")) == 8


def test_an_unknown_key_is_said_to_be_unknown(made: tuple[bytes, str, str]) -> None:
    opened = open_content(made[0], made[1], today=IN_TIME)
    assert (opened.signer, opened.signer_name) == (Signer.UNKNOWN, "")


def test_a_bundle_past_its_date_is_refused_politely(made: tuple[bytes, str, str]) -> None:
    last = shares.FACTS.expires
    assert last is not None
    open_content(made[0], made[1], today=last)
    with pytest.raises(BundleExpired, match="2027-02-20"):
        open_content(made[0], made[1], today=last + timedelta(days=1))


@pytest.mark.parametrize("place", [30, 120, 400, 5000, -1])
def test_one_flipped_bit_is_refused(made: tuple[bytes, str, str], place: int) -> None:
    raw = bytearray(made[0])
    raw[place] ^= 1
    with pytest.raises((NotAuthentic, BundleUnknown)):
        open_content(bytes(raw), made[1], today=IN_TIME)


@pytest.mark.parametrize("length", [0, 10, 200, 3000, -1, -70000])
def test_a_cut_bundle_is_refused(made: tuple[bytes, str, str], length: int) -> None:
    with pytest.raises((NotAuthentic, BundleUnknown)):
        open_content(made[0][:length], made[1], today=IN_TIME)


def test_bytes_after_the_end_are_refused(made: tuple[bytes, str, str]) -> None:
    with pytest.raises(NotAuthentic):
        open_content(made[0] + b"x", made[1], today=IN_TIME)


def test_another_key_and_an_empty_passphrase_are_refused(made: tuple[bytes, str, str]) -> None:
    with pytest.raises(NotAuthentic):
        open_content(made[0], new_identity()[0], today=IN_TIME)
    with pytest.raises(UserError, match="No passphrase"):
        open_content(made[0], "  ", today=IN_TIME)


def _resigned(files: Files, key: Secret, change: Callable[[dict[str, object]], None]) -> None:
    plain = json.loads(files["manifest.json"])
    change(plain)
    files["manifest.json"] = rfc8785.dumps(plain)
    files["manifest.sig"] = manifests.signed(key, files["manifest.json"])


def _reseal(made: tuple[bytes, str, str], change: Callable[[Files], object]) -> bytes:
    files = unpack(open_with_identity(made[0], made[1]))
    change(files)
    return seal_to_recipients(pack(files), [made[2]])


def _swap_images(files: Files) -> None:
    one, two = "IMAGES/IM000001", "IMAGES/IM000002"
    files[one], files[two] = files[two], files[one]


def _unlisted(files: Files) -> None:
    files["IMAGES/IM000099"] = b"x"


def _other_recipient(files: Files) -> None:
    files["manifest.json"] = files["manifest.json"].replace(b"Dr. Ines", b"Dr. Egon")


def _signed_by_another(files: Files) -> None:
    files["manifest.sig"] = manifests.signed(OTHER_KEY, files["manifest.json"])


def _spaced(files: Files) -> None:
    files["manifest.json"] += b"\n"


CHANGES: dict[str, tuple[Callable[[Files], object], type[BitewingError]]] = {
    "images swapped": (_swap_images, BundleDamaged),
    "an unlisted file": (_unlisted, BundleDamaged),
    "a lost image": (lambda f: f.pop("IMAGES/IM000002"), BundleDamaged),
    "a lost manifest": (lambda f: f.pop("manifest.json"), BundleDamaged),
    "a lost signature": (lambda f: f.pop("manifest.sig"), BundleForged),
    "another recipient": (_other_recipient, BundleForged),
    "another signer": (_signed_by_another, BundleForged),
    "a manifest that is not canonical": (_spaced, BundleDamaged),
    "a manifest of arrays without end": (
        lambda f: f.update({"manifest.json": b"[" * 200_000}),
        BundleDamaged,
    ),
    "a later version": (
        lambda f: _resigned(f, KEY, lambda m: m.update(version=2)),
        BundleUnknown,
    ),
    "an unknown member": (
        lambda f: _resigned(f, KEY, lambda m: m.update(extra=1)),
        BundleDamaged,
    ),
    "an image without files": (
        lambda f: _resigned(f, KEY, lambda m: m.update(images=[])),
        BundleDamaged,
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_bundle_put_together_by_somebody_else_is_refused(
    made: tuple[bytes, str, str], change: str
) -> None:
    act, fault = CHANGES[change]
    with pytest.raises(fault) as caught:
        open_content(_reseal(made, act), made[1], today=IN_TIME)
    assert "Quastenflosser" not in str(caught.value)


def test_a_compressed_entry_is_refused_before_it_is_read(made: tuple[bytes, str, str]) -> None:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", b"0" * 10_000_000)
    sealed = seal_to_recipients(buffer.getvalue(), [made[2]])
    with pytest.raises(BundleDamaged):
        open_content(sealed, made[1], today=IN_TIME)


@pytest.mark.parametrize("name", ["../evil", "/etc/x", "IMAGES/IM1", "IMAGES/im000001"])
def test_an_odd_name_is_refused(made: tuple[bytes, str, str], name: str) -> None:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, b"x")
    with pytest.raises(BundleDamaged):
        open_content(seal_to_recipients(buffer.getvalue(), [made[2]]), made[1], today=IN_TIME)


def test_a_file_that_is_no_bundle_is_told_plainly(tmp_path: Path) -> None:
    path = tmp_path / "holiday.jpg"
    path.write_bytes(b"\xff\xd8\xff")
    with pytest.raises(BundleUnknown, match="not a sealed share"):
        open_bundle(path, "anything")


def test_typing_is_forgiven_and_words_are_strong() -> None:
    words = new_passphrase()
    assert tidied("  " + words.upper().replace(" ", ",\n")) == words
    assert is_strong(words)
    assert not is_strong(" ".join(words.split(" ")[:5]))
    assert new_passphrase() != words
    assert tidied("Not Words!") == "Not Words!"
    with pytest.raises(ValueError, match="six"):
        new_passphrase(5)
