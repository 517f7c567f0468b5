"""Writing a bundle: the stock age tool opens it, and what fails or is cancelled leaves no file."""

from __future__ import annotations

import os
import pty
import subprocess
import zipfile
from io import BytesIO
from pathlib import Path

import attrs
import pytest

from tests.support import shares
from tests.support.tools import require_tool
from viewer.crypto.agefile import new_identity, open_with_passphrase
from viewer.crypto.secret import Secret
from viewer.model.errors import Cancelled, UserError
from viewer.redact.errors import PlanUnconfirmed, VerifyFailed
from viewer.redact.plan import Fate, make_plan
from viewer.redact.profiles import profile_named
from viewer.share.container import unpack
from viewer.share.errors import BundleNotWritten
from viewer.share.formats.age_bundle import ToPassphrase, ToRecipients, write_bundle
from viewer.share.open import open_bundle

KEY = Secret(bytes(range(32)))


def test_the_age_tool_opens_a_bundle_for_a_key_and_the_bytes_agree(tmp_path: Path) -> None:
    age = require_tool("age")
    secret, public = new_identity()
    subject = shares.a_panoramic()
    path, identity = tmp_path / "share.age", tmp_path / "key.txt"
    identity.write_text(secret + "\n")
    write_bundle(path, shares.a_plan("referral", subject), [subject], KEY, ToRecipients((public,)))
    opened = subprocess.run(
        [age, "-d", "-i", str(identity), str(path)], capture_output=True, check=True, timeout=60
    ).stdout
    ours = open_bundle(path, secret)
    with zipfile.ZipFile(BytesIO(opened)) as archive:
        assert archive.testzip() is None
        assert archive.read("IMAGES/IM000001") == ours.images[0].dicom_files[0]
        assert archive.read("PREVIEWS/PV000001.PNG") == ours.images[0].preview_png


def test_the_age_tool_opens_a_bundle_by_its_passphrase(tmp_path: Path) -> None:
    age = require_tool("age")
    subject = shares.a_panoramic()
    path, out = tmp_path / "share.age", tmp_path / "out.zip"
    receipt = write_bundle(path, shares.a_plan("referral", subject), [subject], KEY)
    assert receipt.passphrase is not None
    child, terminal = pty.fork()
    if child == 0:
        os.execv(age, [age, "-d", "-o", str(out), str(path)])  # noqa: S606 - age asks on a terminal
    os.write(terminal, receipt.passphrase.encode() + b"\n")
    _drain(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert out.read_bytes() == open_with_passphrase(path.read_bytes(), receipt.passphrase)
    assert len(receipt.passphrase.split(" ")) == 6


def _drain(terminal: int) -> None:
    try:
        while os.read(terminal, 1024):
            pass
    except OSError:
        os.close(terminal)


def test_a_cancelled_share_leaves_no_file_at_any_step(tmp_path: Path) -> None:
    subject = shares.a_volume(planes=2)
    plan = shares.a_plan("referral", subject)
    for step in range(6):
        asked = iter([False] * step + [True] * 99)
        with pytest.raises(Cancelled):
            write_bundle(
                tmp_path / "share.age",
                plan,
                [subject],
                KEY,
                ToRecipients((new_identity()[1],)),
                is_cancelled=lambda asked=asked: next(asked),  # type: ignore[misc]
            )
        assert list(tmp_path.iterdir()) == []


def test_a_share_that_does_not_verify_does_not_leave(tmp_path: Path) -> None:
    subject = shares.a_panoramic(PatientAddress="Mirabellenweg 12")
    plan = shares.a_plan("referral", subject)
    actions = tuple(
        attrs.evolve(a, fate=Fate.KEEP) if a.name == "PatientAddress" else a
        for a in plan.images[0].actions[0]
    )
    bad = attrs.evolve(plan, images=(attrs.evolve(plan.images[0], actions=(actions,)),))
    with pytest.raises(VerifyFailed):
        write_bundle(tmp_path / "x.age", bad, [subject], KEY, ToRecipients((new_identity()[1],)))
    assert list(tmp_path.iterdir()) == []


def test_an_unconfirmed_plan_leaves_no_file(tmp_path: Path) -> None:
    subject = shares.a_panoramic(BurnedInAnnotation="YES")
    plan = make_plan([subject], profile_named("referral"), shares.FACTS)
    with pytest.raises(PlanUnconfirmed):
        write_bundle(tmp_path / "x.age", plan, [subject], KEY)
    assert list(tmp_path.iterdir()) == []


def test_a_destination_that_is_gone_is_told_plainly(tmp_path: Path) -> None:
    subject = shares.a_panoramic()
    plan = shares.a_plan("referral", subject)
    with pytest.raises(BundleNotWritten, match="could not be written") as caught:
        write_bundle(
            tmp_path / "no" / "x.age", plan, [subject], KEY, ToRecipients((new_identity()[1],))
        )
    assert str(tmp_path) not in str(caught.value)


def test_an_older_file_of_that_name_stays_until_the_new_one_is_verified(tmp_path: Path) -> None:
    path = tmp_path / "share.age"
    path.write_bytes(b"older")
    subject = shares.a_panoramic()
    plan = shares.a_plan("referral", subject)
    with pytest.raises(Cancelled):
        write_bundle(path, plan, [subject], KEY, is_cancelled=lambda: True)
    assert path.read_bytes() == b"older"


def test_a_weak_passphrase_and_a_wrong_key_are_refused(tmp_path: Path) -> None:
    subject = shares.a_panoramic()
    plan = shares.a_plan("referral", subject)
    for seal in (ToPassphrase("secret"), ToRecipients(("age1nonsense",))):
        with pytest.raises(UserError):
            write_bundle(tmp_path / "x.age", plan, [subject], KEY, seal)
    assert list(tmp_path.iterdir()) == []


def test_receipt_and_manifest_show_no_passphrase_and_the_same_plan_gives_the_same_files(
    tmp_path: Path,
) -> None:
    subject = shares.a_panoramic()
    plan = shares.a_plan("referral", subject)
    secret, public = new_identity()
    contents = []
    for name in ("one.age", "two.age"):
        receipt = write_bundle(tmp_path / name, plan, [subject], KEY, ToRecipients((public,)))
        assert "passphrase" not in repr(receipt)
        contents.append(open_bundle(tmp_path / name, secret).images)
    assert contents[0] == contents[1]
    assert unpack.__doc__
