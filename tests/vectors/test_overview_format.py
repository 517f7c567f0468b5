"""The overview in a real store, opened by the reader that was written from FORMAT.md alone."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import attrs
import numpy as np

from tests.unit.vault.made_up import new_keys, new_patient, new_picture
from tests.vectors.second_reader import open_object, read_overview
from viewer.imaging.overview import make_overview
from viewer.model.image import GreyScale, to_affine
from viewer.vault.overview import Overview
from viewer.vault.store import Vault

SHAPE = (3, 131, 200)
PADDING = -2000


def test_the_second_reader_finds_the_means_that_the_document_promises(tmp_path: Path) -> None:
    pixels = np.random.default_rng(2).integers(-1000, 3000, SHAPE, np.int16)
    pixels[:, :9, :9] = PADDING
    folder = tmp_path / "store"
    Vault.create(folder, new_keys())
    with Vault.open(folder, new_keys()) as vault:
        patient = new_patient()
        vault.add_patient(patient)
        made = new_picture(patient.id, pixels)
        grey = GreyScale(bits_stored=16, minimum=-1000, maximum=3000, padding_from=PADDING)
        place = to_affine(np.eye(4))
        made = attrs.evolve(made, record=attrs.evolve(made.record, grey=grey, affine_lps=place))
        vault.put_picture(
            made.study, made.series, made.record, made.pixels, made.headers, made.thumbnail,
            overview=lambda: Overview(*make_overview(made.record, pixels)),
        )  # fmt: skip
        size = 8 + 2 * 3 * 66 * 100
        (path,) = [
            path
            for path in (folder / "objects").rglob("*")
            if path.is_file() and path.stat().st_size == 80 + size + 16
        ]
        with vault._sealed.patient_key(patient.id) as key:
            plain = open_object(path.read_bytes(), bytes(key.view()), path.name)
    factors, counts, values = read_overview(plain, "int16", SHAPE)
    assert (factors, counts) == ((1, 2, 2), (3, 66, 100))
    for at, (k, j, i) in enumerate(product(*map(range, counts))):
        box = pixels[k, 2 * j : 2 * j + 2, 2 * i : 2 * i + 2]
        real = box[box != PADDING].astype(int)
        expected = (2 * real.sum() + real.size) // (2 * real.size) if real.size else PADDING
        assert values[at] == expected
