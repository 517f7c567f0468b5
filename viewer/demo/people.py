"""The patients of the demo practice: obviously fictional. Pure, any thread."""

from __future__ import annotations

import hashlib
from datetime import date, time

from viewer.model.ids import PatientId, StudyUid
from viewer.model.patient import Patient, Study


def _patient(chart: str, family: str, given: str, born: date, sex: str) -> Patient:
    key = hashlib.sha256(f"demo patient {chart}".encode()).hexdigest()[:32]
    return Patient(PatientId(key), chart, family, given, born, sex, f"{family}^{given}")


ADA = _patient("DEMO-0001", "Sample", "Ada", date(1987, 4, 12), "F")
LONG = _patient(
    "DEMO-0002", "Featherstonehaugh-Demonstrationsson", "Maximilian", date(1961, 9, 30), "M"
)
LAYLA = _patient("DEMO-0003", "تجربة", "ليلى", date(1994, 2, 28), "F")
CHILD = _patient("DEMO-0004", "Musterkind", "Max", date(2014, 6, 1), "M")
OSKAR = _patient("DEMO-0005", "Nullmann", "Oskar", date(1978, 12, 24), "O")

PATIENTS = (ADA, LONG, LAYLA, CHILD, OSKAR)


def visit(patient: Patient, day: date, description: str, at: time = time(9, 30)) -> Study:
    """A visit of a demo patient; its uid depends on nothing but these."""
    return Study(
        StudyUid(demo_uid(patient.chart_number, day.isoformat(), description)),
        patient.id,
        day,
        at,
        description,
    )


def demo_uid(*words: str) -> str:
    """A uid under 2.25 (PS3.5 B.2) that is the same at each start.

    >>> demo_uid("a") == demo_uid("a") != demo_uid("b")
    True
    """
    number = int.from_bytes(hashlib.sha256("\n".join(words).encode()).digest()[:16], "big")
    return f"2.25.{number}"
