"""``bitewing waiting`` and ``bitewing patient``: from a folder to the right chart at a terminal."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.support.practice import OFFICER, PASSWORD, a_patient, found, write_images
from viewer.app.commands.console import Console
from viewer.app.commands.main import run
from viewer.session.keystore import FileKeyStore

Run = Callable[..., tuple[int, str, str]]
ADA = a_patient()
WRONG = attrs.evolve(ADA, family_name="Exampel")
OTHER = attrs.evolve(ADA, family_name="Okafor", given_name="Ben", chart_number="2002")


@pytest.fixture
def bitewing(tmp_path: Path) -> Run:
    found(tmp_path / "store", FileKeyStore(tmp_path / "keys.json"))

    def bitewing(*words: str) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        console = Console(out, err, io.StringIO(f"{PASSWORD}\n{PASSWORD}\n"))
        order = (
            "--store", str(tmp_path / "store"), "--keystore", f"file:{tmp_path / 'keys.json'}",
            "--user", OFFICER, "--password-file", "-", *words,
        )  # fmt: skip
        return run(order, console), out.getvalue(), err.getvalue()

    ada = write_images(tmp_path / "ada", ADA, cbct=False)
    ben = write_images(tmp_path / "ben", OTHER, cbct=False, seed=50)
    wrong = write_images(tmp_path / "wrong", WRONG, cbct=False, seed=40)
    assert bitewing("import", str(ada), str(ben))[0] == 0
    assert bitewing("import", str(wrong))[0] == 0
    return bitewing


def waiting(bitewing: Run) -> list[dict[str, Any]]:
    status, out, err = bitewing("waiting", "list", "--json")
    assert status == 0, err
    cases: list[dict[str, Any]] = json.loads(out)
    return cases


def images_of(bitewing: Run, chart: str) -> set[str]:
    listed = json.loads(bitewing("list", "--patient", chart, "--json")[1])
    return {each["id"] for each in listed}


def test_what_waits_is_listed_and_put_into_the_right_chart(bitewing: Run) -> None:
    (case,) = waiting(bitewing)
    assert case["name"] == "Exampel, Ada"
    assert "The name is spelt differently." in case["doubts"]
    first, second = (each["id"] for each in case["images"])
    assert not {first, second} & images_of(bitewing, "1001")
    assert "! The name is spelt differently." in bitewing("waiting", "list")[1]
    order = ("waiting", "assign", case["id"], "1001", "--image", first, "--reason", "asked her")
    assert bitewing(*order)[0] == 0
    assert first in images_of(bitewing, "1001")
    assert bitewing("waiting", "assign", case["id"], "9999", "--reason", "?")[0] == 1
    more = ("waiting", "new", case["id"], "--number", "4004", "--reason", "a sister")
    assert bitewing(*more)[0] == 0
    assert images_of(bitewing, "4004") == {second}
    assert waiting(bitewing) == []


def test_what_waits_is_rejected_with_a_reason(bitewing: Run) -> None:
    (case,) = waiting(bitewing)
    assert bitewing("waiting", "reject", case["id"], "--reason", "not ours")[0] == 0
    assert waiting(bitewing) == []
    assert bitewing("waiting", "reject", case["id"], "--reason", "not ours")[0] == 1


def test_charts_are_merged_and_taken_apart_and_images_moved_and_named(bitewing: Run) -> None:
    ada, ben = images_of(bitewing, "1001"), images_of(bitewing, "2002")
    status, out, _ = bitewing("patient", "merge", "2002", "1001", "--reason", "one person")
    assert status == 0
    assert images_of(bitewing, "1001") == ada | ben
    assert images_of(bitewing, "2002") == set()
    source = out.split("unmerge ")[1].split("”")[0]
    assert bitewing("patient", "unmerge", source, "--reason", "two persons")[0] == 0
    assert images_of(bitewing, "2002") == ben
    one = sorted(ada)[0]
    assert bitewing("patient", "move", one, "--into", "2002", "--reason", "his")[0] == 0
    assert one in images_of(bitewing, "2002")
    assert bitewing("patient", "teeth", one, "--teeth", "36,37", "--side", "L")[0] == 0
    assert bitewing("patient", "teeth", one, "--teeth", "99")[0] == 1
    assert bitewing("patient", "teeth", one, "--teeth", "x")[0] == 1
