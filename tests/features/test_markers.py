"""Nothing about a patient lies on disk, whatever was used and wherever the power was cut."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.support.children import Child, Places, workday
from tests.support.marked import FAMILY, MarkedImages, run_of, write_marked_images
from tests.support.plaintext import find_plaintext
from tests.support.practice import OFFICER, PASSWORD, open_clinic
from viewer.app.use_cases import importing, library, store
from viewer.app.use_cases import keys as keys_use

_SHARED_MEMORY = Path("/dev/shm")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> MarkedImages:
    return write_marked_images(tmp_path_factory.mktemp("inputs") / f"from {FAMILY}")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    made = Places(tmp_path / "machine")
    made.found()
    return made


@pytest.fixture
def shared_memory() -> set[Path]:
    return set(_SHARED_MEMORY.glob("*")) if _SHARED_MEMORY.is_dir() else set()


def traces(places: Places, images: MarkedImages, before: set[Path]) -> list[str]:
    """Search everything the child could write, and what is new in shared memory."""
    found = find_plaintext(places.root, images.texts, images.runs)
    for path in set(_SHARED_MEMORY.glob("*")) - before:
        found += find_plaintext(path, images.texts, images.runs)
    return found


def cut_power(child: Child) -> None:
    """Kill the program; its decoding child goes by itself."""
    helpers = psutil.Process(child.process.pid).children(recursive=True)
    child.kill()
    _, alive = psutil.wait_procs(helpers, timeout=10)
    assert not alive


def written_files(places: Places) -> set[str]:
    return {str(p.relative_to(places.written)) for p in places.written.rglob("*") if p.is_file()}


def test_a_whole_day_leaves_no_marker_when_the_power_is_cut(
    places: Places, images: MarkedImages, shared_memory: set[Path]
) -> None:
    with workday(places, "whole_day", images.folder, search=FAMILY[:5]) as child:
        child.wait_for("viewing")
        assert traces(places, images, shared_memory) == []
        child.wait_for("ready")
        cut_power(child)
        assert traces(places, images, shared_memory) == []
        assert places.bundle.exists()
        assert child.errors() == ""
    log = places.written / "xdg_state_home" / "Bitewing" / "log" / "bitewing.log"
    assert log.read_text(encoding="utf-8").count("ValueError") == 3
    assert not list((places.written / "xdg_config_home").rglob("*.conf"))
    assert {path for path in places.temp.rglob("*") if path.is_file()} == set()
    with open_clinic(places.store, places.keystore) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        assert store.check_store(clinic, store.CheckStore(deep=True)).is_sound
        chart = library.list_store(clinic, library.ListStore())[0]
        assert chart.patient.family_name == FAMILY
        ids = [image.id for study in chart.studies for image in study.images]
        shown = library.show_thumbnails(
            clinic, library.ShowThumbnails(chart.patient.id, tuple(ids))
        )
    small = [run_of(picture) for picture in shown.values()]
    assert len(small) == 3
    assert find_plaintext(places.root, (FAMILY,), small) == []


def test_an_import_cut_in_the_middle_leaves_no_marker_and_a_sound_store(
    places: Places, images: MarkedImages, shared_memory: set[Path]
) -> None:
    with workday(places, "importing", images.folder) as child:
        child.wait_for("ready")
        cut_power(child)
        assert traces(places, images, shared_memory) == []
    with open_clinic(places.store, places.keystore) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        assert store.check_store(clinic, store.CheckStore(deep=True)).is_sound
        again = importing.import_paths(clinic, importing.ImportPaths((images.folder,)))
        assert (len(again.stored), len(again.new)) == (3, 2)


_KEYS_AND_BACKUPS = """
import sys
from pathlib import Path
from tests.support.practice import OFFICER, PASSWORD, a_patient, open_clinic
from viewer.app.use_cases import backups, importing, keys
from viewer.session.keystore import FileKeyStore
store, keystore, images, backup = map(Path, sys.argv[1:])
with open_clinic(store, FileKeyStore(keystore)) as clinic:
    clinic.log_in(OFFICER, PASSWORD)
    importing.import_paths(clinic, importing.ImportPaths((images,)))
    print("imported", flush=True)
    while True:
        backups.back_up(clinic, backups.BackUp(backup))
        keys.rotate_keys(clinic, keys.RotateKeys())
        keys.seal_anew(clinic, keys.SealAnew())
        clinic.vault.check(deep=True)
        print("round", flush=True)
"""


def test_keys_and_backups_cut_in_the_middle_leave_no_marker(
    places: Places, images: MarkedImages, shared_memory: set[Path]
) -> None:
    backup = places.written / "stick" / "backup"
    backup.parent.mkdir(parents=True)
    moments = np.random.default_rng(20261122).uniform(0, 0.4, 3)
    found: set[str] = set()
    for number, moment_s in enumerate(moments):
        keys = places.root / "keys" / "keys.json"
        command = ["-c", _KEYS_AND_BACKUPS, str(places.store), str(keys), str(images.folder)]
        child = Child(places, [*command, str(backup)], places.environment(images.folder))
        try:
            child.wait_for("imported")
            if number % 2:
                child.wait_for("round")
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(float(moment_s))
            cut_power(child)
            assert child.errors() == ""
        finally:
            child.close()
        assert traces(places, images, shared_memory) == []
        found |= {path.rpartition("/")[2].partition(".")[2] for path in written_files(places)}
    assert (backup / "objects").is_dir()
    assert {"db", "trail", "json"} <= found
    with open_clinic(places.store, places.keystore) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        assert store.check_store(clinic, store.CheckStore(deep=True)).is_sound
        chart = library.list_store(clinic, library.ListStore())[0]
        erased = chart.patient.id
        keys_use.erase_patient(clinic, keys_use.ErasePatient(erased, "asked for"))
    assert traces(places, images, shared_memory) == []


def test_the_command_line_names_patients_on_standard_output_alone(
    places: Places, images: MarkedImages, shared_memory: set[Path]
) -> None:
    password = places.root / "password.txt"
    password.write_text(PASSWORD, encoding="utf-8")
    environment = places.environment(images.folder)
    common = [sys.executable, "-m", "viewer.main", *places.arguments]
    common += ["--user", OFFICER, "--password-file", str(password)]
    said = ""
    for words in (["import", str(images.folder)], ["list"]):
        done = subprocess.run(
            [*common, *words], env=environment, cwd=Path(__file__).resolve().parents[2],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stderr.splitlines() == [f"Warning: {places.keystore.label}."]
        said += done.stdout
    assert f"{FAMILY}" in said
    assert traces(places, images, shared_memory) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tmp/thumb.raw", lambda images: b"RIFF" + images.runs[0]),
        ("xdg_cache_home/recent.txt", lambda images: FAMILY.encode("utf-16-le")),
        (f"xdg_config_home/{FAMILY}", lambda images: b"empty"),
    ],
)
def test_the_search_itself_finds_a_planted_copy(
    tmp_path: Path, images: MarkedImages, name: str, content: object
) -> None:
    places = Places(tmp_path / "machine")
    places.environment(images.folder)
    assert traces(places, images, set(_SHARED_MEMORY.glob("*"))) == []
    planted = places.written / name
    planted.write_bytes(content(images))  # type: ignore[operator]
    found = traces(places, images, set(_SHARED_MEMORY.glob("*")))
    assert found
    assert all(os.fspath(Path(name)) in line for line in found)
