from __future__ import annotations

import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pydicom
import pytest
from pydicom.dataelem import RawDataElement

from viewer.dicom.attributes import patient_of, text_doubts
from viewer.dicom.charset import Doubt, Repertoire
from viewer.dicom.parse import parse
from viewer.model.patient import name_groups

SAMPLES = Path(str(files("pydicom"))) / "data" / "charset_files"
WITH_A_NAME = sorted(
    path.name for path in SAMPLES.glob("chr*.dcm") if "SQEncoding" not in path.name
)

EXAMPLES = {
    # PS3.5 annexes H.3, I.2, J, K.2 and the multi-value examples of H.3.2
    "H.3-1": (
        ["", "ISO 2022 IR 87"],
        b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
    ),
    "H.3-2": (
        ["ISO 2022 IR 13", "ISO 2022 IR 87"],
        (
            b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J="
            b"\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J"
        ),
        "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
    ),
    "I.2": (
        ["", "ISO 2022 IR 149"],
        (
            b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7="
            b"\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf"
        ),
        "Hong^Gildong=洪^吉洞=홍^길동",
    ),
    "J.1": (
        ["ISO_IR 192"],
        b"Wang^XiaoDong=\xe7\x8e\x8b^\xe5\xb0\x8f\xe6\x9d\xb1=",
        "Wang^XiaoDong=王^小東=",
    ),
    "J.3": (["GB18030"], b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=", "Wang^XiaoDong=王^小东="),
    "K.2": (
        ["", "ISO 2022 IR 58"],
        b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=",
        "Zhang^XiaoDong=张^小东=",
    ),
    "a kanji with the bytes of an equals sign": (
        ["", "ISO 2022 IR 87"],
        b"Haruko==\x1b$B=U;R\x1b(B",
        "Haruko==春子",
    ),
    "a kanji with the byte of a backslash": (["GBK"], b"\x8c\x5c^a", "孿^a"),
    "a rare kanji of JIS X 0212": (["", "ISO 2022 IR 159"], b"\x1b$(D0!\x1b(B", "丂"),
    "Latin and Cyrillic": (
        ["ISO 2022 IR 100", "ISO 2022 IR 144"],
        b"M\xfcller^\x1b-L\xb8\xd2\xd0\xdd",
        "Müller^Иван",
    ),
    "the right half goes back at a caret": (
        ["ISO 2022 IR 100", "ISO 2022 IR 126"],
        b"\x1b-F\xc4^\xc4",
        "Δ^Ä",
    ),
}

SINGLE = {
    "ISO_IR 100": "Äneas^Rüdiger",
    "ISO_IR 101": "Wałęsa^Świętosława",
    "ISO_IR 109": "Ĝĥĉ",
    "ISO_IR 110": "Ķēniņš",
    "ISO_IR 144": "Люксембург",
    "ISO_IR 127": "قباني",
    "ISO_IR 126": "Διονυσιος",
    "ISO_IR 138": "שרון^דבורה",
    "ISO_IR 148": "Çavuşoğlu",
    "ISO_IR 203": "Œuvre^Šž€",
    "ISO_IR 166": "สมชาย",
    "ISO_IR 13": "ﾔﾏﾀﾞ^ﾀﾛｳ",
    "ISO_IR 192": "Müller=王=홍",
    "GB18030": "陈^小东",
    "GBK": "陈^小东",
}
CODECS = {
    "ISO_IR 100": "latin-1", "ISO_IR 101": "iso8859-2", "ISO_IR 109": "iso8859-3",
    "ISO_IR 110": "iso8859-4", "ISO_IR 144": "iso8859-5", "ISO_IR 127": "iso8859-6",
    "ISO_IR 126": "iso8859-7", "ISO_IR 138": "iso8859-8", "ISO_IR 148": "iso8859-9",
    "ISO_IR 203": "iso8859-15", "ISO_IR 166": "tis-620", "ISO_IR 13": "shift_jis",
    "ISO_IR 192": "utf-8", "GB18030": "gb18030", "GBK": "gbk",
}  # fmt: skip

BROKEN = {
    "nothing declared, UTF-8": ([], "Müller", "utf-8", Doubt.UNDECLARED, "UTF-8"),
    "nothing declared, Latin": ([], "Jérôme", "latin-1", Doubt.UNDECLARED, "ISO 8859-1"),
    "nothing declared, kanji": ([], "山田^太郎", "shift_jis", Doubt.UNDECLARED, "Shift JIS"),
    "nothing declared, Windows": ([], "Šimek", "cp1252", Doubt.UNDECLARED, "Windows"),
    "ASCII declared, Latin": (["ISO_IR 6"], "Müller", "latin-1", Doubt.MISDECLARED, "ISO 8859-1"),
    "a hyphen for a line": (["ISO-IR 100"], "Müller", "latin-1", Doubt.MISSPELLED, "ISO 8859-1"),
    "latin1": (["latin1"], "Müller", "latin-1", Doubt.MISSPELLED, "ISO 8859-1"),
    "UTF8": (["UTF8"], "Müller", "utf-8", Doubt.MISSPELLED, "UTF-8"),
    "ISO8859-5": (["ISO8859-5"], "Иван", "iso8859-5", Doubt.MISSPELLED, "ISO 8859-5"),
    "Latin declared, UTF-8": (["ISO_IR 100"], "Müller", "utf-8", Doubt.MISDECLARED, "UTF-8"),
    "UTF-8 declared, Latin": (["ISO_IR 192"], "Müller", "latin-1", Doubt.MISDECLARED, "8859-1"),
    "kanji without escapes": (
        ["", "ISO 2022 IR 87"], "山田^太郎", "shift_jis", Doubt.MISDECLARED, "Shift JIS",
    ),
    "hangul without escapes": (
        ["", "ISO 2022 IR 149"], "김^희중", "euc_kr", Doubt.MISDECLARED, "EUC Korean",
    ),
    "kanji declared as katakana": (
        ["ISO_IR 13"], "山田^太郎", "shift_jis", Doubt.MISDECLARED, "Shift JIS",
    ),
    "a set that nobody knows": (["bogus"], "Müller", "latin-1", Doubt.UNDECLARED, "ISO 8859-1"),
}  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES)
def test_names_of_the_standard_are_read_as_it_prints_them(example: str) -> None:
    declared, raw, name = EXAMPLES[example]
    reading = Repertoire.of(declared).read_name(raw)
    assert (reading.text, reading.doubt) == (name, Doubt.NONE)


@pytest.mark.parametrize("term", SINGLE)
def test_every_single_set_reads_its_letters_without_a_doubt(term: str) -> None:
    raw = SINGLE[term].encode(CODECS[term])
    reading = Repertoire.of([term]).read_name(raw)
    assert (reading.text, reading.doubt) == (SINGLE[term], Doubt.NONE)


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_declaration_is_read_and_the_reading_says_so(case: str) -> None:
    declared, name, codec, doubt, read_as = BROKEN[case]
    reading = Repertoire.of(declared).read_name(name.encode(codec))
    assert (reading.text, reading.doubt) == (name, doubt)
    assert read_as in reading.words("The name")


def test_plain_letters_raise_no_doubt_whatever_is_declared() -> None:
    assert Repertoire.of(["bogus", "latin1"]).read_name(b"Doe^John").doubt is Doubt.NONE


def test_an_escape_to_a_set_that_is_not_declared_is_followed_with_a_doubt() -> None:
    reading = Repertoire.of(["ISO_IR 100"]).read_name(b"\x1b$B;3ED\x1b(B")
    assert (reading.text, reading.doubt) == ("山田", Doubt.MISDECLARED)


def test_a_set_that_is_switched_to_once_for_a_whole_name_is_read_with_a_doubt() -> None:
    reading = Repertoire.of(["", "ISO 2022 IR 149"]).read_name(b"\x1b$)C\xb1\xe8^\xc8\xf1\xc1\xdf")
    assert (reading.text, reading.doubt) == ("김^희중", Doubt.MISDECLARED)


def test_bytes_of_no_set_leave_marks_and_never_a_name() -> None:
    reading = Repertoire.of(["ISO_IR 192"]).read_name(b"M\x81\x8d\xffx")
    assert reading.doubt is Doubt.UNREADABLE
    assert reading.text == "M\ufffd\ufffd\ufffdx"


@pytest.mark.parametrize("tail", [b"\x1b", b"\x1b$", b"\x1b$B", b"\x1b$B;", b"\x1b$)C\xb1"])
def test_a_name_that_ends_within_a_switch_is_no_error(tail: bytes) -> None:
    assert Repertoire.of(["", "ISO 2022 IR 87"]).read_name(b"Doe" + tail).text.startswith("Doe")


@pytest.mark.parametrize("name", WITH_A_NAME)
def test_real_files_read_as_pydicom_reads_them(name: str) -> None:
    path = SAMPLES / name
    patient = patient_of(parse(memoryview(path.read_bytes())).header)
    assert patient.raw_name == str(pydicom.dcmread(path).PatientName).rstrip("=")
    assert patient.name_doubt == ""


@pytest.mark.parametrize("name", WITH_A_NAME)
def test_real_files_read_as_dcmtk_reads_them(name: str) -> None:
    if shutil.which("dcmdump") is None:
        pytest.skip("dcmtk is not installed")
    command = ["dcmdump", "-q", "+U8", "+L", "+P", "0010,0010", str(SAMPLES / name)]
    found = subprocess.run(command, capture_output=True, check=False).stdout.decode("utf-8")
    if not found and "87" in str(pydicom.dcmread(SAMPLES / name).SpecificCharacterSet):
        pytest.skip("this dcmtk was built without Japanese sets")
    said = found[found.index("[") + 1 : found.rindex("]")]
    mine = patient_of(parse(memoryview((SAMPLES / name).read_bytes())).header)
    assert mine.raw_name == said.strip().rstrip("=")


def _header(declared: bytes, name: bytes) -> pydicom.Dataset:
    ds = pydicom.Dataset()
    for tag, vr, value in ((0x00080005, "CS", declared), (0x00100010, "PN", name)):
        raw = RawDataElement(pydicom.tag.Tag(tag), vr, len(value), value, 0, False, True)
        ds[raw.tag] = raw
    return ds


def test_a_guessed_name_carries_its_doubt_into_the_chart_and_onto_the_image() -> None:
    ds = _header(b"", "Müller^Jörg".encode())
    patient = patient_of(ds)
    assert (patient.family_name, patient.given_name) == ("Müller", "Jörg")
    assert "does not declare; read as UTF-8." in patient.name_doubt
    assert text_doubts(ds) == (
        (
            "The patient's name is written in a character set that the file does not declare;"
            " read as UTF-8."
        ),
    )


def test_a_name_without_letters_shows_its_ideographs_first() -> None:
    patient = patient_of(_header(b"ISO_IR 192", "=山田^太郎=やまだ^たろう".encode()))
    assert patient.display_name == "山田, 太郎"
    assert patient.whole_name == "山田, 太郎 (やまだ たろう)"


def test_all_five_components_and_three_groups_are_told_apart() -> None:
    groups = name_groups("Adams^John Robert^Quincy^Rev.^B.A. M.Div.=山田^太郎")
    assert groups[0].words == "Rev. Adams John Robert Quincy B.A. M.Div."
    assert groups[1].family == "山田"
    assert groups[2].words == ""


def test_a_name_cannot_turn_the_words_around_it() -> None:
    patient = patient_of(_header(b"ISO_IR 192", "Doe\u202e^\u2069John".encode()))
    assert patient.display_name == "Doe, John"
