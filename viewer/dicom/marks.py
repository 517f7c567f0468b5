"""What tells slices of one series apart that lie in the same place: echo, time, kind.

Source: PS3.3 C.7.6.16.2.2 (frame content), C.8.13 (MR), C.8.15 (CT), C.7.6.17 (dimensions).
"""

from __future__ import annotations

import attrs
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from viewer.dicom.functional import value_of

ACQUISITION = "acquisition"
_LONGEST = 64
_ORIGIN_VALUES = 2
_FRAME_TYPES = (
    "CTImageFrameTypeSequence",
    "MRImageFrameTypeSequence",
    "XRay3DFrameTypeSequence",
    "PETFrameTypeSequence",
)


@attrs.frozen
class Marks:
    """What a slice says of itself, as short texts; empty where it says nothing.

    `origin` is the first two values of `kind`; `kind` is all of Image Type or Frame Type.
    """

    origin: str = ""
    echo: str = ""
    stack: str = ""
    diffusion: str = ""
    kernel: str = ""
    time: str = ""
    trigger: str = ""
    kind: str = ""
    acquisition: str = ""


APART = {
    "origin": "how they were made",
    "echo": "echo",
    "stack": "stack",
    "diffusion": "diffusion weighting",
    "kernel": "reconstruction",
}
"""Marks that never belong into one volume where they differ, in a person's words."""

SAME_PLACE = {
    "time": "point in time",
    "trigger": "phase of the heart",
    "kind": "kind of image",
    ACQUISITION: "acquisition",
}
"""Marks that part slices only where those lie in the same place, in a person's words."""


def marks_of(ds: Dataset, frame: int = 0) -> Marks:
    """Read what a slice or frame says of itself."""

    def said(group: str, *keywords: str) -> str:
        values = (value_of(ds, frame, group, keyword) for keyword in keywords)
        return next((text for value in values if (text := _text(value))), "")

    kinds = (_values(value_of(ds, frame, group, "FrameType")) for group in _FRAME_TYPES)
    kind = next((values for values in kinds if values), _values(ds.get("ImageType")))
    return Marks(
        origin=_joined(kind[:_ORIGIN_VALUES]),
        echo=said("MREchoSequence", "EffectiveEchoTime", "EchoNumbers", "EchoTime"),
        stack=said("FrameContentSequence", "StackID"),
        diffusion=said("MRDiffusionSequence", "DiffusionBValue"),
        kernel=said("CTReconstructionSequence", "ConvolutionKernel"),
        time=said("FrameContentSequence", "TemporalPositionIndex", "TemporalPositionIdentifier"),
        trigger=said(
            "CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime", "TriggerTime"
        ),
        kind=_joined(kind),
        acquisition=said("FrameContentSequence", "FrameAcquisitionNumber", "AcquisitionNumber"),
    )


def acquisition_of(ds: Dataset) -> str:
    """Return the acquisition number of a slice, as `marks_of` does."""
    return _text(ds.get("AcquisitionNumber"))


def _text(value: object) -> str:
    return _joined(_values(value))


def _joined(values: list[str]) -> str:
    return "\\".join(values)[:_LONGEST]


def _values(value: object) -> list[str]:
    several = value if isinstance(value, (MultiValue, list)) else [value]
    return [str(x).strip() for x in several if x is not None]
