"""Plan, look, seal: the share panel's port over the use cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from viewer.app.jobs import Job, JobControl
from viewer.app.pictures import displayed
from viewer.app.use_cases import sharing
from viewer.model.errors import UserError
from viewer.model.ids import ImageId
from viewer.model.image import ImageRecord
from viewer.redact.plan import Fate, RedactionPlan
from viewer.redact.profiles import Profile, profiles
from viewer.ui import ports
from viewer.wiring.workstation import Workstation

_FATES = {Fate.KEEP: "kept", Fate.REMOVE: "removed"}


class ClinicSharing:
    """Satisfies the port `Sharing`. Main thread only.

    Plans are kept here, not in the window: they hold pixels and old values, and are dropped when
    the vault closes.
    """

    def __init__(self, workstation: Workstation) -> None:
        self._workstation = workstation
        self._planned: dict[int, tuple[ports.SharePlan, sharing.PlannedShare]] = {}
        workstation.at_lock(self.forget)

    def forget(self) -> None:
        """Drop every plan: lock, logoff, closed panel."""
        self._planned.clear()

    def purposes(self) -> Sequence[ports.Purpose]:
        """Why images may leave."""
        return [_purpose(profile) for profile in profiles().values()]

    def plan(
        self,
        image_ids: Sequence[ImageId],
        purpose_id: str,
        on_done: Callable[[ports.SharePlan], None],
        on_fault: ports.OnFault,
    ) -> Job[sharing.PlannedShare]:
        """Work out what would leave."""
        clinic = self._workstation.clinic
        request = sharing.PlanShare(tuple(image_ids), purpose_id)

        def done(planned: sharing.PlannedShare) -> None:
            for subject in planned.subjects:
                self._workstation.wipe_pixels_at_lock(subject.pixels)
            shown = _plan_of(planned.plan)
            self._planned[id(shown)] = (shown, planned)
            on_done(shown)

        return self._workstation.jobs.submit(
            lambda control: sharing.plan_share(clinic, request, control), done, on_fault
        )

    def _kept(self, plan: ports.SharePlan) -> sharing.PlannedShare:
        kept = self._planned.get(id(plan))
        if kept is None:
            raise UserError("This share was closed meanwhile.", "Select the images again.")
        return kept[1]

    def preview(
        self,
        plan: ports.SharePlan,
        image_id: ImageId,
        recipient: str,
        on_done: Callable[[ports.BeforeAfter], None],
        on_fault: ports.OnFault,
    ) -> Job[ports.BeforeAfter]:
        """Show one image as it would leave."""
        planned = self._kept(plan)

        def work(_: JobControl) -> ports.BeforeAfter:
            subject, after = planned.preview(image_id, recipient)
            before = displayed(subject.record, _flat(subject.record, subject.pixels))
            shown = displayed(subject.record, _flat(subject.record, after))
            if after.flags.writeable and not np.shares_memory(after, subject.pixels):
                after.fill(0)
            return ports.BeforeAfter(image_id, before, shown)

        return self._workstation.jobs.submit(work, on_done, on_fault)

    def seal(
        self,
        order: ports.ShareOrder,
        on_done: Callable[[ports.ShareReceipt], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> Job[sharing.SealedShare]:
        """Seal the bundle as the person confirmed it."""
        clinic = self._workstation.clinic
        request = sharing.SealShare(
            self._kept(order.plan), order.recipient, order.destination, order.acknowledged,
            replace=True,
        )  # fmt: skip

        def done(sealed: sharing.SealedShare) -> None:
            receipt = sealed.receipt
            on_done(
                ports.ShareReceipt(
                    order.destination,
                    receipt.size_bytes,
                    receipt.passphrase or "",
                    sealed.trail_number,
                    receipt.sha256,
                )
            )

        return self._workstation.jobs.submit(
            lambda control: sharing.seal_share(clinic, request, control),
            done,
            on_fault,
            on_progress,
        )


def _flat(record: ImageRecord, pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    return pixels[pixels.shape[0] // 2] if record.is_volume else pixels


def _purpose(profile: Profile) -> ports.Purpose:
    return ports.Purpose(profile.name, profile.title, profile.words)


def _plan_of(plan: RedactionPlan) -> ports.SharePlan:
    return ports.SharePlan(
        images=tuple(image.record for image in plan.images),
        purpose=_purpose(plan.profile),
        identity=tuple((label, _readable(value)) for label, value in plan.identity),
        tags=_tags(plan),
        doubts=tuple(ports.Doubt(doubt.id, doubt.words, doubt.image_id) for doubt in plan.doubts),
        suggested_file_name=f"share-{plan.facts.number}.age",
    )


def _readable(value: str) -> str:
    """Return a DICOM name or date as a person reads it."""
    if "^" in value:
        family, _, given = value.split("=", maxsplit=1)[0].partition("^")
        return ", ".join(part for part in (family, given.replace("^", " ").strip()) if part)
    if len(value) == 8 and value.isdigit():
        return f"{value[:4]}-{value[4:6]}-{value[6:]}"
    return value


def _tags(plan: RedactionPlan) -> tuple[ports.TagChange, ...]:
    """Return one row for each attribute and fate, with how often it occurs."""
    counts: Counter[tuple[str, str, str]] = Counter()
    samples: dict[tuple[str, str, str], ports.TagChange] = {}
    for image in plan.images:
        for instance in image.actions:
            for action in instance:
                fate = _FATES.get(action.fate, "changed")
                key = (action.path.rsplit(".", 1)[-1], action.name, fate)
                counts[key] += 1
                samples.setdefault(key, ports.TagChange(*key, action.old, action.new))
    return tuple(
        ports.TagChange(*key, sample.old, sample.new, counts[key])
        for key, sample in sorted(samples.items())
    )
