"""Every (key, nonce) that is ever encrypted with, over saves, edits, faults and kills.

There is one place where bytes meet AES-GCM: `viewer.crypto.aead`. The instrument stands there and
writes each pair, hashed, to a log before the cipher sees it, so that a killed child's are kept.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from tests.crash import practice
from tests.crash.ledger import Ledger, Teller
from tests.crash.syscalls import Blow, Call, Run, let_pass, run_child
from viewer.crypto import aead

_PAIR_BYTES = 28
_A_CHILD = 60
_MOST_IMAGES = 30
_MIX = ("put", "put", "put", "edit", "edit", "add", "delete", "draft", "keep head")


def install(log: Path) -> None:
    """From now on, write down each pair that this process encrypts with."""
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    real = aead.AESGCM

    class Watched:
        def __init__(self, key: Any) -> None:
            self._digest = hashlib.sha256(key).digest()[:16]
            self._real = real(key)

        def encrypt(self, nonce: Any, *rest: Any) -> bytes:
            os.write(descriptor, self._digest + bytes(nonce))
            return self._real.encrypt(nonce, *rest)

        def encrypt_into(self, nonce: Any, *rest: Any) -> int:
            os.write(descriptor, self._digest + bytes(nonce))
            written: int = self._real.encrypt_into(nonce, *rest)
            return written

        def __getattr__(self, name: str) -> Any:
            return getattr(self._real, name)

    aead.AESGCM = Watched  # type: ignore[misc,assignment]


def pairs(log: Path) -> Counter[bytes]:
    """Return how often each pair was used."""
    raw = log.read_bytes()
    if len(raw) % _PAIR_BYTES:
        raise RuntimeError("the log of nonces was cut")
    return Counter(raw[at : at + _PAIR_BYTES] for at in range(0, len(raw), _PAIR_BYTES))


def _child(root: Path, log: Path, ledger: Ledger, teller: Teller, seed: int) -> None:
    install(log)
    table = practice.deeds()
    with practice.at_work(root) as clinic:
        work = practice.begin_work(root, clinic, ledger, teller, seed)
        work.goes_on = True
        rare = [deed for deed in table if deed not in {*_MIX, "import"}]
        if not work.patients:
            work.add()
        for number in range(_A_CHILD):
            deed = _MIX[int(work.random.integers(len(_MIX)))]
            if rare and number % 20 == 19:
                deed = rare[int(work.random.integers(len(rare)))]
            table["delete" if len(work.images) > _MOST_IMAGES else deed](work)


def run(root: Path, saves: int, seed: int) -> dict[str, Any]:
    """Save, edit, fail and die until `saves` deeds were done or tried; return the figures."""
    random, ledger, log = np.random.default_rng(seed), Ledger(), root.parent / "nonces.log"
    log.unlink(missing_ok=True)
    practice.found_in(root)
    ends: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    while sum(tried.values()) < saves:
        seed_now = int(random.integers(1 << 30))
        end = ("whole", "killed", "failing disk")[int(random.integers(3))]
        number, chance = int(random.integers(40, 900)), np.random.default_rng(seed_now)

        def decide(call: Call, end: str = end, number: int = number, chance: Any = chance) -> Blow:
            if end == "failing disk" and '"doing"' in call.after and chance.random() < 0.01:
                return Blow.FAIL
            return Blow.KILL if end == "killed" and call.number == number else Blow.PASS

        def body(say: int, seed_now: int = seed_now) -> None:
            _child(root, log, ledger, Teller(say), seed_now)

        done = run_child(
            body, root, let_pass if end == "whole" else decide, error=errno.EIO, limit_s=300
        )
        ends[_name_of(end, done)] += 1
        for line in done.told.split(b"\n"):
            if b'"word": "doing"' in line:
                tried[line.split(b'"deed": "')[1].split(b'"')[0].decode()] += 1
        ledger.hear(done.told)
        ledger.settle(practice.look_at_fresh(root))
    used = pairs(log)
    return {
        "deeds": dict(tried.most_common()),
        "all deeds": sum(tried.values()),
        "ends": dict(ends),
        "pairs": sum(used.values()),
        "repeated": sum(1 for times in used.values() if times > 1),
        "keys": len({pair[:16] for pair in used}),
        "refused": dict(Counter(each["fault"] for each in ledger.refusals)),
    }


def _name_of(end: str, run: Run) -> str:
    if run.was_killed:
        return "killed"
    return end if not run.status else f"{end}, ended with {run.status}"
