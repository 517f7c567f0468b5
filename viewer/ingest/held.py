"""Headers of an import between its two phases: as many as memory allows, the others read again."""

from __future__ import annotations

import attrs

from viewer.ingest.assemble import SourceRefused
from viewer.ingest.crew import Crew
from viewer.ingest.errors import FileRefused
from viewer.ingest.grouping import SourceFile
from viewer.ingest.protocol import Header
from viewer.ingest.source import Source

MOST_BYTES = 192 << 20
"""So many letters of data sets are held; ten thousand slices have some forty million."""


class HeldHeaders:
    """Holds the data sets and overlays of files, up to a bound. One thread."""

    def __init__(self, crew: Crew, most_bytes: int = MOST_BYTES) -> None:
        self._crew = crew
        self._left = most_bytes

    def take(self, source: Source, header: Header) -> SourceFile:
        """Return a file with its header; its data set is let go where there is no room for it."""
        size = len(header.data_set) + len(header.overlays)
        if size > self._left:
            return SourceFile(source, attrs.evolve(header, data_set="", overlays=""))
        self._left -= size
        return SourceFile(source, header)

    def whole(self, file: SourceFile) -> Header:
        """Return a file's whole header, read again where its data set was let go.

        Raises
        ------
        SourceRefused
            It can't be read any more, or is another one by now.
        """
        if file.header.data_set:
            return file.header
        answers = self._crew.facts(
            [file.source],
            lambda decoder, opened: decoder.ask_header(opened.file, opened.within),
            lambda decoder, _: decoder.header(),
        )
        (header,) = answers
        if isinstance(header, FileRefused):
            raise SourceRefused(file, str(header), is_damage=header.is_damage)
        return header
