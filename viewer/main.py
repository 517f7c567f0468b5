"""Composition root: joins the command line, the windows and the program. No logic."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from viewer.app.commands.console import Console
from viewer.app.commands.main import run
from viewer.wiring import commands


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``bitewing`` and return its exit status."""
    arguments = sys.argv[1:] if argv is None else argv
    return run(
        arguments,
        Console(),
        more=(commands.add_demo, commands.add_bench),
        without_command=commands.run_viewer,
    )


if __name__ == "__main__":
    raise SystemExit(main())
