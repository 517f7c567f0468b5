"""``bitewing backup`` and ``restore``."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from viewer.app import restoring
from viewer.app.commands.console import Commands, Console
from viewer.app.commands.library import DAMAGE
from viewer.app.commands.login import (
    keystore_of,
    logged_in,
    read_password,
    require_store,
    store_folder,
)
from viewer.app.commands.recovery import read_recovery_key
from viewer.app.errors import NothingChosen
from viewer.app.jobs import JobControl, Progress
from viewer.app.use_cases import backups
from viewer.session.recovery import RecoveryKey
from viewer.vault.backup.manifest import Manifest


def add_parsers(commands: Commands) -> None:
    """Describe ``backup`` and ``restore``."""
    backup = commands.add_parser("backup", help="sealed, incremental backup into a folder")
    backup.add_argument("destination", nargs="?", type=Path, metavar="DEST")
    backup.add_argument("--label", default="", metavar="NAME", help="what you call this medium")
    backup.add_argument("--keep", type=int, metavar="N", help="then keep the last N snapshots")
    backup.add_argument(
        "--prove", action="store_true", help="open again everything that lies there"
    )
    backup.add_argument(
        "--take-back", action="store_true", help="use a backup again that was declared lost"
    )
    deeds = backup.add_mutually_exclusive_group()
    deeds.add_argument("--verify", action="store_true", help="check all of it, to the last byte")
    deeds.add_argument("--list", action="store_true", help="list snapshots and known backups")
    deeds.add_argument("--prune", action="store_true", help="only prune, to --keep N")
    deeds.add_argument("--lost", metavar="ID", help="stop waiting for a backup that is lost")
    backup.set_defaults(run=run_backup)
    restore = commands.add_parser("restore", help="a store from a backup and the recovery sheet")
    restore.add_argument("source", nargs="?", type=Path, metavar="SRC")
    restore.add_argument("--officer", metavar="USER", help="whose account gets a new password")
    restore.add_argument("--recovery-file", metavar="FILE", help="first line is the recovery key")
    restore.add_argument("--snapshot", type=int, metavar="N", help="another than the newest")
    restore.add_argument("--why", default="restore", help="goes into the trail")
    restore.add_argument(
        "--replace", action="store_true", help="set aside the store that is in the folder"
    )
    deeds = restore.add_mutually_exclusive_group()
    deeds.add_argument("--list", action="store_true", help="list the snapshots")
    deeds.add_argument(
        "--in-place", action="store_true", help="accept a store that was put back, as it is"
    )
    restore.set_defaults(run=run_restore)


# --- backup --------------------------------------------------------------------------------


def run_backup(args: Namespace, console: Console) -> int:
    """Back up, or look after backups; exit status 3 where something is damaged."""
    if args.lost:
        return _run_lost(args, console)
    if args.list:
        return _run_list(args, console)
    if args.destination is None:
        raise NothingChosen("No destination is named.", "Use “bitewing backup DEST”.")
    if args.prune:
        return _run_prune(args, console)
    return (_run_verify if args.verify else _run_back_up)(args, console)


def _run_back_up(args: Namespace, console: Console) -> int:
    request = backups.BackUp(args.destination, args.label, args.keep, args.prove, args.take_back)
    with logged_in(args, console) as clinic:
        done = backups.back_up(clinic, request, _control(args, console))
    manifest = done.report.manifest
    if args.json:
        facts = snapshot_facts(manifest) | {
            "copied_objects": done.report.copied_objects,
            "copied_bytes": done.report.copied_bytes,
            "pruned": list(done.pruned.removed) if done.pruned else [],
            "medium_was_set_back": done.was_set_back,
            "retired_epochs": list(done.retired),
            "pending_backups": list(done.pending),
        }
        console.facts(facts)
    else:
        console.say(
            f"Snapshot {manifest.number}: {manifest.object_count} objects, of which"
            f" {done.report.copied_objects} new ({done.report.copied_bytes / 1e6:.0f} MB)."
        )
        _say_notes(done, console)
    return DAMAGE if manifest.damaged else 0


def _say_notes(done: backups.BackedUp, console: Console) -> None:
    manifest = done.report.manifest
    if manifest.damaged:
        console.say(f"{len(manifest.damaged)} objects are damaged in the store: check it.")
    if manifest.elsewhere:
        console.say(f"{len(manifest.elsewhere)} objects lie in another archive, not here.")
    if done.was_set_back:
        console.say("This medium is older than it was: it was set back, or is another copy.")
    if done.pruned is not None:
        console.say(f"{len(done.pruned.removed)} older snapshots were removed.")
    if done.pending:
        console.say(f"Backups still to be caught up: {', '.join(done.pending)}.")


def _run_verify(args: Namespace, console: Console) -> int:
    with logged_in(args, console) as clinic:
        report = backups.verify_backup(
            clinic, backups.VerifyBackup(args.destination), _control(args, console)
        )
    if args.json:
        console.facts(
            {
                "sound": report.is_sound,
                "snapshots": report.snapshots,
                "objects": report.objects_checked,
                "bytes": report.bytes_checked,
                "unused_files": report.spare,
                "findings": [
                    {"kind": flaw.kind.value, "words": flaw.words, "snapshot": flaw.snapshot}
                    for flaw in report.flaws
                ],
            }
        )
    else:
        for flaw in report.flaws:
            console.say(f"{flaw.kind.value}: {flaw.words}")
        words = "The backup is sound." if report.is_sound else "The backup is damaged."
        console.say(
            f"{report.snapshots} snapshots, {report.objects_checked} objects checked. {words}"
        )
    return 0 if report.is_sound else DAMAGE


def _run_list(args: Namespace, console: Console) -> int:
    with logged_in(args, console) as clinic:
        found = backups.list_backups(clinic, backups.ListBackups(args.destination))
    if args.json:
        console.facts(
            {
                "snapshots": [snapshot_facts(each) for each in found.snapshots],
                "damaged": list(found.damaged),
                "known": [
                    {
                        "id": each.id,
                        "label": each.label,
                        "last_snapshot": each.snapshot_number,
                        "made": each.made if each.is_finished else None,
                        "epoch": each.epoch,
                        "lost": each.is_lost,
                    }
                    for each in found.known
                ],
            }
        )
        return 0
    _say_snapshots(found.snapshots, console)
    for number in found.damaged:
        console.say(f"{number:>6}  damaged, cannot be restored")
    for each in found.known:
        state = "lost" if each.is_lost else f"last snapshot {each.snapshot_number}"
        made = f", {each.made:%Y-%m-%d %H:%M}" if each.is_finished else ", none finished yet"
        console.say(f"known: {each.label}  {each.id}  {state}{made}")
    return 0


def _run_prune(args: Namespace, console: Console) -> int:
    if args.keep is None:
        raise NothingChosen("How many snapshots shall be kept?", "Add --keep N.")
    with logged_in(args, console) as clinic:
        report = backups.prune_backup(clinic, backups.PruneBackup(args.destination, args.keep))
    if args.json:
        console.facts({"removed": list(report.removed), "kept": list(report.kept)})
    else:
        console.say(f"{len(report.removed)} snapshots removed, {len(report.kept)} kept.")
    return 0


def _run_lost(args: Namespace, console: Console) -> int:
    with logged_in(args, console) as clinic:
        pending = backups.lose_backup(clinic, backups.LoseBackup(args.lost))
    if args.json:
        console.facts({"pending_backups": list(pending)})
    else:
        console.say("Nothing waits for this backup any more.")
    return 0


# --- restore -------------------------------------------------------------------------------


def run_restore(args: Namespace, console: Console) -> int:
    """Restore; exit status 3 where something could not be brought back."""
    recovery = _recovery_key(args, console)
    try:
        if args.in_place:
            return _run_in_place(args, console, recovery)
        if args.source is None:
            raise NothingChosen("No backup is named.", "Use “bitewing restore SRC”.")
        if args.list:
            return _run_list_offline(args, console, recovery)
        return _run_restore(args, console, recovery)
    finally:
        recovery.wipe()


def _recovery_key(args: Namespace, console: Console) -> RecoveryKey:
    return RecoveryKey.from_text(read_recovery_key(args, console))


def _officer(args: Namespace) -> str:
    officer = args.officer or args.user
    if not officer:
        raise NothingChosen("Nobody is named to be the officer.", "Use --officer NAME.")
    return str(officer)


def _run_list_offline(args: Namespace, console: Console, recovery: RecoveryKey) -> int:
    found = restoring.list_snapshots(args.source, recovery)
    if args.json:
        console.facts([snapshot_facts(each) for each in found])
    else:
        _say_snapshots(found, console)
    return 0


def words_of(report: restoring.RestoreReport) -> str:
    """Say what was done again that happened after the snapshot, or that it is not known."""
    again = report.again
    if not again.is_known:
        return (
            "Patients who were erased and legal holds that were put after this snapshot are not"
            " known here: compare the certificates, and erase and hold them again."
        )
    return (
        f"Since this snapshot: {len(again.erased)} patients were erased and are again;"
        f" {again.holds} legal holds were put and stand again."
    )


def _run_restore(args: Namespace, console: Console, recovery: RecoveryKey) -> int:
    officer = _officer(args)
    keystore = keystore_of(args, console)
    password = read_password(args, console, f"New password for {officer}: ")
    request = restoring.RestoreRequest(
        args.source,
        store_folder(args),
        officer,
        password,
        args.snapshot,
        replaces=args.replace,
        why=args.why,
    )
    report = restoring.restore(keystore, request, recovery, control=_control(args, console))
    if args.json:
        facts = snapshot_facts(report.manifest)
        facts |= {"restored_objects": report.objects, "lost": [part.id for part in report.lost]}
        facts |= {
            "later_erasures_known": report.again.is_known,
            "erased_again": list(report.again.erased),
            "holds_put_again": report.again.holds,
        }
        console.facts(facts)
    else:
        console.say(f"Restored: {report.objects} objects of snapshot {report.manifest.number}.")
        for part in report.lost:
            console.say(f"lost: {part.role.value} of image {part.image_id} is not in the backup.")
        console.say(words_of(report))
        console.say(f"{officer} may log in; all others need a new password from {officer}.")
    return 0 if report.is_whole else DAMAGE


def _run_in_place(args: Namespace, console: Console, recovery: RecoveryKey) -> int:
    folder, officer = store_folder(args), _officer(args)
    require_store(folder)
    keystore = keystore_of(args, console)
    password = read_password(args, console, f"New password for {officer}: ")
    done = restoring.accept_folder(folder, keystore, recovery, officer, password, args.why)
    if args.json:
        console.facts({"forked": list(done.histories)})
    else:
        words = " and ".join(done.histories) or "nothing was set back"
        console.say(f"The store is accepted as it is ({words}). {officer} may log in.")
    return 0


# --- what both say -------------------------------------------------------------------------


def snapshot_facts(manifest: Manifest) -> dict[str, Any]:
    """What the command line says of one snapshot."""
    return {
        "snapshot": manifest.number,
        "id": manifest.id,
        "made": manifest.made,
        "objects": manifest.object_count,
        "bytes": manifest.object_bytes,
        "epoch": manifest.epoch,
        "damaged_in_store": list(manifest.damaged),
        "elsewhere": list(manifest.elsewhere),
    }


def _say_snapshots(found: tuple[Manifest, ...], console: Console) -> None:
    for each in found:
        console.say(
            f"{each.number:>6}  {each.made:%Y-%m-%d %H:%M}  {each.object_count} objects,"
            f" {each.object_bytes / 1e6:.0f} MB"
        )


def _control(args: Namespace, console: Console) -> JobControl:
    """Show how far it is, on a terminal only."""
    last = [-1]

    def report(progress: Progress) -> None:
        percent = 100 * progress.done // max(1, progress.total)
        if percent != last[0]:
            last[0] = percent
            print(f"\r{progress.what} {percent} %", end="", file=console.err, flush=True)

    is_shown = not args.json and console.err.isatty() and console.err is sys.stderr
    return JobControl(report if is_shown else lambda _: None)
