"""Makes the bundle vectors: ``python -m tests.vectors.bundle.make`` from the repository's root.

One good bundle and others with one failure each, all sealed to the identity in ``identity.txt``,
which serves these vectors alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import rfc8785

from tests.support import shares
from viewer.crypto.agefile import new_identity, open_with_identity, seal_to_recipients
from viewer.crypto.secret import Secret
from viewer.share import manifest as manifests
from viewer.share.container import pack, unpack
from viewer.share.formats.age_bundle import ToRecipients, write_bundle

FOLDER = Path(__file__).parent
KEY, OTHER_KEY = Secret(bytes(range(32))), Secret(bytes(range(1, 33)))
Files = dict[str, bytes]


def _pixel(files: Files) -> None:
    raw = bytearray(files["IMAGES/IM000001"])
    raw[-1000] ^= 1
    files["IMAGES/IM000001"] = bytes(raw)


def _signer(files: Files) -> None:
    files["manifest.sig"] = manifests.signed(OTHER_KEY, files["manifest.json"])


def _version(files: Files) -> None:
    plain = json.loads(files["manifest.json"])
    files["manifest.json"] = rfc8785.dumps(plain | {"version": 2})
    files["manifest.sig"] = manifests.signed(KEY, files["manifest.json"])


def _expired(files: Files) -> None:
    plain = json.loads(files["manifest.json"])
    files["manifest.json"] = rfc8785.dumps(plain | {"expires": "2020-01-01"})
    files["manifest.sig"] = manifests.signed(KEY, files["manifest.json"])


CHANGES: dict[str, tuple[Callable[[Files], object], str]] = {
    "digest": (_pixel, "BundleDamaged"),
    "missing-preview": (lambda files: files.pop("PREVIEWS/PV000001.PNG"), "BundleDamaged"),
    "signature": (_signer, "BundleForged"),
    "version": (_version, "BundleUnknown"),
    "expired": (_expired, "BundleExpired"),
}


def main() -> None:
    """Write the vectors and what is expected of each."""
    secret, public = new_identity()
    (FOLDER / "identity.txt").write_text(secret + "\n", "ascii")
    good = FOLDER / "good.age"
    subject = shares.a_bitewing()
    write_bundle(good, shares.a_plan("referral", subject), [subject], KEY, ToRecipients((public,)))
    sealed = good.read_bytes()
    expected = {
        "good": "",
        "cut": "NotAuthentic",
        "flipped": "NotAuthentic",
        "no-age": "BundleUnknown",
    }
    flipped = bytearray(sealed)
    flipped[len(sealed) // 2] ^= 1
    for name, content in (("cut", sealed[:-40]), ("flipped", flipped), ("no-age", sealed[1:])):
        (FOLDER / f"{name}.age").write_bytes(content)
    for name, (change, fault) in CHANGES.items():
        files = unpack(open_with_identity(sealed, secret))
        change(files)
        (FOLDER / f"{name}.age").write_bytes(seal_to_recipients(pack(files), [public]))
        expected[name] = fault
    (FOLDER / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", "ascii")


if __name__ == "__main__":
    main()
