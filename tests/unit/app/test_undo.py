"""The undo stack."""

from __future__ import annotations

from viewer.app.drafts import Step, Values
from viewer.app.undo import Command, UndoStack


def set_to(state: dict[str, int], new: int, *, merge_key: str = "") -> Command:
    old = state["n"]
    return Command(
        f"Set to {new}",
        do=lambda: state.update(n=new),
        undo=lambda: state.update(n=old),
        merge_key=merge_key,
    )


def test_undo_takes_back_and_redo_does_again() -> None:
    state = {"n": 0}
    stack = UndoStack()
    stack.push(set_to(state, 1))
    stack.push(set_to(state, 2))
    stack.undo()
    assert (state["n"], stack.undo_text, stack.redo_text) == (1, "Set to 1", "Set to 2")
    stack.redo()
    assert state["n"] == 2


def test_a_drag_is_one_step_back() -> None:
    state = {"n": 0}
    stack = UndoStack()
    for n in (1, 2, 3):
        stack.push(set_to(state, n, merge_key="drag 1"))
    stack.undo()
    assert state["n"] == 0
    stack.redo()
    assert state["n"] == 3


def test_a_new_edit_forgets_what_was_undone() -> None:
    state = {"n": 0}
    stack = UndoStack()
    stack.push(set_to(state, 1))
    stack.undo()
    stack.push(set_to(state, 5))
    stack.redo()
    assert (state["n"], stack.redo_text) == (5, "")


def test_the_depth_is_bounded() -> None:
    state = {"n": 0}
    stack = UndoStack(depth=2)
    for n in (1, 2, 3):
        stack.push(set_to(state, n))
    for _ in range(5):
        stack.undo()
    assert state["n"] == 1


def test_clear_leaves_nothing_for_the_next_user() -> None:
    state = {"n": 0}
    stack = UndoStack()
    stack.push(set_to(state, 1))
    stack.clear()
    stack.undo()
    assert (state["n"], stack.undo_text) == (1, "")


def _step(text: str) -> Step:
    return Step(text, Values(inverted=False), Values(inverted=True))


def _edit(text: str, step: Step | None = None, merge_key: str = "") -> Command:
    return Command(text, lambda: None, lambda: None, merge_key, step)


def test_a_draft_keeps_what_was_done_and_what_was_undone() -> None:
    stack = UndoStack()
    for name in ("one", "two", "three"):
        stack.remember(_edit(name, _step(name)))
    stack.undo()
    done, undone = stack.steps()
    assert ([step.text for step in done], [step.text for step in undone]) == (
        ["one", "two"],
        ["three"],
    )


def test_steps_before_one_that_cannot_be_kept_are_left_out() -> None:
    stack = UndoStack()
    for command in (_edit("one", _step("one")), _edit("two"), _edit("three", _step("three"))):
        stack.remember(command)
    assert [step.text for step in stack.steps()[0]] == ["three"]


def test_a_drag_that_became_one_step_is_kept_from_its_beginning() -> None:
    stack = UndoStack()
    first = Step("Window", Values(slab_mm=1.0), Values(slab_mm=2.0))
    then = Step("Window", Values(slab_mm=2.0), Values(slab_mm=3.0))
    stack.remember(_edit("Window", first, "drag"))
    stack.remember(_edit("Window", then, "drag"))
    assert stack.steps()[0] == (Step("Window", Values(slab_mm=1.0), Values(slab_mm=3.0)),)


def test_a_history_that_was_kept_goes_on_where_it_was() -> None:
    stack, told = UndoStack(), []
    stack.put_back(
        [Command("one", lambda: told.append("do one"), lambda: told.append("undo one"))],
        [Command("two", lambda: told.append("do two"), lambda: told.append("undo two"))],
    )
    assert (stack.undo_text, stack.redo_text) == ("one", "two")
    assert told == []
    stack.redo()
    stack.undo()
    stack.undo()
    assert told == ["do two", "undo two", "undo one"]
