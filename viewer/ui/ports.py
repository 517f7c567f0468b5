"""What the windows ask of the program, and the records that answer.

Every port is a `Protocol` that the application satisfies; the windows know nothing else of it.
All calls happen on the main thread. A method that takes `on_done` and `on_fault` returns at once,
works elsewhere and calls exactly one of the two on the main thread, unless it was dropped. The
others answer from memory or from an index, within 50 ms.

A refusal that a person can do something about is a `viewer.model.errors.BitewingError`; its `what`
and `now` are shown in place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.app.drafts import Pose
from viewer.app.jobs import Progress
from viewer.model.ids import ImageId, PatientId, StudyUid, UserId
from viewer.model.image import ImageRecord, Picture
from viewer.model.patient import Patient, Study
from viewer.model.view import WindowLevel

if TYPE_CHECKING:
    from viewer.ui.emergency_ports import EmergencyDoor
    from viewer.ui.security_ports import KeyDoor
    from viewer.ui.shift_ports import QuickDoor

OnFault = Callable[[Exception], None]
OnProgress = Callable[[Progress], None]


class Running(Protocol):
    """Work under way; `viewer.app.jobs.Job` is one."""

    def cancel(self) -> None:
        """Ask it to stop; a `Cancelled` fault is still delivered."""

    def drop(self) -> None:
        """Ask it to stop and never hear of it again."""


# --- the door: nobody is logged in -----------------------------------------------------------


@attrs.frozen
class UserTile:
    """Somebody who may log in. `role` is in plain words ("Dentist").

    `second_factors` is what the login takes besides the password: "totp", "security key".
    """

    id: UserId
    display_name: str
    role: str
    is_officer: bool = False
    second_factors: tuple[str, ...] = ()


@attrs.frozen
class DemoUser:
    """A made-up account of the demo practice, whose password is shown once."""

    display_name: str
    role: str
    password: str = attrs.field(repr=False)


@attrs.frozen
class Founding:
    """What the first run asks for: the practice and its security officer."""

    practice_name: str
    officer_name: str
    password: str = attrs.field(repr=False)


@attrs.frozen
class RecoveryKey:
    """The practice's recovery key, to write on paper: groups of characters, in order."""

    groups: tuple[str, ...] = attrs.field(repr=False)
    practice_name: str = ""


class Door(Protocol):
    """Log in, unlock, and found the practice."""

    @property
    def practice_name(self) -> str:
        """The practice's name; empty before it is founded."""

    @property
    def is_founded(self) -> bool:
        """Whether there is a practice on this workstation."""

    @property
    def emergency(self) -> EmergencyDoor:
        """The ways in when images are needed at once."""

    @property
    def keys(self) -> KeyDoor:
        """What a security key wants while a login waits for it."""

    @property
    def quick(self) -> QuickDoor:
        """Quick PINs and taps, for as long as a shift lasts."""

    def people(self) -> Sequence[UserTile]:
        """Who may log in, by name."""

    def wait_s(self, user_id: UserId) -> float:
        """Seconds until another password is taken from this user; 0 at once."""

    def log_in(
        self,
        user_id: UserId,
        password: str,
        on_done: Callable[[UserTile], None],
        on_fault: OnFault,
        code: str = "",
    ) -> Running:
        """Try a password (also unlocks). A wrong one is a `UserError`, and `wait_s` may grow.

        `code` is the second step, where the person's tile asks for one; both are one try.
        """

    def choose_password(
        self,
        user_id: UserId,
        given: str,
        new: str,
        on_done: Callable[[UserTile], None],
        on_fault: OnFault,
    ) -> Running:
        """Log in with a password that somebody else gave, by changing it to one's own."""

    def found(
        self, founding: Founding, on_done: Callable[[RecoveryKey], None], on_fault: OnFault
    ) -> Running:
        """Make the practice, the officer's account and the recovery key."""

    def keep_proof(
        self, key: RecoveryKey, on_done: Callable[[None], None], on_fault: OnFault
    ) -> Running:
        """Keep when the founder showed that the sheet is on paper."""

    def password_advice(self, password: str, name: str) -> PasswordAdvice:
        """Say how good a new password is, before it is taken."""


@attrs.frozen
class PasswordAdvice:
    """How strong a new password is: 0 (refused) to 4, and what would make it better."""

    score: int
    is_accepted: bool
    words: str


# --- the watch: somebody is logged in ---------------------------------------------------------


class Watch(Protocol):
    """Who is there and for how long."""

    @property
    def current_user(self) -> UserTile | None:
        """Who is logged in; None at the door."""

    @property
    def is_locked(self) -> bool:
        """Whether the workstation is locked."""

    @property
    def allowed_s(self) -> float:
        """Seconds without a touch after which it locks."""

    @property
    def warning_s(self) -> float:
        """The last of those seconds, which are counted down aloud."""

    def seconds_left(self) -> float:
        """Seconds until it locks; looking is what locks it when they are over."""

    def someone_is_here(self) -> None:
        """A person pressed a key, moved the mouse or touched the screen."""

    def lock(self, why: str = "by the user") -> None:
        """Lock now: keys dropped; the lock and why is in the trail."""

    def log_off(self) -> None:
        """Close the store and go back to the door."""


class ProtectionState(Enum):
    """How one safeguard stands."""

    GOOD = "good"
    WARNING = "warning"
    BROKEN = "broken"


@attrs.frozen
class Protection:
    """One safeguard in the status line.

    `label` is short ("sealed store"), `words` says in a sentence what it means now, and `action`
    is the id of the action that shows or mends it ("" if none).
    """

    label: str
    state: ProtectionState
    words: str
    action: str = ""


# --- the chart --------------------------------------------------------------------------------


@attrs.frozen
class PatientRow:
    """A patient in the list: who, how many images, and the last visit."""

    patient: Patient
    image_count: int = 0
    last_visit: date | None = None


@attrs.frozen
class Visit:
    """A study with its images, in hanging order."""

    study: Study
    images: tuple[ImageRecord, ...]


@attrs.frozen(eq=False)
class Thumbnail:
    """A small picture: uint8, [row, column] or [row, column, rgb], as it should look."""

    image_id: ImageId
    pixels: NDArray[np.uint8]


@attrs.frozen
class Refusal:
    """A file that was not taken, or is not shown, by its plain name in the folder, and why."""

    file_name: str
    reason: str


@attrs.frozen
class ImportSummary:
    """What an import did."""

    images: int
    patients: int
    already_there: int = 0
    refusals: tuple[Refusal, ...] = ()
    first_patient: PatientId | None = None
    kept: tuple[Refusal, ...] = ()
    """Files that are kept and not shown, by what they are, and why not."""
    waiting: int = 0
    """Images of which a person has to say whose they are."""
    set_aside: tuple[Refusal, ...] = ()
    done_before: int = 0
    """Files that an import before this one, which was cut off, had dealt with."""
    is_cancelled: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing to tell but how many images came."""
        told = self.refusals or self.kept or self.waiting or self.set_aside or self.is_cancelled
        return bool(self.images) and not told


@attrs.frozen(eq=False)
class Arriving:
    """A volume on its way to the screen.

    `record` is of the whole volume. `picture` is its overview, a small volume with an affine of its
    own, as long as `planes` is empty; then it is the one array that is being filled, of which
    `planes` (axis 0) are in place.
    """

    record: ImageRecord
    picture: Picture
    planes: range = range(0)

    @property
    def is_overview(self) -> bool:
        """Whether the picture is the overview."""
        return not self.planes


OnArriving = Callable[[Arriving], None]


def ignore_arriving(_: Arriving) -> None:
    """See a volume only once it is whole."""


class Chart(Protocol):
    """Patients, visits and images of the practice."""

    def find_patients(self, text: str, *, first: int = 0, count: int = 200) -> Sequence[PatientRow]:
        """Patients whose name, chart number or birth date begin with `text`, best first."""

    def patient(self, patient_id: PatientId) -> Patient | None:
        """Who has this id; None where there is nobody (any more)."""

    def visits(self, patient_id: PatientId) -> Sequence[Visit]:
        """A patient's visits, newest first."""

    def fetch_thumbnail(
        self, image_id: ImageId, on_done: Callable[[Thumbnail], None], on_fault: OnFault
    ) -> Running:
        """Unseal a small picture."""

    def open_image(
        self,
        image_id: ImageId,
        on_done: Callable[[Picture], None],
        on_fault: OnFault,
        on_progress: OnProgress,
        on_arriving: OnArriving = ignore_arriving,
    ) -> Running:
        """Write the view into the trail, then unseal the image.

        A volume is told of while it comes: its overview, then the planes in place. Where it fails
        after that, `on_fault` says so, and what was told of has been overwritten.
        """

    def prepare_to_import(self) -> None:
        """Get ready while the person still chooses what to import; returns at once."""

    def import_paths(
        self,
        paths: Sequence[Path],
        on_done: Callable[[ImportSummary], None],
        on_fault: OnFault,
        on_progress: OnProgress,
    ) -> Running:
        """Read files and folders in a disposable child and seal what is whole."""

    def protections(self) -> Sequence[Protection]:
        """What protects the user now, for the status line."""


# --- the trail --------------------------------------------------------------------------------


@attrs.frozen
class TrailEntry:
    """One thing that happened.

    `kind` is a stable word ("login", "view"); `who`, `what` and `patient` are for people;
    `sentence` tells all of it; `outcome` is "", "refused" or "failed".
    """

    number: int
    when: datetime
    kind: str
    who: str
    what: str
    patient: str = ""
    outcome: str = ""
    sentence: str = ""
    user_id: UserId | None = None


@attrs.frozen
class TrailFilter:
    """Which entries to list; empty means all."""

    kinds: frozenset[str] = frozenset()
    users: frozenset[UserId] = frozenset()
    day: date | None = None
    patient_id: PatientId | None = None


@attrs.frozen
class TrailVerdict:
    """What a verification found. `outside_head` says where the last head outside is kept."""

    is_whole: bool
    entries: int
    words: str
    checked: datetime | None = None
    outside_head: str = ""


@attrs.frozen
class TrailExport:
    """Where to write which entries, as "csv", "jsonl" or "fhir"."""

    path: Path
    format: str
    wanted: TrailFilter


class Trail(Protocol):
    """The tamper-evident trail, for reading. What is not `open` answers from memory."""

    def open(
        self, on_done: Callable[[None], None], on_fault: OnFault, on_progress: OnProgress
    ) -> Running:
        """Read what there is; an entry says so. At the first progress the newest can be listed."""

    def export(
        self,
        order: TrailExport,
        on_done: Callable[[str], None],
        on_fault: OnFault,
        on_progress: OnProgress,
    ) -> Running:
        """Write entries to a file, which the trail notes; `on_done` is told in words."""

    def kinds(self) -> Sequence[str]:
        """The kinds of entry there are."""

    def users(self) -> Sequence[UserTile]:
        """Who appears in it."""

    def count(self, wanted: TrailFilter) -> int:
        """How many entries match."""

    def entries(self, wanted: TrailFilter, first: int, count: int) -> Sequence[TrailEntry]:
        """A page of entries, newest first."""

    def day_counts(self, wanted: TrailFilter) -> Sequence[tuple[date, int]]:
        """Entries per day, oldest first; days without entries may be missing."""

    def last_verdict(self) -> TrailVerdict | None:
        """The last verification; None if there was none."""

    def verify(
        self,
        on_done: Callable[[TrailVerdict], None],
        on_fault: OnFault,
        on_progress: OnProgress,
        *,
        is_whole: bool,
    ) -> Running:
        """Check the chain now; unless `is_whole`, only what came since the last check."""


# --- sharing ----------------------------------------------------------------------------------


@attrs.frozen
class Purpose:
    """Why images leave: a profile. `id` names it; `words` says what it keeps."""

    id: str
    title: str
    words: str


@attrs.frozen
class TagChange:
    """What happens to one header element. `fate` is "kept", "changed" or "removed"."""

    tag: str
    name: str
    fate: str
    old: str = ""
    new: str = ""
    count: int = 1


@attrs.frozen
class Doubt:
    """Something a person must look at before an image leaves."""

    id: str
    words: str
    image_id: ImageId | None = None


@attrs.frozen
class SharePlan:
    """What would leave. `identity` are (label, value) pairs that stay readable."""

    images: tuple[ImageRecord, ...]
    purpose: Purpose
    identity: tuple[tuple[str, str], ...]
    tags: tuple[TagChange, ...]
    doubts: tuple[Doubt, ...] = ()
    suggested_file_name: str = "share.age"


@attrs.frozen(eq=False)
class BeforeAfter:
    """One image as it is and as it would leave: uint8, [row, column] or [row, column, rgb]."""

    image_id: ImageId
    before: NDArray[np.uint8]
    after: NDArray[np.uint8]


@attrs.frozen
class ShareOrder:
    """The plan as a person confirmed it."""

    plan: SharePlan
    recipient: str
    destination: Path
    acknowledged: frozenset[str]


@attrs.frozen
class ShareReceipt:
    """A sealed bundle: where, how large, its passphrase to read out, and its trail entry."""

    destination: Path
    size_bytes: int
    passphrase: str = attrs.field(repr=False)
    trail_number: int
    sha256: str = ""


class Sharing(Protocol):
    """Plan, look, seal."""

    def purposes(self) -> Sequence[Purpose]:
        """Why images may leave."""

    def plan(
        self,
        image_ids: Sequence[ImageId],
        purpose_id: str,
        on_done: Callable[[SharePlan], None],
        on_fault: OnFault,
    ) -> Running:
        """Work out what would leave."""

    def preview(
        self,
        plan: SharePlan,
        image_id: ImageId,
        recipient: str,
        on_done: Callable[[BeforeAfter], None],
        on_fault: OnFault,
    ) -> Running:
        """Show one image as it would leave."""

    def seal(
        self,
        order: ShareOrder,
        on_done: Callable[[ShareReceipt], None],
        on_fault: OnFault,
        on_progress: OnProgress,
    ) -> Running:
        """Write the intent into the trail, seal the bundle, verify it, write the outcome."""


# --- pictures in the middle -------------------------------------------------------------------


@attrs.frozen
class Identity:
    """Who and when, for the corners of every viewport."""

    patient: Patient
    study_date: date | None
    study_uid: StudyUid


class Pane(Protocol):
    """A widget in the middle of the shell (a `QWidget`) that shows one picture.

    `listen` is called once: the pane calls it back whenever its window or tool changes by hand.
    """

    def show_picture(self, picture: Picture, identity: Identity) -> None:
        """Show it, fitted, with the header's first window."""

    def clear(self) -> None:
        """Empty the scene, release GL and drop the array: the lock calls this."""

    def do(self, action_id: str) -> None:
        """Carry out an action of the groups "image" and "tool"; unknown ones raise KeyError."""

    @property
    def window_level(self) -> WindowLevel | None:
        """The window on screen, in modality values."""

    def set_window(self, window: WindowLevel) -> None:
        """Change it."""

    def listen(self, on_window: Callable[[WindowLevel], None]) -> None:
        """Say who wants to know about a new window."""

    @property
    def pose(self) -> Pose:
        """How the picture is looked at, to come back to."""

    def take_pose(self, pose: Pose) -> None:
        """Look at the picture as before."""

    def dress(self) -> None:
        """Take the colours of the theme in force."""


class VolumePane(Pane, Protocol):
    """A pane that shows a volume while it comes; `show_picture` then only adds the detail."""

    def show_arriving(self, arriving: Arriving, identity: Identity) -> None:
        """Show what there is."""


PaneFactory = Callable[[], Pane]
