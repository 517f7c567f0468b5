"""Whose chart an arriving image belongs to.

The rule for now is strict: the same chart number of the same issuer, the same family name and the
same birth date. Where a number is known but name or birth date differ, nothing is merged: a chart
of its own is made and the images carry a note, so that nothing enters the wrong chart silently.
"""

from __future__ import annotations

import attrs

from viewer.model.ids import PatientId, new_id
from viewer.model.patient import Patient
from viewer.vault.store import Vault

OTHER_CHART = "Another patient has the same chart number: compare both before treatment."
NO_CHART_NUMBER = "The file names no chart number."


def place_patient(vault: Vault, arriving: Patient) -> tuple[Patient, str]:
    """Find or make the chart for a patient as a file describes him.

    Returns
    -------
    patient : Patient
        The chart's patient, with its id.
    note : str
        A doubt for the images' notes; empty if there is none.
    """
    same_number = vault.find_patient(arriving.chart_number)
    mine = [known for known in same_number if is_same_person(known, arriving)]
    has_namesake = len(same_number) > len(mine)
    if mine:
        patient = mine[0]
    else:
        patient = attrs.evolve(arriving, id=PatientId(new_id()))
        vault.add_patient(patient)
    if not arriving.chart_number:
        return patient, NO_CHART_NUMBER
    return patient, OTHER_CHART if has_namesake else ""


def is_same_person(known: Patient, arriving: Patient) -> bool:
    """Whether two descriptions agree in family name, given name and birth date.

    Case and surrounding spaces do not matter. Without any name and birth date two are never the
    same person.
    """
    if not (arriving.family_name or arriving.given_name or arriving.chart_number):
        return False
    return _key(known) == _key(arriving)


def _key(patient: Patient) -> tuple[str, str, object]:
    return (
        patient.family_name.strip().casefold(),
        patient.given_name.strip().casefold(),
        patient.birth_date,
    )
