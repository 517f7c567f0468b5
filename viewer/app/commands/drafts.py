"""``bitewing draft``: one's own unfinished work, which the window offers to come back to."""

from __future__ import annotations

from argparse import Namespace

from viewer.app.commands.console import Commands, Console
from viewer.app.commands.login import logged_in
from viewer.app.use_cases.drafts import (
    DraftOffer,
    LookAtDraft,
    ThrowDraftAway,
    look_at_draft,
    throw_draft_away,
)


def add_parsers(commands: Commands) -> None:
    """Describe ``draft``."""
    draft = commands.add_parser("draft", help="one's own unfinished work: show, forget")
    actions = draft.add_subparsers(metavar="ACTION", required=True)
    actions.add_parser("show", help="what the window would offer").set_defaults(run=run_show)
    actions.add_parser("forget", help="throw it away").set_defaults(run=run_forget)


def run_show(args: Namespace, console: Console) -> int:
    """Say where one was."""
    with logged_in(args, console) as clinic:
        found = look_at_draft(clinic, LookAtDraft())
    if args.json:
        console.facts(_facts(found) if found is not None else None)
    elif found is None:
        console.say("Nothing was kept.")
    else:
        image = found.image.kind.value if found.image is not None else "no image"
        number = found.patient.chart_number or found.patient.id
        when = found.draft.kept_at.astimezone() if found.draft.kept_at is not None else None
        at = f", kept at {when:%Y-%m-%d %H:%M}" if when is not None else ""
        console.say(f"Patient {number}, {image}{at}, {len(found.draft.done)} steps to undo.")
    return 0


def run_forget(args: Namespace, console: Console) -> int:
    """Throw it away."""
    with logged_in(args, console) as clinic:
        throw_draft_away(clinic, ThrowDraftAway())
    console.say("Nothing is kept any more.")
    return 0


def _facts(found: DraftOffer) -> dict[str, str | int | None]:
    draft = found.draft
    return {
        "patient_id": draft.patient_id,
        "image_id": draft.image_id,
        "kept_at": draft.kept_at.isoformat() if draft.kept_at is not None else None,
        "undo_steps": len(draft.done),
        "redo_steps": len(draft.undone),
    }
