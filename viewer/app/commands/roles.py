"""``bitewing role``: what each role may, and roles of the practice's own."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from viewer.app import role_table
from viewer.app.commands.accounts import say_due
from viewer.app.commands.console import Commands, Console
from viewer.app.commands.login import logged_in
from viewer.app.due import keys_due
from viewer.app.errors import NothingChosen
from viewer.app.use_cases import import_all
from viewer.app.use_cases import roles as cases
from viewer.session.custom_roles import RoleDraft
from viewer.session.permissions import Permission, Role, roles

_MAY = "comma-separated, as “bitewing role table” spells them"


def add_parsers(commands: Commands) -> None:
    """Describe ``role``."""
    parser = commands.add_parser("role", help="what each role may; roles of one's own")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    table = actions.add_parser(
        "table", help="permissions by role; with --user, the practice's own roles too"
    )
    kinds = table.add_mutually_exclusive_group()
    kinds.add_argument("--use-cases", action="store_true", help="use case by use case")
    kinds.add_argument("--markdown", action="store_true", help="the program's roles as a page")
    table.set_defaults(run=run_table)
    add = actions.add_parser("add", help="make a role")
    add.add_argument("title")
    add.add_argument("--may", required=True, metavar="WORDS", help=_MAY)
    add.add_argument("--words", default="", help="one sentence about it")
    add.set_defaults(run=run_add)
    change = actions.add_parser("change", help="change a role for everybody who has it")
    change.add_argument("role", metavar="TITLE")
    change.add_argument("--title", help="another title")
    change.add_argument("--words", help="another sentence")
    _add_may(change)
    change.set_defaults(run=run_change)
    drop = actions.add_parser("delete", help="delete a role that nobody has")
    drop.add_argument("role", metavar="TITLE")
    drop.set_defaults(run=run_drop)


def _add_may(parser: ArgumentParser) -> None:
    parser.add_argument("--may", metavar="WORDS", help=f"all that it may: {_MAY}")
    parser.add_argument("--allow", metavar="WORDS", help="what it may besides")
    parser.add_argument("--forbid", metavar="WORDS", help="what it may no longer")


def parse_permissions(text: str) -> frozenset[Permission]:
    """Return permissions from words with commas between them.

    >>> sorted(each.value for each in parse_permissions("view images, list patients"))
    ['list patients', 'view images']

    Raises
    ------
    NothingChosen
        A word is none.
    """
    known = {each.value: each for each in role_table.granted()}
    words = [word for word in (" ".join(part.split()).lower() for part in text.split(",")) if word]
    unknown = [word for word in words if word not in known]
    if unknown:
        raise NothingChosen(
            f"No role can be given “{unknown[0]}”.", f"Choose from: {', '.join(known)}."
        )
    return frozenset(known[word] for word in words)


def run_table(args: Namespace, console: Console) -> int:
    """Print what each role may: the program's roles, and with a login the practice's, too."""
    import_all()
    if args.markdown:
        console.say(role_table.markdown())
        return 0
    known: Sequence[Role] = tuple(roles().values())
    if args.user:
        with logged_in(args, console) as clinic:
            known = cases.list_roles(clinic, cases.ListRoles())
    if args.json:
        console.facts(role_table.facts(known))
        return 0
    make = role_table.use_case_table if args.use_cases else role_table.permission_table
    console.say(make(known))
    return 0


def run_add(args: Namespace, console: Console) -> int:
    """Make a role."""
    draft = RoleDraft(args.title, args.words, parse_permissions(args.may))
    with logged_in(args, console) as clinic:
        role = cases.add_role(clinic, cases.AddRole(draft))
    _say_role(role, args, console)
    return 0


def run_change(args: Namespace, console: Console) -> int:
    """Change a role; print which keys are due since."""
    with logged_in(args, console) as clinic:
        before = clinic.practice.role(args.role)
        may = before.may if args.may is None else parse_permissions(args.may)
        may = (may | parse_permissions(args.allow or "")) - parse_permissions(args.forbid or "")
        words = before.words if args.words is None else args.words
        draft = RoleDraft(args.title or before.title, words, may)
        done = cases.redefine_role(clinic, cases.RedefineRole(before.id, draft))
        due = keys_due(clinic)
    _say_role(done.role, args, console)
    say_due(due, console.warn)
    return 0


def run_drop(args: Namespace, console: Console) -> int:
    """Delete a role that nobody has."""
    with logged_in(args, console) as clinic:
        cases.drop_role(clinic, cases.DropRole(args.role))
    console.say(f"The role “{args.role}” is gone.")
    return 0


def _say_role(role: Role, args: Namespace, console: Console) -> None:
    if args.json:
        import_all()
        console.facts(role_table.facts([role])[0])
        return
    keys = ", ".join(role_table.KEY_WORDS[name] for name in role.holds) or "none"
    console.say(f"“{role.title}” may: {', '.join(sorted(each.value for each in role.may))}.")
    console.say(f"Its keys: {keys}.")
