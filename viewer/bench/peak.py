"""``python -m viewer.bench.peak``: opens a volume once and prints what memory that took, as JSON.

Arguments: ``store STORE KEYFILE IMAGE ROWS COLUMNS`` with the password on standard input, or
``plain PEER FOLDER``. ``before`` is held before opening, ``peak`` at most while it was open.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from viewer.bench import meter
from viewer.model.errors import BitewingError


def main(arguments: Sequence[str]) -> int:
    """Measure and print; 1 where it could not be measured."""
    kind, *rest = arguments
    try:
        _KINDS[kind](*rest)
    except BitewingError as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


def _from_store(store: str, key_file: str, image: str, rows: str, columns: str) -> None:
    from viewer.app.clinic import Clinic
    from viewer.app.use_cases.library import OpenImage, Watcher, open_image
    from viewer.bench.drawing import Panes
    from viewer.bench.practice import USER
    from viewer.imaging import kernels
    from viewer.model.ids import ImageId
    from viewer.session.keystore import FileKeyStore

    password = sys.stdin.readline().rstrip("\n")
    kernels.warm()
    clinic = Clinic(Path(store), FileKeyStore(Path(key_file)))
    try:
        clinic.log_in(USER, password)
        record = clinic.vault.record(ImageId(image))

        def open_in_planes() -> object:
            panes = Panes.of(record, (int(rows), int(columns)))
            watcher = Watcher(lambda _, small: panes.show_overview(small), lambda _, __: None)
            volume = open_image(clinic, OpenImage(record.id, watcher)).pixels
            return volume, panes.show(volume)

        _print_peak(open_in_planes)
    finally:
        clinic.close()


def _from_files(name: str, folder: str) -> None:
    from viewer.bench.peers import peer

    reader = peer(name)
    paths = sorted(Path(folder).iterdir())
    _print_peak(lambda: reader.read_series(paths))


def _print_peak(run: Callable[[], object]) -> None:
    meter.forget_peak()
    before = meter.resident_bytes()
    kept = run()
    print(json.dumps({"before": before, "peak": meter.peak_bytes()}))
    del kept


_KINDS: dict[str, Callable[..., None]] = {"store": _from_store, "plain": _from_files}


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
