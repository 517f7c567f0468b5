"""``bitewing audit archive | archives | purge``."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from viewer.app.commands.console import Commands, Console
from viewer.app.commands.library import DAMAGE
from viewer.app.commands.login import logged_in
from viewer.app.use_cases import trail_keeping
from viewer.session.audit.archived import ArchiveNote
from viewer.session.audit.archiving import FLOOR_YEARS, KEEP_YEARS


def add_actions(actions: Commands) -> None:
    """Describe them."""
    archive = actions.add_parser("archive", help="move closed parts of the trail into a folder")
    archive.add_argument("destination", type=Path, metavar="FOLDER")
    archive.add_argument("--through", type=int, metavar="PART", help="not beyond this part")
    archive.add_argument(
        "--years", type=int, default=KEEP_YEARS, help=f"kept so long, at least {FLOOR_YEARS}"
    )
    archive.add_argument("--close", action="store_true", help="close the open part first")
    archive.set_defaults(run=run_archive)
    archives = actions.add_parser("archives", help="which parts are archived; check a folder")
    archives.add_argument("folder", type=Path, nargs="?", metavar="FOLDER")
    archives.set_defaults(run=run_archives)
    purge = actions.add_parser("purge", help="delete an archived part whose time is over")
    purge.add_argument("part", type=int, metavar="PART")
    purge.add_argument("folder", type=Path, metavar="FOLDER")
    purge.set_defaults(run=run_purge)


def run_archive(args: Namespace, console: Console) -> int:
    """Archive."""
    request = trail_keeping.ArchiveTrail(args.destination, args.through, args.years, args.close)
    with logged_in(args, console) as clinic:
        notes = trail_keeping.archive_trail(clinic, request)
    if args.json:
        console.facts([_facts(note) for note in notes])
        return 0
    for note in notes:
        console.say(f"Archived: {_words(note)}")
    return 0


def run_archives(args: Namespace, console: Console) -> int:
    """List and check; exit status 3 where a part in the folder is not sound."""
    with logged_in(args, console) as clinic:
        request = trail_keeping.ListTrailArchives(args.folder)
        found = trail_keeping.list_trail_archives(clinic, request).archived
    if args.json:
        console.facts([{**_facts(each.note), "sound": each.is_sound} for each in found])
    else:
        for each in found:
            said = {None: "", True: " Sound.", False: " NOT in this folder as it was archived."}
            console.say(f"{_words(each.note)}{said[each.is_sound]}")
        if not found:
            console.say("No part of the trail is archived.")
    return DAMAGE if any(each.is_sound is False for each in found) else 0


def run_purge(args: Namespace, console: Console) -> int:
    """Purge."""
    with logged_in(args, console) as clinic:
        request = trail_keeping.PurgeTrailArchive(args.part, args.folder)
        note = trail_keeping.purge_trail_archive(clinic, request)
    if args.json:
        console.facts(_facts(note))
    else:
        console.say(f"Deleted: {_words(note)}")
    return 0


def _words(note: ArchiveNote) -> str:
    return (
        f"part {note.segment}, {note.first_day} to {note.last_day}, "
        f"{note.signed.size} entries, {note.whereabouts.value} {note.archived}, "
        f"kept until {note.keep_until}."
    )


def _facts(note: ArchiveNote) -> dict[str, Any]:
    return {
        "part": note.segment,
        "entries": note.signed.size,
        "first_day": note.first_day.isoformat(),
        "last_day": note.last_day.isoformat(),
        "archived": note.archived.isoformat(),
        "keep_until": note.keep_until.isoformat(),
        "where": note.whereabouts.value,
        "sha256": note.digest,
        "size_bytes": note.size_bytes,
    }
