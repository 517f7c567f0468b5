"""Messages as a syslog server takes them, and as they are read back from what it kept.

::

    <PRI>1 TIME HOST bitewing - MSGID [bitewing@32473 segment="1" seq="42" leaf="…"] BOM MSG

A record of the trail has MSGID ``DICOM+RFC3881`` and an audit message; a record whose words were
not at hand has ``BITEWING-RECORD`` and none; a signed checkpoint has ``BITEWING-HEAD`` and the note
in base 64. `leaf` is the SHA-256 of the sealed record (session/audit/frames.py), so that what this
machine says later can be compared with what it said then.

Source
------
RFC 5424 (format), RFC 5425 §4.3 (octet counting), PS3.15 A.6 (facility 10, MSGID), RFC 5612 (the
enterprise number 32473 for examples: the product has none of its own yet).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import attrs

AUDIT = "DICOM+RFC3881"
RECORD = "BITEWING-RECORD"
HEAD = "BITEWING-HEAD"
_FACILITY = 10
NOTICE, WARNING = 5, 4
_BOM = "\ufeff"
_ELEMENT = "bitewing@32473"
_READ = re.compile(
    r"\[bitewing@32473 origin=\"(?P<origin>[^\"\\\]]{1,200})\" segment=\"(?P<segment>\d{1,9})\""
    r" seq=\"(?P<seq>\d{1,18})\" leaf=\"(?P<leaf>[0-9a-f]{64})\"\](?P<rest>.*)",
    re.DOTALL,
)
_KIND = re.compile(r"\b(DICOM\+RFC3881|BITEWING-RECORD|BITEWING-HEAD)\b")


@attrs.frozen
class Mark:
    """Which record of which trail: its origin, segment, number and leaf (hex SHA-256)."""

    origin: str
    segment: int
    seq: int
    leaf: str


def syslog_line(
    mark: Mark, kind: str, words: str, when: datetime, host: str, severity: int = NOTICE
) -> bytes:
    """Return one message in UTF-8, without framing."""
    stamp = when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    data = (
        f'[{_ELEMENT} origin="{mark.origin}" segment="{mark.segment}"'
        f' seq="{mark.seq}" leaf="{mark.leaf}"]'
    )
    head = f"<{_FACILITY * 8 + severity}>1 {stamp} {_host(host)} bitewing - {kind} {data}"
    return f"{head} {_BOM}{words}".encode() if words else head.encode()


def octet_counted(line: bytes) -> bytes:
    """Return a message as it goes over TLS."""
    return b"%d %s" % (len(line), line)


@attrs.frozen
class Received:
    """A line that a server kept: which record, what kind of message, and its words."""

    mark: Mark
    kind: str
    words: str


def read_received(line: str) -> Received | None:
    """Return what a kept line says, or None if it is none of ours.

    Servers write the header as they like; the structured data must be kept as it came.
    """
    found, kind = _READ.search(line), _KIND.search(line)
    if found is None or kind is None:
        return None
    mark = Mark(found["origin"], int(found["segment"]), int(found["seq"]), found["leaf"])
    return Received(mark, kind[1], found["rest"].lstrip(" \ufeff").rstrip("\n"))


def _host(name: str) -> str:
    """Return a host name in what RFC 5424 allows: printable ASCII without blanks, 255 at most."""
    kept = "".join(mark if "!" <= mark <= "~" else "-" for mark in name)
    return kept[:255] or "-"
