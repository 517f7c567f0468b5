"""What each role may, as tables that a person reads: by permission, and use case by use case.

``bitewing role table`` prints them. `resources/roles.md` and `resources/role_use_cases.txt` are
what it prints for the roles that come with the program, and tests compare them with what happens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from viewer.app.gate import registered
from viewer.session.permissions import GRANTABLE, KeyName, Permission, Role, keys_for, roles

KEY_WORDS: Mapping[KeyName, str] = {
    KeyName.IMAGES: "opens the store of images",
    KeyName.SHARE: "signs what leaves",
    KeyName.TRAIL: "reads the trail",
}
REGENERATE = "bitewing role table --use-cases > resources/role_use_cases.txt"
REGENERATE_MARKDOWN = "bitewing role table --markdown > resources/roles.md"
_YES, _NO = "yes", "-"


def granted() -> tuple[Permission, ...]:
    """Return what can be granted, in the order of the enumeration."""
    return tuple(each for each in Permission if each in GRANTABLE)


def permission_table(known: Iterable[Role]) -> str:
    """Return permissions by role as plain text, one permission a line; the keys at the end."""
    chosen = list(known)
    rows = [[each.value, *(_mark(each in role.may) for role in chosen)] for each in granted()]
    rows += [
        [f"key: {KEY_WORDS[name]}", *(_mark(name in role.holds) for role in chosen)]
        for name in KeyName
    ]
    return _text(["", *(role.title for role in chosen)], rows)


def use_case_table(known: Iterable[Role]) -> str:
    """Return use cases by role as plain text, with the permission each needs, sorted by name."""
    chosen = list(known)
    rows = [
        [name, case.permission.value, *(_mark(role.allows(case.permission)) for role in chosen)]
        for name, case in sorted(registered().items())
    ]
    return _text(["use case", "needs", *(role.title for role in chosen)], rows)


def use_case_marks(text: str) -> dict[str, dict[str, bool]]:
    """Return what a table of use cases says: by title of the role, then by use case.

    Raises
    ------
    ValueError
        It is no such table.
    """
    head, under, *lines = text.splitlines()
    at = [place for place in range(len(under)) if place == 0 or under[place - 2 : place] == "  "]
    cells = [_cut(line, at) for line in (head, *lines)]
    titles = cells[0][2:]
    if cells[0][:2] != ["use case", "needs"] or any(
        set(row[2:]) - {_YES, _NO} for row in cells[1:]
    ):
        raise ValueError("no table of use cases")
    return {
        title: {row[0]: row[2 + place] == _YES for row in cells[1:]}
        for place, title in enumerate(titles)
    }


def markdown() -> str:
    """Return the roles that come with the program as a page: sentences, permissions, keys."""
    known = list(roles().values())
    lines = [
        "# What each role may",
        "",
        f"Made by `{REGENERATE_MARKDOWN}` from `roles.toml`; a test compares the two.",
        "",
        *(f"- **{role.title}**: {role.words}." for role in known),
        "",
        "A role is enforced by keys as well as by the program: where a permission needs a key,",
        "the key is sealed only to people whose role has that permission.",
        "",
        *_markdown_rows(known),
        "",
        "A practice can make roles of its own. They hold exactly the keys that their permissions",
        "need; nobody can give a role a key that he does not hold; and a role that manages",
        "accounts or keys holds every key, since only a key one holds can be handed on.",
    ]
    return "\n".join(lines)


def facts(known: Iterable[Role]) -> list[dict[str, Any]]:
    """Return roles as plain records."""
    return [
        {
            "id": role.id,
            "title": role.title,
            "words": role.words,
            "custom": role.is_custom,
            "may": [each.value for each in granted() if each in role.may],
            "keys": sorted(name.value for name in role.holds),
            "use_cases": sorted(
                name for name, case in registered().items() if role.allows(case.permission)
            ),
        }
        for role in known
    ]


def _markdown_rows(known: Sequence[Role]) -> list[str]:
    def line(cells: Iterable[str]) -> str:
        return f"| {' | '.join(cells)} |"

    def dots(values: Iterable[bool]) -> list[str]:
        return ["●" if value else "" for value in values]

    keys = {each: ", ".join(sorted(k.value for k in keys_for({each}))) for each in granted()}
    return [
        line(["May", "needs the key", *(role.title for role in known)]),
        line(["---", "---", *(":-:" for _ in known)]),
        *(
            line([each.value, keys[each], *dots(each in role.may for role in known)])
            for each in granted()
        ),
        *(
            line(
                [
                    f"**holds** the key that {KEY_WORDS[name]}",
                    name.value,
                    *dots(name in role.holds for role in known),
                ]
            )
            for name in KeyName
        ),
    ]


def _mark(value: bool) -> str:  # noqa: FBT001 - one cell of a table
    return _YES if value else _NO


def _text(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))

    under = "  ".join("-" * width for width in widths)
    return "\n".join(text.rstrip() for text in (line(head), under, *map(line, rows)))


def _cut(line: str, at: Sequence[int]) -> list[str]:
    ends = [*at[1:], None]
    return [line[start:end].strip() for start, end in zip(at, ends, strict=True)]
