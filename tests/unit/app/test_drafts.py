"""Drafts: sealed under their owner's name, given back to nobody else, gone with the patient."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from tests.support.practice import (
    OFFICER,
    PASSWORD,
    FakeClock,
    add_person,
    open_clinic,
    write_images,
)
from viewer.app.clinic import Clinic
from viewer.app.commands.console import Console
from viewer.app.commands.main import run
from viewer.app.drafts import (
    MOST_BYTES,
    MOST_STEPS,
    PLACE,
    Draft,
    Pose,
    Step,
    Values,
    of_blob,
    to_blob,
)
from viewer.app.use_cases import drafts, importing, keys, trail
from viewer.model.ids import ImageId, PatientId, UserId
from viewer.model.image import ImageRecord
from viewer.model.view import PlanesView, RadiographView, VolumeView, WindowLevel
from viewer.session.audit.events import EventFilter, EventKind
from viewer.session.errors import Locked, NotLoggedIn, NotPermitted
from viewer.session.idle import IdlePolicy
from viewer.session.keystore import FileKeyStore
from viewer.vault.errors import StoreFault

FLAT = Pose(RadiographView(WindowLevel(100, 200), True, 2.5, (3.0, 4.5), 1), tool="tool_pan")
DEEP = Pose(
    planes=PlanesView(WindowLevel(400, 2000), (1.0, -2.0, 3.5), zoom=3.0, slab_mm=2.0),
    centre_lps=(0.5, 0.25, -0.125),
    alone="axial",
    volume=VolumeView("bone", 30.0, 10.0, 1.5),
    tool="tool_crosshair",
)
STEPS = (
    Step("Invert", Values(inverted=False), Values(inverted=True)),
    Step("Window", Values(WindowLevel(1, 2)), Values(WindowLevel(3, 4))),
)


@attrs.define
class Desktop:
    """A practice with a patient, and what stands in for a window."""

    clinic: Clinic
    clock: FakeClock
    images: list[ImageRecord]
    draft: Draft | None = None

    def user(self) -> UserId:
        assert self.clinic.desk.session is not None
        return self.clinic.desk.session.user.id

    def look_at(self, number: int = 0, pose: Pose = FLAT) -> Draft:
        """Put an image on the screen."""
        image = self.images[number]
        self.draft = Draft(self.user(), image.patient_id, image.id, None, pose, STEPS, STEPS[:1])
        self.clinic.drafts.source = lambda: self.draft
        return self.draft

    def enter(self, name: str = OFFICER) -> None:
        self.clinic.log_in(name, PASSWORD)

    def back(self) -> Draft | None:
        return drafts.bring_draft_back(self.clinic, drafts.BringDraftBack())

    def told(self) -> list[tuple[str, PatientId | None]]:
        """What the trail says of drafts, oldest first."""
        reader = trail.open_trail(self.clinic, trail.OpenTrail())
        wanted = EventFilter(kinds=frozenset({EventKind.DRAFT}))
        entries = [event.entry for event in reader.page(wanted, 0, 100)]
        return [(entry.why, entry.patient_id) for entry in reversed(entries)]


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[ImageRecord, ...]]:
    """A store with one patient's images and three people, and its key file; made once, copied."""
    folder = tmp_path_factory.mktemp("founded")
    write_images(folder / "in", cbct=False)
    with open_clinic(folder / "store", FileKeyStore(folder / "key")) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        for role_id in ("dentist", "auditor"):
            add_person(clinic, role_id)
        report = importing.import_paths(clinic, importing.ImportPaths((folder / "in",)))
        return folder, tuple(stored.record for stored in report.stored)


@pytest.fixture
def desktop(tmp_path: Path, founded: tuple[Path, tuple[ImageRecord, ...]]) -> Iterator[Desktop]:
    folder, images = founded
    shutil.copytree(folder / "store", tmp_path / "store")
    shutil.copy(folder / "key", tmp_path / "key")
    clock = FakeClock()
    keystore = FileKeyStore(tmp_path / "key")
    with open_clinic(tmp_path / "store", keystore, clock=clock, policy=IdlePolicy()) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        yield Desktop(clinic, clock, list(images))


def without_time(draft: Draft | None) -> Draft | None:
    return attrs.evolve(draft, kept_at=None) if draft is not None else None


@pytest.mark.parametrize("pose", [FLAT, DEEP, Pose()])
def test_a_draft_is_stored_whole(pose: Pose) -> None:
    draft = Draft(UserId("u"), PatientId("p"), ImageId("i"), None, pose, STEPS, STEPS[:1], True, 1)
    assert of_blob(to_blob(draft), UserId("u")) == draft


def test_a_long_history_keeps_its_newest_steps() -> None:
    steps = tuple(
        Step(f"Step {n}", Values(WindowLevel(n, 1)), Values(WindowLevel(n + 1, 1)))
        for n in range(500)
    )
    kept = of_blob(to_blob(Draft(UserId("u"), PatientId("p"), done=steps)), UserId("u"))
    assert kept is not None
    assert kept.done == steps[-MOST_STEPS:]


def test_a_draft_that_is_too_large_loses_its_oldest_steps_and_nothing_else() -> None:
    long = Step("x" * 5000, Values(), Values())
    draft = Draft(UserId("u"), PatientId("p"), ImageId("i"), pose=FLAT, done=(long,) * 90)
    blob = to_blob(draft)
    assert len(blob) <= MOST_BYTES
    kept = of_blob(blob, UserId("u"))
    assert kept is not None
    assert kept.done
    assert attrs.evolve(kept, done=()) == attrs.evolve(draft, done=())


def test_what_a_newer_program_wrote_is_no_draft_and_no_fault() -> None:
    assert of_blob(b'{"owner":"u","patient_id":"p","new":1}', UserId("u")) is None
    assert of_blob(b"\x00", UserId("u")) is None


def test_the_lock_keeps_it_and_the_unlock_brings_it_back(desktop: Desktop) -> None:
    draft = desktop.look_at()
    desktop.clinic.lock()
    desktop.enter()
    assert without_time(desktop.back()) == draft
    assert desktop.told() == [("kept sealed", draft.patient_id), ("brought back", draft.patient_id)]


def test_the_lock_by_the_clock_keeps_it_too(desktop: Desktop) -> None:
    draft = desktop.look_at()
    desktop.clock.pass_s(601)
    desktop.clinic.desk.poll()
    assert not desktop.clinic.is_vault_open
    desktop.enter()
    assert without_time(desktop.back()) == draft


def test_the_log_off_by_the_clock_after_an_hour_keeps_it_too(desktop: Desktop) -> None:
    draft = desktop.look_at()
    desktop.clock.pass_s(3601)
    desktop.clinic.desk.poll()
    assert desktop.clinic.desk.session is None
    desktop.enter()
    assert without_time(desktop.back()) == draft


def test_another_who_works_in_between_gets_nothing_and_takes_nothing_away(
    desktop: Desktop,
) -> None:
    draft = desktop.look_at(0)
    desktop.clinic.lock()
    desktop.enter("dentist person")
    assert desktop.back() is None
    assert drafts.look_at_draft(desktop.clinic, drafts.LookAtDraft()) is None
    drafts.throw_draft_away(desktop.clinic, drafts.ThrowDraftAway())
    theirs = desktop.look_at(1)
    desktop.clinic.lock()
    desktop.enter()
    assert without_time(desktop.back()) == draft
    desktop.clinic.lock()
    desktop.enter("dentist person")
    assert without_time(desktop.back()) == theirs


def test_a_draft_moved_to_another_users_row_is_not_given_to_him(desktop: Desktop) -> None:
    desktop.look_at()
    desktop.clinic.lock()
    desktop.enter()
    blob = desktop.clinic.vault.draft(desktop.user(), PLACE)
    desktop.enter("dentist person")
    desktop.clinic.vault.save_draft(desktop.user(), PLACE, blob)
    assert desktop.back() is None


def test_a_draft_saved_late_by_a_worker_does_not_reach_the_next_user(desktop: Desktop) -> None:
    draft = desktop.look_at()
    desktop.enter("dentist person")
    desktop.clinic.drafts.note(draft)
    assert desktop.clinic.drafts.keep_noted() is False
    assert desktop.back() is None


def test_after_a_crash_the_last_that_was_kept_comes_back(desktop: Desktop, tmp_path: Path) -> None:
    draft = desktop.look_at()
    desktop.clinic.drafts.note(draft)
    assert desktop.clinic.drafts.keep_noted()
    desktop.clinic.drafts.source = None  # killed: there is no last moment
    desktop.clinic.close()
    with open_clinic(tmp_path / "store", FileKeyStore(tmp_path / "key")) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        back = drafts.bring_draft_back(clinic, drafts.BringDraftBack())
        assert without_time(back) == draft


def test_an_erased_patients_draft_goes_with_him(desktop: Desktop) -> None:
    draft = desktop.look_at()
    desktop.clinic.lock()
    desktop.enter()
    request = keys.ErasePatient(draft.patient_id, "asked to")
    keys.erase_patient(desktop.clinic, request)
    assert desktop.clinic.vault.draft(desktop.user(), PLACE) is None
    assert desktop.back() is None


def test_nothing_on_screen_keeps_nothing_and_forgets_what_was_there(desktop: Desktop) -> None:
    desktop.look_at()
    desktop.clinic.lock()
    desktop.enter()
    desktop.clinic.drafts.source = lambda: None
    desktop.clinic.lock()
    desktop.enter()
    assert desktop.clinic.drafts.is_there() is False


def test_an_offer_names_patient_and_image_and_is_in_the_trail(desktop: Desktop) -> None:
    draft = desktop.look_at()
    desktop.clinic.lock()
    desktop.enter()
    offer = drafts.look_at_draft(desktop.clinic, drafts.LookAtDraft())
    assert offer is not None
    assert offer.patient.family_name == "Example"
    assert offer.image == desktop.images[0]
    assert offer.study is not None
    assert desktop.told()[-1] == ("offered", draft.patient_id)


def test_what_was_thrown_away_does_not_come_back(desktop: Desktop) -> None:
    draft = desktop.look_at()
    desktop.clinic.lock()
    desktop.enter()
    drafts.throw_draft_away(desktop.clinic, drafts.ThrowDraftAway())
    assert desktop.back() is None
    assert desktop.told()[1] == ("thrown away", draft.patient_id)


def test_emergency_access_alone_gets_no_draft_and_leaves_none(desktop: Desktop) -> None:
    draft = desktop.look_at()
    desktop.clinic.lock()
    reason = "The patient is bleeding and the chart is needed"
    desktop.clinic.admit(desktop.clinic.check_in_emergency(OFFICER, PASSWORD, reason))
    assert desktop.clinic.drafts.is_there() is False
    assert desktop.back() is None
    desktop.look_at(1)
    desktop.clinic.lock()
    desktop.enter()
    assert without_time(desktop.back()) == draft


def test_a_role_without_images_has_no_drafts(desktop: Desktop) -> None:
    desktop.enter("auditor person")
    assert desktop.clinic.drafts.is_there() is False
    desktop.clinic.drafts.source = lambda: Draft(desktop.user(), PatientId("p"))
    with pytest.raises(NotPermitted):
        desktop.back()
    desktop.clinic.lock()
    assert desktop.clinic.desk.session is not None


@pytest.mark.parametrize("state", ["locked", "logged off"])
def test_without_an_open_session_there_is_no_draft(desktop: Desktop, state: str) -> None:
    desktop.look_at()
    desktop.clinic.lock() if state == "locked" else desktop.clinic.log_off()
    assert desktop.clinic.drafts.is_there() is False
    with pytest.raises((Locked, NotLoggedIn)):
        desktop.back()


@pytest.mark.expects_log("draft not kept: StoreFault")
def test_a_disk_that_is_full_does_not_keep_the_workstation_open(
    desktop: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    desktop.look_at()

    def full(*_: object) -> None:
        raise StoreFault

    monkeypatch.setattr(desktop.clinic.vault, "save_draft", full)
    desktop.clinic.lock()
    assert desktop.clinic.desk.session is not None
    assert desktop.clinic.desk.session.is_locked
    assert not desktop.clinic.is_vault_open


def test_no_draft_lies_in_clear_in_the_store(desktop: Desktop, tmp_path: Path) -> None:
    draft = desktop.look_at()
    desktop.clinic.lock()
    needles = [draft.patient_id.encode(), (draft.image_id or "").encode(), b"quarter_turns"]
    for path in (tmp_path / "store").rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            assert not [needle for needle in needles if needle in raw]


def test_the_command_shows_ones_own_draft_and_forgets_it(desktop: Desktop, tmp_path: Path) -> None:
    draft = desktop.look_at()
    desktop.clinic.close()

    def bitewing(*words: str, user: str = OFFICER) -> str:
        out = io.StringIO()
        place = ["--store", str(tmp_path / "store"), "--keystore", f"file:{tmp_path / 'key'}"]
        console = Console(out=out, err=io.StringIO(), source=io.StringIO(f"{PASSWORD}\n"))
        status = run([*place, "--user", user, "--password-file", "-", "--json", *words], console)
        assert status == 0, console
        return out.getvalue()

    shown = json.loads(bitewing("draft", "show"))
    assert (shown["patient_id"], shown["image_id"]) == (draft.patient_id, draft.image_id)
    assert shown["undo_steps"] == len(STEPS)
    assert json.loads(bitewing("draft", "show", user="dentist person")) is None
    bitewing("draft", "forget", user="dentist person")
    assert json.loads(bitewing("draft", "show")) == shown
    bitewing("draft", "forget")
    assert json.loads(bitewing("draft", "show")) is None
