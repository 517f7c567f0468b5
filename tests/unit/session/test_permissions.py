"""Roles as data: who may what, and with which keys."""

from __future__ import annotations

import pytest

from viewer.session.permissions import (
    KEY_NEEDED,
    KeyName,
    Permission,
    parse_roles,
    roles,
)

GOOD = '[x]\ntitle = "X"\nwords = "x"\nmay = ["view images"]\nholds = ["images"]\n'


def test_every_role_that_was_asked_for_is_there() -> None:
    assert set(roles()) == {
        "owner",
        "security_officer",
        "dentist",
        "hygienist",
        "assistant",
        "front_desk",
        "auditor",
        "consultant",
    }


def test_an_auditor_holds_no_key_to_images_or_shares() -> None:
    assert roles()["auditor"].holds == {KeyName.TRAIL}


@pytest.mark.parametrize("role_id", ["assistant", "auditor", "consultant"])
def test_who_may_not_share_holds_no_key_to_sign_with(role_id: str) -> None:
    role = roles()[role_id]
    assert not role.allows(Permission.SHARE_IMAGES)
    assert KeyName.SHARE not in role.holds


def test_every_right_comes_with_the_key_it_needs() -> None:
    lacking = [
        (role.id, permission)
        for role in roles().values()
        for permission in role.may
        if permission in KEY_NEEDED and KEY_NEEDED[permission] not in role.holds
    ]
    assert lacking == []


@pytest.mark.parametrize(
    "broken",
    [
        GOOD.replace("view images", "view everything"),
        GOOD.replace('holds = ["images"]', "holds = []"),
        GOOD.replace('"view images"', '"manage accounts"'),
        GOOD.replace('"view images"', '"open to all"'),
        GOOD + "extra = 1\n",
    ],
)
def test_a_table_that_makes_no_sense_is_refused(broken: str) -> None:
    assert list(parse_roles(GOOD)) == ["x"]
    with pytest.raises(ValueError, match=r"role x|not a valid"):
        parse_roles(broken)
