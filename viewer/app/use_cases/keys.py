"""New keys for the store, everything sealed anew, a patient erased: with what it leaves behind.

Each of them can be called again after a crash, a lock or a full disk, and goes on. An old epoch is
retired only when nothing needs it any more: not the store, and no backup that is out of reach.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import attrs

from viewer.app.clinic import Clinic
from viewer.app.errors import NothingChosen
from viewer.app.gate import Act, Subject, use_case
from viewer.model.ids import PatientId
from viewer.session.audit.events import EventKind
from viewer.session.permissions import KeyName, Permission
from viewer.vault.certificate import Certificate, digest_of_certificate, sign_certificate
from viewer.vault.records import Erased, VaultKeys
from viewer.vault.reseal import Resealed
from viewer.vault.rotation import Rotated


@attrs.frozen
class RotateKeys:
    """Begin a new epoch of the image key and bring everything to it; renew what else is due."""


@attrs.frozen
class KeysRotated:
    """What a rotation did; `pending` backups keep the older epochs from being retired."""

    rotated: Rotated
    retired: tuple[int, ...]
    pending: tuple[str, ...]


@use_case(permission=Permission.MANAGE_KEYS, event=EventKind.KEYS_ROTATED)
def rotate_keys(clinic: Clinic, request: RotateKeys, act: Act) -> KeysRotated:
    """Rotate the practice's image key: seconds, whatever the size of the images.

    The key that signs shares and the one that reads the trail are renewed with it where they are
    due; the trail then goes on in its next segment.
    """
    if KeyName.TRAIL in clinic.practice.rotation_due:
        clinic.renew_trail_key(act.session)
    if KeyName.SHARE in clinic.practice.rotation_due:
        act.session.begin_epoch([KeyName.SHARE])
    done = _to_new_epoch(clinic, act, ())
    clinic.keep_spare_copy(act.control.is_cancelled)
    act.outcome = Subject(why=_words_of(done))
    return done


@attrs.frozen
class SealAnew:
    """Seal every object anew under fresh keys, or go on with it: after a leak is suspected."""


@use_case(permission=Permission.MANAGE_KEYS, event=EventKind.SEALED_ANEW)
def seal_anew(clinic: Clinic, request: SealAnew, act: Act) -> Resealed:
    """Seal everything anew in the background."""
    done = clinic.vault.reseal(
        lambda count, total: act.control.progress(count, total, "Sealing anew"),
        act.control.is_cancelled,
        lambda: clinic.keep_catalog_head(clinic.vault),
    )
    clinic.keep_catalog_head(clinic.vault)
    why = f"{done.objects} objects, {len(done.left)} patients still under an older key"
    act.outcome = Subject(why=why, size_bytes=done.size_bytes)
    return done


@attrs.frozen
class ErasePatient:
    """Whom (the opaque id, or a chart number that only one has) and why, for the certificate."""

    patient: str = attrs.field(repr=False)
    reason: str


@attrs.frozen
class PatientErased:
    """What was erased, and the signed certificate of it."""

    erased: Erased
    keys: KeysRotated
    certificate: Certificate
    file: bytes = attrs.field(repr=False)


def _whom(clinic: Clinic, request: ErasePatient) -> PatientId:
    with_number = clinic.vault.patients_named(request.patient)  # whoever issued the number
    if len(with_number) > 1:
        raise NothingChosen("Several patients have this chart number.", "Name the patient's id.")
    return with_number[0].id if with_number else PatientId(request.patient)


@use_case(
    permission=Permission.ERASE_PATIENTS,
    event=EventKind.PATIENT_ERASED,
    subject=lambda clinic, request: Subject(_whom(clinic, request), why=request.reason),
)
def erase_patient(clinic: Clinic, request: ErasePatient, act: Act) -> PatientErased:
    """Erase a patient for good: here, and by key in every copy that there is.

    Raises
    ------
    NothingChosen
        No reason is given.
    NotInStore
        There is no such patient and never was.
    UnderLegalHold
        Nothing was erased.
    """
    if not request.reason.strip():
        raise NothingChosen("Erasing a patient needs a reason.", "Say why.")
    with act.session.key(KeyName.SHARE) as signing:
        erased = clinic.vault.erase_patient(_whom(clinic, request))
        keys = _to_new_epoch(clinic, act, [erased.patient_id], beyond=erased.epoch)
        certificate = _certificate(clinic, act, request, erased, keys)
        file = sign_certificate(certificate, signing)
    clinic.keep_spare_copy(act.control.is_cancelled)
    act.outcome = Subject(
        erased.patient_id,
        why=f"{request.reason} ({erased.object_count} objects; {_words_of(keys)})",
        digests=(digest_of_certificate(file),),
    )
    return PatientErased(erased, keys, certificate, file)


def _certificate(
    clinic: Clinic, act: Act, request: ErasePatient, erased: Erased, keys: KeysRotated
) -> Certificate:
    live = clinic.practice.live_epochs(KeyName.IMAGES)
    return Certificate(
        practice_id=clinic.practice.id,
        patient_id=erased.patient_id,
        image_count=erased.image_count,
        object_count=erased.object_count,
        objects_sha256=erased.objects_sha256,
        last_epoch=erased.epoch,
        epochs_destroyed=tuple(each for each in range(1, erased.epoch + 1) if each not in live),
        destroyed_at=clinic.clock.wall(),
        by_user_id=act.session.user.id,
        by_name=act.session.user.display_name,
        reason=request.reason.strip(),
        backups_done=clinic.destinations.done(),
        backups_pending=keys.pending,
    )


def _to_new_epoch(
    clinic: Clinic, act: Act, patient_ids: Sequence[PatientId], beyond: int | None = None
) -> KeysRotated:
    """Bring store and backups to a new epoch, and retire the older ones if nothing needs them.

    A rotation that was begun and not ended is ended, no other begun, unless one became due since;
    and where something was erased in epoch `beyond`, the current one must be a later one.
    """
    session = act.session
    current = max(clinic.practice.live_epochs(KeyName.IMAGES))
    is_new_enough = clinic.vault.keys.is_behind(current) if beyond is None else current > beyond
    if KeyName.IMAGES in clinic.practice.rotation_due:
        is_new_enough = False  # somebody may hold this one
        clinic.vault.keys.renew_from(current + 1)  # first: a crash in between forgets why
    if not is_new_enough:
        session.begin_epoch()
    with _epochs(clinic, act) as keys:
        rotated = clinic.vault.rotate(
            keys, lambda done, total: act.control.progress(done, total, "Changing keys")
        )
        clinic.keep_catalog_head(clinic.vault)
        everybody = {*patient_ids, *clinic.vault.keys.erased(min(keys.epochs))}
        clinic.destinations.forget(
            sorted(everybody),
            keys,
            lambda done, total: act.control.progress(done, total, "Backups"),
            act.control.is_cancelled,
        )
    pending = clinic.destinations.pending()
    older = sorted(
        each for each in clinic.practice.live_epochs(KeyName.IMAGES) if each < rotated.epoch
    )
    if pending or not rotated.is_complete:
        return KeysRotated(rotated, (), pending)
    session.retire_epochs(KeyName.IMAGES, rotated.epoch)
    return KeysRotated(rotated, tuple(older), ())


@contextmanager
def _epochs(clinic: Clinic, act: Act) -> Iterator[VaultKeys]:
    epochs = act.session.epochs(KeyName.IMAGES)
    keys = VaultKeys(clinic.practice.id, epochs, max(epochs))
    try:
        yield keys
    finally:
        keys.wipe()


def _words_of(done: KeysRotated) -> str:
    retired = ", ".join(map(str, done.retired)) or "none"
    words = f"epoch {done.rotated.epoch}, {done.rotated.keys} keys, retired: {retired}"
    if done.rotated.damaged:
        words += f", {len(done.rotated.damaged)} patients with a damaged key"
    return words + (f", backups pending: {len(done.pending)}" if done.pending else "")
