"""A store that answers at once, or when told to: a fake of ``viewer.ui.store_ports.Store``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs

from tests.ui.fakes import FakeRunning
from viewer.app.jobs import Progress
from viewer.model.ids import PatientId
from viewer.ui import ports, store_ports

NOW = datetime(2026, 11, 22, 9, 41, tzinfo=UTC)
GB = 1 << 30
LUCIA = store_ports.FoundPatient(PatientId("p0"), "20431", "Marchetti, Lucia", date(1987, 4, 12))
CHINEDU = store_ports.FoundPatient(PatientId("p1"), "20117", "Okafor, Chinedu", date(1974, 11, 3))
HOLD = store_ports.LegalHold(
    3, CHINEDU, "Letter of the insurer", "Dr. Ines Beispiel", NOW - timedelta(days=40)
)
GROUPS = ("K4TN",) * store_ports.RECOVERY_GROUPS


class FakeStore:
    """Two backups, four kinds of image, one hold. `holds_work`: nothing ends by itself."""

    def __init__(self) -> None:
        self.holds_work = False
        self.running: FakeRunning | None = None
        self.done: list[tuple[str, Any]] = []
        self.checked: store_ports.StoreCheck | None = None
        self.findings: tuple[store_ports.StoreFinding, ...] = ()
        self.places = [
            store_ports.BackupPlace(
                "b1", "USB 1", NOW - timedelta(days=2), NOW - timedelta(days=16)
            ),
            store_ports.BackupPlace(
                "b2", "NAS, cellar", NOW - timedelta(days=25), None, True, False
            ),
        ]
        self.facts = store_ports.KeyFacts(
            3,
            NOW - timedelta(days=200),
            "somebody was disabled since.",
            recovery_proved=NOW - timedelta(days=90),
        )
        self.standing = [HOLD]
        self.all_due: list[store_ports.DuePatient] = [
            store_ports.DuePatient(
                LUCIA, 14, date(2026, 3, 1), date(2016, 2, 28), True, False, "0011aabb"
            ),
            store_ports.DuePatient(
                CHINEDU, 3, date(2026, 1, 1), date(2015, 12, 30), False, True, "aabb0011"
            ),
        ]
        self.quota: int | None = None
        self.plan_holds: tuple[store_ports.LegalHold, ...] = ()

    def _work(
        self,
        name: str,
        given: Any,
        finish: Callable[[], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress = lambda _: None,
    ) -> FakeRunning:
        self.done.append((name, given))
        self.running = FakeRunning(finish, on_fault, on_progress)
        on_progress(Progress(3, 12, name.capitalize()))
        if not self.holds_work:
            finish()
        return self.running

    # health

    def last_check(self) -> store_ports.StoreCheck | None:
        return self.checked

    def check(self, deep: bool, on_done: Any, on_fault: Any, on_progress: Any) -> FakeRunning:
        is_whole = all(each.is_harmless for each in self.findings)
        self.checked = store_ports.StoreCheck(
            NOW, deep, is_whole, 1240, 12 * GB if deep else 0, self.findings
        )
        return self._work("check", deep, lambda: on_done(self.checked), on_fault, on_progress)

    def repair(self, on_done: Any, on_fault: Any, on_progress: Any) -> FakeRunning:
        done = store_ports.StoreRepair(
            ("The thumbnail of one image was drawn anew.",),
            ("The pixels of one image are lost: no backup has them.",),
        )
        return self._work("repair", None, lambda: on_done(done), on_fault, on_progress)

    # backups

    def backups(self, on_done: Any, on_fault: Any) -> FakeRunning:
        on_done(tuple(self.places))
        return FakeRunning()

    def back_up(
        self, folder: Path, label: str, on_done: Any, on_fault: Any, on_progress: Any
    ) -> FakeRunning:
        def finish() -> None:
            self.places.append(store_ports.BackupPlace(f"b{label}", label, NOW, NOW))
            on_done(store_ports.BackupDone(label, 1240, 11 * GB))

        return self._work("back up", (folder, label), finish, on_fault, on_progress)

    def back_up_again(
        self, place_id: str, on_done: Any, on_fault: Any, on_progress: Any
    ) -> FakeRunning:
        place = next(p for p in self.places if p.id == place_id)
        done = store_ports.BackupDone(place.label, 1240, 1 << 20)
        return self._work("back up", place_id, lambda: on_done(done), on_fault, on_progress)

    def verify_backup(
        self, place_id: str, on_done: Any, on_fault: Any, on_progress: Any
    ) -> FakeRunning:
        place = next(p for p in self.places if p.id == place_id)
        proof = store_ports.BackupProof(place.label, 4, 1240)
        return self._work("verify", place_id, lambda: on_done(proof), on_fault, on_progress)

    def give_up_backup(
        self, place_id: str, reason: str, on_done: Any, on_fault: Any
    ) -> FakeRunning:
        place = next(p for p in self.places if p.id == place_id)

        def finish() -> None:
            self.places.remove(place)
            on_done(place.label)

        return self._work("give up", (place_id, reason), finish, on_fault)

    # keys

    def key_facts(self, on_done: Any, on_fault: Any) -> FakeRunning:
        on_done(self.facts)
        return FakeRunning()

    def change_keys(self, on_done: Any, on_fault: Any, on_progress: Any) -> FakeRunning:
        def finish() -> None:
            self.facts = attrs.evolve(self.facts, epoch=4, due_why="", since=NOW)
            on_done(store_ports.KeysChanged(4, 6, 3, ("NAS, cellar",)))

        return self._work("change keys", None, finish, on_fault, on_progress)

    def seal_anew(self, on_done: Any, on_fault: Any, on_progress: Any) -> FakeRunning:
        done = store_ports.SealedAnew(1240, 12 * GB)
        return self._work("seal anew", None, lambda: on_done(done), on_fault, on_progress)

    def prove_recovery(self, typed: str, on_done: Any, on_fault: Any) -> FakeRunning:
        proves = typed == "-".join(GROUPS)
        if proves:
            self.facts = attrs.evolve(self.facts, recovery_proved=NOW)
        return self._work("prove", typed, lambda: on_done(proves), on_fault)

    def replace_recovery(self, on_done: Any, on_fault: Any) -> FakeRunning:
        key = ports.RecoveryKey(GROUPS)
        return self._work("replace", None, lambda: on_done(key), on_fault)

    # keeping

    def room(self, on_done: Any, on_fault: Any, on_progress: Any) -> FakeRunning:
        facts = store_ports.RoomFacts(
            (
                store_ports.KindRoom("CBCT", 38, 180 * GB, 20 * GB, 150 * GB, 96 * GB),
                store_ports.KindRoom("Panoramic", 812, 22 * GB, 0, 14 * GB, 9 * GB),
                store_ports.KindRoom("Bitewing", 6400, 9 * GB, 0, 6 * GB, 2 * GB),
                store_ports.KindRoom("Photo", 900, 3 * GB),
            ),
            1000 * GB,
            612 * GB,
            self.quota,
            ("USB 1",),
        )
        return self._work("room", None, lambda: on_done(facts), on_fault, on_progress)

    def set_quota(self, size_bytes: int | None, on_done: Any, on_fault: Any) -> FakeRunning:
        self.quota = size_bytes
        return self._work("quota", size_bytes, lambda: on_done(size_bytes), on_fault)

    def plan_freeing(self, wanted_bytes: int, on_done: Any, on_fault: Any) -> FakeRunning:
        plan = store_ports.FreeingPlan(wanted_bytes, 42, 17, wanted_bytes, ("USB 1",))
        return self._work("plan freeing", wanted_bytes, lambda: on_done(plan), on_fault)

    def free_up(
        self, wanted_bytes: int, on_done: Any, on_fault: Any, on_progress: Any
    ) -> FakeRunning:
        freed = store_ports.Freed(42, wanted_bytes)
        return self._work("free up", wanted_bytes, lambda: on_done(freed), on_fault, on_progress)

    def find_patients(self, text: str) -> Sequence[store_ports.FoundPatient]:
        return [p for p in (LUCIA, CHINEDU) if p.chart_number == text or text in p.display_name]

    def is_held(self, patient_id: PatientId) -> bool:
        return any(hold.patient.id == patient_id for hold in self.standing)

    def holds(self, on_done: Any, on_fault: Any) -> FakeRunning:
        on_done(tuple(self.standing))
        return FakeRunning()

    def put_hold(
        self, patient_id: PatientId, reason: str, on_done: Any, on_fault: Any
    ) -> FakeRunning:
        def finish() -> None:
            who = next(p for p in (LUCIA, CHINEDU) if p.id == patient_id)
            self.standing.append(store_ports.LegalHold(4, who, reason, "Me", NOW))
            on_done(4)

        return self._work("hold", (patient_id, reason), finish, on_fault)

    def release_hold(self, number: int, reason: str, on_done: Any, on_fault: Any) -> FakeRunning:
        def finish() -> None:
            self.standing = [hold for hold in self.standing if hold.number != number]
            on_done(number)

        return self._work("release", (number, reason), finish, on_fault)

    def due(self, on_done: Any, on_fault: Any, on_progress: Any) -> FakeRunning:
        return self._work("due", None, lambda: on_done(self.all_due), on_fault, on_progress)

    def purge(
        self, patient_id: PatientId, code: str, reason: str, on_done: Any, on_fault: Any
    ) -> FakeRunning:
        def finish() -> None:
            gone = next(each for each in self.all_due if each.patient.id == patient_id)
            self.all_due.remove(gone)
            on_done(gone.images)

        return self._work("purge", (patient_id, code, reason), finish, on_fault)

    # erasing

    def plan_erasure(self, patient_id: PatientId, on_done: Any, on_fault: Any) -> FakeRunning:
        who = next(p for p in (LUCIA, CHINEDU) if p.id == patient_id)
        holds = tuple(hold for hold in self.standing if hold.patient.id == patient_id)
        plan = store_ports.ErasurePlan(
            who, 14, 3, date(2016, 2, 28), date(2026, 11, 4), holds,
            ("USB 1", "NAS, cellar"), ("NAS, cellar",),
        )  # fmt: skip
        return self._work("plan erasure", patient_id, lambda: on_done(plan), on_fault)

    def erase(
        self,
        patient_id: PatientId,
        reason: str,
        on_done: Any,
        on_fault: Any,
        on_progress: Any,
    ) -> FakeRunning:
        done = store_ports.ErasureDone(14, 42, b'{"certificate":1}', ("USB 1",), ("NAS, cellar",))
        return self._work(
            "erase", (patient_id, reason), lambda: on_done(done), on_fault, on_progress
        )

    def save_certificate(self, certificate: bytes, path: Path) -> None:
        path.write_bytes(certificate)
