"""What could not be read safely: sealed aside, listed, tried again, thrown away."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.support.practice import (
    OFFICER,
    PASSWORD,
    a_patient,
    open_clinic,
    write_images,
)
from viewer.app.clinic import Clinic
from viewer.app.errors import NothingChosen
from viewer.app.incoming.aside import require_quarantined
from viewer.app.use_cases import importing, library, quarantine, store, trail
from viewer.ingest.again import CAN_HOLD
from viewer.ingest.errors import FileRefused
from viewer.session.audit.events import EventFilter, EventKind
from viewer.vault.errors import NotInStore

NAME = "Zyxwvutmarker-cut.dcm"
_PREAMBLE = b"MZ\x90\0" + b"run me" * 20 + b"\0" * 4


def cut_file(folder: Path) -> bytes:
    """Write a panoramic that ends in the middle of its picture, a program in its preamble."""
    images = write_images(folder / "made", a_patient(), cbct=False)
    whole = (images / "pano.dcm").read_bytes()
    cut = _PREAMBLE + whole[128 : len(whole) // 2]
    (folder / "in").mkdir()
    (folder / "in" / NAME).write_bytes(cut)
    return cut


def bring(clinic: Clinic, folder: Path) -> importing.ImportReport:
    return importing.import_paths(clinic, importing.ImportPaths((folder,)))


def listed(clinic: Clinic) -> quarantine.Quarantine:
    return quarantine.list_quarantine(clinic, quarantine.ListQuarantine())


@pytest.fixture
def practice(tmp_path: Path):  # type: ignore[no-untyped-def]
    content = cut_file(tmp_path)
    with open_clinic(tmp_path / "store") as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        yield clinic, tmp_path, content


def test_a_damaged_file_is_set_aside_once_with_its_reason_and_nothing_of_it_is_in_clear(
    practice: tuple[Clinic, Path, bytes],
) -> None:
    clinic, folder, content = practice
    report = bring(clinic, folder / "in")
    again = bring(clinic, folder / "in")
    assert (len(report.stored), report.refusals) == (0, ())
    assert [each.file_name for each in report.set_aside] == [NAME]
    assert [each.was_there for each in again.set_aside] == [True]
    (found,) = listed(clinic).files
    blank = bytes(128) + content[128:]
    assert (found.file_name, found.size_bytes) == (NAME, len(content))
    assert found.sha256 == hashlib.sha256(blank).hexdigest()
    assert found.reason
    assert listed(clinic).names[found.by] == OFFICER  # type: ignore[index]
    assert found.origin == "files or a folder"
    assert found.when is not None
    assert found.when <= clinic.clock.wall()
    stored = clinic.vault.hidden.open_pixels(found.image_id).tobytes()
    assert stored == blank
    assert store.check_store(clinic, store.CheckStore(deep=True)).is_sound
    clinic.log_off()
    for path in (folder / "store").rglob("*"):
        if path.is_file():
            on_disk = path.read_bytes()
            assert NAME.encode() not in on_disk
            assert b"run me" not in on_disk


def test_what_is_set_aside_is_in_no_list_no_search_and_no_view(
    practice: tuple[Clinic, Path, bytes],
) -> None:
    clinic, folder, _ = practice
    image_id = bring(clinic, folder / "in").set_aside[0].image_id
    assert library.find_patients(clinic, library.FindPatients()) == []
    assert library.list_store(clinic, library.ListStore()) == []
    with pytest.raises(NotInStore):
        library.open_image(clinic, library.OpenImage(image_id))


def test_setting_aside_trying_again_and_throwing_away_are_in_the_trail(
    practice: tuple[Clinic, Path, bytes],
) -> None:
    clinic, folder, _ = practice
    image_id = bring(clinic, folder / "in").set_aside[0].image_id
    found = listed(clinic).files[0]
    if CAN_HOLD:
        quarantine.retry_quarantined(clinic, quarantine.RetryQuarantined(image_id))
    quarantine.discard_quarantined(
        clinic, quarantine.DiscardQuarantined(image_id, quarantine.confirmation(found))
    )
    reader = trail.open_trail(clinic, trail.OpenTrail())
    told = reader.page(EventFilter(kinds=frozenset({EventKind.SET_ASIDE})), 0, 9)
    assert len(told) == (5 if CAN_HOLD else 3)
    assert all(each.entry.objects == (image_id,) or not each.entry.objects for each in told)
    assert NAME not in str(told)


@pytest.mark.skipif(not CAN_HOLD, reason="only Linux hands memory to the child as a file")
def test_a_file_that_is_still_damaged_stays_set_aside_and_a_sound_one_goes_into_its_chart(
    practice: tuple[Clinic, Path, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic, folder, _ = practice
    first = bring(clinic, folder / "in").set_aside[0].image_id
    report = quarantine.retry_quarantined(clinic, quarantine.RetryQuarantined(first))
    assert (len(report.stored), len(report.refusals)) == (0, 1)
    assert [each.image_id for each in listed(clinic).files] == [first]
    # A sound file whose child was ended in the middle comes in at the second try.
    from viewer.ingest import gathering

    def breaks(*_: object) -> object:
        raise FileRefused("Reading the file failed.", is_damage=True)

    with monkeypatch.context() as patched:
        patched.setattr(gathering, "_take", breaks)
        sound = bring(clinic, folder / "made" / "pano.dcm").set_aside[0].image_id
    report = quarantine.retry_quarantined(clinic, quarantine.RetryQuarantined(sound))
    assert len(report.new) == 1
    assert [each.image_id for each in listed(clinic).files] == [first]
    assert bring(clinic, folder / "made" / "pano.dcm").stored[0].was_there


def test_throwing_away_wants_the_right_file_and_the_right_to_do_it(
    practice: tuple[Clinic, Path, bytes],
) -> None:
    clinic, folder, _ = practice
    image_id = bring(clinic, folder / "in").set_aside[0].image_id
    with pytest.raises(NothingChosen):
        quarantine.discard_quarantined(clinic, quarantine.DiscardQuarantined(image_id, "0" * 8))
    found = listed(clinic).files[0]
    quarantine.discard_quarantined(
        clinic, quarantine.DiscardQuarantined(image_id, quarantine.confirmation(found))
    )
    assert listed(clinic).files == ()
    with pytest.raises(NotInStore):
        require_quarantined(clinic.vault, image_id)
    assert store.check_store(clinic, store.CheckStore(deep=True)).is_sound


def test_an_image_in_a_chart_cannot_be_thrown_away_as_if_it_were_set_aside(
    practice: tuple[Clinic, Path, bytes],
) -> None:
    clinic, folder, _ = practice
    record = bring(clinic, folder / "made").stored[0].record
    request = quarantine.DiscardQuarantined(record.id, record.pixel_sha256[:8])
    with pytest.raises(NotInStore):
        quarantine.discard_quarantined(clinic, request)
    assert clinic.vault.record(record.id) == record


def test_of_a_file_above_the_limit_reason_size_and_digest_stay(
    practice: tuple[Clinic, Path, bytes],
) -> None:
    clinic, folder, content = practice
    quarantine.limit_quarantine(clinic, quarantine.LimitQuarantine(1000))
    report = bring(clinic, folder / "in")
    assert not report.set_aside[0].is_whole
    (found,) = listed(clinic).files
    blank = bytes(128) + content[128:]
    assert (found.size_bytes, found.is_whole) == (len(content), False)
    assert found.sha256 == hashlib.sha256(blank).hexdigest()
    with pytest.raises(FileRefused, match="too large"):
        quarantine.retry_quarantined(clinic, quarantine.RetryQuarantined(found.image_id))


def test_a_damaged_file_in_an_archive_is_set_aside_by_itself(
    practice: tuple[Clinic, Path, bytes],
) -> None:
    import zipfile

    clinic, folder, content = practice
    with zipfile.ZipFile(folder / "sent.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("../../evil/" + NAME, content)
        packed.writestr("good.dcm", (folder / "made" / "bitewing.dcm").read_bytes())
    report = bring(clinic, folder / "sent.zip")
    assert len(report.new) == 1
    (found,) = listed(clinic).files
    assert (found.file_name, found.origin) == (NAME, "an archive")
    assert not (folder / "evil").exists()
