"""An event of the trail as a DICOM audit message.

No patient's name, UID or chart number leaves: patients and images go by their opaque ids, which say
something only together with the store. People of the practice go by name, as the standard asks.
An image's id stands where a study's UID would: under a code of our own (`image`, `Bitewing`), since
an invented Study Instance UID would be a false one.

Source
------
DICOM PS3.15 A.5.1 (schema), A.5.2 (conventions), A.5.3 (which message says what); PS3.16 CID 400,
401, 402 for the codes; RFC 3881 §5 for the values of the object fields.
"""

from __future__ import annotations

import base64
from xml.etree import ElementTree as ET

import attrs

from viewer.session.audit.events import Entry, Event, EventKind, Outcome

MOST_OBJECTS = 24
"""Receivers need not take more than 8 kB (RFC 5425 §4.3.1); what is left out is counted."""
_LONGEST_WORDS = 400


@attrs.frozen
class Code:
    """A coded value: code, code system, meaning."""

    code: str
    system: str
    meaning: str


def _dcm(code: str, meaning: str) -> Code:
    return Code(code, "DCM", meaning)


@attrs.frozen
class Meaning:
    """Which message a kind of event is: its id, type and action, and what becomes of objects.

    `action` is C, R, U, D or E; `life_cycle` is the RFC 3881 stage of the objects.
    """

    event: Code
    kind: Code | None
    action: str
    life_cycle: str = "6"


_ACTIVITY = _dcm("110100", "Application Activity")
_LOG_USED = _dcm("110101", "Audit Log Used")
_ACCESSED = _dcm("110103", "DICOM Instances Accessed")
_DELETED = _dcm("110105", "DICOM Study Deleted")
_EXPORT = _dcm("110106", "Export")
_IMPORT = _dcm("110107", "Import")
_PATIENT = _dcm("110110", "Patient Record")
_QUERY = _dcm("110112", "Query")
_ALERT = _dcm("110113", "Security Alert")
_LOGIN = _dcm("110114", "User Authentication")

_SECURITY = _dcm("110129", "Security Configuration")
_USE = _dcm("110132", "Use of Restricted Function")
_ATTRIBUTES = _dcm("110135", "Object Security Attributes Changed")
_ROLES = _dcm("110136", "Security Roles Changed")
_USER_ATTRIBUTES = _dcm("110137", "User security Attributes Changed")

_MEANINGS: dict[EventKind, Meaning] = {
    EventKind.PROGRAM_STARTED: Meaning(_ACTIVITY, _dcm("110120", "Application Start"), "E"),
    EventKind.PROGRAM_ENDED: Meaning(_ACTIVITY, _dcm("110121", "Application Stop"), "E"),
    EventKind.LOGIN: Meaning(_LOGIN, _dcm("110122", "Login"), "E"),
    EventKind.LOGIN_FAILED: Meaning(_LOGIN, _dcm("110122", "Login"), "E"),
    EventKind.UNLOCK: Meaning(_LOGIN, _dcm("110122", "Login"), "E"),
    EventKind.UNLOCK_FAILED: Meaning(_LOGIN, _dcm("110122", "Login"), "E"),
    EventKind.LOCK: Meaning(_LOGIN, _dcm("110123", "Logout"), "E"),
    EventKind.LOGOFF: Meaning(_LOGIN, _dcm("110123", "Logout"), "E"),
    EventKind.IMPORT: Meaning(_IMPORT, None, "C", "1"),
    EventKind.LIST: Meaning(_QUERY, None, "E"),
    EventKind.VIEW: Meaning(_ACCESSED, None, "R"),
    EventKind.EXPORT: Meaning(_EXPORT, None, "R", "10"),
    EventKind.SHARE: Meaning(_EXPORT, None, "R", "11"),
    EventKind.BACKUP: Meaning(_EXPORT, None, "R", "13"),
    EventKind.TRAIL_READ: Meaning(_LOG_USED, None, "R"),
    EventKind.TRAIL_VERIFIED: Meaning(_LOG_USED, None, "R", "4"),
    EventKind.TRAIL_EXPORTED: Meaning(_LOG_USED, None, "R", "10"),
    EventKind.REVIEWED: Meaning(_LOG_USED, None, "R", "9"),
    EventKind.REPORT: Meaning(_LOG_USED, None, "R", "9"),
    EventKind.PATIENT_ERASED: Meaning(_DELETED, None, "D", "15"),
    EventKind.PURGED: Meaning(_DELETED, None, "D", "15"),
    EventKind.EVICTED: Meaning(_DELETED, None, "D", "14"),
    EventKind.KEEPING_CHANGED: Meaning(_PATIENT, None, "U", "3"),
    EventKind.DRAFT: Meaning(_PATIENT, None, "U", "3"),
    EventKind.CHART_CORRECTED: Meaning(_PATIENT, None, "U", "3"),
    EventKind.SET_ASIDE: Meaning(_IMPORT, None, "C", "1"),
    EventKind.EMERGENCY: Meaning(_ALERT, _dcm("110127", "Emergency Override Started"), "E"),
    EventKind.REFUSED: Meaning(_ALERT, _USE, "E"),
    EventKind.ACCOUNT_CHANGED: Meaning(_ALERT, _USER_ATTRIBUTES, "E"),
    EventKind.PASSWORD_CHANGED: Meaning(_ALERT, _USER_ATTRIBUTES, "E"),
    EventKind.FACTOR_CHANGED: Meaning(_ALERT, _USER_ATTRIBUTES, "E"),
    EventKind.QUICK_PIN: Meaning(_ALERT, _USER_ATTRIBUTES, "E"),
    EventKind.ROLE_DEFINED: Meaning(_ALERT, _ROLES, "E"),
    EventKind.KEYS_ROTATED: Meaning(_ALERT, _ATTRIBUTES, "E"),
    EventKind.SEALED_ANEW: Meaning(_ALERT, _ATTRIBUTES, "E"),
}
_OTHERWISE = Meaning(_ALERT, _SECURITY, "E")
"""What guards the store is a change, or an alarm, of its security."""
_STOPPED = _dcm("110138", "Emergency Override Stopped")

_OUTCOMES = {
    Outcome.DONE: "0",
    Outcome.INTENT: "0",
    Outcome.CANCELLED: "4",
    Outcome.FAILED: "4",
    Outcome.REFUSED: "8",
}


def meaning_of(entry: Entry) -> Meaning:
    """Return which message an entry becomes; every kind of event has one."""
    found = _MEANINGS.get(entry.kind, _OTHERWISE)
    if entry.kind is EventKind.EMERGENCY and entry.refers_to is not None:
        return attrs.evolve(found, kind=_STOPPED)
    return found


def is_alarming(entry: Entry) -> bool:
    """Whether an entry deserves the severity “warning”."""
    alarms = {EventKind.EMERGENCY, EventKind.SET_BACK, EventKind.HISTORY_FORKED}
    return entry.outcome in {Outcome.REFUSED, Outcome.FAILED} or entry.kind in alarms


def audit_message(event: Event, site: str) -> bytes:
    """Return an event as an AuditMessage: UTF-8 XML without a declaration.

    `site` is the practice's opaque id.
    """
    entry = event.entry
    meaning = meaning_of(entry)
    root = ET.Element("AuditMessage")
    _event_identification(root, event, meaning)
    _participants(root, event, meaning)
    source = {"AuditEnterpriseSiteID": site, "AuditSourceID": _clean(event.workstation)}
    identification = ET.SubElement(root, "AuditSourceIdentification", source)
    ET.SubElement(identification, "AuditSourceTypeCode", {"csd-code": "1"})
    _objects(root, event, meaning)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=False)
    return written


def _event_identification(root: ET.Element, event: Event, meaning: Meaning) -> None:
    entry = event.entry
    head = ET.SubElement(
        root,
        "EventIdentification",
        {
            "EventActionCode": meaning.action,
            "EventDateTime": event.wall.isoformat(timespec="milliseconds"),
            "EventOutcomeIndicator": _OUTCOMES[entry.outcome],
        },
    )
    _coded(head, "EventID", meaning.event)
    if meaning.kind is not None:
        _coded(head, "EventTypeCode", meaning.kind)
    _coded(head, "EventTypeCode", Code(entry.kind.name, "Bitewing", entry.kind.value))
    words = "; ".join(part for part in (entry.outcome.value, entry.purpose, entry.why) if part)
    ET.SubElement(head, "EventOutcomeDescription").text = _clean(words)


def _participants(root: ET.Element, event: Event, meaning: Meaning) -> None:
    entry = event.entry
    point = {"NetworkAccessPointID": _clean(event.workstation), "NetworkAccessPointTypeCode": "1"}
    if entry.actor.user_id is not None or entry.actor.role:
        person = {
            "UserID": _clean(str(entry.actor.user_id or entry.actor.name)),
            "UserName": _clean(entry.actor.name),
            "UserIsRequestor": "true",
        }
        who = ET.SubElement(root, "ActiveParticipant", person | point)
        if entry.actor.role:
            _coded(who, "RoleIDCode", Code(_clean(entry.actor.role), "Bitewing", entry.actor.role))
    program = {"UserID": "Bitewing", "UserIsRequestor": "false"}
    part = ET.SubElement(root, "ActiveParticipant", program | point)
    is_source = meaning.event in {_EXPORT, _IMPORT}
    code = _dcm("110153", "Source Role ID") if is_source else _dcm("110150", "Application")
    _coded(part, "RoleIDCode", code)
    if meaning.event == _EXPORT:
        to = {"UserID": _clean(entry.recipient or "not recorded"), "UserIsRequestor": "false"}
        receiver = ET.SubElement(root, "ActiveParticipant", to)
        _coded(receiver, "RoleIDCode", _dcm("110154", "Destination Media"))
        media = ET.SubElement(receiver, "MediaIdentifier")
        _coded(media, "MediaType", _dcm("110038", "Paper Document") if _is_paper(entry) else _FILE)


_FILE = _dcm("110037", "Other Electronic Media")


def _is_paper(entry: Entry) -> bool:
    return entry.why.startswith("print")


def _objects(root: ET.Element, event: Event, meaning: Meaning) -> None:
    entry = event.entry
    if entry.patient_id:
        code = Code("2", "RFC-3881", "Patient Number")
        patient = _object(root, entry.patient_id, "1", "1", "", code)
        ET.SubElement(patient, "ParticipantObjectName").text = "patient"
    for object_id in entry.objects[:MOST_OBJECTS]:
        code = Code("image", "Bitewing", "Opaque id of an image or account")
        thing = _object(root, object_id, "2", "3", meaning.life_cycle, code)
        ET.SubElement(thing, "ParticipantObjectName").text = "object"
    if meaning.event == _LOG_USED or len(entry.objects) > MOST_OBJECTS or entry.digests:
        _the_trail(root, event)


def _the_trail(root: ET.Element, event: Event) -> None:
    """The trail itself as an object, with what does not fit elsewhere as details."""
    entry = event.entry
    code = Code("12", "RFC-3881", "URI")
    log = _object(root, f"bitewing:trail:{event.segment}:{event.seq}", "2", "13", "", code)
    ET.SubElement(log, "ParticipantObjectName").text = "Security Audit Log"
    details = {"digest": " ".join(entry.digests[:4])} if entry.digests else {}
    if len(entry.objects) > MOST_OBJECTS:
        details["objects in all"] = str(len(entry.objects))
    for kind, value in details.items():
        pair = {"type": kind, "value": base64.b64encode(value.encode()).decode()}
        ET.SubElement(log, "ParticipantObjectDetail", pair)


def _object(
    root: ET.Element, object_id: str, kind: str, role: str, life_cycle: str, id_type: Code
) -> ET.Element:
    fields = {
        "ParticipantObjectID": _clean(str(object_id)),
        "ParticipantObjectTypeCode": kind,
        "ParticipantObjectTypeCodeRole": role,
    }
    if life_cycle:
        fields["ParticipantObjectDataLifeCycle"] = life_cycle
    element = ET.SubElement(root, "ParticipantObjectIdentification", fields)
    _coded(element, "ParticipantObjectIDTypeCode", id_type)
    return element


def _coded(parent: ET.Element, name: str, code: Code) -> None:
    fields = {
        "csd-code": code.code,
        "codeSystemName": code.system,
        "originalText": _clean(code.meaning),
    }
    ET.SubElement(parent, name, fields)


def _clean(words: str) -> str:
    """Return words without what XML 1.0 has no way to say, and not longer than a line should be."""
    kept = "".join(
        mark if mark >= " " and not 0xD800 <= ord(mark) <= 0xDFFF and ord(mark) < 0xFFFE else " "
        for mark in words
    )
    return kept[:_LONGEST_WORDS]
