"""``bitewing export dicom``: the files as they came, in a folder as a CD has them."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from viewer.app.commands.console import Commands, Console
from viewer.app.commands.login import logged_in
from viewer.app.use_cases import dicom_out
from viewer.model.ids import ImageId, StudyUid


def add_parsers(commands: Commands) -> None:
    """Describe the command."""
    export = commands.add_parser("export", help="files as they came, not sealed")
    kinds = export.add_subparsers(metavar="KIND", required=True)
    dicom = kinds.add_parser("dicom", help="a folder with DICOM files and a DICOMDIR")
    dicom.add_argument("ids", nargs="*", metavar="ID", help="images; none with --patient")
    dicom.add_argument(
        "--patient", metavar="ID", help="all images of a patient, by id or chart number"
    )
    dicom.add_argument("--study", metavar="UID", help="only this visit of the patient")
    dicom.add_argument("--out", required=True, type=Path, metavar="FOLDER")
    dicom.add_argument("--purpose", required=True, metavar="P", help="what for; for the trail")
    dicom.add_argument("--recipient", required=True, metavar="R", help="who gets it")
    dicom.add_argument(
        "--unsealed", action="store_true", help="yes, it may leave without protection"
    )
    dicom.set_defaults(run=run_dicom)


def run_dicom(args: Namespace, console: Console) -> int:
    """Write the folder; say what is in it and what could not leave."""
    with logged_in(args, console) as clinic:
        request = dicom_out.ExportDicom(
            args.out,
            args.purpose,
            args.recipient,
            tuple(ImageId(each) for each in args.ids),
            args.patient or "",
            StudyUid(args.study) if args.study else None,
            leaves_unsealed=args.unsealed,
        )
        exported = dicom_out.export_dicom(clinic, request)
    written = exported.written
    if args.json:
        console.facts(
            {
                "files": written.files,
                "size_bytes": written.size_bytes,
                "sha256": written.sha256,
                "left_out": [{"id": each, "reason": why} for each, why in exported.left_out],
                "trail_number": exported.trail_number,
            }
        )
    else:
        console.say(f"Wrote {written.files} files, not sealed. SHA256.TXT: {written.sha256}")
        for image_id, why in exported.left_out:
            console.say(f"left out {image_id}: {why}")
    return 1 if exported.left_out else 0
