"""``bitewing quarantine``: files that could not be read safely; which import was cut off."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from viewer.app.clinic import Clinic
from viewer.app.commands.console import Commands, Console
from viewer.app.commands.keeping import size_of, size_words
from viewer.app.commands.login import logged_in
from viewer.app.errors import NothingChosen
from viewer.app.incoming.aside import Quarantined
from viewer.app.use_cases import importing, quarantine


def add_parsers(commands: Commands) -> None:
    """Describe ``quarantine``."""
    parser = commands.add_parser("quarantine", help="files that could not be read safely")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="what is set aside, since when, and why")
    listing.set_defaults(run=run_list)
    retry = actions.add_parser("retry", help="read again what is set aside")
    retry.add_argument("ids", nargs="*", metavar="ID", help="default: everything")
    retry.set_defaults(run=run_retry)
    discard = actions.add_parser("discard", help="throw a file away for good")
    discard.add_argument("id", metavar="ID", help="its beginning is enough")
    discard.add_argument("--confirm", required=True, metavar="CODE", help="as “list” shows it")
    discard.set_defaults(run=run_discard)
    limit = actions.add_parser("limit", help="how large a file may be that is set aside whole")
    limit.add_argument("size", metavar="SIZE", help="500M, 2G; of larger ones the digest is kept")
    limit.set_defaults(run=run_limit)


def run_list(args: Namespace, console: Console) -> int:
    """List what is set aside."""
    with logged_in(args, console) as clinic:
        found = quarantine.list_quarantine(clinic, quarantine.ListQuarantine())
    if args.json:
        console.facts([_facts(each, found) for each in found.files])
        return 0
    for each in found.files:
        when = each.when.strftime("%Y-%m-%d %H:%M") if each.when else "undated"
        size = size_words(each.size_bytes) + ("" if each.is_whole else ", only its digest is kept")
        by = found.names.get(each.by, "somebody who left") if each.by else "—"
        console.say(f"{each.image_id}  {when}  {each.file_name} ({size}), from {each.origin}, {by}")
        console.say(f"    {each.reason}  discard: --confirm {quarantine.confirmation(each)}")
    console.say(f"{len(found.files)} files are set aside.")
    return 0


def _facts(each: Quarantined, found: quarantine.Quarantine) -> dict[str, Any]:
    return {
        "id": each.image_id,
        "file": each.file_name,
        "reason": each.reason,
        "when": each.when.isoformat() if each.when else "",
        "by": found.names.get(each.by, "") if each.by else "",
        "from": each.origin,
        "bytes": each.size_bytes,
        "sha256": each.sha256,
        "is_whole": each.is_whole,
        "confirm": quarantine.confirmation(each),
    }


def run_retry(args: Namespace, console: Console) -> int:
    """Read files again; exit status 1 where one still cannot be read."""
    came_in = 0
    with logged_in(args, console) as clinic:
        chosen = [_named(clinic, text) for text in args.ids] or _all(clinic)
        for each in chosen:
            request = quarantine.RetryQuarantined(each.image_id)
            report = quarantine.retry_quarantined(clinic, request)
            came_in += not report.refusals
            for refusal in report.refusals:
                console.say(f"still not read: {each.file_name}: {refusal.reason}")
    console.say(f"{came_in} of {len(chosen)} files came in.")
    return 0 if came_in == len(chosen) else 1


def run_discard(args: Namespace, console: Console) -> int:
    """Throw one file away."""
    with logged_in(args, console) as clinic:
        found = _named(clinic, args.id)
        request = quarantine.DiscardQuarantined(found.image_id, args.confirm)
        quarantine.discard_quarantined(clinic, request)
    console.say("Thrown away.")
    return 0


def run_limit(args: Namespace, console: Console) -> int:
    """Say how large a file may be."""
    size = size_of(args.size)
    with logged_in(args, console) as clinic:
        quarantine.limit_quarantine(clinic, quarantine.LimitQuarantine(size))
    console.say(f"Files up to {size_words(size)} are set aside whole.")
    return 0


def _all(clinic: Clinic) -> list[Quarantined]:
    listed = quarantine.list_quarantine(clinic, quarantine.ListQuarantine())
    return [each for each in listed.files if each.is_whole]


def _named(clinic: Clinic, text: str) -> Quarantined:
    listed = quarantine.list_quarantine(clinic, quarantine.ListQuarantine())
    found = [each for each in listed.files if each.image_id.startswith(text.lower())]
    if len(found) != 1:
        raise NothingChosen(
            "No one file of this id is set aside.", "“bitewing quarantine list” shows them."
        )
    return found[0]


def choose_interrupted(clinic: Clinic) -> importing.Interrupted:
    """Return the import that was cut off last.

    Raises
    ------
    NothingChosen
        None was.
    """
    found = importing.list_interrupted(clinic, importing.ListInterrupted())
    if not found:
        raise NothingChosen("No import was cut off.", "Name the files or folders to bring in.")
    return found[-1]
