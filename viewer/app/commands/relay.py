"""``bitewing relay``: the copy of the trail on another machine."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from viewer.app.commands.console import Commands, Console
from viewer.app.commands.library import DAMAGE
from viewer.app.commands.login import first_line, logged_in, store_folder
from viewer.app.use_cases import relay
from viewer.model.errors import EnvironmentFault, UserError
from viewer.relay.compare import compare
from viewer.relay.policy import DEFAULT_PORT
from viewer.relay.relay import RelayStatus


def add_parsers(commands: Commands) -> None:
    """Describe ``relay``."""
    parser = commands.add_parser("relay", help="send the trail to an audit server as it grows")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    _describe_set(actions.add_parser("set", help="set the audit server (syslog over TLS)"))
    off = actions.add_parser("off", help="send nothing off any more")
    off.set_defaults(run=run_off)
    show = actions.add_parser("show", help="where to, what waits, what went wrong last")
    show.set_defaults(run=run_show)
    send = actions.add_parser("send", help="send what waits, and the words that are missing there")
    send.add_argument("--since", metavar="PART:NUMBER", help="everything from this record on")
    send.set_defaults(run=run_send)
    comparing = actions.add_parser(
        "compare", help="compare what the server kept with the trail here; needs no account"
    )
    comparing.add_argument("received", type=Path, metavar="FILE", help="lines that it kept")
    comparing.add_argument("--public-key", type=Path, metavar="FILE", help="kept elsewhere")
    comparing.set_defaults(run=run_compare)


def _describe_set(parser: ArgumentParser) -> None:
    parser.add_argument("server", metavar="HOST[:PORT]", help=f"port {DEFAULT_PORT} unless named")
    parser.add_argument("--ca", type=Path, required=True, metavar="FILE", help="authority (PEM)")
    parser.add_argument("--name", default="", help="name in its certificate, if not HOST")
    parser.add_argument("--cert", type=Path, metavar="FILE", help="this workstation's certificate")
    parser.add_argument("--key", type=Path, metavar="FILE", help="its private key (PEM)")
    parser.add_argument("--key-password-file", type=Path, metavar="FILE")
    parser.add_argument(
        "--untried", action="store_true", help="set it although the server is not reached now"
    )
    parser.set_defaults(run=run_set)


def run_set(args: Namespace, console: Console) -> int:
    """Set the audit server."""
    host, _, port = args.server.rpartition(":") if ":" in args.server else (args.server, "", "")
    if port and not port.isdigit():
        raise UserError("This is no address of a server.", "Name it as HOST:PORT.")
    request = relay.SetRelay(
        host,
        int(port or DEFAULT_PORT),
        _content(args.ca),
        args.name,
        _content(args.cert),
        _content(args.key),
        first_line(args.key_password_file) if args.key_password_file else "",
        is_tried=not args.untried,
    )
    with logged_in(args, console) as clinic:
        _say(relay.set_relay(clinic, request), args, console)
    return 0


def run_off(args: Namespace, console: Console) -> int:
    """Send nothing off any more."""
    with logged_in(args, console) as clinic:
        _say(relay.set_relay(clinic, relay.SetRelay("")), args, console)
    return 0


def run_show(args: Namespace, console: Console) -> int:
    """Say how it stands; exit status 1 where something waits for the server."""
    with logged_in(args, console) as clinic:
        status = relay.show_relay(clinic, relay.ShowRelay())
    _say(status, args, console)
    return 1 if status.fault else 0


def run_send(args: Namespace, console: Console) -> int:
    """Send now."""
    since = None
    if args.since:
        part, _, number = args.since.partition(":")
        if not (part.isdigit() and number.isdigit()):
            raise UserError("This is no place in the trail.", "Name it as PART:NUMBER.")
        since = (int(part), int(number))
    with logged_in(args, console) as clinic:
        sent = relay.send_now(clinic, relay.SendNow(since))
    if args.json:
        console.facts({"sent": sent})
    else:
        console.say(f"{sent} messages were confirmed.")
    return 0


def run_compare(args: Namespace, console: Console) -> int:
    """Compare; exit status 3 where something differs."""
    try:
        public = args.public_key.read_text(encoding="utf-8") if args.public_key else ""
        with args.received.open(encoding="utf-8", errors="replace") as lines:
            found = compare(store_folder(args), lines, public)
    except OSError as fault:
        raise EnvironmentFault("A file cannot be read.", "Check its name.") from fault
    if args.json:
        first = found.first
        console.facts(
            {
                "same": found.is_same,
                "records": found.records,
                "heads": found.heads,
                "repeated": found.repeated,
                "difference": first.difference.name.lower() if first else None,
                "part": first.segment if first else None,
                "number": first.seq if first else None,
                "words": first.words if first else "",
                "others": list(found.not_here),
            }
        )
    elif found.first is None:
        console.say(f"What the server kept is the trail here: {found.records} records compared.")
    else:
        console.say(f"The trail here is not what was sent. {found.first.words}")
    return 0 if found.is_same else DAMAGE


def _content(path: Path | None) -> bytes:
    try:
        return path.read_bytes() if path else b""
    except OSError as fault:
        raise EnvironmentFault("A certificate cannot be read.", "Check its name.") from fault


def _say(status: RelayStatus, args: Namespace, console: Console) -> None:
    if args.json:
        console.facts(
            {
                "state": status.state.name.lower(),
                "where": status.where,
                "waiting": status.waiting,
                "without_words": status.blanks,
                "fault": status.fault,
                "since": status.since.isoformat() if status.since else None,
            }
        )
        return
    where = f" to {status.where}" if status.where else ""
    console.say(f"The trail is {status.state.value}{where}.")
    if status.waiting:
        console.say(f"{status.waiting} records wait.")
    if status.blanks:
        console.say(
            f"{status.blanks} records arrived without their words: “bitewing relay send” by "
            "somebody who may read the trail sends them."
        )
    if status.fault:
        console.say(status.fault)
