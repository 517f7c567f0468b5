"""People are found by any group of their name, in any script, as they are read in a file."""

from __future__ import annotations

from pathlib import Path

import attrs

from tests.support.practice import OFFICER, PASSWORD, a_patient, open_clinic
from viewer.app.use_cases import library
from viewer.model.ids import PatientId, new_id

NAMES = {
    "Yamada^Tarou=山田^太郎=やまだ^たろう": ("yamada", "山田", "太郎", "やまだ"),
    "Hong^Gildong=洪^吉洞=홍^길동": ("gildong", "洪", "길동"),
    "Wang^XiaoDong=王^小东": ("wang", "小东"),
    "שרון^דבורה": ("שרון", "דבורה"),
    "قباني^نزار": ("قباني", "نزار"),
    "Люксембург^Роза": ("люксембург", "РОЗА"),
    "Διονυσίου^Άννα": ("διονυσιου", "αννα"),
    "สมชาย^ใจดี": ("สมชาย", "ใจดี"),
    "Łukasiewicz^Świętosława": ("lukasiewicz", "swietoslawa"),
    "Adams^John Robert Quincy^^Rev.^B.A. M.Div.": ("adams", "quincy", "m.div"),
}


def test_people_are_found_by_every_group_of_their_name(tmp_path: Path) -> None:
    with open_clinic(tmp_path / "store") as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        for number, name in enumerate(NAMES):
            family, _, given = name.split("=")[0].partition("^")
            person = attrs.evolve(
                a_patient(family, str(7000 + number)), id=PatientId(new_id()), given_name=given,
                raw_name=name,
            )  # fmt: skip
            clinic.vault.add_patient(person)
        for name, words in NAMES.items():
            for word in words:
                found = library.find_patients(clinic, library.FindPatients(word))
                assert name in [row.patient.raw_name for row in found], word
