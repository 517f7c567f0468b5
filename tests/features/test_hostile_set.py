"""The whole hostile set through the import itself: nothing lost, nothing run, nothing written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from tests.support.practice import OFFICER, PASSWORD, open_clinic
from viewer.app.clinic import Clinic
from viewer.app.use_cases import importing, library, quarantine, store
from viewer.bench.hostile_set import ELF, PROGRAM, sound_files, write_hostile
from viewer.model.image import ImageState

SOUND = {name for name, _ in sound_files()}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    """The set imported once: (clinic, folder, files, report, what lay around before)."""
    root = tmp_path_factory.mktemp("hostile")
    canary = root / "canary.dcm"
    made = write_hostile(root / "in", canary)
    with open_clinic(root / "store") as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        before = lying_around(root)
        report = importing.import_paths(clinic, importing.ImportPaths((root / "in",)))
        yield clinic, root, made, report, before


def lying_around(root: Path) -> set[str]:
    """Every file and folder beside the store: in the set's folder, above it, in temporary ones."""
    here = {str(path) for path in root.rglob("*") if "store" not in path.relative_to(root).parts}
    return here | {entry.path for entry in os.scandir(tempfile.gettempdir())}


def test_every_file_is_stored_set_aside_or_refused_with_a_reason(ground) -> None:  # type: ignore[no-untyped-def]
    _, _, made, report, _ = ground
    told = {each.file_name for each in report.set_aside}
    told |= {each.name_hint for each in report.refusals}
    assert all(each.reason.strip() for each in (*report.set_aside, *report.refusals))
    taken = len(report.stored)
    silent = [path.name for path in made if shown_name(path) not in told]
    # What is stored tells no file's name: so many files say nothing else.
    archives = sum(name.endswith(".zip") for name in silent)
    assert len(silent) - archives <= taken
    assert set(silent) >= SOUND
    assert not [path for path in made if path.is_symlink() and shown_name(path) not in told]


def shown_name(path: Path) -> str:
    return "".join(char if char.isprintable() else "\ufffd" for char in path.name)[:200]


def test_nothing_was_written_outside_the_store(ground) -> None:  # type: ignore[no-untyped-def]
    _, root, _, _, before = ground
    new = lying_around(root) - before
    assert not [path for path in new if "evil" in path or "canary" in path or str(root) in path]
    assert not (root / "canary.dcm").exists()


def test_the_store_is_sound_and_holds_no_preamble_and_no_name_in_clear(ground) -> None:  # type: ignore[no-untyped-def]
    clinic, root, _, _, _ = ground
    assert store.check_store(clinic, store.CheckStore(deep=True)).is_sound
    found = quarantine.list_quarantine(clinic, quarantine.ListQuarantine())
    contents = [clinic.vault.hidden.open_pixels(each.image_id).tobytes() for each in found.files]
    for content in contents:
        assert content[128:132] != b"DICM" or content[:128] == bytes(128)
    for path in (root / "store").rglob("*"):
        if path.is_file():
            on_disk = path.read_bytes()
            for marker in (PROGRAM[4:30], ELF[8:30], b"rle_bomb", b"Hostile"):
                assert marker not in on_disk


def test_pictures_with_programs_in_their_preambles_come_in_without_them(ground) -> None:  # type: ignore[no-untyped-def]
    clinic, _, _, report, _ = ground
    assert len([each for each in report.stored if each.record.shape == (60, 90)]) >= len(SOUND)
    charts = library.list_store(clinic, library.ListStore())
    images = [image for chart in charts for study in chart.studies for image in study.images]
    for image in images:
        assert PROGRAM[:30] not in clinic.vault.hidden.headers(image.id)


def test_bombs_and_liars_are_set_aside_and_links_pipes_and_strangers_only_refused(ground) -> None:  # type: ignore[no-untyped-def]
    _, _, _, report, _ = ground
    aside = {each.file_name for each in report.set_aside}
    refused = {each.name_hint for each in report.refusals}
    assert aside >= {
        "rle_bomb.dcm", "deflate_bomb.dcm", "deep.dcm", "cut_header.dcm", "cut_pixels.dcm",
        "huge.dcm", "many_frames.dcm", "four_gigabytes.dcm", "bomb.png", "bomb.jpg", "bomb.zip",
    }  # fmt: skip
    assert refused >= {"link.dcm", "link_to_zeros.dcm", "link_to_itself", "notes.txt"}
    assert not aside & refused


def test_a_second_import_of_the_set_doubles_nothing(ground) -> None:  # type: ignore[no-untyped-def]
    clinic, root, _, report, _ = ground
    before = count(clinic)
    again = importing.import_paths(clinic, importing.ImportPaths((root / "in",)))
    assert again.new == ()
    assert all(each.was_there for each in again.set_aside)
    assert count(clinic) == before
    assert len(again.refusals) == len(report.refusals)


def count(clinic: Clinic) -> tuple[int, int]:
    charts = library.list_store(clinic, library.ListStore())
    images = [image for chart in charts for study in chart.studies for image in study.images]
    assert all(image.state is not ImageState.QUARANTINED for image in images)
    found = quarantine.list_quarantine(clinic, quarantine.ListQuarantine())
    return len(images), len(found.files)
