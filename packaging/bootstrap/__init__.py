"""What ``packaging/dev.py`` does, with the standard library alone.

``cli`` parses the command line, ``environment`` makes ``.venv`` from the lock, ``system`` finds and
installs Debian packages, ``display`` lends a virtual screen, ``checks`` runs linters and tests,
``locks`` renews the lock files. Every failure a person can meet is a ``Stop`` with a plain message.
"""
