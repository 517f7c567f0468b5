"""``bitewing audit``: list, verify, export."""

from __future__ import annotations

import csv
import json
from argparse import Namespace
from pathlib import Path
from typing import Any

from viewer.app.commands.console import Commands, Console
from viewer.app.commands.library import DAMAGE
from viewer.app.commands.login import logged_in
from viewer.app.use_cases import trail
from viewer.model.errors import EnvironmentFault, UserError
from viewer.session.audit.events import Event, EventFilter
from viewer.session.audit.verdict import Verdict
from viewer.session.audit.verify import verify_trail

_COLUMNS = (
    "number", "when", "workstation", "who", "role", "kind", "outcome", "patient_id", "objects",
    "why", "digests", "size_bytes", "refers_to", "refers_in", "segment",
)  # fmt: skip


def add_parsers(commands: Commands) -> None:
    """Describe ``audit``."""
    audit = commands.add_parser("audit", help="the trail: list, verify, export")
    actions = audit.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="entries, newest first")
    listing.add_argument("--last", type=int, default=100, metavar="N")
    listing.set_defaults(run=run_list)
    check = actions.add_parser("verify", help="check the chain and its signatures")
    check.add_argument(
        "--public-key", type=Path, metavar="FILE", help="verify offline, without an account"
    )
    check.add_argument(
        "--trail", type=Path, metavar="FOLDER", help="folder with the trail to verify offline"
    )
    check.set_defaults(run=run_verify)
    export = actions.add_parser("export", help="the whole trail to standard output")
    export.add_argument("format", choices=["csv", "jsonl"])
    export.set_defaults(run=run_export)


def event_facts(event: Event) -> dict[str, Any]:
    """What the command line says of one entry."""
    entry = event.entry
    values = (
        event.seq, event.wall.isoformat(), event.workstation, entry.actor.name, entry.actor.role,
        entry.kind.value, entry.outcome.value, entry.patient_id, list(entry.objects), entry.why,
        list(entry.digests), entry.size_bytes, entry.refers_to, entry.refers_in,
        event.segment,
    )  # fmt: skip
    return dict(zip(_COLUMNS, values, strict=True))


def run_list(args: Namespace, console: Console) -> int:
    """Print the newest entries."""
    with logged_in(args, console) as clinic:
        reader = trail.open_trail(clinic, trail.OpenTrail())
        events = list(reader.page(EventFilter(), 0, args.last))
    if args.json:
        console.facts([event_facts(event) for event in events])
        return 0
    for event in events:
        entry = event.entry
        when = event.wall.strftime("%Y-%m-%d %H:%M:%S")
        console.say(
            f"{event.seq:>7}  {when}  {entry.actor.name:<18} {entry.kind.value:<18} "
            f"{entry.outcome.value:<9} {entry.why}"
        )
    return 0


def run_verify(args: Namespace, console: Console) -> int:
    """Verify; exit status 3 where the trail is not whole."""
    verdict = _verify_offline(args) if args.public_key else _verify_here(args, console)
    if args.json:
        finding = verdict.finding
        console.facts(
            {
                "whole": verdict.is_whole,
                "entries": verdict.records,
                "signed": verdict.signed,
                "checkpoints": verdict.checkpoints,
                "head": verdict.head.digest,
                "damage": finding.damage.value if finding else None,
                "first_bad_entry": finding.seq if finding else None,
                "words": finding.words if finding else "",
            }
        )
    elif verdict.finding is None:
        console.say(f"The trail is whole: {verdict.records} entries, {verdict.signed} signed.")
    else:
        finding = verdict.finding
        console.say(f"The trail is damaged: entry {finding.seq}, {finding.damage.value}.")
        console.say(finding.words)
    return 0 if verdict.is_whole else DAMAGE


def _verify_here(args: Namespace, console: Console) -> Verdict:
    with logged_in(args, console) as clinic:
        return trail.verify(clinic, trail.VerifyTrail())


def _verify_offline(args: Namespace) -> Verdict:
    if args.trail is None:
        raise UserError("No trail is named.", "Use --trail FOLDER with --public-key.")
    is_inside = args.trail.name == "trail" and not (args.trail / "trail").is_dir()
    store = args.trail.parent if is_inside else args.trail
    if not (store / "trail").is_dir():
        raise UserError("There is no trail in this folder.", "Name the store or its folder trail.")
    try:
        return verify_trail(store, args.public_key.read_text(encoding="utf-8").strip())
    except OSError as fault:
        raise EnvironmentFault("The trail cannot be read.", "Check the folder's name.") from fault
    except ValueError as fault:
        raise UserError("The public key is not one.", "Use the trail's public.key.") from fault


def run_export(args: Namespace, console: Console) -> int:
    """Print every entry as CSV or JSON lines."""
    with logged_in(args, console) as clinic:
        reader = trail.open_trail(clinic, trail.OpenTrail(f"export as {args.format}"))
        total = reader.count(EventFilter())
        events = list(reader.page(EventFilter(), 0, total))
    if args.format == "jsonl":
        for event in reversed(events):
            console.say(json.dumps(event_facts(event), ensure_ascii=False))
        return 0
    table = csv.DictWriter(console.out, _COLUMNS, lineterminator="\n")
    table.writeheader()
    for event in reversed(events):
        facts = event_facts(event)
        table.writerow({key: _cell(value) for key, value in facts.items()})
    return 0


def _cell(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula."""
    if isinstance(value, list):
        return " ".join(str(each) for each in value)
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@"}:
        return "'" + value
    return value
