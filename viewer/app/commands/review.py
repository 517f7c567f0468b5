"""``bitewing review``: what is unusual, sign-offs, who saw a patient, disclosures, the report."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from calendar import monthrange
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from viewer.app.clinic import Clinic
from viewer.app.commands.console import Commands, Console
from viewer.app.commands.library import DAMAGE
from viewer.app.commands.login import logged_in
from viewer.app.review.disclosures import Disclosure
from viewer.app.review.findings import Finding
from viewer.app.review.settings import WEEKDAYS, Hours
from viewer.app.reviewing import PatientLabel, Review
from viewer.app.trail_out.table import facts_of
from viewer.app.use_cases import reports, review
from viewer.model.errors import UserError

_SHORT = 8
_DAYS = 30


def add_parsers(commands: Commands) -> None:
    """Describe ``review``."""
    parser = commands.add_parser("review", help="what is unusual in the trail; sign-offs; reports")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="findings, gravest first, with the reason in words")
    _add_period(listing)
    listing.add_argument("--all", action="store_true", help="also what was signed off")
    listing.set_defaults(run=run_list)
    sign = actions.add_parser("sign-off", help="say that a finding was looked at")
    sign.add_argument("id", metavar="ID", help="the beginning of the id that list prints")
    sign.add_argument("--note", required=True, metavar="TEXT", help="what you found out")
    _add_period(sign)
    sign.set_defaults(run=run_sign_off)
    patient = actions.add_parser("patient", help="who saw a patient, newest first")
    patient.add_argument("patient", metavar="PATIENT", help="chart number, name or id")
    patient.set_defaults(run=run_patient)
    _add_reports(actions)


def _add_reports(actions: Commands) -> None:
    disclosures = actions.add_parser("disclosures", help="accounting by 45 CFR 164.528")
    disclosures.add_argument("patient", metavar="PATIENT", help="chart number, name or id")
    disclosures.add_argument(
        "--out", type=Path, metavar="FILE.pdf", help="write a PDF, and beside it the same as CSV"
    )
    disclosures.add_argument("--replace", action="store_true", help="replace existing files")
    disclosures.set_defaults(run=run_disclosures)
    report = actions.add_parser("report", help="verify the trail and write the review as a PDF")
    report.add_argument("--month", type=_month, metavar="YYYY-MM", help="default: the last month")
    report.add_argument("--out", required=True, type=Path, metavar="FILE.pdf")
    report.add_argument("--replace", action="store_true", help="replace an existing file")
    report.set_defaults(run=run_report)
    hours = actions.add_parser("hours", help="when the practice is open")
    hours.add_argument("--opens", required=True, metavar="07:00")
    hours.add_argument("--closes", required=True, metavar="19:00")
    hours.add_argument("--days", nargs="+", choices=WEEKDAYS, default=list(WEEKDAYS[:5]))
    hours.set_defaults(run=run_hours)


def _add_period(parser: ArgumentParser) -> None:
    parser.add_argument("--days", type=int, default=_DAYS, metavar="N", help="the last N days")
    parser.add_argument("--since", type=date.fromisoformat, metavar="YYYY-MM-DD")
    parser.add_argument("--until", type=date.fromisoformat, metavar="YYYY-MM-DD")


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise ArgumentTypeError("write a month as 2026-11") from None


def _today(clinic: Clinic) -> date:
    return clinic.clock.wall().astimezone().date()


def _reviewed(args: Namespace, clinic: Clinic) -> Review:
    until = args.until or _today(clinic)
    since = args.since or until - timedelta(days=max(args.days, 1) - 1)
    return review.review_trail(clinic, review.ReviewTrail(since, until))


def finding_facts(finding: Finding, labels: Review) -> dict[str, Any]:
    """What the command line says of a finding."""
    signed = finding.signed
    return {
        "id": finding.id,
        "rule": finding.rule.value,
        "score": finding.score,
        "reason": finding.reason,
        "who": finding.who,
        "first": finding.first.isoformat(timespec="seconds"),
        "last": finding.last.isoformat(timespec="seconds"),
        "entries": [str(ref) for ref in finding.refs],
        "patients": [labels.label(each).words for each in finding.patients],
        "on_the_same_day": [rule.value for rule in finding.also],
        "signed_by": signed.by if signed else None,
        "signed": signed.when.isoformat(timespec="seconds") if signed else None,
        "note": signed.note if signed else None,
        "about_oneself": signed.own if signed else None,
    }


def run_list(args: Namespace, console: Console) -> int:
    """Print findings, gravest first."""
    with logged_in(args, console) as clinic:
        found = _reviewed(args, clinic)
    shown = [each for each in found.findings if args.all or each.is_open]
    if args.json:
        console.facts(
            {
                "since": found.since.isoformat(),
                "until": found.until.isoformat(),
                "last_review": found.last.isoformat(timespec="seconds") if found.last else None,
                "open_findings": found.open_findings,
                "open_emergencies": found.open_emergencies,
                "not_looked_at": list(found.not_looked_at),
                "findings": [finding_facts(each, found) for each in shown],
            }
        )
        return 0
    for each in shown:
        who, when = each.who or "the program", each.first.strftime("%Y-%m-%d %H:%M")
        console.say(f"{each.id[:_SHORT]}  {each.score:5.1f}  {each.rule.value:<22} {when}  {who}")
        console.say(f"          {each.reason}")
        if each.signed:
            console.say(f"          signed off by {each.signed.by}: {each.signed.note}")
    if not shown:
        console.say("Nothing unusual is open in this period.")
    for words in found.not_looked_at:
        console.warn(words)
    return 0


def run_sign_off(args: Namespace, console: Console) -> int:
    """Sign one finding off."""
    with logged_in(args, console) as clinic:
        found = _reviewed(args, clinic)
        wanted = [each for each in found.findings if each.id.startswith(args.id.lower())]
        if len(wanted) != 1:
            what = "There is no such finding" if not wanted else "Several findings begin like this"
            raise UserError(f"{what}.", "Use an id that “review list” prints, with its period.")
        signed = review.sign_off(clinic, review.SignOff(wanted[0], args.note))
    if args.json:
        console.facts({"id": signed.id, "rule": signed.rule.value, "note": args.note})
    else:
        console.say(f"Signed off: {signed.rule.value}, {signed.who or 'the program'}.")
    return 0


def _patient(clinic: Clinic, text: str) -> PatientLabel:
    found = review.find_reviewed(clinic, review.FindReviewed(text))
    exact = [each for each in found if text in {each.id, each.chart_number}]
    found = exact or found
    if len(found) != 1:
        what = "There is no such patient" if not found else "Several patients are found"
        raise UserError(f"{what}.", "Use the chart number, or the id that the trail shows.")
    return found[0]


def run_patient(args: Namespace, console: Console) -> int:
    """Print who saw a patient."""
    with logged_in(args, console) as clinic:
        label = _patient(clinic, args.patient)
        access = review.who_saw(clinic, review.WhoSaw(label.id))
    if args.json:
        events = [facts_of(each.event) for each in access.seen]
        console.facts({"patient": label.id, "name": label.name, "entries": events})
        return 0
    console.say(label.words)
    for each in access.seen:
        entry = each.entry
        console.say(
            f"{each.local:%Y-%m-%d %H:%M:%S}  {entry.actor.name:<18} {entry.actor.role:<16} "
            f"{entry.kind.value:<14} {entry.outcome.value:<8} {each.event.workstation}  {entry.why}"
        )
    return 0


def _disclosure_facts(line: Disclosure) -> dict[str, Any]:
    return {
        "date": line.when.isoformat(timespec="seconds"),
        "recipient": line.recipient,
        "address": line.address,
        "what": line.what,
        "purpose": line.purpose,
        "required": line.is_required,
        "rule": line.rule,
        "sent_by": line.by,
        "number": line.number,
        "note": line.note,
    }


def run_disclosures(args: Namespace, console: Console) -> int:
    """Print or write the accounting of one patient's disclosures."""
    with logged_in(args, console) as clinic:
        label, day = _patient(clinic, args.patient), _today(clinic)
        if args.out is None:
            request = reports.ShowDisclosures(label.id, day)
            made = reports.show_disclosures(clinic, request)
        else:
            order = reports.AccountDisclosures(label.id, day, args.out, args.replace)
            made = reports.account_disclosures(clinic, order)
    if args.json:
        lines = [_disclosure_facts(line) for line in made.lines]
        facts = {"since": made.since.isoformat(), "until": made.until.isoformat()}
        console.facts({"patient": label.id, **facts, "disclosures": lines})
        return 0
    for line in made.lines:
        mark = "listed" if line.is_required else "exempt"
        console.say(f"{line.when:%Y-%m-%d}  {mark}  {line.recipient}  {line.purpose}  {line.what}")
    console.say(f"{len(made.required)} of {len(made.lines)} are asked for by 45 CFR 164.528.")
    return 0


def run_report(args: Namespace, console: Console) -> int:
    """Write the review of a month; exit status 3 where the trail is not whole."""
    with logged_in(args, console) as clinic:
        first = args.month or (_today(clinic).replace(day=1) - timedelta(days=1)).replace(day=1)
        last = min(first.replace(day=monthrange(first.year, first.month)[1]), _today(clinic))
        request = reports.WriteReport(first, last, args.out, args.replace)
        written = reports.write_report(clinic, request)
    if args.json:
        console.facts(
            {
                "file": args.out.name,
                "since": first.isoformat(),
                "until": last.isoformat(),
                "whole": written.is_whole,
                "open_findings": written.review.open_findings,
                "sha256": written.sha256,
                "trail_number": written.trail_number,
            }
        )
    else:
        whole = "The trail is whole" if written.is_whole else "THE TRAIL IS DAMAGED"
        console.say(f"{whole}; {written.review.open_findings} findings are open.")
        console.say(f"SHA-256 {written.sha256}, entry {written.trail_number} of the trail.")
    return 0 if written.is_whole else DAMAGE


def run_hours(args: Namespace, console: Console) -> int:
    """Say when the practice is open."""
    hours = Hours.from_fields({"opens": args.opens, "closes": args.closes, "days": args.days})
    with logged_in(args, console) as clinic:
        review.set_hours(clinic, review.SetHours(hours))
    console.facts(hours.fields()) if args.json else console.say(f"Open {hours.words}.")
    return 0
