"""``photo add``: photos, scans, surfaces and documents into one chart, with what they show."""

from __future__ import annotations

from argparse import Namespace
from datetime import date, datetime, time
from pathlib import Path

import attrs

from viewer.app.commands.console import Commands, Console
from viewer.app.commands.library import tell_report
from viewer.app.commands.login import logged_in
from viewer.app.use_cases import photos
from viewer.app.use_cases.photos import Chosen, ImportPhotos, Label, Looked
from viewer.model.errors import UserError
from viewer.model.image import ImageKind
from viewer.model.tooth import parse_tooth

_KINDS = (
    ImageKind.PHOTO,
    ImageKind.BITEWING,
    ImageKind.PERIAPICAL,
    ImageKind.PANORAMIC,
    ImageKind.CEPHALOMETRIC,
    ImageKind.DOCUMENT,
    ImageKind.OTHER,
)


def add_parsers(commands: Commands) -> None:
    """Add ``photo add``."""
    actions = commands.add_parser("photo", help="photos, scans, surfaces and documents")
    add = actions.add_subparsers(dest="action", metavar="ACTION", required=True).add_parser(
        "add", help="put files into a patient's chart"
    )
    add.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    add.add_argument("--patient", required=True, metavar="ID", help="id or chart number")
    add.add_argument("--kind", default="photo", choices=[kind.value for kind in _KINDS])
    add.add_argument("--view", default="", metavar="WORDS", help="what it shows: “Occlusal upper”")
    add.add_argument("--teeth", default="", metavar="11,12", help="ISO 3950 numbers")
    add.add_argument("--side", default="", choices=["", "R", "L", "B", "U"])
    add.add_argument("--date", type=_day, metavar="YYYY-MM-DD", help="instead of the photo's own")
    add.set_defaults(run=run_add)


def run_add(args: Namespace, console: Console) -> int:
    """Look at the files, then store them all with the same words."""
    teeth = tuple(parse_tooth(_number(text)) for text in args.teeth.split(",") if text.strip())
    label = Label(ImageKind(args.kind), args.view, teeth, args.side)
    with logged_in(args, console) as clinic:
        found = list(photos.look_at(args.paths, lambda *_: None, lambda: False))
        chosen = tuple(_chosen(one, label, args.date) for one in found if isinstance(one, Looked))
        refused = [one for one in found if not isinstance(one, Looked)]
        report = photos.import_photos(clinic, ImportPhotos(args.patient, chosen))
    report = attrs.evolve(report, refusals=(*refused, *report.refusals))
    tell_report(args, console, report)
    return 0 if report.stored else 1


def _chosen(looked: Looked, label: Label, day: date | None) -> Chosen:
    taken = datetime.combine(day, time()) if day else looked.taken
    return Chosen(looked, attrs.evolve(label, taken=taken))


def _number(text: str) -> int:
    if not text.strip().isdecimal():
        raise UserError("A tooth is a number.", "Use 11-48, or 51-85 for primary teeth.")
    return int(text)


def _day(text: str) -> date:
    return date.fromisoformat(text)
