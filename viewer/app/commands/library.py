"""``bitewing import``, ``list``, ``export-pixels`` and ``check``."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from viewer.app.commands.accounts import say_due
from viewer.app.commands.console import Commands, Console
from viewer.app.commands.login import logged_in
from viewer.app.commands.quarantine import choose_interrupted
from viewer.app.due import keys_due
from viewer.app.use_cases import exporting, importing, library, store
from viewer.model.ids import ImageId

if TYPE_CHECKING:
    from viewer.app.clinic import Clinic
    from viewer.app.use_cases.store import CheckReport
    from viewer.model.image import ImageRecord

DAMAGE = 3
"""Exit status where something stored is damaged."""


def add_parsers(commands: Commands) -> None:
    """Describe the commands about images."""
    bring = commands.add_parser("import", help="bring files and folders into the store")
    bring.add_argument("paths", nargs="*", type=Path, metavar="PATH")
    bring.add_argument("--go-on", action="store_true", help="with the import that was cut off")
    bring.add_argument("--forget", action="store_true", help="the import that was cut off")
    bring.set_defaults(run=run_import)
    listing = commands.add_parser("list", help="what is in the store")
    listing.add_argument("--patient", metavar="ID", help="id or chart number")
    listing.set_defaults(run=run_list)
    export = commands.add_parser("export-pixels", help="stored pixels as a NumPy file")
    export.add_argument("id", metavar="ID")
    export.add_argument("--out", required=True, type=Path, metavar="FILE.npy")
    export.add_argument("--replace", action="store_true", help="replace an existing file")
    export.add_argument("--purpose", default="", metavar="P", help="what for; for the trail")
    export.add_argument("--recipient", default="", metavar="R", help="who gets it; for the trail")
    export.set_defaults(run=run_export)
    check = commands.add_parser("check", help="is everything stored whole?")
    check.add_argument("--deep", action="store_true", help="open every object")
    check.add_argument(
        "--repair", action="store_true", help="repair what there is a second place for"
    )
    check.set_defaults(run=run_check)


def run_import(args: Namespace, console: Console) -> int:
    """Import, one line a study, then a summary and what was refused and why."""
    with logged_in(args, console) as clinic:
        if args.forget:
            before = choose_interrupted(clinic)
            importing.forget_interrupted(clinic, importing.ForgetInterrupted(before.id))
            console.say("What was sealed stays; the import is not gone on with.")
            return 0
        if args.go_on:
            before = choose_interrupted(clinic)
            report = importing.go_on_importing(clinic, importing.GoOn(before.id))
        else:
            report = importing.import_paths(clinic, importing.ImportPaths(tuple(args.paths)))
            _say_cut_off(clinic, console)
    tell_report(args, console, report)
    return 0 if report.stored or not (report.refusals or report.set_aside) else 1


def _say_cut_off(clinic: Clinic, console: Console) -> None:
    if importing.has_interrupted(clinic):
        console.warn("An import before this one was cut off: “bitewing import --go-on”.")


def tell_report(args: Namespace, console: Console, report: importing.ImportReport) -> None:
    """Say what an import did, as facts or in lines."""
    if args.json:
        console.facts(_report_facts(report))
    else:
        _say_report(report, console)


def _report_facts(report: importing.ImportReport) -> dict[str, Any]:
    return {
        "stored": [record_facts(each.record) for each in report.new],
        "already_there": len(report.stored) - len(report.new),
        "kept": len(report.kept),
        "waiting": len(report.waiting),
        "patients": len(report.patient_ids),
        "studies": len(report.study_uids),
        "set_aside": [
            {"id": each.image_id, "file": each.file_name, "reason": each.reason}
            for each in report.set_aside
        ],
        "refused": [{"file": each.name_hint, "reason": each.reason} for each in report.refusals],
        "done_before": report.skipped,
    }


def _say_report(report: importing.ImportReport, console: Console) -> None:
    for uid in report.study_uids:
        mine = [each for each in report.stored if each.record.study_uid == uid]
        new = sum(not each.was_there for each in mine)
        words = mine[0].study_description or "study"
        console.say(f"{words}: {new} new, {len(mine) - new} already there")
    for kept in report.kept:
        console.say(f"kept, not shown: {kept.record.description}: {kept.record.reason}")
    for aside in report.set_aside:
        console.say(f"set aside {aside.file_name}: {aside.reason}")
    for refusal in report.refusals:
        console.say(f"refused {refusal.name_hint}: {refusal.reason}")
    if report.waiting:
        console.say(f"{len(report.waiting)} wait for somebody to say whose they are.")
    if report.skipped:
        console.say(f"{report.skipped} files were dealt with before.")
    aside_words = f"{len(report.set_aside)} set aside, " if report.set_aside else ""
    console.say(
        f"{len(report.new)} images stored for {len(report.patient_ids)} patients, "
        f"{len(report.stored) - len(report.new)} already there, "
        f"{aside_words}{len(report.refusals)} refused."
    )
    if report.room is not None and report.room.is_tight:
        console.warn(
            f"The disk is nearly full: {report.room.disk_free_bytes / 1e9:.1f} GB left, "
            f"“bitewing keep evict” can free {report.room.free_able_bytes / 1e9:.1f} GB."
        )


def record_facts(record: ImageRecord) -> dict[str, Any]:
    """What ``list --json`` says of one image or volume."""
    return {
        "id": record.id,
        "patient_id": record.patient_id,
        "study_uid": record.study_uid,
        "series_uid": record.series_uid,
        "sop_instance_uids": list(record.sop_instance_uids),
        "modality": record.modality,
        "kind": record.kind.value,
        "shape": list(record.shape),
        "state": record.state.value,
        "reason": record.reason,
        "notes": list(record.notes),
    }


def run_list(args: Namespace, console: Console) -> int:
    """List what is in the store."""
    with logged_in(args, console) as clinic:
        charts = library.list_store(clinic, library.ListStore(args.patient))
    if args.json:
        records = [image for chart in charts for study in chart.studies for image in study.images]
        console.facts([record_facts(record) for record in records])
        return 0
    for chart in charts:
        born = chart.patient.birth_date or "birth date unknown"
        console.say(f"{chart.patient.whole_name} · {born} · #{chart.patient.chart_number}")
        for study in chart.studies:
            console.say(f"  {study.study.date or 'undated'}  {study.study.description}")
            for image in study.images:
                shape = "×".join(str(n) for n in image.shape)
                console.say(
                    f"    {image.id}  {image.kind.value:<14} {shape:<14} {image.state.value}"
                )
    return 0


def run_export(args: Namespace, console: Console) -> int:
    """Write stored pixels; audited as an export."""
    with logged_in(args, console) as clinic:
        request = exporting.ExportPixels(
            ImageId(args.id), args.out, args.replace, args.purpose, args.recipient
        )
        record = exporting.export_pixels(clinic, request)
    if args.json:
        console.facts(record_facts(record) | {"dtype": record.dtype})
    else:
        shape = "×".join(str(n) for n in record.shape)
        console.say(f"Wrote {shape} values of type {record.dtype}.")
    return 0


def run_check(args: Namespace, console: Console) -> int:
    """Check the store; exit status 3 where something is damaged and stays so."""
    if args.repair:
        return _run_repair(args, console)
    with logged_in(args, console) as clinic:
        report = store.check_store(clinic, store.CheckStore(args.deep))
        due = keys_due(clinic)
    if args.json:
        facts = [{"key": each.key.value, "reasons": list(each.reasons)} for each in due]
        console.facts(_check_facts(report) | {"rotation_due": facts})
    else:
        say_due(due, console.say)
        _say_findings(report, console)
        words = "The store is sound." if report.is_sound else "The store is damaged."
        console.say(f"{report.objects_checked} objects checked. {words}")
    return 0 if report.is_sound else DAMAGE


def _run_repair(args: Namespace, console: Console) -> int:
    with logged_in(args, console, to_repair=True) as clinic:
        repaired = store.repair_store(clinic, store.RepairStore(args.deep))
    if args.json:
        facts = {"repaired": list(repaired.done), "lost": list(repaired.lost)}
        console.facts(_check_facts(repaired.report) | facts)
    else:
        _say_findings(repaired.report, console)
        for words in repaired.done:
            console.say(f"repaired: {words}")
        for words in repaired.lost:
            console.say(f"lost: {words}")
        console.say(f"{len(repaired.done)} parts repaired, {len(repaired.lost)} losses.")
    return DAMAGE if repaired.lost else 0


def _say_findings(report: CheckReport, console: Console) -> None:
    for finding in report.findings:
        console.say(f"{finding.kind.value}: {finding.words}")
    for now in dict.fromkeys(finding.now for finding in report.findings if finding.now):
        console.say(f"now: {now}")


def _check_facts(report: CheckReport) -> dict[str, Any]:
    return {
        "sound": report.is_sound,
        "deep": report.is_deep,
        "objects": report.objects_checked,
        "bytes": report.bytes_checked,
        "findings": [
            {
                "kind": each.kind.value,
                "words": each.words,
                "now": each.now,
                "image_id": each.image_id,
            }
            for each in report.findings
        ],
    }
