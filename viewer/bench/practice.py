"""A throwaway practice with images to measure, beside the same images as plain files."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from viewer.app.clinic import Clinic, Founding
from viewer.app.use_cases.importing import ImportPaths, Stored, import_paths
from viewer.bench.errors import NoRoom
from viewer.bench.sizes import Sizes
from viewer.bench.synthetic import write_panoramic, write_series
from viewer.crypto.derive import SMALLEST_STRETCH
from viewer.model.errors import EnvironmentFault
from viewer.model.image import ImageRecord
from viewer.session.keystore import FileKeyStore
from viewer.vault.layout import Layout

USER = "Bench"
_PREFIX = "bitewing-bench-"


class BenchPractice:
    """A context: makes a practice in a private temp folder and removes it at the end.

    Its accounts cost an attacker less per guess than a practice's; all else is the real thing.
    The images are imported by the use case when they are first asked for. Main thread only.

    Parameters
    ----------
    parent : Path, optional
        Where the folder is made instead of the system's temp folder.

    Raises
    ------
    NoRoom
        The images would not fit.
    """

    def __init__(self, sizes: Sizes, parent: Path | None = None) -> None:
        self.sizes = sizes
        self.password = secrets.token_urlsafe(24)
        self._clinic: Clinic | None = None
        self._volume: ImageRecord | None = None
        if shutil.disk_usage(parent or tempfile.gettempdir()).free < sizes.disk_bytes:
            raise NoRoom(sizes.disk_bytes)
        self.root = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        self.store, self.key_file = self.root / "store", self.root / "keys" / "bench.json"
        self.series = self.root / "series"

    def __enter__(self) -> Self:
        try:
            self.slices = write_series(self.series, self.sizes.edge)
            self.panoramic = write_panoramic(self.root / "panoramic.dcm", *self.sizes.flat)
            founding = Founding("Bench", USER, self.password, stretch=SMALLEST_STRETCH)
            Clinic.found(self.store, FileKeyStore(self.key_file), founding).wipe()
        except BaseException:
            shutil.rmtree(self.root, ignore_errors=True)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._close()
        finally:
            shutil.rmtree(self.root, ignore_errors=True)

    @property
    def clinic(self) -> Clinic:
        """The practice with somebody logged in."""
        if self._clinic is None:
            clinic = Clinic(self.store, FileKeyStore(self.key_file))
            try:
                clinic.log_in(USER, self.password)
            except BaseException:
                clinic.close()
                raise
            self._clinic = clinic
        return self._clinic

    @contextmanager
    def let_go(self) -> Iterator[None]:
        """Close the store so that another process may open it."""
        self._close()
        yield

    @property
    def volume(self) -> ImageRecord:
        """The CBCT in the store."""
        return self._volume or self.import_volume()

    @cached_property
    def flat(self) -> ImageRecord:
        """The panoramic in the store."""
        return self._import(self.panoramic).record

    def import_volume(self) -> ImageRecord:
        """Import the CBCT through the real use case."""
        self._volume = self._import(self.series).record
        return self._volume

    def forget_volume(self) -> None:
        """Take the CBCT out of the store, so that it can be imported again."""
        if self._volume is not None:
            self.clinic.vault.delete_image(self._volume.id)
            self._volume = None

    def sealed_files(self) -> list[Path]:
        """Return the files of sealed pictures.

        Not the catalog: closing a second handle to it would undo the locks that hold it.
        """
        return [path for path in Layout(self.store).objects.rglob("*") if path.is_file()]

    def _import(self, path: Path) -> Stored:
        report = import_paths(self.clinic, ImportPaths((path,)))
        if report.refusals or len(report.stored) != 1:
            raise EnvironmentFault("The images to be measured could not be imported.")
        return report.stored[0]

    def _close(self) -> None:
        clinic, self._clinic = self._clinic, None
        if clinic is not None:
            clinic.close()
