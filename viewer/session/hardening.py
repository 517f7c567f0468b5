"""What this process may not leave behind: a core dump would hold keys, names and pixels.

Called once at the very start. On Windows nothing is done yet: Windows Error Reporting keeps its
dumps by a policy of the machine.
"""

from __future__ import annotations

import ctypes
import faulthandler
import sys

_PR_SET_DUMPABLE = 4


def harden_process() -> tuple[str, ...]:
    """Forbid core dumps and attaching debuggers; return the names of what is in force.

    RLIMIT_CORE alone would not do: a kernel that pipes dumps into a program ignores it. A process
    that is not dumpable is never dumped, and on Linux no other process of the same user reads its
    memory.

    Source
    ------
    prctl(2), PR_SET_DUMPABLE; core(5)
    """
    faulthandler.disable()
    in_force = ["no fault dumps"]
    if sys.platform == "win32":
        return tuple(in_force)
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    in_force.append("no core dumps")
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0:
            in_force.append("not dumpable")
    return tuple(in_force)
