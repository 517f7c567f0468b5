"""Patients and holds as the windows of the store show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from viewer.app.clinic import Clinic
from viewer.app.jobs import JobControl
from viewer.app.use_cases import outlook
from viewer.model.ids import PatientId
from viewer.model.patient import Patient
from viewer.ui import store_ports


def found_patient(patient: Patient) -> store_ports.FoundPatient:
    """Return a patient as one is picked from a list."""
    return store_ports.FoundPatient(
        patient.id, patient.chart_number, patient.whole_name, patient.birth_date
    )


def names_of(
    clinic: Clinic, patient_ids: Sequence[PatientId], control: JobControl
) -> Mapping[PatientId, Patient]:
    """Ask for the patients by id; empty where nobody is asked for."""
    if not patient_ids:
        return {}
    return outlook.name_patients(clinic, outlook.NamePatients(tuple(patient_ids)), control)


def named(patient_id: PatientId, names: Mapping[PatientId, Patient]) -> store_ports.FoundPatient:
    """Return a patient by id; of one who is gone, the beginning of the id."""
    patient = names.get(patient_id)
    if patient is None:
        return store_ports.FoundPatient(patient_id, patient_id[:8])
    return found_patient(patient)


def hold_of(
    clinic: Clinic, hold: outlook.Hold, names: Mapping[PatientId, Patient]
) -> store_ports.LegalHold:
    """Return a hold with the names of the patient and of who placed it."""
    people = {user.id: user.display_name for user in clinic.practice.users()}
    return store_ports.LegalHold(
        hold.number,
        named(hold.patient_id, names),
        hold.reason,
        people.get(hold.placed_by, "somebody"),
        hold.placed_at,
    )
