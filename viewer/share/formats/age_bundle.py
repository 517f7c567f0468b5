"""A share as one age v1 file: files with neutral names, manifest and signature inside."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs

from viewer.crypto import agefile
from viewer.crypto.derive import digest
from viewer.crypto.people import signing_public
from viewer.crypto.secret import Secret
from viewer.model.errors import Cancelled, UserError
from viewer.redact.apply import apply_plan
from viewer.redact.records import RedactionPlan
from viewer.redact.source import ShareSubject
from viewer.redact.verify import VerifyReport, verify_share
from viewer.share import manifest as manifests
from viewer.share.container import pack, unpack
from viewer.share.errors import BundleDamaged, BundleNotWritten
from viewer.share.manifest import Manifest, ManifestFile, ManifestImage
from viewer.share.words import is_strong, new_passphrase

Progress = Callable[[float, str], None]


@attrs.frozen
class ToPassphrase:
    """Seal to a passphrase; `None` makes a fresh one of six words."""

    passphrase: str | None = attrs.field(default=None, repr=False)


@attrs.frozen
class ToRecipients:
    """Seal to age X25519 public keys (``age1…``)."""

    public_keys: tuple[str, ...]


@attrs.frozen
class BundleReceipt:
    """A bundle that was written and verified. The passphrase goes by another channel."""

    size_bytes: int
    sha256: str
    manifest_sha256: str
    share_number: str
    files: int
    passphrase: str | None = attrs.field(repr=False)
    report: VerifyReport


def write_bundle(
    path: Path,
    plan: RedactionPlan,
    subjects: Sequence[ShareSubject],
    signing_key: Secret,
    seal: ToPassphrase | ToRecipients | None = None,
    *,
    on_progress: Progress = lambda _share, _words: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> BundleReceipt:
    """Apply the plan, seal, reopen, verify, and only then give the file its name.

    Raises
    ------
    PlanUnconfirmed, SourceUnreadable, VerifyFailed, Cancelled
        Nothing is left on disk.
    BundleNotWritten
        The disk or the destination failed; nothing is left on disk.
    UserError
        A recipient's key is not an age key.
    """
    files = _redacted(plan, subjects, on_progress, is_cancelled)
    content = manifests.to_bytes(_manifest(plan, files, signing_key))
    files[manifests.NAME] = content
    files[manifests.SIGNATURE_NAME] = manifests.signed(signing_key, content)
    on_progress(0.5, "Sealing")
    sealed, reopen, passphrase = _sealed(pack(files), seal or ToPassphrase())
    _stop_if(is_cancelled)
    with _unfinished(path) as part:
        _write(part, sealed)
        del sealed
        on_progress(0.7, "Checking the finished file")
        size_bytes, sha256, found = _read_back(part, reopen)
        if found != files:
            raise BundleDamaged("The finished share reads back differently, so it was not kept.")
        report = verify_share(plan, subjects, found)
        _stop_if(is_cancelled)
        _publish(part, path)
    on_progress(1.0, "Done")
    number = plan.facts.number
    return BundleReceipt(
        size_bytes, sha256, digest(content).hex(), number, len(files), passphrase, report
    )


def _redacted(
    plan: RedactionPlan,
    subjects: Sequence[ShareSubject],
    on_progress: Progress,
    is_cancelled: Callable[[], bool],
) -> dict[str, bytes]:
    total = sum(len(image.names) + 1 for image in plan.images) or 1
    files: dict[str, bytes] = {}
    for file in apply_plan(plan, subjects, is_cancelled=is_cancelled):
        files[file.name] = file.content
        on_progress(min(0.5 * len(files) / total, 0.5), "Taking out what must not leave")
    return files


def _manifest(plan: RedactionPlan, files: dict[str, bytes], signing_key: Secret) -> Manifest:
    facts, profile = plan.facts, plan.profile
    images = tuple(
        ManifestImage(
            image.record.kind.value,
            (*image.names, *([image.cover.name] if image.cover else [])),
            image.preview_name,
        )
        for image in plan.images
    )
    return Manifest(
        format=manifests.FORMAT,
        version=manifests.VERSION,
        share_number=facts.number,
        profile=profile.name,
        purpose=facts.purpose,
        recipient=facts.recipient,
        practice=facts.practice,
        reference=facts.reference,
        made=facts.made,
        expires=facts.expires,
        is_deidentified=profile.is_deidentified,
        mark=profile.mark.value,
        signing_key=signing_public(signing_key).hex(),
        images=images,
        files=tuple(
            ManifestFile(name, len(content), digest(content).hex())
            for name, content in sorted(files.items())
        ),
    )


def _sealed(
    plain: bytes, seal: ToPassphrase | ToRecipients
) -> tuple[bytes, Callable[[bytes], bytes], str | None]:
    """Return the sealed bytes, how to open them again, and the passphrase.

    To recipients, one more key is sealed to: ours for this moment, so that the finished file can
    be opened and checked. It is never stored.
    """
    if isinstance(seal, ToPassphrase):
        words = seal.passphrase or new_passphrase()
        if not is_strong(words):
            raise UserError("That passphrase is too weak.", "Let the program make one.")
        sealed = agefile.seal_with_passphrase(plain, words)
        return sealed, lambda content: agefile.open_with_passphrase(content, words), words
    own, public = agefile.new_identity()
    sealed = agefile.seal_to_recipients(plain, [*seal.public_keys, public])
    return sealed, lambda content: agefile.open_with_identity(content, own), None


def _stop_if(is_cancelled: Callable[[], bool]) -> None:
    if is_cancelled():
        raise Cancelled


@contextmanager
def _unfinished(path: Path) -> Iterator[Path]:
    """Give a temporary name beside the destination; whatever is left under it is removed."""
    part = path.parent / f".{secrets.token_hex(8)}.part"
    try:
        yield part
    except OSError as fault:
        raise BundleNotWritten(
            "The share could not be written there.", "Check the destination and its free space."
        ) from fault
    finally:
        part.unlink(missing_ok=True)


def _write(part: Path, sealed: bytes) -> None:
    with part.open("xb") as file:
        file.write(sealed)
        file.flush()
        os.fsync(file.fileno())


def _read_back(part: Path, reopen: Callable[[bytes], bytes]) -> tuple[int, str, dict[str, bytes]]:
    content = part.read_bytes()
    return len(content), digest(content).hex(), unpack(reopen(content))


def _publish(part: Path, path: Path) -> None:
    part.replace(path)
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
