"""The demo practice's images as DICOM files, made once and kept in a cache. Any thread."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path

import attrs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viewer.demo import people
from viewer.demo.errors import DemoNotWritten
from viewer.demo.people import demo_uid, visit
from viewer.demo.phantom import PHANTOM_VERSION, PhantomSpec, forget_anatomy, make_cbct
from viewer.demo.projection import (
    BITEWINGS,
    FULL_MOUTH,
    Film,
    FilmPlan,
    project_ceph,
    project_films,
    project_panoramic,
)
from viewer.dicom import write
from viewer.dicom.write import Maker, SeriesFacts
from viewer.model.errors import Cancelled
from viewer.model.image import ImageKind, Window
from viewer.model.json import from_json, to_json
from viewer.model.patient import Patient, Study
from viewer.model.resources import resource_path
from viewer.model.tooth import Tooth

Progress = Callable[[float, str], None]
"""Called with the share done (0-1) and what is being made."""

IsCancelled = Callable[[], bool]

PRACTICE_VERSION = 1
"""Raised with every change of who or what is in the practice, so that caches are made anew."""

_PROJECTED = Maker("Bitewing demo", "Projected from a phantom", "0", "1")
_PAINTED = Maker("Bitewing demo", "Painted phantom", "0", "1")
_BITEWING_TEETH = (17, 16, 15, 14, 13, 47, 46, 45, 44, 43)
_CEPH_FILM_MM = 25.4 / 512 * 4


@attrs.frozen
class DemoOptions:
    """How fine the demo's pictures are; coarse ones are for tests."""

    cbct_voxel_mm: float = 0.4
    film_voxel_mm: float = 0.2
    film_step_mm: float = 0.07
    wide_voxel_mm: float = 0.35
    wide_step_mm: float = 0.15
    head_voxel_mm: float = 0.6
    head_step_mm: float = 0.2


@attrs.frozen
class DemoFile:
    """One file: its name in the folder, whose it is, its kind, size and checksum."""

    name: str
    chart_number: str
    kind: ImageKind
    size_bytes: int
    sha256: str


@attrs.frozen
class DemoManifest:
    """What was written."""

    version: str
    files: tuple[DemoFile, ...]

    def count(self, kind: ImageKind) -> int:
        """How many files of a kind there are."""
        return sum(file.kind is kind for file in self.files)


@attrs.frozen(eq=False)
class _Made:
    """One file about to be written."""

    patient: Patient
    kind: ImageKind
    content: bytes


@attrs.frozen
class _Visit:
    """What is made for one visit; `make` yields files."""

    label: str
    weight: float
    make: Callable[[DemoOptions], Iterator[_Made]]


def _silent(share: float, what: str) -> None:
    """Say nothing about progress."""


def _never() -> bool:
    return False


def write_demo_practice(
    folder: Path,
    *,
    progress: Progress = _silent,
    is_cancelled: IsCancelled = _never,
    options: DemoOptions = DemoOptions(),
) -> DemoManifest:
    """Write the DICOM files of all demo patients into `folder`, one folder a patient.

    Raises
    ------
    Cancelled
        `is_cancelled` said so; what was written is left to the caller.
    DemoNotWritten
        The disk is full or the folder may not be written to.
    """
    files: list[DemoFile] = []
    total, done = sum(v.weight for v in _VISITS), 0.0
    try:
        for part in _VISITS:
            progress(done / total, part.label)
            for made in part.make(options):
                if is_cancelled():
                    raise Cancelled
                files.append(_save(folder, made, len(files)))
            done += part.weight
    except OSError as fault:
        raise DemoNotWritten from fault
    finally:
        forget_anatomy()
    progress(1.0, "")
    return DemoManifest(_version(options), tuple(files))


def cached_demo_practice(
    cache_folder: Path,
    *,
    progress: Progress = _silent,
    is_cancelled: IsCancelled = _never,
    options: DemoOptions = DemoOptions(),
) -> Path:
    """Return a folder with the demo's DICOM files and nothing else, made only the first time.

    A cache that is not exactly what was written is thrown away and made anew. It holds fictional
    people alone.

    Raises
    ------
    Cancelled, DemoNotWritten
        As `write_demo_practice`; nothing half-done is kept.
    """
    version = _version(options)
    place = cache_folder / version
    if _is_whole(place, version):
        return place / "images"
    try:
        cache_folder.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix="making-", dir=cache_folder))
    except OSError as fault:
        raise DemoNotWritten from fault
    try:
        manifest = write_demo_practice(
            fresh / "images", progress=progress, is_cancelled=is_cancelled, options=options
        )
        (fresh / "manifest.json").write_text(to_json(manifest), "utf-8")
        _put_in_place(fresh, place, version)
    except OSError as fault:
        raise DemoNotWritten from fault
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    _remove_old(cache_folder, version)
    return place / "images"


def _put_in_place(fresh: Path, place: Path, version: str) -> None:
    """Rename into place; a practice that another start put there meanwhile is as good."""
    if place.exists() and not _is_whole(place, version):
        shutil.rmtree(place)
    try:
        fresh.rename(place)
    except OSError:
        if not _is_whole(place, version):
            raise


def _is_whole(place: Path, version: str) -> bool:
    """Whether the folder holds exactly the files that its manifest names."""
    try:
        manifest = from_json((place / "manifest.json").read_bytes(), DemoManifest)
        names = {p.relative_to(place / "images").as_posix() for p in _files(place / "images")}
        return (
            manifest.version == version
            and names == {file.name for file in manifest.files}
            and all(_digest(place / "images" / f.name) == f.sha256 for f in manifest.files)
        )
    except (OSError, ValueError):
        return False


def _files(folder: Path) -> Iterable[Path]:
    return (p for p in folder.rglob("*") if not p.is_dir())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _remove_old(cache_folder: Path, version: str) -> None:
    for folder in cache_folder.iterdir():
        if folder.name != version and folder.name.startswith("practice-"):
            shutil.rmtree(folder, ignore_errors=True)


def _version(options: DemoOptions) -> str:
    words = f"{PRACTICE_VERSION} {PHANTOM_VERSION} {PhantomSpec().seed} {options}"
    return f"practice-{hashlib.sha256(words.encode()).hexdigest()[:16]}"


def _save(folder: Path, made: _Made, number: int) -> DemoFile:
    name = f"{made.patient.chart_number}/{made.kind.value}-{number:04d}.dcm"
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(made.content)
    digest = hashlib.sha256(made.content).hexdigest()
    return DemoFile(name, made.patient.chart_number, made.kind, len(made.content), digest)


def _ada_bitewings(options: DemoOptions) -> Iterator[_Made]:
    study = visit(people.ADA, date(2024, 5, 14), "Recall, bitewings")
    return _films(people.ADA, study, BITEWINGS, PhantomSpec(seed=7, fillings=()), options)


def _ada_panoramic(options: DemoOptions) -> Iterator[_Made]:
    study = visit(people.ADA, date(2025, 10, 2), "Panoramic")
    return _panoramic(people.ADA, study, PhantomSpec(), options)


def _ada_cbct(options: DemoOptions) -> Iterator[_Made]:
    study = visit(people.ADA, date(2026, 3, 9), "CBCT of both jaws")
    phantom = make_cbct(PhantomSpec(voxel_mm=options.cbct_voxel_mm))
    planes = write.ct_series(
        people.ADA,
        study,
        phantom.voxels_kji,
        phantom.affine_lps,
        series=_series(study, 1, "CBCT, painted phantom", _PAINTED),
        slope=phantom.slope,
        intercept=phantom.intercept,
        windows=(Window(900.0, 4000.0, name="Bone"), Window(50.0, 500.0, name="Soft tissue")),
        frame_of_reference_uid=demo_uid(study.uid, "frame of reference"),
    )
    for plane in planes:
        yield _Made(people.ADA, ImageKind.CBCT, write.to_bytes(plane))


def _ada_full_mouth(options: DemoOptions) -> Iterator[_Made]:
    study = visit(people.ADA, date(2026, 11, 3), "Full-mouth series")
    return _films(people.ADA, study, FULL_MOUTH, PhantomSpec(), options)


def _long_before(options: DemoOptions) -> Iterator[_Made]:
    study = visit(people.LONG, date(2023, 8, 21), "Panoramic, 46 missing")
    return _panoramic(people.LONG, study, _LONG_BEFORE, options)


def _long_after(options: DemoOptions) -> Iterator[_Made]:
    study = visit(people.LONG, date(2026, 1, 15), "Implant at 46")
    yield from _panoramic(people.LONG, study, _LONG_AFTER, options)
    plans = tuple(plan for plan in FULL_MOUTH if plan.aim == (46, 47))
    yield from _films(people.LONG, study, plans, _LONG_AFTER, options, 2)


_LONG_BEFORE = PhantomSpec(
    seed=61, missing=(Tooth(46),), fillings=(Tooth(26), Tooth(37), Tooth(17), Tooth(25))
)
_LONG_AFTER = attrs.evolve(_LONG_BEFORE, seed=62, missing=(), implants=(Tooth(46),))


def _layla(options: DemoOptions) -> Iterator[_Made]:
    del options
    study = visit(people.LAYLA, date(2026, 6, 18), "First visit")
    yield _real_bitewing(people.LAYLA, study)
    yield from _photos(people.LAYLA, study)


def _child(options: DemoOptions) -> Iterator[_Made]:
    del options
    study = visit(people.CHILD, date(2026, 9, 7), "Orthodontic records")
    film = write.cephalometric(
        people.CHILD,
        study,
        _picture("ceph", "lateral.jpg"),
        spacing_mm=(_CEPH_FILM_MM, _CEPH_FILM_MM),
        source_to_detector_mm=1611.0,
        source_to_patient_mm=1524.0,
        series=_series(study, 1, "Lateral cephalogram, scanned film", Maker()),
        bits_stored=8,
        burned_in="YES",
    )
    yield _Made(people.CHILD, ImageKind.CEPHALOMETRIC, write.to_bytes(film))


def _oskar(options: DemoOptions) -> Iterator[_Made]:
    study = visit(people.OSKAR, date(2026, 10, 20), "Cephalogram and front teeth")
    film = project_ceph(voxel_mm=options.head_voxel_mm, step_mm=options.head_step_mm)
    dataset = write.cephalometric(
        people.OSKAR,
        study,
        film.pixels,
        spacing_mm=(film.spacing_mm, film.spacing_mm),
        source_to_detector_mm=film.source_to_detector_mm,
        source_to_patient_mm=film.source_to_object_mm,
        series=_series(study, 1, "Cephalogram, projected from a phantom", _PROJECTED),
    )
    yield _Made(people.OSKAR, ImageKind.CEPHALOMETRIC, write.to_bytes(dataset))
    plans = tuple(p for p in FULL_MOUTH if p.name in {"Upper incisors", "Lower incisors"})
    yield from _films(people.OSKAR, study, plans, PhantomSpec(seed=78), options, 2)


_VISITS = (
    _Visit("Bitewings", 5, _ada_bitewings),
    _Visit("Panoramic", 5, _ada_panoramic),
    _Visit("CBCT", 6, _ada_cbct),
    _Visit("Full-mouth series", 12, _ada_full_mouth),
    _Visit("Panoramic before treatment", 5, _long_before),
    _Visit("Panoramic after treatment", 7, _long_after),
    _Visit("Photos", 1, _layla),
    _Visit("Cephalogram", 1, _child),
    _Visit("Cephalogram", 6, _oskar),
)


def _films(
    patient: Patient,
    study: Study,
    plans: tuple[FilmPlan, ...],
    spec: PhantomSpec,
    options: DemoOptions,
    series_number: int = 1,
) -> Iterator[_Made]:
    series = _series(study, series_number, "Films, projected from a phantom", _PROJECTED)
    films = project_films(plans, spec, voxel_mm=options.film_voxel_mm, step_mm=options.film_step_mm)
    for number, film in enumerate(films, 1):
        dataset = write.intraoral(
            patient,
            study,
            film.pixels,
            kind=film.kind,
            teeth=film.teeth,
            laterality=film.laterality,
            spacing_mm=(film.spacing_mm, film.spacing_mm),
            patient_orientation=film.patient_orientation,
            series=series,
            number=number,
        )
        yield _Made(patient, film.kind, write.to_bytes(dataset))


def _panoramic(
    patient: Patient, study: Study, spec: PhantomSpec, options: DemoOptions
) -> Iterator[_Made]:
    film: Film = project_panoramic(
        spec, voxel_mm=options.wide_voxel_mm, step_mm=options.wide_step_mm
    )
    dataset = write.panoramic(
        patient,
        study,
        film.pixels,
        spacing_mm=(film.spacing_mm, film.spacing_mm),
        series=_series(study, 1, "Panoramic, projected from a phantom", _PROJECTED),
    )
    yield _Made(patient, ImageKind.PANORAMIC, write.to_bytes(dataset))


def _real_bitewing(patient: Patient, study: Study) -> _Made:
    dataset = write.intraoral(
        patient,
        study,
        _picture("bitewing", "bitewing.jpg"),
        kind=ImageKind.BITEWING,
        teeth=[Tooth(t) for t in _BITEWING_TEETH],
        laterality="R",
        spacing_mm=_bitewing_spacing(),
        patient_orientation=("A", "F"),
        series=_series(study, 1, "Bitewing", Maker()),
        bits_stored=8,
    )
    return _Made(patient, ImageKind.BITEWING, write.to_bytes(dataset))


def _bitewing_spacing() -> tuple[float, float]:
    """A size 2 plate is 31 x 41 mm; the file itself does not say."""
    rows, columns = _picture("bitewing", "bitewing.jpg").shape
    return round(31.0 / rows, 5), round(41.0 / columns, 5)


def _photos(patient: Patient, study: Study) -> Iterator[_Made]:
    """The frontal photo, and its two sides cut out of it."""
    frontal = _picture("photo", "frontal.jpg")
    width = frontal.shape[1]
    cuts = (
        (frontal, "Frontal view"),
        (frontal[:, : width // 2], "Right side, cut from the frontal view"),
        (frontal[:, width // 2 :], "Left side, cut from the frontal view"),
    )
    for number, (pixels, name) in enumerate(cuts, 1):
        dataset = write.photo(
            patient,
            study,
            np.ascontiguousarray(pixels),
            series=_series(study, 1 + number, name, Maker()),
            number=1,
            patient_orientation=("L", "F"),
        )
        yield _Made(patient, ImageKind.PHOTO, write.to_bytes(dataset))


def _picture(*parts: str) -> NDArray[np.uint8]:
    with Image.open(resource_path("demo", *parts)) as image:
        return np.asarray(image, dtype=np.uint8)


def _series(study: Study, number: int, description: str, maker: Maker) -> SeriesFacts:
    uid = demo_uid(study.uid, str(number), description)
    return SeriesFacts(uid=uid, number=number, description=description, maker=maker)
