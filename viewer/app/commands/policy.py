"""``bitewing policy``: when this workstation locks, second factors, screen capture."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError, Namespace
from typing import Any

from viewer.app.commands.console import Commands, Console
from viewer.app.commands.login import logged_in
from viewer.app.use_cases import policies
from viewer.session.policy import CaptureRule, Policies, WorkstationKind, minutes

_TIME = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h)")
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600}
_KINDS = {kind.value.replace(" ", "-"): kind for kind in WorkstationKind}
_CAPTURE = {"login-and-lock": CaptureRule.LOGIN_AND_LOCK, "everywhere": CaptureRule.EVERYWHERE}


def add_parsers(commands: Commands) -> None:
    """Describe ``policy``."""
    policy = commands.add_parser(
        "policy", help="when this workstation locks, second factors, screen capture"
    )
    actions = policy.add_subparsers(metavar="ACTION", required=True)
    actions.add_parser("show", help="what holds here").set_defaults(run=run_show)
    change = actions.add_parser("set", help="set what is named, leave the rest")
    change.add_argument("--kind", choices=sorted(_KINDS), help="where this workstation stands")
    for name, words in (
        ("--lock-after", "without a touch until it locks, e.g. 10m"),
        ("--countdown", "how long that is counted down, e.g. 60s"),
        ("--log-off-after", "without a touch until the user is logged off, e.g. 60m"),
    ):
        change.add_argument(name, type=_seconds, metavar="TIME", help=words)
    change.add_argument(
        "--refuse-capture", choices=sorted(_CAPTURE), help="where screens can't be captured"
    )
    change.add_argument(
        "--second-factor",
        metavar="ROLES",
        help="roles that need one, with commas between, or “none” (whole practice)",
    )
    change.set_defaults(run=run_set)


def _seconds(text: str) -> float:
    """Return a time in seconds.

    >>> _seconds("10m"), _seconds("90s"), _seconds("1h")
    (600.0, 90.0, 3600.0)
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise ArgumentTypeError("not a time; write 90s, 10m or 1h")
    return float(found[1]) * _UNITS[found[2]]


def run_show(args: Namespace, console: Console) -> int:
    """Show what holds here."""
    with logged_in(args, console) as clinic:
        now = policies.show_policies(clinic, policies.ShowPolicies())
    _say(now, args, console)
    return 0


def run_set(args: Namespace, console: Console) -> int:
    """Set what is named."""
    roles = None
    if args.second_factor is not None:
        words = {word.strip() for word in args.second_factor.split(",")}
        roles = frozenset(words - {"", "none"})
    request = policies.SetPolicies(
        _KINDS.get(args.kind) if args.kind else None,
        args.lock_after,
        args.countdown,
        args.log_off_after,
        _CAPTURE[args.refuse_capture] if args.refuse_capture else None,
        roles,
    )
    with logged_in(args, console) as clinic:
        done = policies.set_policies(clinic, request)
    _say(done.now, args, console)
    return 0


def _facts(now: Policies) -> dict[str, Any]:
    return {
        "kind": now.kind.value,
        "lock_after_s": now.idle.lock_after_s,
        "countdown_s": now.idle.countdown_s,
        "log_off_after_s": now.idle.log_off_after_s,
        "capture_refused": now.capture.value,
        "second_factor": sorted(now.factor_roles),
        "second_factor_for_every_role": now.every_role_needs_factor,
        "damaged": now.is_damaged,
    }


def _say(now: Policies, args: Namespace, console: Console) -> None:
    if args.json:
        console.facts(_facts(now))
        return
    if now.is_damaged:
        console.warn(
            "The policies were changed outside the program, so the strictest hold. Set them anew."
        )
    every = "every role" if now.every_role_needs_factor else ""
    rows = (
        ("Workstation", now.kind.value),
        ("Locks after", minutes(now.idle.lock_after_s)),
        ("Counted down", minutes(now.idle.countdown_s)),
        ("Logs off after", minutes(now.idle.log_off_after_s)),
        ("Capture refused", now.capture.value),
        ("Second factor", every or ", ".join(sorted(now.factor_roles)) or "no role"),
    )
    for name, words in rows:
        console.say(f"{name:<16} {words}")
