"""A campaign: one store, killed at random moments again and again, and looked at after each."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import numpy as np

from tests.crash.ledger import Ledger, Teller
from tests.crash.syscalls import Blow, Call, Decide, Run, let_pass, run_child

_WARM_UP = 2
_VOLLEY = 3
_MOST_IMAGES = 10
_A_STORE = 100
"""So many kills are survived by one store; then a fresh one, since the history makes it slow."""

_PEACE = 5
"""One child in so many comes to its end, so that much is acknowledged."""


@attrs.define
class Shot:
    """When to kill: at a call of a deed, or at a moment after it began; perhaps never."""

    decide: Decide
    kill_after: tuple[str, float] | None


@attrs.define
class Gunner:
    """Chooses shots; learns how many calls a deed makes and how long it takes."""

    random: np.random.Generator
    calls: dict[str, int] = attrs.field(factory=dict)
    seconds: dict[str, float] = attrs.field(factory=dict)

    def aim(self, deed: str) -> Shot:
        """Choose a moment of a deed: half of them by the clock, half by the call, some torn."""
        words = f'"word": "doing", "deed": "{deed}"'
        if self.random.random() < 0.5:
            moment = self.random.uniform(0, 1.15 * self.seconds.get(deed, 0.1))
            return Shot(let_pass, (words, float(moment)))
        number = int(self.random.integers(0, self.calls.get(deed, 40) + 2))
        blow = Blow.TEAR if self.random.random() < 0.4 else Blow.KILL
        seen = [0]

        def decide(call: Call) -> Blow:
            if not seen[0] and words not in call.after:
                return Blow.PASS
            seen[0] += 1
            return blow if seen[0] > number else Blow.PASS

        return Shot(decide, None)

    def learn(self, run: Run) -> None:
        """Measure the deeds that came to their end."""
        begun: dict[str, list[Call]] = {}
        for call in run.calls:
            if '"doing"' in call.after:
                begun.setdefault(call.after, []).append(call)
        for line, calls in begun.items():
            deed = json.loads(line)["deed"]
            self.calls[deed] = max(self.calls.get(deed, 0), len(calls))
            took_s = calls[-1].at_s - calls[0].at_s
            self.seconds[deed] = max(took_s, 0.9 * self.seconds.get(deed, 0.0))


def child(
    place: ModuleType, root: Path, ledger: Ledger, teller: Teller, deed: str, seed: int
) -> None:
    """Open the store, do a little of everything, then the deed, again and again."""
    table = place.deeds()
    with place.at_work(root, ledger) as opened:
        work = place.begin_work(root, opened, ledger, teller, seed)
        if not work.patients:
            work.add()
        common = ["add", "put", "edit", "put"]
        for _ in range(int(work.random.integers(_WARM_UP + 1))):
            table[common[int(work.random.integers(len(common)))]](work)
        for _ in range(_VOLLEY):
            if deed != "delete" and len(work.images) > _MOST_IMAGES:
                work.delete()
            table[deed](work)


def _fresh(place: ModuleType, root: Path, number: int) -> tuple[Path, Ledger]:
    ground = root / f"ground {number}"
    ground.mkdir(parents=True)
    place.found_in(ground)
    return ground, Ledger()


def _body(place: ModuleType, ground: Path, ledger: Ledger, deed: str, seed: int, say: int) -> None:
    child(place, ground, ledger, Teller(say), deed, seed)


def campaign(
    place: ModuleType,
    root: Path,
    kills: int,
    seed: int,
    count: Callable[[Run, str], None],
    fault: Callable[[str], None],
    wanted: list[str],
) -> dict[str, Any]:
    """Kill one store `kills` times; return the figures that `count` does not keep.

    `place` is the module that knows the store: `practice`, or `arena` for the bare vault.
    """
    random = np.random.default_rng(seed)
    gunner = Gunner(random)
    ground, ledger = _fresh(place, root, 0)
    names = wanted or list(place.deeds())
    killed, tries, started = 0, 0, time.monotonic()
    acknowledged: Counter[str] = Counter()
    aimed: dict[str, int] = {}
    doubtful: dict[str, int] = {}
    while killed < kills and tries < 4 * kills:
        deed = names[tries % len(names)]
        shot = Shot(let_pass, None) if random.random() < 1 / _PEACE else gunner.aim(deed)
        tries += 1
        seed_now = int(random.integers(1 << 30))

        body = partial(_body, place, ground, ledger, deed, seed_now)

        run = run_child(body, ground, shot.decide, kill_after=shot.kill_after)
        gunner.learn(run)
        ledger.hear(run.told)
        in_doubt = (ledger.doubt or {}).get("deed", "between deeds")
        if run.was_killed:
            killed += 1
            aimed[deed] = aimed.get(deed, 0) + 1
            doubtful[in_doubt] = doubtful.get(in_doubt, 0) + 1
            if killed % 50 == 0:
                print(killed, "kills:", doubtful, file=sys.stderr, flush=True)  # noqa: T201
        elif run.status:
            fault(f"{tries}. {deed} ended by itself with {run.status} after {ledger.doubt}")
        count(run, in_doubt)
        doubt = ledger.doubt
        for words in ledger.settle(place.look_at_fresh(ground, ledger)):
            fault(f"{tries}. {deed} at {run.killed_at}, in doubt {doubt}: {words}")
        if run.was_killed and killed % _A_STORE == 0:
            acknowledged += Counter(ledger.deeds)
            ground, ledger = _fresh(place, root, killed)
    return {
        "aimed at": aimed,
        "died in": doubtful,
        "tries": tries,
        "deeds acknowledged": dict(acknowledged + Counter(ledger.deeds)),
        "kills a second": round(killed / (time.monotonic() - started), 2),
    }
