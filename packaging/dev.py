#!/usr/bin/env python3
"""Set up and run Bitewing from a clone; needs nothing but Python 3.11 or newer.

``python3 packaging/dev.py demo`` opens the viewer on a demo practice, ``python3 packaging/dev.py
test`` runs every check and test. Everything else is in ``packaging/bootstrap/``; this file stays
readable for old Pythons so that they can say what is wrong.
"""

import sys

if sys.version_info < (3, 11):
    sys.stderr.write(
        "Bitewing needs Python 3.11 or newer; this is Python %d.%d.\n"
        "Install a newer Python and start again with it, for example: "
        "python3.12 packaging/dev.py demo\n" % sys.version_info[:2]
    )
    sys.exit(2)

from bootstrap.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
