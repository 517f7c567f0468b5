"""Which words must not be in a finished share, worked out from the originals and the plan alone.

Pure, any thread. Part of the verifier: shares nothing with the redactor.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from viewer.redact.actions import Fate
from viewer.redact.profiles import Headers, Uids
from viewer.redact.reading import Found, elements, read_sources
from viewer.redact.records import RedactionPlan
from viewer.redact.search import SHORTEST
from viewer.redact.source import ShareSubject

_TEXT = frozenset({"AE", "CS", "LO", "LT", "SH", "ST", "UC", "UR", "UT"})
_BYTES = frozenset({"OB", "UN"})
_VOCABULARY = (
    "bitewing-bundle BITEWING format version share_number profile purpose recipient practice "
    "reference made expires is_deidentified mark signing_key images files kind preview name "
    "size_bytes sha256 null true false band none IMAGES PREVIEWS"
)
"""Words of the manifest and the file names, which say nothing about anybody."""
_SHORTEST_TEXT = 6
_LONGEST = 256
_WORDS = re.compile(rf"[^\W\d_]{{{SHORTEST},}}")


def words_that_must_not_leave(
    plan: RedactionPlan, subjects: Sequence[ShareSubject]
) -> tuple[str, ...]:
    """Return names, numbers, texts, birth dates and UIDs that were removed.

    What the plan openly keeps or states is taken out again: a colleague's name may be the
    recipient's.
    """
    if plan.profile.headers is Headers.KEEP_ALL:
        return ()
    removed: set[str] = set()
    stays: list[str] = [*_open_words(plan)]
    for image, subject in zip(plan.images, subjects, strict=True):
        for actions, source in zip(image.actions, read_sources(subject.headers), strict=True):
            fates = {action.path: action.fate for action in actions}
            stays.extend(action.new for action in actions if action.fate is Fate.SET)
            for found in elements(source):
                if fates.get(found.path) is Fate.KEEP:
                    stays.extend(found.values)
                else:
                    removed.update(_words(found, plan))
    open_text = "\n".join(stays).casefold()
    return tuple(sorted(word for word in removed if word.casefold() not in open_text))


def _open_words(plan: RedactionPlan) -> Iterator[str]:
    """Yield the words that the share states openly: facts and profile."""
    facts, profile = plan.facts, plan.profile
    yield from (facts.number, facts.purpose, facts.recipient, facts.practice, facts.reference)
    yield from (profile.name, profile.title, _VOCABULARY)
    yield from (image.record.kind.value for image in plan.images)
    yield from (facts.made.isoformat(), facts.made.strftime("%Y%m%d"))


def _words(found: Found, plan: RedactionPlan) -> Iterator[str]:
    for value in found.values:
        text = value.strip()
        if found.vr == "PN":
            yield from _WORDS.findall(text)
        elif found.vr == "UI" and plan.profile.uids is Uids.NEW:
            if not text.startswith("1.2.840.10008."):
                yield text
        elif found.vr == "DA" and found.tag == 0x00100030 and len(text) == 8:
            yield text
            yield f"{text[:4]}-{text[4:6]}-{text[6:]}"
        elif found.vr in _TEXT and len(text) >= _shortest(found):
            yield text[:_LONGEST]
        elif found.vr in _BYTES:
            yield from _printed(text)


def _shortest(found: Found) -> int:
    """Patient numbers are looked for from four characters on, other texts from six."""
    return SHORTEST if found.tag >> 16 == 0x0010 else _SHORTEST_TEXT


def _printed(hexed: str) -> Iterator[str]:
    raw = bytes.fromhex(hexed)[:_LONGEST]
    text = raw.decode("utf-8", "ignore").strip("\0 ")
    if len(text) >= _SHORTEST_TEXT and text.isprintable():
        yield text
