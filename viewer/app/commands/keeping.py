"""``bitewing keep``: what stays on this computer, what may leave it, and for how long."""

from __future__ import annotations

import re
from argparse import ArgumentParser, Namespace
from datetime import date
from typing import Any

from viewer.app.commands.console import Commands, Console
from viewer.app.commands.login import logged_in
from viewer.app.errors import NothingChosen
from viewer.app.staleness import stale_since, stale_words
from viewer.app.use_cases import keeping
from viewer.model.image import ImageKind
from viewer.vault.keeping.records import Due, Hold
from viewer.vault.keeping.rules import Quota

_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)B?", re.IGNORECASE)


def add_parsers(commands: Commands) -> None:
    """Describe ``keep``."""
    keep = commands.add_parser("keep", help="what stays on this computer, and for how long")
    actions = keep.add_subparsers(metavar="ACTION", required=True)
    usage = actions.add_parser("usage", help="bytes by kind, held elsewhere, what could be freed")
    usage.set_defaults(run=run_usage)
    quota = actions.add_parser("quota", help="the most that the store shall take")
    quota.add_argument("size", metavar="SIZE", help="200G, 80%% of the disk, or none")
    quota.add_argument(
        "--verified-days", type=int, metavar="N", help="how many days a verified backup counts"
    )
    quota.set_defaults(run=run_quota)
    evict = actions.add_parser(
        "evict", help="free room: pictures go that a verified backup also holds"
    )
    evict.add_argument("--free", metavar="SIZE", help="how much, e.g. 20G (default: to the quota)")
    evict.set_defaults(run=run_evict)
    pin = actions.add_parser("pin", help="keep patients' pictures here for a day")
    pin.add_argument("patients", nargs="+", metavar="PATIENT", help="id or chart number")
    pin.add_argument("--day", metavar="DATE", type=_day, help="default: today")
    pin.set_defaults(run=run_pin)
    _add_hold_parsers(actions)
    _add_period_parsers(actions)


def _add_hold_parsers(actions: Any) -> None:
    hold: ArgumentParser = actions.add_parser("hold", help="legal hold: nothing may be removed")
    hold.add_argument("patient", metavar="PATIENT", help="id or chart number")
    hold.add_argument("--reason", required=True, metavar="TEXT")
    hold.set_defaults(run=run_hold)
    release: ArgumentParser = actions.add_parser("release", help="release a legal hold")
    release.add_argument("number", type=int, metavar="NUMBER", help="“keep holds” shows it")
    release.add_argument("--reason", required=True, metavar="TEXT")
    release.set_defaults(run=run_release)
    holds: ArgumentParser = actions.add_parser("holds", help="who is under legal hold, and why")
    holds.add_argument("--patient", metavar="PATIENT", help="id or chart number")
    holds.add_argument("--all", action="store_true", help="released ones, too")
    holds.set_defaults(run=run_holds)


def _add_period_parsers(actions: Any) -> None:
    retention: ArgumentParser = actions.add_parser("retention", help="how long images are kept")
    retention.add_argument(
        "--set", nargs="+", default=[], metavar="KIND=YEARS", help="e.g. cbct=15 photo=10"
    )
    retention.add_argument(
        "--minor-extra-years", type=int, metavar="N", help="years after coming of age"
    )
    retention.set_defaults(run=run_retention)
    due: ArgumentParser = actions.add_parser("due", help="whose periods have ended")
    due.add_argument("--by", metavar="DATE", type=_day, help="default: today")
    due.set_defaults(run=run_due)
    purge: ArgumentParser = actions.add_parser("purge", help="remove what is due of one patient")
    purge.add_argument("patient", metavar="PATIENT", help="id or chart number")
    purge.add_argument("--reason", required=True, metavar="TEXT")
    purge.add_argument("--confirm", required=True, metavar="CODE", help="as “keep due” shows it")
    purge.set_defaults(run=run_purge)
    clock: ArgumentParser = actions.add_parser("clock", help="confirm this computer's date")
    clock.set_defaults(run=run_clock)


def _day(text: str) -> date:
    return date.fromisoformat(text)


def size_of(text: str) -> int:
    """Return a size in bytes.

    >>> size_of("1.5G") == 3 * 2**29
    True

    Raises
    ------
    NothingChosen
        It is no size.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise NothingChosen("This is no size.", "Write it as 200G, 500M or in bytes.")
    return int(float(found[1]) * _UNITS[found[2].upper()])


def size_words(size_bytes: int) -> str:
    """Return a size as a person reads it.

    >>> size_words(3 * 2**29)
    '1.5 GB'
    """
    value, unit = float(size_bytes), "bytes"
    for larger in ("KB", "MB", "GB", "TB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"


def run_usage(args: Namespace, console: Console) -> int:
    """Print what the store takes."""
    with logged_in(args, console) as clinic:
        measured = keeping.measure_store(clinic, keeping.MeasureStore())
    usage = measured.usage
    if args.json:
        console.facts(_usage_facts(measured))
        return 0
    for each in usage.kinds:
        console.say(
            f"{each.kind:<15} {each.images:>8} images  {size_words(each.here_bytes):>10} here  "
            f"{size_words(each.elsewhere_bytes):>10} elsewhere only  "
            f"{size_words(each.free_bytes):>10} could go"
        )
    quota = "none" if usage.quota_bytes is None else size_words(usage.quota_bytes)
    console.say(
        f"{size_words(usage.here_bytes)} here, quota {quota}, "
        f"{size_words(usage.free_bytes)} could be freed, "
        f"{size_words(usage.disk_free_bytes)} of the disk are free."
    )
    if measured.stale_since is not None:
        console.say(stale_words(measured.stale_since, measured.rules.verified_days))
    for archive in usage.archives:
        lost = ", lost" if archive.is_lost else ""
        console.say(f"“{archive.label}” holds {archive.objects_held} pictures{lost}")
    return 0


def _usage_facts(measured: keeping.Measured) -> dict[str, Any]:
    usage = measured.usage
    return {
        "kinds": [
            {
                "kind": each.kind, "images": each.images, "here_bytes": each.here_bytes,
                "elsewhere_bytes": each.elsewhere_bytes, "held_bytes": each.held_bytes,
                "free_bytes": each.free_bytes,
            }
            for each in usage.kinds
        ],
        "here_bytes": usage.here_bytes,
        "free_bytes": usage.free_bytes,
        "quota_bytes": usage.quota_bytes,
        "over_quota_bytes": usage.over_quota_bytes,
        "disk_bytes": usage.disk_bytes,
        "disk_free_bytes": usage.disk_free_bytes,
        "verified_days": measured.rules.verified_days,
        "stale_since": measured.stale_since,
        "archives": [
            {"id": each.id, "label": each.label, "objects": each.objects_held,
             "lost": each.is_lost}
            for each in usage.archives
        ],
    }  # fmt: skip


def _quota_of(text: str) -> Quota | None:
    if text.lower() == "none":
        return None
    if text.endswith("%") and text[:-1].isdigit():
        return Quota(percent=int(text[:-1]))
    return Quota(size_bytes=size_of(text))


def run_quota(args: Namespace, console: Console) -> int:
    """Set the quota."""
    request = keeping.SetQuota(_quota_of(args.size), args.verified_days)
    with logged_in(args, console) as clinic:
        rules = keeping.set_quota(clinic, request)
    quota = rules.quota
    if args.json:
        console.facts(
            {
                "quota_bytes": quota.size_bytes if quota else None,
                "quota_percent": quota.percent if quota else None,
                "verified_days": rules.verified_days,
            }
        )
    else:
        console.say(f"Quota: {args.size}. Nothing leaves by itself; “keep evict” frees room.")
    return 0


def run_evict(args: Namespace, console: Console) -> int:
    """Free room; exit status 1 where less could go than was wanted."""
    free_bytes = None if args.free is None else size_of(args.free)
    with logged_in(args, console) as clinic:
        gone = keeping.evict_images(clinic, keeping.EvictImages(free_bytes))
        stale, days = stale_since(clinic), clinic.vault.keeping.rules().verified_days
    if args.json:
        console.facts(
            {
                "images": list(gone.image_ids),
                "freed_bytes": gone.size_bytes,
                "wanted_bytes": gone.wanted_bytes,
                "enough": gone.is_enough,
            }
        )
    else:
        console.say(f"{len(gone.image_ids)} pictures left, {size_words(gone.size_bytes)} freed.")
    if not gone.is_enough:
        console.warn("No more could go: the rest is in no verified backup, pinned or under hold.")
        if stale is not None:
            console.warn(stale_words(stale, days))
    return 0 if gone.is_enough else 1


def run_pin(args: Namespace, console: Console) -> int:
    """Pin patients for a day."""
    with logged_in(args, console) as clinic:
        request = keeping.PinPatients(tuple(args.patients), args.day)
        pinned = keeping.pin_patients(clinic, request)
    if args.json:
        console.facts({"day": pinned.day, "patient_ids": list(pinned.patient_ids)})
    else:
        console.say(f"{len(pinned.patient_ids)} patients stay here until {pinned.day} is over.")
    return 0


def hold_facts(hold: Hold) -> dict[str, Any]:
    """What the command line says of a hold."""
    return {
        "number": hold.number,
        "patient_id": hold.patient_id,
        "reason": hold.reason,
        "placed_by": hold.placed_by,
        "placed_at": hold.placed_at,
        "released_by": hold.released_by,
        "released_at": hold.released_at,
        "release_reason": hold.release_reason,
    }


def run_hold(args: Namespace, console: Console) -> int:
    """Put a patient under legal hold."""
    with logged_in(args, console) as clinic:
        hold = keeping.put_hold(clinic, keeping.PutHold(args.patient, args.reason))
    if args.json:
        console.facts(hold_facts(hold))
    else:
        console.say(f"Hold {hold.number} stands: nothing of this patient can be removed.")
    return 0


def run_release(args: Namespace, console: Console) -> int:
    """Release a legal hold."""
    with logged_in(args, console) as clinic:
        keeping.release_hold(clinic, keeping.ReleaseHold(args.number, args.reason))
    if args.json:
        console.facts({"released": args.number})
    else:
        console.say(f"Hold {args.number} is released.")
    return 0


def run_holds(args: Namespace, console: Console) -> int:
    """List legal holds."""
    with logged_in(args, console) as clinic:
        found = keeping.list_holds(clinic, keeping.ListHolds(args.patient, not args.all))
    if args.json:
        console.facts([hold_facts(hold) for hold in found])
        return 0
    for hold in found:
        state = "stands" if hold.is_standing else f"released: {hold.release_reason}"
        console.say(f"{hold.number:>5}  {hold.patient_id}  {hold.placed_at:%Y-%m-%d}  {state}")
    console.say(f"{len(found)} holds.")
    return 0


def run_retention(args: Namespace, console: Console) -> int:
    """Show or change the periods."""
    years = dict(_period(text) for text in args.set)
    is_change = years or args.minor_extra_years is not None
    with logged_in(args, console) as clinic:
        if is_change:
            request = keeping.SetRetention(years, args.minor_extra_years)
            periods = keeping.set_retention(clinic, request)
        else:
            periods = keeping.show_retention(clinic, keeping.ShowRetention())
    retention = periods.rules.retention
    if args.json:
        console.facts(
            {
                "years": dict(retention.years),
                "minor_age": retention.minor_age,
                "minor_extra_years": retention.minor_extra_years,
                "floor_years": retention.floor_years,
                "sources": [{"rule": each.rule, "says": each.says} for each in periods.sources],
            }
        )
        return 0
    for kind, count in retention.years.items():
        console.say(f"{kind:<15} {count:>3} years after the last visit")
    until = retention.minor_age + retention.minor_extra_years
    console.say(f"made of a minor: at least until {until}. Floor: {retention.floor_years} years.")
    console.say("These are the practice's settings, not legal advice: state law decides.")
    return 0


def _period(text: str) -> tuple[str, int]:
    kind, _, years = text.partition("=")
    if kind not in {each.value for each in ImageKind} or not years.isdigit():
        raise NothingChosen("This is no period.", "Write it as cbct=15.")
    return kind, int(years)


def due_facts(due: Due) -> dict[str, Any]:
    """What the command line says of one patient's images whose periods have ended."""
    return {
        "patient_id": due.patient_id,
        "chart_number": due.chart_number,
        "images": list(due.image_ids),
        "last_visit": due.last_visit,
        "kept_until": due.kept_until,
        "whole_patient": due.is_whole,
        "held": due.is_held,
        "confirm": due.code,
    }


def run_due(args: Namespace, console: Console) -> int:
    """List whose periods have ended."""
    with logged_in(args, console) as clinic:
        found = keeping.list_due(clinic, keeping.ListDue(args.by))
    if args.json:
        console.facts([due_facts(due) for due in found])
        return 0
    for due in found:
        state = "under legal hold" if due.is_held else f"confirm with {due.code}"
        what = "all" if due.is_whole else "some"
        console.say(
            f"{due.patient_id}  #{due.chart_number}  {len(due.image_ids)} images ({what})  "
            f"kept until {due.kept_until}  {state}"
        )
    console.say(f"{len(found)} patients have images whose period has ended. Nothing was removed.")
    return 0


def run_purge(args: Namespace, console: Console) -> int:
    """Remove what is due of one patient."""
    request = keeping.PurgeImages(args.patient, args.reason, args.confirm)
    with logged_in(args, console) as clinic:
        due = keeping.purge_images(clinic, request)
    if args.json:
        console.facts(due_facts(due))
        return 0
    console.say(f"{len(due.image_ids)} images are gone for ever.")
    if due.is_whole:
        console.say("The patient is erased here; “bitewing rekey” closes older copies, too.")
    return 0


def run_clock(args: Namespace, console: Console) -> int:
    """Confirm this computer's date."""
    with logged_in(args, console) as clinic:
        day = keeping.confirm_clock(clinic, keeping.ConfirmClock())
    if args.json:
        console.facts({"date": day})
    else:
        console.say(f"The date of this computer is right: {day}.")
    return 0
