from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO

import pytest

from viewer.bench.bench import Bench
from viewer.bench.errors import MachineSilent, UnknownBenchmark
from viewer.bench.figures import AtMost, Figure
from viewer.bench.run import BENCHMARKS, run_benchmarks


def misses(bench: Bench) -> Iterator[Figure]:
    yield Figure("cold", 10.0, "ms", "memcpy", 1.0, AtMost(2))


def fails_midway(bench: Bench) -> Iterator[Figure]:
    yield Figure("first", 1.0, "ms", "memcpy", 1.0)
    raise MachineSilent("The machine does not tell.")


def run(name: str | None = None, *, as_json: bool = True) -> tuple[int, str, str]:
    out, err = StringIO(), StringIO()
    status = run_benchmarks(
        name,
        out,
        as_json=as_json,
        small=True,
        err=err,
        benchmarks={"failing": fails_midway, "missing": misses},
    )
    return status, out.getvalue(), err.getvalue()


def test_a_missed_target_is_told_but_is_no_failure() -> None:
    status, out, _ = run("missing")
    assert status == 0
    assert json.loads(out)[0]["holds"] is False


def test_a_benchmark_that_cannot_run_is_told_and_the_rest_goes_on() -> None:
    status, out, err = run()
    assert status == 1
    assert [figure["name"] for figure in json.loads(out)] == ["failing: first", "missing: cold"]
    assert "failing: The machine does not tell." in err


def test_only_the_benchmark_that_was_named_runs() -> None:
    assert [figure["name"] for figure in json.loads(run("missing")[1])] == ["missing: cold"]


def test_people_get_a_table() -> None:
    _, out, _ = run("missing", as_json=False)
    assert "missing: cold" in out
    assert "0 of 1 targets hold." in out


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownBenchmark, match="failing, missing"):
        run("nothing")


def test_the_benchmarks_have_the_documented_names() -> None:
    named = {"open", "import", "start", "lock", "switch", "emergency", "memory", "panes", "vault"}
    named |= {"catalog", "audit", "hostile"}
    assert set(BENCHMARKS) == named
