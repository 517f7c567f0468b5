"""Events as FHIR R4 AuditEvents in one Bundle, by IHE's Basic Audit Log Patterns.

Which DICOM code an event has is told by the relay's messages, so that both say the same. Patients
and images go by their opaque ids: a Reference with an identifier and no resource behind it.

Source
------
HL7 FHIR R4 AuditEvent; IHE ITI Basic Audit Log Patterns (BALP) 1.1; DICOM PS3.15 A.5, PS3.16.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from viewer.relay.message import Code, meaning_of
from viewer.session.audit.events import Event, Outcome

_DCM = "http://dicom.nema.org/resources/ontology/DCM"
_OWN = "urn:bitewing:event"
_PATIENT_ID, _OBJECT_ID, _USER_ID = (
    "urn:bitewing:patient", "urn:bitewing:object", "urn:bitewing:user",
)  # fmt: skip
_OBJECT_TYPE = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_OBJECT_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
_LIFE_CYCLE = "http://terminology.hl7.org/CodeSystem/dicom-audit-lifecycle"
_SOURCE_TYPE = "http://terminology.hl7.org/CodeSystem/security-source-type"
_PATIENT_PROFILE = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.Patient{}"
_BY_ACTION = {"C": "Create", "R": "Read", "U": "Update", "D": "Delete", "E": "Query"}
_OUTCOMES = {
    Outcome.DONE: "0",
    Outcome.INTENT: "0",
    Outcome.CANCELLED: "4",
    Outcome.FAILED: "4",
    Outcome.REFUSED: "8",
}
_NAMESPACE = uuid.UUID("6f1c1f1e-7a0f-5c54-9b0e-2f5c1e6b7a10")


def fhir_pieces(events: Iterable[Event], site: str, now: datetime) -> Iterator[str]:
    """Yield a Bundle of type "collection", an entry at a time. `site` is the practice's id."""
    head = {"resourceType": "Bundle", "type": "collection", "timestamp": _instant(now)}
    yield json.dumps(head)[:-1] + ', "entry": ['
    separator = "\n"
    for event in events:
        resource = audit_event(event, site)
        entry = {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource}
        yield separator + json.dumps(entry, ensure_ascii=False)
        separator = ",\n"
    yield "\n]}\n"


def audit_event(event: Event, site: str) -> dict[str, Any]:
    """Return one event as an AuditEvent."""
    entry = event.entry
    meaning = meaning_of(entry)
    own = {"system": _OWN, "code": entry.kind.name.lower(), "display": entry.kind.value}
    subtypes = [_coding(meaning.kind)] if meaning.kind else []
    resource: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "id": str(uuid.uuid5(_NAMESPACE, f"{site}/{event.segment}/{event.seq}")),
        "type": _coding(meaning.event),
        "subtype": [*subtypes, own],
        "action": meaning.action,
        "recorded": _instant(event.wall),
        "outcome": _OUTCOMES[entry.outcome],
        "agent": _agents(event),
        "source": {
            "site": site,
            "observer": {"display": _filled(event.workstation)},
            "type": [{"system": _SOURCE_TYPE, "code": "1", "display": "User Device"}],
        },
        "entity": _entities(event, meaning.life_cycle),
    }
    if entry.patient_id is not None:
        profile = _PATIENT_PROFILE.format(_BY_ACTION[meaning.action])
        resource["meta"] = {"profile": [profile]}
    if entry.outcome is not Outcome.DONE or entry.why:
        words = " · ".join(each for each in (entry.outcome.value, entry.why) if each.strip())
        resource["outcomeDesc"] = words
    if entry.purpose.strip():
        resource["purposeOfEvent"] = [{"text": entry.purpose}]
    return resource


def _agents(event: Event) -> list[dict[str, Any]]:
    actor, entry = event.entry.actor, event.entry
    who: dict[str, Any] = {"display": _filled(actor.name)}
    if actor.user_id is not None:
        who["identifier"] = {"system": _USER_ID, "value": actor.user_id}
    program = Code("110150", "DCM", "Application")
    first: dict[str, Any] = {
        "who": who,
        "name": _filled(actor.name),
        "requestor": True,
        "network": {"address": _filled(event.workstation), "type": "1"},
    }
    if actor.user_id is None:
        first["type"] = {"coding": [_coding(program)]}
    if actor.role.strip():
        first["role"] = [{"text": actor.role}]
    agents = [first]
    if entry.recipient.strip():
        media = _coding(Code("110152", "DCM", "Destination Role ID"))
        agents.append({
            "type": {"coding": [media]},
            "who": {"display": entry.recipient},
            "name": entry.recipient,
            "requestor": False,
        })  # fmt: skip
    return agents


def _entities(event: Event, life_cycle: str) -> list[dict[str, Any]]:
    entry = event.entry
    found: list[dict[str, Any]] = []
    if entry.patient_id is not None:
        patient = {"system": _PATIENT_ID, "value": entry.patient_id}
        found.append(_entity("1", "Person", "1", "Patient", {"identifier": patient}))
    for place, object_id in enumerate(entry.objects):
        identifier = {"system": _OBJECT_ID, "value": object_id}
        made = _entity("2", "System Object", "4", "Domain Resource", {"identifier": identifier})
        made["lifecycle"] = {"system": _LIFE_CYCLE, "code": life_cycle}
        if place < len(entry.digests):
            made["detail"] = [{"type": "sha-256", "valueString": entry.digests[place]}]
        found.append(made)
    place_of = {"identifier": {"system": _OWN, "value": f"{event.segment}/{event.seq}"}}
    own = _entity("2", "System Object", "13", "Security Resource", place_of)
    own["detail"] = _details(event)
    found.append(own)
    return found


def _details(event: Event) -> list[dict[str, str]]:
    """What has no place of its own in an AuditEvent."""
    entry = event.entry
    told: list[tuple[str, object]] = [("seconds since start-up", event.boot_s)]
    told += [("bytes", entry.size_bytes), ("ends entry", entry.refers_to)]
    told += [("of part", entry.refers_in)]
    told += [("sha-256", each) for each in entry.digests[len(entry.objects) :]]
    return [{"type": name, "valueString": str(value)} for name, value in told if value is not None]


def _entity(
    kind: str, kind_words: str, role: str, role_words: str, what: dict[str, Any]
) -> dict[str, Any]:
    return {
        "what": what,
        "type": {"system": _OBJECT_TYPE, "code": kind, "display": kind_words},
        "role": {"system": _OBJECT_ROLE, "code": role, "display": role_words},
    }


def _coding(code: Code) -> dict[str, str]:
    system = _DCM if code.system == "DCM" else f"{_OWN}:{code.system.lower()}"
    return {"system": system, "code": code.code, "display": code.meaning}


def _instant(when: datetime) -> str:
    return when.isoformat(timespec="milliseconds")


def _filled(text: str) -> str:
    """Return a text that FHIR takes: never empty, and not of blanks alone."""
    return text if text.strip() else "unknown"
