"""All benchmarks from end to end on tiny images: that they run and what they tell, never times."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest

from viewer.app.commands.console import Console
from viewer.app.commands.main import run
from viewer.bench.run import run_benchmarks
from viewer.bench.sizes import Sizes
from viewer.imaging import kernels
from viewer.imaging.kernels.bands import rest
from viewer.wiring import commands

TINY = Sizes(
    edge=64,
    flat=(130, 250),
    pane=(60, 80),
    warm_rounds=1,
    cold_rounds=1,
    import_rounds=1,
    start_rounds=1,
    light_rounds=1,
    audit_events=6000,
)


MAY_BE_NOTHING = re.compile(r"what was stored of it|longest wait of a window|memory held by")
"""Lines that may come out as nothing: the best result, or too little to be seen at these sizes."""


@pytest.fixture(autouse=True)
def cooled() -> Iterator[None]:
    was_warm = kernels.is_warm()
    yield
    if was_warm:
        rest()
    else:
        kernels.cool()


def facts(name: str) -> list[dict[str, Any]]:
    out, err = StringIO(), StringIO()
    status = run_benchmarks(name, out, as_json=True, small=True, sizes=TINY, err=err)
    assert status == 0, err.getvalue()
    found: list[dict[str, Any]] = json.loads(out.getvalue())
    return found


def against(found: list[dict[str, Any]], name: str) -> set[str]:
    return {line["against"] for line in found if line["name"] == name}


def require_amounts(name: str, found: list[dict[str, Any]]) -> None:
    assert found
    for line in found:
        assert line["name"].startswith(f"{name}: ")
        assert line["value"] > 0 or (line["value"] == 0 and MAY_BE_NOTHING.search(line["name"]))
        assert line["against_value"] > 0
        assert line["ratio"] > 0 or line["value"] == 0
        assert line["holds"] in ({True, False} if line["target"] else {None})
    assert len({(line["name"], line["against"]) for line in found}) == len(found)


@pytest.mark.parametrize("name", ["import", "memory", "panes", "vault", "audit", "switch"])
def test_every_line_compares_two_amounts_above_zero(name: str) -> None:
    require_amounts(name, facts(name))


def test_opening_is_compared_with_memory_and_with_both_peers() -> None:
    found = facts("open")
    require_amounts("open", found)
    assert against(found, "open: whole volume, warm") == {
        "a copy in memory (memcpy)",
        "pydicom, plain files",
        "SimpleITK, plain files",
    }
    assert {line["target"] for line in found} >= {"≤ 1.5 ×", "≤ 0.1 ×", "≤ 1.3 ×"}


def test_starting_is_compared_with_importing_everything_first() -> None:
    found = facts("start")
    require_amounts("start", found)
    assert against(found, "start: version line") == {"importing everything first"}
    assert against(found, "start: login window painted, warm") == {"importing everything first"}


def test_an_unknown_name_ends_the_command_with_one_plain_line() -> None:
    out, err = StringIO(), StringIO()
    status = run(["bench", "nothing"], Console(out=out, err=err), more=(commands.add_bench,))
    assert status == 1
    assert err.getvalue().startswith("There is no benchmark of this name. Choose from: import, ")
    assert out.getvalue() == ""


def test_locking_is_compared_with_a_lock_with_nothing_open() -> None:
    found = facts("lock")
    require_amounts("lock", found)
    parts = {line["name"] for line in found}
    assert len(parts) == 5
    assert all("the same with nothing open" in against(found, part) for part in parts)
