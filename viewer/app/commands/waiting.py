"""``bitewing waiting`` and ``bitewing patient``: whose images are, put right at the terminal."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import date
from typing import Any

import attrs

from viewer.app.clinic import Clinic
from viewer.app.commands.console import Commands, Console
from viewer.app.commands.login import logged_in
from viewer.app.errors import NothingChosen
from viewer.app.review_list import Keep, NearChart, WaitingCase
from viewer.app.use_cases import charts, library, waiting
from viewer.model.ids import ImageId, PatientId
from viewer.model.patient import Patient
from viewer.model.tooth import parse_tooth

_KEEPS = {"stored": Keep.STORED, "both": Keep.BOTH, "arrived": Keep.ARRIVED}


def add_parsers(commands: Commands) -> None:
    """Describe both commands."""
    actions = commands.add_parser(
        "waiting", help="imported images of which it is not sure whose they are"
    ).add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="who waits, why, and which charts resemble them")
    listing.set_defaults(run=run_list)
    assign = _add(actions, "assign", "put what waits into a chart", run_assign)
    assign.add_argument("waiting", metavar="ID", help="as “waiting list” shows it")
    assign.add_argument("chart", metavar="CHART", help="id or chart number")
    assign.add_argument("--image", action="append", default=[], metavar="ID", help="only these")
    new = _add(actions, "new", "make a chart of its own", run_new)
    new.add_argument("waiting", metavar="ID")
    for name in ("--family", "--given", "--number"):
        new.add_argument(name, metavar="TEXT", help="where the files don't say, or say it wrong")
    new.add_argument("--born", type=date.fromisoformat, metavar="YYYY-MM-DD")
    reject = _add(actions, "reject", "delete what waits", run_reject)
    reject.add_argument("waiting", metavar="ID")
    reject.add_argument("--image", action="append", default=[], metavar="ID", help="only these")
    settle = _add(actions, "settle", "two images with one identifier: which is kept", run_settle)
    settle.add_argument("image", metavar="IMAGE", help="the one that waits")
    settle.add_argument("--keep", required=True, choices=sorted(_KEEPS))
    _add_patient(commands)


def _add_patient(commands: Commands) -> None:
    actions = commands.add_parser(
        "patient", help="put a chart right: merge, unmerge, move, teeth"
    ).add_subparsers(metavar="ACTION", required=True)
    merge = _add(actions, "merge", "make two charts of one person one", run_merge)
    merge.add_argument("source", metavar="CHART", help="id or chart number of the one that goes")
    merge.add_argument("into", metavar="CHART", help="of the one that stays")
    unmerge = _add(actions, "unmerge", "undo a merge", run_unmerge)
    unmerge.add_argument("source", metavar="ID", help="the id that “merge” said")
    move = _add(actions, "move", "move images into another chart", run_move)
    move.add_argument("images", nargs="+", metavar="IMAGE")
    move.add_argument("--into", required=True, metavar="CHART", help="id or chart number")
    teeth = actions.add_parser("teeth", help="say which teeth and which side images show")
    teeth.add_argument("images", nargs="+", metavar="IMAGE")
    teeth.add_argument("--teeth", metavar="36,37", help="ISO 3950 numbers; “none” for no teeth")
    teeth.add_argument("--side", choices=["L", "R", "B", "U", "none"])
    teeth.set_defaults(run=run_teeth)


def _add(actions: Any, name: str, words: str, run: Any) -> ArgumentParser:
    made: ArgumentParser = actions.add_parser(name, help=words)
    made.add_argument("--reason", required=True, metavar="WHY", help="for the trail")
    made.set_defaults(run=run)
    return made


def _chart(clinic: Clinic, named: str) -> PatientId:
    """Return the one chart of an id or number.

    Raises
    ------
    NothingChosen
        There is none, or several have this number.
    """
    found = library.list_store(clinic, library.ListStore(named))
    if len(found) != 1:
        what = "No chart has this id or number." if not found else "Several charts have it."
        raise NothingChosen(what, "Name the chart's id.")
    return found[0].patient.id


def run_list(args: Namespace, console: Console) -> int:
    """List who waits."""
    with logged_in(args, console) as clinic:
        cases = waiting.list_waiting(clinic, waiting.ListWaiting())
    if args.json:
        console.facts([_case_facts(case) for case in cases])
        return 0
    for case in cases:
        _say_case(case, console)
    console.say(f"{len(cases)} wait for a decision.")
    return 0


def _say_case(case: WaitingCase, console: Console) -> None:
    console.say(f"{case.patient.id}  {_person(case.patient)}  {len(case.images)} images")
    for doubt in case.doubts:
        console.say(f"  ! {doubt}")
    for near in case.near:
        console.say(f"  ? {near.patient.id}  {_person(near.patient)}")
    for image in case.images:
        conflict = ", in conflict" if image.conflicts else ""
        console.say(f"    {image.record.id}  {image.record.kind.value}{conflict}")


def _person(patient: Patient) -> str:
    born = patient.birth_date or "birth date unknown"
    return f"{patient.display_name} · {born} · #{patient.chart_number or '—'}"


def _case_facts(case: WaitingCase) -> dict[str, Any]:
    return {
        "id": case.patient.id,
        "name": case.patient.display_name,
        "birth_date": case.patient.birth_date,
        "chart_number": case.patient.chart_number,
        "since": case.since,
        "doubts": list(case.doubts),
        "near": [_near_facts(each) for each in case.near],
        "images": [
            {"id": each.record.id, "conflicts": [other.id for other in each.conflicts]}
            for each in case.images
        ],
    }


def _near_facts(near: NearChart) -> dict[str, Any]:
    return {"id": near.patient.id, "doubts": [doubt.value for doubt in near.doubts]}


def run_assign(args: Namespace, console: Console) -> int:
    """Put what waits into a chart."""
    with logged_in(args, console) as clinic:
        into = _chart(clinic, args.chart)
        chosen = tuple(ImageId(each) for each in args.image)
        request = waiting.AssignWaiting(PatientId(args.waiting), into, args.reason, chosen)
        moved = waiting.assign_waiting(clinic, request)
    console.say(f"{len(moved)} images put into the chart.")
    return 0


def run_new(args: Namespace, console: Console) -> int:
    """Make a chart of its own."""
    said = {
        "family_name": args.family,
        "given_name": args.given,
        "chart_number": args.number,
        "birth_date": args.born,
    }
    said = {name: value for name, value in said.items() if value is not None}
    with logged_in(args, console) as clinic:
        described = None
        if said:
            cases = waiting.list_waiting(clinic, waiting.ListWaiting())
            mine = [each.patient for each in cases if each.patient.id == args.waiting]
            described = attrs.evolve(mine[0], **said) if mine else None
        request = waiting.ChartWaiting(PatientId(args.waiting), args.reason, described)
        patient = waiting.chart_waiting(clinic, request)
    console.say(f"The chart {patient.id} was made.")
    return 0


def run_reject(args: Namespace, console: Console) -> int:
    """Delete what waits."""
    chosen = tuple(ImageId(each) for each in args.image)
    with logged_in(args, console) as clinic:
        request = waiting.RejectWaiting(PatientId(args.waiting), args.reason, chosen)
        count = waiting.reject_waiting(clinic, request)
    console.say(f"{count} images deleted.")
    return 0


def run_settle(args: Namespace, console: Console) -> int:
    """Decide between two images with one identifier."""
    with logged_in(args, console) as clinic:
        request = waiting.SettleConflict(ImageId(args.image), _KEEPS[args.keep], args.reason)
        waiting.settle_conflict(clinic, request)
    console.say(f"Decided: {_KEEPS[args.keep].value}.")
    return 0


def run_merge(args: Namespace, console: Console) -> int:
    """Make two charts one."""
    with logged_in(args, console) as clinic:
        source, into = _chart(clinic, args.source), _chart(clinic, args.into)
        moved = charts.merge_charts(clinic, charts.MergeCharts(source, into, args.reason))
    console.say(f"{len(moved)} images went over. “patient unmerge {source}” takes them apart.")
    return 0


def run_unmerge(args: Namespace, console: Console) -> int:
    """Undo a merge."""
    with logged_in(args, console) as clinic:
        request = charts.UnmergeCharts(PatientId(args.source), args.reason)
        moved = charts.unmerge_charts(clinic, request)
    console.say(f"{len(moved)} images went back.")
    return 0


def run_move(args: Namespace, console: Console) -> int:
    """Move images into another chart."""
    with logged_in(args, console) as clinic:
        into = _chart(clinic, args.into)
        chosen = tuple(ImageId(each) for each in args.images)
        moved = charts.move_images(clinic, charts.MoveImages(chosen, into, args.reason))
    console.say(f"{len(moved)} images moved.")
    return 0


def run_teeth(args: Namespace, console: Console) -> int:
    """Say which teeth and which side images show."""
    teeth = None
    if args.teeth is not None:
        numbers = [] if args.teeth == "none" else args.teeth.split(",")
        try:
            teeth = tuple(parse_tooth(int(number)) for number in numbers)
        except ValueError as fault:
            raise NothingChosen("Teeth are numbers.", "Use 36,37 or “none”.") from fault
    side = "" if args.side == "none" else args.side
    with logged_in(args, console) as clinic:
        chosen = tuple(ImageId(each) for each in args.images)
        before = charts.set_teeth(clinic, charts.SetTeeth(chosen, teeth, side))
    console.say(f"Set on {len(before)} images.")
    return 0
