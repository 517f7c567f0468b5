"""A practice that answers at once, or when told to: fakes of the ports of ``viewer.ui.ports``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import attrs
import numpy as np

from tests.ui.fake_emergency import FakeEmergencyDoor
from viewer.app.drafts import Draft
from viewer.app.jobs import Progress
from viewer.model.errors import Cancelled, UserError
from viewer.model.ids import ImageId, PatientId, SeriesUid, SopUid, StudyUid, UserId
from viewer.model.image import (
    GreyScale,
    ImageKind,
    ImageRecord,
    Photometric,
    Picture,
    PixelSpacing,
    SpacingSource,
    Window,
)
from viewer.model.patient import Patient, Study
from viewer.model.tooth import Tooth
from viewer.ui import ports
from viewer.ui.own_password import OwnPasswordNeeded
from viewer.ui.shift_ports import DraftOffer, QuickWays


@attrs.define
class FakeRunning:
    """Work that a test lets go on, fail or finish."""

    finish: Callable[[], None] = lambda: None
    on_fault: ports.OnFault = lambda _: None
    on_progress: ports.OnProgress = lambda _: None
    is_cancelled: bool = False
    is_dropped: bool = False

    def cancel(self) -> None:
        self.is_cancelled = True
        self.on_fault(Cancelled())

    def drop(self) -> None:
        self.is_dropped = True


PEOPLE = (
    ports.UserTile(UserId("u1"), "Dr. Ines Beispiel", "Dentist", is_officer=True),
    ports.UserTile(UserId("u2"), "Tomás Ejemplo", "Hygienist"),
    ports.UserTile(UserId("u3"), "Aiko Rei", "Front desk"),
)
PASSWORDS = {
    "u1": "quiet-lamp-river-oak",
    "u2": "seven-brass-otters-sing",
    "u3": "paper-moon-and-violet",
}


class FakeQuick:
    """Quick PINs by person; the fifth wrong one ends it."""

    def __init__(self) -> None:
        self.pins: dict[str, str] = {}
        self.taps: dict[str, str] = {}
        self.wait: dict[str, float] = {}
        self.wrong = 0
        self.is_fresh = True
        self.can_set = True
        self.own_key = ""
        self.user_id = PEOPLE[0].id
        self.given: list[tuple[str, str]] = []
        self.holds = False
        self.pending: FakeRunning | None = None

    def ways(self, user_id: UserId) -> QuickWays:
        return QuickWays(user_id in self.pins, self.taps.get(user_id, ""))

    def wait_s(self, user_id: UserId) -> float:
        return self.wait.get(user_id, 0.0)

    def log_in(
        self,
        user_id: UserId,
        pin: str,
        on_done: Callable[[ports.UserTile], None],
        on_fault: ports.OnFault,
    ) -> FakeRunning:
        def finish() -> None:
            if self.pins.get(user_id) == pin:
                on_done(next(p for p in PEOPLE if p.id == user_id))
                return
            self.wrong += 1
            if self.wrong == 5:
                self.pins.pop(user_id, None)
            on_fault(UserError("That is not right.", f"{5 - self.wrong} tries are left."))

        self.pending = FakeRunning(finish, on_fault)
        if not self.holds:
            finish()
        return self.pending

    def tap(
        self, user_id: UserId, on_done: Callable[[ports.UserTile], None], on_fault: ports.OnFault
    ) -> FakeRunning:
        person = next(p for p in PEOPLE if p.id == user_id)
        self.pending = FakeRunning(lambda: on_done(person), on_fault)
        return self.pending

    def ends_at(self) -> datetime | None:
        has_one = self.ways(self.user_id).is_any
        return datetime(2026, 11, 22, 17, 40, tzinfo=UTC) if has_one else None

    def fault_of(self, pin: str) -> str:
        return "This is among the first that anybody tries." if pin == "123456" else ""

    def set_pin(
        self, pin: str, password: str, on_done: Callable[[None], None], on_fault: ports.OnFault
    ) -> FakeRunning:
        self.given.append((pin, password))
        if not self.is_fresh and password != PASSWORDS[self.user_id]:
            on_fault(UserError("That is not your password.", "Try again."))
        else:
            self.pins[self.user_id] = pin
            on_done(None)
        return FakeRunning()

    def set_tap(
        self, password: str, on_done: Callable[[None], None], on_fault: ports.OnFault
    ) -> FakeRunning:
        self.taps[self.user_id] = self.own_key
        on_done(None)
        return FakeRunning()

    def drop(self) -> None:
        self.pins.pop(self.user_id, None)
        self.taps.pop(self.user_id, None)


class FakeKeys:
    """A security key's wishes, spoken by a test."""

    def __init__(self) -> None:
        self.touch: Callable[[], None] = lambda: None
        self.pin: Callable[[], None] = lambda: None
        self.pins: list[str] = []
        self.cancels = 0

    def listen(self, on_touch: Callable[[], None], on_pin: Callable[[], None]) -> None:
        self.touch, self.pin = on_touch, on_pin

    def leave(self) -> None:
        self.touch = self.pin = lambda: None

    def give_pin(self, pin: str) -> None:
        self.pins.append(pin)

    def cancel(self) -> None:
        self.cancels += 1


class FakeDoor:
    """A door with three people; wrong passwords make it wait."""

    def __init__(self, *, founded: bool = True) -> None:
        self._founded = founded
        self.quick = FakeQuick()
        self.keys = FakeKeys()
        self.codes: list[str] = []
        self.factors: dict[str, tuple[str, ...]] = {}
        self.right_code = "246810"
        self.emergency = FakeEmergencyDoor()
        self.practice_name = "Zahnarztpraxis Rosengarten" if founded else ""
        self.wait: dict[str, float] = {}
        self.tries: list[tuple[str, str]] = []
        self.given: set[str] = set()
        self.proved: ports.RecoveryKey | None = None
        self.chosen: list[tuple[str, str, str]] = []
        self.holds = False
        self.pending: FakeRunning | None = None
        self.founding: ports.Founding | None = None

    @property
    def is_founded(self) -> bool:
        return self._founded

    def people(self) -> Sequence[ports.UserTile]:
        people = PEOPLE if self._founded else ()
        return [attrs.evolve(p, second_factors=self.factors.get(p.id, ())) for p in people]

    def wait_s(self, user_id: UserId) -> float:
        return self.wait.get(user_id, 0.0)

    def log_in(
        self,
        user_id: UserId,
        password: str,
        on_done: Callable[[ports.UserTile], None],
        on_fault: ports.OnFault,
        code: str = "",
    ) -> FakeRunning:
        self.tries.append((user_id, password))
        self.codes.append(code)
        if "totp" in self.factors.get(user_id, ()) and code != self.right_code:
            password = "not together with that code"
        person = next(p for p in PEOPLE if p.id == user_id)

        def finish() -> None:
            if password == PASSWORDS[user_id] and user_id in self.given:
                on_fault(OwnPasswordNeeded())
            elif password == PASSWORDS[user_id]:
                on_done(person)
            else:
                on_fault(UserError("The password is not right.", "Try again."))

        self.pending = FakeRunning(finish, on_fault)
        if not self.holds:
            finish()
        return self.pending

    def keep_proof(
        self,
        key: ports.RecoveryKey,
        on_done: Callable[[None], None],
        on_fault: ports.OnFault,
    ) -> FakeRunning:
        self.proved = key
        on_done(None)
        return FakeRunning()

    def choose_password(
        self,
        user_id: UserId,
        given: str,
        new: str,
        on_done: Callable[[ports.UserTile], None],
        on_fault: ports.OnFault,
    ) -> FakeRunning:
        self.chosen.append((user_id, given, new))
        if given != PASSWORDS[user_id]:
            on_fault(UserError("Name and password do not match.", "Please try again."))
            return FakeRunning()
        on_done(next(each for each in PEOPLE if each.id == user_id))
        return FakeRunning()

    def found(
        self,
        founding: ports.Founding,
        on_done: Callable[[ports.RecoveryKey], None],
        on_fault: ports.OnFault,
    ) -> FakeRunning:
        self.founding = founding
        self._founded = True
        self.practice_name = founding.practice_name
        on_done(ports.RecoveryKey(("K4TN", "9QWE", "H7ZB", "M2XC", "R8LP", "V5JD", "A3FG", "T6YS")))
        return FakeRunning()

    def password_advice(self, password: str, name: str) -> ports.PasswordAdvice:
        good = len(password) >= 15
        score = min(4, len(password) // 5)
        words = "Good." if good else "At least 15 characters; a sentence works well."
        return ports.PasswordAdvice(score, good, words)


class FakeDrafts:
    """What was kept, by person; whoever is in gets his own."""

    def __init__(self) -> None:
        self.kept: dict[UserId, Draft] = {}
        self.user_id = PEOPLE[0].id
        self.source: Callable[[], Draft | None] | None = None
        self.patients: list[Patient] = make_patients()
        self.thrown_away = 0
        self.looks = 0

    def watch(self, source: Callable[[], Draft | None] | None) -> None:
        self.source = source

    def keep_soon(self, draft: Draft | None) -> None:
        if draft is not None:
            assert draft.owner == self.user_id
            self.kept[self.user_id] = draft

    def keep_now(self) -> None:
        source, self.source = self.source, None
        if source is not None:
            draft = source()
            self.kept.pop(self.user_id, None)
            self.keep_soon(draft)

    def look(self) -> DraftOffer | None:
        self.looks += 1
        draft = self.kept.get(self.user_id)
        if draft is None:
            return None
        patient = next(p for p in self.patients if p.id == draft.patient_id)
        for visit in make_visits(patient):
            for image in visit.images:
                if image.id == draft.image_id:
                    return DraftOffer(draft, patient, visit.study, image)
        return DraftOffer(draft, patient)

    def bring_back(self) -> Draft | None:
        return self.kept.get(self.user_id)

    def throw_away(self) -> None:
        self.thrown_away += 1
        self.kept.pop(self.user_id, None)


class FakeWatch:
    """A watch whose clock the test sets."""

    def __init__(self) -> None:
        self.current_user: ports.UserTile | None = PEOPLE[0]
        self.is_locked = False
        self.allowed_s = 600.0
        self.warning_s = 60.0
        self.whys: list[str] = []
        self.before_lock: Callable[[], None] = lambda: None
        self.left_s = 540.0
        self.touches = 0
        self.log_offs = 0

    def seconds_left(self) -> float:
        return self.left_s

    def someone_is_here(self) -> None:
        self.touches += 1
        self.left_s = self.allowed_s

    def lock(self, why: str = "by the user") -> None:
        self.before_lock()
        self.whys.append(why)
        self.is_locked = True

    def log_off(self) -> None:
        self.log_offs += 1
        self.current_user = None


LONG_NAME = "Wolfeschlegelsteinhausenbergerdorff"
NAMES = (
    ("20431", "Marchetti", "Lucia", date(1987, 4, 12), "F"),
    ("20117", "Okafor", "Chinedu", date(1974, 11, 3), "M"),
    ("20544", LONG_NAME, "Maximiliane-Henriette", date(1962, 1, 30), "F"),
    ("20551", "בן־שמואל", "אליהו", date(2001, 7, 19), "M"),
    ("20602", "Árnadóttir", "Sigríður", date(2014, 2, 8), "F"),
    ("20613", "Tanaka", "Haruto", date(1995, 9, 21), "M"),
)


def make_patients() -> list[Patient]:
    return [
        Patient(PatientId(f"p{n}"), chart, family, given, born, sex)
        for n, (chart, family, given, born, sex) in enumerate(NAMES)
    ]


def make_image(
    number: int,
    kind: ImageKind,
    study: Study,
    shape: tuple[int, ...] = (400, 600),
    teeth: tuple[int, ...] = (),
) -> ImageRecord:
    """An image record; a volume where its shape has three axes and its kind is CBCT."""
    is_volume = kind is ImageKind.CBCT
    step = 0.3
    return ImageRecord(
        id=ImageId(f"{study.patient_id}-{study.uid}-{number}"),
        patient_id=study.patient_id,
        study_uid=study.uid,
        series_uid=SeriesUid(f"1.2.{number}"),
        sop_instance_uids=(SopUid(f"1.2.3.{number}"),),
        sop_class_uid="1.2.840.10008.5.1.4.1.1.1.3",
        modality="CT" if is_volume else "XC" if kind is ImageKind.PHOTO else "IO",
        kind=kind,
        shape=shape,
        dtype="int16" if is_volume else "uint8" if kind is ImageKind.PHOTO else "uint16",
        grey=GreyScale(
            photometric=Photometric.RGB if kind is ImageKind.PHOTO else Photometric.MONOCHROME2,
            bits_stored=8 if kind is ImageKind.PHOTO else 12,
            maximum=255 if kind is ImageKind.PHOTO else 4095,
            windows=(Window(2048, 3200, name="Normal"), Window(2600, 1600, name="Sharp")),
        ),
        spacing=PixelSpacing(0.03, 0.03, SpacingSource.DETECTOR),
        affine_lps=((step, 0, 0, 0), (0, step, 0, 0), (0, 0, step, 0), (0, 0, 0, 1))
        if is_volume
        else None,
        teeth=tuple(Tooth(t) for t in teeth),
        acquired=datetime.combine(study.date or date(2026, 1, 1), datetime.min.time()).replace(
            hour=9, minute=14 + number, tzinfo=UTC
        ),
        number=number,
        notes=("Left and right are not in the header; check before you decide.",)
        if number == 1
        else (),
    )


def make_visits(patient: Patient) -> list[ports.Visit]:
    plans: tuple[
        tuple[date, str, list[tuple[ImageKind, tuple[int, ...], tuple[int, ...]]]], ...
    ] = (
        (
            date(2026, 11, 4),
            "Bitewings and check-up",
            [
                (ImageKind.BITEWING, (400, 540), (18, 17, 16, 48, 47, 46)),
                (ImageKind.BITEWING, (400, 540), (26, 27, 28, 36, 37, 38)),
                (ImageKind.PERIAPICAL, (540, 400), (36,)),
                (ImageKind.PHOTO, (400, 600, 3), ()),
            ],
        ),
        (date(2026, 3, 17), "CBCT, lower jaw", [(ImageKind.CBCT, (200, 240, 240), ())]),
        (
            date(2025, 10, 2),
            "Panoramic and ceph",
            [(ImageKind.PANORAMIC, (500, 1000), ()), (ImageKind.CEPHALOMETRIC, (600, 500), ())],
        ),
    )
    visits = []
    for order, (when, words, kinds) in enumerate(plans):
        study = Study(StudyUid(f"1.2.826.{order}"), patient.id, when, None, words)
        images = tuple(
            make_image(n, kind, study, shape, teeth)
            for n, (kind, shape, teeth) in enumerate(kinds, 1)
        )
        visits.append(ports.Visit(study, images))
    return visits


class FakeChart:
    """Six made-up patients. `painted` gives thumbnails; grey ramps without it."""

    def __init__(self, *, empty: bool = False) -> None:
        self.patients = [] if empty else make_patients()
        self.painted: dict[ImageKind, np.ndarray] = {}
        self.imported: list[list[Path]] = []
        self.import_running: FakeRunning | None = None
        self.holds_import = False
        self.holds_open = False
        self.opened: list[ImageId] = []
        self.open_running: FakeRunning | None = None
        self.summary = ports.ImportSummary(
            images=12,
            patients=1,
            already_there=2,
            refusals=(
                ports.Refusal("notes.txt", "This is no image."),
                ports.Refusal("IM0007", "The file ends before its pixels do."),
            ),
            first_patient=PatientId("p0"),
        )

    def patient(self, patient_id: PatientId) -> Patient | None:
        return next((p for p in self.patients if p.id == patient_id), None)

    def find_patients(
        self, text: str, *, first: int = 0, count: int = 200
    ) -> Sequence[ports.PatientRow]:
        wanted = text.casefold()
        found = [
            ports.PatientRow(p, 7, date(2026, 11, 4))
            for p in self.patients
            if any(
                part.casefold().startswith(wanted)
                for part in (p.family_name, p.given_name, p.chart_number)
            )
        ]
        return found[first : first + count]

    def visits(self, patient_id: PatientId) -> Sequence[ports.Visit]:
        return make_visits(next(p for p in self.patients if p.id == patient_id))

    def record(self, image_id: ImageId) -> ImageRecord:
        return next(
            image
            for patient in self.patients
            for visit in make_visits(patient)
            for image in visit.images
            if image.id == image_id
        )

    def fetch_thumbnail(
        self,
        image_id: ImageId,
        on_done: Callable[[ports.Thumbnail], None],
        on_fault: ports.OnFault,
    ) -> FakeRunning:
        kind = self.record(image_id).kind
        ramp = np.linspace(0, 255, 96, dtype=np.uint8)[None, :].repeat(72, axis=0)
        on_done(ports.Thumbnail(image_id, self.painted.get(kind, np.ascontiguousarray(ramp))))
        return FakeRunning()

    def picture(self, image_id: ImageId) -> Picture:
        record = self.record(image_id)
        shape = record.shape
        small = self.painted.get(record.kind)
        if small is not None and len(shape) == 2:
            record = attrs.evolve(record, shape=small.shape[:2])
            return Picture(record, (small.astype(np.uint16) * 16))
        rows = np.linspace(0, record.grey.maximum, int(np.prod(shape)), dtype=np.float64)
        return Picture(record, rows.reshape(shape).astype(record.dtype))

    def open_image(
        self,
        image_id: ImageId,
        on_done: Callable[[Picture], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
        on_arriving: ports.OnArriving = ports.ignore_arriving,
    ) -> FakeRunning:
        self.opened.append(image_id)
        self.on_arriving = on_arriving
        self.open_running = FakeRunning(
            lambda: on_done(self.picture(image_id)), on_fault, on_progress
        )
        if not self.holds_open:
            self.open_running.finish()
        return self.open_running

    def prepare_to_import(self) -> None:
        self.prepared = True

    def import_paths(
        self,
        paths: Sequence[Path],
        on_done: Callable[[ports.ImportSummary], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> FakeRunning:
        self.imported.append(list(paths))
        self.import_running = FakeRunning(lambda: on_done(self.summary), on_fault, on_progress)
        on_progress(Progress(3, 14, "Reading images"))
        if not self.holds_import:
            self.import_running.finish()
        return self.import_running

    def protections(self) -> Sequence[ports.Protection]:
        good, warning = ports.ProtectionState.GOOD, ports.ProtectionState.WARNING
        return (
            ports.Protection(
                "Sealed store", good, "Every image on this disk is encrypted.", "check"
            ),
            ports.Protection("Trail", good, "312 entries, chain whole at 09:41.", "trail"),
            ports.Protection(
                "File key store: demo",
                warning,
                "The device secret lies in a file. Fine for a demo; not for patients.",
                "about",
            ),
        )


class FakeTrail:
    """Three hundred entries over three weeks."""

    def __init__(self, count: int = 300) -> None:
        kinds = ("view", "view", "view", "login", "import", "share", "lock", "login failed")
        start = datetime(2026, 11, 22, 16, 40, tzinfo=UTC)
        self._entries = []
        for n in range(count):
            kind = kinds[(n * 7 + n // 5) % len(kinds)]
            who = PEOPLE[(n * 5 + n // 7) % 3]
            when = start - timedelta(minutes=97 * n + (n * n) % 61)
            failed = kind == "login failed"
            patient = "" if "lo" in kind else "20431 Marchetti, Lucia"
            what = {
                "view": "Bitewing, 2026-11-04",
                "import": "12 images from a folder",
                "share": "4 images, referral, for Dr. Castellano",
            }.get(kind, "Workstation")
            self._entries.append(
                ports.TrailEntry(
                    count - n,
                    when,
                    kind,
                    who.display_name,
                    what,
                    patient,
                    "refused" if failed else "",
                    f"On {when:%d %B %Y at %H:%M}, {who.display_name} ({who.role}) on this "
                    f"workstation: {kind}, {what}.",
                    who.id,
                )
            )
        self.pages: list[tuple[int, int]] = []
        self.verdict = ports.TrailVerdict(
            True,
            count,
            f"{count} entries, none missing, none changed.",
            datetime(2026, 11, 22, 9, 41, tzinfo=UTC),
            "Key store of this computer, entry 256",
        )
        self.running: FakeRunning | None = None
        self.exports: list[ports.TrailExport] = []
        self.opens_at_once = True

    def kinds(self) -> Sequence[str]:
        return ("login", "login failed", "view", "import", "share", "lock")

    def users(self) -> Sequence[ports.UserTile]:
        return PEOPLE

    def _matching(self, wanted: ports.TrailFilter) -> list[ports.TrailEntry]:
        return [
            e
            for e in self._entries
            if (not wanted.kinds or e.kind in wanted.kinds)
            and (not wanted.users or e.user_id in wanted.users)
            and (wanted.day is None or e.when.date() == wanted.day)
        ]

    def count(self, wanted: ports.TrailFilter) -> int:
        return len(self._matching(wanted))

    def entries(
        self, wanted: ports.TrailFilter, first: int, count: int
    ) -> Sequence[ports.TrailEntry]:
        self.pages.append((first, count))
        return self._matching(wanted)[first : first + count]

    def day_counts(self, wanted: ports.TrailFilter) -> Sequence[tuple[date, int]]:
        counts: dict[date, int] = {}
        for entry in self._matching(attrs.evolve(wanted, day=None)):
            counts[entry.when.date()] = counts.get(entry.when.date(), 0) + 1
        return sorted(counts.items())

    def last_verdict(self) -> ports.TrailVerdict | None:
        return self.verdict

    def open(
        self,
        on_done: Callable[[None], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> FakeRunning:
        self.opening = FakeRunning(lambda: on_done(None), on_fault, on_progress)
        if self.opens_at_once:
            on_done(None)
        return self.opening

    def verify(
        self,
        on_done: Callable[[ports.TrailVerdict], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
        *,
        is_whole: bool,
    ) -> FakeRunning:
        self.running = FakeRunning(lambda: on_done(self.verdict), on_fault, on_progress)
        return self.running

    def export(
        self,
        order: ports.TrailExport,
        on_done: Callable[[str], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> FakeRunning:
        self.exports.append(order)
        self.running = FakeRunning(lambda: on_done("Wrote 3 entries."), on_fault, on_progress)
        return self.running


PURPOSES = (
    ports.Purpose("referral", "Referral", "Name, birth date, sex and chart number stay readable."),
    ports.Purpose("insurer", "Insurer", "Name, birth date and claim number stay readable."),
    ports.Purpose("teaching", "Teaching", "Nobody's name; new identifiers; dates removed."),
)


class FakeSharing:
    """Plans with a doubt, previews with a black band, seals when told to."""

    def __init__(self, chart: FakeChart) -> None:
        self._chart = chart
        self.orders: list[ports.ShareOrder] = []
        self.running: FakeRunning | None = None
        self.holds_seal = False

    def purposes(self) -> Sequence[ports.Purpose]:
        return PURPOSES

    def plan(
        self,
        image_ids: Sequence[ImageId],
        purpose_id: str,
        on_done: Callable[[ports.SharePlan], None],
        on_fault: ports.OnFault,
    ) -> FakeRunning:
        images = tuple(self._chart.record(i) for i in image_ids)
        purpose = next(p for p in PURPOSES if p.id == purpose_id)
        tags = [
            *(ports.TagChange(f"(0028,{n:04x})", "Rows", "kept", "400", "400") for n in range(31)),
            *(
                ports.TagChange("(0010,0010)", "PatientName", "changed", "Marchetti^Lucia", "ANON")
                for _ in range(5)
            ),
            *(
                ports.TagChange("(0010,1040)", "PatientAddress", "removed", "Via Roma 1")
                for _ in range(17)
            ),
        ]
        identity = (
            ()
            if purpose_id == "teaching"
            else (("Name", "Marchetti, Lucia"), ("Born", "1987-04-12"), ("Sex", "F"))
        )
        doubts = tuple(
            ports.Doubt(f"burned-{i.id}", "Burned-in text was not looked for. Look yourself.", i.id)
            for i in images[:1]
        )
        on_done(ports.SharePlan(images, purpose, identity, tuple(tags), doubts, "share-7Q2F.age"))
        return FakeRunning()

    def preview(
        self,
        plan: ports.SharePlan,
        image_id: ImageId,
        recipient: str,
        on_done: Callable[[ports.BeforeAfter], None],
        on_fault: ports.OnFault,
    ) -> FakeRunning:
        kind = self._chart.record(image_id).kind
        ramp = np.linspace(30, 220, 600, dtype=np.uint8)[None, :].repeat(400, axis=0)
        before = np.ascontiguousarray(self._chart.painted.get(kind, ramp))
        after = before.copy()
        after[-max(8, before.shape[0] // 14) :] = 235
        on_done(ports.BeforeAfter(image_id, before, after))
        return FakeRunning()

    def seal(
        self,
        order: ports.ShareOrder,
        on_done: Callable[[ports.ShareReceipt], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> FakeRunning:
        self.orders.append(order)
        receipt = ports.ShareReceipt(
            order.destination, 3_412_880, "harbour violin cactus meadow pencil orbit", 313
        )
        self.running = FakeRunning(lambda: on_done(receipt), on_fault, on_progress)
        on_progress(Progress(1, 4, "Sealing"))
        if not self.holds_seal:
            self.running.finish()
        return self.running
