"""Sealed backups of a store in a folder: a USB disk, a network share, any folder at all.

Begin at `repository.Repository`; `writer.py` makes a snapshot, `restorer.py` brings one back,
`proving.py` checks a whole repository, `forgetting.py` erases patients from it and prunes old
snapshots. The bytes are described in `FORMAT.md` beside this file. Everything but the marker, the
lock and the key sheet is a `v1` container, so that there is one format to read and none to invent.
"""
