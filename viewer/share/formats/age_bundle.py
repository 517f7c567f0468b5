"""A share as one age v1 file: files with neutral names, manifest and signature inside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import attrs

from viewer.crypto.secret import Secret
from viewer.redact.plan import RedactionPlan, ShareSubject
from viewer.redact.verify import VerifyReport


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
    on_progress: Callable[[float, str], None] = lambda _share, _words: None,
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
    raise NotImplementedError
