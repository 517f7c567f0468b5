from __future__ import annotations

from pathlib import Path

import pytest

from viewer.bench.errors import ProcessEnded
from viewer.bench.process import run_python


def test_what_the_process_printed_comes_back() -> None:
    assert run_python(["-c", "import viewer; print(viewer.__name__)"], "It") == "viewer\n"


def test_a_secret_is_in_no_argument() -> None:
    code = "import sys; print(input()); print(sys.orig_argv)"
    first, rest = run_python(["-c", code], "It", secret="hush").split("\n", 1)
    assert first == "hush"
    assert "hush" not in rest


def test_a_process_that_fails_is_told_without_its_traceback() -> None:
    with pytest.raises(ProcessEnded) as found:
        run_python(["-c", "raise SystemExit(3)"], "The login window")
    assert str(found.value) == (
        "The login window could not be measured: its process ended too early."
    )


def test_compiled_modules_stay_in_the_scratch_folder(tmp_path: Path) -> None:
    run_python(["-c", "import viewer.model.ids"], "It", scratch=tmp_path)
    assert list(tmp_path.rglob("ids.*.pyc"))
