"""An independent second look at the finished files: shares no code with the redactor.

It reads the plan (what a person saw), the originals and the finished bytes, and trusts none of
them to agree. Pure, any thread.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import ExplicitVRLittleEndian

from viewer.model.errors import BitewingError
from viewer.redact.actions import Fate, TagAction
from viewer.redact.errors import VerifyFailed
from viewer.redact.needles import words_that_must_not_leave
from viewer.redact.profiles import Headers, Profile, Uids
from viewer.redact.quiet import quiet_pydicom
from viewer.redact.reading import (
    PIXEL_DATA,
    Found,
    elements,
    read_finished,
    read_sources,
    removing_rows,
)
from viewer.redact.records import ImagePlan, RedactionPlan
from viewer.redact.search import SHORTEST_IN_PIXELS, found_in, patterns_of
from viewer.redact.source import ShareSubject

BESIDES = frozenset({"manifest.json", "manifest.sig"})
"""Files of a bundle that are not planned; they are searched like the others."""

_NEUTRAL = re.compile(r"IMAGES/IM\d{6}|PREVIEWS/PV\d{6}\.PNG")
_META = frozenset(
    {0x00020000, 0x00020001, 0x00020002, 0x00020003, 0x00020010, 0x00020012, 0x00020013}
)
_UNREADABLE = (
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    IndexError,
    NotImplementedError,
    EOFError,
    struct.error,
    InvalidDicomError,
    BitewingError,
)
_PNG_CHUNKS = frozenset({b"IHDR", b"IDAT", b"IEND"})


@attrs.frozen
class VerifyReport:
    """What was checked, in numbers."""

    instances: int
    attributes: int
    identifiers: int
    searched_bytes: int
    compared_pixels: int


@attrs.define
class _Tally:
    findings: list[str] = attrs.field(factory=list)
    instances: int = 0
    attributes: int = 0
    searched: int = 0
    pixels: int = 0
    sop_uids: list[str] = attrs.field(factory=list)
    uid_pairs: set[tuple[str, str]] = attrs.field(factory=set)


def verify_share(
    plan: RedactionPlan, subjects: Sequence[ShareSubject], files: Mapping[str, bytes]
) -> VerifyReport:
    """Check finished files against the plan, the originals and the standard's table.

    Raises
    ------
    VerifyFailed
        Anything is not as it must be: the share does not leave.
    """
    with quiet_pydicom():
        return _verified(plan, subjects, files)


def _verified(
    plan: RedactionPlan, subjects: Sequence[ShareSubject], files: Mapping[str, bytes]
) -> VerifyReport:
    tally = _Tally()
    _check_names(plan, files, tally)
    for image, subject in zip(plan.images, subjects, strict=True):
        try:
            _check_image(plan, image, subject, files, tally)
        except _UNREADABLE:
            tally.findings.append(f"{image.preview_name}: this image cannot be read back")
    _check_uids(plan, tally)
    words = _search(plan, subjects, files, tally)
    if tally.findings:
        raise VerifyFailed(tuple(tally.findings))
    return VerifyReport(tally.instances, tally.attributes, words, tally.searched, tally.pixels)


def _check_names(plan: RedactionPlan, files: Mapping[str, bytes], tally: _Tally) -> None:
    planned = [name for image in plan.images for name in _names_of(image)]
    if sorted(planned) != sorted(name for name in files if name not in BESIDES):
        tally.findings.append("the files are not those that were planned")
    if not all(_NEUTRAL.fullmatch(name) for name in planned):
        tally.findings.append("a file name is not neutral")


def _names_of(image: ImagePlan) -> list[str]:
    cover = [image.cover.name] if image.cover else []
    return [*image.names, *cover, image.preview_name]


def _check_image(
    plan: RedactionPlan,
    image: ImagePlan,
    subject: ShareSubject,
    files: Mapping[str, bytes],
    tally: _Tally,
) -> None:
    sources = read_sources(subject.headers)
    if len(sources) != len(image.names):
        raise ValueError("another number of instances")
    for n, (name, actions, source) in enumerate(
        zip(image.names, image.actions, sources, strict=True)
    ):
        finished = read_finished(files[name])
        tally.instances += 1
        notes = [
            *_file_findings(files[name], finished, plan.profile),
            *_tag_findings(finished, source, actions, plan.profile, tally),
            *_claim_findings(finished, plan.profile),
            *_pixel_findings(finished, image, subject, n, tally),
        ]
        tally.findings.extend(f"{name}: {note}" for note in notes)
    if image.cover is not None:
        _check_cover(image, files, tally)
    _check_preview(image.preview_name, files[image.preview_name], tally)


def _file_findings(content: bytes, finished: Dataset, profile: Profile) -> Iterator[str]:
    if any(content[:128]):
        yield "the preamble is not empty"
    meta = finished.file_meta
    if not _META.issuperset(int(tag) for tag in meta.keys()):  # noqa: SIM118 - iteration reads
        yield "the meta group holds more than it must"
    if meta.TransferSyntaxUID != ExplicitVRLittleEndian:
        yield "the transfer syntax is another"
    if meta.MediaStorageSOPInstanceUID != finished.SOPInstanceUID:
        yield "the meta group names another instance"
    is_copy = profile.headers is Headers.KEEP_ALL  # its digital signatures follow the pixels
    if not is_copy and not content.endswith(bytes(finished.PixelData[-64:])):
        yield "something follows the pixels"


def _tag_findings(
    finished: Dataset,
    source: Dataset,
    actions: Sequence[TagAction],
    profile: Profile,
    tally: _Tally,
) -> Iterator[str]:
    planned = {action.path: action for action in actions}
    before = {found.path: found for found in elements(source)}
    after = list(elements(finished))
    tally.attributes += len(after)
    tally.sop_uids.append(str(finished.SOPInstanceUID))
    is_copy = profile.headers is Headers.KEEP_ALL
    for found in after:
        old = before.get(found.path)
        if found.is_top or not is_copy:
            yield from _planned_findings(found, planned.get(found.path), before)
        elif old is None or old.values != found.values:
            yield f"{found.path} is not as it was"
        if not is_copy:
            yield from _table_findings(found, old, planned, profile)
        if found.vr == "UI" and old is not None:
            tally.uid_pairs.update(zip(old.values, found.values, strict=False))
    present = {found.path for found in after}
    for action in actions:
        stays = action.fate not in (Fate.REMOVE,) and not _is_inside_emptied(action.path, planned)
        if stays and action.path not in present:
            yield f"{action.path} is missing"


def _is_inside_emptied(path: str, planned: Mapping[str, TagAction]) -> bool:
    parts = path.split(".")
    heads = (".".join(parts[: n + 1]).rsplit("[", 1)[0] for n in range(len(parts) - 1))
    return any(planned[h].fate in (Fate.EMPTY, Fate.DUMMY) for h in heads if h in planned)


def _planned_findings(
    found: Found, action: TagAction | None, before: Mapping[str, Found]
) -> Iterator[str]:
    if action is None:
        if not _is_stated_item(found):
            yield f"{found.path} was not planned"
        return
    if action.fate is Fate.REMOVE:
        yield f"{found.path} should be gone"
    elif found.vr == "SQ":
        return
    elif action.fate is Fate.DUMMY and found.values == _values_at(found.path, before):
        yield f"{found.path} should be a dummy"
    elif action.fate is Fate.EMPTY and found.values:
        yield f"{found.path} should be empty"
    elif action.fate is Fate.KEEP:
        old = before.get(found.path)
        if old is None or old.values != found.values:
            yield f"{found.path} is not as it was"
    elif action.fate in (Fate.SET, Fate.NEW_UID) and "\\".join(found.values) != action.new:
        yield f"{found.path} is not as planned"


def _values_at(path: str, before: Mapping[str, Found]) -> tuple[str, ...]:
    old = before.get(path)
    return old.values if old is not None and old.values else ("\0",)


def _is_stated_item(found: Found) -> bool:
    """Whether it belongs to a code item that the program itself writes."""
    inside_ours = found.path.startswith("00120064[0].")
    is_removed = found.values in (("REMOVED",), ("0",), ("99BITEWING",))
    return found.tag in (0x00080100, 0x00080102, 0x00080104) and (inside_ours or is_removed)


def _table_findings(
    found: Found, old: Found | None, planned: Mapping[str, TagAction], profile: Profile
) -> Iterator[str]:
    """Compare with the standard's table itself, whatever the plan says."""
    group = found.tag >> 16
    if group % 2 or group & 0xFF00 in (0x5000, 0x6000):
        yield f"{found.path} is private or an overlay"
    kept_by = removing_rows().get(found.tag)
    action = planned.get(found.path)
    if kept_by is None or old is None or (action is not None and action.fate is Fate.SET):
        return
    allowed = kept_by.intersection(profile.options) or (
        found.is_top and action is not None and action.name in profile.keeps
    )
    is_of_the_standard = all(value.startswith("1.2.840.10008.") for value in found.values)
    if not allowed and found.values == old.values and not is_of_the_standard:
        yield f"{found.path} kept what the standard's table removes"


def _claim_findings(finished: Dataset, profile: Profile) -> Iterator[str]:
    if profile.headers is Headers.KEEP_ALL:
        return
    claimed = finished.get("PatientIdentityRemoved")
    codes = [str(item.CodeValue) for item in finished.get("DeidentificationMethodCodeSequence", ())]
    expected = ("YES", ["113100"]) if profile.is_deidentified else ("NO", [])
    if (claimed, codes) != expected:
        yield "it claims another de-identification than was done"


def _pixel_findings(
    finished: Dataset, image: ImagePlan, subject: ShareSubject, index: int, tally: _Tally
) -> Iterator[str]:
    frames = _frames(finished, subject.pixels)
    rows_added = image.mark.rows if image.mark else 0
    originals = _originals(finished, subject, index, len(image.names))
    if len(frames) != len(originals):
        yield "it has another number of frames"
        return
    for frame, original in zip(frames, originals, strict=True):
        tally.pixels += original.size
        rows = original.shape[0]
        if frame.shape[0] != rows + rows_added or not np.array_equal(frame[:rows], original):
            yield "its pixels are not those of the original"
            return
        if rows_added and frame[rows:].min() == frame[rows:].max():
            yield "its mark is blank"
            return


def _frames(finished: Dataset, like: NDArray[np.generic]) -> list[NDArray[np.generic]]:
    count = int(finished.get("NumberOfFrames") or 1)
    samples = (3,) if finished.SamplesPerPixel == 3 else ()
    shape = (count, finished.Rows, finished.Columns, *samples)
    kind = "i" if finished.PixelRepresentation else "u"
    flat = np.frombuffer(finished.PixelData, f"<{kind}{finished.BitsAllocated // 8}")
    size = int(np.prod(shape))
    if like.dtype != flat.dtype or flat.size - size not in (0, 1):
        return []
    return list(flat[:size].reshape(shape))


def _originals(
    finished: Dataset, subject: ShareSubject, index: int, instances: int
) -> list[NDArray[np.generic]]:
    record, pixels = subject.record, subject.pixels
    flat_dimensions = 3 if record.is_colour else 2
    if pixels.ndim == flat_dimensions:
        return [pixels]
    if instances > 1:
        if record.is_volume and _plane(finished.ImagePositionPatient, subject) != index:
            return []
        return [pixels[index]]
    if not record.is_volume:
        return list(pixels)
    groups = finished.PerFrameFunctionalGroupsSequence
    places = [group.PlanePositionSequence[0].ImagePositionPatient for group in groups]
    return [pixels[_plane(place, subject)] for place in places]


def _plane(position: Sequence[float], subject: ShareSubject) -> int:
    affine = np.array(subject.record.affine_lps, dtype=np.float64)
    offset = np.array([float(x) for x in position]) - affine[:3, 3]
    return int(np.rint(offset @ affine[:3, 2] / (affine[:3, 2] @ affine[:3, 2])))


def _check_cover(image: ImagePlan, files: Mapping[str, bytes], tally: _Tally) -> None:
    page = image.cover
    if page is None:
        return
    cover = read_finished(files[page.name])
    first = read_finished(files[image.names[0]])
    tally.sop_uids.append(str(cover.SOPInstanceUID))
    for found in elements(cover):
        group = found.tag >> 16
        if group in (0x0010, 0x0012) and found.vr != "SQ":
            if found.is_top and str(first.get(found.tag)) != str(cover.get(found.tag)):
                tally.findings.append(f"{page.name}: {found.path} differs from the slices")
        elif group not in (0x0008, 0x0010, 0x0012, 0x0020, 0x0028):
            tally.findings.append(f"{page.name}: {found.path} does not belong there")
    pixels = np.frombuffer(cover.PixelData, np.uint8)
    if not pixels.any():
        tally.findings.append(f"{page.name}: its mark is blank")


def _check_preview(name: str, content: bytes, tally: _Tally) -> None:
    """Walk the PNG: nothing but the picture itself may be inside."""
    if content[:8] != b"\x89PNG\r\n\x1a\n":
        tally.findings.append(f"{name}: is no PNG")
        return
    at = 8
    while at + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        if kind not in _PNG_CHUNKS:
            tally.findings.append(f"{name}: holds more than a picture")
            return
        at += 12 + length
    if at != len(content):
        tally.findings.append(f"{name}: something follows the picture")


def _check_uids(plan: RedactionPlan, tally: _Tally) -> None:
    if len(set(tally.sop_uids)) != len(tally.sop_uids):
        tally.findings.append("two instances have the same UID")
    if plan.profile.uids is Uids.KEPT:
        return
    remapped = {(old, new) for old, new in tally.uid_pairs if not old.startswith("1.2.840.10008.")}
    if any(old == new for old, new in remapped):
        tally.findings.append("an original UID is still there")
    if len({old for old, _ in remapped}) != len(remapped) or len(
        {new for _, new in remapped}
    ) != len(remapped):
        tally.findings.append("UIDs are not mapped one to one")


def _search(
    plan: RedactionPlan,
    subjects: Sequence[ShareSubject],
    files: Mapping[str, bytes],
    tally: _Tally,
) -> int:
    words = words_that_must_not_leave(plan, subjects)
    everywhere = patterns_of(words)
    in_pixels = patterns_of(words, shortest=SHORTEST_IN_PIXELS)
    for name, content in files.items():
        tally.searched += len(content)
        pixels_at = _pixels_at(name, content)
        hits = found_in(content[:pixels_at], everywhere)
        hits |= found_in(memoryview(content)[max(pixels_at - 64, 0) :], in_pixels)
        if hits:
            tally.findings.append(f"{name}: holds {len(hits)} words that must not leave")
    return len(words)


def _pixels_at(name: str, content: bytes) -> int:
    """Return where grey values begin, which may look like short words by chance."""
    if name in BESIDES:
        return len(content)
    if name.endswith(".PNG"):
        return 8
    tag = struct.pack("<HH", PIXEL_DATA >> 16, PIXEL_DATA & 0xFFFF)
    at = min((p for vr in (b"OW", b"OB") if (p := content.rfind(tag + vr)) >= 0), default=-1)
    return at if at >= 0 else len(content)
