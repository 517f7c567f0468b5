"""What happens to one attribute, as a record."""

from __future__ import annotations

from enum import Enum

import attrs


class Fate(Enum):
    """What happens to one attribute: the action codes of PS3.15 Table E.1-1, and one of ours."""

    KEEP = "K"
    REMOVE = "X"
    EMPTY = "Z"
    DUMMY = "D"
    NEW_UID = "U"
    SET = "S"


@attrs.frozen
class TagAction:
    """What happens to one attribute of one instance.

    `path` is the attribute's place: tags as eight hex digits, joined by ``[item].`` where
    nested, such as ``00081140[0].00081155``. `old` and `new` are the values as text, several
    values joined by a backslash; what leaves as it was is shown cut at 80 characters. `rule` says
    in a word or two which rule decided.
    """

    path: str
    name: str
    fate: Fate
    old: str
    new: str
    rule: str
