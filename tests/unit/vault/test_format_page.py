"""What FORMAT.md says of names and spellings is so."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from viewer.crypto.secret import Secret
from viewer.session.recovery import RecoveryKey
from viewer.vault.catalog.connection import Catalog
from viewer.vault.keeping.rules import Quota, Rules, defaults, rules_text

_VAULT = Path(__file__).resolve().parents[3] / "viewer" / "vault"
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def test_every_table_and_column_stands_on_the_page_in_its_order(tmp_path: Path) -> None:
    page = (_VAULT / "FORMAT.md").read_text(encoding="utf-8")
    section = page[page.index("| table | columns |") :]
    said = {
        row[1]: re.findall(r"`(\w+)`", row[2])
        for row in re.finditer(r"^\| `(\w+)` \| (.*) \|$", section[: section.index("\n\n")], re.M)
    }
    catalog = Catalog(tmp_path / "catalog.db", Secret(b"c" * 32))
    sql = "SELECT name FROM sqlite_master WHERE type = 'table'"
    with catalog.read() as cursor:
        names = [str(row[0]) for row in cursor.execute(sql).fetchall()]
        found = {
            name: [str(row[1]) for row in cursor.execute(f"PRAGMA table_info({name})").fetchall()]
            for name in names
            if not name.startswith(("patient_words_", "sqlite_"))
        }
    catalog.close()
    assert said == found


def test_the_recovery_key_is_spelt_as_the_page_says() -> None:
    key = RecoveryKey(Secret(bytes(range(32))))
    groups = key.text.split("-")
    assert [len(group) for group in groups] == [4] * 14
    bits = "".join(f"{_ALPHABET.index(character):05b}" for character in "".join(groups))
    raw = int(bits, 2).to_bytes(35)
    private, checksum = raw[:32], raw[32:]
    assert private == bytes(range(32))
    assert checksum == hashlib.sha256(b"bitewing recovery key v1" + private).digest()[:3]
    typed = key.text.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert bytes(RecoveryKey.from_text(typed).private.view()) == private


def test_the_rules_of_keeping_have_the_keys_that_the_page_names() -> None:
    page = (_VAULT / "FORMAT.md").read_text(encoding="utf-8")
    told = page[page.index("`rules` is the JSON object") :]
    told = told[: told.index("\n\n")]
    found = json.loads(rules_text(Rules(defaults(), Quota(percent=5))))
    keys = {*found, *found["retention"], *found["quota"]}
    assert keys == set(re.findall(r"`(\w+)`", told)) - {"rules"}
