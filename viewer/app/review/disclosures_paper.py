"""The accounting of one patient's disclosures, to be handed to the patient: PDF and CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO

from reportlab.platypus import Flowable

from viewer.app.review import paper
from viewer.app.review.disclosures import Accounting, Disclosure

COLUMNS = (
    "date", "recipient", "address", "what", "purpose", "required", "rule", "sent_by", "number",
    "note",
)  # fmt: skip


def accounting_pdf(accounting: Accounting) -> bytes:
    """Return the accounting to print and hand over."""
    others = [line for line in accounting.lines if not line.is_required]
    story: list[Flowable] = [*_opening(accounting)]
    story += _section("Disclosures", accounting.required, "None was made in this period.")
    story.append(paper.gap(3))
    story += _section(
        "Not part of the accounting",
        others,
        "There are no others.",
        "For treatment, payment, to yourself, or without identity: the rule does not ask for "
        "these. They are listed so that nothing is left out.",
    )
    story.append(paper.gap(4))
    for words in _closing(accounting):
        story.append(paper.text(words, "small", spaceAfter=4))
    story.append(paper.signature_lines(("For the practice", "Date")))
    masthead = paper.Masthead(
        accounting.practice, "Accounting of disclosures", "45 CFR 164.528 · made by Bitewing"
    )
    return paper.printed(masthead, story, "Accounting of disclosures")


def _opening(accounting: Accounting) -> list[Flowable]:
    who = accounting.name or f"Patient {accounting.patient_id[:8]}"
    facts = [who]
    if accounting.birth_date:
        facts.append(f"born {accounting.birth_date}")
    if accounting.chart_number:
        facts.append(f"chart number {accounting.chart_number}")
    made = accounting.made.astimezone()
    return [
        paper.text("Accounting of disclosures", "title"),
        paper.text(" · ".join(facts), "strong", fontSize=11, leading=15),
        paper.text(
            f"{accounting.practice} · {accounting.since} to {accounting.until} · made "
            f"{made:%Y-%m-%d %H:%M} by {accounting.by}",
            "soft",
        ),
        paper.gap(2),
    ]


def _section(title: str, lines: Sequence[Disclosure], none: str, words: str = "") -> list[Flowable]:
    parts: list[Flowable] = [paper.heading(f"{title} ({len(lines)})")]
    if words:
        parts.append(paper.text(words, "small", spaceAfter=4))
    if not lines:
        return [*parts, paper.text(none)]
    rows: list[list[paper.Cell]] = [
        [
            f"{line.when:%Y-%m-%d}",
            [paper.text(line.recipient, "strong"), paper.text(f"address {line.address}", "small")],
            f"{line.what}. {line.note}".strip(),
            [paper.text(line.purpose, "small"), paper.text(line.rule, "small")],
            line.number,
        ]
        for line in lines
    ]
    heads = ("Date", "To whom", "What", "Purpose", "Number")
    return [*parts, paper.listing(heads, rows, (14, 26, 26, 34, 12))]


def _closing(accounting: Accounting) -> list[str]:
    said = [
        (
            "This lists what the practice's image viewer exported or shared. What left by other "
            "ways (paper, telephone, other programs) is not known to it and must be added."
        ),
    ]
    if accounting.is_short:
        begins = f"{accounting.trail_from:%Y-%m-%d}" if accounting.trail_from else "today"
        said.append(
            f"The viewer's records begin on {begins}, later than the six years that the rule asks "
            "for."
        )
    return said


def accounting_csv(accounting: Accounting) -> str:
    """Return the same as a table; no cell is one that a spreadsheet takes for a formula."""
    out = StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for line in accounting.lines:
        values = (
            line.when.isoformat(timespec="seconds"), line.recipient, line.address, line.what,
            line.purpose, "yes" if line.is_required else "no", line.rule, line.by, line.number,
            line.note,
        )  # fmt: skip
        table.writerow([_cell(value) for value in values])
    return out.getvalue()


def _cell(value: str) -> str:
    return "'" + value if value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value
