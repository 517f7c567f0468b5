"""``bitewing share`` and ``bitewing open``."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from viewer.app.commands.console import Commands, Console
from viewer.app.commands.login import logged_in, read_password
from viewer.app.errors import DestinationFault
from viewer.app.use_cases import sharing
from viewer.app.use_cases.exporting import refuse_destination
from viewer.model.errors import UserError
from viewer.model.ids import ImageId
from viewer.redact.profiles import profiles
from viewer.share.formats.age_bundle import ToPassphrase, ToRecipients
from viewer.share.open import OpenedBundle, Signer, open_bundle


def add_parsers(commands: Commands) -> None:
    """Describe ``share`` and ``open``."""
    share = commands.add_parser("share", help="a redacted, sealed bundle")
    share.add_argument("ids", nargs="+", metavar="ID")
    share.add_argument("--profile", required=True, choices=list(profiles()))
    share.add_argument("--recipient", required=True, metavar="R")
    share.add_argument("--out", required=True, type=Path, metavar="FILE")
    share.add_argument("--to-key", action="append", default=[], metavar="age1…")
    share.add_argument("--reference", default="", help="claim or case number")
    share.add_argument(
        "--confirm", action="append", default=[], metavar="DOUBT",
        help="a doubt that you have looked at (an id that share prints), or “all”",
    )  # fmt: skip
    share.add_argument("--replace", action="store_true", help="replace an existing file")
    share.set_defaults(run=run_share)
    opener = commands.add_parser("open", help="look into a bundle, without an account")
    opener.add_argument("file", type=Path, metavar="FILE")
    opener.add_argument("--to", type=Path, metavar="FOLDER", help="write the DICOM files there")
    opener.set_defaults(run=run_open)


def run_share(args: Namespace, console: Console) -> int:
    """Seal a share and print its passphrase once; open doubts stop it and are listed."""
    with logged_in(args, console) as clinic:
        refuse_destination(args.out, replace=args.replace)
        ids = tuple(ImageId(each) for each in args.ids)
        request = sharing.PlanShare(ids, args.profile, args.recipient, args.reference)
        planned = sharing.plan_share(clinic, request)
        doubts = planned.plan.open_doubts
        confirmed = frozenset(
            doubt.id for doubt in doubts if "all" in args.confirm or doubt.id in args.confirm
        )
        unseen = [doubt for doubt in doubts if doubt.id not in confirmed]
        for doubt in unseen:
            console.warn(f"{doubt.id}: {doubt.words}")
        if unseen:
            raise UserError(
                "Nothing was sealed: somebody must look at these images first.",
                "Then repeat with --confirm for each doubt.",
            )
        seal = ToRecipients(tuple(args.to_key)) if args.to_key else ToPassphrase()
        order = sharing.SealShare(planned, args.recipient, args.out, confirmed, seal, args.replace)
        sealed = sharing.seal_share(clinic, order)
    receipt = sealed.receipt
    if args.json:
        console.facts(
            {
                "file": args.out.name,
                "size_bytes": receipt.size_bytes,
                "sha256": receipt.sha256,
                "share_number": receipt.share_number,
                "files": receipt.files,
                "passphrase": receipt.passphrase,
                "trail_number": sealed.trail_number,
            }
        )
        return 0
    console.say(f"Sealed {receipt.files} files as share {receipt.share_number}.")
    if receipt.passphrase:
        console.say("Passphrase, shown this once. Tell it by another channel than the file:")
        console.say(f"  {receipt.passphrase}")
    return 0


def run_open(args: Namespace, console: Console) -> int:
    """Open a bundle, say who signed it and what is in it; optionally write its DICOM files."""
    bundle = open_bundle(args.file, read_password(args, console, "Passphrase: "))
    if args.json:
        console.facts(
            {
                "practice": bundle.manifest.practice,
                "signer_known": bundle.signer is Signer.KNOWN,
                "fingerprint": bundle.fingerprint,
                "purpose": bundle.manifest.purpose,
                "recipient": bundle.manifest.recipient,
                "share_number": bundle.manifest.share_number,
                "expires": bundle.manifest.expires,
                "images": [
                    {"kind": image.kind, "files": len(image.dicom_files)} for image in bundle.images
                ],
            }
        )
    else:
        _say_bundle(bundle, console)
    if args.to is not None:
        _write_files(bundle, args.to)
        console.warn("The DICOM files are written without protection; look after them.")
    return 0


def _say_bundle(bundle: OpenedBundle, console: Console) -> None:
    manifest = bundle.manifest
    if bundle.signer is Signer.KNOWN:
        console.say(f"Signed by {bundle.signer_name}.")
    else:
        console.say(f"Signed by a key that is not known here: {bundle.fingerprint}")
        console.say(f"It claims to be {manifest.practice}.")
    console.say(f"Share {manifest.share_number} for {manifest.recipient}: {manifest.purpose}.")
    if manifest.expires:
        console.say(f"Meant to be opened until {manifest.expires}.")
    for image in bundle.images:
        console.say(f"  {image.kind}: {len(image.dicom_files)} files")


def _write_files(bundle: OpenedBundle, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=False)
        number = 0
        for image in bundle.images:
            for content in image.dicom_files:
                number += 1
                (folder / f"IM{number:05d}.dcm").write_bytes(content)
    except OSError as fault:
        raise DestinationFault from fault
