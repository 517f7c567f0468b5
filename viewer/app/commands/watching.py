"""``bitewing watch``: folders that capture devices write into."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from viewer.app.commands.console import Commands, Console
from viewer.app.commands.login import logged_in
from viewer.app.use_cases import watching
from viewer.app.watching.folders import REMOVING, Afterwards, FolderRefused, WatchedFolder
from viewer.model.image import ImageKind


def add_parsers(commands: Commands) -> None:
    """Describe ``watch``."""
    parser = commands.add_parser("watch", help="folders that capture devices write into")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="which folders, of which devices")
    listing.set_defaults(run=run_list)
    adding = actions.add_parser("add", help="take in by itself what a device writes")
    adding.add_argument("folder", type=Path, metavar="FOLDER")
    adding.add_argument("--device", required=True, metavar="NAME", help="what people call it")
    kinds = [kind.value for kind in ImageKind if kind is not ImageKind.OTHER]
    adding.add_argument("--kind", choices=kinds, help="where its files do not say it themselves")
    adding.add_argument(
        "--remove", action="store_true", help="remove a file once it is sealed and read back"
    )
    adding.add_argument("--confirm-removing", action="store_true", help="yes, remove them")
    adding.set_defaults(run=run_add)
    stop = actions.add_parser("stop", help="watch a folder no more; what it brought stays")
    stop.add_argument("id", metavar="ID", help="as “list” shows it; its beginning is enough")
    stop.set_defaults(run=run_stop)


def run_list(args: Namespace, console: Console) -> int:
    """List the watched folders."""
    with logged_in(args, console) as clinic:
        found = watching.list_watched(clinic, watching.ListWatched())
    if args.json:
        console.facts([_facts(each) for each in found])
        return 0
    for each in found:
        console.say(f"{each.id}  {each.device}: {each.path}  (files are {each.after.value})")
    console.say(f"{len(found)} folders are watched while somebody is logged in who may import.")
    return 0


def _facts(each: WatchedFolder) -> dict[str, str]:
    return {
        "id": each.id,
        "device": each.device,
        "folder": each.path,
        "afterwards": each.after.name.lower(),
        "kind": each.kind.value if each.kind else "",
        "since": each.since.isoformat() if each.since else "",
    }


def run_add(args: Namespace, console: Console) -> int:
    """Watch one more folder."""
    if args.remove and not args.confirm_removing:
        raise FolderRefused(REMOVING, "Add --confirm-removing if you mean it.")
    request = watching.WatchFolder(
        args.folder,
        args.device,
        Afterwards.REMOVE if args.remove else Afterwards.LEAVE,
        ImageKind(args.kind) if args.kind else None,
    )
    with logged_in(args, console) as clinic:
        made = watching.watch_folder(clinic, request)
    console.say(f"{made.id}  {made.device} is watched; its files are {made.after.value}.")
    if args.remove:
        console.say(REMOVING)
    return 0


def run_stop(args: Namespace, console: Console) -> int:
    """Watch a folder no more."""
    with logged_in(args, console) as clinic:
        known = watching.list_watched(clinic, watching.ListWatched())
        found = [each for each in known if each.id.startswith(args.id)]
        if len(found) != 1:
            raise FolderRefused("There is no such watched folder.", "Look it up: watch list.")
        gone = watching.stop_watching(clinic, watching.StopWatching(found[0].id))
    console.say(f"{gone.device} is not watched any more. What it brought stays.")
    return 0
