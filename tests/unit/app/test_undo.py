"""The undo stack."""

from __future__ import annotations

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
