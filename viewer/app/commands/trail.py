"""``bitewing audit``: list, verify, export, archives."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from viewer.app.commands import trail_keeping
from viewer.app.commands.console import Commands, Console
from viewer.app.commands.library import DAMAGE
from viewer.app.commands.login import logged_in
from viewer.app.commands.trail_filter import add_filters, filter_of
from viewer.app.trail_out.table import facts_of
from viewer.app.use_cases import trail
from viewer.model.errors import EnvironmentFault, UserError
from viewer.session.audit.note import Checkpoint
from viewer.session.audit.segment import head_of, split_head
from viewer.session.audit.verdict import Verdict
from viewer.session.audit.verify import Looked, verify_trail
from viewer.session.keystore import Head

_OFFLINE = (
    "Offline, without a head kept elsewhere (--head), nobody can see whether the newest entries "
    "were cut off, whether the whole was set back, or whether the workstation itself wrote it anew."
)


def add_parsers(commands: Commands) -> None:
    """Describe ``audit``."""
    audit = commands.add_parser("audit", help="the trail: list, verify, export, archives")
    actions = audit.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="entries, newest first")
    listing.add_argument("--last", type=int, default=100, metavar="N")
    add_filters(listing)
    _add_archives(listing)
    listing.set_defaults(run=run_list)
    _add_verify(actions)
    export = actions.add_parser("export", help="entries as CSV, JSON lines or FHIR AuditEvents")
    export.add_argument("format", choices=trail.FORMATS)
    export.add_argument("--out", type=Path, metavar="FILE", help="else standard output")
    export.add_argument("--replace", action="store_true", help="overwrite the file")
    export.add_argument("--purpose", default="", help="what for; goes into the trail")
    export.add_argument("--recipient", default="", help="who gets it; goes into the trail")
    add_filters(export)
    export.set_defaults(run=run_export)
    trail_keeping.add_actions(actions)


def _add_verify(actions: Commands) -> None:
    check = actions.add_parser("verify", help="check the chain and its signatures")
    check.add_argument(
        "--public-key", type=Path, metavar="FILE", help="verify offline, without an account"
    )
    check.add_argument(
        "--trail", type=Path, metavar="FOLDER", help="folder with the trail to verify offline"
    )
    check.add_argument(
        "--head", metavar="PART:ENTRIES:DIGEST", help="offline: a head that was kept elsewhere"
    )
    check.add_argument(
        "--parts", action="store_true", help="offline: the folder is an archive of some parts"
    )
    _add_archives(check)
    check.set_defaults(run=run_verify)


def _add_archives(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--archive",
        type=Path,
        metavar="FOLDER",
        action="append",
        default=[],
        help="also the archived parts in this folder",
    )


def run_list(args: Namespace, console: Console) -> int:
    """Print the newest entries."""
    with logged_in(args, console) as clinic:
        reader = trail.open_trail(clinic, trail.OpenTrail(archives=tuple(args.archive)))
        events = list(reader.page(filter_of(args, clinic), 0, args.last))
    if args.json:
        console.facts([facts_of(event) for event in events])
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
        console.facts(_verdict_facts(verdict))
    elif verdict.finding is None:
        console.say(f"{verdict.words} {verdict.signed} signed.")
        console.say(f"Head to keep elsewhere: {_head_words(verdict)}")
        if args.public_key and not args.head:
            console.say(_OFFLINE)
    else:
        finding = verdict.finding
        part = f" of part {finding.segment}" if finding.segment > 1 else ""
        console.say(f"The trail is damaged: entry {finding.seq}{part}, {finding.damage.value}.")
        console.say(finding.words)
    return 0 if verdict.is_whole else DAMAGE


def _verdict_facts(verdict: Verdict) -> dict[str, object]:
    finding = verdict.finding
    return {
        "whole": verdict.is_whole,
        "entries": verdict.records,
        "signed": verdict.signed,
        "checkpoints": verdict.checkpoints,
        "head": verdict.head.digest,
        "head_to_keep": _head_words(verdict),
        "archived": list(verdict.archived),
        "damage": finding.damage.value if finding else None,
        "part": finding.segment if finding else None,
        "first_bad_entry": finding.seq if finding else None,
        "words": finding.words if finding else "",
    }


def _head_words(verdict: Verdict) -> str:
    part, entries = split_head(verdict.head)
    return f"{part}:{entries}:{verdict.head.digest}"


def _verify_here(args: Namespace, console: Console) -> Verdict:
    with logged_in(args, console) as clinic:
        request = trail.VerifyTrail(archives=tuple(args.archive))
        return trail.verify(clinic, request)


def _verify_offline(args: Namespace) -> Verdict:
    if args.trail is None:
        raise UserError("No trail is named.", "Use --trail FOLDER with --public-key.")
    is_inside = args.trail.name == "trail" and not (args.trail / "trail").is_dir()
    store = args.trail.parent if is_inside else args.trail
    if not (store / "trail").is_dir():
        raise UserError("There is no trail in this folder.", "Name the store or its folder trail.")
    looked = Looked(archives=tuple(args.archive), is_archive=args.parts)
    outside = _head(args.head) if args.head else None
    try:
        lines = args.public_key.read_text(encoding="utf-8").strip()
        return verify_trail(store, lines, outside, looked=looked)
    except OSError as fault:
        raise EnvironmentFault("The trail cannot be read.", "Check the folder's name.") from fault
    except ValueError as fault:
        raise UserError("The public key is not one.", "Use the trail's public.key.") from fault


def _head(text: str) -> Head:
    try:
        part, entries, digest = text.split(":")
        signed = Checkpoint(int(entries), bytes.fromhex(digest))
        return head_of(int(part), signed)
    except ValueError:
        hint = "Write it as verify prints it: PART:ENTRIES:DIGEST."
        raise UserError("The head is not one.", hint) from None


def run_export(args: Namespace, console: Console) -> int:
    """Write entries, oldest first, to a file or to standard output."""
    with logged_in(args, console) as clinic:
        request = trail.ExportTrail(
            args.format,
            filter_of(args, clinic),
            args.out,
            replace=args.replace,
            take=lambda piece: print(piece, end="", file=console.out),
            purpose=args.purpose,
            recipient=args.recipient,
        )
        done = trail.export_trail(clinic, request)
    if args.out is not None:
        if args.json:
            console.facts({"entries": done.entries, "sha256": done.digest})
        else:
            console.say(f"Wrote {done.entries} entries; SHA-256 {done.digest}.")
    return 0
