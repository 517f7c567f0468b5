"""``python -m tests.fuzz.run TARGET SECONDS CORPUS``: coverage-guided fuzzing of one target.

libFuzzer through atheris, where that exists (Linux on x86_64); its figures go to standard error and
a crash ends the program with a status other than 0. Memory beyond 512 MiB is a crash.
"""

from __future__ import annotations

import sys
from pathlib import Path

_TRACED = ("viewer", "cattrs", "json", "pydicom", "PIL", "nrrd", "nibabel", "trimesh")


def main(arguments: list[str]) -> None:
    """Fuzz until the time is up."""
    import atheris

    name, seconds, corpus = arguments
    with atheris.instrument_imports(include=list(_TRACED)):
        from tests.fuzz.targets import TARGETS
    target = TARGETS[name]
    folder = Path(corpus)
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (folder / f"seed-{number}").write_bytes(seed)
    limits = ["-rss_limit_mb=2048", "-malloc_limit_mb=512", "-timeout=20", "-max_len=131072"]
    options = [f"-max_total_time={seconds}", "-print_final_stats=1", "-verbosity=0", *limits]
    artifacts = f"-artifact_prefix={folder.parent / 'finding-'}"
    atheris.Setup([sys.argv[0], *options, artifacts, str(folder)], target.feed)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
