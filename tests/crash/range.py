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
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from tests.crash import arena, nonces, practice
from tests.crash.campaign import campaign
from tests.crash.deeds import Work, begin, look_at_store
from tests.crash.ledger import Ledger, Teller
from tests.crash.syscalls import Blow, Call, Decide, Run, let_pass, look, run_child
from tests.unit.vault.made_up import new_keys
from viewer.vault.errors import StoreFault
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


def seen_by_a_fresh_process(folder: Path, ledger: Ledger) -> dict[str, Any]:
    """Fork, look at the store, and return what was seen."""
    return look(folder, lambda folder: look_at_store(folder, ledger))


def made_store(folder: Path) -> Ledger:
    """Make a store with a patient and two images; return what it holds."""

    def make(say: int) -> None:
        Vault.create(folder, new_keys())
        work = begin(folder, Ledger(), Teller(say), 1)
        work.add()
        work.put_radiograph()
        work.put_radiograph()
        work.vault.close()

    ledger = Ledger()
    run = run_child(make, folder.parent)
    if run.status:
        raise RuntimeError("the store to shoot at could not be made")
    ledger.hear(run.told)
    return ledger


def import_act(folder: Path, ledger: Ledger, teller: Teller) -> None:
    """Open, add a patient, import a radiograph and a volume, close."""
    work = begin(folder, ledger, teller, 5)
    work.add()
    work.put_radiograph()
    work.put_volume()
    work.vault.close()


def delete_act(folder: Path, ledger: Ledger, teller: Teller) -> None:
    """Open, edit, delete two images, close."""
    work = begin(folder, ledger, teller, 6)
    work.edit()
    work.delete()
    work.delete()
    work.vault.close()


ACTS: dict[str, Act] = {"import": import_act, "delete": delete_act}


def copy_of(ledger: Ledger) -> Ledger:
    """Return a ledger that can be written on."""
    return attrs.evolve(
        ledger,
        patients=set(ledger.patients),
        images=dict(ledger.images),
        erased=set(ledger.erased),
        facts=dict(ledger.facts),
        refusals=[],
        deeds={},
    )


def sweep(root: Path, name: str, tries: int, seed: int) -> Report:
    """Kill `name` at its N-th writing call: at each N, or at `tries` of them by chance."""
    report, started = Report(), time.monotonic()
    act, template = ACTS[name], root / "template"
    ledger = made_store(template)
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
    folder = root / "store"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template, folder)
    run = run_child(lambda say: act(folder, ledger, Teller(say)), folder, decide, error=error)
    report.count(run, name)
    ledger.hear(run.told)
    faults = ledger.settle(seen_by_a_fresh_process(folder, ledger))
    report.faults += [f"{name} at {run.killed_at}: {fault}" for fault in faults]
    if not run.was_killed and run.status:
        report.faults.append(f"{name} ended with {run.status} by itself: {run.killed_at}")
    return run


def faulty_act(folder: Path, ledger: Ledger, teller: Teller) -> None:
    """Open, import, delete, close, on a disk that fails; each refused deed is tried again."""
    work = _persist(lambda: begin(folder, ledger, teller, 7), teller, "open")
    work.goes_on = True
    for deed in (work.add, work.put_radiograph, work.put_volume, work.delete, work.put_radiograph):
        if not any(deed() for _ in range(_PATIENCE)):
            teller.done("stuck")
    try:
        work.vault.close()
    except StoreFault as fault:
        teller.refused("close", fault)


def _persist(act: Callable[[], Work], teller: Teller, deed: str) -> Work:
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
    """Let the disk fail at the N-th writing call, once, for a while, or after half a write."""
    report, started, error = Report(), time.monotonic(), getattr(errno, fault)
    template = root / "template"
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

    total = len(one(let_pass, "no fault").calls)
    random = np.random.default_rng(seed)
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
    """Run one exercise: ``sweep|disk|campaign|nonces ROOT WHAT TRIES SEED``."""
    what, root, *rest = arguments
    Path(root).mkdir(parents=True, exist_ok=True)
    exercises = {"sweep": sweep, "disk": disk, "campaign": shoot, "nonces": count_nonces}
    report = exercises[what](Path(root), rest[0], int(rest[1]), int(rest[2]))
    print(report.as_json())  # noqa: T201 - a program's answer
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
