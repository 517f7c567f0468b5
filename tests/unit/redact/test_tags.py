"""Every row of PS3.15 Table E.1-1, for every dental SOP class, at the top, nested and private."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_has_tag, dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag

from viewer.model.resources import resource_path
from viewer.redact.actions import Fate
from viewer.redact.errors import SourceUnreadable
from viewer.redact.profiles import Profile, profile_named
from viewer.redact.rewrite import rewritten
from viewer.redact.tags import UidMap, plan_tags

_FOLDER = resource_path("redaction", "ps3.15-2026d")
_TABLE = json.loads((_FOLDER / "table-e1-1.json").read_text("utf-8"))["rules"]
_CLASSES = json.loads((_FOLDER / "resolved-dental-sop-classes.json").read_text("utf-8"))[
    "sop_classes"
]
_ROWS = {int(r["tag"], 16): r for r in _TABLE if "x" not in r["tag"] and r["tag"] != "PRIVATE"}
_GSPS_DATES = {0x00700082, 0x00700083}
_FILLED = {
    "AS": "042Y",
    "DA": "20260102",
    "DT": "20260102101112",
    "TM": "101112",
    "DS": "1.5",
    "IS": "7",
    "UI": "1.2.3.4711",
    "CS": "MARKER",
    "AE": "MARKERAE",
    "UR": "http://marker.example",
    "PN": "Marker^Ann",
    "US": 7,
    "OB": b"MARK",
    "UN": b"MARK",
    "OW": b"MARK",
}


def _uids() -> UidMap:
    numbers = itertools.count(1)
    return UidMap(lambda: f"2.25.{next(numbers)}")


def _element(tag: int) -> DataElement:
    vr = dictionary_VR(tag) if dictionary_has_tag(tag) else "LO"
    if vr == "SQ":
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "1", "99M", "Plain"
        return DataElement(Tag(tag), vr, Sequence([item]))
    return DataElement(Tag(tag), vr, _FILLED.get(vr, "Marker text"))


def _filled(sop_class: str, *, nested: bool) -> Dataset:
    ds = Dataset()
    for tag in _ROWS:
        ds[Tag(tag)] = _element(tag)
    if nested:
        outer = Dataset()
        outer.SharedFunctionalGroupsSequence = Sequence([ds])
        ds = outer
    ds.SOPClassUID = sop_class
    return ds


def _through(ds: Dataset, profile: Profile) -> Dataset:
    return rewritten(ds, plan_tags(ds, profile, _uids(), lambda _: False))


def _expected(tag: int, sop_class: str, *, nested: bool) -> str:
    code: str = _ROWS[tag]["basic"]
    if tag in _GSPS_DATES:
        return "D"
    if "/" in code and not nested:
        known = _CLASSES.get(sop_class, {"attributes": {}})["attributes"].get(f"{tag:08X}")
        if known:
            return str(known["resolved"])
    return code.rsplit("/", maxsplit=1)[-1].rstrip("*")


def _wrong(after: Dataset, tag: int, code: str) -> bool:
    before = _element(tag)
    if code == "X" or (code == "U" and before.VR not in ("UI", "SQ")):
        return tag in after
    value: Any = after[tag].value if tag in after else None
    if code == "Z":
        return tag not in after or bool(value)
    if code == "U" and before.VR == "SQ":
        return tag not in after or len(value) != 1
    return value in (None, "", b"") or value == before.value


@pytest.mark.parametrize("nested", [False, True], ids=["top level", "nested"])
@pytest.mark.parametrize("sop_class", [*_CLASSES, "1.2.840.10008.5.1.4.1.1.12.1"])
def test_every_row_of_the_table_is_carried_out(sop_class: str, nested: bool) -> None:
    after = _through(_filled(sop_class, nested=nested), profile_named("teaching"))
    inner = after.SharedFunctionalGroupsSequence[0] if nested else after
    wrong = [
        f"{tag:08X}"
        for tag in _ROWS
        if _wrong(inner, tag, _expected(tag, sop_class, nested=nested))
    ]
    assert wrong == []


def test_the_table_is_whole() -> None:
    assert len(_TABLE) == 657
    assert len(_CLASSES) == 14


def test_private_curve_and_overlay_groups_go_at_every_depth() -> None:
    ds = Dataset()
    for holder in (ds, inner := Dataset()):
        holder.add_new(0x00091001, "LO", "Marker")
        holder.add_new(0x50003000, "OW", b"MARK")
        holder.add_new(0x60000010, "US", 4)
        holder.add_new(0x60003000, "OW", b"MARK")
    ds.SharedFunctionalGroupsSequence = Sequence([inner])
    after = _through(ds, profile_named("referral"))
    assert [e.keyword for e in after] == ["SharedFunctionalGroupsSequence"]
    assert len(after.SharedFunctionalGroupsSequence[0]) == 0


def test_free_text_and_unknown_attributes_on_which_the_table_is_silent_go() -> None:
    ds = Dataset()
    ds[0x00080008] = DataElement(
        0x00080008, "CS", ["ORIGINAL", "Ann Marker"], validation_mode=IGNORE
    )
    ds.add_new(0x00189999, "LO", "unknown to the dictionary")
    ds.add_new(0x00181405, "IS", "12")
    ds.FieldOfViewShape = "ROUND"
    ds.PixelSpacingCalibrationDescription = "by Ann Marker"
    after = _through(ds, profile_named("referral"))
    assert {e.keyword for e in after} == {"RelativeXRayExposure", "FieldOfViewShape"}


def test_a_name_inside_an_attribute_that_stays_is_replaced() -> None:
    ds = Dataset()
    ds.Manufacturer, ds.ManufacturerModelName = "Marker Imaging", "Model 9"
    actions = plan_tags(ds, profile_named("referral"), _uids(), lambda t: "marker" in t.lower())
    assert rewritten(ds, actions).Manufacturer == "REMOVED"
    assert rewritten(ds, actions).ManufacturerModelName == "Model 9"


def test_the_same_uid_becomes_the_same_new_uid_everywhere() -> None:
    ds, item, groups = Dataset(), Dataset(), Dataset()
    ds.StudyInstanceUID = item.ReferencedSOPInstanceUID = "1.2.3"
    ds.SeriesInstanceUID = "1.2.4"
    item.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    groups.SourceImageSequence = Sequence([item])
    ds.SharedFunctionalGroupsSequence = Sequence([groups])
    after = _through(ds, profile_named("referral"))
    reference = after.SharedFunctionalGroupsSequence[0].SourceImageSequence[0]
    assert after.StudyInstanceUID == reference.ReferencedSOPInstanceUID != "1.2.3"
    assert after.SeriesInstanceUID not in ("1.2.4", after.StudyInstanceUID)
    assert reference.ReferencedSOPClassUID == "1.2.840.10008.5.1.4.1.1.2"


def test_a_presentation_states_creation_date_is_a_dummy_and_not_gone() -> None:
    ds = Dataset()
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.11.1"
    ds.PresentationCreationDate, ds.PresentationCreationTime = "20260102", "101112"
    after = _through(ds, profile_named("teaching"))
    assert after.PresentationCreationDate == "19000101"
    assert after.PresentationCreationTime == "000000"


def test_a_referral_keeps_identity_and_dates_and_an_insurer_no_chart_number() -> None:
    ds = Dataset()
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.1.3"
    ds.PatientName, ds.PatientID, ds.PatientBirthDate = "Marker^Ann", "77", "19800102"
    ds.StudyDate, ds.SeriesDate, ds.PatientAddress = "20260102", "20260102", "Lane 3"
    referral = _through(ds, profile_named("referral"))
    insurer = _through(ds, profile_named("insurer"))
    assert [str(e.value) for e in referral][1:] == [
        "20260102", "20260102", "Marker^Ann", "77", "19800102",
    ]  # fmt: skip
    assert (insurer.PatientID or "", insurer.StudyDate) == ("", "20260102")
    assert "PatientAddress" not in insurer


def test_a_kept_name_inside_a_sequence_is_not_the_patients_and_goes() -> None:
    ds, item = Dataset(), Dataset()
    item.PatientName = "Other^Person"
    ds.PatientName, ds.ReferencedImageSequence = "Marker^Ann", Sequence([item])
    actions = plan_tags(ds, profile_named("referral"), _uids(), lambda _: False)
    nested = [a for a in actions if a.path.endswith("].00100010")]
    assert [a.fate for a in nested] == [Fate.EMPTY]


def test_sequences_without_end_are_refused() -> None:
    ds = Dataset()
    for _ in range(40):
        outer = Dataset()
        outer.SharedFunctionalGroupsSequence = Sequence([ds])
        ds = outer
    with pytest.raises(SourceUnreadable, match="nested too deeply"):
        plan_tags(ds, profile_named("referral"), _uids(), lambda _: False)


def test_an_attribute_that_was_not_planned_stops_the_rewrite() -> None:
    ds = Dataset()
    ds.PatientName = "Marker^Ann"
    actions = plan_tags(ds, profile_named("referral"), _uids(), lambda _: False)
    ds.PatientAddress = "Lane 3"
    with pytest.raises(SourceUnreadable):
        rewritten(ds, actions)


def test_every_kept_attribute_of_the_list_exists_in_the_dictionary() -> None:
    lists = json.loads(resource_path("redaction", "attributes", "kept.json").read_text("utf-8"))
    words = [w for name in ("deidentified", "text", "bytes") for w in lists[name]]
    assert [w for w in words if tag_for_keyword(w) is None] == []
