"""Whoever asks who saw a patient finds every way in which somebody did."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.support.practice import OFFICER, PASSWORD, a_patient, open_clinic, write_images
from viewer.app.clinic import Clinic
from viewer.app.errors import DestinationRefused
from viewer.app.use_cases import importing, library, reports, review, sharing
from viewer.model.image import ImageRecord
from viewer.session.audit.events import EventKind

Two = tuple[Clinic, list[ImageRecord]]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    """A practice with a bitewing of each of two patients."""
    folder = tmp_path_factory.mktemp("two")
    for seed, (family, chart) in enumerate((("Example", "1001"), ("Other", "1002"))):
        write_images(folder / "in" / family, a_patient(family, chart), cbct=False, seed=seed)
    with open_clinic(folder / "store") as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        report = importing.import_paths(clinic, importing.ImportPaths((folder / "in",)))
        records = {each.record.patient_id: each.record for each in report.stored}
        yield clinic, list(records.values())


def why_of(clinic: Clinic, record: ImageRecord, kind: EventKind) -> list[str]:
    access = review.who_saw(clinic, review.WhoSaw(record.patient_id))
    return [each.entry.why for each in access.seen if each.kind is kind]


def test_listing_one_patient_by_number_is_an_entry_of_that_patient(two: Two) -> None:
    clinic, (first, second) = two
    chart = clinic.vault.patient(first.patient_id).chart_number
    library.list_store(clinic, library.ListStore(chart))
    assert any("store listing" in why for why in why_of(clinic, first, EventKind.LIST))
    assert not any("store listing" in why for why in why_of(clinic, second, EventKind.LIST))


def test_a_preview_of_images_of_two_patients_is_an_entry_of_each(two: Two) -> None:
    clinic, records = two
    images = tuple(record.id for record in records)
    sharing.plan_share(clinic, sharing.PlanShare(images, "teaching"))
    for record in records:
        assert any("share preview" in why for why in why_of(clinic, record, EventKind.VIEW))


def test_the_table_of_an_accounting_takes_not_the_place_of_the_accounting(
    two: Two, tmp_path: Path
) -> None:
    clinic, (first, _) = two
    request = reports.AccountDisclosures(first.patient_id, date(2026, 11, 22), tmp_path / "a.csv")
    with pytest.raises(DestinationRefused):
        reports.account_disclosures(clinic, request)
    assert not list(tmp_path.iterdir())
