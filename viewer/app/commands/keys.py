"""``bitewing rekey`` and ``bitewing erase``."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.app.commands.console import Commands, Console
from viewer.app.commands.login import logged_in, opened_clinic
from viewer.app.errors import NothingChosen
from viewer.app.use_cases import keys
from viewer.model.errors import EnvironmentFault
from viewer.model.ids import PatientId
from viewer.model.json import to_plain
from viewer.session.permissions import KeyName
from viewer.vault.certificate import verify_certificate

if TYPE_CHECKING:
    from viewer.vault.certificate import Certificate


def add_parsers(commands: Commands) -> None:
    """Describe ``rekey``, ``erase`` and ``certificate``."""
    rekey = commands.add_parser("rekey", help="new keys for the store, in seconds")
    rekey.add_argument(
        "--reseal", action="store_true", help="then seal every image anew under fresh keys"
    )
    rekey.set_defaults(run=run_rekey)
    erase = commands.add_parser("erase", help="erase a patient for good, with a certificate")
    erase.add_argument("patient", metavar="PATIENT", help="the id as “bitewing list” shows it")
    erase.add_argument("--reason", required=True, help="goes onto the certificate")
    erase.add_argument("--certificate", metavar="FILE", required=True, help="a new file")
    erase.add_argument("--yes", action="store_true", help="do not ask again")
    erase.set_defaults(run=run_erase)
    check = commands.add_parser("certificate", help="check a certificate of destruction")
    _add_certificate_options(check)


def _add_certificate_options(check: ArgumentParser) -> None:
    check.add_argument("file", metavar="FILE")
    check.add_argument(
        "--public", metavar="HEX", help="the practice's public key; without it, this store's"
    )
    check.set_defaults(run=run_certificate)


def run_rekey(args: Namespace, console: Console) -> int:
    """Rotate the keys; with ``--reseal`` seal everything anew, too."""
    with logged_in(args, console) as clinic:
        done = keys.rotate_keys(clinic, keys.RotateKeys())
        anew = keys.seal_anew(clinic, keys.SealAnew()) if args.reseal else None
    if args.json:
        resealed = None if anew is None else to_plain(anew)
        console.facts({**_facts_of(done), "resealed": resealed})
        return 0
    _say_rotated(done, console)
    if anew is not None:
        console.say(f"{anew.objects} objects were sealed anew ({anew.size_bytes} bytes).")
        if anew.left:
            console.say(f"{len(anew.left)} patients still have images under an older key.")
    return 0


def run_erase(args: Namespace, console: Console) -> int:
    """Erase a patient and write the certificate."""
    target = Path(args.certificate)
    if target.exists():
        raise NothingChosen("The certificate's file exists already.", "Name a new one.")
    if not args.yes:
        _confirm(console)
    with logged_in(args, console) as clinic:
        request = keys.ErasePatient(PatientId(args.patient), args.reason)
        done = keys.erase_patient(clinic, request)
    _write(target, done.file)
    if args.json:
        console.facts({**_facts_of(done.keys), "certificate": to_plain(done.certificate)})
        return 0
    console.say(
        f"Erased: {done.erased.image_count} images, {done.erased.object_count} sealed objects."
    )
    _say_rotated(done.keys, console)
    if not done.certificate.is_final:
        console.say("Once the pending backups were connected, run the same command again.")
    return 0


def run_certificate(args: Namespace, console: Console) -> int:
    """Check a certificate, with this store's keys or a given one."""
    try:
        raw = Path(args.file).read_bytes()
    except OSError as fault:
        raise EnvironmentFault("The certificate cannot be read.", "Check its name.") from fault
    certificate = verify_certificate(raw, *_publics(args, console))
    if args.json:
        console.facts({**to_plain(certificate), "is_final": certificate.is_final})
    else:
        _say_certificate(certificate, console)
    return 0


def _publics(args: Namespace, console: Console) -> list[bytes]:
    if args.public is None:
        with opened_clinic(args, console) as clinic:
            return list(clinic.practice.publics(KeyName.SHARE).values())
    try:
        return [bytes.fromhex(args.public)]
    except ValueError:
        raise NothingChosen("That is no public key.", "It is 64 hex digits.") from None


def _confirm(console: Console) -> None:
    if not console.source.isatty():
        raise NothingChosen("Erasing a patient cannot be undone.", "Add --yes to confirm.")
    console.say("Nothing of this patient can be brought back. Type “erase” to go on:")
    if console.source.readline().strip() != "erase":
        raise NothingChosen("Nothing was erased.")


def _write(target: Path, raw: bytes) -> None:
    try:
        with target.open("xb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
    except OSError as fault:
        raise EnvironmentFault(
            "The patient is erased, but the certificate could not be written.",
            "Run the same command again with another file.",
        ) from fault


def _facts_of(done: keys.KeysRotated) -> dict[str, object]:
    return {
        "epoch": done.rotated.epoch,
        "keys": done.rotated.keys,
        "damaged": list(done.rotated.damaged),
        "retired_epochs": list(done.retired),
        "pending_backups": list(done.pending),
    }


def _say_rotated(done: keys.KeysRotated, console: Console) -> None:
    retired = ", ".join(map(str, done.retired)) or "none"
    console.say(f"Keys: epoch {done.rotated.epoch}; epochs destroyed: {retired}.")
    for patient_id in done.rotated.damaged:
        console.say(f"The key of patient {patient_id} is damaged; older epochs are kept.")
    if done.pending:
        console.say(f"Backups not reached yet: {', '.join(done.pending)}; older epochs are kept.")


def _say_certificate(certificate: Certificate, console: Console) -> None:
    console.say(f"Genuine. Patient {certificate.patient_id} was erased")
    console.say(f"  on {certificate.destroyed_at.isoformat()} by {certificate.by_name},")
    console.say(f"  because: {certificate.reason}")
    console.say(f"  {certificate.image_count} images, {certificate.object_count} sealed objects")
    for name in certificate.backups_pending:
        console.say(f"  not yet in backup {name}")
    console.say("  final" if certificate.is_final else "  not final")
