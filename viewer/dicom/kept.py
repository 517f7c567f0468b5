"""DICOM objects that are kept whole and not shown as pictures: what they are, in plain words."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.uid import UID

from viewer.dicom.attributes import text
from viewer.dicom.errors import NotAnImage

_STORAGE = "1.2.840.10008.5.1.4.1.1."
_DOCUMENT = "Document (PDF)"
_CLASSES = {
    "104.1": _DOCUMENT,
    "104.2": "Document (clinical record)",
    "104.3": "Surface model (STL)",
    "104.4": "Surface model (OBJ)",
    "104.5": "Materials of a surface model (MTL)",
    "66": "Raw data",
    "66.1": "Spatial registration",
    "66.2": "Spatial fiducials",
    "66.3": "Deformable registration",
    "66.4": "Segmentation",
    "66.5": "Surface segmentation",
    "66.6": "Tractography results",
    "66.7": "Segmentation",
    "67": "Table of real-world values",
    "68.1": "Surface scan",
    "68.2": "Surface scan",
    "481.2": "Radiation dose",
    "481.3": "Contours",
    "481.5": "Radiation plan",
    "481.4": "Radiation treatment record",
    "481.8": "Radiation plan",
    "30": "Parametric map",
    "201.1": "Storage commitment",
}
_PREFIXES = (
    ("88.59", "Key object selection"),
    ("88.67", "Radiation dose report"),
    ("88.68", "Radiation dose report"),
    ("88.", "Structured report"),
    ("11.", "Presentation state"),
    ("481.", "Radiation therapy object"),
    ("9.", "Waveform"),
    ("200.", "Implant or hanging protocol object"),
    ("91.", "Microscopy annotations"),
    ("90.", "Content assessment"),
)
_MODALITIES = {
    "SR": "Structured report",
    "PR": "Presentation state",
    "SEG": "Segmentation",
    "KO": "Key object selection",
    "DOC": "Document",
    "RTSTRUCT": "Contours",
    "RTPLAN": "Radiation plan",
    "RTDOSE": "Radiation dose",
    "RTRECORD": "Radiation treatment record",
    "REG": "Spatial registration",
    "FID": "Spatial fiducials",
    "ANN": "Annotations",
    "M3D": "Surface model",
    "RWV": "Table of real-world values",
    "ECG": "Waveform",
}
_UNKNOWN = "Unknown kind of object"
_NOT_SHOWN = "it is not shown, and kept as it came."


def what_in_words(ds: Dataset) -> str:
    """Return what an object is, in plain words; by its SOP class, else by its modality.

    Source: PS3.4 B.5 (storage SOP classes), PS3.3 C.7.3.1.1.1 (modalities).
    """
    uid = text(ds, "SOPClassUID")
    if uid.startswith(_STORAGE):
        leaf = uid[len(_STORAGE) :]
        found = _CLASSES.get(leaf) or next(
            (words for start, words in _PREFIXES if leaf.startswith(start)), None
        )
        if found is not None:
            return found
    words = _MODALITIES.get(text(ds, "Modality"))
    if words is not None:
        return words
    name = UID(uid).name if uid else ""
    return name.removesuffix(" Storage") if name and name != uid else _UNKNOWN


def is_document(ds: Dataset) -> bool:
    """Whether it is pages or text for people to read."""
    words = what_in_words(ds)
    return words.startswith("Document") or words.endswith("report")


def is_surface(ds: Dataset) -> bool:
    """Whether it is a surface model."""
    return what_in_words(ds).startswith("Surface model")


def refuse_what_is_no_picture(ds: Dataset) -> None:
    """Raise for an object that is kept whole, whether or not it has pixels.

    Raises
    ------
    NotAnImage
    """
    uid = text(ds, "SOPClassUID")
    leaf = uid[len(_STORAGE) :] if uid.startswith(_STORAGE) else ""
    is_kept = leaf in _CLASSES or any(leaf.startswith(start) for start, _ in _PREFIXES)
    if is_kept or (not leaf and text(ds, "Modality") in _MODALITIES):
        raise NotAnImage(f"{what_in_words(ds)}:", _NOT_SHOWN)
