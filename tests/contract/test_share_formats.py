"""What every share format keeps: one suite, all formats."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from io import BytesIO
from pathlib import Path

import attrs
import numpy as np
import pydicom
import pytest

from tests.support import shares
from viewer.crypto.agefile import new_identity
from viewer.crypto.secret import Secret
from viewer.model.errors import BitewingError, Cancelled
from viewer.redact.plan import RedactionPlan, ShareSubject
from viewer.share.formats.age_bundle import ToRecipients, write_bundle
from viewer.share.open import OpenedBundle, open_bundle

KEY = Secret(bytes(range(32)))
TODAY = date(2026, 12, 1)


@attrs.frozen
class Format:
    """How a format writes and how this program opens it again."""

    write: Callable[[Path, RedactionPlan, list[ShareSubject], Callable[[], bool]], object]
    open: Callable[[Path], OpenedBundle]


def _age_to_a_key() -> Format:
    secret, public = new_identity()
    seal = ToRecipients((public,))
    return Format(
        lambda path, plan, subjects, stop: write_bundle(
            path, plan, subjects, KEY, seal, is_cancelled=stop
        ),
        lambda path: open_bundle(path, secret, today=TODAY),
    )


FORMATS = {"age bundle": _age_to_a_key}


@pytest.fixture(params=FORMATS)
def share_format(request: pytest.FixtureRequest) -> Format:
    return FORMATS[request.param]()


def test_what_is_opened_is_what_was_planned(share_format: Format, tmp_path: Path) -> None:
    patient = shares.somebody()
    subjects = [shares.a_panoramic(patient), shares.a_volume(patient, planes=3)]
    plan, path = shares.a_plan("referral", *subjects), tmp_path / "share"
    share_format.write(path, plan, subjects, lambda: False)
    opened = share_format.open(path)
    flat, volume = opened.images
    rows = subjects[0].pixels.shape[0]
    picture = pydicom.dcmread(BytesIO(flat.dicom_files[0])).pixel_array
    planes = [pydicom.dcmread(BytesIO(one)).pixel_array for one in volume.dicom_files[:3]]
    assert np.array_equal(picture[:rows], subjects[0].pixels)
    assert np.array_equal(np.stack(planes), subjects[1].pixels)


def test_no_name_is_readable_in_the_sealed_file(share_format: Format, tmp_path: Path) -> None:
    subject, path = shares.a_panoramic(), tmp_path / "share"
    share_format.write(path, shares.a_plan("referral", subject), [subject], lambda: False)
    assert b"uastenflosser" not in path.read_bytes()


def test_a_flipped_bit_anywhere_is_refused(share_format: Format, tmp_path: Path) -> None:
    subject, path = shares.a_panoramic(), tmp_path / "share"
    share_format.write(path, shares.a_plan("referral", subject), [subject], lambda: False)
    whole = path.read_bytes()
    for place in range(0, len(whole), max(1, len(whole) // 25)):
        raw = bytearray(whole)
        raw[place] ^= 0x10
        path.write_bytes(raw)
        with pytest.raises(BitewingError):
            share_format.open(path)


def test_a_cancelled_share_leaves_nothing(share_format: Format, tmp_path: Path) -> None:
    subject = shares.a_panoramic()
    with pytest.raises(Cancelled):
        share_format.write(
            tmp_path / "share", shares.a_plan("referral", subject), [subject], lambda: True
        )
    assert list(tmp_path.iterdir()) == []
