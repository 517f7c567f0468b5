"""Composition root: joins the command line, the windows and the program. No logic."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from types import FrameType

from viewer.app.commands.console import Console
from viewer.app.commands.main import run
from viewer.session.hardening import harden_process
from viewer.wiring import commands


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``bitewing`` and return its exit status."""
    harden_process()
    signal.signal(signal.SIGTERM, _stop)
    arguments = sys.argv[1:] if argv is None else argv
    return run(
        arguments,
        Console(),
        more=(commands.add_demo, commands.add_bench),
        without_command=commands.run_viewer,
    )


def _stop(_number: int, _frame: FrameType | None) -> None:
    """End as Ctrl+C does: log off, say so in the trail, let go of the store."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    raise SystemExit(main())
