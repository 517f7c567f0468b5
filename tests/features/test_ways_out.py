"""What leaves the practice leaves an event: done, cancelled or failed, and by no other way."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.features.test_roles import clinic as clinic  # noqa: PLC0414 - a fixture, by its name
from tests.support.practice import OFFICER, PASSWORD
from viewer.app.clinic import Clinic
from viewer.app.gate import registered
from viewer.app.jobs import JobControl
from viewer.app.use_cases import trail
from viewer.model.errors import BitewingError, Cancelled
from viewer.session.audit.events import EventFilter, EventKind, Outcome

VIEWER = Path(__file__).resolve().parents[2] / "viewer"
LEAVING = ("export_pixels", "export_dicom", "seal_share", "export_trail")
"""The use cases that write outside the store what somebody else may read."""

WAYS = {
    "QDrag": {"ui/clearing.py"},  # ends drags at a lock
    "QMimeData": set[str](),
    "QPrinter": {"ui/print_sheet.py"},  # the recovery sheet, which holds nobody's data
    "QPdfWriter": {"ui/print_sheet.py"},
    "QPrintDialog": {"ui/print_sheet.py"},
    "QImageWriter": set[str](),
    "QScreen": set[str](),
    "grabWindow": set[str](),
    "setDragEnabled": set[str](),
    "setMimeData": set[str](),
    "setPixmap clipboard": {"ui/import_report.py"},  # numbers and reasons, no names
}
"""Names through which pictures or texts get out of a window, and the modules that may say them."""


def _at_work(clinic: Any) -> tuple[Clinic, dict[str, Any]]:
    practice, everything = clinic
    practice.log_in(OFFICER, PASSWORD)
    return practice, everything


def _newest(practice: Clinic, kind: EventKind) -> tuple[Outcome, Outcome]:
    """How the newest use case of a kind began and ended, the second entry naming the first."""
    reader = trail.open_trail(practice, trail.OpenTrail())
    ended, begun = reader.page(EventFilter(kinds=frozenset({kind})), 0, 2)
    assert ended.entry.refers_to == begun.seq
    assert ended.entry.patient_id == begun.entry.patient_id
    return begun.entry.outcome, ended.entry.outcome


def _request(everything: dict[str, Any], name: str, where: Path) -> Any:
    return attrs.evolve(everything[name], destination=where)


@pytest.mark.parametrize("name", LEAVING)
def test_what_left_is_an_event_with_its_digest(clinic: Any, tmp_path: Path, name: str) -> None:
    practice, everything = _at_work(clinic)
    registered()[name](practice, _request(everything, name, tmp_path / "out"))
    kind = registered()[name].event
    assert _newest(practice, kind) == (Outcome.INTENT, Outcome.DONE)
    reader = practice.trail_reader()
    newest = reader.page(EventFilter(kinds=frozenset({kind})), 0, 1)[0]
    assert newest.entry.digests
    assert newest.entry.size_bytes


@pytest.mark.parametrize("name", LEAVING)
def test_a_cancelled_one_leaves_an_event_and_no_file(
    clinic: Any, tmp_path: Path, name: str
) -> None:
    practice, everything = _at_work(clinic)
    control = JobControl(lambda _: None)
    control.cancel()
    with pytest.raises(Cancelled):
        registered()[name](practice, _request(everything, name, tmp_path / "out"), control)
    assert _newest(practice, registered()[name].event) == (Outcome.INTENT, Outcome.CANCELLED)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", LEAVING)
def test_a_failed_one_leaves_an_event_and_no_file(clinic: Any, tmp_path: Path, name: str) -> None:
    practice, everything = _at_work(clinic)
    with pytest.raises(BitewingError):
        registered()[name](practice, _request(everything, name, tmp_path / "none" / "out"))
    assert _newest(practice, registered()[name].event) == (Outcome.INTENT, Outcome.FAILED)
    assert list(tmp_path.iterdir()) == []


def test_no_module_has_another_way_out_of_a_window() -> None:
    """Dragging out, copying pictures and printing do not exist; who adds them adds an event."""
    said: dict[str, set[str]] = {name: set() for name in WAYS}
    for path in VIEWER.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        place = path.relative_to(VIEWER).as_posix()
        for node in ast.walk(tree):
            name = _name(node)
            if name in said:
                said[name].add(place)
            if _writes_to_the_clipboard(node):
                said["setPixmap clipboard"].add(place)
    assert said == WAYS


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _writes_to_the_clipboard(node: ast.AST) -> bool:
    """Whether it is ``….clipboard().set…(…)``."""
    return (
        isinstance(node, ast.Attribute)
        and node.attr.startswith("set")
        and isinstance(node.value, ast.Call)
        and _name(node.value.func) == "clipboard"
    )
