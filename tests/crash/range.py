"""Where stores are shot at: children forked from a process that has everything imported.

A program of its own (``python -m tests.crash.range WHAT …``), since a test run with its threads and
windows is no place to fork from. It prints one JSON object: the figures and every fault.
"""

from __future__ import annotations

import errno
import json
import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from tests.crash import arena, importing, nonces, practice
from tests.crash.campaign import campaign
from tests.crash.ledger import Ledger, Teller
from tests.crash.syscalls import Blow, Call, Decide, Run, let_pass, run_child
from viewer.vault.errors import StoreExists, StoreFault
from viewer.vault.store import Vault

_PATIENCE = 8
_RANDOM = re.compile(r"[0-9a-f]{8,32}")
Act = Callable[[Path, Ledger, Teller], None]


@attrs.define
class Report:
    """Figures and faults of one exercise."""

    kills: int = 0
    phases: Counter[str] = attrs.field(factory=Counter)
    faults: list[str] = attrs.field(factory=list)
    seconds: float = 0.0
    more: dict[str, Any] = attrs.field(factory=dict)

    def count(self, run: Run, deed: str) -> None:
        """Count a kill under what was going on."""
        if run.was_killed:
            self.kills += 1
            self.phases[f"{deed}: {phase_of(run.killed_at)}"] += 1

    def as_json(self) -> str:
        """Return it as one line."""
        content = attrs.asdict(self) | {"phases": dict(self.phases.most_common())}
        return json.dumps(content)


def phase_of(call: Call | None) -> str:
    """Return a call without the names that differ each time."""
    if call is None:
        return "before the first write"
    parts = call.path.split("/")
    if "objects" in parts[:-1]:
        kind = "object" if len(parts[-1]) == 32 else parts[-1][32:] or "objects"
        return f"{call.name} {'folder' if len(parts[-1]) == 2 else kind}"
    return f"{call.name} {_RANDOM.sub('*', parts[-1])}"


def made_store(root: Path) -> Ledger:
    """Make a store with two patients and three images; return what it holds."""

    def make(say: int) -> None:
        arena.found_in(root)
        with arena.at_work(root, Ledger()) as vault:
            work = arena.begin_work(root, vault, Ledger(), Teller(say), 1)
            work.add()
            work.put_radiograph()
            work.put_radiograph()
            work.add()
            work.put_radiograph()

    ledger = Ledger()
    run = run_child(make, root)
    if run.status:
        raise RuntimeError("the store to shoot at could not be made")
    ledger.hear(run.told)
    return ledger


def in_order(*steps: Callable[[arena.VaultWork], object]) -> Act:
    """Return what opens the store, takes some steps, and closes it."""

    def act(root: Path, ledger: Ledger, teller: Teller) -> None:
        with arena.at_work(root, ledger) as vault:
            work = arena.begin_work(root, vault, ledger, teller, 5)
            for step in steps:
                step(work)

    return act


def create(root: Path, ledger: Ledger, teller: Teller) -> None:
    """Make a store where there is none, or take over what a crash left of one."""
    arena.found_in(root)
    teller.done("create", made=True)


_WORK = arena.VaultWork
ACTS: dict[str, Act] = {
    "import": in_order(_WORK.add, _WORK.put_radiograph, _WORK.put_volume),
    "delete": in_order(_WORK.edit, _WORK.delete, _WORK.delete),
    "move": in_order(_WORK.add, _WORK.move, _WORK.move),
    "rotate": in_order(_WORK.rotate),
    "reseal": in_order(_WORK.reseal),
    "erase": in_order(_WORK.erase),
    "create": create,
}


def copy_of(ledger: Ledger) -> Ledger:
    """Return a ledger that can be written on."""
    return attrs.evolve(
        ledger,
        patients=set(ledger.patients),
        images=dict(ledger.images),
        erased=set(ledger.erased),
        perhaps_erased=set(),
        facts=dict(ledger.facts),
        refusals=[],
        deeds={},
    )


def sweep(root: Path, name: str, tries: int, seed: int) -> Report:
    """Kill `name` at its N-th writing call: at each N, or at `tries` of them by chance."""
    report, started = Report(), time.monotonic()
    act, template = ACTS[name], root / "template"
    template.mkdir()
    ledger = Ledger() if name == "create" else made_store(template)
    total = len(_one_run(root, template, act, copy_of(ledger), let_pass, report, name).calls)
    chosen = list(range(total))
    if tries and tries < total:
        chosen = sorted(np.random.default_rng(seed).choice(total, tries, replace=False).tolist())
    for number in chosen:
        for blow in (Blow.KILL, Blow.TEAR):
            if blow is Blow.TEAR and tries and number % 3:
                continue
            _one_run(root, template, act, copy_of(ledger), striking(number, blow), report, name)
    report.more |= {"calls": total, "chosen": len(chosen)}
    report.seconds = time.monotonic() - started
    return report


def striking(number: int, blow: Blow) -> Decide:
    """Return what strikes at one call and lets the others pass."""
    return lambda call: blow if call.number == number else Blow.PASS


def _one_run(
    root: Path,
    template: Path,
    act: Act,
    ledger: Ledger,
    decide: Decide,
    report: Report,
    name: str,
    error: int = errno.ENOSPC,
) -> Run:
    shot = root / "shot"
    shutil.rmtree(shot, ignore_errors=True)
    shutil.copytree(template, shot)
    run = run_child(lambda say: act(shot, ledger, Teller(say)), shot, decide, error=error)
    report.count(run, name)
    ledger.hear(run.told)
    if name == "create" and not ledger.facts.get("made"):
        run_child(lambda say: _take_over(shot), shot)
    faults = ledger.settle(arena.look_at_fresh(shot, ledger))
    report.faults += [f"{name} at {run.killed_at}: {fault}" for fault in faults]
    if not run.was_killed and run.status:
        report.faults.append(f"{name} ended with {run.status} by itself: {run.killed_at}")
    return run


def _take_over(root: Path) -> None:
    with suppress(StoreExists):  # it was made, and died before it could say so
        arena.found_in(root)


def faulty_act(root: Path, ledger: Ledger, teller: Teller) -> None:
    """Open, do a little of everything, close, on a disk that fails; what is refused is repeated."""
    vault = _persist(lambda: arena.opened(root, ledger), teller, "open")
    work = arena.begin_work(root, vault, ledger, teller, 7)
    work.goes_on = True
    for deed in (
        work.add, work.put_radiograph, work.put_volume, work.delete, work.rotate, work.erase,
        work.reseal, work.put_radiograph,
    ):  # fmt: skip
        if not any(deed() for _ in range(_PATIENCE)):
            teller.done("stuck")
    try:
        vault.close()
    except StoreFault as fault:
        teller.refused("close", fault)


def _persist(act: Callable[[], Vault], teller: Teller, deed: str) -> Vault:
    for _ in range(_PATIENCE):
        try:
            return act()
        except StoreFault as fault:
            teller.refused(deed, fault)
    raise RuntimeError("the store does not open any more")


def failing(first: int, count: int, kind: str) -> Decide:
    """Return what fails `count` calls from the first; `short` lets half of the first through."""

    def decide(call: Call) -> Blow:
        if kind == "short" and call.number == first:
            return Blow.SHORT
        return Blow.FAIL if first <= call.number < first + count else Blow.PASS

    return decide


def disk(root: Path, fault: str, tries: int, seed: int) -> Report:
    """Let the disk fail at the N-th writing call, once, for a while, or after half a write.

    ``EIO@catalog.next`` fails besides, once each, at all calls that this file is about.
    """
    fault, _, fault_at = fault.partition("@")
    report, started, error = Report(), time.monotonic(), getattr(errno, fault)
    template = root / "template"
    template.mkdir()
    ledger = made_store(template)
    told: Counter[str] = Counter()

    def one(decide: Decide, name: str) -> Run:
        mine = copy_of(ledger)
        run = _one_run(root, template, faulty_act, mine, decide, report, name, error)
        told.update(f"{each['deed']}: {each['fault']}" for each in mine.refusals)
        report.faults += [f"{name}: stuck"] * mine.deeds.get("stuck", 0)
        if decide is not let_pass:
            at = next(call for call in run.calls if decide(call) is not Blow.PASS)
            kinds = {f"{phase_of(at)} → {each['fault']}" for each in mine.refusals}
            report.phases.update(kinds or {f"{phase_of(at)} → nobody noticed"})
        return run

    calls = one(let_pass, "no fault").calls
    total, random = len(calls), np.random.default_rng(seed)
    if fault_at:
        # Numbers differ by a few from run to run, so a few around them are taken along.
        numbers = [call.number for call in calls if fault_at in phase_of(call)]
        for number in range(min(numbers) - 3, max(numbers) + 4):
            one(failing(number, 1, "once"), f"{fault} once at {number}")
    chosen = range(total) if not tries else random.choice(total, tries, replace=False).tolist()
    for number in chosen:
        for kind, count in (("once", 1), ("for a while", 6), ("short", 2)):
            if not tries or random.integers(3) == 0:
                one(failing(number, count, kind), f"{fault} {kind} at {number}")
    report.more |= {"calls": total, "refusals": dict(told.most_common())}
    report.seconds = time.monotonic() - started
    return report


def shoot(root: Path, wanted: str, kills: int, seed: int) -> Report:
    """Kill one store again and again; `wanted` is ``vault:`` or ``practice:`` and deeds or all."""
    report, started = Report(), time.monotonic()
    place, _, deeds = wanted.partition(":")
    names = [] if deeds == "all" else deeds.split(",")
    report.more = campaign(
        {"vault": arena, "practice": practice}[place],
        root,
        kills,
        seed,
        report.count,
        report.faults.append,
        names,
    )
    report.seconds = time.monotonic() - started
    return report


def imports(root: Path, _: str, kills: int, seed: int) -> Report:
    """Kill whole imports, with their reading process, at random moments."""
    report, started = Report(), time.monotonic()
    report.kills, report.more = importing.run(root, kills, seed, report.faults.append)
    report.seconds = time.monotonic() - started
    return report


def count_nonces(root: Path, _: str, saves: int, seed: int) -> Report:
    """Write down every pair of key and nonce over `saves` deeds, faults and kills."""
    report, started = Report(), time.monotonic()
    report.more = nonces.run(root, saves, seed)
    report.kills = report.more["ends"].get("killed", 0)
    if report.more["repeated"]:
        report.faults.append(f"{report.more['repeated']} pairs of key and nonce were used twice")
    report.seconds = time.monotonic() - started
    return report


def main(arguments: list[str]) -> int:
    """Run one exercise: ``sweep|disk|campaign|imports|nonces ROOT WHAT TRIES SEED``."""
    what, root, *rest = arguments
    Path(root).mkdir(parents=True, exist_ok=True)
    exercises = {
        "sweep": sweep, "disk": disk, "campaign": shoot, "imports": imports,
        "nonces": count_nonces,
    }  # fmt: skip
    report = exercises[what](Path(root), rest[0], int(rest[1]), int(rest[2]))
    print(report.as_json())  # noqa: T201 - a program's answer
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
