"""The monthly review as a PDF: what was found, what was done about it, and what is still open.

It leaves the sealed store, so patients stand in it by chart number or opaque id, never by name.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from reportlab.platypus import Flowable, KeepTogether

from viewer.app.review import paper
from viewer.app.review.findings import Finding
from viewer.app.review.leaving import NOT_RECORDED
from viewer.app.review.material import Seen
from viewer.app.review.paper_charts import bars, hour_strips, week_bars
from viewer.app.review.people import by_kind
from viewer.app.review.sending import weekly
from viewer.app.review.settings import WEEKDAYS
from viewer.app.reviewing import Review
from viewer.session.audit.events import EventKind, Outcome
from viewer.session.audit.verdict import Verdict

_KINDS_SHOWN = 12
_ACCOUNTS = frozenset(
    {
        EventKind.ACCOUNT_CHANGED,
        EventKind.ROLE_DEFINED,
        EventKind.FACTOR_CHANGED,
        EventKind.PASSWORD_CHANGED,
        EventKind.POLICY_CHANGED,
        EventKind.QUICK_PIN,
    }
)
_MOMENT = "%Y-%m-%d %H:%M"


@attrs.frozen(eq=False)
class Report:
    """What a monthly review is made of."""

    practice: str
    review: Review
    verdict: Verdict
    by: str
    role: str


def report_pdf(report: Report) -> bytes:
    """Return the report."""
    review, verdict = report.review, report.verdict
    story: list[Flowable] = [*_opening(report), _verification(verdict), paper.gap(2)]
    story += _charts(review)
    story += _findings(review)
    story += _emergencies(review)
    story += _accounts(review)
    story += _left(review)
    story += _open_items(review)
    story.append(paper.signature_lines(("Signed by", "Role", "Date")))
    title = f"Review of the trail, {review.since} to {review.until}"
    foot = f"Head of the trail {verdict.head.digest[:16]} · made by Bitewing"
    return paper.printed(paper.Masthead(report.practice, title, foot), story, "Review of the trail")


def _opening(report: Report) -> list[Flowable]:
    review = report.review
    made = review.made.astimezone()
    by = f"{report.by}, {report.role}" if report.role else report.by
    facts = [
        (f"{len(review.seen):,}", "entries in the trail"),
        (str(sum(1 for each in review.people if each.events)), "people at work"),
        (f"{review.open_findings} of {len(review.findings)}", "findings open"),
        (str(review.open_emergencies), "emergency accesses to review"),
        (str(sum(1 for each in review.leavings if each.left)), "exports and shares"),
    ]
    return [
        paper.text("Review of the trail", "title"),
        paper.text(
            f"{report.practice} · {review.since} to {review.until} · made {made:%Y-%m-%d %H:%M} "
            f"by {by}",
            "soft",
        ),
        paper.gap(4),
        paper.facts_row(facts),
        paper.gap(4),
    ]  # fmt: skip


def _verification(verdict: Verdict) -> Flowable:
    head = f"Head {verdict.head.digest} at {verdict.head.size} records."
    if verdict.finding is None:
        words = f"{verdict.records:,} entries, {verdict.signed:,} of them signed. {head}"
        return paper.notice("The trail is whole", words, paper.GOOD)
    return paper.notice("The trail is damaged", f"{verdict.finding.words} {head}", paper.DANGER)


def _charts(review: Review) -> list[Flowable]:
    people = [each for each in review.people if each.events]
    hours = review.hours
    days = ", ".join(WEEKDAYS[day] for day in sorted(hours.days))
    caption = (
        f"Entries by hour of the day. The dashed lines are the practice's hours, "
        f"{hours.opens:%H:%M} to {hours.closes:%H:%M} on {days}."
    )
    kinds = by_kind(review.seen, review.seen[0].local)[:_KINDS_SHOWN] if review.seen else []
    if not review.seen:
        return [paper.heading("What happened"), paper.text("Nothing was recorded in this period.")]
    weeks = weekly(list(review.leavings), review.seen[0].local, review.seen[-1].local)
    parts: list[Flowable] = [
        KeepTogether(
            [
                paper.heading("Who was at work, and when"),
                hour_strips(people, hours.opens.hour, hours.closes.hour),
                paper.text(caption, "small"),
            ]
        ),
        KeepTogether([paper.heading("What was done"), bars(kinds)]),
    ]
    if any(exports or shares for _, exports, shares in weeks):
        caption = "Sealed shares (filled) and unsealed exports (outlined) by week."
        parts.append(
            KeepTogether(
                [paper.heading("What left"), week_bars(weeks), paper.text(caption, "small")]
            )
        )
    return parts


def _findings(review: Review) -> list[Flowable]:
    head = paper.heading(f"Findings ({len(review.findings)})")
    if not review.findings:
        return [head, paper.text("Nothing unusual was found.")]
    rows: list[list[paper.Cell]] = [
        [
            str(number),
            [paper.text(_title(each), "strong"), paper.text(each.reason, "small")],
            each.who or "The program",
            f"{each.first:{_MOMENT}}",
            _signed(each),
        ]
        for number, each in enumerate(review.findings, 1)
    ]
    heads = ("", "What, and why it was noticed", "Who", "When", "Sign-off")
    return [head, paper.listing(heads, rows, (5, 42, 17, 19, 25))]


def _title(finding: Finding) -> str:
    also = f" (with {', '.join(rule.value for rule in finding.also)})" if finding.also else ""
    return finding.rule.value.capitalize() + also


def _signed(finding: Finding) -> Flowable:
    if finding.signed is None:
        return paper.text("open", "small", textColor=paper.DOUBT)
    signed = finding.signed
    own = " (about themselves; nobody else may review)" if signed.own else ""
    return paper.text(f"{signed.by}, {signed.when:%Y-%m-%d}{own}: {signed.note}", "small")


def _emergencies(review: Review) -> list[Flowable]:
    head = paper.heading(f"Emergency accesses ({len(review.emergencies)})")
    if not review.emergencies:
        return [head, paper.text("There were none.")]
    rows: list[list[paper.Cell]] = [
        [
            f"{each.began:{_MOMENT}}",
            f"{each.who}{' (sealed code)' if each.by_code else ''}",
            each.reason,
            f"{_patients(review, each.patients)}",
            f"{each.signed.by}, {each.signed.when:%Y-%m-%d}: {each.signed.note}"
            if each.signed
            else paper.text("not reviewed", "small", textColor=paper.DANGER),
        ]
        for each in review.emergencies
    ]
    heads = ("Began", "Who", "Reason", "Patients opened", "Reviewed")
    return [head, paper.listing(heads, rows, (19, 17, 25, 21, 26))]


def _patients(review: Review, patients: Sequence[object]) -> str:
    shown = [_by_number(review, str(each)) for each in patients]
    return ", ".join(shown) or "none"


def _by_number(review: Review, patient_id: str) -> str:
    """Return a chart number, else the beginning of the id: a name stays in the store."""
    label = next((each for key, each in review.labels.items() if key == patient_id), None)
    return f"#{label.chart_number}" if label and label.chart_number else patient_id[:8]


def _accounts(review: Review) -> list[Flowable]:
    changed = [
        each
        for each in review.seen
        if each.kind in _ACCOUNTS and each.entry.outcome in {Outcome.DONE, Outcome.FAILED}
    ]
    head = paper.heading(f"Accounts, roles and policies ({len(changed)})")
    if not changed:
        return [head, paper.text("Nothing was changed.")]
    rows = [_account_row(review, each) for each in changed]
    return [head, paper.listing(("When", "Who", "What", "Whose"), rows, (19, 20, 38, 23))]


def _account_row(review: Review, each: Seen) -> list[paper.Cell]:
    entry = each.entry
    names = {person.user_id: person.name for person in review.people}
    whose = ", ".join(name for user, name in names.items() if user in entry.objects)
    failed = " (failed)" if entry.outcome is Outcome.FAILED else ""
    what = f"{entry.kind.value}: {entry.why}{failed}" if entry.why else entry.kind.value
    return [f"{each.local:{_MOMENT}}", entry.actor.name, what, whose]


def _left(review: Review) -> list[Flowable]:
    left = [each for each in review.leavings if each.left]
    head = paper.heading(f"Exports and shares ({len(left)})")
    if not left:
        return [head, paper.text("Nothing left the practice.")]
    rows: list[list[paper.Cell]] = [
        [
            f"{each.when:{_MOMENT}}",
            each.who,
            f"{each.kind.value}{'' if each.ended else ', its end is not recorded'}",
            each.purpose or NOT_RECORDED,
            each.recipient or NOT_RECORDED,
            _by_number(review, each.patient_id) if each.patient_id else "several",
        ]
        for each in left
    ]
    heads = ("When", "Who", "How", "Purpose", "To", "Patient")
    return [head, paper.listing(heads, rows, (19, 19, 12, 17, 24, 13))]


def _open_items(review: Review) -> list[Flowable]:
    items = [f"{_title(f)}, {f.who or 'the program'}, {f.first:%Y-%m-%d}: {f.reason}"
             for f in review.findings if f.is_open]  # fmt: skip
    parts: list[Flowable] = [paper.heading(f"Open items ({len(items)})")]
    parts += [paper.text(f"•  {item}", "small", leftIndent=10, firstLineIndent=-8, spaceAfter=2)
              for item in items]  # fmt: skip
    if not items:
        parts.append(paper.text("Everything was signed off."))
    parts.append(paper.heading("What this review could not look at"))
    parts += [paper.text(f"•  {said}", "small", leftIndent=10, firstLineIndent=-8, spaceAfter=2)
              for said in review.not_looked_at]  # fmt: skip
    return parts
